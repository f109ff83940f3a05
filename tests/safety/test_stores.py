"""The record store and the blob store keep what they acknowledged and say so when they cannot."""

import errno
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from safety.errors import Misconfigured, RecordUnknown, StoreUnavailable
from safety.stores import files, open_blobs, open_records
from safety.stores.sqlite import Database

TABLE = "CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;"


@pytest.fixture
def db(tmp_path):
    with open_records(f"sqlite:{tmp_path / 'data' / 'records.db'}") as database:
        database.create(TABLE)
        yield database


def numbers(database):
    with database.reading() as rx:
        return [n for (n,) in rx.execute("SELECT n FROM numbers ORDER BY n")]


@pytest.mark.parametrize(
    "url", ["postgresql://host/db", "mysql:x", "", "sqlite:", "sqlite::memory:", "sqlite:a?mode=ro"]
)
def test_records_unknown_backend(url):
    """A URL that this version cannot serve is refused with a message that names what it can."""
    with pytest.raises(Misconfigured, match="sqlite"):
        open_records(url or "none")


@pytest.mark.parametrize("url", ["s3://bucket", "nothing", "file:"])
def test_blobs_unknown_backend(url):
    """The same for blobs."""
    with pytest.raises(Misconfigured, match="file"):
        open_blobs(url)


def test_committed_rows_are_read_back(db):
    """What a transaction wrote is seen by a reading, by name, by position and unpacked."""
    with db.transaction() as tx:
        assert tx.execute("INSERT INTO numbers VALUES (?, ?)", (7, "seven")).rowcount == 1
        tx.executemany("INSERT INTO numbers VALUES (?, ?)", [(8, "eight"), (9, "nine")])
    with db.reading() as rx:
        row = rx.execute("SELECT n, note FROM numbers WHERE n = 8").fetchone()
        assert (row["n"], row[1], *row) == (8, "eight", 8, "eight")
        assert rx.execute("SELECT n FROM numbers WHERE n = 1").fetchone() is None
        assert len(rx.execute("SELECT n FROM numbers").fetchall()) == 3


def test_exception_rolls_back(db):
    """An exception inside a transaction leaves nothing of it and frees the writer."""
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (1, 'lost')").rowcount / 0
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (2, 'kept')")
    assert numbers(db) == [2]


def test_sqlite_error_is_ours_and_quotes_no_value(db):
    """A constraint that fails is StoreUnavailable with SQLite's code, and its text shows no stored value."""
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (1, 'secret')")
    with pytest.raises(StoreUnavailable) as caught, db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (1, 'secret')")
    assert caught.value.metadata["code"] == "SQLITE_CONSTRAINT_PRIMARYKEY"
    assert "secret" not in str(caught.value)
    assert "numbers" not in str(caught.value)


def test_reader_cannot_write(db):
    """A reading refuses to change anything."""
    with pytest.raises(StoreUnavailable), db.reading() as rx:
        rx.execute("INSERT INTO numbers VALUES (1, 'x')")
    assert numbers(db) == []


def test_reading_is_one_state(db):
    """A reading keeps the state of its first statement while a writer commits beside it."""
    with db.reading() as rx:
        assert rx.execute("SELECT count(*) FROM numbers").fetchone()[0] == 0
        with db.transaction() as tx:
            tx.execute("INSERT INTO numbers VALUES (1, 'x')")
        assert rx.execute("SELECT count(*) FROM numbers").fetchone()[0] == 0
    assert numbers(db) == [1]


def test_callbacks_follow_the_commit(db):
    """on_commit runs after the rows are on record, in order, and never for a rolled back transaction."""
    seen = []

    def undone(tx):
        db.on_commit(tx, lambda: seen.append("never"))
        tx.execute("INSERT INTO nowhere VALUES (1)")

    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (1, 'x')")
        db.on_commit(tx, lambda: seen.append(numbers(db)))
        db.on_commit(tx, lambda: seen.append("second"))
        assert seen == []
    assert seen == [[1], "second"]
    with pytest.raises(StoreUnavailable), db.transaction() as tx:
        undone(tx)
    assert seen == [[1], "second"]


def test_failing_callback_is_told_and_the_rest_still_run(db):
    """A callback that raises reaches the caller; the row stays, later callbacks run, the writer is free."""
    seen = []

    def fail():
        raise StoreUnavailable("full")

    def write():
        with db.transaction() as tx:
            tx.execute("INSERT INTO numbers VALUES (1, 'x')")
            db.on_commit(tx, fail)
            db.on_commit(tx, lambda: seen.append(1))

    with pytest.raises(StoreUnavailable, match="full"):
        write()
    assert (numbers(db), seen) == ([1], [1])
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (2, 'x')")


