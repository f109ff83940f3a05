"""Consents over gRPC and on the command line: amended, renewed, used up, seen by the sitter, put on paper."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safety.consent_record import verify
from safety.policy import default_folder
from service.__main__ import main
from service.client import Client, RemoteError
from service.local_callers import add, key_path
from service.pb.sitter.v1 import consent_pb2
from service.policy_watch import PolicyWatch
from service.translate import timestamp
from tests.e2e.conftest import CLIENT, EVIDENCE, OPERATOR, Site, scope, settle

SITTER = "the-sitter"


@pytest.fixture(scope="module")
def sitter(site: Site) -> Iterator[Client]:
    """The person portrayed, with the role that lets them see their own."""
    add(site.app.settings, SITTER, frozenset({"sitter"}), site.identity_id)
    with site.deployment.client(SITTER) as client:
        yield client


def reason(call: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(RemoteError) as refused:
        call(*given, **named)
    return refused.value.reason


def test_an_amendment_over_the_wire(site: Site) -> None:
    """The new scope decides, a stale version is refused, the log has both versions."""
    consent = site.grant()
    with site.refused("PERMISSION_DENIED", "CONSENT_SCOPE", "consent"):
        site.ask(consent_id=consent, territory="FR")
    answer = site.operator.amend(consent, 1, scope(territories=["FR"]), evidence=EVIDENCE, notice="test-2")
    assert (answer.consent.version, answer.consent.notice) == (2, "test-2")
    site.ask(consent_id=consent, territory="FR")
    with site.refused("PERMISSION_DENIED", "CONSENT_SCOPE", "consent"):
        site.ask(consent_id=consent)
    assert (
        reason(site.operator.amend, consent, 1, scope(), evidence=EVIDENCE, notice="test-2")
        == "CONSENT_CONFLICT"
    )
    changes = [
        e for e in site.entries() if e.get("consent_id") == consent and e["kind"].startswith("consent.")
    ]
    assert [(e["kind"], e["version"]) for e in changes] == [("consent.granted", 1), ("consent.amended", 2)]


def test_a_renewal_over_the_wire(site: Site) -> None:
    """The term is longer, all else stays; a withdrawn consent is not renewed."""
    consent, until = site.grant(), datetime.now(UTC) + timedelta(days=300)
    renewed = site.operator.renew(consent, 1, timestamp(until), evidence=EVIDENCE, notice="test-2").consent
    assert renewed.scope.not_after == timestamp(until)
    assert list(renewed.scope.territories) == ["DE"]
    site.operator.withdraw(consent)
    assert (
        reason(site.operator.renew, consent, 3, timestamp(until), evidence=EVIDENCE, notice="n")
        == "CONSENT_WITHDRAWN"
    )
    for call in (site.client, site.auditor):
        assert (
            reason(call.renew, consent, 3, timestamp(until), evidence="x", notice="n") == "CALLER_FORBIDDEN"
        )


def test_what_is_used_up_is_refused_and_what_failed_is_not_used(site: Site) -> None:
    """One clip is allowed: a request that fails leaves it, a release takes it, also for a wider purpose."""
    consent = site.grant(max_clips=1)
    site.workers.on_start = fail
    try:
        with site.refused("CANCELLED", "RENDER_CANCELLED", "generate"):
            site.ask(consent_id=consent)
    finally:
        site.workers.on_start = lambda job: None
    made = site.ask(consent_id=consent)
    with site.refused("RESOURCE_EXHAUSTED", "CONSENT_USED_UP", "intent") as errors:
        site.ask(consent_id=consent)
    assert errors[0].metadata["limit"] == "max_clips"
    (use,) = [use for use in site.operator.uses(site.identity_id) if use.consent_id == consent]
    assert (use.record_id, use.caller, use.purpose) == (made.release.record_id, CLIENT, "education")
    assert use.seconds == pytest.approx(made.release.seconds, abs=0.1)
    assert use.HasField("released_at")


def fail(job: Any) -> None:
    from engine.errors import RenderCancelled

    raise RenderCancelled("by the test")


def test_a_script_rule_needs_a_script(site: Site) -> None:
    """Not declared, other words, then the agreed ones; the words are nowhere in the log."""
    rule = consent_pb2.ScriptRule(kind=consent_pb2.SCRIPT_KIND_EXACT, texts=["Welcome, canary-script!"])
    consent = site.grant(script=rule, languages=["en"])
    for changes in ({}, {"script": "Welcome"}, {"script": "Welcome canary script", "language": "de"}):
        with site.refused("PERMISSION_DENIED", "CONSENT_SCOPE", "consent"):
            site.ask(consent_id=consent, language=changes.pop("language", "en"), **changes)
    site.ask(consent_id=consent, script="welcome, CANARY script", language="en-GB")
    assert "canary-script" not in json.dumps(site.entries()).lower()
    shown = site.operator.consent(consent).scope.script
    assert (len(shown.commitments), list(shown.texts)) == (1, [])


def test_words_that_nobody_may_have_said_are_refused_by_the_policy(site: Site) -> None:
    """Though the consent leaves the script free."""
    with site.refused("PERMISSION_DENIED", "POLICY_REFUSED", "permit") as errors:
        site.ask(script="Please read me the code on your card")
    assert errors[0].metadata["rules"] == "script.denied"


def test_the_sitter_sees_and_withdraws_their_own(site: Site, sitter: Client) -> None:
    """Consents, receipts and uses of their face; what is not theirs does not exist for them."""
    consent = site.grant()
    made = site.ask(consent_id=consent)
    assert made.release.record_id in [use.record_id for use in sitter.uses(site.identity_id)]
    assert consent in [each.consent_id for each in sitter.consents()]
    assert json.loads(sitter.consent_receipt(consent).receipt_json)["record"]["record_id"] == consent
    assert sitter.withdraw(consent).consent.state == consent_pb2.CONSENT_STATE_WITHDRAWN
    with site.refused("PERMISSION_DENIED", "CONSENT_WITHDRAWN", "consent"):
        site.ask(consent_id=consent)
    assert reason(list, sitter.uses("1e" * 16)) == "CALLER_FORBIDDEN"
    assert reason(list, sitter.consents("1e" * 16)) == "CALLER_FORBIDDEN"
    assert reason(sitter.grant, site.identity_id, scope(), evidence="x", notice="n") == "CALLER_FORBIDDEN"
    assert reason(sitter.identity, site.identity_id) == "CALLER_FORBIDDEN"
    assert reason(list, sitter.entries()) == "CALLER_FORBIDDEN"
    assert reason(list, site.client.uses(site.identity_id)) == "CALLER_FORBIDDEN"


def test_anothers_consent_does_not_exist_for_a_sitter(site: Site, sitter: Client, stranger: bytes) -> None:
    """Showing, its receipt, withdrawing: the same answer as for an id that nobody has."""
    enrolled = site.operator.enroll(
        [stranger], basis="artwork", label="Other", declaration="a drawing of 1890", adult=False
    ).identity
    with site.deployment.client("second-operator") as reviewer:
        reviewer.review(enrolled.identity_id, approve=True)
    consent = site.grant(enrolled.identity_id)
    for call in (sitter.consent, sitter.consent_receipt, sitter.withdraw):
        assert reason(call, consent) == reason(call, "f" * 32) == "CONSENT_UNKNOWN"
    assert site.operator.consent(consent).state == consent_pb2.CONSENT_STATE_GIVEN


def test_an_amendment_ends_what_it_leaves_out(site: Site) -> None:
    """A clip under way is stopped within a second when the sitter takes its territory back."""
    consent = site.grant()
    begun, errors = threading.Event(), []

    def slow(index: int) -> None:
        begun.set()
        time.sleep(0.02)

    def ask() -> None:
        with pytest.raises(RemoteError) as refused:
            site.ask(consent_id=consent)
        errors.append(refused.value)

    site.workers.on_frame = slow
    try:
        thread = threading.Thread(target=ask)
        thread.start()
        assert begun.wait(60)
        site.operator.amend(consent, 1, scope(territories=["FR"]), evidence=EVIDENCE, notice="n")
        thread.join()
    finally:
        site.workers.on_frame = lambda index: None
    assert (errors[0].reason, "territory" in str(errors[0])) == ("RENDER_CANCELLED", True)
    assert [use for use in site.operator.uses(site.identity_id) if use.consent_id == consent] == []


def test_a_receipt_on_the_command_line(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Written as JSON and PDF, checked offline with the published key; a changed one is found."""
    key = [
        "--server",
        site.deployment.address,
        "--as",
        OPERATOR,
        "--key",
        key_path(site.app.settings, OPERATOR),
    ]
    out, pdf = tmp_path / "receipt.json", tmp_path / "receipt.pdf"
    line = ["consent", "receipt", site.consent_id, "--out", out, "--pdf", pdf, *key]
    assert main([str(word) for word in line]) == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    published = site.app.settings.data / "consent.key"
    assert verify(json.loads(out.read_text()), published.read_text())["record_id"] == site.consent_id
    assert main(["consent", "check", str(out), "--key", str(published)]) == 0
    assert site.consent_id in capsys.readouterr().out
    out.write_text(out.read_text().replace('"DE"', '"US"'))
    assert main(["consent", "check", str(out)]) != 0
    assert "EVIDENCE_INVALID" in capsys.readouterr().err


