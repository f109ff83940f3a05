"""What a clip looks and sounds like over time, kept with a release: tells whether and where a copy differs.

Twelve times a second: how the whole picture moves, its coarse layout, and how the sound's spectrum changes, a
few bits each. The finest detail it holds is a seventh of the picture: nobody can be recognised in it.
"""

from safety.fingerprint.clip import Fingerprint, fingerprint
from safety.fingerprint.compare import Comparison, Kind, Span, compare

__all__ = ["Comparison", "Fingerprint", "Kind", "Span", "compare", "fingerprint"]
