"""Reading Content Credentials: what any file claims, and by which of our lists we believe it.

The settings here close the library's traps: trust lists are pooled (so the list's name is compared), unknown
settings are ignored without a word (so `safety.selftest` tries them), and by default it fetches what a file
tells it to.
"""

import json
import os
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal

import c2pa

from safety import claim
from safety.errors import Misconfigured
from safety.trust import TrustLists

MAX_BYTES = 500 << 20
"""Largest file that is signed or read: the library takes 0.56 GB of memory for 1 GB, and time in
proportion.
"""

OWN, TIME, FOREIGN = "urn:sitter:own-signers", "urn:sitter:time-stampers", "urn:sitter:foreign-signers"
_EKUS = (
    "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4\n"  # C2PA claim, document, e-mail signing
)


@dataclass(frozen=True)
class CredentialReading:
    """What a file's Content Credentials say, and how far they hold.

    All strings are the file's own and at most 200 characters: show them as such, believe none unless `ours`.

    Attributes:
        state: none: no credentials; trusted: valid and by a signer of a list; valid: unchanged since an
            unknown signer; invalid: changed, broken or unreadable.
        ours: trusted by the list of our own signers.
        manifest_id: of the active manifest; empty if there is none.
        issuer: who the certificate says it is.
        generator: what the claim says made it.
        failures: codes of what failed.
        soft_binding: (algorithm, value) of the first soft binding, or None.
        actions: what the claim says was done, in order.
        source_type: IPTC digital source type of the first action that has one, its last word; else empty.
        signed_at: when, by the time-stamp or the signer's clock; else empty.
        consent: of `dev.sitter.consent`: commitments by name.
        ingredients: for each ingredient its title, relationship and number of failures.
    """

    state: Literal["none", "trusted", "valid", "invalid"]
    ours: bool = False
    manifest_id: str = ""
    issuer: str = ""
    generator: str = ""
    failures: tuple[str, ...] = ()
    soft_binding: tuple[str, str] | None = None
    actions: tuple[str, ...] = ()
    source_type: str = ""
    signed_at: str = ""
    consent: tuple[tuple[str, str], ...] = ()
    ingredients: tuple[tuple[str, str, int], ...] = ()

    @property
    def expired(self) -> bool:
        """Nothing is wrong but the age: unchanged, but signed under a certificate that has ended by now.

        Without a time-stamp nothing in such a file shows that it was signed in time, so it is "invalid" (C2PA
        2.4, 15.8). That the log holds an issue with the digest of this very file does show it.
        """
        codes = set(self.failures)
        return (
            "signingCredential.expired"
            in codes
            <= {"signingCredential.expired", "signingCredential.untrusted"}
        )


def make_context(lists: TrustLists) -> Any:
    """A C2PA context: our settings, no network, nothing added by itself, everything checked.

    Raises:
        Misconfigured: the library refuses the settings.
    """
    kinds = (("manifest", OWN, lists.own), ("tsa", TIME, lists.time), ("manifest", FOREIGN, lists.foreign))
    actions = {f"auto_{name}_action": {"enabled": False} for name in ("created", "opened", "placed")}
    settings = {
        "version": 1,
        "trust": {
            "trust_config": _EKUS,  # without it a certificate with C2PA's own key usage is refused
            "anchors": [
                {"trust_kind": kind, "trust_uri": uri, "trust_anchors": pem}
                for kind, uri, pem in kinds
                if pem.strip()
            ],
        },
        "verify": {
            "verify_after_sign": True,
            "verify_after_sign_hash": True,  # the former alone does not hash the file (c2pa-rs#2277)
            "verify_trust": True,
            "verify_timestamp_trust": True,
            "remote_manifest_fetch": False,  # a file must not make us call its URLs
            "ocsp_fetch": False,
        },
        "core": {"allowed_network_hosts": []},
        "builder": {
            "thumbnail": {"enabled": False},  # a thumbnail of the portrait is a face in every file
            "created_assertion_labels": list(claim.CREATED_LABELS),
            "actions": {"all_actions_included": True, **actions},
        },
    }
    try:
        return c2pa.Context.from_dict(settings)
    except c2pa.C2paError as error:
        raise Misconfigured("the C2PA library refuses its settings or a trust list") from error


