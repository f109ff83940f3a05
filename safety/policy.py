"""The policy decides on all facts; its answer is a single-use permit or the names of the rules that refused.

Policies are Cedar. Cedar skips a rule that errors, so a forbid that cannot be evaluated would permit
(cedar-policy/cedar#2428). Hence: the schema is passed on every call, the set is validated and tried before
anything else starts, and only an Allow without a single error is a permit.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NoReturn

from safety.errors import Misconfigured, PermitSpent, PolicyRefused, PolicyUnavailable
from safety.facts import Facts
from safety.policy_rules import SCHEMA_FILE, Rule, digest_of, read_folder, rules_of
from safety.stores.sqlite import Database, Transaction

__all__ = [
    "SCHEMA_FILE", "Explanation", "Facts", "Permit", "Permits", "Policy", "Rule", "default_folder",
]  # fmt: skip

NO_PERMIT = "policy.no-permit"
"""Named when no rule forbade, and none permitted either."""

_NOBODY_PERMITS = Rule(NO_PERMIT, "forbid", "No rule permits this.")

SCHEMA = """
CREATE TABLE IF NOT EXISTS permits (
    permit_id TEXT PRIMARY KEY,
    policy_digest TEXT NOT NULL,
    facts_digest TEXT NOT NULL,
    decided_at TEXT NOT NULL
) STRICT;
"""

_SEAL = object()


@dataclass(frozen=True)
class Permit:
    """The proof that the policy permits one generation: made by `Policy.authorize`, spent by `Permits`.

    Attributes:
        permit_id: 32 hex digits, derived from policy and facts: the same facts never permit twice.
        policy_digest: SHA-256 of policies and schema, hex.
        rules: the permit rules that decided.
        facts_digest: SHA-256 of the facts, hex.
        at: when it was decided, UTC.
    """

    permit_id: str
    policy_digest: str
    rules: tuple[str, ...]
    facts_digest: str
    at: datetime
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise PolicyUnavailable("a permit is made by Policy.authorize alone")

    def __reduce__(self) -> NoReturn:
        raise PolicyUnavailable("a permit does not leave the process that decided it")


@dataclass(frozen=True)
class Explanation:
    """What a set of policies decides on some facts, and why.

    Attributes:
        decision: `permit`, `refuse`, or `undecided`, which refuses too.
        rules: those that decided, with their reasons.
        policy_digest, facts_digest: as in a `Permit`; no facts_digest where the facts cannot be read.
        problem: why there was no decision.
    """

    decision: Literal["permit", "refuse", "undecided"]
    rules: tuple[Rule, ...]
    policy_digest: str
    facts_digest: str
    problem: str = ""


class Policy:
    """A validated set of Cedar policies. `Policy.load` makes one.

    Attributes:
        files: the text of policies and schema, by file name.
        digest: SHA-256 over names and contents of `files`, hex.
        rules: every rule, by id.
    """

    def __init__(self, schema: str, policies: dict[str, str]) -> None:
        """`policies` is Cedar text by file name. Raises Misconfigured as `load` does."""
        import cedarpy

        self._cedar = cedarpy
        name = SCHEMA_FILE
        try:
            self._schema = cedarpy.Schema.from_str(schema)
            for name in sorted(policies):  # one by one, so that the error names the file
                cedarpy.PolicySet.from_str(policies[name])
            text = "\n".join(policies[name] for name in sorted(policies))
            self._policies = cedarpy.PolicySet.from_str(text)
        except ValueError as error:
            raise Misconfigured(f"policy file {name} is not Cedar: {error}", setting="policies") from error
        self.rules = rules_of(json.loads(cedarpy.policies_to_json_str(text)))
        problems = cedarpy.validate_policies(text, self._schema).errors
        if problems:
            raise Misconfigured(
                f"the policies do not fit the schema: {problems[0].error}", setting="policies"
            )
        self._entities = cedarpy.Entities.from_json_str("[]", self._schema)
        self.files = {SCHEMA_FILE: schema, **policies}
        self.digest = digest_of(self.files)
        self._effects = {rule.rule_id: rule.effect for rule in self.rules}
        self._try()

    @classmethod
    def load(cls, folder: Path) -> "Policy":
        """Read `schema.cedarschema` and every `*.cedar` of a folder.

        Raises:
            Misconfigured: missing, unreadable, invalid, a rule without `@id` or `@reason`, two with one id,
                no permit, no forbid, or a schema that cannot take our facts. Do not start.
        """
        return cls(*read_folder(folder))

    def authorize(self, facts: Facts) -> Permit:
        """Decide.

        Raises:
            PolicyRefused: metadata `rules` names every rule that forbids, by comma.
            PolicyUnavailable: a fact is missing or mistyped, or a rule could not be evaluated: refused.
        """
        try:
            facts_digest = facts.digest()
            decision, errors, rules = self._decide(facts)
        except Exception as error:
            # Whatever broke, there is no decision. Cedar's texts quote facts: they stay out of the message.
            raise PolicyUnavailable("the policy could not decide: no permit without a decision") from error
        allow = self._cedar.Decision.Allow
        if errors or decision == self._cedar.Decision.NoDecision:
            raise PolicyUnavailable(
                "the policy could not decide: a fact is missing, mistyped or out of range"
            )
        if decision != allow or not rules or any(self._effects[rule] != "permit" for rule in rules):
            self._refuse(rules or (NO_PERMIT,))
        return Permit(
            permit_id=hashlib.sha256(f"{self.digest} {facts_digest}".encode()).hexdigest()[:32],
            policy_digest=self.digest,
            rules=rules,
            facts_digest=facts_digest,
            at=facts.at,
            seal=_SEAL,
        )

    def explain(self, facts: Facts) -> Explanation:
        """What `authorize` would decide, and by which rules; nothing is permitted by it."""
        try:
            permit = self.authorize(facts)
        except PolicyRefused as refusal:
            named = refusal.metadata["rules"].split(",")
            return Explanation("refuse", self._named(named), self.digest, facts.digest())
        except PolicyUnavailable as error:
            return Explanation("undecided", (), self.digest, "", str(error))
        return Explanation("permit", self._named(permit.rules), self.digest, permit.facts_digest)

    def _named(self, names: Sequence[str]) -> tuple[Rule, ...]:
        rules = {rule.rule_id: rule for rule in self.rules}
        return tuple(rules.get(name, _NOBODY_PERMITS) for name in names)

    def _decide(self, facts: Facts) -> tuple[Any, list[str], tuple[str, ...]]:
        request = {
            "principal": {"type": "Caller", "id": facts.caller},
            "action": {"type": "Action", "id": "generate"},
            "resource": {"type": "Identity", "id": facts.identity_id},
            "context": facts.context(),
        }
        result = self._cedar.is_authorized(request, self._policies, self._entities, schema=self._schema)
        rules = tuple(sorted(result.diagnostics.id_annotations_by_reason.values()))
        if len(rules) != len(result.diagnostics.reasons):
            raise ValueError("a deciding rule has no id")
        return result.decision, result.diagnostics.errors, rules

    def _refuse(self, rules: Sequence[str]) -> NoReturn:
        texts = [f"{rule.rule_id}: {rule.reason}" for rule in self._named(rules)]
        raise PolicyRefused(f"the policy forbids this. {' '.join(texts)}", rules=",".join(rules))

    def _try(self) -> None:
        """Ask once at start, so that a schema that does not take our facts is found before a request is."""
        try:
            decision, errors, _ = self._decide(_SAMPLE)
        except Exception as error:
            raise Misconfigured("the policies do not answer: check them", setting="policies") from error
        if errors or decision == self._cedar.Decision.NoDecision:
            # The sample is ours, so this text may be shown.
            raise Misconfigured(
                f"the schema does not take this version's facts: {'; '.join(errors)}", setting="policies"
            )


class Permits:
    """Which permits are spent, in the records."""

    def __init__(self, db: Database) -> None:
        db.create(SCHEMA)

    def spend(self, tx: Transaction, permit: Permit) -> None:
        """Use `permit`, in the transaction that records the intent; it is spent exactly when that commits.

        Raises:
            PermitSpent: it was used before.
        """
        row = (permit.permit_id, permit.policy_digest, permit.facts_digest, permit.at.isoformat())
        if tx.execute("INSERT INTO permits VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount != 1:
            raise PermitSpent("this permit was used already: send a new request", permit_id=permit.permit_id)


def default_folder() -> Path:
    """The folder of the default policies: beside the packages in a checkout, else where pip put it.

    Raises:
        Misconfigured: neither has it.
    """
    checkout = Path(__file__).resolve().parent.parent / "policies" / "default"
    if (checkout / SCHEMA_FILE).is_file():
        return checkout
    try:
        installed = metadata.files("sitter") or []
    except metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        if file.name == SCHEMA_FILE and (located := Path(str(file.locate()))).is_file():
            return located.resolve().parent
    raise Misconfigured(
        "the default policies are not installed: name a folder of your own", setting="policies"
    )


_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_EXAMPLES: dict[Any, Any] = {
    str: "sample",
    bool: False,
    int: 1,
    float: 1.0,
    datetime: _DAY,
    frozenset[str]: frozenset({"sample"}),
}
_SAMPLE = Facts(**{field.name: _EXAMPLES[field.type] for field in fields(Facts)})
