"""The policy on facts that lack something: missing, added or of another type, and nothing is permitted."""

import json
from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from safety.facts import Facts
from safety.policy import Policy, default_folder
from safety.policy_cases import facts_of

POLICY = Policy.load(default_folder())
GOOD = facts_of(json.loads((default_folder() / "allow" / "consent.json").read_text())["facts"])
CONTEXT = GOOD.context()
WRONG: dict[type, tuple[Any, ...]] = {
    bool: (None, 0, 1, "true", [], {}),
    int: (None, "1", True, 2**63, [1], {}),
    str: (None, 1, False, ["course"], {}),
    list: (None, "client", [1], [None], {}, 0),
    # A time as plain text is the same time to Cedar where the schema asks for one: not of another type.
    dict: (None, "soon", 0, [], {}, {"__extn": {"fn": "datetime", "arg": "soon"}}),
}


class Partial:
    """Facts as they would come out of a fault: their context is what is given."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._context = context
        self.caller, self.identity_id, self.at = GOOD.caller, GOOD.identity_id, GOOD.at

    def context(self) -> dict[str, Any]:
        return self._context

    def digest(self) -> str:
        return GOOD.digest()


def decision(context: dict[str, Any]) -> str:
    return POLICY.explain(Partial(context)).decision  # type: ignore[arg-type]  # as a fault would


def test_the_whole_facts_are_permitted() -> None:
    """The facts that the others spoil one by one."""
    assert decision(CONTEXT) == "permit"
    assert len(CONTEXT) == len(fields(Facts))


@given(st.sets(st.sampled_from(sorted(CONTEXT)), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_whatever_is_missing_nothing_is_permitted(names: set[str]) -> None:
    """One fact or several."""
    assert decision({name: value for name, value in CONTEXT.items() if name not in names}) == "undecided"


@given(st.data(), st.sets(st.sampled_from(sorted(CONTEXT)), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_is_of_another_type_nothing_is_permitted(data: st.DataObject, names: set[str]) -> None:
    """Null, another kind, a number beyond 64 bits, a time that is none."""
    spoilt = {name: data.draw(st.sampled_from(WRONG[type(CONTEXT[name])])) for name in sorted(names)}
    assert decision(CONTEXT | spoilt) == "undecided"


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.booleans() | st.text(), min_size=1))
@settings(max_examples=50, deadline=None)
def test_a_fact_that_the_schema_does_not_know_is_not_skipped(more: dict[str, Any]) -> None:
    """A misspelt fact beside the right ones refuses too: somebody meant something by it."""
    unknown = {f"x_{name}": value for name, value in more.items()}
    assert decision(CONTEXT | unknown) == "undecided"