def test_transactions_do_not_nest(db):
    """A transaction inside another of the same thread is a loud mistake, not a deadlock."""
    with db.transaction(), pytest.raises(RuntimeError, match="nest"), db.transaction():
        pass


def test_two_threads_write(db):
    """Two threads that read and then write in one transaction lose no update."""
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (0, '0')")

    def work():
        for _ in range(100):
            with db.transaction() as tx:
                count = int(tx.execute("SELECT note FROM numbers WHERE n = 0").fetchone()[0])
                tx.execute("UPDATE numbers SET note = ? WHERE n = 0", (str(count + 1),))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as rx:
        assert rx.execute("SELECT note FROM numbers").fetchone()[0] == "200"


def test_second_writer_is_refused_and_a_reader_is_not(db):
    """A second writer of the same file is refused; a read-only one sees commits of the live writer."""
    with pytest.raises(StoreUnavailable, match="another server"):
        Database(db.path)
    with Database(db.path, read_only=True) as reader:
        reader.create("CREATE TABLE never (x)")
        with db.transaction() as tx:
            tx.execute("INSERT INTO numbers VALUES (5, 'x')")
        assert numbers(reader) == [5]
        with pytest.raises(Misconfigured), reader.transaction():
            pass


def test_reader_of_a_closed_log(db):
    """After the writer closed, and its WAL is gone, a read-only opening still works."""
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (5, 'x')")
    db.close()
    assert not Path(f"{db.path}-wal").exists()
    with Database(db.path, read_only=True) as reader:
        assert numbers(reader) == [5]


@pytest.mark.parametrize("content", [None, b"not a database, but long enough to have a header" * 40])
def test_unusable_file(tmp_path, content):
    """A missing file, and one that is no database, are refused at open without naming the path."""
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreUnavailable) as caught:
        Database(path, read_only=True)
    assert str(tmp_path) not in str(caught.value)
    if content is not None:
        with pytest.raises(StoreUnavailable, match="not a database"):
            Database(path)


def test_closed_store_refuses(db):
    """A closed store answers with an error, not with stale data, and may be closed twice."""
    db.close()
    db.close()
    with pytest.raises(StoreUnavailable, match="closed"), db.transaction():
        pass
    with pytest.raises(StoreUnavailable, match="closed"), db.reading():
        pass


