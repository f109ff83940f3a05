"""`python -m bench watermark`: attacks x watermarkers, and what marking costs.

    python -m bench watermark [--videos DIR] [--seconds S] [--quick] [--attacks a,b] [--unmarked N]
    python -m bench watermark --peers [--peers-python PATH]
    python -m bench watermark --ladders [--families a,b]

Every watermarker marks the same clips and reads its payload back after each attack; only the exact payload
counts. `docs/watermark.md` says what the figures mean. One thread; times are processor time.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import torch

from bench.marks import ladders, security, strangers
from bench.marks.attacks import CASES, QUICK, TARGETS, Case
from bench.marks.clips import clips
from bench.marks.markers import PEERS, Ours, PeerFailed, PeerRow, peer
from bench.marks.table import Result, attack_all, mark_all, quality, summary
from bench.marks.video import FPS, Video

UNMARKED, UNMARKED_QUICK = 60, 8


def run(argv: list[str]) -> dict[str, Any]:
    """The table, or with --ladders the first failing strengths."""
    options = arguments().parse_args(argv)
    torch.set_num_threads(1)
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 says a dozen lines for each clip
    cases = _chosen(options)
    videos = dict(list(clips(options.videos, options.seconds))[: 1 if options.quick else None])
    marked, embed = mark_all(Ours(), videos)
    common = {
        "clips": {name: f"{v.shape[2]}x{v.shape[1]}, {len(v) / FPS:.1f} s" for name, v in videos.items()},
        "missing_encoders": sorted({c.needs.name for c in cases if c.needs and not c.needs.there}),
    }
    if options.ladders:
        return common | {"ladders": ladders.climb(marked, options.families)}
    results = attack_all(Ours(), marked, cases, "ours")
    attacked = [] if options.quick or options.attacks else list(security.attacks(marked, videos))
    results += [Result(each.case, "security", each.clip, each.outcome) for each in attacked]
    ours = summary(results, embed) | {"bits": 96, "quality": quality(videos, marked, options.ffmpeg)}
    ours["psnr_after_security_attacks_db"] = {f"{each.case}: {each.clip}": each.psnr for each in attacked}
    ours["spliced_seconds_right"] = security.spliced(marked, videos)
    ours["strangers"] = strangers.count(list(videos.values()), _unmarked(options))
    peers = {name: _peer(row, videos, cases, options) for name, row in PEERS.items()} if options.peers else {}
    best = max((row["recovered"] for row in peers.values() if "recovered" in row), default=None)
    return common | {
        "attacks": {case.name: case.group for case in cases},
        "targets": TARGETS,
        "ours": ours,
        "peers": peers or "not asked for: --peers",
        "ratio": None if not best else round(ours["recovered"] / best, 2),
    }


def _peer(
    row: PeerRow, videos: dict[str, Video], cases: list[Case], options: argparse.Namespace
) -> dict[str, Any]:
    """One peer over the same attacks; on shorter and fewer clips as it is slow."""
    videos = {n: video[: round(row.seconds * FPS)] for n, video in list(videos.items())[: row.clips]}
    try:
        with peer(row, options.peers_python) as marker:
            marked, embed = mark_all(marker, videos)
            results = attack_all(marker, marked, cases, row.method)
    except (ModuleNotFoundError, PeerFailed) as error:
        return {"status": f"not run: {error}"}
    return summary(results, embed) | {
        "bits": row.bits,
        "seconds_of_each_clip": min(row.seconds, options.seconds),
        "frames_read_of_each": row.read_frames,
        "quality": quality(videos, marked, options.ffmpeg),
    }


def _chosen(options: argparse.Namespace) -> list[Case]:
    if options.attacks is not None:
        return [case for name, case in CASES.items() if any(part in name for part in options.attacks)]
    return [CASES[name] for name in QUICK] if options.quick else list(CASES.values())


def _unmarked(options: argparse.Namespace) -> int:
    if options.unmarked is not None:
        return int(options.unmarked)
    return UNMARKED_QUICK if options.quick else UNMARKED


def arguments() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench watermark")
    parser.add_argument("--videos", type=Path, help="a folder of clips; without it rendered characters")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each clip")
    parser.add_argument("--quick", action="store_true", help="ten attacks on one clip")
    parser.add_argument("--attacks", type=_names, help="only those whose names contain one of these, a,b,...")
    parser.add_argument("--unmarked", type=int, help=f"videos without our mark to read; default {UNMARKED}")
    parser.add_argument("--peers", action="store_true", help="the peers too, where they are installed")
    parser.add_argument(
        "--peers-python", default=sys.executable, help="the Python that has the peers; default this one"
    )
    parser.add_argument("--ffmpeg", help="an ffmpeg with libvmaf, where the usual one has none")
    parser.add_argument("--ladders", action="store_true", help="first failing strengths instead of the table")
    parser.add_argument("--families", type=_names, help="only those ladders whose names contain one of these")
    return parser


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
