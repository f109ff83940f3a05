"""What a signing process does with a task; nothing here runs in the service's own process."""

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, BinaryIO

import c2pa

from safety.certificates import ClaimSigner
from safety.claim import Source
from safety.credential_settings import make_context
from safety.signing import Probe, Task
from safety.trust_lists import TrustLists

_ALGORITHMS = {"es256": c2pa.C2paSigningAlg.ES256, "ed25519": c2pa.C2paSigningAlg.ED25519}


def prove(task: Probe) -> bytes:
    """Sign the probe's bytes."""
    return task.signer.sign(task.data)


def sign(task: Task, source: BinaryIO, target: BinaryIO) -> bytes:
    """Sign `source` into `target` and return the manifest store.

    Raises:
        Exception: of the key, where that failed; otherwise c2pa.C2paError.
    """
    context = _context(task.lists, task.time_stamper if task.update else None)
    causes: list[BaseException] = []

    def callback(data: bytes) -> bytes:
        try:
            return task.signer.sign(data)
        except BaseException as error:  # the library swallows it and tells of a bad signature
            causes.append(error)
            raise

    try:
        with (
            _builder(task, context) as builder,
            _signing(callback, task.signer, task.time_stamper) as signing,
        ):
            return bytes(builder.sign(signing, "video/mp4", source, target))
    except c2pa.C2paError as error:
        if causes:
            raise causes[0] from error.__cause__
        raise


def _signing(callback: Any, signer: ClaimSigner, time_stamper: str | None) -> Any:
    return c2pa.Signer.from_callback(callback, _ALGORITHMS[signer.algorithm], signer.chain, time_stamper)


@lru_cache(maxsize=4)
def _context(lists: TrustLists, stamper: str | None) -> Any:
    return make_context(lists, stamper=stamper).library


def _builder(task: Task, context: Any) -> Any:
    if task.update:
        builder = c2pa.Builder(dict(task.definition), context=context)
        builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
        return builder
    return _with_inputs(task.definition, task.inputs, context)


def _with_inputs(definition: Mapping[str, Any], inputs: Mapping[str, Source], context: Any) -> Any:
    """A builder with all inputs as ingredients, each with the credentials that it carries.

    An input that the library cannot parse, though its pixels or sound decoded, is named without its bytes;
    that it carried nothing readable stands in our own assertion.
    """
    opaque: list[dict[str, str]] = []
    streamed = dict(inputs)
    while True:
        builder = c2pa.Builder({**definition, "ingredients": opaque}, context=context)
        for label, part in streamed.items():
            ingredient = {"title": label, "relationship": "inputTo", "label": label, "instance_id": label}
            try:
                builder.add_ingredient(ingredient, part.media_type, io.BytesIO(part.data))
            except c2pa.C2paError:
                builder.close()
                opaque.append({**ingredient, "format": part.media_type})
                del streamed[label]
                break
        else:
            return builder
