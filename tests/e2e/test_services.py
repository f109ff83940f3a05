"""Identities, consents, the log and the server itself over gRPC."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from safety import merkle
from safety.evidence import verify_log, verify_pack
from safety.note import NoteKey
from service.client import Generated, RemoteError
from service.pb.sitter.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    consent_pb2,
    consent_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
)
from tests.e2e.conftest import AUDITOR, DECLARATION, EVIDENCE, LABEL, OPERATOR, Site, scope

SERVICES = {
    f"sitter.v1.{name}Service"
    for name in ("Identity", "Consent", "ConsentSession", "Generation", "Detection", "Audit")
}


@pytest.fixture
def other(site: Site, stranger: bytes) -> identity_pb2.Identity:
    """A second identity, for what is erased."""
    identity = site.operator.enroll(
        [stranger], basis="artwork", label="Other", declaration="a drawing of 1890", adult=False
    ).identity
    site.approve(identity.identity_id)
    return identity


def test_an_identity(site: Site) -> None:
    """What was enrolled is shown, without what must not be."""
    shown = site.operator.identity(site.identity_id)
    assert shown.basis == identity_pb2.BASIS_CHARACTER
    assert (shown.pictures, shown.protected, shown.erased) == (3, False, False)
    assert (shown.enrolled_by, shown.encoder) == (OPERATOR, "dlib-resnet-v1")
    assert abs(shown.enrolled_at.ToDatetime(tzinfo=UTC) - datetime.now(UTC)).total_seconds() < 600
    assert LABEL not in str(shown)
    assert DECLARATION not in str(shown)
    assert shown in list(site.auditor.identities())
    with pytest.raises(RemoteError) as caught:
        site.operator.identity("0" * 32)
    assert (caught.value.code, caught.value.reason) == ("NOT_FOUND", "IDENTITY_UNKNOWN")


def test_erasing_withdraws(site: Site, other: identity_pb2.Identity) -> None:
    """The identity's consents go with it; all of it is on record; it cannot be given new ones."""
    first, second = site.grant(other.identity_id), site.grant(other.identity_id)
    site.operator.withdraw(first)
    erased = site.operator.erase(other.identity_id)
    assert erased.identity.erased
    assert list(erased.withdrawn_consent_ids) == [second]
    assert site.operator.consent(second).state == consent_pb2.CONSENT_STATE_WITHDRAWN
    kinds = [entry["kind"] for entry in site.entries(identity_id=other.identity_id)]
    assert kinds == ["identity.enrolled", "identity.reviewed", "consent.granted", "consent.granted",
                     "consent.withdrawn", "consent.withdrawn", "identity.erased"]  # fmt: skip
    with pytest.raises(RemoteError) as caught:
        site.grant(other.identity_id)
    assert caught.value.reason == "IDENTITY_ERASED"
    again = site.operator.erase(other.identity_id)  # cannot be undone, may be repeated
    assert again.identity.erased


def test_a_consent(site: Site) -> None:
    """Granted, shown, listed, withdrawn once; a second withdrawal answers with the first."""
    wanted = scope(purposes=["museum", "education"])
    granted = site.operator.grant(site.identity_id, wanted, evidence=EVIDENCE, notice="test-1")
    shown = site.auditor.consent(granted.consent.consent_id)
    assert shown == granted.consent
    assert sorted(wanted.purposes) == list(shown.scope.purposes)
    assert (shown.state, shown.granted_by) == (consent_pb2.CONSENT_STATE_GIVEN, OPERATOR)
    assert EVIDENCE not in str(shown)
    assert shown in list(site.operator.consents(site.identity_id))
    assert list(site.operator.consents("f" * 32)) == []
    first = site.operator.withdraw(shown.consent_id)
    second = site.operator.withdraw(shown.consent_id)
    assert first.log_index == second.log_index
    assert first.consent.withdrawn_at == second.consent.withdrawn_at
    assert second.consent.state == consent_pb2.CONSENT_STATE_WITHDRAWN
    with pytest.raises(RemoteError) as caught:
        site.operator.withdraw("0" * 32)
    assert caught.value.reason == "CONSENT_UNKNOWN"


