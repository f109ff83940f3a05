"""Generate: the twelve gates on one page. No gRPC here."""

import uuid
from dataclasses import dataclass
from importlib import metadata

from perception.audio import decode_speech
from safety.credentials import ClaimFacts, Source
from safety.entry import INTENT, ISSUE
from safety.facts import Facts
from safety.metadata import AIGC, aigc
from safety.records import Record
from safety.vocabulary import known_purpose
from safety.voices.verify import Voice
from safety.watermark import ALGORITHM
from safety.watermark.sound import SOUND_ALGORITHM
from service.app import App
from service.caller import Caller
from service.inspection import inspect
from service.intake import take_in
from service.request import GenerationRequest
from service.run import Gate, Run
from service.staging import staged, stored
from service.voices import own_voice
from service.workers.job import Job

MARKS = ("watermark", "credentials", "log")
"""What every clip gets; the policy may ask for it."""

ENGINE_VERSION = metadata.version("sitter")


@dataclass(frozen=True)
class Release:
    """A clip that left, and the receipt that proves it is on record."""

    record: Record
    receipt: str
    timings: dict[Gate, float]


def attempt(app: App, request: GenerationRequest, caller: Caller, run: Run) -> Release:
    """`generate`, and the end of its reservation when it comes to nothing: it may be asked for again."""
    try:
        return generate(app, request, caller, run)
    except BaseException:
        app.uses.give_back(run.record_id)
        app.records.end(run.record_id)
        raise


