"""Voice prints: what may become one, how they lie, who approves them, and what passes for the voice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception.audio import Speech
from safety.errors import (
    EnrolmentRefused,
    IdentityErased,
    QuotaRefused,
    ReviewRefused,
    StoreUnavailable,
    VoiceMissing,
    VoiceOther,
    VoiceUnclear,
    VoiceUnknown,
)
from safety.identity_rows import Identity
from safety.keys import KeyRing
from safety.master import open_masters
from safety.protection import Protection
from safety.refusals import PER_IDENTITY
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vault import Vault
from safety.voices.encoder import Partials
from safety.voices.mel import RATE
from safety.voices.prints import Voices
from safety.voices.quality import make_print
from safety.voices.rows import MOST_PRINTS, VoicePrint
from safety.voices.thresholds import Profile
from safety.voices.verify import Voice, judge
from tests.voiced import ToneEncoder, joined, voice

AT = datetime(2026, 5, 4, tzinfo=UTC)
OWN, OTHER = 120.0, 210.0
ANN = "0a" * 16
PERSON = Identity(ANN, "consent", False, 3, "x", "y", AT, "desk", "Ann", "", True)


@dataclass
class Desk:
    """Voices over a database of their own, with one living person."""

    db: Database
    vault: Vault
    voices: Voices
    encoder: ToneEncoder
    folder: Path

    def add(self, speech: Speech, identity: Identity = PERSON, by: str = "desk", **how: Any) -> VoicePrint:
        spoken = self.voices.prepare([speech])
        with self.db.transaction() as tx:
            return self.voices.add(identity, spoken, source="files", at=AT, by=by, tx=tx, **how)

    def verify(self, speech: Speech | None, identity_id: str = ANN) -> Voice:
        return self.voices.verify(identity_id, speech, by="studio", at=AT).voice

    def prints(self) -> list[VoicePrint]:
        with self.db.reading() as rx:
            return self.voices.of(ANN, rx)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    ring = KeyRing.open(str(tmp_path / "keys"))
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as db:
        vault = Vault(db, open_masters("file:", ring))
        with db.transaction() as tx:
            vault.create(ANN, tx)
        encoder = ToneEncoder()
        yield Desk(db, vault, Voices(db, vault, Protection(b"1" * 32), lambda: encoder), encoder, tmp_path)


def fault(call: Any, *args: Any, **named: Any) -> str:
    """What about the voice was refused."""
    with pytest.raises(EnrolmentRefused) as caught:
        call(*args, **named)
    assert caught.value.metadata["part"] == "voice"
    return str(caught.value.metadata["fault"])


def test_the_own_voice_passes_and_another_does_not(desk: Desk) -> None:
    """Enough enrolled: the same voice passes, another one is refused, and says no number."""
    desk.add(voice(OWN, 16))
    assert desk.verify(voice(OWN, 6)) is Voice.SAME
    with pytest.raises(VoiceOther) as caught:
        desk.verify(voice(OTHER, 6))
    assert caught.value.metadata == {}


@pytest.mark.parametrize("place", ["begin", "middle", "end"])
def test_a_part_in_another_voice_is_found(desk: Desk, place: str) -> None:
    """Four seconds of another voice in twenty of the own: wherever they are."""
    desk.add(voice(OWN, 16))
    own, other = voice(OWN, 10), voice(OTHER, 5)
    parts = {"begin": (other, own, own), "middle": (own, other, own), "end": (own, own, other)}[place]
    assert desk.verify(joined(own, own)) is Voice.SAME
    with pytest.raises(VoiceOther):
        desk.verify(joined(*parts))


def test_too_little_speech_is_no_answer(desk: Desk) -> None:
    """Silence, no sound, and a second of speech are refused as unclear, not as another voice."""
    desk.add(voice(OWN, 16))
    for speech in (None, Speech(np.zeros(5 * RATE, np.float32), RATE), voice(OWN, 1.0)):
        with pytest.raises(VoiceUnclear):
            desk.verify(speech)


def test_ten_seconds_are_needed_in_all(desk: Desk) -> None:
    """Two prints of under ten seconds count together; one of them alone is no voice yet."""
    desk.add(voice(OWN, 8))
    with pytest.raises(VoiceMissing) as caught:
        desk.verify(voice(OWN, 6))
    assert caught.value.metadata["low_seconds"] == "10.0"
    desk.add(voice(OWN, 8))
    assert desk.verify(voice(OWN, 6)) is Voice.SAME


def test_guessing_is_limited(desk: Desk) -> None:
    """After as many refusals as of a face, the caller has to wait, even with the right voice."""
    desk.add(voice(OWN, 16))
    for _ in range(PER_IDENTITY):
        with pytest.raises(VoiceOther):
            desk.verify(voice(OTHER, 4))
    with pytest.raises(QuotaRefused):
        desk.verify(voice(OWN, 6))


def test_what_may_not_become_a_print() -> None:
    """Each fault of a recording is told by its own name."""
    encoder = ToneEncoder()
    good = voice(OWN, 12)
    flat = Speech(np.clip(good.samples * 9, -0.9, 0.9), RATE)
    assert fault(make_print, [], encoder) == "number"
    assert fault(make_print, [good] * 9, encoder) == "number"
    assert fault(make_print, [voice(OWN, 160)] * 2, encoder) == "length"
    assert fault(make_print, [Speech(np.zeros(5 * RATE, np.float32), RATE)], encoder) == "silent"
    assert fault(make_print, [flat], encoder) == "clipped"
    assert fault(make_print, [voice(OWN, 12, level=0.1, noise=0.4)], encoder) == "noisy"
    assert fault(make_print, [voice(OWN, 1.0)], encoder) == "short"
    assert fault(make_print, [good, voice(OTHER, 12)], encoder) == "speakers"
    assert fault(make_print, [joined(good, voice(OTHER, 12))], encoder) == "speakers"
    assert make_print([good, good], encoder).recordings == 2


def test_a_further_print_is_of_the_same_voice(desk: Desk) -> None:
    """Another voice cannot be put beside the one on record; once that is removed it can. Eight is most."""
    first = desk.add(voice(OWN, 16))
    assert fault(desk.add, voice(OTHER, 16)) == "other"
    with desk.db.transaction() as tx:
        desk.voices.remove(ANN, first.voice_id, tx)
        with pytest.raises(VoiceUnknown):
            desk.voices.remove(ANN, first.voice_id, tx)
    for _ in range(MOST_PRINTS):
        desk.add(voice(OTHER, 12))
    assert fault(desk.add, voice(OTHER, 12)) == "prints"


def test_a_characters_voice_has_four_eyes(desk: Desk) -> None:
    """It counts only when somebody else than who added it has approved it; rejected, it is gone."""
    figure = replace(PERSON, basis="character")
    made = desk.add(voice(OWN, 16), figure)
    assert made.review == "pending"
    with pytest.raises(VoiceMissing):
        desk.verify(voice(OWN, 6))
    decide = {"approve": True, "at": AT}
    with desk.db.transaction() as tx:
        assert desk.voices.speech(ANN, made.voice_id, tx) is not None
        with pytest.raises(ReviewRefused):
            desk.voices.review(ANN, made.voice_id, by="desk", tx=tx, **decide)
        desk.voices.review(ANN, made.voice_id, by="second", tx=tx, **decide)
        with pytest.raises(ReviewRefused):
            desk.voices.review(ANN, made.voice_id, by="third", tx=tx, **decide)
        assert desk.voices.speech(ANN, made.voice_id, tx) is None
    assert desk.verify(voice(OWN, 6)) is Voice.SAME
    rejected = desk.add(voice(OWN, 16), figure)
    with desk.db.transaction() as tx:
        desk.voices.review(ANN, rejected.voice_id, by="second", approve=False, at=AT, tx=tx)
    assert [each.voice_id for each in desk.prints()] == [made.voice_id]


@pytest.mark.parametrize(
    ("column", "value"),
    [("review", "approved"), ("seconds", 900.0), ("source", "session"), ("reviewed_by", "second")],
)
def test_an_edited_row_does_not_open(desk: Desk, column: str, value: Any) -> None:
    """What a print means is bound to its ciphertext: approval, length and source cannot be written in."""
    desk.add(voice(OWN, 16))
    with desk.db.transaction() as tx:
        tx.execute(f"UPDATE voice_prints SET {column} = ?", (value,))
    with pytest.raises(StoreUnavailable):
        desk.verify(voice(OWN, 6))


def test_nothing_of_the_voice_lies_open(desk: Desk) -> None:
    """Neither the embedding nor its turned form nor the recording is in the database's bytes; under the seal
    lies the turned form alone."""
    spoken = desk.voices.prepare([voice(OWN, 16)])
    made = desk.add(voice(OWN, 16), replace(PERSON, media_until=AT))
    turned = Protection(b"1" * 32).apply(spoken.embedding, desk.encoder.sha256)
    raw = b"".join(path.read_bytes() for path in desk.folder.glob("records.db*"))
    recording = np.round(spoken.samples * 32767).astype("<i2").tobytes()
    for secret in (spoken.embedding.tobytes(), turned.tobytes(), recording[40_000:40_064]):
        assert secret not in raw
    with desk.db.reading() as rx:
        sealed = desk.voices._rows.values(made, rx)
    assert sealed == pytest.approx(turned)
    assert not np.allclose(sealed, spoken.embedding, atol=0.05)


def test_with_the_identitys_key_the_voice_is_gone(desk: Desk) -> None:
    """The vault's erasure alone makes the print unreadable; forgetting leaves no row."""
    desk.add(voice(OWN, 16))
    with desk.db.transaction() as tx:
        desk.vault.erase(ANN, tx)
    with pytest.raises(IdentityErased):
        desk.verify(voice(OWN, 6))
    with desk.db.transaction() as tx:
        desk.voices.forget(ANN, tx)
    assert desk.prints() == []