def test_pages(site: Site, other: identity_pb2.Identity) -> None:
    """Small pages give the same as one large page; a token of nobody's is refused."""
    for _ in range(3):
        site.grant()
    whole = [consent.consent_id for consent in site.operator.consents()]
    index = [entry.index for entry in site.auditor.entries()]
    with grpc.insecure_channel(site.deployment.address) as channel:
        consents, identities = (
            consent_pb2_grpc.ConsentServiceStub(channel), identity_pb2_grpc.IdentityServiceStub(channel),
        )  # fmt: skip
        audit = audit_pb2_grpc.AuditServiceStub(channel)
        operator = {"metadata": [("authorization", f"Bearer {site.token(OPERATOR)}")]}
        auditor = {"metadata": [("authorization", f"Bearer {site.token(AUDITOR)}")]}
        found, token = [], ""
        while True:
            page = consents.ListConsents(
                consent_pb2.ListConsentsRequest(page_size=2, page_token=token), **operator
            )
            assert 1 <= len(page.consents) <= 2
            found += [consent.consent_id for consent in page.consents]
            if not (token := page.next_page_token):
                break
        assert found == whole
        page = identities.ListIdentities(identity_pb2.ListIdentitiesRequest(page_size=1), **operator)
        assert page.next_page_token
        with pytest.raises(grpc.RpcError) as caught:
            identities.ListIdentities(identity_pb2.ListIdentitiesRequest(page_token="x"), **operator)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        read, start = [], 0
        while start >= 0:
            entries = audit.ListEntries(audit_pb2.ListEntriesRequest(start=start, page_size=3), **auditor)
            read += [entry.index for entry in entries.entries]
            start = entries.next_start
        assert read == index == list(range(len(index)))
    site.operator.erase(other.identity_id)


def test_proofs(site: Site, released: Generated) -> None:
    """Inclusion of every entry of the clip, and consistency of an older checkpoint with a newer one."""
    key = NoteKey.parse(site.auditor.checkpoint().vkey)
    old = key.open(site.auditor.checkpoint().checkpoint)
    site.grant()
    new = key.open(site.auditor.checkpoint().checkpoint)
    assert new.size > old.size
    proof = site.auditor.consistency(old.size)
    merkle.verify_consistency(old.size, proof.new_size, old.root, new.root, list(proof.hashes))
    for size, head in ((old.size, old), (0, new)):
        given = site.auditor.inclusion(released.release.log_index, size)
        merkle.verify_inclusion(
            merkle.leaf_hash(given.entry.body), given.entry.index, given.size, list(given.hashes), head.root
        )
    proven = site.auditor.provenance(released.release.record_id)
    assert [json.loads(each.entry.body)["gate"] for each in proven.entries][-1] == "release"
    for each in proven.entries:
        head, _, note = each.proof.partition("\n\n")
        path = [base64.b64decode(line) for line in head.split("\n")[2:]]
        signed = key.open(note)
        leaf = merkle.leaf_hash(each.entry.body)
        merkle.verify_inclusion(leaf, each.entry.index, signed.size, path, signed.root)
    for act in (
        lambda: site.auditor.inclusion(10**9),
        lambda: site.auditor.consistency(10**9),
        lambda: site.auditor.inclusion(0, 10**9),
        lambda: site.auditor.provenance("0" * 24),
        lambda: site.auditor.evidence("0" * 24),
    ):
        with pytest.raises(RemoteError) as caught:
            act()
        assert (caught.value.code, caught.value.reason) == ("NOT_FOUND", "RECORD_UNKNOWN")


def test_evidence(site: Site, released: Generated, tmp_path: Path) -> None:
    """Packs of one clip and of the whole log verify offline with the published key; changed, they do not."""
    vkey = (site.app.settings.data / "log.vkey").read_text().strip()
    assert vkey == site.auditor.checkpoint().vkey
    pack, whole = tmp_path / "clip.zip", tmp_path / "log.zip"
    pack.write_bytes(site.auditor.evidence(released.release.record_id))
    whole.write_bytes(site.auditor.evidence())
    for path in (pack, whole):
        result = verify_pack(path, vkey)
        assert result.ok, result.failure
    assert verify_pack(whole, vkey).entries > verify_pack(pack, vkey).entries >= 12
    data = bytearray(pack.read_bytes())
    data[data.index(b'"outcome":"passed"') + 11] ^= 1
    pack.write_bytes(data)
    assert not verify_pack(pack, vkey).ok
    assert verify_log(site.app.settings.data / "records.db", vkey).ok


def test_a_pack_has_a_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of more entries than a pack holds: the limit is named."""
    monkeypatch.setattr("safety.evidence.PACK_ENTRIES", 2)
    with pytest.raises(RemoteError) as caught:
        site.auditor.evidence()
    assert (caught.value.code, caught.value.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_REFUSED")
    assert caught.value.metadata["most"] == "2"


def test_health_and_reflection(site: Site) -> None:
    """Open to anybody: the service is up, and says what it serves."""
    with grpc.insecure_channel(site.deployment.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", *SERVICES):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked, timeout=5)
    listed = {each.name for each in answer.list_services_response.service}
    assert {name for name in listed if name.startswith("sitter.")} == SERVICES
