"""Between protobuf and our own types: the only file, beside the servicers, that knows both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp

from engine.state import AMPLITUDES, Amplitude, Controls, Crop, Mode
from safety.errors import ConsentInvalid
from safety.label import KINDS as LABELS
from safety.label import Kind as LabelKind
from safety.scope import Scope
from safety.script import KINDS, Kind, ScriptRule, normalised
from safety.verdict import Verdict
from service.pb.sitter.v1 import audit_pb2, consent_pb2, detection_pb2, generation_pb2, identity_pb2
from service.run import Gate

if TYPE_CHECKING:
    from safety.consent import Consent
    from safety.consent_usage import Use
    from safety.identity import Identity
    from safety.likenesses import Resemblance
    from safety.log import Logged
    from service.generate import Release

BASIS = {
    "consent": identity_pb2.BASIS_CONSENT,
    "character": identity_pb2.BASIS_CHARACTER,
    "artwork": identity_pb2.BASIS_ARTWORK,
}
BASIS_NAME = {number: name for name, number in BASIS.items()}

LIMITS = ("total_seconds", "max_clips", "clips_per_day")
"""Limits of a scope that need not be set."""

GATE = {gate: generation_pb2.Gate.Value(f"GATE_{gate.upper().replace('-', '_')}") for gate in Gate}
GATE_NAME = {number: gate for gate, number in GATE.items()}


TRACK_MODE: Mapping[Mode, Any] = {
    "instead": generation_pb2.TRACK_MODE_INSTEAD,
    "on-top": generation_pb2.TRACK_MODE_ON_TOP,
}
TRACK_MODE_NAME: Mapping[Any, Mode] = {
    generation_pb2.TRACK_MODE_UNSPECIFIED: "instead",
    **{number: name for name, number in TRACK_MODE.items()},
}


LABEL: Mapping[LabelKind, Any] = {
    kind: generation_pb2.VisibleLabel.Value(f"VISIBLE_LABEL_{kind.upper()}") for kind in LABELS
}
LABEL_NAME: Mapping[Any, LabelKind] = {number: kind for kind, number in LABEL.items()}


ENTRY_FILTERS = ("kind", "record_id", "identity_id", "trace_id", "consent_id", "caller", "outcome")
"""Fields of a ListEntriesRequest that are texts of the entries; empty is any."""


def entry_time(request: audit_pb2.ListEntriesRequest, name: str) -> str | None:
    """The bound `name` as entries write times; None if it is not set."""
    if not request.HasField(name):
        return None
    at = moment(getattr(request, name)).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def timestamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def moment(stamp: Timestamp) -> datetime:
    at: datetime = stamp.ToDatetime(tzinfo=UTC)
    return at


IDENTITY_STATE = {
    state: identity_pb2.IdentityState.Value(f"IDENTITY_STATE_{state.upper()}")
    for state in ("pending", "live", "suspended", "erased")
}
IDENTITY_STATE_NAME = {number: state for state, number in IDENTITY_STATE.items()}


def likeness_out(found: Resemblance) -> identity_pb2.Likeness:
    return identity_pb2.Likeness(
        at=timestamp(found.at),
        kind=str(found.kind),
        identity_id=found.identity_id,
        other_id=found.other_id or "",
        enrolled_by=found.enrolled_by,
    )


def identity_out(identity: Identity) -> identity_pb2.Identity:
    return identity_pb2.Identity(
        identity_id=identity.identity_id,
        basis=BASIS[identity.basis],
        pictures=identity.pictures,
        protected=identity.protected,
        erased=identity.state == "erased",
        enrolled_at=timestamp(identity.enrolled_at),
        enrolled_by=identity.enrolled_by,
        encoder=identity.encoder,
        state=IDENTITY_STATE[identity.state],
        reviewed_by=identity.reviewed_by or "",
        guardian=identity.guardian,
        retain_until=timestamp(identity.retain_until) if identity.retain_until else None,
        media_until=timestamp(identity.media_until) if identity.media_until else None,
    )


SCRIPT_KIND = {kind: consent_pb2.ScriptKind.Value(f"SCRIPT_KIND_{kind.upper()}") for kind in KINDS}
SCRIPT_KIND_NAME: Mapping[Any, Kind] = {number: kind for kind, number in SCRIPT_KIND.items()}


def scope_in(scope: consent_pb2.Scope, commitment: Callable[[str], str]) -> Scope:
    """`commitment` is of a text that may be said. Raises ConsentInvalid."""
    limits: dict[str, Any] = {name: getattr(scope, name) for name in LIMITS if scope.HasField(name)}
    return Scope(
        callers=frozenset(scope.callers),
        purposes=frozenset(scope.purposes),
        territories=frozenset(scope.territories),
        channels=frozenset(scope.channels),
        not_before=moment(scope.not_before),
        not_after=moment(scope.not_after),
        max_seconds=scope.max_seconds,
        emotions=frozenset(scope.emotions),
        controls=frozenset(scope.controls),
        live=scope.live,
        languages=frozenset(scope.languages) or frozenset({"*"}),
        script=_script_in(scope.script, commitment),
        own_voice_only=scope.own_voice_only,
        **limits,
    )


def _script_in(script: consent_pb2.ScriptRule, commitment: Callable[[str], str]) -> ScriptRule:
    if not all(normalised(text) for text in script.texts):
        raise ConsentInvalid("a text that may be said has no words", part="script")
    return ScriptRule(
        kind=SCRIPT_KIND_NAME.get(script.kind, "free"),
        texts=frozenset({*map(commitment, script.texts), *script.commitments}),
        topics=frozenset(script.topics),
        terms=frozenset(map(normalised, script.terms)),
    )


def scope_out(scope: Scope) -> consent_pb2.Scope:
    limits = {name: getattr(scope, name) for name in LIMITS if getattr(scope, name) is not None}
    return consent_pb2.Scope(
        callers=sorted(scope.callers),
        purposes=sorted(scope.purposes),
        territories=sorted(scope.territories),
        channels=sorted(scope.channels),
        not_before=timestamp(scope.not_before),
        not_after=timestamp(scope.not_after),
        max_seconds=scope.max_seconds,
        emotions=sorted(scope.emotions),
        controls=sorted(scope.controls),
        live=scope.live,
        languages=sorted(scope.languages),
        script=consent_pb2.ScriptRule(
            kind=SCRIPT_KIND[scope.script.kind],
            commitments=sorted(scope.script.texts),
            topics=sorted(scope.script.topics),
            terms=sorted(scope.script.terms),
        ),
        own_voice_only=scope.own_voice_only,
        **limits,
    )


def consent_state(consent: Consent, at: datetime) -> Any:
    """The state at the time `at`."""
    if consent.state == "withdrawn":
        return consent_pb2.CONSENT_STATE_WITHDRAWN
    if at < consent.scope.not_before:
        return consent_pb2.CONSENT_STATE_NOT_YET_VALID
    if at >= consent.scope.not_after:
        return consent_pb2.CONSENT_STATE_EXPIRED
    return consent_pb2.CONSENT_STATE_GIVEN


def consent_out(consent: Consent, at: datetime) -> consent_pb2.Consent:
    return consent_pb2.Consent(
        consent_id=consent.consent_id,
        identity_id=consent.identity_id,
        basis=BASIS[consent.basis],
        scope=scope_out(consent.scope),
        state=consent_state(consent, at),
        granted_at=timestamp(consent.granted_at),
        granted_by=consent.granted_by,
        withdrawn_at=timestamp(consent.withdrawn_at) if consent.withdrawn_at else None,
        version=consent.version,
        notice=consent.notice,
        attested=consent_pb2.Attestation.Value(f"ATTESTATION_{consent.attested.upper()}"),
    )


def use_out(use: Use) -> consent_pb2.Use:
    same = ("record_id", "consent_id", "version", "caller", "purpose", "territory", "channel", "seconds")
    return consent_pb2.Use(
        **{name: getattr(use, name) for name in same},
        reserved_at=timestamp(use.reserved_at),
        released_at=timestamp(use.released_at) if use.released_at else None,
    )


def controls_in(controls: generation_pb2.Controls) -> Controls:
    """Raises ControlOutOfRange."""
    given: dict[str, Any] = {
        name: getattr(controls, name) for name in ("distance", "size", "fps") if controls.HasField(name)
    }
    if controls.HasField("framing"):
        given["framing"] = Crop(controls.framing.x, controls.framing.y, controls.framing.side)
    amplitude = controls.amplitude
    return Controls(
        gaze=(controls.gaze_yaw, controls.gaze_pitch),
        emotion=tuple((emotion.name, emotion.strength) for emotion in controls.emotions),
        seed=controls.seed,
        amplitude=Amplitude(
            **{group: getattr(amplitude, group) for group in AMPLITUDES if amplitude.HasField(group)}
        ),
        pose=(controls.pose.yaw, controls.pose.pitch, controls.pose.roll),
        **given,
    )


def controls_out(controls: Controls) -> generation_pb2.Controls:
    amplitude, crop = controls.amplitude, controls.framing
    yaw, pitch, roll = controls.pose
    return generation_pb2.Controls(
        gaze_yaw=controls.gaze[0],
        gaze_pitch=controls.gaze[1],
        distance=controls.distance,
        emotions=[
            generation_pb2.Emotion(name=name, strength=strength) for name, strength in controls.emotion
        ],
        size=controls.size,
        fps=controls.fps,
        seed=controls.seed,
        amplitude=generation_pb2.Amplitude(
            head=amplitude.head, brows=amplitude.brows, blinks=amplitude.blinks
        ),
        pose=generation_pb2.Pose(yaw=yaw, pitch=pitch, roll=roll),
        framing=generation_pb2.Framing(x=crop.x, y=crop.y, side=crop.side) if crop else None,
    )


def release_out(release: Release, report_json: str) -> generation_pb2.Release:
    record = release.record
    return generation_pb2.Release(
        record_id=record.record_id,
        log_index=record.log_index,
        receipt=release.receipt,
        clip_bytes=record.clip_bytes,
        clip_sha256=record.clip_sha256,
        manifest_id=record.manifest_id,
        seconds=record.seconds,
        frames=record.frames,
        timings=timings_out(release.timings),
        report_json=report_json,
    )


def timings_out(timings: Mapping[Gate, float]) -> list[generation_pb2.GateTiming]:
    return [generation_pb2.GateTiming(gate=GATE[gate], seconds=seconds) for gate, seconds in timings.items()]


VERDICT = {verdict: detection_pb2.Verdict.Value(f"VERDICT_{verdict.upper()}") for verdict in Verdict}
VERDICT_NAME = {number: verdict for verdict, number in VERDICT.items()}


def entry_out(entry: Logged) -> audit_pb2.Entry:
    return audit_pb2.Entry(index=entry.index, body=entry.data)
