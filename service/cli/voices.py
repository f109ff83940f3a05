"""`sitter identity voice`: add, list, approve, reject, remove, hear."""

import argparse

from safety.errors import VoiceUnknown
from service.cli.connection import connect
from service.cli.output import say
from service.cli.remote import answer_with, writable, write_whole
from service.voice_servicer import REVIEW_NAME


def add(args: argparse.Namespace) -> int:
    recordings = [path.read_bytes() for path in args.voice]
    with connect(args) as sitter:
        answer = sitter.add_voice(args.identity, recordings, session_id=args.session)
    made = answer.voice
    waits = "; another operator has to approve it" if REVIEW_NAME[made.review] == "pending" else ""
    answer_with(
        args, answer,
        f"voice {made.voice_id} added, {made.seconds:.1f} s of speech, log entry {answer.log_index}{waits}",
    )  # fmt: skip
    return 0


def listing(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        for each in sitter.voices(args.identity):
            when = each.added_at.ToDatetime().date()
            text = (
                f"{each.voice_id}  {each.source:7}  {each.seconds:6.1f} s  {when}  "
                f"{REVIEW_NAME[each.review]}  by {each.added_by}"
            )
            answer_with(args, each, text)
    return 0


def review(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.review_voice(args.identity, args.voice, approve=args.decision == "approve")
    done = "approved" if args.decision == "approve" else "rejected and removed"
    answer_with(args, answer, f"voice {args.voice} {done}, log entry {answer.log_index}")
    return 0


def remove(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.remove_voice(args.identity, args.voice)
    answer_with(args, answer, f"voice {args.voice} removed, log entry {answer.log_index}")
    return 0


def hear(args: argparse.Namespace) -> int:
    writable(args.out)
    with connect(args) as sitter:
        wav = sitter.hear_voice(args.identity, args.voice)
    if not wav:
        raise VoiceUnknown("the recordings behind this voice are not kept any more")
    write_whole(args.out, wav)
    say(f"{args.out}: what the print was made of; delete it after")
    return 0
