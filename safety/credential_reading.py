"""Reading Content Credentials: what any file claims, and by which of our lists we believe it.

The library pools its trust lists, so the name of the list that made a signer trusted is compared here.
"""

import json
import os
import re
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal

import c2pa

from safety import claim
from safety.credential_settings import FOREIGN, OWN, TIME, ReadingContext

MAX_BYTES = 500 << 20
"""Largest file that is signed or read: the library takes 0.56 GB of memory for 1 GB, and time in
proportion.
"""


_LIST = re.compile(r"\[([^\]]*)\]")
"""The name of a list, as the library's explanations have it."""


@dataclass(frozen=True)
class CredentialReading:
    """What a file's Content Credentials say, and how far they hold.

    All strings are the file's own and at most 200 characters: show them as such, believe none unless `ours`.

    Attributes:
        state: none: no credentials; trusted: valid and by a signer of a list; valid: unchanged since an
            unknown signer; invalid: changed, broken or unreadable.
        ours: trusted by the list of our own signers.
        manifest_id: of the active manifest; under a late time-stamp of ours, of the stamped one; empty if
            there is none.
        issuer: who the certificate says it is.
        generator: what the claim says made it.
        failures: codes of what failed.
        soft_bindings: (algorithm, value) of each soft binding, in order.
        actions: what the claim says was done, in order.
        source_type: IPTC digital source type of the first action that has one, its last word; else empty.
        signed_at: when, by the time-stamp or the signer's clock; else empty.
        time_stamped: a time-stamper of our list says when.
        consent: of `dev.sitter.consent`: commitments by name.
        ingredients: for each ingredient its title, relationship and number of failures.
    """

    state: Literal["none", "trusted", "valid", "invalid"]
    ours: bool = False
    manifest_id: str = ""
    issuer: str = ""
    generator: str = ""
    failures: tuple[str, ...] = ()
    soft_bindings: tuple[tuple[str, str], ...] = ()
    actions: tuple[str, ...] = ()
    source_type: str = ""
    signed_at: str = ""
    time_stamped: bool = False
    consent: tuple[tuple[str, str], ...] = ()
    ingredients: tuple[tuple[str, str, int], ...] = ()

    @property
    def machine_made(self) -> bool:
        """A signer of a list says that nothing but a trained model made it."""
        return self.state == "trusted" and self.source_type == "trainedAlgorithmicMedia"

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


def read_stream(stream: BinaryIO, media_type: str, context: ReadingContext) -> CredentialReading:
    """Read and validate with a context of `make_context`; whatever the bytes are, this does not raise."""
    if size_of(stream) > MAX_BYTES:
        return CredentialReading("invalid", failures=("sitter.tooLarge",))
    try:
        store = _store(stream, media_type, context.library)
        pinned = _serial(store) in context.serials and _is_pinned(_store(stream, media_type, context.pinned))
        return _reading(store, pinned)
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


def _store(stream: BinaryIO, media_type: str, context: Any) -> dict[str, Any]:
    stream.seek(0)
    with c2pa.Reader(media_type, stream, context=context) as reader:
        store: dict[str, Any] = json.loads(reader.json())
    return store


def _serial(store: dict[str, Any]) -> str:
    signature = store["manifests"][store["active_manifest"]].get("signature_info") or {}
    return str(signature.get("cert_serial_number"))


def _is_pinned(store: dict[str, Any]) -> bool:
    """Whether the very certificate is one that was imported, in a report by `ReadingContext.pinned`.

    The serial number alone could be another authority's; there nobody else is listed, and by a listed
    certificate, unlike by a root, the library names no list.
    """
    results = store.get("validation_results") or {}
    by = _trusted_by(results, str(store["active_manifest"]))
    return store.get("validation_state") == "Trusted" and by == ""


def _trusted_by(results: dict[str, Any], manifest: str) -> str | None:
    """The list by which the signer of `manifest` is trusted; empty for a certificate listed by itself.

    The report's own `trustListUri` is that of the last manifest validated, which may be an ingredient's: a
    stranger's clip with one of ours inside would be ours by it.
    """
    for one in results["activeManifest"].get("success") or []:
        if one.get("code") == "signingCredential.trusted" and f"/{manifest}/" in str(one.get("url")):
            named = _LIST.search(str(one.get("explanation")))
            return named[1] if named else ""
    return None


def _reading(store: dict[str, Any], pinned: bool) -> CredentialReading:
    active = store["manifests"][store["active_manifest"]]
    results = store.get("validation_results") or {}
    failures = tuple(_text(failure.get("code")) for failure in results["activeManifest"]["failure"])
    successes = results["activeManifest"].get("success") or []
    trusted_by = _trusted_by(results, str(store["active_manifest"]))
    reported = store.get("validation_state")
    if pinned and reported in ("Trusted", "Valid"):
        state: Literal["trusted", "valid", "invalid"] = "trusted"
        failures = tuple(code for code in failures if code != "signingCredential.untrusted")
    elif reported == "Trusted" and trusted_by in (OWN, FOREIGN):
        state = "trusted"
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
        ours=state == "trusted" and (pinned or trusted_by == OWN),
        manifest_id=_text(store["active_manifest"]),
        issuer=_text(signature.get("issuer")),
        generator=_text(f"{generators[0].get('name', '')} {generators[0].get('version', '')}".strip()),
        failures=failures,
        signed_at=_text(signature.get("time")),
        # By its root alone any list would do (c2pa-rs#2388); only the explanation names the one that did.
        time_stamped=any(
            one.get("code") == "timeStamp.trusted" and str(one.get("explanation")).endswith(TIME)
            for one in successes
        ),
        ingredients=_ingredients(active),
    )
    said = _stamped(store, active) if reading.ours else active
    if said is not active:
        reading = replace(reading, manifest_id=_text(said.get("label")), ingredients=_ingredients(said))
    return replace(reading, **_assertions(said))


def _stamped(store: dict[str, Any], active: dict[str, Any]) -> dict[str, Any]:
    """What a late time-stamp of ours is about: the manifest under an update manifest (C2PA 2.4, 11.2.3).

    An update manifest binds no content, so that it says nothing itself; it names its one parent.
    """
    labels = [str(assertion.get("label")) for assertion in active.get("assertions") or []]
    parents = active.get("ingredients") or []
    if any(label.startswith("c2pa.hash.") for label in labels) or len(parents) != 1:
        return active
    found = store["manifests"].get(parents[0].get("active_manifest"))
    return found if isinstance(found, dict) and parents[0].get("relationship") == "parentOf" else active


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
        elif label.startswith("c2pa.soft-binding") and data.get("blocks"):
            binding = (_text(data.get("alg")), _text(data["blocks"][0].get("value")))
            found["soft_bindings"] = (*found.get("soft_bindings", ()), binding)
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
