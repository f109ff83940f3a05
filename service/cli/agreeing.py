"""Options of `sitter consent` and `sitter policy`."""

import argparse
from pathlib import Path
from typing import Any, TypeAlias

from engine.state import EMOTIONS
from safety.scope import TERM
from safety.vocabulary import CHANNELS, CONTROLS

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_consents(commands: Commands) -> list[argparse.ArgumentParser]:
    """`sitter consent`; returns the commands, all of which ask a service."""
    actions = commands.add_parser(
        "consent", help="what sitters allow, and what was made of it"
    ).add_subparsers(required=True, metavar="ACTION")
    grant = actions.add_parser("grant", help="record what a sitter allows")
    grant.add_argument("identity", help="identity id")
    add_scope(grant, required=True)
    amend = actions.add_parser("amend", help="record another scope; what is not named stays as it is")
    add_scope(amend, required=False)
    renew = actions.add_parser("renew", help="record that it holds for longer")
    renew.add_argument("--days", type=_days, required=True, help="from now, 1 to 366")
    for each in (grant, amend, renew):
        each.add_argument("--evidence", type=Path, required=True, metavar="FILE", help="text that proves it")
        each.add_argument(
            "--notice", default="sitter-notice-1", help="name of the notice that the sitter was shown"
        )
    withdraw = actions.add_parser("withdraw", help="for good, at once; running jobs end")
    shown = actions.add_parser("show", help="one consent")
    receipt = actions.add_parser("receipt", help="the signed record, for the sitter to keep")
    receipt.add_argument("--version", type=int, default=0, help="an older version; default: the current one")
    receipt.add_argument(
        "--out", type=Path, metavar="FILE", help="write the JSON there instead of printing it"
    )
    receipt.add_argument("--pdf", type=Path, metavar="FILE", help="also write it to read on paper")
    for one in (amend, renew, withdraw, shown, receipt):
        one.add_argument("consent", help="consent id")
    listing = actions.add_parser("list", help="all consents")
    listing.add_argument("--identity", help="only of this identity")
    uses = actions.add_parser("uses", help="what was made with an identity's face")
    uses.add_argument("identity", help="identity id")
    check = actions.add_parser("check", help="whether a receipt was signed by a service; no server needed")
    check.add_argument("receipt", type=Path, metavar="JSON")
    check.add_argument("--key", type=Path, metavar="FILE", help="the service's published consent.key")
    check.add_argument("--json", action="store_true", help="answer as JSON")
    check.set_defaults(run="consent.check")
    asking = {
        "grant": grant, "amend": amend, "renew": renew, "withdraw": withdraw, "show": shown,
        "receipt": receipt, "list": listing, "uses": uses,
    }  # fmt: skip
    for name, command in asking.items():
        command.set_defaults(run=f"consent.{ {'list': 'listing', 'show': 'show_one'}.get(name, name) }")
    return list(asking.values())


def add_policies(commands: Commands) -> list[argparse.ArgumentParser]:
    """`sitter policy`; returns the commands that ask a service: none."""
    actions = commands.add_parser("policy", help="test, explain and compare sets of rules").add_subparsers(
        required=True, metavar="ACTION"
    )
    test = actions.add_parser("test", help="check a set, and run its allow/ and deny/ cases")
    explain = actions.add_parser("explain", help="which rules decide on some facts, and why")
    explain.add_argument("facts", type=Path, metavar="JSON", help="a case, as in allow/ and deny/")
    for each in (test, explain):
        each.add_argument("--policies", type=Path, metavar="FOLDER", help="default: the settings' folder")
        each.add_argument("--config", type=Path, metavar="FILE", help="settings; default $SITTER_CONFIG")
    diff = actions.add_parser("diff", help="rules that differ between two sets, and cases that end otherwise")
    diff.add_argument("old", type=Path, metavar="FOLDER")
    diff.add_argument("new", type=Path, metavar="FOLDER")
    for name, each in (("test", test), ("explain", explain), ("diff", diff)):
        each.add_argument("--json", action="store_true", help="answer as JSON")
        each.set_defaults(run=f"policy.{name}")
    return []


def add_scope(command: argparse.ArgumentParser, *, required: bool) -> None:
    """What is allowed. Where nothing is required, what is not given is None."""
    listed: dict[str, Any] = {"required": True} if required else {"default": None}
    some: dict[str, Any] = {"default": []} if required else {"default": None}
    command.add_argument("--caller", action="append", help="who may ask; repeat for several", **listed)
    command.add_argument(
        "--purpose",
        action="append",
        help="see policies/README.md; repeat for several",
        **listed,
    )
    command.add_argument(
        "--territory",
        action="append",
        help="country code, ISO 3166-1; repeat for several",
        **listed,
    )
    command.add_argument("--channel", action="append", choices=CHANNELS, **listed)
    command.add_argument("--days", type=_days, required=required, help="how long it holds from now, 1 to 366")
    command.add_argument(
        "--max-seconds", type=float, default=60.0 if required else None, help="longest clip; default 60"
    )
    command.add_argument("--total-seconds", type=float, help="of all clips together; 0: no such limit")
    command.add_argument("--max-clips", type=int, help="how many clips in all; 0: no such limit")
    command.add_argument("--clips-per-day", type=int, help="within 24 hours; 0: no such limit")
    command.add_argument("--emotion", action="append", choices=EMOTIONS, **some)
    command.add_argument(
        "--control",
        action="append",
        choices=CONTROLS,
        help="what the caller may steer",
        **some,
    )
    command.add_argument(
        "--language", action="append", help="language that may be spoken; default: any", **some
    )
    command.add_argument(
        "--script", type=Path, action="append", metavar="FILE", help="a text that alone may be said; repeat"
    )
    command.add_argument("--any-script", action="store_true", help="anything may be said")
    command.add_argument(
        "--live", action=argparse.BooleanOptionalAction, help="frames may be streamed while they are made"
    )
    command.add_argument(
        "--own-voice-only",
        action=argparse.BooleanOptionalAction,
        help="what is said has to be in the sitter's own, enrolled voice",
    )
    command.add_argument("--no-topic", action="append", metavar="TOPIC", help="see docs/consent.md; repeat")
    command.add_argument("--no-term", action="append", metavar="WORDS", help="never to be said; repeat")


def _days(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= TERM.days):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {TERM.days}")
    return int(text)
