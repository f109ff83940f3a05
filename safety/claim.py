"""What a claim of ours says: the manifest of a clip, from facts (C2PA 2.4, sections 10 and 18).

Nothing here names a person: ids, keyed commitments, versions, times. A manifest cannot be recalled once files
are out, so what may have to be forgotten (who agreed, to what) stands in it as a commitment that only our key
opens.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from safety.label import Label

CONSENT_LABEL = "dev.sitter.consent"
SPEC_VERSION = "2.4.0"
CREATED_LABELS = (
    "c2pa.actions",
    "c2pa.ingredient",
    "c2pa.soft-binding",
    "cawg.training-mining",
    "c2pa.ai-disclosure",
    CONSENT_LABEL,
)
"""Assertions that we vouch for, by base label: the library takes all others as hearsay ("gathered")."""

_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MANIFEST_ID = re.compile(r"urn:c2pa:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COMMITMENT = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HEX = re.compile(r"([0-9a-f]{2}){1,64}")
_ALGORITHM = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9_-]+){2,}")
_MEDIA_TYPE = re.compile(r"(image|audio|video)/[a-z0-9.+-]{1,40}|text/csv")


@dataclass(frozen=True)
class Source:
    """One thing the clip was made from.

    Attributes:
        data: its bytes as they were given, with the Content Credentials they may carry.
        media_type: told from its content, as "image/png".
        synthetic: it is known to be made by a machine: no camera, brush or voice was there.
    """

    data: bytes = field(repr=False)
    media_type: str
    synthetic: bool = False


@dataclass(frozen=True)
class ClaimFacts:
    """What the claim about one clip is made from.

    Attributes:
        manifest_id: "urn:c2pa:" and a UUID, lower case.
        at: when the clip was made, aware.
        portrait: the still.
        speech: the recording; None in a clip without sound.
        payload: of the watermark, hex: the record's number.
        watermark: name of the watermark's algorithm, reverse-domain ("dev.sitter.watermark.1").
        basis: "consent", "character" or "artwork".
        commitments: name -> 64 hex of `KeyRing.commitment`; of the consent, the inputs, the policy.
        engine: version of what made the frames.
        track: the blendshape track that moved the face, if one did.
        sound_watermark: name of the algorithm of the sound's mark, where the finished sound was read to carry
            one. Its payload is the record's number, too.
        label: drawn into the frames, if one was.
    """

    manifest_id: str
    at: datetime
    portrait: Source
    speech: Source | None
    payload: str
    watermark: str
    basis: str
    commitments: Mapping[str, str]
    engine: str
    track: Source | None = None
    sound_watermark: str | None = None
    label: Label | None = None

    @property
    def soft_bindings(self) -> tuple[tuple[str, str], ...]:
        """(algorithm, payload) of each mark that the clip carries, the picture's first."""
        algorithms = (self.watermark, self.sound_watermark)
        return tuple((algorithm, self.payload) for algorithm in algorithms if algorithm is not None)

    @property
    def actions(self) -> tuple[str, ...]:
        """What was done, in order: made, labelled where a label is drawn, marked once for each mark."""
        labelled = [] if self.label is None else ["c2pa.edited"]
        return ("c2pa.created", *labelled, *["c2pa.watermarked.bound"] * len(self.soft_bindings))

    @property
    def inputs(self) -> dict[str, Source]:
        """What the clip was made from, by name."""
        given = {"portrait": self.portrait, "speech": self.speech, "track": self.track}
        return {name: source for name, source in given.items() if source is not None}

    def with_synthetic(self, names: Iterable[str]) -> "ClaimFacts":
        """The facts with these inputs known to be machine-made."""
        made: dict[str, Any] = {name: replace(self.inputs[name], synthetic=True) for name in names}
        return replace(self, **made)

    def __post_init__(self) -> None:
        checks = {
            "manifest_id": _MANIFEST_ID.fullmatch(self.manifest_id),
            "at": self.at.tzinfo,
            "payload": _HEX.fullmatch(self.payload),
            "watermark": _ALGORITHM.fullmatch(self.watermark),
            "sound_watermark": self.sound_watermark is None
            or (_ALGORITHM.fullmatch(self.sound_watermark) and self.sound_watermark != self.watermark),
            "basis": self.basis in ("consent", "character", "artwork"),
            "commitments": all(
                _NAME.fullmatch(name) and _COMMITMENT.fullmatch(value)
                for name, value in self.commitments.items()
            ),
            "engine": 0 < len(self.engine) < 64,
            **{name: _MEDIA_TYPE.fullmatch(source.media_type) for name, source in self.inputs.items()},
        }
        if wrong := [name for name, good in checks.items() if not good]:
            raise ValueError(f"the facts of a claim are malformed: {', '.join(wrong)}")


