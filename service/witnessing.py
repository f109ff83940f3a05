"""Asking others to vouch for the log: witnesses (C2SP tlog-witness) and time-stamping authorities, over HTTP.

Both get a checkpoint, which holds a size and a hash. An answer is verified before it is kept. A failure
harms nothing but the evidence that is then missing, and is told.
"""

import http.client
import secrets
from pathlib import Path

from safety import anchors, witness
from safety.errors import EvidenceInvalid, Misconfigured, SignerUnavailable
from safety.log_view import LogView
from safety.stores.files import write_whole
from safety.tlog_policy import TlogPolicy, Witness
from service.posting import post

WITNESSED = "log.witnessed"
"""File in the data folder: the newest checkpoint with cosignatures."""

TLOG_POLICY = "tlog-policy"
"""File in the data folder: whom the log asks, and whom a verifier may trust."""


def collect(log: LogView, policy: TlogPolicy, kept: Path) -> tuple[str, dict[str, str]]:
    """Have every witness with an address cosign the newest checkpoint, and keep it with what they gave.

    Args:
        kept: file of the newest witnessed checkpoint; left alone unless the quorum is reached.

    Returns:
        The checkpoint with cosignatures, and why by the witness's name where one is missing.

    Raises:
        Misconfigured: no witness has an address.
        EvidenceInvalid: the quorum was not reached.
        StoreUnavailable: the file cannot be written.
    """
    asked = {name: each for name, each in policy.witnesses.items() if each.url is not None}
    if not asked:
        raise Misconfigured("no witness in the tlog-policy has an address: add one to its line")
    note, missing = log.checkpoint(), {}
    plain = note
    for name, each in asked.items():
        try:
            note = witness.with_cosignatures(note, add_checkpoint(log, plain, each), [each.key])
        except (EvidenceInvalid, SignerUnavailable) as error:
            missing[name] = str(error)
    try:
        policy.open(note, log.key)
    except EvidenceInvalid as error:
        reasons = "; ".join(f"{name}: {why}" for name, why in missing.items())
        raise EvidenceInvalid(f"{error} ({reasons})" if reasons else str(error)) from error
    write_whole(kept, note.encode())
    return note, missing


def add_checkpoint(log: LogView, note: str, to: Witness) -> str:
    """Submit a checkpoint; returns the witness's signature lines, not yet verified.

    The first request learns, if need be, up to which size the witness has seen the log (409).

    Raises:
        SignerUnavailable: it cannot be reached, or refuses; the message has its status.
        EvidenceInvalid: it has seen a longer log than this one, or one with another history.
    """
    head, old = log.key.open(note), 0
    url = f"{(to.url or '').rstrip('/')}/add-checkpoint"
    for _ in range(2):
        proof = log.consistency_proof(old, head.size)
        status, answer = post(url, witness.request(old, proof, note), "text/plain; charset=utf-8")
        if status != http.client.CONFLICT:
            break
        seen = answer.strip()
        if not (seen.isdigit() and len(seen) < 19) or int(seen) > head.size:
            raise EvidenceInvalid("the witness has seen a longer log: an old database was restored")
        if int(seen) == old:
            raise EvidenceInvalid("the witness has seen another history of this log at the same size")
        old = int(seen)
    if status == http.client.UNPROCESSABLE_ENTITY:
        raise EvidenceInvalid("the witness has seen another history of this log")
    if status != http.client.OK:
        raise SignerUnavailable(f"the witness refused with status {status}")
    return answer.decode("utf-8", "replace")


def stamp(log: LogView, url: str, folder: Path) -> Path:
    """Have a time-stamping authority stamp the newest checkpoint; keeps checkpoint and answer side by side.

    Raises:
        SignerUnavailable: the authority cannot be reached, or refuses.
        EvidenceInvalid: its answer is not a time stamp of this checkpoint, or the folder is another log's.
        StoreUnavailable, OSError: the folder cannot be written.
    """
    note, nonce = log.checkpoint(), secrets.randbits(64) | 1 << 63
    status, answer = post(url, anchors.stamp_request(note, nonce), "application/timestamp-query")
    if status != http.client.OK:
        raise SignerUnavailable(f"the time-stamping authority refused with status {status}")
    anchors.check_stamp(note, nonce, answer)
    path = anchors.to_folder(log, folder, note).with_suffix(".tsr")
    write_whole(path, answer, replace=False)
    return path