def test_another_encoder_makes_prints_anew_from_recordings(desk: Desk) -> None:
    """Of another encoder a print does not count; where its recording was kept it is made anew, once."""
    desk.add(voice(OWN, 16), replace(PERSON, media_until=AT))
    desk.add(voice(OWN, 16))
    later = Voices(desk.db, desk.vault, Protection(b"1" * 32), lambda: ToneEncoder(sha256="8f" * 32))
    with pytest.raises(VoiceMissing):
        later.verify(ANN, voice(OWN, 6), by="studio", at=AT)
    renewed: list[VoicePrint] = []
    with desk.db.transaction() as tx:
        assert later.reembed(tx, renewed.append) == (1, 1)
        assert later.reembed(tx, renewed.append) == (0, 1)
    assert [each.encoder_sha256 for each in renewed] == ["8f" * 32]
    assert later.verify(ANN, voice(OWN, 6), by="studio", at=AT).voice is Voice.SAME


def test_recordings_go_with_the_pictures(desk: Desk) -> None:
    """Kept with a term, they are dropped at its end; the print stays and holds."""
    made = desk.add(voice(OWN, 16), replace(PERSON, media_until=AT))
    with desk.db.transaction() as tx:
        assert desk.voices.speech(ANN, made.voice_id, tx) is not None
        desk.voices.drop_speech(ANN, tx)
        assert desk.voices.speech(ANN, made.voice_id, tx) is None
    assert desk.verify(voice(OWN, 6)) is Voice.SAME


