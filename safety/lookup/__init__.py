"""Finds the release that a video came from by its content alone, among a million: docs/recovery.md.

A video is turned into words (of its sound, of its movement), the words are looked up, and clips at which
many words agree at one shift in time are candidates. A candidate is no answer: `safety.fingerprint.compare`
decides.
"""

from safety.lookup.index import ContentIndex
from safety.lookup.words import Content, Words, read_words

__all__ = ["Content", "ContentIndex", "Words", "read_words"]
