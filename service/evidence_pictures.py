"""Pictures of a clip for its evidence pack: only where the deployment allows them, as clear as the exporter's
role allows, and none once the sitter took back the consent."""

from typing import get_args

from PIL import Image

from perception.errors import PerceptionError
from perception.video import open_video
from safety.consent import Consents
from safety.errors import ConsentUnknown, RecordUnknown
from safety.evidence_summary import Clearness, Picture
from safety.records import Record
from service.app import App
from service.caller import Caller

CLEARNESS: tuple[Clearness, ...] = get_args(Clearness)
MOMENTS = (0.1, 0.5, 0.9)
"""Where in the clip, as shares of its length."""
SIDE = 240
"""Longer side of a picture, pixels."""
BLOCKS = 12
"""Squares across a pixelated picture: some five across a face, which recognise nobody."""


def pictures(app: App, caller: Caller, record_id: str | None) -> tuple[Picture, ...]:
    """Three pictures of one released clip, or none.

    `evidence_pictures` bounds what the deployment shows; clear ones go to callers who are operators besides,
    who see enrolment pictures anyway; other auditors get pixelated ones.

    Raises:
        StoreUnavailable: the records cannot be read.
    """
    clearness = app.settings.evidence_pictures
    if record_id is None or clearness == "none":
        return ()
    record = app.records.find("record_id", record_id)
    if record is None or not _stands(app.consents, record):
        return ()
    shown: Clearness = "clear" if clearness == "clear" and caller.may("operator") else "pixelated"
    return _taken(app, record, shown)


def _stands(consents: Consents, record: Record) -> bool:
    try:
        return consents.get(record.consent_id).state != "withdrawn"
    except ConsentUnknown:
        return False


def _taken(app: App, record: Record, clearness: Clearness) -> tuple[Picture, ...]:
    due = [share * record.seconds for share in MOMENTS]
    taken: list[Picture] = []
    try:
        with open_video(app.blobs.path(record.record_id)) as video:
            for at, pixels in video.frames():
                if at >= due[len(taken)]:
                    taken.append(Picture(at, clearness, _reduced(Image.fromarray(pixels), clearness)))
                if len(taken) == len(due):
                    break
    except (
        PerceptionError,
        RecordUnknown,
    ):  # a clip that is gone or damaged has no pictures; its entries count
        return ()
    return tuple(taken)


def _reduced(image: Image.Image, clearness: Clearness) -> Image.Image:
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if clearness == "clear":
        return image.resize(size, Image.Resampling.LANCZOS)
    blocks = (BLOCKS, max(1, round(BLOCKS * image.height / image.width)))
    return image.resize(blocks, Image.Resampling.BOX).resize(size, Image.Resampling.NEAREST)
