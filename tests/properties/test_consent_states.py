"""Grant, amend, renew, withdraw, expire, erase, use: a model beside the store, killed between any two steps.

A kill is a copy of the store's files as they lie on the disk at that moment, opened as the next start would.
"""

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from safety.consent import Consents
from safety.consent_record import RecordSigner, digest, verify
from safety.consent_usage import Uses
from safety.errors import (
    ConsentConflict,
    ConsentExpired,
    ConsentForeign,
    ConsentInvalid,
    ConsentNotYetValid,
    ConsentRefused,
    ConsentScope,
    ConsentUsedUp,
    ConsentWithdrawn,
)
from safety.scope import TERM, Ask, Scope
from safety.stores.sqlite import Database

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SIGNER = RecordSigner.of(b"7" * 32, "test.example/sitter")
PEOPLE = ("0a" * 16, "0b" * 16)
COUNTRIES = ("DE", "DE", "DE", "FR")


@dataclass
class Modelled:
    """What a consent should be."""

    identity: str
    scope: Scope
    events: list[str]
    times: list[datetime]
    withdrawn: bool = False
    released: int = 0
    running: set[str] = field(default_factory=set)


class Lost(Exception):
    """The process died inside a transaction."""


class ConsentLife(RuleBasedStateMachine):
    consents_made = Bundle("consents_made")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.model: dict[str, Modelled] = {}
        self.now = START
        self.latest = START - 400 * DAY  # nothing is recorded yet, whatever the clock said
        self.count = 0
        self._open()

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    def _open(self) -> None:
        self.db = Database(self.folder / "records.db")
        self.consents = Consents(self.db, lambda domain, data: "0" * 64, SIGNER)
        self.uses = Uses(self.db)
        self.uses.recover()

    def _id(self) -> str:
        self.count += 1
        return f"{self.count:032x}"

    def _recorded(self, consent_id: str, event: str) -> None:
        mine = self.model[consent_id]
        mine.events.append(event)
        mine.times.append(max([self.now, *mine.times]))
        self.latest = max(self.latest, mine.times[-1])

    # --- what people do

    @rule(
        target=consents_made,
        identity=st.sampled_from(PEOPLE),
        days=st.integers(5, 40),
        clips=st.integers(1, 2),
    )
    def grant(self, identity: str, days: int, clips: int) -> str:
        scope = Scope(
            callers=frozenset({"studio"}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
            channels=frozenset({"web"}), not_before=self.now, not_after=self.now + days * DAY,
            max_seconds=30.0, emotions=frozenset(), controls=frozenset(), live=False, max_clips=clips,
        )  # fmt: skip
        given = self.consents.grant(
            identity_id=identity, basis="consent", scope=scope, evidence="yes", notice="n", granted_by="desk",
            at=self.now,
        )  # fmt: skip
        self.model[given.consent_id] = Modelled(identity, scope, [], [])
        self._recorded(given.consent_id, "granted")
        return given.consent_id

    @rule(consent=consents_made, country=st.sampled_from(COUNTRIES), stale=st.booleans())
    def amend(self, consent: str, country: str, stale: bool) -> None:
        mine = self.model[consent]
        scope = replace(mine.scope, territories=frozenset({country}))
        version = len(mine.events) - stale
        expected: type[ConsentRefused] | None = None
        if self.now >= scope.not_after:
            expected = ConsentInvalid
        elif mine.withdrawn:
            expected = ConsentWithdrawn
        elif stale:
            expected = ConsentConflict
        with refusing(expected):
            self.consents.amend(
                consent, version=version, scope=scope, evidence="x", notice="n", by="desk", at=self.now
            )
        if expected is None:
            mine.scope = scope
            self._recorded(consent, "amended")

    @rule(consent=consents_made, days=st.integers(1, 90))
    def renew(self, consent: str, days: int) -> None:
        mine = self.model[consent]
        until, begin = self.now + days * DAY, max(self.now, mine.scope.not_before)
        expected: type[ConsentRefused] | None = None
        if mine.withdrawn:
            expected = ConsentWithdrawn
        elif not (mine.scope.not_after < until and timedelta(0) < until - begin <= TERM):
            expected = ConsentInvalid
        with refusing(expected):
            self.consents.renew(
                consent,
                version=len(mine.events),
                not_after=until,
                evidence="x",
                notice="n",
                by="desk",
                at=self.now,
            )
        if expected is None:
            mine.scope = replace(mine.scope, not_before=begin, not_after=until)
            self._recorded(consent, "renewed")

    @rule(consent=consents_made)
    def withdraw(self, consent: str) -> None:
        heard: list[str] = []
        leave = self.consents.subscribe(heard.append)
        self.consents.withdraw(consent, at=self.now, by="sitter")
        leave()
        mine = self.model[consent]
        assert heard == ([] if mine.withdrawn else [consent])
        if not mine.withdrawn:
            mine.withdrawn = True
            self._recorded(consent, "withdrawn")

    @rule(identity=st.sampled_from(PEOPLE))
    def erase(self, identity: str) -> None:
        """All consents of a person end in one transaction, as erasing an identity ends them."""
        standing = [consent for consent in self.consents.list(identity) if consent.state == "given"]
        with self.db.transaction() as tx:
            for consent in standing:
                self.consents.withdraw(consent.consent_id, at=self.now, by="desk", tx=tx)
        for consent in standing:
            self.model[consent.consent_id].withdrawn = True
            self._recorded(consent.consent_id, "withdrawn")

    @rule(days=st.integers(-20, 30))
    def time_passes_or_is_set_back(self, days: int) -> None:
        self.now += days * DAY

    # --- what is made

    @rule(
        consent=consents_made,
        country=st.sampled_from(COUNTRIES),
        stranger=st.sampled_from((False,) * 7 + (True,)),
    )
    def begin_clip(self, consent: str, country: str, stranger: bool) -> None:
        mine, name = self.model[consent], self._id()
        owner = PEOPLE[mine.identity == PEOPLE[0]] if stranger else mine.identity
        ask = Ask(owner, "studio", "course", country, "web", 10.0, frozenset(), frozenset(), False)
        expected = self._refusal(mine, ask)
        with refusing(expected), self.db.transaction() as tx:
            given = self.consents.verify(consent, ask, self.now, tx=tx)
            self.uses.reserve(tx, name, given, ask, self.now)
        if expected is None:
            mine.running.add(name)

    def _refusal(self, mine: Modelled, ask: Ask) -> type[ConsentRefused] | None:
        scope = mine.scope
        if ask.identity_id != mine.identity:
            return ConsentForeign
        if mine.withdrawn:
            return ConsentWithdrawn
        if self.now < scope.not_before:
            return ConsentNotYetValid
        if max(self.now, self.latest) >= scope.not_after:
            return ConsentExpired
        if ask.territory not in scope.territories:
            return ConsentScope
        return ConsentUsedUp if mine.released + len(mine.running) >= (scope.max_clips or 0) else None

    @rule(consent=consents_made, fails=st.booleans())
    def end_clip(self, consent: str, fails: bool) -> None:
        mine = self.model[consent]
        if not mine.running:
            return
        name = mine.running.pop()
        if fails:
            self.uses.give_back(name)
            return
        with self.db.transaction() as tx:
            self.uses.settle(tx, name, self.now)
        mine.released += 1

    # --- what goes wrong

    @rule()
    def killed(self) -> None:
        """What was acknowledged is there; what was being made is given back."""
        fresh = Path(tempfile.mkdtemp())
        for path in self.folder.iterdir():
            if path.suffix != ".lock":
                shutil.copy(path, fresh / path.name)
        self.db.close()
        shutil.rmtree(self.folder)
        self.folder = fresh
        self._open()
        for mine in self.model.values():
            mine.running.clear()

    @rule(consent=consents_made)
    def killed_inside_a_withdrawal(self, consent: str) -> None:
        """Before the commit there was no withdrawal: nobody had been told that there was."""
        try:
            with self.db.transaction() as tx:
                self.consents.withdraw(consent, at=self.now, by="sitter", tx=tx)
                raise Lost
        except Lost:
            self.killed()

    # --- what holds always

    @invariant()
    def every_consent_is_what_the_model_says(self) -> None:
        for consent_id, mine in getattr(self, "model", {}).items():
            found = self.consents.get(consent_id)
            assert (found.scope, found.version) == (mine.scope, len(mine.events))
            assert (found.state == "withdrawn") == mine.withdrawn == (mine.events[-1] == "withdrawn")

    @invariant()
    def every_request_is_decided_as_the_model_says(self) -> None:
        """Tried in a transaction that is rolled back, so that trying changes nothing."""
        for consent_id, mine in getattr(self, "model", {}).items():
            for country in sorted(set(COUNTRIES)):
                ask = Ask(
                    mine.identity, "studio", "course", country, "web", 10.0, frozenset(), frozenset(), False
                )
                with refusing(self._refusal(mine, ask) or Lost), self.db.transaction() as tx:
                    given = self.consents.verify(consent_id, ask, self.now, tx=tx)
                    self.uses.reserve(tx, "tried", given, ask, self.now)
                    raise Lost

    @invariant()
    def every_version_is_signed_in_order(self) -> None:
        for consent_id, mine in getattr(self, "model", {}).items():
            records = [verify(each, SIGNER.public_key) for each in self.consents.receipts(consent_id)]
            assert [each["event"]["type"] for each in records] == mine.events
            times = [each["event"]["time"] for each in records]
            assert times == sorted(times)
            before = [None, *map(digest, records[:-1])]
            assert [each["previous_sha256"] for each in records] == before

    @invariant()
    def every_use_is_counted_once(self) -> None:
        for consent_id, mine in getattr(self, "model", {}).items():
            with self.db.reading() as rx:
                assert self.uses.used(consent_id, self.now, rx).clips == mine.released + len(mine.running)
            assert mine.released + len(mine.running) <= (mine.scope.max_clips or 0)


class refusing:  # noqa: N801 (reads as a word)
    """The block raises exactly this error, or none."""

    def __init__(self, expected: type[Exception] | None) -> None:
        self.expected = expected

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if kind is None:
            assert self.expected is None, f"{self.expected} was not raised"
            return False
        return self.expected is not None and kind is self.expected


TestConsentLife = ConsentLife.TestCase
TestConsentLife.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
