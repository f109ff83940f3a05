"""`sitter` against a running service: what a person types, what is answered, what is left when it fails."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from service.__main__ import main
from service.local_callers import key_path
from tests.e2e.conftest import AUDITOR, CLIENT, EVIDENCE, OPERATOR, REVIEWER, Site

Sitter: TypeAlias = Callable[..., tuple[int, str, str]]
DEAD = "127.0.0.1:9"


@pytest.fixture
def sitter(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Sitter:
    """Run a command as a caller of the site: (exit status, stdout, stderr)."""
    monkeypatch.setenv("SITTER_DATA", str(tmp_path / "nothing-here"))
    for name in ("SITTER_SERVER", "SITTER_CALLER", "SITTER_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object, name: str | None = None, server: str | None = None) -> tuple[int, str, str]:
        line = [str(word) for word in words]
        if name:
            key = key_path(site.app.settings, name)
            line += ["--server", server or site.deployment.address, "--as", name, "--key", str(key)]
        capsys.readouterr()
        status = main(line)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return run


@pytest.fixture
def files(tmp_path: Path, site: Site, stranger: bytes) -> Path:
    """A folder with what commands are given."""
    (tmp_path / "face.png").write_bytes(site.portrait)
    (tmp_path / "other.png").write_bytes(stranger)
    (tmp_path / "hello.wav").write_bytes(site.speech)
    (tmp_path / "yes.txt").write_text(EVIDENCE)
    return tmp_path


def ask(site: Site, files: Path, out: Path, **changes: Any) -> list[object]:
    given = {
        "identity": site.identity_id, "consent": site.consent_id, "portrait": files / "face.png",
        "speech": files / "hello.wav", "purpose": "education", "territory": "DE", "channel": "web",
        "size": 384, "out": out,
    } | changes  # fmt: skip
    return ["generate", *(word for name, value in given.items() for word in (f"--{name}", value))]


def assert_failed(result: tuple[int, str, str], status: int, reason: str, *words: str) -> None:
    """The command ended so: nothing on stdout, one line that starts with the reason, details indented."""
    code, out, err = result
    lines = err.strip().splitlines()
    assert (code, out) == (status, ""), err
    assert lines[0].startswith(f"sitter: {reason}: "), err
    assert all(line.startswith("  ") for line in lines[1:]), err
    for word in words:
        assert word in err, err


def test_a_life(site: Site, sitter: Sitter, files: Path) -> None:
    """Enrol, consent, generate, detect, withdraw, erase: each command says what came of it."""
    status, out, err = sitter(
        "enroll", "--basis", "character", "--label", "Osei", "--declaration", "ours", files / "other.png",
        "--json", name=OPERATOR,
    )  # fmt: skip
    assert status == 0, err
    identity = json.loads(out)["identity"]["identity_id"]
    status, out, _ = sitter("identity", "list", name=OPERATOR)
    assert identity in out
    assert len(out.splitlines()) == 2
    grant = (
        "consent", "grant", identity, "--caller", CLIENT, "--purpose", "education", "--territory", "DE",
        "--channel", "web", "--days", 30, "--evidence", files / "yes.txt",
    )  # fmt: skip
    assert_failed(sitter(*grant, name=OPERATOR), 1, "IDENTITY_PENDING", "second operator")
    assert sitter("identity", "approve", identity, name=REVIEWER)[0] == 0
    status, out, _ = sitter(*grant, name=OPERATOR)
    assert status == 0
    consent = out.split()[1]
    status, out, _ = sitter("consent", "show", consent, name=OPERATOR)
    assert json.loads(out)["consentId"] == consent
    status, out, _ = sitter("consent", "list", "--identity", identity, name=OPERATOR)
    assert out.split()[:3] == [consent, identity, "given"]
    status, out, _ = sitter("consent", "withdraw", consent, name=OPERATOR)
    assert (status, "withdrawn" in out) == (0, True)
    status, out, _ = sitter("consent", "list", "--identity", identity, name=OPERATOR)
    assert out.split()[2] == "withdrawn"
    status, out, _ = sitter("identity", "erase", identity, name=OPERATOR)
    assert (status, identity in out) == (0, True)
    assert "erased" in sitter("identity", "list", name=OPERATOR)[1]


def test_a_clip(site: Site, sitter: Sitter, files: Path) -> None:
    """The file is the released clip, the receipt lies beside it; Detect and the auditor know it."""
    clip, receipt, pack = files / "clip.mp4", files / "clip.tlog-proof", files / "evidence.zip"
    status, out, err = sitter(*ask(site, files, clip, receipt=receipt), name=CLIENT)
    assert status == 0, err
    record = out.split()[2].rstrip(",")
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == site.app.records.get(record).clip_sha256
    assert receipt.read_text().startswith("c2sp.org/tlog-proof@v1\n")
    assert sorted(p.name for p in files.iterdir() if p.name.startswith(".")) == []

    status, out, _ = sitter("detect", clip, "--json", "--server", site.deployment.address)
    found = json.loads(out)
    assert (status, found["verdict"], found["record_id"]) == (0, "issued_intact", record)
    status, out, _ = sitter("detect", clip, "--server", site.deployment.address)
    assert out.startswith("issued_intact: ")
    assert "consent today: given" in out

    status, out, _ = sitter("audit", "list", "--record", record, name=AUDITOR)
    assert len(out.splitlines()) == 12
    status, out, _ = sitter("audit", "show", record, "--json", name=AUDITOR)
    assert len(json.loads(out)["entries"]) == 12
    entries = json.loads(sitter("audit", "list", "--record", record, "--json", name=AUDITOR)[1])
    consent = next(entry["consent_id"] for entry in entries if "consent_id" in entry)
    for words, count in (
        (["--consent", consent, "--clip", record, "--kind", "issue"], 1),
        (["--caller", CLIENT, "--clip", record, "--outcome", "refused"], 0),
        (["--clip", record, "--until", entries[3]["at"]], 3),
        (["--clip", record, "--since", entries[3]["at"]], 9),
    ):
        found = json.loads(sitter("audit", "list", *words, "--json", name=AUDITOR)[1])
        assert (words, len(found)) == (words, count)
    status, out, _ = sitter("audit", "why", record, name=AUDITOR)
    assert (status, out.splitlines()[0]) == (0, f"Clip {record}: released.")
    assert f"Consent {consent} was given" in out
    status, out, _ = sitter("audit", "receipt", record, "--json", name=AUDITOR)
    proven = json.loads(out)
    assert (proven["entry"]["kind"], proven["proof"].split("\n")[0]) == ("issue", "c2sp.org/tlog-proof@v1")
    status, out, _ = sitter("audit", "export", "--record", record, "--out", pack, name=AUDITOR)
    assert status == 0
    with zipfile.ZipFile(pack) as held:
        assert any(name.startswith("policies/") for name in held.namelist())
    status, out, _ = sitter("audit", "verify", pack)
    assert (status, out.startswith("verified: 12 entries")) == (0, True)
    status, out, _ = sitter("audit", "verify", site.app.settings.data)
    assert (status, out.startswith("verified: ")) == (0, True)
    pack.write_bytes(pack.read_bytes().replace(b"passed", b"Passed", 1))
    status, out, _ = sitter("audit", "verify", pack)
    assert (status, out.startswith("NOT verified: ")) == (1, True)


def test_a_track(site: Site, sitter: Sitter, files: Path) -> None:
    """The motion planned for speech becomes a file without any server, and moves a face with and without
    the sound; a consent that does not list `track` does not cover it."""
    track, clip = files / "hello.csv", files / "clip.mp4"
    status, out, err = sitter("track", files / "hello.wav", "-o", track)
    assert (status, err) == (0, "")
    assert out.startswith(f"{track}: 192 rows, 3.2 s at 60 a second")
    assert track.read_text().startswith("Timecode,BlendshapeCount,EyeBlinkLeft")
    assert_failed(
        sitter(*ask(site, files, clip, track=track), "--quiet", name=CLIENT), 1, "CONSENT_SCOPE", "controls"
    )
    consent = site.grant(controls=["track"])
    status, _, err = sitter(*ask(site, files, clip, track=track, consent=consent), "--quiet", name=CLIENT)
    assert status == 0, err
    words = [word for word in ask(site, files, clip, track=track, consent=consent) if word != "--speech"]
    words.remove(files / "hello.wav")
    status, out, err = sitter(*words, "--quiet", name=CLIENT)
    assert status == 0, err
    assert "3.2 s" in out
    assert [job.speech is None for job in site.workers.jobs[-2:]] == [False, True]
    assert_failed(sitter(*words, "--track-mode", "on-top", "--quiet", name=CLIENT), 1, "MEDIA_EMPTY")
    mode = ask(site, files, clip, consent=consent)
    assert_failed(
        sitter(*mode, "--track-mode", "on-top", "--quiet", name=CLIENT), 1, "REQUEST_INVALID", "track"
    )
    track.write_text("time,jawOpen\n0,0\n")
    assert_failed(sitter(*words, "--quiet", name=CLIENT), 1, "TRACK_UNUSABLE", "eyeBlinkLeft")


def test_a_refusal_leaves_no_file(site: Site, sitter: Sitter, files: Path) -> None:
    """Refused: the reason and the trace on stderr, exit status 1, no clip, whole or in part."""
    before = set(files.iterdir())
    result = sitter(*ask(site, files, files / "clip.mp4", purpose="film"), "--quiet", name=CLIENT)
    assert_failed(result, 1, "CONSENT_SCOPE", "parts: purpose", "trace_id: ")
    assert set(files.iterdir()) == before


def test_a_refusal_keeps_the_file_that_was_there(site: Site, sitter: Sitter, files: Path) -> None:
    """An older clip of that name is not touched by a failure."""
    clip = files / "clip.mp4"
    clip.write_bytes(b"older")
    result = sitter(*ask(site, files, clip, portrait=files / "other.png"), "--quiet", name=CLIENT)
    assert_failed(result, 1, "IDENTITY_MISMATCH")
    assert clip.read_bytes() == b"older"


def test_files_that_are_missing(site: Site, sitter: Sitter, files: Path) -> None:
    """Named, before anything is asked of the service."""
    logged = len(site.entries())
    missing = files / "nowhere" / "x"
    clip = files / "clip.mp4"
    assert_failed(sitter(*ask(site, files, clip, portrait=missing), name=CLIENT), 2, "FILE", str(missing))
    assert_failed(sitter(*ask(site, files, missing), name=CLIENT), 2, "FILE", str(missing.parent))
    assert_failed(sitter(*ask(site, files, files), name=CLIENT), 2, "FILE", "folder")
    assert_failed(sitter("detect", missing, "--server", site.deployment.address), 2, "FILE", str(missing))
    assert_failed(sitter("detect", files, "--server", site.deployment.address), 2, "FILE", str(files))
    assert_failed(sitter("audit", "verify", missing), 2, "FILE", str(missing))
    assert_failed(sitter("audit", "verify", files), 2, "MISCONFIGURED", "log.vkey")
    grant = ["consent", "grant", site.identity_id, "--caller", CLIENT, "--purpose", "education"]
    grant += ["--territory", "DE", "--channel", "web", "--days", "30", "--evidence"]
    assert_failed(sitter(*grant, missing, name=OPERATOR), 2, "FILE", str(missing))
    assert_failed(sitter(*grant, files / "face.png", name=OPERATOR), 2, "FILE", "UTF-8")
    assert_failed(
        sitter("identity", "list", "--server", site.deployment.address), 2, "MISCONFIGURED", "--key"
    )
    assert len(site.entries()) == logged
    assert not clip.exists()


def test_a_service_that_is_not_there(site: Site, sitter: Sitter, files: Path) -> None:
    """One plain line, also for an upload."""
    clip = files / "clip.mp4"
    for words in (["identity", "list"], ["detect", clip], ask(site, files, files / "new.mp4")):
        clip.write_bytes(b"1234")
        result = sitter(*words, *(["--quiet"] if words[0] == "generate" else []), name=CLIENT, server=DEAD)
        assert_failed(result, 1, "UNAVAILABLE", "cannot be reached")
        assert len(result[2].splitlines()) == 1
        assert "ipv4" not in result[2]
    assert not (files / "new.mp4").exists()


def test_another_role(site: Site, sitter: Sitter) -> None:
    """The role that is needed is named."""
    assert_failed(sitter("audit", "list", name=CLIENT), 1, "CALLER_FORBIDDEN", "auditor")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--gaze", "far"], "YAW,PITCH"),
        (["--emotion", "bored:1"], "bored"),
        (["--emotion", "happy:much"], "NAME:STRENGTH"),
        (["--size", "big"], "big"),
        (["--amplitude", "ears:1"], "ears"),
        (["--amplitude", "head:much"], "GROUP:FACTOR"),
        (["--pose", "1,2"], "three numbers"),
        (["--framing", "all"], "three numbers"),
        (["--track-mode", "under"], "under"),
        (["--fps", "2.5"], "2.5"),
    ],
)
def test_options_that_cannot_be_read(
    site: Site, files: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    """Usage, the value and what is expected, exit status 2."""
    line = [str(word) for word in ask(site, files, files / "clip.mp4")]
    with pytest.raises(SystemExit) as ended:
        main([*line, *words])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--size", 385], ["--size", 4096], ["--fps", 1], ["--distance", 9], ["--gaze", "-40,5"],
        ["--gaze", "nan,0"], ["--emotion", "happy:2"], ["--seed", -1], ["--pose", "-16,0,0"],
        ["--amplitude", "head:2.5"], ["--framing", "0.5,0.5,9"],
    ],
)  # fmt: skip
def test_controls_out_of_range(site: Site, sitter: Sitter, files: Path, words: list[object]) -> None:
    """Found before the service is asked, with the control's name."""
    assert_failed(
        sitter(*ask(site, files, files / "clip.mp4"), *words, name=CLIENT), 2, "CONTROL_OUT_OF_RANGE"
    )
    assert not (files / "clip.mp4").exists()


