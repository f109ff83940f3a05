"""Detect's answer as a report for people: one plain dictionary in, HTML or PDF out."""