def read_stream(stream: BinaryIO, media_type: str, context: Any) -> CredentialReading:
    """Read and validate with a context of `make_context`; whatever the bytes are, this does not raise."""
    if size_of(stream) > MAX_BYTES:
        return CredentialReading("invalid", failures=("sitter.tooLarge",))
    try:
        with c2pa.Reader(media_type, stream, context=context) as reader:
            store = json.loads(reader.json())
        return _reading(store)
    except c2pa.C2paError.ManifestNotFound:
        return CredentialReading("none")
    except c2pa.C2paError.NotSupported:
        return CredentialReading("none", failures=("sitter.formatUnsupported",))
    except Exception as error:
        # Of a hostile file anything may fail, in the library or in its report: it is unreadable, which is a
        # finding.
        return CredentialReading(
            "invalid", failures=(f"sitter.unreadable.{type(error).__name__.lstrip('_')}",)
        )


def _reading(store: dict[str, Any]) -> CredentialReading:
    active = store["manifests"][store["active_manifest"]]
    results = store.get("validation_results") or {}
    failures = tuple(_text(failure.get("code")) for failure in results["activeManifest"]["failure"])
    trusted_by = results.get("trustListUri")
    reported = store.get("validation_state")
    if reported == "Trusted" and trusted_by in (OWN, FOREIGN):
        state: Literal["trusted", "valid", "invalid"] = "trusted"
    elif reported in ("Trusted", "Valid"):
        # Any listed root, also a time-stamper's, makes the library say "Trusted" (c2pa-rs#2388): the list
        # decides.
        state = "valid"
    else:
        state = "invalid"
    signature = active.get("signature_info") or {}
    generators = active.get("claim_generator_info") or [{}]
    reading = CredentialReading(
        state=state,
        ours=state == "trusted" and trusted_by == OWN,
        manifest_id=_text(store["active_manifest"]),
        issuer=_text(signature.get("issuer")),
        generator=_text(f"{generators[0].get('name', '')} {generators[0].get('version', '')}".strip()),
        failures=failures,
        signed_at=_text(signature.get("time")),
        ingredients=_ingredients(active),
    )
    return replace(reading, **_assertions(active))


def _assertions(active: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for assertion in active.get("assertions") or []:
        label, data = str(assertion.get("label")), assertion.get("data") or {}
        if label.startswith("c2pa.actions"):
            actions = data.get("actions") or []
            found["actions"] = found.get("actions", ()) + tuple(_text(one.get("action")) for one in actions)
            types = [one["digitalSourceType"] for one in actions if one.get("digitalSourceType")]
            if types and "source_type" not in found:
                found["source_type"] = _text(str(types[0]).rpartition("/")[2])
        elif label.startswith("c2pa.soft-binding") and "soft_binding" not in found and data.get("blocks"):
            found["soft_binding"] = (_text(data.get("alg")), _text(data["blocks"][0].get("value")))
        elif label == claim.CONSENT_LABEL:
            commitments = data.get("commitments") or {}
            found["consent"] = tuple(
                sorted((_text(name), _text(value)) for name, value in commitments.items())
            )
    return found


def _ingredients(active: dict[str, Any]) -> tuple[tuple[str, str, int], ...]:
    found = []
    for one in active.get("ingredients") or []:
        results = (one.get("validation_results") or {}).get("activeManifest") or {}
        found.append(
            (_text(one.get("title")), _text(one.get("relationship")), len(results.get("failure") or []))
        )
    return tuple(found)


def _text(value: object) -> str:
    """A string of the file, printable and short."""
    return "".join(letter for letter in str(value or "")[:200] if letter.isprintable())


def size_of(stream: BinaryIO) -> int:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return size
