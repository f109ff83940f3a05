"""Voices over the wire and from the command line; what stands behind a consent is in its answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from perception.audio import Speech, encode_wav
from service.client import Client
from service.pb.sitter.v1 import consent_pb2, identity_pb2
from tests.e2e.conftest import EVIDENCE, OPERATOR, REVIEWER, Site, scope
from tests.voiced import ToneEncoder, joined, voice


@pytest.fixture(scope="module")
def heard(site: Site) -> Site:
    """The site, whose speaker encoder hears tones."""
    ear = ToneEncoder()
    site.app.voices._open = lambda: ear
    return site


@pytest.fixture
def reviewer(site: Site) -> Iterator[Client]:
    with site.deployment.client(REVIEWER) as client:
        yield client


def test_a_voice_from_upload_to_clip(heard: Site, reviewer: Client, speech: Speech) -> None:
    """Refused without a voice; added, listened to and approved by another operator; granted; a clip in it
    leaves, one in another voice is refused with a reason and nothing else; removed, nothing leaves."""
    with heard.refused("FAILED_PRECONDITION", "VOICE_MISSING"):
        heard.grant(own_voice_only=True)
    own = encode_wav(joined(*[speech] * 5))
    made = heard.operator.add_voice(heard.identity_id, [own]).voice
    assert made.review == identity_pb2.VOICE_REVIEW_PENDING
    with heard.refused("PERMISSION_DENIED", "REVIEW_REFUSED"):
        heard.operator.review_voice(heard.identity_id, made.voice_id, approve=True)
    assert reviewer.hear_voice(heard.identity_id, made.voice_id).startswith(b"RIFF")
    approved = reviewer.review_voice(heard.identity_id, made.voice_id, approve=True).voice
    assert (approved.review, approved.reviewed_by) == (identity_pb2.VOICE_REVIEW_APPROVED, REVIEWER)
    (listed,) = heard.operator.voices(heard.identity_id)
    assert (listed.voice_id, listed.added_by) == (made.voice_id, OPERATOR)
    consent_id = heard.grant(own_voice_only=True)
    assert heard.ask(consent_id=consent_id).clip
    with heard.refused("PERMISSION_DENIED", "VOICE_OTHER", "consent") as errors:
        heard.ask(consent_id=consent_id, speech=encode_wav(voice(210.0, 5)))
    assert set(errors[0].metadata) == {"trace_id"}
    with heard.refused("INVALID_ARGUMENT", "VOICE_UNCLEAR", "consent"):
        heard.ask(consent_id=consent_id, speech=encode_wav(voice(120.0, 1.2)))
    heard.operator.remove_voice(heard.identity_id, made.voice_id)
    with heard.refused("NOT_FOUND", "VOICE_UNKNOWN"):
        heard.operator.remove_voice(heard.identity_id, made.voice_id)
    with heard.refused("FAILED_PRECONDITION", "VOICE_MISSING", "consent"):
        heard.ask(consent_id=consent_id)
    kinds = [entry["kind"] for entry in heard.entries() if entry["kind"].startswith("identity.voice")]
    assert kinds == ["identity.voice_added", "identity.voice_reviewed", "identity.voice_removed"]


def test_faults_of_a_recording_are_told(heard: Site) -> None:
    """The refusal names the fault; nothing is stored."""
    with heard.refused("INVALID_ARGUMENT", "ENROLMENT_REFUSED") as errors:
        heard.operator.add_voice(heard.identity_id, [encode_wav(joined(voice(120.0, 12), voice(210.0, 12)))])
    assert (errors[0].metadata["part"], errors[0].metadata["fault"]) == ("voice", "speakers")
    with heard.refused("INVALID_ARGUMENT", "REQUEST_INVALID"):
        heard.operator.add_voice(heard.identity_id, [])
    with heard.refused("PERMISSION_DENIED", "CALLER_FORBIDDEN"):
        heard.client.add_voice(heard.identity_id, [encode_wav(voice(120.0, 12))])
    assert heard.operator.voices(heard.identity_id) == []


def test_what_stands_behind_a_consent_is_said(heard: Site) -> None:
    """The answer says it; the receipt says it, and where data is kept, for how long and under which law."""
    granted = heard.operator.grant(heard.identity_id, scope(), evidence=EVIDENCE, notice="test-1")
    assert granted.consent.attested == consent_pb2.ATTESTATION_DECLARATION
    assert not granted.consent.scope.own_voice_only
    record = json.loads(heard.operator.consent_receipt(granted.consent.consent_id).receipt_json)["record"]
    assert record["attested_by"] == "declaration"
    assert record["own_voice_only"] is False
    assert record["storage_locations"] == ["not stated by the controller"]
    assert {each["data"] for each in record["retention_period"]} >= {"face template", "consent record"}
    assert record["jurisdiction"] == "not stated by the controller"


def test_the_command_line(
    heard: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sitter identity voice` adds, lists, lets hear, has approved and removes."""
    from service.__main__ import main

    settings = tmp_path / "sitter.toml"
    settings.write_text(f'data = "{heard.app.settings.data}"\n')
    recording = tmp_path / "own.wav"
    recording.write_bytes(encode_wav(voice(120.0, 16)))

    def run(*words: str, by: str = OPERATOR) -> str:
        tail = ["--config", str(settings), "--server", heard.deployment.address, "--as", by]
        assert main(["identity", "voice", words[0], heard.identity_id, *words[1:], *tail]) == 0
        return capsys.readouterr().out

    voice_id = run("add", str(recording)).split()[1]
    assert "pending" in run("list")
    run("hear", voice_id, "--out", str(tmp_path / "heard.wav"), by=REVIEWER)
    assert (tmp_path / "heard.wav").read_bytes().startswith(b"RIFF")
    assert "approved" in run("approve", voice_id, by=REVIEWER)
    assert "removed" in run("remove", voice_id)
    assert run("list") == ""
