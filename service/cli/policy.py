"""`sitter policy`: test, explain, diff. No service is asked."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safety.policy import Explanation, Policy
from safety.policy_cases import Outcome, differ, read_case, read_cases, run_cases
from service.cli.connection import settings_of
from service.cli.output import FAILED, say, show


def test(args: argparse.Namespace) -> int:
    """Exit status 1 when a case ends otherwise than it says."""
    folder = _folder(args)
    policy = Policy.load(folder)
    outcomes = list(run_cases(policy, read_cases(folder)))
    wrong = [each for each in outcomes if not each.right]
    if args.json:
        rows = [{"case": each.case.name, "ok": each.right, **_plain(each.found)} for each in outcomes]
        show({"digest": policy.digest, "rules": len(policy.rules), "cases": rows, "ok": not wrong})
    else:
        for each in wrong:
            say(f"WRONG {each.case.name}: {_told(each)}")
        say(f"{len(policy.rules)} rules, {len(outcomes)} cases, {len(wrong)} wrong; digest {policy.digest}")
    return FAILED if wrong else 0


def explain(args: argparse.Namespace) -> int:
    """Exit status 1 unless the facts are permitted."""
    folder = _folder(args)
    policy = Policy.load(folder)
    found = policy.explain(read_case(args.facts, folder).facts)
    if args.json:
        show(_plain(found))
    else:
        say(f"{found.decision} by policy {found.policy_digest}")
        for rule in found.rules:
            say(f"  {rule.rule_id}: {rule.reason}")
        if found.problem:
            say(f"  {found.problem}")
    return 0 if found.decision == "permit" else FAILED


def diff(args: argparse.Namespace) -> int:
    cases = {case.name: case for folder in (args.old, args.new) for case in read_cases(folder)}
    found = differ(Policy.load(args.old), Policy.load(args.new), tuple(cases.values()))
    if args.json:
        show(asdict(found))
        return 0
    for sign, rules in (("+", found.added), ("-", found.removed), ("~", found.changed)):
        for rule in rules:
            say(f"{sign} {rule}")
    for name, before, after in found.cases:
        say(f"! {name}: {before} -> {after}")
    same = found.old_digest == found.new_digest
    say("the sets are the same" if same else f"{found.old_digest} -> {found.new_digest}, {len(cases)} cases")
    return 0


def _folder(args: argparse.Namespace) -> Path:
    folder: Path = args.policies or settings_of(args).policies
    return folder


def _plain(found: Explanation) -> dict[str, Any]:
    rules = [{"id": rule.rule_id, "effect": rule.effect, "reason": rule.reason} for rule in found.rules]
    return {
        "decision": found.decision, "rules": rules, "policy_sha256": found.policy_digest,
        "facts_sha256": found.facts_digest, "problem": found.problem,
    }  # fmt: skip


def _told(outcome: Outcome) -> str:
    wanted = f"refuse by {', '.join(outcome.case.rules)}" if outcome.case.rules else "permit"
    got = ", ".join(rule.rule_id for rule in outcome.found.rules) or outcome.found.problem
    return f"should be {wanted}, is {outcome.found.decision} by {got}"
