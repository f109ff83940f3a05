"""Where the service is and who asks it, from options, environment and settings."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from safety.errors import Misconfigured
from service.caller import issue_token
from service.client import Client
from service.local_callers import AUDIENCE, LOCAL, key_path, load_key
from service.settings import Settings


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that a command runs under: --config, else $SITTER_CONFIG, and SITTER_* variables."""
    named = args.config or os.environ.get("SITTER_CONFIG")
    return Settings.load(Path(named) if named else None, os.environ)


def connect(args: argparse.Namespace, anonymous: bool = False) -> Client:
    """A client for the command's server and caller. Raises Misconfigured."""
    settings = settings_of(args)
    server = args.server or os.environ.get("SITTER_SERVER") or settings.listen
    if server.endswith(":0"):
        raise Misconfigured(
            "the settings listen on a free port: name the server with --server", setting="listen"
        )
    name = args.acting or os.environ.get("SITTER_CALLER") or LOCAL
    credentials = _tls(args.ca) if args.ca else None
    if anonymous and not (args.acting or args.key):
        return Client(server, credentials=credentials)
    key = load_key(args.key or key_path(settings, name))
    return Client(
        server, token=lambda: issue_token(key, name, AUDIENCE, at=datetime.now(UTC)), credentials=credentials
    )


def _tls(ca: Path) -> object:
    import grpc

    return grpc.ssl_channel_credentials(ca.read_bytes())
