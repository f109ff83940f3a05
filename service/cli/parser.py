"""The options of every command."""

import argparse
from pathlib import Path

from engine.state import EMOTIONS
from safety.scope import TERM
from safety.vocabulary import BASES, CHANNELS, CONTROLS
from service.cli.steering import add_controls, add_motion, add_track


def parser() -> argparse.ArgumentParser:
    """`sitter`'s parser; each command sets `run`, the name of its function in `service.cli`."""
    root = argparse.ArgumentParser(
        prog="sitter",
        description="Talking portraits with consent, watermark, credentials and a tamper-evident log.",
    )
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _demo(commands)
    _serve(commands)
    _identities(commands)
    _consents(commands)
    _generate(commands)
    _detect(commands)
    _tracks(commands)
    _audit(commands)
    _machine(commands)
    return root


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="everything at once, in a scratch deployment of its own")
    demo.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the clip and the report"
    )
    demo.add_argument(
        "--portrait", type=Path, metavar="IMG", help="picture to animate; default: a drawn character"
    )
    demo.add_argument("--speech", type=Path, metavar="WAV", help="what is said; default: a recording of ours")
    demo.add_argument(
        "--basis", choices=BASES, default="character", help="ground on which it may be animated"
    )
    add_controls(demo)
    add_track(demo)
    demo.set_defaults(run="local.demo")


def _serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="run the service; on loopback by default")
    _config(serve)
    serve.set_defaults(run="local.serve")


