"""Cases, explanations and differences of sets of policies."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from safety.errors import Misconfigured
from safety.policy import Policy, default_folder
from safety.policy_cases import differ, facts_of, read_case, read_cases, run_cases

DEFAULT = default_folder()
FACTS = json.loads((DEFAULT / "allow" / "consent.json").read_text())["facts"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default set, to be spoilt."""
    return Path(shutil.copytree(DEFAULT, tmp_path / "set"))


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_default_set_decides_its_cases_as_they_say() -> None:
    """All of them, both kinds."""
    outcomes = list(run_cases(Policy.load(DEFAULT), read_cases(DEFAULT)))
    assert {each.found.decision for each in outcomes} == {"permit", "refuse"}
    assert [each.case.name for each in outcomes if not each.right] == []


def test_a_case_that_ends_otherwise_is_found(folder: Path) -> None:
    """An allow/ case that is refused, a deny/ case that is permitted, and one refused by another rule."""
    write(folder, "allow/consent.json", {"facts": FACTS | {"protected": True}})
    write(folder, "deny/minor.json", {"facts": FACTS, "rules": ["basis.adult"]})
    write(
        folder,
        "deny/no-log.json",
        {"facts": FACTS | {"live": True, "faces": 0}, "rules": ["disclosure.marks"]},
    )
    outcomes = list(run_cases(Policy.load(folder), read_cases(folder)))
    wrong = {each.case.name for each in outcomes if not each.right}
    assert {"allow/consent.json", "deny/minor.json", "deny/no-log.json"} <= wrong


def test_an_explanation_names_every_rule_its_reason_and_the_digests() -> None:
    """A refusal gives all rules; a permit gives the one that permits; both name the set and the facts."""
    policy = Policy.load(DEFAULT)
    refused = policy.explain(facts_of(FACTS | {"protected": True, "channel": "fax"}))
    assert (refused.decision, refused.policy_digest) == ("refuse", policy.digest)
    assert [(rule.rule_id, rule.reason) for rule in refused.rules] == [
        ("channel.unknown", "The channel is not in the vocabulary."),
        ("identity.protected", "Somebody on the protected list is never animated."),
    ]
    permitted = policy.explain(facts_of(FACTS))
    assert (permitted.decision, [rule.rule_id for rule in permitted.rules]) == ("permit", ["generate.base"])
    assert permitted.facts_digest == policy.authorize(facts_of(FACTS)).facts_digest


def test_what_cannot_be_decided_is_no_permit() -> None:
    """A number that Cedar does not take: undecided, with a reason and without a rule."""
    found = Policy.load(DEFAULT).explain(facts_of(FACTS | {"seconds": 1e300}))
    assert (found.decision, found.rules) == ("undecided", ())
    assert found.problem


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ([], "not an object"),
        ({"facts": {}}, "no fact"),
        ({"facts": FACTS | {"shoe_size": 42}}, "unknown fact shoe_size"),
        ({"facts": {k: v for k, v in FACTS.items() if k != "protected"}}, "no fact protected"),
        ({"facts": FACTS | {"at": "soon"}}, "fact at"),
        ({"facts": FACTS | {"marks": 7}}, "fact marks"),
        ({"facts": FACTS, "rule": []}, "unknown part rule"),
        ({"from": "../../../etc/passwd", "change": {}}, "not in the folder"),
        ({"from": "allow/nobody.json", "change": {}}, "not in the folder"),
        ({"from": "allow/consent.json", "change": []}, "change"),
        ({"from": "allow/loop.json"}, "too many"),
        ({"facts": []}, "not an object"),
    ],
    ids=range(13),
)
def test_what_is_no_case_is_refused_with_its_name(folder: Path, content: Any, told: str) -> None:
    """The message says which file and what is wrong with it."""
    path = write(folder, "allow/loop.json", content)
    with pytest.raises(Misconfigured) as refused:
        read_case(path, folder)
    assert told in str(refused.value)
    assert "allow/loop.json" in str(refused.value)


def test_a_deny_case_says_which_rules(folder: Path) -> None:
    """Otherwise a refusal for another reason would pass."""
    with pytest.raises(Misconfigured):
        read_case(write(folder, "deny/minor.json", {"facts": FACTS}), folder)


def test_a_difference_names_rules_and_cases(folder: Path) -> None:
    """One rule gone, one new, one changed; and the cases that end otherwise for it."""
    text = (folder / "identity.cedar").read_text()
    gone = text[text.index('@id("identity.protected")') : text.index('@id("basis.unknown")')]
    (folder / "identity.cedar").write_text(
        text.replace(gone, "").replace("context.faces == 1", "context.faces > 0")
    )
    (folder / "own.cedar").write_text(
        '@id("own.internal") @reason("Internal only.") forbid (principal, action, resource)'
        ' unless { context.channel == "internal" };'
    )
    found = differ(Policy.load(DEFAULT), Policy.load(folder), read_cases(DEFAULT))
    assert (found.added, found.removed, found.changed) == (
        ("own.internal",), ("identity.protected",), ("identity.faces",)
    )  # fmt: skip
    changed = {name: (before, after) for name, before, after in found.cases}
    assert changed["deny/protected.json"] == ("refuse: identity.protected", "refuse: own.internal")
    assert changed["allow/consent.json"] == ("permit", "refuse: own.internal")
    assert found.old_digest != found.new_digest


def test_a_set_does_not_differ_from_itself(folder: Path) -> None:
    """Another order of files or other spaces change the digest, not a rule."""
    (folder / "caller.cedar").rename(folder / "zz.cedar")
    found = differ(Policy.load(DEFAULT), Policy.load(folder), read_cases(DEFAULT))
    assert (found.added, found.removed, found.changed, found.cases) == ((), (), (), ())
