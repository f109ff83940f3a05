"""The set in force: only a valid one takes its place, on record first, and a decision is of one set."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from safety.errors import Misconfigured, PolicyRefused, StoreUnavailable
from safety.policy import Policy, default_folder
from safety.policy_cases import facts_of
from safety.policy_live import LivePolicy

FACTS = facts_of(json.loads((default_folder() / "allow" / "consent.json").read_text())["facts"])
OWN = '@id("own.never") @reason("Never.") forbid (principal, action, resource);'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "set"))


@pytest.fixture
def live(folder: Path) -> LivePolicy:
    return LivePolicy(folder)


def unrecorded(_: Policy) -> None:
    raise AssertionError("nothing was to be recorded")


def test_another_valid_set_comes_into_force(live: LivePolicy, folder: Path) -> None:
    """It is recorded before it decides; permits of the old set keep its digest."""
    permit = live.authorize(FACTS)
    (folder / "own.cedar").write_text(OWN)
    seen: list[tuple[str, str]] = []
    assert live.refresh(lambda fresh: seen.append((fresh.digest, live.digest)))
    assert seen == [(live.digest, permit.policy_digest)]
    with pytest.raises(PolicyRefused) as refused:
        live.authorize(FACTS)
    assert refused.value.metadata["rules"] == "own.never"
    assert not live.refresh(unrecorded)


def syntax_error(folder: Path) -> None:
    (folder / "own.cedar").write_text('@id("a") @reason("b") forbid (principal, action, resource')


def unknown_attribute(folder: Path) -> None:
    (folder / "own.cedar").write_text(OWN.replace(";", " when { context.shoe_size > 42 };"))


def mistyped_attribute(folder: Path) -> None:
    (folder / "own.cedar").write_text(OWN.replace(";", ' when { context.faces == "one" };'))


def two_of_one_id(folder: Path) -> None:
    (folder / "own.cedar").write_text(OWN + OWN)


def no_reason(folder: Path) -> None:
    (folder / "own.cedar").write_text('@id("own") forbid (principal, action, resource);')


def no_id(folder: Path) -> None:
    (folder / "own.cedar").write_text('@reason("own") forbid (principal, action, resource);')


def empty(folder: Path) -> None:
    for path in folder.glob("*.ced*"):
        path.unlink()


def no_rules(folder: Path) -> None:
    for path in folder.glob("*.cedar"):
        path.unlink()


def no_schema(folder: Path) -> None:
    (folder / "schema.cedarschema").unlink()


def schema_of_other_facts(folder: Path) -> None:
    schema = folder / "schema.cedarschema"
    schema.write_text(schema.read_text().replace("faces: Long", "heads: Long"))


def not_text(folder: Path) -> None:
    (folder / "own.cedar").write_bytes(b"\xff\xfe\x00")


def gone(folder: Path) -> None:
    shutil.rmtree(folder)


WRONG = [
    syntax_error, unknown_attribute, mistyped_attribute, two_of_one_id, no_reason, no_id, empty, no_rules,
    no_schema, schema_of_other_facts, not_text, gone,
]  # fmt: skip


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
def test_a_wrong_set_does_not(live: LivePolicy, folder: Path, spoil: Callable[[Path], None]) -> None:
    """A typed error that says what is wrong; the set in force decides as before, and nothing is recorded."""
    before = live.digest
    spoil(folder)
    with pytest.raises(Misconfigured) as refused:
        live.refresh(unrecorded)
    assert live.problem == str(refused.value) != ""
    assert live.digest == live.authorize(FACTS).policy_digest == before
    with pytest.raises(Misconfigured):
        LivePolicy(folder)  # and no service starts on it


def test_a_set_that_cannot_be_recorded_does_not(live: LivePolicy, folder: Path) -> None:
    """No log entry, no new set; the next try may succeed."""
    (folder / "own.cedar").write_text(OWN)

    def full(_: Policy) -> None:
        raise StoreUnavailable("the disk is full")

    before = live.digest
    with pytest.raises(StoreUnavailable):
        live.refresh(full)
    assert live.digest == before
    assert live.refresh(lambda _: None)


def test_mended_files_clear_the_problem(live: LivePolicy, folder: Path) -> None:
    """Back to the set in force: nothing to record, nothing wrong."""
    syntax_error(folder)
    with pytest.raises(Misconfigured):
        live.refresh(unrecorded)
    (folder / "own.cedar").unlink()
    assert not live.refresh(unrecorded)
    assert live.problem == ""


def test_files_are_looked_at_when_they_rest(live: LivePolicy, folder: Path) -> None:
    """Not while somebody writes one after the other; not again when they were tried and are as they were."""
    assert not live.settled()
    (folder / "own.cedar").write_text(OWN)
    assert not live.settled()
    os.utime(folder / "caller.cedar", ns=(1, 1))
    assert not live.settled()
    assert live.settled()
    live.refresh(lambda _: None)
    assert not live.settled()
    syntax_error(folder)
    assert [live.settled(), live.settled()] == [False, True]
    with pytest.raises(Misconfigured):
        live.refresh(unrecorded)
    assert [live.settled(), live.settled()] == [False, False]
    empty(folder)
    assert [live.settled(), live.settled()] == [False, True]
