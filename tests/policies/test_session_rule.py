"""The rule of docs/session.md that forbids consents without a session."""

import json
import re
import shutil
from pathlib import Path

import pytest

from safety.errors import PolicyRefused
from safety.policy import Policy, default_folder
from safety.policy_cases import read_cases

PAGE = Path(__file__).resolve().parents[2] / "docs" / "session.md"


def test_a_policy_can_forbid_consents_that_an_operator_attests(tmp_path: Path) -> None:
    """As the page writes it: a living person's consent needs a session, a character's does not."""
    (written,) = re.findall(r'(    @id\("consent\.session"\).*?;\n)', PAGE.read_text("utf-8"), re.DOTALL)
    folder = tmp_path / "policies"
    shutil.copytree(default_folder(), folder)
    (folder / "session.cedar").write_text(written, "utf-8")
    change = {"from": "allow/consent.json", "about": "x", "change": {"consent_attested": "operator"}}
    (folder / "allow" / "attested.json").write_text(json.dumps(change), "utf-8")
    policy, facts = Policy.load(folder), {case.name: case.facts for case in read_cases(folder)}
    assert policy.authorize(facts["allow/consent.json"]).rules
    assert policy.authorize(facts["allow/character.json"]).rules
    with pytest.raises(PolicyRefused) as caught:
        policy.authorize(facts["allow/attested.json"])
    assert caught.value.metadata["rules"] == "consent.session"
    assert Policy.load(default_folder()).authorize(facts["allow/attested.json"]).rules
