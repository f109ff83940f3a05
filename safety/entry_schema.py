"""The schema of each kind of log entry: its fields and their types, and nothing else.

What is written must fit, so that a new field is a decision somebody took here: an entry can never be erased.
What is read may come from another version: `strangers` names the kinds and fields that this one does not
know, and they count as evidence all the same.
"""

from collections.abc import Mapping
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "flag": (bool,),
    "texts": (list,),
}
"""JSON types of fields; `texts` is an array of strings."""

_WHO = {"caller": "text", "trace_id": "text"}
_IDENTITY = _WHO | {"identity_id": "text"}
_CONSENT = _IDENTITY | {"consent_id": "text", "version": "integer"}
_AGREED = _CONSENT | {"terms": "text", "attested": "text"}
_VOICE = _IDENTITY | dict.fromkeys(("voice_id", "voice_encoder_sha256", "source"), "text")
_SESSION = _IDENTITY | {"session_id": "text", "attempts": "integer"}
_CLIP = {"clip_sha256": "text", "manifest_id": "text"}
_GATE = {
    **_WHO,
    **dict.fromkeys(("gate", "outcome", "record_id", "request_id", "span_id"), "text"),
    **dict.fromkeys(("identity_id", "consent_id", "permit_id", "policy_sha256"), "text"),
}
_FACTS = {
    # commitments to what the gate saw
    **dict.fromkeys(("request", "portrait", "speech", "track", "script"), "text"),
    **dict.fromkeys(("script_declared", "script_heard"), "text"),
    # what it found
    **dict.fromkeys(("profile", "encoder_sha256", "encoder_licence", "track_mode"), "text"),
    **dict.fromkeys(("voice", "voice_encoder_sha256", "voice_profile"), "text"),
    **dict.fromkeys(("algorithm", "sound_algorithm", "report_sha256", "sound_mark", "label"), "text"),
    **dict.fromkeys(("seconds", "fps", "score"), "number"),
    **dict.fromkeys(("frames", "version", "consent_version"), "integer"),
    **dict.fromkeys(("calibrated", "released_before"), "flag"),
    "rules": "texts",
    # checks of the finished clip that people should look at
    "flags": "texts",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "started": {"version": "text", "policy_sha256": "text"},
    "policy.loaded": {"policy_sha256": "text", "previous_sha256": "text"},
    "identity.enrolled": _IDENTITY
    | dict.fromkeys(("basis", "declaration", "encoder_sha256", "key", "state"), "text")
    | {"pictures": "integer", "protected": "flag"},
    "identity.viewed": _IDENTITY,
    "identity.reviewed": _IDENTITY | {"outcome": "text"},
    "identity.media_deleted": _IDENTITY,
    "identity.reembedded": _IDENTITY | {"encoder_sha256": "text", "outcome": "text"},
    "identity.erased": _IDENTITY | {"key": "text"},
    "identity.voice_added": _VOICE | {"outcome": "text"},
    "identity.voice_removed": _VOICE,
    "identity.voice_reviewed": _VOICE | {"outcome": "text"},
    "keys.rotated": _WHO | {"keys": "integer"},
    "consent.granted": _AGREED,
    "consent.amended": _AGREED,
    "consent.renewed": _AGREED,
    "consent.withdrawn": _CONSENT,
    "session.started": _SESSION | {"terms": "text"},
    "session.issued": _SESSION | {"challenge": "text"},
    "session.attempted": _SESSION | {"film": "text"},
    "session.refused": _SESSION | {"film": "text", "reason": "text"},
    "session.passed": _SESSION | {"film": "text", "evidence": "text"},
    "decision": _GATE | _FACTS | _CLIP,
    "refusal": _GATE | _FACTS | _CLIP | {"reason": "text"},
    "intent": _GATE,
    "issue": _GATE | _CLIP | {"label": "text"},
    "aborted": _GATE | {"reason": "text"},
}
"""Type by field by kind, besides "kind" and "at". No field is required: a gate logs what it came to."""

KNOWN: Mapping[str, frozenset[str]] = {
    kind: frozenset({"kind", "at", *fields}) for kind, fields in FIELDS.items()
}
"""All keys by kind."""


def objections(kind: str, body: Mapping[str, Any]) -> list[str]:
    """The fields of `body` that do not fit the schema of `kind`, which must be a known one."""
    fields = FIELDS[kind]
    return sorted(name for name, value in body.items() if not _fits(fields.get(name), value))


def strangers(body: Mapping[str, Any]) -> list[str]:
    """What this version does not know of an entry that was read: its kind, or "kind.field" of each field."""
    kind = str(body.get("kind"))
    fields = FIELDS.get(kind)
    if fields is None:
        return [kind]
    return [f"{kind}.{name}" for name in body if name not in fields and name not in ("kind", "at")]


def json_schema(kind: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one kind, for readers in other languages."""
    written = {
        "text": {"type": "string"},
        "integer": {"type": "integer"},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "texts": {"type": "array", "items": {"type": "string"}},
    }
    properties = {name: written[of] for name, of in sorted(FIELDS[kind].items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"kind": {"const": kind}, "at": {"type": "string", "format": "date-time"}} | properties,
        "required": ["kind"],
        "additionalProperties": False,
    }


def _fits(of: str | None, value: object) -> bool:
    if of is None or not isinstance(value, TYPES[of]):
        return False
    if isinstance(value, bool):  # bool is an int in Python, not in JSON
        return of == "flag"
    return of != "texts" or all(isinstance(item, str) for item in value)  # type: ignore[attr-defined]
