"""The voices on record: enrolled, reviewed, removed, and compared with what is to be said.

The voice of an identity is the mean of its prints, weighted by the speech behind each; it counts from
`ENOUGH_SECONDS` of speech on. Prints are turned by the installation's key (`safety.protection`), carry the
SHA-256 of their encoder, and are sealed in the vault under the identity's own key: erasing that erases them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.errors import EnrolmentRefused, ReviewRefused, VoiceMissing, VoiceOther, VoiceUnclear
from safety.identity_rows import Identity
from safety.protection import Protection
from safety.refusals import Refusals
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vault import Vault
from safety.voices.encoder import VoiceEncoder
from safety.voices.mel import RATE
from safety.voices.quality import ENOUGH_SECONDS, Spoken, make_print
from safety.voices.rows import MOST_PRINTS, SCHEMA, VoicePrint, VoiceRows, packed
from safety.voices.thresholds import Profile
from safety.voices.verify import LEAST_SECONDS, Voice
from safety.voices.watch import VoiceWatch, compare_with

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class OwnVoice:
    """Evidence that speech is of an identity's own voice. It holds no distance."""

    identity_id: str
    voice: Voice
    profile: str
    encoder: str
    encoder_sha256: str


class Voices:
    """The voice prints of a deployment.

    Args:
        db, vault, protection: where they are kept, and how.
        open_encoder: loads the speaker encoder; called when one is first needed, not before.
        profile: name of the thresholds that hold.
        new_id: makes ids of prints; random UUIDs.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        protection: Protection,
        open_encoder: Callable[[], VoiceEncoder],
        profile: str = "default",
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._db, self._open, self._new_id = db, open_encoder, new_id
        self._protection, self._rows = protection, VoiceRows(vault)
        self._refusals = Refusals(db)
        self.profile = profile
        db.create(SCHEMA)

    @cached_property
    def encoder(self) -> VoiceEncoder:
        """Raises EncoderUnusable, ModelMissing, ModelCorrupt."""
        return self._open()

    def prepare(self, recordings: Sequence[Speech]) -> Spoken:
        """The slow half of `add`, to be done before a transaction begins. Raises EnrolmentRefused."""
        return make_print(recordings, self.encoder)

    def add(
        self,
        identity: Identity,
        spoken: Spoken,
        *,
        source: str,
        at: datetime,
        by: str,
        tx: Transaction,
        with_enrolment: bool = False,
    ) -> VoicePrint:
        """Put one more print on record; of a character or an artwork it waits for a second operator.

        Args:
            source: `files` or `session`.
            with_enrolment: it belongs to an enrolment that is reviewed as a whole.

        Raises:
            EnrolmentRefused: metadata `part` is voice; another voice than the one on record, or too many.
        """
        before = self.of(identity.identity_id, tx)
        if len(before) >= MOST_PRINTS:
            raise _refused("prints", f"an identity has {MOST_PRINTS} voice prints at most: remove one first")
        turned = self._turned(spoken.embedding)
        known = self._mean(before, tx)
        if known is not None and float(turned @ known) < self._thresholds.stretch:
            raise _refused("other", "this is another voice than the one on record: remove that one first")
        waits = identity.basis != "consent" and not with_enrolment
        each = VoicePrint(
            self._new_id(), identity.identity_id, self.encoder.name, self.encoder.sha256, source,
            spoken.seconds, spoken.recordings, at, by, "pending" if waits else "none",
        )  # fmt: skip
        kept = identity.media_until is not None
        heard = waits or kept or with_enrolment
        self._rows.insert(each, turned, packed(spoken.samples) if heard else None, kept, tx)
        return each

    def review(
        self, identity_id: str, voice_id: str, *, approve: bool, at: datetime, by: str, tx: Transaction
    ) -> VoicePrint:
        """Decide on a pending print: four eyes. Rejected, it is removed.

        Raises:
            VoiceUnknown: no such print.
            ReviewRefused: it is not pending, or `by` added it.
        """
        each = self._rows.get(identity_id, voice_id, tx)
        if each.review != "pending":
            raise ReviewRefused("this voice print does not wait for a review", part="state")
        if by == each.added_by:
            raise ReviewRefused(
                "whoever added a voice does not review it: ask another operator",
                part="operator",
            )
        if not approve:
            self._rows.remove(voice_id, tx)
            return replace(each, review="rejected", reviewed_at=at, reviewed_by=by)
        approved = replace(each, review="approved", reviewed_at=at, reviewed_by=by)
        self._rows.rewrite(approved, self._rows.values(each, tx), tx)
        self._rows.drop_speech(identity_id, tx, reviewed=voice_id)
        return approved

    def enrolment_reviewed(self, identity: Identity, tx: Transaction) -> None:
        """The enrolment as a whole was approved: what was kept to be heard for it goes."""
        for each in self.of(identity.identity_id, tx):
            self._rows.drop_speech(identity.identity_id, tx, reviewed=each.voice_id)

    def remove(self, identity_id: str, voice_id: str, tx: Transaction) -> VoicePrint:
        """Destroy one print. Raises VoiceUnknown."""
        each = self._rows.get(identity_id, voice_id, tx)
        self._rows.remove(voice_id, tx)
        return each

    def forget(self, identity_id: str, tx: Transaction) -> None:
        """Destroy every print of an identity: with its erasure."""
        self._rows.forget(identity_id, tx)

    def drop_speech(self, identity_id: str, tx: Transaction) -> None:
        """Delete the recordings of an identity, which were kept as long as its pictures."""
        self._rows.drop_speech(identity_id, tx)

    def of(self, identity_id: str, rx: Reading) -> list[VoicePrint]:
        """The prints of an identity, oldest first."""
        return self._rows.of(identity_id, rx)

    def speech(self, identity_id: str, voice_id: str, rx: Reading) -> Speech | None:
        """The recordings behind a print, at 16 kHz, where they are kept. Raises VoiceUnknown."""
        samples = self._rows.speech(self._rows.get(identity_id, voice_id, rx), rx)
        return None if samples is None else Speech(samples, RATE)

    def require(self, identity_id: str, rx: Reading) -> None:
        """Raises VoiceMissing unless enough of a voice is on record."""
        seconds = sum(each.seconds for each in self._counted(self.of(identity_id, rx)))
        if seconds < ENOUGH_SECONDS:
            raise VoiceMissing(
                f"the identity has {seconds:.0f} s of its voice on record and own voice only needs "
                f"{ENOUGH_SECONDS:.0f}: `sitter identity voice add` first; a second operator approves a "
                "character's",
                low_seconds=ENOUGH_SECONDS,
            )

    def verify(self, identity_id: str, speech: Speech | None, *, by: str, at: datetime) -> OwnVoice:
        """Check that all of `speech` is of the identity's own voice. Refusals are counted and limited.

        Raises:
            VoiceMissing: no voice, or too little of it, is on record.
            VoiceUnclear: there is no speech, or less than `LEAST_SECONDS`.
            VoiceOther: another voice is heard in it, or in a part of it.
            QuotaRefused: refused too often lately.
            EncoderUnusable, ModelMissing, ModelCorrupt: the speaker encoder cannot be used.
        """
        voice = self._voice(identity_id)
        if speech is None or speech.silent:
            raise _unclear()
        with self._refusals.counted(by, identity_id, at):
            found = compare_with(voice, self._turned)(
                self.encoder.partials(speech.at(RATE)), self._thresholds
            )
            if found is Voice.UNKNOWN:
                raise _unclear()
            if found is not Voice.SAME:
                raise VoiceOther(
                    "the consent allows the sitter's own voice only, and the speech was not found to be that "
                    "throughout: give a recording of the sitter alone, like those that were enrolled"
                )
        return OwnVoice(identity_id, found, self.profile, self.encoder.name, self.encoder.sha256)

    def watch(self, identity_id: str, rate: int) -> VoiceWatch:
        """Follows a live stream of `rate` samples per second. Raises VoiceMissing."""
        compare = compare_with(self._voice(identity_id), self._turned)
        return VoiceWatch(self.encoder, compare, self._thresholds, rate)

    def reembed(self, tx: Transaction, logged: Callable[[VoicePrint], None]) -> tuple[int, int]:
        """Make prints of other encoders anew from kept recordings; how many, and how many count no more."""
        made = left = 0
        for each in self._rows.all(tx):
            if each.encoder_sha256 == self.encoder.sha256:
                continue
            samples = self._rows.speech(each, tx)
            if samples is None:
                left += 1
                continue
            spoken = make_print([Speech(samples, RATE)], self.encoder)
            after = replace(
                each, encoder=self.encoder.name, encoder_sha256=self.encoder.sha256, seconds=spoken.seconds
            )
            self._rows.rewrite(after, self._turned(spoken.embedding), tx)
            logged(after)
            made += 1
        return made, left

    @property
    def _thresholds(self) -> Profile:
        return self.encoder.calibration.profile(self.profile)

    def _turned(self, embeddings: Floats) -> Floats:
        return self._protection.apply(embeddings, self.encoder.sha256)

    def _counted(self, prints: Sequence[VoicePrint]) -> list[VoicePrint]:
        """Those that a second operator has approved or need not, of the encoder in use."""
        return [
            each
            for each in prints
            if each.review in ("none", "approved") and each.encoder_sha256 == self.encoder.sha256
        ]

    def _mean(self, prints: Sequence[VoicePrint], rx: Reading) -> Floats | None:
        counted = self._counted(prints)
        if not counted:
            return None
        whole = np.sum([self._rows.values(each, rx) * np.float32(each.seconds) for each in counted], axis=0)
        return np.asarray(whole / np.linalg.norm(whole), np.float32)

    def _voice(self, identity_id: str) -> Floats:
        with self._db.reading() as rx:
            self.require(identity_id, rx)
            voice = self._mean(self.of(identity_id, rx), rx)
        if voice is None:
            raise VoiceMissing("the identity has no voice on record: `sitter identity voice add` first")
        return voice


def _unclear() -> VoiceUnclear:
    return VoiceUnclear(
        f"the consent allows the sitter's own voice only, and there is under {LEAST_SECONDS:g} s of speech "
        "to know it by: give a longer recording",
        low_seconds=LEAST_SECONDS,
    )


def _refused(fault: str, message: str) -> EnrolmentRefused:
    return EnrolmentRefused(message, part="voice", fault=fault)
