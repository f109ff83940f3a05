"""Amending, renewing and the signed versions: nothing is overwritten, nothing is ended by mistake."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safety.consent import Consent, Consents
from safety.consent_pdf import lines, receipt_pdf
from safety.consent_record import RecordSigner, digest, verify
from safety.dpv import PURPOSES as DPV_PURPOSES
from safety.errors import (
    ConsentConflict,
    ConsentExpired,
    ConsentInvalid,
    ConsentNotYetValid,
    ConsentScope,
    ConsentUnknown,
    ConsentWithdrawn,
    EvidenceInvalid,
    StoreUnavailable,
)
from safety.scope import TERM, Ask, Scope
from safety.script import ScriptRule
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vocabulary import PURPOSES, TERRITORIES

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=1)
SCOPE = Scope(
    callers=frozenset({"studio"}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
    channels=frozenset({"web"}), not_before=START, not_after=START + timedelta(days=90), max_seconds=30.0,
    emotions=frozenset(), controls=frozenset(), live=False,
)  # fmt: skip
WIDER = replace(SCOPE, territories=frozenset({"DE", "FR"}))
ASK = Ask("0f" * 16, "studio", "course", "DE", "web", 12.5, frozenset(), frozenset(), False)
SIGNER = RecordSigner.of(b"7" * 32, "test.example/sitter")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as opened:
        yield opened


@pytest.fixture
def consents(db: Database) -> Consents:
    return Consents(db, lambda domain, data: (domain.encode() + data).hex()[:64].rjust(64, "0"), SIGNER)


def grant(consents: Consents, scope: Scope = SCOPE, at: datetime = START) -> Consent:
    return consents.grant(
        identity_id="0f" * 16,
        basis="consent",
        scope=scope,
        evidence="yes",
        notice="n-1",
        granted_by="desk",
        at=at,
    )


def amend(consents: Consents, consent: Consent, scope: Scope = WIDER, at: datetime = NOW) -> Consent:
    return consents.amend(
        consent.consent_id,
        version=consent.version,
        scope=scope,
        evidence="again",
        notice="n-2",
        by="desk",
        at=at,
    )


def renew(consents: Consents, consent: Consent, not_after: datetime, at: datetime = NOW) -> Consent:
    return consents.renew(
        consent.consent_id, version=consent.version, not_after=not_after, evidence="longer", notice="n-3",
        by="desk", at=at,
    )  # fmt: skip


# --- amending and renewing -------------------------------------------------------------------------


def test_an_amendment_is_what_holds_from_then_on(consents: Consents) -> None:
    """The new scope decides, with its own notice and evidence; when it was granted stays."""
    first = grant(consents)
    with pytest.raises(ConsentScope):
        consents.verify(first.consent_id, replace(ASK, territory="FR"), NOW)
    second = amend(consents, first)
    assert consents.verify(first.consent_id, replace(ASK, territory="FR"), NOW) == second
    assert (second.version, second.notice, second.granted_at) == (2, "n-2", START)
    assert second.evidence != first.evidence


def test_narrowing_takes_away(consents: Consents) -> None:
    """What an amendment leaves out is refused, though version 1 allowed it."""
    first = grant(consents, WIDER)
    amend(consents, first, SCOPE)
    with pytest.raises(ConsentScope):
        consents.verify(first.consent_id, replace(ASK, territory="FR"), NOW)


def test_old_versions_stay_readable(consents: Consents) -> None:
    """Every version's receipt is kept as it was signed."""
    consent = amend(consents, grant(consents))
    before = consents.receipts(consent.consent_id)
    consents.withdraw(consent.consent_id, at=NOW, by="sitter")
    after = consents.receipts(consent.consent_id)
    assert after[:2] == before
    assert [r["record"]["event"]["type"] for r in after] == ["granted", "amended", "withdrawn"]
    assert [r["record"]["territories"] for r in after] == [["DE"], ["DE", "FR"], ["DE", "FR"]]


