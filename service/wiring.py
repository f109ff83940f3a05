"""build(settings) -> App: the one place that picks backends, and what a start repairs after a kill."""

import logging
import os
import secrets
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata

from safety.entry import ABORTED, INTENT, POLICY_LOADED, STARTED, Entry
from safety.log import Log
from safety.policy import Permits
from safety.policy_live import LivePolicy
from safety.records import Records
from safety.stores import open_blobs, open_records
from safety.stores.files import write_whole
from service import policy_archive, staging
from service.app import App
from service.posting import ask_responder
from service.settings import Settings
from service.tracing import Tracing
from service.workers.local import LocalWorkers

_logger = logging.getLogger("sitter")


def utc_now() -> datetime:
    """The service's clock."""
    return datetime.now(UTC)


def build(settings: Settings) -> App:
    """Open every part of a deployment, prove that it works, and end what a kill left half done.

    Raises:
        Misconfigured, EncoderUnusable, ModelError: something is wrong; the message says what to do.
        StoreUnavailable: the data folder cannot be used, or another server uses it.
        SignerUnavailable: the signer's self-test failed.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before onnxruntime is imported by any part
    import torch

    from perception.face import FaceFinder
    from safety.commitments import Commitments
    from safety.consent import Consents
    from safety.consent_record import RecordSigner
    from safety.consent_usage import Uses
    from safety.credentials import Credentials, Stamping
    from safety.encoders import open_encoder
    from safety.identity import Identities
    from safety.keys import KeyRing
    from safety.lookup import ContentIndex
    from safety.master import open_masters
    from safety.protection import Protection
    from safety.recogniser import open_recogniser
    from safety.script import Moderation
    from safety.session.store import Sessions
    from safety.vault import Vault
    from safety.voices import open_voice_encoder
    from safety.voices.prints import Voices
    from safety.watermark import open_watermark
    from safety.watermark.sound import open_sound_watermark

    torch.set_num_threads(1)  # readers of a clip run beside each other (service/fan.py)
    policy = LivePolicy(settings.policies)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as opened:
        db = open_records(settings.records)
        opened.callback(db.close)
        records = Records(db)
        ring = KeyRing.open(settings.signer.partition(":")[2])
        tracing = Tracing.open(settings.data)
        opened.callback(tracing.close)
        finder, encoder = FaceFinder(), open_encoder(settings.encoder)
        vault = Vault(db, open_masters(settings.vault, ring))
        credentials = Credentials.open(
            settings.data / "credentials",
            ring,
            utc_now,
            time_stamper=settings.tsa_url,
            stamping=Stamping(settings.tsa_policy),
            ocsp=ask_responder,
            processes=settings.processes,
            sign_seconds=settings.sign_seconds,
        )
        opened.callback(credentials.close)
        app = App(
            settings=settings,
            clock=utc_now,
            new_id=lambda count: secrets.token_bytes(count).hex(),
            db=db,
            blobs=open_blobs(settings.blobs),
            staging=settings.data / "staging",
            ring=ring,
            log=Log(db, ring.log, settings.origin, high_water=ring.folder / "log.checkpoint"),
            commitments=Commitments(db, vault),
            identities=Identities(
                db,
                vault,
                encoder,
                finder,
                Protection(ring.derive("templates")),
            ),
            voices=Voices(
                db,
                vault,
                Protection(ring.derive("voices")),
                lambda: open_voice_encoder(settings.voice_encoder),
                settings.voice_profile,
            ),
            consents=Consents(
                db,
                ring.commitment,
                RecordSigner.of(
                    ring.derive("consent-records"),
                    settings.origin,
                    jurisdiction=settings.jurisdiction,
                    storage=settings.storage_location,
                ),
            ),
            uses=Uses(db),
            moderation=Moderation(ring.commitment, recogniser=open_recogniser(settings.recogniser)),
            policy=policy,
            permits=Permits(db),
            records=records,
            lookup=ContentIndex(settings.data / "lookup", records),
            watermark=open_watermark(ring.watermark),
            sound_watermark=open_sound_watermark(ring.watermark),
            credentials=credentials,
            finder=finder,
            encoder=encoder,
            sessions=Sessions(db, vault, ring.commitment),
            workers=LocalWorkers(settings.processes, settings.queue, settings.generate_seconds),
            tracing=tracing,
        )
        recover(app)
        _log_start(app)
        _warn(app)
        opened.pop_all()
        return app


def recover(app: App) -> None:
    """After a kill: no request runs, no intent is left open, no clip is stored without its record."""
    staging.sweep(app.staging)
    app.blobs.sweep()
    for record_id in app.records.running():
        # An intent is written after its request was reserved and before that is ended: none is missed here.
        open_intent = app.log.entries(kind=INTENT, record_id=record_id)
        if open_intent and not app.log.entries(kind=ABORTED, record_id=record_id):
            body = {"record_id": record_id, "reason": "INTERRUPTED", "outcome": "refused"}
            with app.db.transaction() as tx:
                app.log.append(tx, Entry(ABORTED, body, at=app.clock()))
        app.records.end(record_id)
    app.uses.recover()
    released = app.records.names()
    for key in app.blobs.keys():  # noqa: SIM118 (a store, not a dictionary)
        if key not in released:
            app.blobs.delete(key)


def _log_start(app: App) -> None:
    """The start, and the policy when it is another than at the last start, are on record."""
    write_whole(app.settings.data / "log.vkey", f"{app.log.key}\n".encode())
    write_whole(app.settings.data / "consent.key", f"{app.consents.signer.public_key}\n".encode())
    policy_archive.keep(app.settings.data, app.policy.files)
    last = app.log.newest(1, kind=POLICY_LOADED)
    with app.db.transaction() as tx:
        if not last or last[0].body["policy_sha256"] != app.policy.digest:
            app.log.append(tx, Entry(POLICY_LOADED, {"policy_sha256": app.policy.digest}, at=app.clock()))
        body = {"version": metadata.version("sitter"), "policy_sha256": app.policy.digest}
        app.log.append(tx, Entry(STARTED, body, at=app.clock()))


def _warn(app: App) -> None:
    """What an operator should hear of at the start."""
    health = app.identities.health()
    if not health.resolves:
        _logger.warning(
            "the calibration of the face encoder does not resolve a search among %s identities and %s "
            "protected people: `sitter doctor` tells what that means",
            health.people,
            health.protected,
        )