def test_files_are_private(db):
    """The database, its WAL and its folder are readable by the owner alone."""
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (5, 'x')")
    for path in (db.path, Path(f"{db.path}-wal"), Path(f"{db.path}.lock")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(db.path.parent.stat().st_mode) == 0o700


def test_settings_of_the_writer(db):
    """The connection that writes is in WAL mode, with full sync and foreign keys."""
    with db.transaction() as tx:
        values = [
            tx.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


def test_full_disk_is_told_and_recovers(db):
    """A full disk is told as such, loses nothing acknowledged, and the store works on once freed."""
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (1, 'x')")
        pages = tx.execute("PRAGMA page_count").fetchone()[0]
        tx.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full") as caught, db.transaction() as tx:
        tx.executemany("INSERT INTO numbers VALUES (?, ?)", [(n, "y" * 1000) for n in range(2, 200)])
    assert caught.value.metadata["code"] == "SQLITE_FULL"
    assert numbers(db) == [1]
    with db.transaction() as tx:
        tx.execute("PRAGMA max_page_count = 100000")
        tx.execute("INSERT INTO numbers VALUES (2, ?)", ("y" * 100_000,))
    assert numbers(db) == [1, 2]


WRITER = f"""
import sys
from safety.stores import open_records
db = open_records("sqlite:" + sys.argv[1])
db.create({TABLE!r})
with db.reading() as rx:
    n = rx.execute("SELECT coalesce(max(n), 0) FROM numbers").fetchone()[0]
while True:
    with db.transaction() as tx:
        tx.execute("INSERT INTO numbers VALUES (?, 'first')", (n + 1,))
        tx.execute("INSERT INTO numbers VALUES (?, 'second')", (n + 2,))
    n += 2
    print(n, flush=True)
"""


def test_kill_loses_nothing_acknowledged(tmp_path):
    """A writer killed at any moment keeps every acknowledged row, no half transaction, and frees its lock."""
    path = tmp_path / "records.db"
    for lines in (1, 7, 23, 50):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        last = 0
        for _ in range(lines):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        acknowledged = [last, *(int(line) for line in rest.splitlines() if line)]
        with Database(path) as db:
            kept = numbers(db)
            with db.transaction() as tx:
                assert tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert kept == list(range(1, len(kept) + 1))
        assert len(kept) >= max(acknowledged)
        assert len(kept) % 2 == 0


def test_killed_between_statements(tmp_path):
    """A writer that dies after its first statement and before its commit leaves none of that transaction."""
    path = tmp_path / "records.db"
    script = (
        "import os, signal, sys\nfrom safety.stores import open_records\n"
        f"db = open_records('sqlite:' + sys.argv[1])\ndb.create({TABLE!r})\n"
        "with db.transaction() as tx:\n    tx.execute(\"INSERT INTO numbers VALUES (1, 'kept')\")\n"
        "with db.transaction() as tx:\n    tx.execute(\"INSERT INTO numbers VALUES (2, 'half')\")\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    with Database(path) as db:
        assert numbers(db) == [1]


def test_importing_opens_nothing():
    """Importing the package loads no backend."""
    code = "import sys, safety.stores; sys.exit(any('sqlite' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def blobs(tmp_path):
    return open_blobs(f"file:{tmp_path / 'blobs'}")


def source(tmp_path, data=b"clip"):
    path = tmp_path / "source"
    path.write_bytes(data)
    return path


def test_blob_round_trip(blobs, tmp_path):
    """A blob comes back byte for byte, is replaced whole, listed and deleted."""
    blobs.put("0a-1", source(tmp_path, b"one"))
    blobs.put("0a-1", source(tmp_path, b"two"))
    blobs.put("00", source(tmp_path, b""))
    with blobs.open("0a-1") as reading:
        assert reading.read() == b"two"
    assert list(blobs.keys()) == ["00", "0a-1"]
    assert stat.S_IMODE(blobs.path("00").stat().st_mode) == 0o600
    assert blobs.delete("00") is True
    assert blobs.delete("00") is False
    assert list(blobs.keys()) == ["0a-1"]


@pytest.mark.parametrize(
    "key", ["", "..", "../a", "/a", "a/b", "-a", "A", "g", "a\n", "a" * 129, ".part-0", "a.mp4"]
)
def test_blob_key_cannot_escape(blobs, tmp_path, key):
    """A key that is not hex and dashes is refused by every method and touches nothing."""
    outside = tmp_path / "a"
    outside.write_bytes(b"untouched")
    for call in (lambda: blobs.put(key, outside), lambda: blobs.open(key), lambda: blobs.path(key)):
        with pytest.raises(RecordUnknown):
            call()
    with pytest.raises(RecordUnknown):
        blobs.delete(key)
    assert outside.read_bytes() == b"untouched"
    assert list(blobs.folder.iterdir()) == []


def test_missing_blob(blobs):
    """An absent blob is RecordUnknown."""
    with pytest.raises(RecordUnknown):
        blobs.open("ab")


def test_blob_disk_full_keeps_the_old_one(blobs, tmp_path, monkeypatch):
    """A disk that fills up while copying leaves the earlier blob, no temporary file, and says what to do."""
    blobs.put("ab", source(tmp_path, b"old"))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/path")

    monkeypatch.setattr(files.shutil, "copyfileobj", full)
    with pytest.raises(StoreUnavailable, match="full") as caught:
        blobs.put("ab", source(tmp_path, b"new"))
    assert "/secret/path" not in str(caught.value)
    assert blobs.path("ab").read_bytes() == b"old"
    assert [path.name for path in blobs.folder.iterdir()] == ["ab"]


def test_blob_fsync_error_is_not_acknowledged(blobs, tmp_path, monkeypatch):
    """If the disk does not confirm the bytes, put raises and the key does not exist."""

    def broken(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files.os, "fsync", broken)
    with pytest.raises(StoreUnavailable, match="EIO"):
        blobs.put("ab", source(tmp_path))
    assert list(blobs.keys()) == []


def test_sweep_removes_what_a_kill_left(blobs, tmp_path):
    """Half-written files are no blobs, and sweep removes them alone."""
    blobs.put("ab", source(tmp_path))
    (blobs.folder / ".part-xyz").write_bytes(b"half")
    assert list(blobs.keys()) == ["ab"]
    assert blobs.sweep() == 1
    assert [path.name for path in blobs.folder.iterdir()] == ["ab"]


def test_blob_folder_that_is_a_file(tmp_path):
    """A folder that cannot be made is StoreUnavailable at open."""
    path = source(tmp_path)
    with pytest.raises(StoreUnavailable):
        open_blobs(f"file:{path}")


def test_sqlite_has_what_we_use():
    """The linked SQLite knows STRICT tables and RETURNING (3.37), which the schemas may use."""
    assert sqlite3.sqlite_version_info >= (3, 37)
    assert os.name == "posix"
