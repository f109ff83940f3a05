"""The options of `sitter trust`, apart from what it does: parsing a line loads no cryptography."""

import argparse
from pathlib import Path

LISTS = ("own-signers", "time-stampers", "foreign-signers")
"""The first is written by what is made and imported, the others by `sitter trust update`."""


def add_trust(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `sitter trust`."""
    actions = commands.add_parser("trust", help="certificates that sign, and trust lists").add_subparsers(
        required=True, metavar="ACTION"
    )
    init = actions.add_parser("init", help="make the development authority, if there is none yet")
    shown = actions.add_parser("show", help="signers and lists")
    csr = actions.add_parser("csr", help="make a key, and the request for its certificate")
    for name, means in (
        ("country", "two letters"),
        ("organization", "as in C2PA's list of products"),
        ("common-name", "of the signer"),
    ):
        csr.add_argument(f"--{name}", required=True, help=means)
    csr.add_argument("--algorithm", choices=("es256", "ed25519"), default="es256", help="default es256")
    csr.add_argument("--key", metavar="KEY", help="PEM file or pkcs11:... of a key instead of a new one")
    csr.add_argument("--out", type=Path, required=True, metavar="PEM", help="the request")
    taken = actions.add_parser("import", help="take the chain that an authority issued; the newest signs")
    taken.add_argument("chain", type=Path, metavar="PEM", help="signer's certificate first")
    taken.add_argument(
        "--key", metavar="KEY",
        help="PEM file, pkcs11:... or callback:MODULE:FUNCTION; default: the key of a request made here",
    )  # fmt: skip
    listed = actions.add_parser("list", help="who stands in a list")
    listed.add_argument("list", choices=LISTS)
    update = actions.add_parser("update", help="replace a list by a file")
    update.add_argument("list", choices=LISTS[1:])
    update.add_argument("file", type=Path, metavar="PEM")
    update.add_argument("--sha256", metavar="HEX", help="take the file only if this is its digest")
    stamp = actions.add_parser("stamp", help="add the time-stamp that a clip was signed without")
    stamp.add_argument("clip", type=Path, metavar="MP4")
    stamp.add_argument("--out", type=Path, required=True, metavar="MP4")
    for name, each in (
        ("init", init), ("shown", shown), ("csr", csr), ("take", taken), ("listing", listed),
        ("update", update), ("stamp", stamp),
    ):  # fmt: skip
        each.add_argument("--config", type=Path, metavar="FILE", help="settings; default $SITTER_CONFIG")
        each.add_argument("--json", action="store_true", help="answer as JSON")
        each.set_defaults(run=f"trust.{name}")
