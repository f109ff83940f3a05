"""`python -m bench identity [--pairs CSV] [--quick]`: matching, search and the time of the gate.

Error rates need a labelled set, which is given by path; without one, what was measured when the default
encoder was calibrated is printed as such. Scale is measured on generated galleries.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bench.faces import edits, labelled, search
from perception.face import FACE_LIMITS, FaceFinder, FaceLimits
from safety.encoders import open_encoder
from safety.encoders.dlib import NAME
from safety.encoders.encoder import FaceEncoder
from safety.gallery import Gallery
from safety.identity import Identities
from safety.master import LocalKey
from safety.policy import Policy, default_folder
from safety.policy_cases import read_case
from safety.protection import Protection
from safety.stores import open_records
from safety.vault import Vault
from service.demo.characters import DECLARATION, draw

PEOPLE = 10_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(32)
SMALL = FaceLimits(eye_distance=16.0, other_eye_distance=16.0)
"""Smaller than a gate accepts: how far recognition itself reaches."""


def run(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench identity")
    parser.add_argument("--pairs", type=Path, help="labelled pictures: CSV of a,b,same or of person,file")
    parser.add_argument("--encoder", default=NAME)
    parser.add_argument("--quick", action="store_true", help="smaller galleries, fewer drawings")
    args = parser.parse_args(argv)
    finder = FaceFinder()
    encoder = open_encoder(args.encoder, finder)
    probes = 20 if args.quick else 200
    sizes = ((100_000, 512, 20.0, 8.0), (1_000_000, 128, 60.0, 30.0))
    ours: dict[str, Any] = {
        "gate": _gate(finder, encoder, 5 if args.quick else 30),
        "search": [
            search.measure(people // (10 if args.quick else 1), size, probes, floor, aim)
            for people, size, floor, aim in sizes
        ],
        "handling": {
            "the gate's own limits": edits.measure(finder, encoder, 1024, FACE_LIMITS, quick=args.quick),
            "matching alone": edits.measure(finder, encoder, 512, SMALL, quick=args.quick),
        },
    }
    if args.pairs:
        ours["labelled"] = labelled.measure(args.pairs, finder, encoder)
    return {"ours": ours, "peers": {}, "ratio": None, "calibrated_earlier": _calibrated(encoder)}


def _gate(finder: FaceFinder, encoder: FaceEncoder, runs: int) -> dict[str, Any]:
    """Gates 3 and 5 of one request: find the face, embed it, search 10,000, decide by the policy."""
    portrait = draw("mira", 512)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_records(f"sqlite:{Path(folder) / 'records.db'}") as db,
    ):
        protection = Protection(KEY)
        identities = Identities(db, Vault(db, [LocalKey(KEY)]), encoder, finder, protection)
        enrolled = identities.enroll(
            [portrait], basis="character", label="x", declaration=DECLARATION, at=NOW, by="one"
        )
        identities.review(enrolled.identity_id, approve=True, at=NOW, by="two")
        own = identities._faces.gallery.get(enrolled.identity_id)
        assert own is not None
        _crowd(identities._faces.gallery, own.embedding)
        whole = _timed(lambda: identities.match(portrait, enrolled.identity_id), runs)
        (face,) = finder.find(portrait)
        probe = protection.apply(encoder.encode(portrait, face).embedding, encoder.sha256)
        policy, case = _policy()
        decision = _timed(lambda: policy.explain(case.facts), runs)
        return {
            "people": PEOPLE,
            "identify": whole,
            "detect": _timed(lambda: finder.find(portrait), runs),
            "embed": _timed(lambda: encoder.encode(portrait, face), runs),
            "search": _timed(lambda: identities._faces.gallery.near(probe, 0.07), runs),
            "policy": decision,
            "whole_p50_ms": round(whole["p50_ms"] + decision["p50_ms"], 1),
            "whole_processor_p50_ms": round(whole["processor_p50_ms"] + decision["processor_p50_ms"], 1),
            "floor_ms": 400.0,
            "aim_ms": 150.0,
        }


def _crowd(gallery: Gallery, own: Any) -> None:
    """Strangers at distances that the default encoder's have: 0.07 and more from a real face."""
    rng = np.random.default_rng(1)
    others = rng.standard_normal((PEOPLE, len(own)))
    others -= np.outer(others @ own, own)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    cosine = 1 - rng.uniform(0.07, 0.3, (PEOPLE, 1))
    matrix = np.asarray(cosine * own + np.sqrt(1 - cosine**2) * others, np.float32)
    kept = gallery.near(own, 0.01)[0]
    facts = [(f"t{row}", "consent", False, 3) for row in range(PEOPLE)]
    mine = (kept.identity_id, kept.basis, kept.protected, kept.pictures)
    gallery.fill([*facts, mine], np.concatenate([matrix, own[np.newaxis]]))


def _policy() -> tuple[Policy, Any]:
    folder = default_folder()
    return Policy.load(folder), read_case(folder / "allow" / "consent.json", folder)


def _timed(act: Callable[[], object], runs: int) -> dict[str, float]:
    act()
    seconds, processor = [], []
    for _ in range(runs):
        wall, used = time.perf_counter(), time.process_time()
        act()
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - used)
    return {
        "p50_ms": round(float(np.percentile(seconds, 50)) * 1e3, 2),
        "least_ms": round(min(seconds) * 1e3, 2),
        "processor_p50_ms": round(float(np.percentile(processor, 50)) * 1e3, 2),
    }


def _calibrated(encoder: FaceEncoder) -> dict[str, Any]:
    """What the calibration beside the model says, with its source: not measured by this run."""
    curve = encoder.calibration
    told: dict[str, Any] = {
        "source": curve.source,
        "profiles": dict(curve.profiles),
        "resolved": curve.resolved,
    }
    if encoder.name == NAME:
        path = Path(labelled.__file__).parents[2] / "safety" / "encoders" / "calibration" / f"{NAME}.json"
        told["true_match_rates"] = json.loads(path.read_text("utf-8"))["true_match_rates"]
    return told
