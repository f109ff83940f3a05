"""Options of `sitter session`."""

import argparse
from pathlib import Path

from service.cli.agreeing import Commands, add_scope


def add_sessions(commands: Commands) -> list[argparse.ArgumentParser]:
    """`sitter session`; returns the commands, all of which ask a service."""
    actions = commands.add_parser(
        "session", help="a living person's consent session: a code to say and turns of the head"
    ).add_subparsers(required=True, metavar="ACTION")
    start = actions.add_parser(
        "start", help="begin one; the options say what the sitter will be asked to allow"
    )
    start.add_argument(
        "--identity", default="", help="whom it is for; without: somebody to be enrolled from it"
    )
    start.add_argument(
        "--link", action="store_true", help="give a link for the sitter instead of the challenge"
    )
    start.add_argument(
        "--page", metavar="URL", help="where sitters reach the page; default: the settings' console"
    )
    add_scope(start, required=True)
    submit = actions.add_parser("submit", help="hand in the film and wait for the outcome")
    shown = actions.add_parser("show", help="where it is")
    enroll = actions.add_parser("enroll", help="enrol the person of a passed session from its film")
    enroll.add_argument("--label", required=True, help="name or note; stored encrypted, never logged")
    enroll.add_argument("--adult", action="store_true", help="there is evidence that the person is of age")
    enroll.add_argument("--guardian", action="store_true", help="there is evidence that a guardian agrees")
    grant = actions.add_parser("grant", help="record the consent that the sitter gave in a passed session")
    grant.add_argument("--notice", default="sitter-session-1", help="name of the notice that was shown")
    made = {"start": start, "submit": submit, "show": shown, "enroll": enroll, "grant": grant}
    for name, command in made.items():
        if name != "start":
            command.add_argument("session", help="session id")
        command.set_defaults(run=f"session.{'show_one' if name == 'show' else name}")
    submit.add_argument("film", type=Path, metavar="FILE", help="WebM or MP4, up to 60 seconds")
    return list(made.values())
