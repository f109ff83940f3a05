"""Why a clip was made or refused, in plain words, from what the log has of it and of its consent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GATES = {
    "admit": "may this caller ask, and is there room",
    "intake": "can the portrait and the speech be read",
    "identify": "is the face the one that was named, and nobody else",
    "consent": "did the sitter allow exactly this",
    "permit": "does the policy allow it",
    "intent": "the intent was put on record before a frame existed",
    "generate": "the clip was rendered and marked",
    "mark": "does every frame carry the mark",
    "inspect": "does the finished file look as it should",
    "consent-again": "does the consent still stand",
    "sign": "the Content Credentials were signed",
    "release": "the release was put on record",
}
CONSENT = {
    "consent.granted": "was given",
    "consent.amended": "was amended",
    "consent.renewed": "was renewed",
    "consent.withdrawn": "was withdrawn",
}
Body = Mapping[str, Any]


def explain(record_id: str, entries: Sequence[Body], consent: Iterable[Body] = ()) -> list[str]:
    """Lines for people.

    Args:
        entries: everything on record of the clip, oldest first, each with its "index".
        consent: what is on record of the consent that the clip was made under.
    """
    lines = [f"Clip {record_id}: {_outcome(entries)}"]
    first = entries[0]
    lines.append(
        f"Asked for by {first.get('caller', 'nobody named')} at {first.get('at', 'an unknown time')}."
    )
    lines += [
        _step(entry) for entry in entries if entry["kind"] in ("decision", "refusal", "intent", "issue")
    ]
    lines += [_abandoned(entry) for entry in entries if entry["kind"] == "aborted"]
    lines += _policy(entries)
    lines += [
        f"Consent {entry['consent_id']} {CONSENT[entry['kind']]} at {entry.get('at')}"
        f" by {entry.get('caller')} (entry {entry['index']})."
        for entry in consent
        if entry["kind"] in CONSENT
    ]
    return lines


def _outcome(entries: Sequence[Body]) -> str:
    for entry in reversed(entries):
        match entry["kind"]:
            case "issue":
                again = sum(bool(other.get("released_before")) for other in entries)
                return "released" + (f", and handed out {again} more times" if again else "") + "."
            case "refusal":
                return f"refused at the gate {entry.get('gate')}: {entry.get('reason')}."
            case "aborted":
                return f"begun and not released: {entry.get('reason')}."
    return "under way, or its process ended before the next start of the service."


def _step(entry: Body) -> str:
    gate = str(entry.get("gate"))
    question = GATES.get(gate, "a gate that this version does not know")
    if entry["kind"] == "refusal":
        rules = ", ".join(entry.get("rules", ()))
        why = f"refused, {entry.get('reason')}" + (f" ({rules})" if rules else "")
    else:
        why = "passed" + _found(entry)
    return f"  {gate:14}{question}: {why} (entry {entry['index']})"


def _found(entry: Body) -> str:
    told = {
        "identity_id": "identity", "consent_id": "consent", "version": "version", "seconds": "seconds",
        "frames": "frames", "score": "score", "sound_mark": "mark of the sound", "manifest_id": "manifest",
        "clip_sha256": "SHA-256 of the clip",
    }  # fmt: skip
    shown = [f"{name} {entry[key]}" for key, name in told.items() if key in entry]
    shown += [f"flagged for people to look at: {', '.join(entry['flags'])}"] if entry.get("flags") else []
    return f": {', '.join(shown)}" if shown else ""


def _abandoned(entry: Body) -> str:
    return f"  The service ended it at its next start: {entry.get('reason')} (entry {entry['index']})"


def _policy(entries: Sequence[Body]) -> list[str]:
    return [
        f"The policy {entry['policy_sha256']} allowed it"
        f" ({', '.join(entry.get('rules', ())) or 'no named rule'})."
        for entry in entries
        if entry["kind"] == "decision" and entry.get("gate") == "permit" and "policy_sha256" in entry
    ]
