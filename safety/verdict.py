"""What a video is to this deployment: one readable table over what its marks and its content say."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

CredentialState = Literal["none", "ours", "trusted", "untrusted", "invalid"]


class Verdict(StrEnum):
    """There is no "authentic": the absence of marks proves nothing, and their presence only who issued."""

    ISSUED_INTACT = "issued_intact"
    ISSUED_RECOVERED = "issued_recovered"
    ISSUED_ALTERED = "issued_altered"
    CONFLICT = "conflict"
    FOREIGN_CREDENTIALS = "foreign_credentials"
    NO_RECORD = "no_record"


@dataclass(frozen=True)
class Evidence:
    """What was found.

    Attributes:
        credentials: state of the file's Content Credentials.
        by_bytes: record whose released file has exactly these bytes, or None.
        by_manifest: record named by the manifest in the file (intact or broken), or None.
        by_watermark: record named by the watermark, or None.
        marks_unknown: a mark of ours names a record that does not exist here.
        same_clip: the content's fingerprint agrees with the named record's somewhere; None when not compared.
        altered: the fingerprint differs in places.
    """

    credentials: CredentialState
    by_bytes: str | None = None
    by_manifest: str | None = None
    by_watermark: str | None = None
    marks_unknown: bool = False
    same_clip: bool | None = None
    altered: bool = False

    @property
    def record_id(self) -> str | None:
        """The record that the evidence names, the strongest witness first."""
        return self.by_bytes or self.by_watermark or self.by_manifest

    @property
    def contradicts(self) -> bool:
        """The witnesses name different records, or one that does not exist."""
        named = {name for name in (self.by_bytes, self.by_manifest, self.by_watermark) if name}
        return len(named) > 1 or self.marks_unknown


def judge(found: Evidence) -> Verdict:  # noqa: PLR0911 (a table)
    """The verdict. The first row that fits decides."""
    match found:
        case Evidence(contradicts=True):
            return Verdict.CONFLICT  # two records, or a mark that the log does not know
        case Evidence(by_bytes=str()):
            return Verdict.ISSUED_INTACT  # the very bytes that were released
        case Evidence(record_id=str(), credentials="trusted" | "untrusted"):
            return Verdict.CONFLICT  # somebody else vouches for our clip as theirs
        case Evidence(record_id=str(), same_clip=False):
            return Verdict.CONFLICT  # our mark on other content: copied there
        case Evidence(record_id=str(), same_clip=None):
            return Verdict.CONFLICT  # a mark whose content could not be compared is not believed
        case Evidence(record_id=str(), credentials="ours"):
            return Verdict.ISSUED_INTACT  # the signed hash of the content holds; only bytes outside it differ
        case Evidence(record_id=str(), altered=False):
            return Verdict.ISSUED_RECOVERED  # credentials lost or broken by re-encoding; content agrees
        case Evidence(record_id=str()):
            return Verdict.ISSUED_ALTERED
        case Evidence(credentials="trusted" | "untrusted"):
            return Verdict.FOREIGN_CREDENTIALS
        case _:
            return Verdict.NO_RECORD  # no mark of ours: proves nothing


EXPLANATIONS = {
    Verdict.ISSUED_INTACT: (
        "This service issued this clip, and the file is unchanged since. It shows a machine-made "
        "performance: the person did not say or do this in front of a camera."
    ),
    Verdict.ISSUED_RECOVERED: (
        "This service issued this clip. Its credentials were lost or broken, as a re-encoding does, and it "
        "was recognised by its watermark; picture and sound agree with what was released."
    ),
    Verdict.ISSUED_ALTERED: (
        "This service issued this clip, and parts of it were changed afterwards: the spans listed differ "
        "from what was released."
    ),
    Verdict.CONFLICT: (
        "The marks in this file contradict each other or do not belong to its content. Treat it as tampered "
        "with: a mark of this service may have been copied onto it."
    ),
    Verdict.FOREIGN_CREDENTIALS: (
        "This file carries Content Credentials of somebody else and no mark of this service."
    ),
    Verdict.NO_RECORD: (
        "No mark of this service was found. That proves nothing about whether the video is real."
    ),
}
