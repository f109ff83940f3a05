"""What C2PA 2.4 and its conformance program 0.2 ask of a generator, read from the raw bytes of a signed clip.

No code of a C2PA library is used here: boxes and CBOR are taken apart by the tests' own code, hashes computed
anew. Numbers are sections of the specification.
"""

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from safety.certificates import CLAIM_SIGNING
from tests.conformance.clips import SOUND, Site
from tests.conformance.raw_store import assertions, cbor, store_of, tree
from tests.safety.test_credentials import PAYLOAD, WATERMARK

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Manifest:
    """The active manifest: `claim`, `signature` (COSE_Sign1), `assertions` by label."""

    def __init__(self, clip: bytes) -> None:
        ((label, manifests),) = tree(store_of(clip))
        assert label == "c2pa"
        self.label, parts = manifests[-1]
        self.count = len(manifests)
        named = dict(parts)
        self.claim_label, self.claim = next(
            (name, value) for name, value in parts if name.startswith("c2pa.claim")
        )
        self.signature = named["c2pa.signature"]
        self.assertions: dict[str, Any] = dict(named["c2pa.assertions"])


@pytest.fixture(scope="module")
def plain(site: Site) -> Manifest:
    return Manifest(site.clip)


@pytest.fixture(scope="module")
def listed(stapled_site: Site) -> Manifest:
    """As an operator with a listed authority's certificate signs."""
    return Manifest(stapled_site.clip)


def leaf(manifest: Manifest) -> x509.Certificate:
    chain = cbor(manifest.signature[0])[33]
    return x509.load_der_x509_certificate(chain if isinstance(chain, bytes) else chain[0])


def test_claim(plain: Manifest) -> None:
    """10.2: claim v2, a URN as label, the generator with its name, version and specVersion."""
    assert plain.count == 1
    assert plain.claim_label == "c2pa.claim.v2"
    assert plain.label.startswith("urn:c2pa:")
    info = plain.claim["claim_generator_info"]
    assert (info["name"], info["specVersion"]) == ("Sitter", "2.4.0")
    assert info["version"]
    assert plain.claim["alg"] == "sha256"
    assert plain.claim["signature"].endswith("c2pa.signature")


def test_every_assertion_is_attested_and_hashed(plain: Manifest, site: Site) -> None:
    """10.3.2.2: all in created_assertions, none gathered; each hash is that of the box's bytes (8.4.2.3)."""
    assert "gathered_assertions" not in plain.claim or plain.claim["gathered_assertions"] == []
    named = {one["url"].rpartition("/")[2]: one["hash"] for one in plain.claim["created_assertions"]}
    assert set(named) == set(plain.assertions)
    hashes = {label: hashlib.sha256(body).digest() for label, body in assertions(store_of(site.clip)).items()}
    assert hashes == named


def test_one_hard_binding(plain: Manifest) -> None:
    """18.6: exactly one, c2pa.hash.bmff.v3, SHA-256, leaving out only what is allowed."""
    bindings = [label for label in plain.assertions if label.startswith("c2pa.hash.")]
    assert bindings == ["c2pa.hash.bmff.v3"]
    binding = plain.assertions["c2pa.hash.bmff.v3"]
    assert (binding["alg"], len(binding["hash"])) == ("sha256", 32)
    left_out = {one["xpath"] for one in binding["exclusions"]}
    assert left_out <= {"/uuid", "/ftyp", "/mfra", "/free", "/skip", "/emsg"}
    (own,) = [one for one in binding["exclusions"] if one["xpath"] == "/uuid"]
    assert own["data"][0]["value"].hex() == "d8fec3d61b0e483c92975828877ec481"  # not the box with our XMP