@pytest.mark.parametrize("days", ["0", "367", "-1", "99999999999", "ten"])
def test_days_that_cannot_be(sitter: Sitter, files: Path, days: str) -> None:
    """A term is 1 to 366 days."""
    with pytest.raises(SystemExit) as ended:
        sitter(
            "consent", "grant", "0" * 32, "--caller", CLIENT, "--purpose", "education", "--territory", "DE",
            "--channel", "web", f"--days={days}", "--evidence", files / "yes.txt", name=OPERATOR,
        )  # fmt: skip
    assert ended.value.code == 2


def test_ids_that_are_none(site: Site, sitter: Sitter) -> None:
    """The service says which field and what it expects."""
    assert_failed(sitter("identity", "show", "mira", name=OPERATOR), 1, "REQUEST_INVALID", "identity_id")
    assert_failed(sitter("consent", "show", "f" * 32, name=OPERATOR), 1, "CONSENT_UNKNOWN")


def test_models_and_doctor(sitter: Sitter) -> None:
    """Each file with licence and hash, all verified; a machine that runs these tests lacks nothing."""
    status, out, _ = sitter("models", "list", "--json")
    rows = json.loads(out)
    assert status == 0
    assert all(row["licence"] and len(row["sha256"]) == 64 and row["source"] for row in rows)
    status, out, _ = sitter("models", "verify")
    assert (status, out.count(" ok\n")) == (0, len(rows))
    status, out, _ = sitter("doctor", "--json")
    wrong = [each for each in json.loads(out) if not each["ok"] and each["what"] not in MACHINE]
    assert wrong == []


MACHINE = ("disk", "memory and processors")


def test_models_that_are_missing(sitter: Sitter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Doctor and verify say which, and what to do."""
    monkeypatch.setenv("SITTER_MODELS", str(tmp_path / "empty"))
    status, out, _ = sitter("models", "verify")
    assert status == 1
    assert "missing" in out
    assert "sitter models pull" in out
    status, out, _ = sitter("doctor")
    assert status == 1
    assert "FIX  model files" in out
    assert "sitter models pull" in out
