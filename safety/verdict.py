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
        by_watermark: record named by the watermark in the pictures, or None.
        by_sound: record named by the mark in the sound, or None.
        marks_unknown: a mark of ours names a record that does not exist here.
        same_clip: the content's fingerprint agrees with the named record's somewhere; None when not compared.
        altered: the fingerprint differs in places.
        same_sound: the fingerprint's sound agrees with the named record's; None when not compared.
        pictures: there are pictures in the file.
        by_content: record whose pictures agree with the file's though no mark in it was read, or though a
            mark names another record; None where there is none or nobody looked. Sound alone never names one:
            the recording that a clip was made from may be anybody's.
    """

    credentials: CredentialState
    by_bytes: str | None = None
    by_manifest: str | None = None
    by_watermark: str | None = None
    marks_unknown: bool = False
    same_clip: bool | None = None
    altered: bool = False
    by_sound: str | None = None
    same_sound: bool | None = None
    pictures: bool = True
    by_content: str | None = None

    @property
    def marked(self) -> str | None:
        """The record that bytes, marks or manifest name, the strongest witness first."""
        return self.by_bytes or self.by_watermark or self.by_sound or self.by_manifest

    @property
    def record_id(self) -> str | None:
        """The record that the evidence names: a mark's before what the content alone says."""
        return self.marked or self.by_content

    @property
    def by_content_only(self) -> bool:
        """Nothing but the content names the record."""
        return self.marked is None and self.by_content is not None

    @property
    def contradicts(self) -> bool:
        """The witnesses name different records, or one that does not exist."""
        witnesses = (self.by_bytes, self.by_manifest, self.by_watermark, self.by_sound, self.by_content)
        return len({name for name in witnesses if name}) > 1 or self.marks_unknown

    @property
    def sound_stands(self) -> bool:
        """The sound is that of the record which its own mark names."""
        return self.by_sound is not None and self.by_sound == self.record_id and self.same_sound is True


def judge(found: Evidence) -> Verdict:  # noqa: PLR0911 (a table)
    """The verdict. The first row that fits decides.

    A record that only the content names passes the same rows as one that a mark names: its content was
    compared, and agreed, or it would not be named.
    """
    match found:
        case Evidence(contradicts=True):
            return Verdict.CONFLICT  # two records, or a mark that the log does not know
        case Evidence(by_bytes=str()):
            return Verdict.ISSUED_INTACT  # the very bytes that were released
        case Evidence(record_id=str(), credentials="trusted" | "untrusted"):
            return Verdict.CONFLICT  # somebody else vouches for our clip as theirs
        case Evidence(record_id=str(), same_clip=False, sound_stands=True):
            return Verdict.ISSUED_ALTERED  # our sound, cut from its pictures or under others
        case Evidence(record_id=str(), same_clip=False):
            return Verdict.CONFLICT  # our mark on other content: copied there
        case Evidence(record_id=str(), same_clip=None):
            return Verdict.CONFLICT  # a mark whose content could not be compared is not believed
        case Evidence(record_id=str(), credentials="ours"):
            return Verdict.ISSUED_INTACT  # the signed hash of the content holds; only bytes outside it differ
        case Evidence(record_id=str(), altered=False):
            return Verdict.ISSUED_RECOVERED  # credentials, and maybe marks, lost or broken; content agrees
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
        "was recognised without them; picture and sound agree with what was released."
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


ONLY_CONTENT = (
    "It was recognised by its content only: no mark could be read, and the pictures move as those released."
)
_ISSUED = (Verdict.ISSUED_INTACT, Verdict.ISSUED_RECOVERED, Verdict.ISSUED_ALTERED)


def explain(verdict: Verdict, found: Evidence) -> str:
    """The verdict in plain words, and what picture and sound say where they say different things."""
    parts = [EXPLANATIONS[verdict]]
    if found.by_content_only and verdict in _ISSUED:
        parts.append(ONLY_CONTENT)
    elif found.by_content_only and verdict is Verdict.CONFLICT:
        parts.append("Its content is that of a clip of this service.")
    elif found.by_content and found.by_content != found.marked:
        parts.append("Its content is that of another clip of this service than its marks name.")
    elif found.by_watermark and found.by_sound and found.by_watermark != found.by_sound:
        parts.append("The pictures carry the mark of one clip of this service, the sound that of another.")
    elif found.sound_stands and not found.pictures:
        parts.append("This is its sound without pictures, recognised by the mark in the sound.")
    elif found.sound_stands and found.same_clip is False:
        parts.append("The sound is the released one, recognised by its mark; the pictures do not agree.")
    elif found.sound_stands and not found.by_watermark:
        parts.append("It was recognised by the mark in its sound: the one in the pictures was not read.")
    return " ".join(parts)
