"""The policy as a part: bad sets do not load, bad facts do not permit, permits are used once."""

import dataclasses
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.consent import Consent
from safety.errors import Misconfigured, PermitSpent, PolicyRefused, PolicyUnavailable, StoreUnavailable
from safety.facts import Facts
from safety.policy import SCHEMA_FILE, Permit, Permits, Policy, default_folder
from safety.scope import Ask, Scope
from safety.script import Spoken
from safety.stores import open_records
from safety.stores.sqlite import Database

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
FACTS = Facts(
    at=AT,
    request_id="3b241101-e2bb-4255-8caf-4136c566a962",
    caller="studio",
    caller_roles=frozenset({"client"}),
    caller_suspended=False,
    quota_remaining=10,
    identity_id="0f" * 16,
    basis="consent",
    adult_declared=True,
    guardian=False,
    declaration=False,
    faces=1,
    face_quality_ok=True,
    match_accepted=True,
    living_match=False,
    protected=False,
    consent_id="7c" * 16,
    consent_identity="0f" * 16,
    consent_basis="consent",
    consent_state="given",
    consent_not_before=AT - timedelta(days=1),
    consent_not_after=AT + timedelta(days=30),
    consent_evidence=True,
    consent_gaps=frozenset(),
    consent_version=1,
    consent_attested="session",
    purpose="course",
    territory="DE",
    channel="web",
    seconds=12.5,
    live=False,
    language="de",
    script_declared=True,
    script_findings=frozenset(),
    own_voice_only=False,
    voice="not_asked",
    marks=frozenset({"watermark", "credentials", "log"}),
    visible_label=False,
)
POLICY = Policy.load(default_folder())
SCHEMA = (default_folder() / SCHEMA_FILE).read_text()
BASE = '@id("base") @reason("All.") permit (principal, action == Action::"generate", resource);'
NEVER = '@id("never") @reason("Not x.") forbid (principal, action, resource) when { context.channel == "x" };'


# --- deciding --------------------------------------------------------------------------------------


def test_permit_tells_what_decided() -> None:
    """The permit carries the rules, the digests of policy and facts, and the time."""
    permit = POLICY.authorize(FACTS)
    assert permit.rules == ("generate.base",)
    assert (permit.policy_digest, permit.facts_digest, permit.at) == (POLICY.digest, FACTS.digest(), AT)
    assert len(permit.permit_id) == 32


def test_refusal_names_all_rules_and_says_why() -> None:
    """Every rule that forbids is in the metadata, its reason in the message, and no fact is."""
    with pytest.raises(PolicyRefused) as refused:
        POLICY.authorize(dataclasses.replace(FACTS, protected=True, channel="canary-channel"))
    assert refused.value.metadata == {"rules": "channel.unknown,identity.protected"}
    assert "Somebody on the protected list is never animated." in str(refused.value)
    assert "canary" not in str(refused.value)


WRONG: dict[str, list[Any]] = {
    "str": [None, 7, True, ["course"], {"a": 1}, b"course", object()],
    "bool": [None, 0, 1, "true", [], object()],
    "int": [None, "1", 1.5, True, 2**63, -(2**63) - 1, [1]],
    "float": [None, "12", float("nan"), float("inf"), 1e300, [1.0]],
    "datetime": [
        None,
        "2026-03-02T11:00:00.000Z",
        0,
        AT.replace(tzinfo=None),
        AT.astimezone(timezone(timedelta(hours=1))),
    ],
    "frozenset": [None, "client", frozenset({1}), frozenset({True}), frozenset({None}), 5],
}


@pytest.mark.parametrize("field", dataclasses.fields(Facts), ids=lambda field: field.name)
def test_a_mistyped_fact_never_permits(field: dataclasses.Field[Any]) -> None:
    """Whatever is put in the place of any fact: no permit, and no other error than the policy's."""
    kind = getattr(field.type, "__name__", "frozenset")
    for wrong in WRONG[kind]:
        with pytest.raises(PolicyUnavailable) as refused:
            POLICY.authorize(dataclasses.replace(FACTS, **{field.name: wrong}))
        assert FACTS.consent_id not in str(refused.value)