def test_a_renewal_changes_the_term_alone(consents: Consents) -> None:
    """The term begins again at the renewal, so that 366 days from then are possible; the rest is the same."""
    first = grant(consents)
    renewed = renew(consents, first, NOW + TERM)
    assert renewed.scope == replace(SCOPE, not_before=NOW, not_after=NOW + TERM)
    with pytest.raises(ConsentInvalid):
        renew(consents, renewed, NOW + TERM)  # not later than it is
    with pytest.raises(ConsentInvalid):
        renew(consents, renewed, NOW + TERM + timedelta(days=1))


def test_an_expired_consent_can_be_renewed_and_a_withdrawn_one_cannot(consents: Consents) -> None:
    """Being over is no withdrawal: the sitter may agree again."""
    late = SCOPE.not_after + timedelta(days=5)
    consent = grant(consents)
    with pytest.raises(ConsentExpired):
        consents.verify(consent.consent_id, ASK, late)
    renewed = renew(consents, consent, late + timedelta(days=30), late)
    assert consents.verify(consent.consent_id, ASK, late) == renewed
    consents.withdraw(consent.consent_id, at=late, by="sitter")
    with pytest.raises(ConsentWithdrawn):
        renew(consents, consents.get(consent.consent_id), late + timedelta(days=60), late)
    with pytest.raises(ConsentWithdrawn):
        amend(
            consents,
            consents.get(consent.consent_id),
            replace(WIDER, not_after=late + timedelta(days=9)),
            late,
        )


def test_a_consent_not_begun_is_renewed_without_beginning_earlier(consents: Consents) -> None:
    """A renewal never allows a day before the agreed first one."""
    scope = replace(SCOPE, not_before=NOW + timedelta(days=5))
    consent = renew(consents, grant(consents, scope), SCOPE.not_after + timedelta(days=1))
    with pytest.raises(ConsentNotYetValid):
        consents.verify(consent.consent_id, ASK, NOW)


@pytest.mark.parametrize(
    "change", [{"evidence": ""}, {"notice": ""}, {"scope": replace(SCOPE, not_after=NOW)}]
)
def test_an_amendment_needs_what_a_grant_needs(consents: Consents, change: dict[str, Any]) -> None:
    """No evidence, no notice or a term already over: the old version holds."""
    consent = grant(consents)
    given = {"version": 1, "scope": WIDER, "evidence": "x", "notice": "n", "by": "desk", "at": NOW} | change
    with pytest.raises(ConsentInvalid):
        consents.amend(consent.consent_id, **given)
    assert consents.get(consent.consent_id) == consent


