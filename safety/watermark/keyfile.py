"""Watermark keys in a file, for the command line: one key of 64 hex digits a line, the first embeds."""

import os
import secrets
from pathlib import Path

from safety.errors import Misconfigured
from safety.watermark.pattern import KEY_BYTES

MOST_BYTES = 64 * 1024


def load_keys(path: Path) -> list[bytes]:
    """The keys in a file: lines of 64 hex digits, or the 32 bytes of one key.

    Raises:
        Misconfigured: the file cannot be read or holds something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES)
    except OSError as error:
        raise Misconfigured(f"the key file cannot be read: {error.strerror}") from None
    if len(data) == KEY_BYTES:
        return [data]
    try:
        keys = [bytes.fromhex(line) for line in data.decode("ascii").split()]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise Misconfigured("a key file holds lines of 64 hex digits, one for each key")
    return keys


def default_key_file() -> Path:
    """$SITTER_WATERMARK_KEY, or `watermark.key` in $SITTER_DATA or ~/.local/share/sitter."""
    if named := os.environ.get("SITTER_WATERMARK_KEY"):
        return Path(named)
    data = os.environ.get("SITTER_DATA")
    return (Path(data) if data else Path.home() / ".local/share/sitter") / "watermark.key"


def make_key_file(path: Path) -> bool:
    """Put a new key into `path`, readable by its owner alone; False if the file is there already.

    Raises:
        Misconfigured: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise Misconfigured(f"the key file cannot be made: {error.strerror}") from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True
