"""A set of Cedar files: read from a folder, its rules listed, its digest."""

import hashlib
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from safety.errors import Misconfigured

SCHEMA_FILE = "schema.cedarschema"

_RULE_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
_WORDS = ("annotations", "effect")
"""Parts of a policy's JSON that are not its condition."""


@dataclass(frozen=True)
class Rule:
    """One Cedar policy: its effect (`permit` or `forbid`), `@id` and `@reason`, and its condition as JSON."""

    rule_id: str
    effect: str
    reason: str
    condition: str = ""


def read_folder(folder: Path) -> tuple[str, dict[str, str]]:
    """The schema, and the text of every `*.cedar` by file name.

    Raises:
        Misconfigured: the folder has no readable schema and rules.
    """
    try:
        schema = (folder / SCHEMA_FILE).read_text(encoding="utf-8")
        policies = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.cedar"))}
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"the policy folder has no readable {SCHEMA_FILE} and *.cedar: name a folder that has",
            setting="policies",
        ) from error
    if not policies:
        raise Misconfigured("the policy folder has no *.cedar: name a folder that has", setting="policies")
    return schema, policies


def rules_of(policies: dict[str, Any]) -> tuple[Rule, ...]:
    """Every rule by id, of Cedar's JSON of a set.

    Raises:
        Misconfigured: a template, a rule without `@id` or `@reason`, two with one id, no permit or no forbid.
    """
    if policies["templates"]:
        raise Misconfigured(
            "the policies hold a template, which is never evaluated: write a rule", setting="policies"
        )
    rules = []
    for name, policy in policies["staticPolicies"].items():
        notes = policy.get("annotations", {})
        if not _RULE_ID.fullmatch(notes.get("id") or "") or not notes.get("reason"):
            raise Misconfigured(
                f"rule {notes.get('id') or name} needs an @id of a-z, 0-9, dot and hyphen, and a @reason",
                setting="policies",
            )
        condition = {part: value for part, value in policy.items() if part not in _WORDS}
        rules.append(
            Rule(notes["id"], policy["effect"], notes["reason"], json.dumps(condition, sort_keys=True))
        )
    rules.sort(key=lambda rule: rule.rule_id)
    twice = [rule.rule_id for rule, following in pairwise(rules) if rule.rule_id == following.rule_id]
    if twice:
        raise Misconfigured(f"two rules have the id {twice[0]}: give each its own", setting="policies")
    if {rule.effect for rule in rules} != {"permit", "forbid"}:
        raise Misconfigured("the policies need at least one permit and one forbid", setting="policies")
    return tuple(rules)


def digest_of(files: dict[str, str]) -> str:
    """SHA-256 over names and contents, hex."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name].encode()):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()