def test_of_two_operators_at_once_one_amends_and_the_other_is_told(consents: Consents) -> None:
    """Both read version 1; exactly one change lands, the other names the version that is current."""
    consent = grant(consents)
    gate, results = threading.Barrier(2), []

    def operator(territory: str) -> None:
        gate.wait()
        try:
            results.append(amend(consents, consent, replace(SCOPE, territories=frozenset({territory}))))
        except ConsentConflict as error:
            results.append(error)

    threads = [threading.Thread(target=operator, args=(code,)) for code in ("FR", "JP")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [each for each in results if isinstance(each, Consent)]
    (lost,) = [each for each in results if isinstance(each, ConsentConflict)]
    assert consents.get(consent.consent_id) == won
    assert lost.metadata == {"version": "2"}
    assert len(consents.receipts(consent.consent_id)) == 2


def test_of_two_withdrawals_at_once_one_is_recorded(consents: Consents) -> None:
    """Both get the same answer; there is one last version, and an amendment after it is told why not."""
    consent = grant(consents)
    gate, results = threading.Barrier(2), []

    def operator(name: str) -> None:
        gate.wait()
        results.append(consents.withdraw(consent.consent_id, at=NOW, by=name))

    threads = [threading.Thread(target=operator, args=(name,)) for name in ("desk", "sitter")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1] == consents.get(consent.consent_id)
    assert [r["record"]["version"] for r in consents.receipts(consent.consent_id)] == [1, 2]
    with pytest.raises(ConsentWithdrawn):
        amend(consents, consent)


def test_a_consent_from_before_receipts_can_be_amended(consents: Consents, db: Database) -> None:
    """It holds, has no receipt, and gets one with its next version."""
    consent = grant(consents)
    with db.transaction() as tx:
        tx.execute("DELETE FROM consent_versions")
    assert consents.verify(consent.consent_id, ASK, NOW) == consent
    with pytest.raises(ConsentUnknown):
        consents.receipts(consent.consent_id)
    amend(consents, consent)
    (receipt,) = consents.receipts(consent.consent_id)
    assert (receipt["record"]["version"], receipt["record"]["previous_sha256"]) == (2, None)


def test_an_amendment_rolled_back_never_was(consents: Consents, db: Database) -> None:
    """It joins the caller's transaction: version, receipt and bell vanish with it."""
    consent, heard = grant(consents), []
    consents.subscribe(heard.append)

    def doomed() -> None:
        with db.transaction() as tx:
            consents.amend(
                consent.consent_id, version=1, scope=WIDER, evidence="x", notice="n", by="desk", at=NOW, tx=tx
            )
            tx.execute("SELECT * FROM no_such_table")

    with pytest.raises(StoreUnavailable):
        doomed()
    assert (consents.get(consent.consent_id), heard) == (consent, [])
    assert len(consents.receipts(consent.consent_id)) == 1


# --- clocks ----------------------------------------------------------------------------------------


def test_record_times_never_go_backwards(consents: Consents) -> None:
    """A clock set back does not date a version before the one that it replaces."""
    consent = amend(consents, grant(consents), at=NOW)
    withdrawn = consents.withdraw(consent.consent_id, at=START - timedelta(days=300), by="desk")
    assert withdrawn.withdrawn_at == NOW
    times = [r["record"]["event"]["time"] for r in consents.receipts(consent.consent_id)]
    assert times == sorted(times)


def test_a_clock_set_back_does_not_revive_an_expired_consent(consents: Consents) -> None:
    """What was over when anything was recorded stays over; before its term it is refused as not yet valid."""
    consent = grant(consents)
    later = SCOPE.not_after + timedelta(days=1)
    assert consents.is_live(consent.consent_id, NOW)
    grant(consents, replace(SCOPE, not_before=later, not_after=later + timedelta(days=1)), later)
    with pytest.raises(ConsentExpired):
        consents.verify(consent.consent_id, ASK, NOW)
    assert not consents.is_live(consent.consent_id, NOW)
    with pytest.raises(ConsentNotYetValid):
        consents.verify(consent.consent_id, ASK, START - timedelta(days=400))


# --- receipts --------------------------------------------------------------------------------------


def test_a_receipt_is_checked_with_the_public_key_alone(consents: Consents) -> None:
    """After a trip through JSON the signature fits; the record says what was agreed, in DPV's terms too."""
    scope = replace(SCOPE, script=ScriptRule("topics", topics=frozenset({"money"})), max_clips=5)
    consent = grant(consents, scope)
    (receipt,) = consents.receipts(consent.consent_id)
    record = verify(json.loads(json.dumps(receipt)), SIGNER.public_key)
    assert record["record_id"] == consent.consent_id
    assert record["parties"] == {
        "controller": "test.example/sitter", "pii_principal": "0f" * 16, "recipients": ["studio"]
    }  # fmt: skip
    assert record["purposes"] == [{"code": "education", "dpv": "https://w3id.org/dpv#PublicBenefit"}]
    assert record["limits"]["clips"] == 5
    assert record["script"]["ruled_out_topics"] == ["money"]
    assert record["event"]["state"] == "https://w3id.org/dpv#ConsentGiven"


def test_versions_are_chained(consents: Consents) -> None:
    """Each record names the digest of the one before it, so that none can be left out."""
    consent = renew(consents, amend(consents, grant(consents)), START + timedelta(days=200))
    records = [r["record"] for r in consents.receipts(consent.consent_id)]
    assert [r["previous_sha256"] for r in records] == [None, digest(records[0]), digest(records[1])]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r["record"]["territories"].append("US"),
        lambda r: r["record"]["limits"].update(clips=10**6),
        lambda r: r["record"].update(schema="sitter.consent-record.2"),
        lambda r: r["record"].pop("event"),
        lambda r: r["signature"].update(value="AAAA"),
        lambda r: r["signature"].update(value="not base64"),
        lambda r: r["signature"].update(algorithm="none"),
        lambda r: r["signature"].update(public_key=base64.b64encode(b"1" * 32).decode()),
        lambda r: r.pop("signature"),
        lambda r: r["record"].update(version=float("nan")),
    ],
    ids=[
        "territory",
        "limit",
        "schema",
        "event",
        "signature",
        "base64",
        "algorithm",
        "key",
        "unsigned",
        "nan",
    ],
)
def test_a_receipt_that_was_touched_is_none(consents: Consents, spoil: Any) -> None:
    """Any change to what was agreed, or to the signature, is found; nothing is printed of it."""
    (receipt,) = consents.receipts(grant(consents).consent_id)
    spoil(receipt)
    with pytest.raises(EvidenceInvalid):
        verify(receipt, SIGNER.public_key)
    with pytest.raises(EvidenceInvalid):
        receipt_pdf(receipt)


