"""`sitter audit` beside a running service, and what it says in plain words."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety.entry import DECISION, INTENT, ISSUE, REFUSAL, Entry
from safety.log import Log
from safety.policy import default_folder
from safety.policy_rules import read_folder
from safety.stores.sqlite import Database
from service import policy_archive
from service.__main__ import main
from service.explain import explain

RECORD = "ab" * 12


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder whose log is open for writing all the time."""
    folder = tmp_path / "data"
    monkeypatch.setenv("SITTER_DATA", str(folder))
    for name in ("SITTER_SERVER", "SITTER_CALLER", "SITTER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with Database(folder / "records.db") as db:
        log = Log(db, Ed25519PrivateKey.from_private_bytes(bytes(32)), "example.com/sitter")
        for n in range(3):
            log.record(Entry(DECISION, {"frames": n}))
        (folder / "log.vkey").write_text(f"{log.key}\n")
        yield folder


def test_tiles_and_anchors(data, tmp_path, capsys):
    """Exports are written beside the writer, and a log is verified against its anchors."""
    assert main(["audit", "export-tiles", str(tmp_path / "tiles")]) == 0
    assert "3 entries, 2 files" in capsys.readouterr().out
    assert (tmp_path / "tiles/checkpoint").read_text().startswith("example.com/sitter\n3\n")
    assert main(["audit", "anchor", str(tmp_path / "anchors")]) == 0
    assert main(["audit", "verify", str(data), "--anchors", str(tmp_path / "anchors")]) == 0
    assert main(["audit", "verify", str(data), "--anchors", str(tmp_path)]) == 1
    assert "no anchors" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"quorum none\n", b"witness\n"])
def test_witness_without_one(data, capsys, content):
    """Without a policy, with one that names nobody, with a malformed one: told, exit status 2."""
    if content is not None:
        (data / "tlog-policy").write_bytes(content)
    assert main(["audit", "witness"]) == 2
    assert "tlog-policy" in capsys.readouterr().err


def test_why_released():
    """The words name outcome, caller, gates, policy and the history of the consent, each with its entry."""
    about = {"record_id": RECORD, "caller": "studio", "consent_id": "c1", "identity_id": "i1"}
    entries = [
        {"index": 4, "kind": DECISION, "gate": "admit", "at": "2026-05-01T12:00:00.000Z", **about},
        {
            "index": 5,
            "kind": DECISION,
            "gate": "permit",
            "policy_sha256": "d1",
            "rules": ["r1", "r2"],
            **about,
        },
        {"index": 6, "kind": INTENT, "gate": "intent", **about},
        {"index": 7, "kind": ISSUE, "gate": "release", "clip_sha256": "e1", **about},
    ]
    agreed = [
        {"index": 2, "kind": "consent.granted", "at": "t1", **about, "caller": "operator"},
        {"index": 9, "kind": "consent.withdrawn", "at": "t2", **about, "caller": "mona"},
        {"index": 4, "kind": DECISION, **about},
    ]
    lines = explain(RECORD, entries, agreed)
    assert lines[0] == f"Clip {RECORD}: released."
    assert lines[1] == "Asked for by studio at 2026-05-01T12:00:00.000Z."
    assert "The policy d1 allowed it (r1, r2)." in lines
    assert "SHA-256 of the clip e1" in lines[5]
    assert lines[-2:] == [
        "Consent c1 was given at t1 by operator (entry 2).",
        "Consent c1 was withdrawn at t2 by mona (entry 9).",
    ]


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        ({"kind": REFUSAL, "gate": "consent", "reason": "CONSENT_EXPIRED", "rules": ["scope"]},
         "refused at the gate consent: CONSENT_EXPIRED."),
        ({"kind": "aborted", "reason": "INTERRUPTED"}, "begun and not released: INTERRUPTED."),
        ({"kind": INTENT, "gate": "intent"}, "under way, or its process ended"),
        ({"kind": DECISION, "gate": "of-another-version"}, "under way"),
    ],
)  # fmt: skip
def test_why_not(last, outcome):
    """A refusal names gate, reason and rules; what was cut off says so; an unknown gate is no error."""
    lines = explain(RECORD, [{"index": 0, "kind": DECISION, "gate": "admit"}, {"index": 1, **last}])
    assert lines[0].startswith(f"Clip {RECORD}: {outcome}")
    if last["kind"] == REFUSAL:
        assert any("refused, CONSENT_EXPIRED (scope)" in line for line in lines)


def test_policies_are_kept_by_their_digest(tmp_path):
    """A set is found by the digest that entries name; a changed or missing one is not handed out."""
    schema, rules = read_folder(default_folder())
    files = {"schema.cedarschema": schema, **rules}
    policy_archive.keep(tmp_path, files)
    policy_archive.keep(tmp_path, files)
    (path,) = (tmp_path / policy_archive.FOLDER).iterdir()
    assert policy_archive.kept(tmp_path, {path.stem, "0" * 64}) == {path.stem: files}
    path.write_text(json.dumps(files | {"use.cedar": ""}))
    assert policy_archive.kept(tmp_path, {path.stem}) == {}