@pytest.mark.parametrize("field", dataclasses.fields(Facts), ids=lambda field: field.name)
def test_a_missing_fact_never_permits(field: dataclasses.Field[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact left out is no decision, also where the only rule that reads it is a forbid."""
    complete = Facts.context

    def incomplete(self: Facts) -> dict[str, Any]:
        context = complete(self)
        del context["milliseconds" if field.name == "seconds" else field.name]
        return context

    monkeypatch.setattr(Facts, "context", incomplete)
    with pytest.raises(PolicyUnavailable):
        POLICY.authorize(FACTS)


def test_an_unknown_fact_never_permits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that the schema does not know is no decision either."""
    complete = Facts.context
    monkeypatch.setattr(Facts, "context", lambda self: complete(self) | {"waived": True})
    with pytest.raises(PolicyUnavailable):
        POLICY.authorize(FACTS)


def test_a_rule_that_errors_never_permits() -> None:
    """Cedar skips a forbid that overflows and answers Allow: that answer is not taken."""
    overflow = (
        '@id("overflow") @reason("Never more.") forbid (principal, action, resource) '
        "when { context.quota_remaining + 9223372036854775000 < 0 };"
    )
    policy = Policy(SCHEMA, {"a.cedar": BASE, "b.cedar": overflow})
    assert policy.authorize(dataclasses.replace(FACTS, quota_remaining=1)).rules == ("base",)
    with pytest.raises(PolicyUnavailable):
        policy.authorize(dataclasses.replace(FACTS, quota_remaining=5000))


def test_no_matching_permit_is_a_refusal() -> None:
    """A set whose permit does not apply refuses by name."""
    narrow = (
        '@id("base") @reason("Web.") permit (principal, action, resource) when { context.channel == "web" };'
    )
    policy = Policy(SCHEMA, {"a.cedar": narrow, "b.cedar": NEVER})
    with pytest.raises(PolicyRefused) as refused:
        policy.authorize(dataclasses.replace(FACTS, channel="social"))
    assert refused.value.metadata["rules"] == "policy.no-permit"


def test_rules_may_name_a_caller_or_an_identity() -> None:
    """Principal and resource are there for an operator's own rules; odd names are only names."""
    own = '@id("own") @reason("Not them.") forbid (principal == Caller::"studio", action, resource);'
    policy = Policy(SCHEMA, {"a.cedar": BASE, "b.cedar": own})
    with pytest.raises(PolicyRefused):
        policy.authorize(FACTS)
    assert policy.authorize(dataclasses.replace(FACTS, caller='x", "\n')).rules == ("base",)


@given(
    gaps=st.frozensets(st.text(), min_size=1),
    basis=st.sampled_from(("consent", "character", "artwork")),
    purpose=st.sampled_from(("course", "film", "research")),
    declared=st.booleans(),
)
def test_no_gap_in_the_scope_is_ever_permitted(
    gaps: frozenset[str], basis: str, purpose: str, declared: bool
) -> None:
    """Whatever else holds, one part of the scope that does not cover the request is enough."""
    facts = dataclasses.replace(
        FACTS, basis=basis, consent_basis=basis, declaration=declared, consent_gaps=gaps, purpose=purpose
    )
    with pytest.raises(PolicyRefused) as refused:
        POLICY.authorize(facts)
    assert "consent.scope" in refused.value.metadata["rules"].split(",")


@dataclasses.dataclass
class Somebody:
    """What `Facts.of` reads of a caller, an identity and a match."""

    name: str = "studio"
    roles: frozenset[str] = frozenset({"client"})
    suspended: bool = False
    identity_id: str = "0f" * 16
    basis: str = "consent"
    declaration: str = ""
    guardian: bool = False
    protected: bool = False
    adult: bool = True


def found(**changes: Any) -> Facts:
    """Facts as the gates find them, for a request that may pass; `changes` name the argument to replace."""
    scope = Scope(
        callers=frozenset({"studio"}),
        purposes=frozenset({"education"}),
        territories=frozenset({"DE"}),
        channels=frozenset({"web"}),
        not_before=AT - timedelta(days=1),
        not_after=AT + timedelta(days=30),
        max_seconds=60.0,
        emotions=frozenset(),
        controls=frozenset(),
        live=False,
    )
    arguments: dict[str, Any] = {
        "match": Somebody(),
        "identity": Somebody(),
        "consent": Consent("7c" * 16, "0f" * 16, "consent", scope, 1, "e" * 64, "notice", AT, "desk"),
        "ask": Ask("0f" * 16, "studio", "course", "DE", "web", 12.5, frozenset(), frozenset(), False),
        "caller": Somebody(),
        "request_id": "r",
        "remaining": 1,
        "marks": ("watermark", "credentials", "log"),
        "visible_label": False,
        "findings": frozenset(),
        "at": AT,
    }
    return Facts.of(**(arguments | changes))


def test_facts_hold_what_is_known_of_the_words() -> None:
    """Whether a script was declared, its language and what moderation found: never the words."""
    ask = Ask(
        "0f" * 16, "studio", "course", "DE", "web", 12.5, frozenset(), frozenset(), False, "de",
        (Spoken("canary words", "0" * 64, "declared"),),
    )  # fmt: skip
    facts = found(ask=ask, findings=frozenset({"self-harm"}))
    assert (facts.script_declared, facts.language, facts.script_findings) == (True, "de", {"self-harm"})
    assert "canary" not in str(facts.context())
    with pytest.raises(PolicyRefused) as refused:
        POLICY.authorize(facts)
    assert refused.value.metadata["rules"] == "script.denied"
    heard = dataclasses.replace(ask, spoken=(Spoken("words", "0" * 64, "heard"),))
    assert not found(ask=heard).script_declared


def test_facts_of_the_gates_permit() -> None:
    """What the gates found for a good request is permitted, at the last clip of the day."""
    assert POLICY.authorize(found()).rules == ("generate.base",)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"match": Somebody(identity_id="1e" * 16)}, "identity.match"),
        ({"identity": Somebody(identity_id="1e" * 16)}, "identity.match"),
        ({"identity": Somebody(protected=True)}, "identity.protected"),
        ({"identity": Somebody(basis="character", declaration="Mine.")}, "consent.basis"),
        ({"caller": Somebody(suspended=True)}, "caller.suspended"),
        ({"caller": Somebody(roles=frozenset({"operator"}))}, "caller.role"),
        ({"remaining": 0}, "quota.spent"),
        ({"identity": Somebody(adult=False)}, "basis.adult"),
        ({"marks": ("watermark",)}, "disclosure.marks"),
        ({"at": AT + timedelta(days=30)}, "consent.expired,consent.scope"),
    ],
)
def test_facts_of_the_gates_refuse(change: dict[str, Any], rules: str) -> None:
    """Each thing that the gates hand over reaches its rule."""
    with pytest.raises(PolicyRefused) as refused:
        POLICY.authorize(found(**change))
    assert refused.value.metadata["rules"] == rules


