"""Benchmarks: `python -m bench NAME [options]`, one JSON document each, peers in the same run."""