def generate(app: App, request: GenerationRequest, caller: Caller, run: Run) -> Release:  # noqa: PLR0915
    """Render `request` and release the marked, signed, logged clip.

    Raises:
        SafetyError: a gate refused, or could not be sure.
        EngineError, PerceptionError: the portrait, the speech or the track could not be used.
    """
    # 1. Admit: the caller may ask; the request is new and within quota, reserved in one transaction.
    with run.gate(Gate.ADMIT) as admit:
        caller.require("client")
        known_purpose(request.purpose)
        # The digest tells a retry from another request; what is logged is under the identity's key.
        digest = request.commitment(app.ring)
        commit = app.commitments.of(request.identity_id)
        admit.note(
            request=commit("request", digest.encode()),
            identity_id=request.identity_id,
            consent_id=request.consent_id,
        )
        reserved = app.records.reserve(
            caller=caller.name,
            request_id=request.request_id,
            digest=digest,
            record_id=run.record_id,
            daily_limit=app.settings.clips_per_day,
            at=app.clock(),
        )
    if reserved.earlier is not None:
        return _again(app, request, caller, run, reserved.earlier)

    # 2. Intake: untrusted bytes become arrays in a limited process; metadata stays behind.
    with run.gate(Gate.INTAKE) as intake:
        given = take_in(request)
        inputs = request.commitments(commit)
        intake.note(seconds=round(given.seconds, 3), **inputs)
        if given.track is not None:
            intake.note(track_mode=request.track_mode)

    # 3. Identify: the one face is the claimed identity, and nobody else.
    with run.gate(Gate.IDENTIFY) as identify:
        match = app.identities.match(
            given.portrait.pixels, request.identity_id, by=caller.name, at=app.clock()
        )
        identify.note(
            identity_id=match.identity_id,
            profile=match.profile,
            encoder_sha256=match.encoder_sha256,
            encoder_licence=match.encoder_licence,
        )

    # 4. Consent: the sitter allowed exactly this, and has not withdrawn; where they allowed their own voice
    #    only, the speech is in it. Everything else is looked at first: listening takes longest.
    with run.gate(Gate.CONSENT) as agreed:
        spoken = app.moderation.spoken(request.script, given.speech)
        ask = request.ask(caller, given.seconds, spoken, Voice.SAME)
        agreed.note(
            **{f"script_{each.source}": commit("script", each.commitment.encode()) for each in spoken}
        )
        consent = app.consents.verify(request.consent_id, ask, at=app.clock())
        agreed.note(consent_id=consent.consent_id, version=consent.version)
        ask = own_voice(app, consent, ask, given.speech, caller, agreed)

    # 5. Permit: the policy decides on all facts, and its answer names the rules.
    with run.gate(Gate.PERMIT) as permitted:
        identity = app.identities.get(match.identity_id)
        label = app.settings.label(request.label)
        permit = app.policy.authorize(
            Facts.of(
                match,
                identity,
                consent,
                ask,
                caller=caller,
                request_id=request.request_id,
                remaining=reserved.remaining,
                marks=MARKS,
                visible_label=label is not None,
                findings=app.moderation.findings(spoken),
                at=app.clock(),
            )
        )
        permitted.note(
            permit_id=permit.permit_id,
            policy_sha256=permit.policy_digest,
            rules=list(permit.rules),
            consent_version=consent.version,
        )

    # 6. The intent is on record before a frame exists, spends the permit and takes the clip off what the
    #    consent allows. A crash from here on leaves an intent without an issue: visible to auditors, never a
    #    clip.
    with run.gate(Gate.INTENT) as intent, app.db.transaction() as tx:
        app.permits.spend(tx, permit)
        consent = app.consents.verify(request.consent_id, ask, at=app.clock(), tx=tx)
        app.uses.reserve(tx, run.record_id, consent, ask, app.clock())
        intent.note(permit_id=permit.permit_id, identity_id=match.identity_id, consent_id=consent.consent_id)
        app.log.append(tx, run.entry(INTENT, intent))
        intent.is_logged()

    with (
        staged(app, run.record_id) as folder,
        app.consents.watched(consent.consent_id, run.stop, ask, app.clock),
    ):
        # 7. Generate, and mark in the same pass: each frame gets the record's name, unseen, before it is
        #    encoded; no unmarked file ever exists.
        with run.gate(Gate.GENERATE) as generated:
            job = Job(
                portrait=given.portrait.pixels,
                speech=given.speech,
                controls=request.controls,
                payload=bytes.fromhex(run.record_id),
                watermark_keys=app.ring.watermark,
                target=folder / "draft.mp4",
                track=given.track,
                mode=request.track_mode,
                label=label,
                tags=_tags(app, run),
            )
            draft = app.workers.make(job, run.frames, run.stopped)
            generated.note(frames=draft.frames, fps=draft.fps)
            generated.seconds = draft.render_seconds

        # 8. Mark: the worker says that every frame and the sound carry this record and no other; gate 9 reads
        #    both back.
        with run.gate(Gate.MARK) as marked:
            draft.confirm_marked(job)
            marked.note(algorithm=ALGORITHM)
            if draft.sound is not None:
                marked.note(sound_algorithm=SOUND_ALGORITHM)
            if label is not None:
                marked.note(label=label.kind)
            marked.seconds = draft.mark_seconds + draft.encode_seconds

        # 9. Inspect: the finished bytes read back as a stranger would; bounds on the findings refuse.
        with run.gate(Gate.INSPECT) as inspected:
            expect = given.expected(draft)
            audit = inspect(app, draft, payload=run.record_id, identity_id=match.identity_id, expect=expect)
            inspected.note(
                report_sha256=audit.digest,
                score=audit.report.score,
                calibrated=audit.report.calibrated,
                sound_mark=audit.sound_mark,
            )
            if audit.report.flagged:
                inspected.note(flags=list(audit.report.flagged))

        # 10. Consent again: it may have been withdrawn in the minutes a render takes.
        with run.gate(Gate.CONSENT_AGAIN) as standing:
            consent = app.consents.verify(request.consent_id, ask, at=app.clock())
            standing.note(consent_id=consent.consent_id, version=consent.version)

        # 11. Sign: Content Credentials bound to these bytes, read back and validated.
        with run.gate(Gate.SIGN) as sealed:
            clip = folder / "signed.mp4"
            facts = ClaimFacts(
                manifest_id=f"urn:c2pa:{uuid.UUID(hex=app.new_id(16), version=4)}",
                at=app.clock(),
                portrait=Source(request.portrait, given.portrait.media_type),
                speech=given.speech_source,
                track=given.track_source,
                payload=run.record_id,
                watermark=ALGORITHM,
                basis=match.basis,
                commitments={
                    "consent": commit("consent", consent.consent_id.encode()),
                    **inputs,
                },
                engine=ENGINE_VERSION,
                sound_watermark=SOUND_ALGORITHM if audit.sound_mark == "read" else None,
                label=label,
            )
            signed = app.credentials.sign(audit.path, clip, facts, permit)
            sealed.note(manifest_id=signed.manifest_id, clip_sha256=signed.sha256)

        # 12. Release: in one transaction the consent still stands, the issue is on the log and the record
        #     exists. The bytes are stored before it; without its record a stored clip is swept at start.
        with run.gate(Gate.RELEASE) as released, stored(app, run.record_id, clip):
            released.note(**intent.facts, clip_sha256=signed.sha256, manifest_id=signed.manifest_id)
            if label is not None:
                released.note(label=label.kind)
            with app.db.transaction() as tx:
                app.consents.verify(request.consent_id, ask, at=app.clock(), tx=tx)
                index = app.log.append(tx, run.entry(ISSUE, released))
                record = audit.record(run.record_id, caller, consent, signed, index, at=app.clock())
                words = audit.content.kept.to_bytes()
                app.records.release(tx, record, manifest=signed.manifest, words=words)
                app.uses.settle(tx, run.record_id, app.clock())
                released.is_logged()
    return Release(record, app.log.receipt(index), run.timings)


def _tags(app: App, run: Run) -> dict[str, str]:
    """The file's metadata: China's field, where the deployment sets its name for it."""
    producer = app.settings.aigc_producer
    return {} if producer is None else {AIGC: aigc(producer, run.record_id)}


def _again(app: App, request: GenerationRequest, caller: Caller, run: Run, record: Record) -> Release:
    """Hand out a release again to the caller who made it, while the consent still stands."""
    run.record_id = record.record_id
    with run.gate(Gate.CONSENT_AGAIN) as standing:
        ask = request.ask(caller, record.seconds, app.moderation.spoken(request.script, None), Voice.SAME)
        consent = app.consents.verify(request.consent_id, ask, at=app.clock())
        standing.note(consent_id=consent.consent_id, version=consent.version, released_before=True)
        if consent.scope.own_voice_only:  # it may say so only since then
            speech = decode_speech(request.speech) if request.speech else None
            own_voice(app, consent, ask, speech, caller, standing)
    return Release(record, app.log.receipt(record.log_index), {})