def test_actions(plain: Manifest) -> None:
    """18.15: created once and first, with source type and inputs; the label by its own type; marks bound."""
    said = plain.assertions["c2pa.actions.v2"]
    assert said["allActionsIncluded"] is True
    names = [one["action"] for one in said["actions"]]
    assert names == ["c2pa.created", "c2pa.edited", "c2pa.watermarked.bound", "c2pa.watermarked.bound"]
    created, edited, *_ = said["actions"]
    assert created["digitalSourceType"] == IPTC + "compositeWithTrainedAlgorithmicMedia"
    assert edited["digitalSourceType"] == IPTC + "algorithmicMedia"
    ingredients = {one["url"].rpartition("/")[2] for one in created["parameters"]["ingredients"]}
    assert ingredients == {label for label in plain.assertions if label.startswith("c2pa.ingredient")}
    for one in said["actions"]:
        assert isinstance(one["softwareAgent"], dict)
        assert one["when"].endswith("Z")


def test_ingredients(plain: Manifest) -> None:
    """18.16: version 3, given to the model, named by part and never by file."""
    inputs = {label: one for label, one in plain.assertions.items() if label.startswith("c2pa.ingredient")}
    assert {label.partition("__")[0] for label in inputs} == {"c2pa.ingredient.v3"}
    assert {one["relationship"] for one in inputs.values()} == {"inputTo"}
    assert {one["dc:title"] for one in inputs.values()} == {"portrait", "speech"}
    assert not any("thumbnail" in key.lower() for one in inputs.values() for key in one)


def test_soft_bindings_training_and_disclosure(plain: Manifest) -> None:
    """18.10, CAWG training-mining, c2pa.ai-disclosure: a binding a mark, all uses refused, the model."""
    bindings = [one for label, one in plain.assertions.items() if label.startswith("c2pa.soft-binding")]
    assert {(one["alg"], one["blocks"][0]["value"]) for one in bindings} == {
        (WATERMARK, PAYLOAD),
        (SOUND, PAYLOAD),
    }
    uses = plain.assertions["cawg.training-mining"]["entries"]
    assert {one["use"] for one in uses.values()} == {"notAllowed"}
    assert len(uses) == 4
    disclosed = plain.assertions["c2pa.ai-disclosure"]
    assert disclosed["modelType"] == "c2pa.types.model"
    assert disclosed["contentProfile"]["humanOversightLevel"]


def test_signature(plain: Manifest) -> None:
    """14.5.1: detached, ES256, a version 3 certificate with the key usages, no authority's; O and CN."""
    protected, _, payload, signature = plain.signature
    assert payload is None
    assert cbor(protected)[1] == -7
    assert len(signature) == 64
    certificate = leaf(plain)
    assert certificate.version is x509.Version.v3
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign) == (True, True, False)
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    purposes = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    assert CLAIM_SIGNING in purposes
    assert not purposes & {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING}
    assert extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 90
    for name in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        assert certificate.subject.get_attributes_for_oid(name)


def test_time_and_revocation(plain: Manifest, listed: Manifest) -> None:
    """10.3.2.5, 14.5.2: one version 2 time-stamp; where there is a responder, its stapled answer."""
    for manifest in (plain, listed):
        header = manifest.signature[1]
        assert "sigTst" not in header
        assert len(header["sigTst2"]["tstTokens"]) == 1
        assert set(header["pad"]) <= {0}
    assert "rVals" not in plain.signature[1]
    (answer,) = listed.signature[1]["rVals"]["ocspVals"]
    said = x509.ocsp.load_der_ocsp_response(answer)
    assert said.certificate_status is x509.ocsp.OCSPCertStatus.GOOD
    assert said.serial_number == leaf(listed).serial_number


def test_nobody_is_named(plain: Manifest, site: Site) -> None:
    """6.8: commitments of 64 hex digits; no picture, no file name, no text of a person in the whole store."""
    consent = plain.assertions["dev.sitter.consent"]
    assert all(len(bytes.fromhex(value)) == 32 for value in consent["commitments"].values())
    assert set(consent) == {"version", "basis", "inputs", "commitments"}
    store = store_of(site.clip)
    for sign in (b"\x89PNG", b"JFIF", b"thumbnail", b".wav", b".png"):
        assert sign not in store.split(b"c2pa.signature\0")[0]
