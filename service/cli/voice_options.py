"""Options of `sitter identity voice`."""

import argparse
from pathlib import Path


def add_voices(
    identity: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> list[argparse.ArgumentParser]:
    """`voice` beneath `sitter identity`; returns the commands, all of which ask a service."""
    actions = identity.add_parser("voice", help="the sitter's own voice on record").add_subparsers(
        required=True, metavar="ACTION"
    )
    made = actions.add_parser("add", help="record one more print: 10 s of speech are needed in all")
    made.add_argument("identity", help="identity id")
    made.add_argument("voice", type=Path, nargs="*", metavar="WAV", help="recordings of the sitter alone")
    made.add_argument("--session", default="", metavar="ID", help="and what was said in this consent session")
    made.set_defaults(run="voices.add")
    listed = actions.add_parser("list", help="prints of an identity")
    listed.add_argument("identity", help="identity id")
    listed.set_defaults(run="voices.listing")
    found = [made, listed]
    for name, text in (
        ("approve", "approve a character's print, as a second operator"),
        ("reject", "reject and remove it, as a second operator"),
        ("remove", "destroy a print"),
        ("hear", "fetch the recordings of a print, while they are kept"),
    ):
        command = actions.add_parser(name, help=text)
        command.add_argument("identity", help="identity id")
        command.add_argument("voice", help="voice id")
        command.set_defaults(
            run={"remove": "voices.remove", "hear": "voices.hear"}.get(name, "voices.review"), decision=name
        )
        found.append(command)
    found[-1].add_argument("--out", type=Path, required=True, metavar="WAV", help="file to write")
    return found