def source_type(facts: ClaimFacts) -> str:
    """The IPTC digital source type of the clip; decided here, never by who asks for it.

    Our renderer is not a trained model: it warps the still. `compositeSynthetic` would describe that alone.
    But how the face moves, which is what a viewer takes for the person speaking, comes from trained models
    (acoustic model, face mesh), and IPTC's words for trained media are "created algorithmically using a model
    trained on captured content". Readers act on the trained terms first, so of two defensible ones the one is
    taken that says more. With a real still or a real voice left in the clip it is composited with such media;
    only where both are known to be machine-made there is nothing else in it.
    """
    if all(source.synthetic for source in facts.inputs.values()):
        return _SOURCE + "trainedAlgorithmicMedia"
    return _SOURCE + "compositeWithTrainedAlgorithmicMedia"


def manifest(facts: ClaimFacts, *, permit: str, version: str, inputs: Mapping[str, str]) -> dict[str, Any]:
    """The manifest definition for the C2PA library, without its ingredients.

    Args:
        facts: about the clip.
        permit: commitment to the permit it was made under, 64 hex.
        version: of Sitter.
        inputs: "portrait", "speech", "track" -> state of the credentials that they came with.
    """
    when = facts.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    agent = {"name": "sitter-engine", "version": facts.engine}
    created = {
        "action": "c2pa.created",
        "when": when,
        "digitalSourceType": source_type(facts),
        "softwareAgent": agent,
        "parameters": {"ingredientIds": list(facts.inputs)},
    }
    # bound: its payload is named by a soft binding of this very manifest (18.14.5).
    watermarked = {"action": "c2pa.watermarked.bound", "when": when, "softwareAgent": agent}
    marks = [watermarked] * len(facts.soft_bindings)
    labels = [] if facts.label is None else [_labelled(facts.label, when, agent)]
    uses = ("cawg.ai_inference", "cawg.ai_generative_training", "cawg.ai_training", "cawg.data_mining")
    consent = {
        "version": 1,
        "basis": facts.basis,
        "inputs": dict(inputs),
        "commitments": {**facts.commitments, "permit": permit},  # hex: byte strings come back as base64
    }
    assertions: list[tuple[str, dict[str, Any]]] = [
        ("c2pa.actions.v2", {"actions": [created, *labels, *marks]}),
        *(("c2pa.soft-binding", _soft_binding(*binding)) for binding in facts.soft_bindings),
        ("cawg.training-mining", {"entries": {use: {"use": "notAllowed"} for use in uses}}),
        ("c2pa.ai-disclosure", _disclosure(facts)),
        (CONSENT_LABEL, consent),
    ]
    return {
        "label": facts.manifest_id,
        "title": "clip.mp4",
        "format": "video/mp4",
        "claim_generator_info": [{"name": "Sitter", "version": version, "specVersion": SPEC_VERSION}],
        "assertions": [{"label": label, "data": data} for label, data in assertions],
    }


def _labelled(label: Label, when: str, agent: Mapping[str, str]) -> dict[str, Any]:
    """The visible label: an edit by plain drawing, which no model had a part in."""
    return {
        "action": "c2pa.edited",
        "when": when,
        "softwareAgent": agent,
        "digitalSourceType": _SOURCE + "algorithmicMedia",
        "description": f"visible label: {label.words}",
        "parameters": {"dev.sitter.label": label.kind},
    }


def _soft_binding(algorithm: str, payload: str) -> dict[str, Any]:
    # 18.10.2 wants `value` as a byte string, which the library cannot write from JSON (c2pa-rs#2689): hex.
    return {"alg": algorithm, "pad": "", "blocks": [{"scope": {}, "value": payload}]}


def _disclosure(facts: ClaimFacts) -> dict[str, Any]:
    """Which model, and how far people were in it: somebody configured the job, nobody approved the clip."""
    return {
        "modelType": "c2pa.types.model",
        "modelName": "sitter-engine",
        "modelIdentifier": f"sitter-engine/{facts.engine}",
        "contentProfile": {"humanOversightLevel": "prompt_guided"},
    }