def test_facts_of_compares_the_scope_once_more() -> None:
    """A consent that does not cover the request is refused here even if gate 4 had let it pass."""
    asked = Ask("0f" * 16, "studio", "film", "DE", "social", 12.5, frozenset(), frozenset(), False)
    facts = found(ask=asked)
    assert facts.consent_gaps == {"purpose", "channel"}
    with pytest.raises(PolicyRefused, match=r"consent\.scope"):
        POLICY.authorize(facts)


# --- loading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "says"),
    [
        ({}, "at least one permit"),
        ({"a.cedar": BASE}, "at least one permit and one forbid"),
        ({"a.cedar": NEVER}, "at least one permit and one forbid"),
        ({"a.cedar": BASE, "b.cedar": "forbid (principal"}, "b.cedar is not Cedar"),
        ({"a.cedar": BASE, "b.cedar": NEVER, "c.cedar": NEVER}, "two rules have the id never"),
        ({"a.cedar": BASE, "b.cedar": "forbid (principal, action, resource);"}, "needs an @id"),
        ({"a.cedar": BASE, "b.cedar": '@id("x") forbid (principal, action, resource);'}, "@reason"),
        ({"a.cedar": BASE, "b.cedar": NEVER.replace('"never"', '"a,b"')}, "needs an @id"),
        ({"a.cedar": BASE, "b.cedar": NEVER.replace("channel", "chanel")}, "chanel"),
        ({"a.cedar": BASE, "b.cedar": NEVER.replace('"x"', "7")}, "do not fit the schema"),
        ({"a.cedar": BASE, "b.cedar": NEVER.replace("(principal,", "(principal == ?principal,")}, "template"),
    ],
)
def test_a_bad_set_does_not_load(policies: dict[str, str], says: str) -> None:
    """Syntax, unknown attributes, wrong types, missing or doubled ids, templates: refused at start."""
    with pytest.raises(Misconfigured, match=says):
        Policy(SCHEMA, policies)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    live: Bool,", "    live: Bool, mood: String,"),
        ("    live: Bool,", ""),
        ("    faces: Long,", "    faces: String,"),
        ("entity Caller;", ""),
    ],
)
def test_a_schema_that_does_not_take_our_facts_does_not_load(old: str, new: str) -> None:
    """A schema with another idea of the facts is found at start, not at the first request."""
    with pytest.raises(Misconfigured):
        Policy(SCHEMA.replace(old, new), {"a.cedar": BASE, "b.cedar": NEVER})