def _identities(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    enroll = commands.add_parser("enroll", help="enrol a person, a character or an artwork")
    enroll.add_argument(
        "picture", type=Path, nargs="+", help="pictures of one face; three or more of a living person"
    )
    enroll.add_argument("--basis", choices=BASES, required=True)
    enroll.add_argument("--label", required=True, help="name or note; stored encrypted, never logged")
    enroll.add_argument("--declaration", required=True, help="what it is and why it may be animated")
    enroll.add_argument("--adult", action="store_true", help="there is evidence that the person is of age")
    enroll.add_argument("--protected", action="store_true", help="never to be animated, whatever is asked")
    _remote(enroll)
    enroll.set_defaults(run="remote.enroll")

    identity = commands.add_parser("identity", help="show or erase enrolled identities").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = identity.add_parser("list", help="all of them")
    listing.set_defaults(run="remote.identity_list")
    shown = identity.add_parser("show", help="one of them")
    shown.set_defaults(run="remote.identity_show")
    erase = identity.add_parser("erase", help="destroy its templates for good and withdraw its consents")
    erase.set_defaults(run="remote.identity_erase")
    for one in (shown, erase):
        one.add_argument("identity", help="identity id")
    for each in (listing, shown, erase):
        _remote(each)


def _consents(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    consent = commands.add_parser("consent", help="grant, withdraw or show consents").add_subparsers(
        required=True, metavar="ACTION"
    )
    grant = consent.add_parser("grant", help="record what a sitter allows")
    grant.add_argument("identity", help="identity id")
    grant.add_argument("--caller", action="append", required=True, help="who may ask; repeat for several")
    grant.add_argument(
        "--purpose", action="append", required=True, help="see policies/README.md; repeat for several"
    )
    grant.add_argument(
        "--territory", action="append", required=True, help="country code, ISO 3166-1; repeat for several"
    )
    grant.add_argument("--channel", action="append", required=True, choices=CHANNELS)
    grant.add_argument("--days", type=_days, required=True, help="how long it holds, 1 to 366")
    grant.add_argument("--max-seconds", type=float, default=60.0, help="longest clip; default 60")
    grant.add_argument("--emotion", action="append", default=[], choices=EMOTIONS)
    grant.add_argument(
        "--control", action="append", default=[], choices=CONTROLS, help="what the caller may steer"
    )
    grant.add_argument("--evidence", type=Path, required=True, metavar="FILE", help="text that proves it")
    grant.add_argument(
        "--notice", default="sitter-notice-1", help="name of the notice that the sitter was shown"
    )
    grant.set_defaults(run="remote.consent_grant")
    withdraw = consent.add_parser("withdraw", help="for good, at once; running jobs end")
    withdraw.set_defaults(run="remote.consent_withdraw")
    shown = consent.add_parser("show", help="one consent")
    shown.set_defaults(run="remote.consent_show")
    for one in (withdraw, shown):
        one.add_argument("consent", help="consent id")
    listing = consent.add_parser("list", help="all consents")
    listing.add_argument("--identity", help="only of this identity")
    listing.set_defaults(run="remote.consent_list")
    for each in (grant, withdraw, shown, listing):
        _remote(each)


def _generate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    generate = commands.add_parser("generate", help="animate a portrait with speech")
    for name in ("identity", "consent", "purpose", "territory", "channel"):
        generate.add_argument(f"--{name}", required=True)
    generate.add_argument("--portrait", type=Path, required=True, metavar="IMG")
    generate.add_argument(
        "--speech", type=Path, metavar="WAV", help="needed unless a track moves the face instead"
    )
    generate.add_argument("--out", type=Path, required=True, metavar="MP4")
    generate.add_argument(
        "--receipt", type=Path, metavar="FILE", help="also write the log's proof of the release"
    )
    generate.add_argument("--request-id", help="UUID of an earlier try, to get the same clip again")
    generate.add_argument("--quiet", action="store_true", help="no progress bar")
    add_controls(generate)
    add_track(generate)
    _remote(generate)
    generate.set_defaults(run="remote.generate")


def _detect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    detect = commands.add_parser("detect", help="what is this video")
    detect.add_argument("file", type=Path, metavar="FILE")
    _remote(detect)
    detect.set_defaults(run="remote.detect")


def _audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = commands.add_parser("audit", help="query, export and verify the log").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = actions.add_parser("list", help="entries, oldest first")
    listing.add_argument("--kind", help="for example refusal")
    for name in ("record", "identity", "trace"):
        listing.add_argument(f"--{name}", help=f"only of this {name} id")
    listing.set_defaults(run="audit.listing")
    shown = actions.add_parser("show", help="everything on record of one clip, with proofs")
    shown.add_argument("record", help="record id")
    shown.set_defaults(run="audit.show_record")
    export = actions.add_parser("export", help="evidence pack: one zip that verifies offline")
    export.add_argument("--record", help="only of this clip; default: the whole log")
    export.add_argument("--out", type=Path, required=True, metavar="ZIP")
    export.set_defaults(run="audit.export")
    for each in (listing, shown, export):
        _remote(each)
    verify = actions.add_parser("verify", help="check an evidence pack or a deployment's log, offline")
    verify.add_argument(
        "what", type=Path, metavar="ZIP|DATA", help="evidence pack, or the data folder of a deployment"
    )
    verify.add_argument("--json", action="store_true", help="answer as JSON")
    verify.set_defaults(run="audit.verify")


def _tracks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    track = commands.add_parser(
        "track", help="the motion planned for speech, as a blendshape track; no portrait, no server"
    )
    track.add_argument("speech", type=Path, metavar="WAV")
    track.add_argument("--out", "-o", type=Path, required=True, metavar="CSV")
    track.add_argument(
        "--format", choices=("live-link", "arkit"), default="live-link",
        help="as the Live Link Face app writes it (default), or plain ARKit names with all that is known",
    )  # fmt: skip
    add_motion(track, fps=60)
    track.set_defaults(run="local.track")


def _machine(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = commands.add_parser("models", help="model files: list, pull, verify").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = models.add_parser("list", help="name, licence, origin and hash of each")
    listing.set_defaults(run="local.models_list")
    pull = models.add_parser("pull", help="fetch what is missing")
    pull.add_argument(
        "--from", dest="source", help="a mirror's index URL, or a folder with archives or model files"
    )
    pull.set_defaults(run="local.models_pull")
    verify = models.add_parser("verify", help="check every file's hash")
    verify.set_defaults(run="local.models_verify")
    for each in (listing, verify):
        each.add_argument("--json", action="store_true", help="answer as JSON")
    caller = commands.add_parser(
        "caller", help="who may call: add a caller or give it a token"
    ).add_subparsers(required=True, metavar="ACTION")
    add = caller.add_parser("add", help="make a key pair and list the caller")
    add.add_argument("name")
    add.add_argument("--role", action="append", required=True, choices=("operator", "client", "auditor"))
    add.set_defaults(run="local.caller_add")
    _config(add)
    doctor = commands.add_parser("doctor", help="what on this machine is missing or wrong, and what to do")
    doctor.add_argument("--json", action="store_true", help="answer as JSON")
    _config(doctor)
    doctor.set_defaults(run="local.doctor")


def _config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, metavar="FILE", help="settings; default $SITTER_CONFIG")


def _remote(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--server", metavar="HOST:PORT", help="default: $SITTER_SERVER, else the settings' address"
    )
    command.add_argument(
        "--as", dest="acting", metavar="NAME", help="caller to sign as; default $SITTER_CALLER, else local"
    )
    command.add_argument(
        "--key", type=Path, metavar="PEM", help="that caller's private key; default: in the data folder"
    )
    command.add_argument("--ca", type=Path, metavar="PEM", help="certificate authority of a TLS server")
    command.add_argument("--json", action="store_true", help="answer as JSON")
    _config(command)


def _days(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= TERM.days):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {TERM.days}")
    return int(text)
