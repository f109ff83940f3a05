"""What a clip looks and sounds like over time, kept with a release: tells whether and where a copy differs.

Twelve times a second: how each of 12 x 12 cells of the picture brightens, and how the sound's spectrum
changes; twice a second a layout of 8 x 8 cells: a few bits each. A face that fills half of the picture is six
cells high in what moves and four in the layout: nobody can be recognised in it. What it holds through is in
docs/fingerprint.md.
"""

from safety.fingerprint.clip import Fingerprint, fingerprint
from safety.fingerprint.compare import Comparison, compare
from safety.fingerprint.geometry import Box, Geometry
from safety.fingerprint.spans import Kind, Span

__all__ = ["Box", "Comparison", "Fingerprint", "Geometry", "Kind", "Span", "compare", "fingerprint"]
