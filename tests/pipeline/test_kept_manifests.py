"""With each release its manifest store and its words are kept, in one step: all of it or nothing."""

from dataclasses import replace
from typing import Any

import pytest

from safety.errors import RecordUnknown, StoreUnavailable
from safety.lookup import Words
from safety.records import Record, Records
from safety.stores.sqlite import Transaction
from service.run import Gate
from tests.pipeline.conftest import Stage


class Failing(Records):
    """Fails after it wrote."""

    def release(self, tx: Transaction, record: Record, **kept: Any) -> None:
        super().release(tx, record, **kept)
        raise StoreUnavailable("the disk is full")


def test_manifest_and_words_are_kept_with_the_release(stage: Stage) -> None:
    """The store is the one in the clip; the words find the clip, before and after a start."""
    record = stage.ask().record
    store = stage.app.records.manifest(record.manifest_id)
    with stage.app.blobs.open(record.record_id) as clip:
        assert store in clip.read()
    ((number, name, data),) = stage.app.records.contents(0, 10)
    assert name == record.record_id
    words = Words.from_bytes(data)
    assert len(words) > 20
    assert stage.app.records.numbered([number, number + 1]) == {number: name}
    assert [found.record_id for found in stage.app.lookup.search(words)] == [name]


def test_a_release_that_fails_keeps_neither(stage: Stage) -> None:
    """What was written in the failed transaction is not there, and the next release is."""
    broken = replace(stage.app, records=Failing(stage.app.db))
    stage.refused(StoreUnavailable, Gate.RELEASE, app=broken)
    assert stage.app.records.contents(0, 10) == []
    with pytest.raises(RecordUnknown):
        stage.app.records.manifest("urn:c2pa:00000000-0000-4000-8000-000000000000")
    record = stage.ask().record
    assert stage.app.records.manifest(record.manifest_id)
