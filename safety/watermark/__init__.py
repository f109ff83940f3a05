"""The watermark: a record id in every frame, unseen, that survives what happens to videos.

`open_watermark` gives both directions. Modules: `payload` frames the id, `polar` codes it, `pattern`
spreads it by the key, `mask` says how strong it may be, `embed` adds it; `windows`, `sync`, `demodulate`
and `extract` find it again.
"""

from safety.watermark.reading import Reading, Segment
from safety.watermark.watermark import ALGORITHM, Watermark, open_watermark

__all__ = ["ALGORITHM", "Reading", "Segment", "Watermark", "open_watermark"]
