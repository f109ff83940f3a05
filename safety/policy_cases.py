"""Cases of a set of policies: facts with the outcome they must have, as JSON in `allow/` and `deny/`.

    {"about": "...", "facts": {...}}                                        a whole case
    {"about": "...", "from": "allow/consent.json", "change": {...}}         another one's facts, changed

A case in `deny/` has `rules`: the rules that refuse it, all of them and no other.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from safety.errors import Misconfigured
from safety.facts import Facts
from safety.policy import Explanation, Policy
from safety.policy_rules import Rule

FOLDERS = ("allow", "deny")
_DEPTH = 10
"""How many cases may build on each other."""

_READERS: Mapping[Any, Callable[[Any], Any]] = {datetime: datetime.fromisoformat, frozenset[str]: frozenset}


@dataclass(frozen=True)
class Case:
    """One case. `rules` must refuse it; empty where it must be permitted."""

    name: str
    about: str
    facts: Facts
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a set decided on a case, and whether that is what the case says."""

    case: Case
    found: Explanation
    right: bool


@dataclass(frozen=True)
class Difference:
    """What two sets differ in.

    Attributes:
        added, removed, changed: rules by id; a changed one has another effect, reason or condition.
        cases: (name, outcome in the old set, outcome in the new one) of each case that ends otherwise.
    """

    old_digest: str
    new_digest: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    cases: tuple[tuple[str, str, str], ...]


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Every case of a folder of policies, by name.

    Raises:
        Misconfigured: a case is not one; the message names it.
    """
    return tuple(
        read_case(path, folder) for kind in FOLDERS for path in sorted((folder / kind).glob("*.json"))
    )


def read_case(path: Path, folder: Path) -> Case:
    """One case; `from` in it is relative to `folder`. A file that is facts alone is taken for a whole case.

    Raises:
        Misconfigured: it is not a case; the message says why.
        OSError: it cannot be read.
    """
    name = f"{path.parent.name}/{path.name}"
    content = _content(path, folder, name)
    known = {"about", "from", "change", "facts", "rules"}
    if unknown := content.keys() - known:
        raise _wrong(name, f"it has an unknown part {min(unknown)}")
    rules = content.get("rules", [])
    if not (isinstance(rules, list) and bool(rules) >= (path.parent.name == "deny")):
        raise _wrong(name, "a case in deny/ lists the rules that refuse it")
    return Case(name, str(content.get("about", "")), facts_of(content["facts"], name), tuple(rules))


def facts_of(values: Mapping[str, Any], name: str = "the facts") -> Facts:
    """Facts from JSON: times in ISO 8601, sets as lists.

    Raises:
        Misconfigured: a fact is missing, unknown or not of its kind; `name` is in the message.
    """
    types = {field.name: field.type for field in fields(Facts)}
    if missing := types.keys() - values.keys():
        raise _wrong(name, f"there is no fact {min(missing)}")
    if unknown := values.keys() - types.keys():
        raise _wrong(name, f"there is an unknown fact {min(unknown)}")
    read = {}
    for fact, kind in types.items():
        try:
            read[fact] = _READERS.get(kind, lambda value: value)(values[fact])
        except (TypeError, ValueError) as error:
            raise _wrong(name, f"the fact {fact} is not of its kind") from error
    return Facts(**read)


def run_cases(policy: Policy, cases: tuple[Case, ...]) -> Iterator[Outcome]:
    """What `policy` decides on each case."""
    for case in cases:
        found = policy.explain(case.facts)
        wanted = "refuse" if case.rules else "permit"
        named = tuple(rule.rule_id for rule in found.rules)
        right = found.decision == wanted and (wanted == "permit" or named == tuple(sorted(case.rules)))
        yield Outcome(case, found, right)


def differ(old: Policy, new: Policy, cases: tuple[Case, ...]) -> Difference:
    """What changes when `new` takes the place of `old`, in its rules and on `cases`."""
    before, after = _by_id(old.rules), _by_id(new.rules)
    outcomes = ((case.name, _outcome(old, case), _outcome(new, case)) for case in cases)
    return Difference(
        old_digest=old.digest,
        new_digest=new.digest,
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(name for name in sorted(before.keys() & after.keys()) if before[name] != after[name]),
        cases=tuple(each for each in outcomes if each[1] != each[2]),
    )


def _outcome(policy: Policy, case: Case) -> str:
    found = policy.explain(case.facts)
    if found.decision != "refuse":
        return found.decision
    return f"refuse: {', '.join(rule.rule_id for rule in found.rules)}"


def _by_id(rules: tuple[Rule, ...]) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in rules}


def _content(path: Path, folder: Path, name: str, depth: int = 0) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise _wrong(name, "it is not JSON") from error
    if not isinstance(content, dict) or depth > _DEPTH:
        raise _wrong(name, "it is not an object, or builds on too many others")
    if not content.keys() & {"facts", "from"}:
        return {"facts": content}
    if "from" in content:
        base = folder / str(content["from"])
        if folder.resolve() not in base.resolve().parents or not base.is_file():
            raise _wrong(name, "the case that it builds on is not in the folder")
        change = content.get("change", {})
        if not isinstance(change, dict):
            raise _wrong(name, "its change is not an object")
        content["facts"] = _content(base, folder, name, depth + 1)["facts"] | change
    if not isinstance(content["facts"], dict):
        raise _wrong(name, "its facts are not an object")
    return content


def _wrong(name: str, why: str) -> Misconfigured:
    return Misconfigured(f"{name} is not a case: {why}", setting="policies")
