"""Commands that work on this machine: demo, serve, models, caller, doctor."""

import argparse
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from perception import models
from service.cli.connection import settings_of
from service.cli.output import FAILED, say, show
from service.cli.remote import writable, write_whole
from service.cli.steering import steered


def demo(args: argparse.Namespace) -> int:
    from service.demo.cast import brought, drawn
    from service.demo.scenario import Script, play

    controls = steered(args)
    if not args.portrait:
        say("drawing the demo's character")
    sitter = brought(args.portrait, args.basis) if args.portrait else drawn(args.basis)
    speech = args.speech or Path(__file__).resolve().parents[1] / "demo" / "speech" / "welcome.flac"
    track = args.track.read_bytes() if args.track else b""
    play(args.out, sitter, Script(speech.read_bytes(), track, args.track_mode), controls)
    return 0


def track(args: argparse.Namespace) -> int:
    from engine.motion import plan_motion
    from engine.track import Track
    from engine.track_csv import write_arkit, write_live_link
    from perception.audio import decode_speech

    controls = steered(args)
    writable(args.out)
    made = Track.of(plan_motion(decode_speech(args.speech.read_bytes()), controls))
    text = write_arkit(made) if args.format == "arkit" else write_live_link(made)
    write_whole(args.out, text.encode())
    say(f"{args.out}: {len(made.times)} rows, {made.seconds:.1f} s at {controls.fps} a second")
    return 0


def serve(args: argparse.Namespace) -> int:
    from service.console.server import Console
    from service.deployment import Deployment

    settings = settings_of(args)
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    with Deployment(settings) as deployment, ExitStack() as opened:
        signal.signal(signal.SIGHUP, lambda *_: deployment.policies.tell())
        if settings.console != "off":
            console = Console(deployment.app)
            opened.callback(console.close)
            say(f"the sitter's page is on {console.scheme}://{console.address}/session/...")
            say(f"anybody may ask what a video is on {console.scheme}://{console.address}/detect")
        say(f"sitter serves on {deployment.address}, data in {settings.data}; stop with Ctrl-C")
        stop.wait()
        say("sitter stops: running calls may end first")
    return 0


def models_list(args: argparse.Namespace) -> int:
    rows: list[dict[str, Any]] = [
        {"name": m.name, "licence": m.licence, "author": m.author, "bytes": m.bytes, "sha256": m.sha256,
         "source": m.archive.requirement, "card": m.card}
        for m in models.table()
    ]  # fmt: skip
    if args.json:
        show(rows)
    else:
        for row in rows:
            size, digest = f"{row['bytes']:,}", row["sha256"][:12]
            say(f"{row['name']:38} {row['licence']:11} {size:>11} bytes  {digest}  {row['source']}")
    return 0


def models_pull(args: argparse.Namespace) -> int:
    models.pull(source=args.source, progress=say)
    return 0


def models_verify(args: argparse.Namespace) -> int:
    states = [{"name": each.model.name, "state": each.state} for each in models.verify()]
    if args.json:
        show(states)
    else:
        for each in states:
            say(f"{each['name']:38} {each['state']}")
    bad = [each for each in states if each["state"] != "ok"]
    if bad and not args.json:
        say("run `sitter models pull` to fetch what is missing or corrupt")
    return FAILED if bad else 0


def caller_add(args: argparse.Namespace) -> int:
    from service.local_callers import add

    path = add(settings_of(args), args.name, frozenset(args.role), args.identity or "")
    say(f"caller {args.name} is listed; its private key is {path}: hand it over safely, then remove it here")
    return 0


def doctor(args: argparse.Namespace) -> int:
    from service.cli.doctor import examine

    findings: list[dict[str, Any]] = examine(args)
    if args.json:
        show(findings)
    else:
        for each in findings:
            say(f"{'ok  ' if each['ok'] else 'FIX '} {each['what']}: {each['found']}")
            if not each["ok"]:
                say(f"     {each['do']}")
    return 0 if all(each["ok"] for each in findings) else FAILED
