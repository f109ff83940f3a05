"""Many callers share a commit; what is acknowledged is on the disk, or every one of them is told."""

import signal
import subprocess
import sys
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import log as log_module
from safety.entry import DECISION, Entry
from safety.errors import StoreUnavailable
from safety.log import Log
from safety.stores.sqlite import Database

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "example.com/sitter"


@pytest.fixture
def db(tmp_path):
    with Database(tmp_path / "log.db") as opened:
        yield opened


def together(log, callers, each):
    """Every caller records its entries from a thread of its own; returns {(caller, n): index or error}."""
    told = {}

    def work(caller):
        for n in range(each):
            try:
                told[caller, n] = log.record(Entry(DECISION, {"caller": f"c{caller}", "frames": n}))
            except StoreUnavailable as error:
                told[caller, n] = error

    threads = [threading.Thread(target=work, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return told


def test_every_caller_gets_its_own_index(db):
    """Each index is given out once, and holds what its caller recorded; the log verifies."""
    log = Log(db, KEY, ORIGIN)
    told = together(log, callers=12, each=25)
    assert sorted(told.values()) == list(range(300))
    for (caller, n), index in told.items():
        assert log.entry(index).body == {"kind": DECISION, "caller": f"c{caller}", "frames": n}
    assert log.verify_all().size == 300
    assert log.high_water.read_text() == log.checkpoint()


def test_callers_share_commits(db, monkeypatch):
    """While one commit is under way the others gather, and the next commit takes them all."""
    log = Log(db, KEY, ORIGIN)
    commits, begun, go_on = [], threading.Event(), threading.Event()
    append = Log._append

    def slow(self, tx, batch):
        commits.append(len(batch))
        begun.set()
        assert go_on.wait(20)
        return append(self, tx, batch)

    monkeypatch.setattr(Log, "_append", slow)
    threads = [threading.Thread(target=log.record, args=(Entry(DECISION, {"frames": n}),)) for n in range(10)]
    threads[0].start()
    assert begun.wait(20)
    for thread in threads[1:]:
        thread.start()
    while len(log._queue._waiting) < 9:
        threading.Event().wait(0.005)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert commits == [1, 9]
    assert log.verify_all().size == 10


def test_a_batch_has_a_limit(db, monkeypatch):
    """What does not fit into a commit waits for the next one, and is not lost."""
    monkeypatch.setattr(log_module, "BATCH", 3)
    log = Log(db, KEY, ORIGIN)
    assert sorted(together(log, callers=10, each=4).values()) == list(range(40))
    assert log.verify_all().size == 40


def test_a_malformed_entry_harms_nobody_else(db):
    """It is refused before it is in line."""
    log = Log(db, KEY, ORIGIN)
    with pytest.raises(ValueError, match="secret"):
        log.record(Entry(DECISION, {"secret": "x"}))
    assert log.record(Entry(DECISION, {})) == 0


def test_full_disk_is_told_to_every_caller(db):
    """Nothing acknowledged is lost, nothing lost is acknowledged, and with room again the log goes on."""
    log = Log(db, KEY, ORIGIN)
    log.record(Entry(DECISION, {}))
    with db.transaction() as tx:
        pages = tx.execute("PRAGMA page_count").fetchone()[0]
    db._writing().execute(f"PRAGMA max_page_count = {pages + 8}")
    told = together(log, callers=8, each=40)
    failed = [error for error in told.values() if isinstance(error, StoreUnavailable)]
    assert failed
    assert all(error.metadata["code"] == "SQLITE_FULL" for error in failed)
    assert log.verify_all().size == 1 + len(told) - len(failed)
    db._writing().execute("PRAGMA max_page_count = 1000000")
    assert log.record(Entry(DECISION, {})) == log.verify_all().size - 1


def test_fsync_error_of_the_mark_is_told_to_every_caller(db, monkeypatch):
    """If the mark does not reach the disk no caller of that commit is acknowledged; the log stays whole."""
    log = Log(db, KEY, ORIGIN)

    def broken(*_args, **_more):
        raise StoreUnavailable("the file store failed (EIO)", code="EIO")

    monkeypatch.setattr(log_module, "write_whole", broken)
    told = together(log, callers=6, each=5)
    assert all(isinstance(error, StoreUnavailable) for error in told.values())
    monkeypatch.undo()
    assert log.verify_all().size == 30  # on record, though nobody may act on it
    assert log.record(Entry(DECISION, {})) == 30
    db.close()


WRITER = f"""
import sys, threading
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from safety.log import Entry, Log
from safety.stores import open_records
key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
log = Log(open_records("sqlite:" + sys.argv[1]), key, {ORIGIN!r})
def work():
    while True:
        sys.stdout.write(str(log.record(Entry("decision", {{"frames": 1}}))) + "\\n")
        sys.stdout.flush()
for _ in range(6):
    threading.Thread(target=work).start()
"""


def test_kill_keeps_what_any_caller_was_told(db):
    """Killed among many callers, the next start has every index that one of them was given."""
    path = db.path
    db.close()
    for lines in (1, 30, 90):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        told = [int(writer.stdout.readline()) for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        whole = rest.rpartition("\n")[0].split("\n") if "\n" in rest else []
        told += [int(line) for line in whole if line]
        with Database(path) as again:
            assert Log(again, KEY, ORIGIN).verify_all().size > max(told)


def test_a_log_of_an_earlier_version_gets_its_columns(db):
    """Entries written before callers and times were columns are found by them, and the log verifies."""
    log = Log(db, KEY, ORIGIN)
    log.record(Entry(DECISION, {"caller": "studio"}))
    with db.transaction() as tx:
        for name in ("log_by_caller", "log_by_time"):
            tx.execute(f"DROP INDEX {name}")
        for name in ("caller", "at"):
            tx.execute(f"ALTER TABLE log_entries DROP COLUMN {name}")
    assert log.verify_all().size == 1  # as a reader of the old file
    again = Log(db, KEY, ORIGIN)
    assert [entry.index for entry in again.entries(caller="studio")] == [0]
    assert again.verify_all().size == 1
