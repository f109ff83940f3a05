"""`python -m bench.marks.page FILE...`: tables of docs/watermark.md, from documents of `bench watermark`."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

GROUPS = {
    "floor": "everyday copies",
    "hard": "hard copies",
    "segment": "single pieces of 2 s",
    "security": "attempts to remove it",
    "more": "others",
}


def page(documents: Sequence[Mapping[str, Any]]) -> str:
    """Markdown of all that the documents hold."""
    return "\n\n".join(part for document in documents for part in _parts(document)) + "\n"


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    if "ladders" in document:
        yield ladders(document["ladders"], list(document["clips"]))
        return
    peers = document["peers"] if isinstance(document["peers"], dict) else {}
    run = {"Sitter": document["ours"]} | {n: row for n, row in peers.items() if "recovered" in row}
    yield recovered(run)
    yield quality(run)
    yield lost(document["ours"]["by_attack"])


def recovered(run: Mapping[str, Mapping[str, Any]]) -> str:
    """Payloads read of payloads tried."""
    rows = []
    for group, name in GROUPS.items():
        counts = [row["by_group"].get(group) for row in run.values()]
        rows.append([name, *(f"{c['read']} of {c['of']}" if c else "–" for c in counts)])
    rows.append(["bits", *(str(row["bits"]) for row in run.values())])
    for what, name in (("embed", "marks, frames/s"), ("extract", "reads, frames/s")):
        speeds = [row["speed"][what] for row in run.values()]
        rows.append([name, *(f"{s['fps_per_core']:.0f}" if s else "–" for s in speeds)])
    return table(["", *run], rows)


def quality(run: Mapping[str, Mapping[str, Any]]) -> str:
    """What the mark does to each clip."""
    rows = []
    for marker, row in run.items():
        for clip, found in row["quality"].items():
            vmaf = found["vmaf"]
            scored = f"{vmaf['mean']:.1f} ({vmaf['unmarked']:.1f})" if isinstance(vmaf, dict) else "–"
            psnr = f"{found['psnr_luma_db']:.1f} / {found['psnr_rgb_db']:.1f}"
            flicker = f"{found['flicker_levels']:.2f} / {found['flicker_16x16_levels']:.3f}"
            rows.append([marker, clip, psnr, f"{found['ssim_luma']:.4f}", scored, flicker])
    head = ["", "clip", "PSNR luma / RGB, dB", "SSIM", "VMAF (unmarked)", "flicker, pixels / 16x16"]
    return table(head, rows)


def lost(by_attack: Mapping[str, Mapping[str, float]]) -> str:
    """The attacks that not every clip survived."""
    rows = [
        [attack, ", ".join(clip for clip, bits in clips.items() if bits < 1)]
        for attack, clips in by_attack.items()
        if min(clips.values()) < 1
    ]
    return table(["not read after", "clips"], rows) if rows else "Every case was read."


def ladders(found: Mapping[str, Any], clips: Sequence[str]) -> str:
    """First failing strengths; behind them the last one that was read."""
    rows = []
    for family, row in found.items():
        if "clips" in row:
            ends = [_end(row["clips"][clip], row["steps"]) for clip in clips]
            rows.append([f"{family} ({row['unit']})", *ends])
    return table(["attack", *clips], rows)


def _end(end: Mapping[str, float | None], steps: Sequence[float]) -> str:
    if end["first_failing"] is None:
        return f"none (read at {steps[-1]:g})"
    read = "nothing read" if end["last_read"] is None else f"{end['last_read']:g} read"
    return f"{end['first_failing']:g} ({read})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    print(page([json.loads(Path(name).read_text()) for name in sys.argv[1:]]), end="")