def pushed(desk: Desk, speech: Speech, rate: int = RATE) -> list[tuple[float, Voice]]:
    """What a watch said after every tenth of a second."""
    watch = desk.voices.watch(ANN, rate)
    samples, step = speech.at(rate), rate // 10
    return [
        (start / rate, watch.push(samples[start : start + step])) for start in range(0, len(samples), step)
    ]


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_stream_is_followed(desk: Desk, rate: int) -> None:
    """Unknown at first, the own voice soon after, also through a pause; and to the end."""
    desk.add(voice(OWN, 16))
    pause = Speech(np.zeros(3 * RATE, np.float32), RATE)
    said = pushed(desk, joined(voice(OWN, 8), pause, voice(OWN, 8)), rate)
    assert said[0][1] is Voice.UNKNOWN
    known = next(at for at, what in said if what is Voice.SAME)
    assert known < 5.0
    assert {what for at, what in said if at > known} == {Voice.SAME}


def test_another_voice_ends_a_stream(desk: Desk) -> None:
    """Within a stretch of speech and half a second; what is said afterwards changes nothing."""
    desk.add(voice(OWN, 16))
    said = pushed(desk, joined(voice(OWN, 8), voice(OTHER, 6), voice(OWN, 6)))
    ended = next(at for at, what in said if what is Voice.OTHER)
    assert 8.0 < ended < 8.0 + 3.2 / 0.6 + 0.5
    assert {what for at, what in said if at > ended} == {Voice.OTHER}
    assert Voice.SAME not in {what for _, what in pushed(desk, voice(OTHER, 8))}


UNITS = st.lists(st.floats(-1, 1, allow_nan=False), min_size=4, max_size=4).filter(
    lambda v: sum(x * x for x in v) > 0.01
)


@given(st.lists(UNITS, min_size=1, max_size=8), UNITS, st.floats(0, 10))
@settings(max_examples=80, deadline=None)
def test_stricter_thresholds_never_allow_more(
    pieces: list[list[float]], own: list[float], seconds: float
) -> None:
    """What the strict profile accepts the default one does; below the least speech nothing is accepted."""
    embeddings = np.asarray(pieces, np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    reference = np.asarray(own, np.float32) / np.float32(np.linalg.norm(own))
    heard = Partials(np.zeros((len(pieces), 2), np.float32), embeddings, seconds)
    strict, loose = (judge(heard, reference, each) for each in (Profile(0.9, 0.8), Profile(0.7, 0.6)))
    assert strict is not Voice.SAME or loose is Voice.SAME
    assert (seconds >= 2.4) == (loose is not Voice.UNKNOWN)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_numbers_that_are_none_are_another_voice(bad: float) -> None:
    """An encoder that breaks does not let anybody pass."""
    embeddings = np.full((4, 4), bad, np.float32)
    heard = Partials(np.zeros((4, 2), np.float32), embeddings, 8.0)
    with np.errstate(all="ignore"):
        assert judge(heard, np.asarray([1, 0, 0, 0], np.float32), Profile(0.7, 0.6)) is Voice.OTHER
