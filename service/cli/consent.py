"""`sitter consent`: grant, amend, renew, withdraw, show, list, receipt, uses, check."""

import argparse
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from safety.consent_record import verify
from safety.errors import EvidenceInvalid
from service.cli.connection import connect
from service.cli.output import say, show
from service.cli.remote import answer_with, text_of, writable, write_whole
from service.pb.sitter.v1 import consent_pb2

LISTS = {
    "caller": "callers", "purpose": "purposes", "territory": "territories", "channel": "channels",
    "emotion": "emotions", "control": "controls", "language": "languages",
}  # fmt: skip
NUMBERS: tuple[Any, ...] = ("max_seconds", "total_seconds", "max_clips", "clips_per_day")


def grant(args: argparse.Namespace) -> int:
    scope = consent_pb2.Scope()
    change(scope, args)
    with connect(args) as sitter:
        answer = sitter.grant(args.identity, scope, evidence=text_of(args.evidence), notice=args.notice)
    answer_with(args, answer, f"consent {answer.consent.consent_id} granted, log entry {answer.log_index}")
    return 0


def amend(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        current = sitter.consent(args.consent)
        scope = consent_pb2.Scope()
        scope.CopyFrom(current.scope)
        change(scope, args)
        answer = sitter.amend(
            args.consent, current.version, scope, evidence=text_of(args.evidence), notice=args.notice
        )
    _print_version(args, answer, "amended")
    return 0


def renew(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        current = sitter.consent(args.consent)
        until = _stamp(datetime.now(UTC) + timedelta(days=args.days))
        answer = sitter.renew(
            args.consent, current.version, until, evidence=text_of(args.evidence), notice=args.notice
        )
    _print_version(args, answer, "renewed")
    return 0


def withdraw(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.withdraw(args.consent)
    answer_with(args, answer, f"consent {args.consent} withdrawn, log entry {answer.log_index}")
    return 0


def show_one(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        show(MessageToDict(sitter.consent(args.consent), always_print_fields_with_no_presence=True))
    return 0


def listing(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        for consent in sitter.consents(args.identity or ""):
            state = consent_pb2.ConsentState.Name(consent.state).removeprefix("CONSENT_STATE_").lower()
            until = consent.scope.not_after.ToDatetime().date()
            answer_with(
                args, consent, f"{consent.consent_id}  {consent.identity_id}  {state:13}  until {until}"
            )
    return 0


def receipt(args: argparse.Namespace) -> int:
    for target in filter(None, (args.out, args.pdf)):
        writable(target)
    with connect(args) as sitter:
        answer = sitter.consent_receipt(args.consent, args.version, pdf=args.pdf is not None)
    verify(json.loads(answer.receipt_json), answer.public_key)
    if args.pdf:
        write_whole(args.pdf, answer.pdf)
    if args.out:
        write_whole(args.out, answer.receipt_json.encode())
        say(f"{args.out}: check it with `sitter consent check {args.out} --key consent.key`")
    else:
        show(json.loads(answer.receipt_json))
    return 0


def uses(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        for use in sitter.uses(args.identity):
            when = use.reserved_at.ToDatetime().isoformat(sep=" ", timespec="seconds")
            state = "" if use.HasField("released_at") else "  being made"
            answer_with(
                args,
                use,
                f"{when}  {use.record_id}  {use.seconds:6.1f} s  {use.purpose} for {use.caller}"
                f" in {use.territory}, {use.channel}  consent {use.consent_id} version {use.version}{state}",
            )
    return 0


def check(args: argparse.Namespace) -> int:
    try:
        receipt = json.loads(text_of(args.receipt))
    except ValueError as error:
        raise EvidenceInvalid("this is not a consent receipt") from error
    record = verify(receipt, text_of(args.key) if args.key else None)
    if args.json:
        show({"record": record, "key_given": args.key is not None})
        return 0
    say(f"signed: consent {record['record_id']}, version {record['version']}, {record['event']['type']}")
    if args.key is None:
        say("by the key that the receipt itself names: give the service's published key with --key")
    return 0


def change(scope: consent_pb2.Scope, args: argparse.Namespace) -> None:
    """Set in `scope` what the options name; the rest stays."""
    for option, field in LISTS.items():
        if (values := getattr(args, option)) is not None:
            scope.ClearField(field)
            getattr(scope, field).extend(values)
    for name in NUMBERS:
        number = getattr(args, name)
        if number == 0 and name != "max_seconds":
            scope.ClearField(name)
        elif number is not None:
            setattr(scope, name, number)
    if args.live is not None:
        scope.live = args.live
    if args.own_voice_only is not None:
        scope.own_voice_only = args.own_voice_only
    if args.days is not None:
        now = datetime.now(UTC)
        scope.not_before.CopyFrom(_stamp(now))
        scope.not_after.CopyFrom(_stamp(now + timedelta(days=args.days)))
    if args.any_script:
        scope.ClearField("script")
    elif args.script:
        texts = [text_of(path) for path in args.script]
        scope.script.CopyFrom(consent_pb2.ScriptRule(kind=consent_pb2.SCRIPT_KIND_EXACT, texts=texts))
    elif args.no_topic or args.no_term:
        rule = consent_pb2.ScriptRule(
            kind=consent_pb2.SCRIPT_KIND_TOPICS, topics=args.no_topic or [], terms=args.no_term or []
        )
        scope.script.CopyFrom(rule)


def _stamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def _print_version(args: argparse.Namespace, answer: Any, done: str) -> None:
    version = answer.consent.version
    answer_with(
        args, answer, f"consent {args.consent} {done}, version {version}, log entry {answer.log_index}"
    )
