"""Every set of policies that came into force, by its digest: log entries name it, evidence packs hold it."""

import json
from collections.abc import Mapping
from pathlib import Path

from safety.policy_rules import digest_of
from safety.stores.files import write_whole

FOLDER = "policies-in-force"
"""In the data folder: a JSON object of text by file name, per digest."""


def keep(data: Path, files: Mapping[str, str]) -> None:
    """Keep a set before it decides anything. Raises StoreUnavailable."""
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    text = json.dumps(dict(files), ensure_ascii=False, indent=1, sort_keys=True)
    write_whole(folder / f"{digest_of(dict(files))}.json", text.encode(), replace=False)


def kept(data: Path, digests: set[str]) -> dict[str, dict[str, str]]:
    """The sets of these digests that are kept whole; one that was changed is left out."""
    found = {}
    for digest in digests:
        try:
            files = json.loads((data / FOLDER / f"{digest}.json").read_bytes())
            if digest_of(files) == digest:
                found[digest] = files
        except (OSError, ValueError, AttributeError, TypeError):
            continue
    return found