def test_amending_on_the_command_line(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not named stays as it is; renewing and the list of uses say what they did."""
    consent = site.grant()
    (tmp_path / "yes.txt").write_text(EVIDENCE)
    who = [
        "--server",
        site.deployment.address,
        "--as",
        OPERATOR,
        "--key",
        key_path(site.app.settings, OPERATOR),
    ]
    proof = ["--evidence", tmp_path / "yes.txt"]
    line = [
        "consent",
        "amend",
        consent,
        "--territory",
        "FR",
        "--max-clips",
        3,
        "--no-topic",
        "money",
        *proof,
        *who,
    ]
    assert main([str(word) for word in line]) == 0
    assert "version 2" in capsys.readouterr().out
    amended = site.operator.consent(consent).scope
    assert (list(amended.territories), amended.max_clips, list(amended.purposes)) == (
        ["FR"],
        3,
        ["education"],
    )
    assert list(amended.script.topics) == ["money"]
    assert main([str(word) for word in ["consent", "renew", consent, "--days", 90, *proof, *who]]) == 0
    assert "version 3" in capsys.readouterr().out
    site.ask(consent_id=consent, territory="FR", script="Hello")
    assert main([str(word) for word in ["consent", "uses", site.identity_id, *who]]) == 0
    assert f"consent {consent} version 3" in capsys.readouterr().out


def test_policy_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The default set is right about its cases; a refusal is explained; a set does not differ from itself."""
    folder = str(default_folder())
    assert main(["policy", "test", "--policies", folder]) == 0
    assert "0 wrong" in capsys.readouterr().out
    assert main(["policy", "explain", f"{folder}/deny/minor.json", "--policies", folder]) == 1
    assert "basis.adult: A living person" in capsys.readouterr().out
    assert main(["policy", "diff", folder, folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == []
    assert main(["policy", "test", "--policies", str(tmp_path)]) == 2
    assert "MISCONFIGURED" in capsys.readouterr().err


def test_another_policy_comes_into_force_while_the_service_runs(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the log with its digest before it decides; a wrong one changes nothing."""
    import shutil

    folder = Path(shutil.copytree(default_folder(), tmp_path / "set"))
    monkeypatch.setattr(site.app.policy, "_folder", folder)
    before, watch = site.app.policy.digest, PolicyWatch(site.app, seconds=0.05)
    own = '@id("own.never") @reason("Never.") forbid (principal, action, resource);'
    try:
        (folder / "own.cedar").write_text(own)
        assert settle(lambda: site.app.policy.digest != before, 30)
        loaded = site.entries(kind="policy.loaded")[-1]
        assert (loaded["policy_sha256"], loaded["previous_sha256"]) == (site.app.policy.digest, before)
        with site.refused("PERMISSION_DENIED", "POLICY_REFUSED", "permit"):
            site.ask()
        (folder / "own.cedar").write_text(own.replace(";", " when { context.nothing };"))
        assert settle(lambda: site.app.policy.problem != "", 30)
        assert site.app.policy.digest == loaded["policy_sha256"]
        (folder / "own.cedar").unlink()
        watch.tell()
        assert settle(lambda: site.app.policy.digest == before, 30)
    finally:
        watch.close()
    site.ask()
