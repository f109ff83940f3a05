"""The options of every command."""

import argparse
from pathlib import Path

from safety.label import KINDS as LABELS
from safety.vocabulary import BASES
from service.cli.agreeing import add_consents, add_policies
from service.cli.audit_options import add_audit
from service.cli.session_options import add_sessions
from service.cli.steering import add_controls, add_motion, add_track
from service.cli.trust_options import add_trust
from service.cli.voice_options import add_voices


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
    for command in add_consents(commands) + add_policies(commands) + add_sessions(commands):
        _remote(command)
    _generate(commands)
    _detect(commands)
    _tracks(commands)
    for command in add_audit(commands):
        _remote(command)
    add_trust(commands)
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
        "picture", type=Path, nargs="*", help="pictures of one face; three or more of a living person"
    )
    enroll.add_argument("--video", type=Path, help="instead: a short video of the head turning slowly")
    enroll.add_argument(
        "--voice", type=Path, action="append", default=[], metavar="WAV",
        help="recording of the sitter's own voice; repeat for several, 10 s of speech together",
    )  # fmt: skip
    enroll.add_argument("--basis", choices=BASES, required=True)
    enroll.add_argument("--label", required=True, help="name or note; stored encrypted, never logged")
    enroll.add_argument("--declaration", required=True, help="what it is and why it may be animated")
    enroll.add_argument("--adult", action="store_true", help="there is evidence that the person is of age")
    enroll.add_argument("--guardian", action="store_true", help="there is evidence that a guardian agrees")
    enroll.add_argument("--retain-days", type=int, default=0, metavar="N", help="erased after; default 1095")
    enroll.add_argument(
        "--media-days",
        type=int,
        default=0,
        metavar="N",
        help="keep the pictures so long; default: not at all",
    )
    enroll.add_argument("--protected", action="store_true", help="never to be animated, whatever is asked")
    _remote(enroll)
    enroll.set_defaults(run="remote.enroll")

    identity = commands.add_parser(
        "identity", help="show, review, protect, renew or erase identities"
    ).add_subparsers(required=True, metavar="ACTION")
    listing = identity.add_parser("list", help="all of them")
    listing.set_defaults(run="remote.identity_list")
    shown = identity.add_parser("show", help="one of them")
    shown.set_defaults(run="remote.identity_show")
    erase = identity.add_parser("erase", help="destroy its templates for good and withdraw its consents")
    erase.set_defaults(run="remote.identity_erase")
    for one in (shown, erase):
        one.add_argument("identity", help="identity id")
    for decision in ("approve", "reject"):
        decide = identity.add_parser(decision, help=f"{decision} a pending one, as a second operator")
        decide.add_argument("identity", help="identity id")
        decide.set_defaults(run="identities.review", decision=decision)
        _remote(decide)
    inspect = identity.add_parser("inspect", help="what there is to review of a pending one")
    inspect.add_argument("identity", help="identity id")
    inspect.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for its pictures")
    inspect.set_defaults(run="identities.inspect")
    _remote(inspect)
    alike = identity.add_parser("likenesses", help="duplicates and look-alikes that enrolments found")
    alike.set_defaults(run="identities.likenesses")
    sweep = identity.add_parser("sweep", help="erase what has outlived its term, now")
    sweep.set_defaults(run="identities.sweep")
    protect = identity.add_parser("protect", help="import a list of people who are never animated")
    protect.add_argument("source", type=Path, help="folder of pictures (a person each), or CSV of templates")
    protect.add_argument("--encoder-sha256", default="", help="of the encoder that made a CSV's templates")
    protect.add_argument("--days", type=int, default=0, help="kept so long; default 1095")
    protect.set_defaults(run="identities.protect")
    reembed = identity.add_parser("reembed", help="after a change of the face encoder, service stopped")
    reembed.add_argument("--suspend", action="store_true", help="agree that those without pictures stop")
    reembed.set_defaults(run="identities.reembed")
    _config(reembed)
    for each in (listing, shown, erase, alike, sweep, protect, *add_voices(identity)):
        _remote(each)
    keys = commands.add_parser("keys", help="master key of the vault").add_subparsers(
        required=True, metavar="ACTION"
    )
    rotate = keys.add_parser("rotate", help="wrap every key anew, service stopped")
    rotate.add_argument("--from", dest="source", metavar="URL", help="where the keys were before `vault`")
    rotate.set_defaults(run="identities.rotate")
    _config(rotate)


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
    generate.add_argument(
        "--script", type=Path, metavar="FILE", help="what is said, if the consent rules that"
    )
    generate.add_argument("--language", default="", help="of what is said, such as de-AT")
    generate.add_argument("--request-id", help="UUID of an earlier try, to get the same clip again")
    generate.add_argument("--quiet", action="store_true", help="no progress bar")
    add_controls(generate)
    add_track(generate)
    generate.add_argument(
        "--label", choices=LABELS,
        help="what the picture itself says of how it was made: words in a corner, a sign, or a banner at the "
        "start; default: as the deployment sets it",
    )  # fmt: skip
    _remote(generate)
    generate.set_defaults(run="remote.generate")


def _detect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    detect = commands.add_parser("detect", help="what is this video")
    detect.add_argument("file", type=Path, metavar="FILE")
    detect.add_argument(
        "--report", type=Path, metavar="DIR", help="write report.json, report.html and report.pdf there"
    )
    detect.add_argument("--quiet", action="store_true", help="no progress bar")
    _remote(detect)
    detect.set_defaults(run="detecting.detect")


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
    add.add_argument(
        "--role", action="append", required=True, choices=("operator", "client", "auditor", "sitter")
    )
    add.add_argument("--identity", help="with the role sitter: whose face")
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
