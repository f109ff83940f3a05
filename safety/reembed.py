"""Another face encoder: templates are made anew from the enrolment pictures, where those are kept.

Done while the service is stopped. An identity without pictures cannot be compared any more: it is suspended
and has to be enrolled again. Somebody protected without pictures stops the whole change: who cannot be
compared cannot be protected.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perception.face import FaceFinder
from safety.encoders.encoder import FaceEncoder, unit
from safety.errors import EncoderUnusable
from safety.gallery import Template
from safety.identity_rows import Identity, IdentityRows
from safety.protection import Protection
from safety.stores.sqlite import Database, Transaction
from safety.vault import Vault

Floats = NDArray[np.float32]
Decode = Callable[[bytes], NDArray[np.uint8]]
Logged = Callable[[Transaction, Identity], None]


@dataclass(frozen=True)
class Reembedded:
    """Ids of identities whose templates were made anew, and of those that are suspended now."""

    renewed: tuple[str, ...]
    suspended: tuple[str, ...]


def reembed(
    db: Database,
    vault: Vault,
    encoder: FaceEncoder,
    finder: FaceFinder,
    protection: Protection,
    *,
    decode: Decode,
    logged: Logged,
    suspend: bool,
) -> Reembedded:
    """Bring every identity to `encoder`; one transaction, so a crash leaves all as it was.

    Args:
        decode: of a kept picture's file.
        logged: appends the log entry of one identity, within the transaction.
        suspend: agree that identities without pictures are suspended.

    Raises:
        EncoderUnusable: somebody has no pictures, and `suspend` was not given or it is somebody protected.
    """
    rows = IdentityRows(db, vault)
    with db.transaction() as tx:
        old = [
            each
            for each in rows.all(tx)
            if each.state in ("live", "pending") and each.encoder_sha256 != encoder.sha256
        ]
        made = {
            each.identity_id: _embeddings(map(decode, rows.media(each.identity_id, tx)), finder, encoder)
            for each in old
        }
        _check(old, made, suspend=suspend)
        renewed, suspended = [], []
        for identity in old:
            found = made[identity.identity_id]
            if not found:
                after, template = replace(identity, suspended=True), None
                suspended.append(identity.identity_id)
            else:
                after = replace(
                    identity, encoder=encoder.name, encoder_sha256=encoder.sha256, pictures=len(found)
                )
                fused = unit(np.stack(found).mean(axis=0))
                turned = protection.apply(fused, encoder.sha256)
                template = Template(after.identity_id, after.basis, after.protected, after.pictures, turned)
                renewed.append(identity.identity_id)
            rows.rewrite(after, template, tx)
            logged(tx, after)
    db.forget()  # the templates of the old encoder
    return Reembedded(tuple(renewed), tuple(suspended))


def _check(old: Sequence[Identity], made: Mapping[str, Sequence[Floats]], *, suspend: bool) -> None:
    bare = [each for each in old if not made[each.identity_id]]
    if any(each.protected for each in bare):
        raise EncoderUnusable(
            "somebody on the protected list has no pictures to make a template from: keep the old encoder, "
            "or erase and enrol them again"
        )
    if bare and not suspend:
        raise EncoderUnusable(
            f"{len(bare)} identities have no enrolment pictures and would have to be enrolled again: "
            "add --suspend to agree",
            identities=len(bare),
        )


def _embeddings(
    pictures: Iterable[NDArray[np.uint8]], finder: FaceFinder, encoder: FaceEncoder
) -> list[Floats]:
    """Of the pictures in which a face is found; they were checked when they were taken."""
    seen = [(pixels, finder.find(pixels)) for pixels in pictures]
    return [encoder.encode(pixels, faces[0]).embedding for pixels, faces in seen if faces]