def test_a_folder_without_policies_does_not_load(tmp_path: Path) -> None:
    """A missing folder, an empty one, and one with a schema alone."""
    with pytest.raises(Misconfigured):
        Policy.load(tmp_path / "none")
    with pytest.raises(Misconfigured):
        Policy.load(tmp_path)
    (tmp_path / SCHEMA_FILE).write_text(SCHEMA)
    with pytest.raises(Misconfigured):
        Policy.load(tmp_path)


def test_digest_changes_with_any_file() -> None:
    """Rules, schema and file names all count; the same set always has the same digest."""
    first = Policy(SCHEMA, {"a.cedar": BASE, "b.cedar": NEVER})
    assert first.digest == Policy(SCHEMA, {"b.cedar": NEVER, "a.cedar": BASE}).digest
    others = [
        Policy(SCHEMA + "\n", {"a.cedar": BASE, "b.cedar": NEVER}),
        Policy(SCHEMA, {"a.cedar": BASE, "b.cedar": NEVER + " "}),
        Policy(SCHEMA, {"a.cedar": BASE, "c.cedar": NEVER}),
        Policy(SCHEMA, {"a.cedar": BASE + NEVER}),
    ]
    assert len({first.digest, *(other.digest for other in others)}) == 5


# --- permits ---------------------------------------------------------------------------------------


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as opened:
        yield opened


def test_a_permit_is_spent_once(db: Database) -> None:
    """A second use is refused, also of a permit that was decided anew on the very same facts."""
    permits = Permits(db)
    with db.transaction() as tx:
        permits.spend(tx, POLICY.authorize(FACTS))
    with pytest.raises(PermitSpent), db.transaction() as tx:
        permits.spend(tx, POLICY.authorize(FACTS))
    other = POLICY.authorize(dataclasses.replace(FACTS, request_id="another"))
    with db.transaction() as tx:
        permits.spend(tx, other)


def test_a_permit_is_not_spent_by_a_transaction_that_fails(db: Database) -> None:
    """Spending lands with the intent or not at all."""
    permits = Permits(db)
    permit = POLICY.authorize(FACTS)

    def doomed() -> None:
        with db.transaction() as tx:
            permits.spend(tx, permit)
            tx.execute("SELECT * FROM no_such_table")

    with pytest.raises(StoreUnavailable):
        doomed()
    with db.transaction() as tx:
        permits.spend(tx, permit)


def test_a_permit_cannot_be_made_changed_or_sent() -> None:
    """Only the policy makes one: no constructor, no replace, no pickle."""
    permit = POLICY.authorize(FACTS)
    with pytest.raises(PolicyUnavailable):
        Permit("0" * 32, POLICY.digest, ("generate.base",), "0" * 64, AT, seal=object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(permit, permit_id="0" * 32)  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        permit.permit_id = "0" * 32  # type: ignore[misc]
    with pytest.raises(PolicyUnavailable):
        pickle.dumps(permit)
