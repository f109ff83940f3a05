"""`sitter session`: start, submit, show, enroll, grant."""

import argparse

from google.protobuf.json_format import MessageToDict

from service.cli.connection import connect, settings_of
from service.cli.consent import change
from service.cli.output import say, show
from service.cli.remote import answer_with
from service.pb.sitter.v1 import consent_pb2, session_pb2
from service.session_servicer import TURN_NAME


def start(args: argparse.Namespace) -> int:
    scope = consent_pb2.Scope()
    change(scope, args)
    with connect(args) as sitter:
        answer = sitter.start_session(scope, identity_id=args.identity, link=args.link)
    answer_with(args, answer, f"session {answer.session.session_id} started, log entry {answer.log_index}")
    if args.json:
        return 0
    if args.link:
        say(f"hand this link to the sitter alone: {_page(args)}{answer.link_path}")
    else:
        _print_challenge(answer.challenge)
    return 0


def submit(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.submit_session(args.session, args.film)
    answer_with(args, answer, f"passed: cite {answer.session.evidence}, log entry {answer.log_index}")
    return 0


def show_one(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        show(MessageToDict(sitter.session(args.session), always_print_fields_with_no_presence=True))
    return 0


def enroll(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.enroll_from_session(
            args.session, label=args.label, adult=args.adult, guardian=args.guardian
        )
    answer_with(
        args, answer, f"identity {answer.identity.identity_id} enrolled, log entry {answer.log_index}"
    )
    return 0


def grant(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        session = sitter.session(args.session)
        answer = sitter.grant(
            session.identity_id, session.scope, evidence=session.evidence, notice=args.notice
        )
    answer_with(args, answer, f"consent {answer.consent.consent_id} granted, log entry {answer.log_index}")
    return 0


def _page(args: argparse.Namespace) -> str:
    """Where the sitter's page is reached from outside."""
    from service.console.server import listens

    if args.page:
        return str(args.page).rstrip("/")
    settings = settings_of(args)
    host, port = listens(settings)
    return f"{'https' if settings.tls_certificate else 'http'}://{host}:{port}"


def _print_challenge(challenge: session_pb2.SessionChallenge) -> None:
    say(f"say:  {' '.join(challenge.words)}")
    say(f"then: {', '.join(TURN_NAME[turn] for turn in challenge.turns)}; back to the middle after each")
    say(f"until {challenge.until.ToDatetime():%H:%M:%S} UTC")