@pytest.mark.parametrize("nonsense", [None, 7, "receipt", [], {}, {"record": 1, "signature": 2}])
def test_what_is_no_receipt_is_refused(nonsense: Any) -> None:
    """Nothing but our error comes of it."""
    with pytest.raises(EvidenceInvalid):
        verify(nonsense)


def test_another_services_receipt_is_refused(consents: Consents) -> None:
    """A right signature by another key is not ours, once our key is given."""
    (receipt,) = consents.receipts(grant(consents).consent_id)
    assert verify(receipt)
    with pytest.raises(EvidenceInvalid):
        verify(receipt, RecordSigner.of(b"8" * 32, "x").public_key)


def test_the_paper_says_what_the_record_says(consents: Consents) -> None:
    """The PDF is one, is the same each time, and its lines hold every part of the record."""
    scope = replace(SCOPE, total_seconds=600.0, languages=frozenset({"de"}))
    consent = consents.grant(
        identity_id="0f" * 16, basis="consent", scope=scope, evidence="yes",
        notice="Hinweis 同意 <b>", granted_by="desk", at=START,
    )  # fmt: skip
    (receipt,) = consents.receipts(consent.consent_id)
    pdf = receipt_pdf(receipt)
    assert pdf.startswith(b"%PDF-")
    assert pdf == receipt_pdf(receipt)
    said = dict(lines(receipt))
    assert said["All clips together"] == "600 seconds"
    assert said["Number of clips"] == "no limit of its own"
    assert said["Languages"] == "de"
    assert consent.consent_id == said["Record"]


def test_the_longest_record_fits_on_paper(consents: Consents) -> None:
    """Every country and 500 terms of 100 letters run over several pages."""
    terms = frozenset(f"{number:0>100}" for number in range(500))
    scope = replace(SCOPE, territories=frozenset(TERRITORIES), script=ScriptRule("topics", terms=terms))
    (receipt,) = consents.receipts(grant(consents, scope).consent_id)
    assert receipt_pdf(receipt).count(b"/Type /Page\n") > 5


def test_receipts_of_nothing(consents: Consents) -> None:
    """There is no receipt of a consent that does not exist."""
    with pytest.raises(ConsentUnknown):
        consents.receipts("a" * 32)


def test_every_purpose_has_its_term() -> None:
    """Our codes and the map to DPV are the same set."""
    assert DPV_PURPOSES.keys() == PURPOSES.keys()
    assert all(iri.startswith("https://w3id.org/dpv#") for iri in DPV_PURPOSES.values())
