"""encypher-c2pa, a verifier that shares no code with ours, accepts our clip and rejects each tampering."""

from typing import Any

import pytest

from safety.selftest import tiny_clip
from tests.conformance.clips import TAMPERED, Site, forged_time

encypher = pytest.importorskip("encypher_c2pa", reason="pip install encypher-c2pa==1.7.1")


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the answer about telemetry in the user's folder: not in ours."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


def verify(data: bytes, own: str, time: str, **options: Any) -> Any:
    return encypher.verify(
        data, "video/mp4", trust_pem=own, tsa_trust_pem=time, no_default_trust=True, telemetry=False,
        online=False, **options,
    )  # fmt: skip


def codes(report: Any, kind: str) -> list[str]:
    return [each["code"] for each in report["validation_results"][kind]]


def test_ours_as_released(site: Site) -> None:
    """Intact, its signer and its time-stamper trusted by their own lists, nothing failed."""
    report = verify(site.clip, site.lists.own, site.lists.time)
    assert (report["integrity"], report["signature"], report["hard_binding"]) == ("valid", "valid", "match")
    assert report["trust"]["status"] == "valid_for_supplied_material"
    assert codes(report, "failure") == []
    assert "timeStamp.trusted" in codes(report, "success")


def test_by_the_conformance_program(site: Site) -> None:
    """All that its strict profile misses is revocation information: the development authority has none."""
    report = verify(site.clip, site.lists.own, site.lists.time, strict_conformance=True)
    assert report["integrity"] == "valid"
    assert codes(report, "failure") == ["com.encypher.conformance.revocationInformationMissing"]


def test_a_listed_authority_s_clip(stapled_site: Site) -> None:
    """With the authority's stapled answer the strict profile finds nothing amiss."""
    lists = stapled_site.lists
    report = verify(stapled_site.clip, lists.own, lists.time, strict_conformance=True)
    assert (report["integrity"], codes(report, "failure")) == ("valid", [])
    assert "signingCredential.ocsp.notRevoked" in codes(report, "success")


@pytest.mark.parametrize("tampering", TAMPERED)
def test_tampering_is_rejected(site: Site, tampering: str) -> None:
    """Not valid, or no file at all."""
    try:
        report = verify(TAMPERED[tampering](site.clip), site.lists.own, site.lists.time)
    except ValueError:
        return
    assert report["integrity"] == "invalid"


def test_lists_are_not_one_another(site: Site) -> None:
    """With the lists swapped neither the signer nor the time is trusted."""
    report = verify(site.clip, site.lists.time, site.lists.own)
    assert report["trust"]["status"] == "not_valid_for_supplied_material"
    assert "signingCredential.untrusted" in codes(report, "failure")
    assert "timeStamp.trusted" not in codes(report, "success")


def test_forged_time_and_stripped(site: Site) -> None:
    """A changed time-stamp is not trusted; a clip without a manifest is not valid."""
    report = verify(forged_time(site.clip), site.lists.own, site.lists.time)
    assert "timeStamp.trusted" not in codes(report, "success")
    assert verify(tiny_clip(), site.lists.own, site.lists.time)["integrity"] == "invalid"
