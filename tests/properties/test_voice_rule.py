"""Own voice only: nothing but the one answer `same` is ever permitted, by consent or by policy."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.consent import Consent, covers
from safety.errors import ConsentScope
from safety.policy import Policy, default_folder
from safety.policy_cases import facts_of
from safety.scope import Ask, Scope

POLICY = Policy.load(default_folder())
GOOD = facts_of(json.loads((default_folder() / "allow" / "consent.json").read_text())["facts"])
START = datetime(2026, 3, 1, tzinfo=UTC)
IDENTITY = "0f" * 16
SCOPE = Scope(
    callers=frozenset({"studio"}), purposes=frozenset({"course"}), territories=frozenset({"DE"}),
    channels=frozenset({"web"}), not_before=START, not_after=START + timedelta(days=3), max_seconds=60.0,
    emotions=frozenset(), controls=frozenset(), live=True,
)  # fmt: skip
ASK = Ask(IDENTITY, "studio", "course", "DE", "web", 3.0, frozenset(), frozenset(), False)
WORDS = st.sampled_from(("same", "other", "unknown", "not_asked", "Same", " same", "")) | st.text(max_size=12)
ODD: tuple[Any, ...] = (None, True, False, 1, 0.5, b"same", ["same"], frozenset({"same"}), {}, float("nan"))


@given(st.booleans(), WORDS | st.sampled_from(ODD), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_consent_covers_no_other_voice(own: bool, voice: Any, live: bool) -> None:
    """With own voice only, `same` alone is covered; without, also `not_asked`; no other word or value is."""
    consent = Consent(
        "c" * 32,
        IDENTITY,
        "consent",
        replace(SCOPE, own_voice_only=own),
        1,
        "e" * 64,
        "notice",
        START,
        "desk",
    )
    missed = covers(consent, replace(ASK, voice=voice, live=live), START)
    allowed = isinstance(voice, str) and (voice == "same" or (voice == "not_asked" and not own))
    assert missed == (() if allowed else ("voice",))


@given(st.booleans(), WORDS, st.sampled_from(("consent", "character", "artwork")), st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_policy_permits_no_other_voice(own: bool, voice: str, basis: str, live: bool) -> None:
    """The same by the policy alone, whatever the basis."""
    facts = replace(
        GOOD, own_voice_only=own, voice=voice, basis=basis, consent_basis=basis, declaration=True, live=live
    )
    found = POLICY.explain(facts)
    allowed = voice == "same" or (voice == "not_asked" and not own)
    assert found.decision == ("permit" if allowed else "refuse")
    assert allowed or [rule.rule_id for rule in found.rules] == ["voice.own"]


@given(st.sampled_from(("own_voice_only", "voice")), st.sampled_from((None, 1, [], {}, True, "same")))
@settings(max_examples=40, deadline=None)
def test_a_fact_that_is_none_decides_nothing(name: str, wrong: Any) -> None:
    """Missing, or of another type, the decision is not taken: refused."""
    context = GOOD.context()
    missing = {key: value for key, value in context.items() if key != name}
    kinds = {"own_voice_only": bool, "voice": str}
    for spoilt in (missing, context if isinstance(wrong, kinds[name]) else context | {name: wrong}):
        if spoilt is context:
            continue
        decision, errors, _ = POLICY._decide(_Partial(spoilt))  # type: ignore[arg-type]  # as a fault would
        assert errors or decision != POLICY._cedar.Decision.Allow


def test_a_scope_of_before_asks_for_no_voice() -> None:
    """A stored scope without the field reads as one that does not ask; a field that is no flag, as none."""
    stored = json.loads(SCOPE.to_json())
    del stored["own_voice_only"]
    assert Scope.from_json(json.dumps(stored)).own_voice_only is False
    for wrong in ("yes", 1, None, []):
        with pytest.raises(ConsentScope):
            Scope.from_json(json.dumps(stored | {"own_voice_only": wrong}))


class _Partial:
    """Facts as they would come out of a fault: their context is what is given."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._context = context
        self.caller, self.identity_id = GOOD.caller, GOOD.identity_id

    def context(self) -> dict[str, Any]:
        return self._context
