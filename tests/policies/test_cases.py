"""The default policy against its own cases: allow/ passes, deny/ is refused by exactly the rules it names."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from safety.errors import PolicyRefused
from safety.facts import Facts
from safety.policy import SCHEMA_FILE, Policy, default_folder
from safety.scope import CLIP_SECONDS, TERM
from safety.vocabulary import BASES, CHANNELS, PURPOSES, TERRITORIES

FOLDER = default_folder()
TYPES = {field.name: field.type for field in dataclasses.fields(Facts)}
UNGRANTABLE = {"deception", "fraud", "harassment"}
"""Prohibited purposes that no consent can name."""


def read(path: str) -> dict[str, Any]:
    """A case with `change` applied to the facts of the case it comes `from`."""
    case: dict[str, Any] = json.loads((FOLDER / path).read_text())
    if "from" in case:
        case["facts"] = read(case["from"])["facts"] | case["change"]
    return case


def facts(case: dict[str, Any]) -> Facts:
    values = dict(case["facts"])
    for name, kind in TYPES.items():
        if kind is datetime:
            values[name] = datetime.fromisoformat(values[name])
        elif kind == frozenset[str]:
            values[name] = frozenset(values[name])
    return Facts(**values)


def paths(folder: str) -> list[str]:
    return sorted(f"{folder}/{path.name}" for path in (FOLDER / folder).glob("*.json"))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.load(FOLDER)


@pytest.mark.parametrize("path", paths("allow"))
def test_allowed(policy: Policy, path: str) -> None:
    """The case gets a permit, by the broad rule."""
    case = read(path)
    assert policy.authorize(facts(case)).rules == ("generate.base",), case["about"]


@pytest.mark.parametrize("path", paths("deny"))
def test_denied_by_exactly_these_rules(policy: Policy, path: str) -> None:
    """The case is refused, and every broken rule is named, no other."""
    case = read(path)
    with pytest.raises(PolicyRefused) as refused:
        policy.authorize(facts(case))
    assert refused.value.metadata["rules"].split(",") == case["rules"], case["about"]


def forbids() -> Iterator[str]:
    for path in FOLDER.glob("*.cedar"):
        yield from re.findall(r'@id\("([^"]+)"\)\s*@reason\("[^"]+"\)\s*forbid', path.read_text())


@pytest.mark.parametrize("rule", sorted(forbids()))
def test_each_rule_alone_refuses_and_its_removal_would_permit(rule: str) -> None:
    """Every rule has a case that it alone refuses; without the rule, that case passes."""
    alone = [read(path) for path in paths("deny") if read(path)["rules"] == [rule]]
    assert alone, f"deny/ has no case for {rule} alone"
    text = "\n".join(path.read_text() for path in FOLDER.glob("*.cedar"))
    without, count = re.subn(rf'@id\("{re.escape(rule)}"\)[^;]*;', "", text)
    assert count == 1
    lenient = Policy((FOLDER / SCHEMA_FILE).read_text(), {"all.cedar": without})
    for case in alone:
        assert lenient.authorize(facts(case)).rules == ("generate.base",)


def test_every_rule_is_seen() -> None:
    """The rules that this file finds by text are the rules that Cedar found."""
    policy = Policy.load(FOLDER)
    assert sorted(forbids()) == [rule.rule_id for rule in policy.rules if rule.effect == "forbid"]
    assert [rule.rule_id for rule in policy.rules if rule.effect == "permit"] == ["generate.base"]


def codes_of(rule: str) -> set[str]:
    text = "\n".join(path.read_text() for path in FOLDER.glob("*.cedar"))
    body = text.split(f'@id("{rule}")')[1].split(";")[0].split("[", 1)[1].split("]")[0]
    return set(re.findall(r'"([^"]*)"', body))


def test_policy_and_consents_share_one_vocabulary() -> None:
    """What a consent can list, the policy knows; what it prohibits, it names; limits are the same."""
    assert codes_of("purpose.unknown") == set(PURPOSES) | UNGRANTABLE
    assert codes_of("purpose.prohibited") == {"intimate", "political-persuasion"} | UNGRANTABLE
    assert not UNGRANTABLE & set(PURPOSES)
    assert codes_of("territory.unknown") == TERRITORIES
    assert codes_of("channel.unknown") == set(CHANNELS)
    assert codes_of("basis.unknown") == set(BASES)
    text = (FOLDER / "use.cedar").read_text() + (FOLDER / "consent.cedar").read_text()
    assert f"context.milliseconds <= {CLIP_SECONDS * 1000:.0f} " in text
    assert f'duration("{TERM.days}d")' in text


def test_readme_explains_every_code_and_rule() -> None:
    """The vocabulary that people read has all purposes, channels and rules, with their reasons."""
    readme = (FOLDER.parent / "README.md").read_text()
    for code in (*PURPOSES, *UNGRANTABLE, *CHANNELS):
        assert f"`{code}`" in readme, code
    for rule in Policy.load(FOLDER).rules:
        assert f"| `{rule.rule_id}` | {rule.reason} |" in readme, rule.rule_id


def test_schema_has_the_fields_of_facts() -> None:
    """Each fact has its line in the schema, with the type that it is sent as."""
    kinds: dict[Any, str] = {str: "String", bool: "Bool", int: "Long", float: "Long", datetime: "datetime"}
    declared = dict(
        re.findall(r"^    (\w+): ([\w<>]+),", Path(FOLDER / SCHEMA_FILE).read_text(), re.MULTILINE)
    )
    expected = {name: kinds.get(kind, "Set<String>") for name, kind in TYPES.items()}
    expected["milliseconds"] = expected.pop("seconds")
    assert declared == expected
