"""The log is append-only, signed and provable, and refuses to start over a history that is not its own."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import entry as kinds
from safety import merkle
from safety.errors import EvidenceInvalid, Misconfigured, RecordUnknown, StoreUnavailable
from safety.log import Entry, Log, LogView, pages
from safety.note import NoteKey, NoteSigner
from safety.stores.sqlite import Database

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "example.com/sitter"


class Place:
    """A database and a mark in two folders, and a log that can be opened and closed over them."""

    def __init__(self, folder):
        self.path, self.mark = folder / "data" / "log.db", folder / "keys" / "checkpoint"
        self.mark.parent.mkdir()
        self.open()

    def open(self, key=KEY, origin=ORIGIN):
        self.db = Database(self.path)
        try:
            self.log = Log(self.db, key, origin, high_water=self.mark)
        except BaseException:
            self.db.close()
            raise
        return self.log

    def add(self, *bodies, kind=kinds.DECISION):
        with self.db.transaction() as tx:
            return [self.log.append(tx, Entry(kind, body)) for body in bodies]

    def change(self, sql, *params):
        """Change the stored log behind its back."""
        with self.db.transaction() as tx:
            tx.execute(sql, params)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.db.close()


def test_entries_come_back_as_bytes_and_in_order(place):
    """Indices count from 0 over transactions; the bytes are canonical JSON with kind and time."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=timezone(timedelta(hours=2)))
    with place.db.transaction() as tx:
        assert (
            place.log.append(
                tx, Entry(kinds.DECISION, {"seconds": 1e21, "rules": ["r", "ä"], "frames": 7}, at)
            )
            == 0
        )
        assert place.log.append(tx, Entry(kinds.ISSUE, {"record_id": "ab"})) == 1
    assert place.add({}) == [2]
    entry = place.log.entry(0)
    assert entry.data == (
        '{"at":"2026-01-02T01:04:05.678Z","frames":7,"kind":"decision","rules":["r","ä"],'
        '"seconds":1e+21}'.encode()
    )
    assert (entry.kind, entry.body["rules"]) == ("decision", ["r", "ä"])
    assert [logged.index for logged in place.log.entries()] == [0, 1, 2]


@pytest.mark.parametrize("index", [-1, 1, 2**40])
def test_unknown_index(place, index):
    """An index that the log does not have is RecordUnknown, for an entry and for its receipt."""
    place.add({})
    for call in (place.log.entry, place.log.receipt):
        with pytest.raises(RecordUnknown):
            call(index)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry("gossip", {}), "kind"),
        (Entry(kinds.ISSUE, {"kind": "x"}), "kind"),
        (Entry(kinds.ISSUE, {"at": "x"}), "at"),
        (Entry(kinds.ISSUE, {"record_id": 5}), "record_id"),
        (Entry(kinds.ISSUE, {"record_id": None}), "record_id"),
        (Entry(kinds.ISSUE, {"clip_sha256": b"bytes"}), "clip_sha256"),
        (Entry(kinds.ISSUE, {"frames": 1}), "issue does not take frames"),
        (Entry(kinds.DECISION, {"frames": True}), "frames"),
        (Entry(kinds.DECISION, {"frames": 1.5}), "frames"),
        (Entry(kinds.DECISION, {"calibrated": 1}), "calibrated"),
        (Entry(kinds.DECISION, {"rules": ["a", 1]}), "rules"),
        (Entry(kinds.DECISION, {"name": "Ada"}), "name"),
        (Entry(kinds.DECISION, {"score": float("nan")}), "JSON"),
        (Entry(kinds.DECISION, {"frames": 2**60}), "JSON"),
        (Entry(kinds.ISSUE, {"clip_sha256": "y" * 65_535}), "65535"),
        (Entry(kinds.ISSUE, {}, datetime(2026, 1, 1)), "zone"),
    ],
)
def test_malformed_entry(place, entry, message):
    """An entry that is not one is refused and leaves the log as it was."""
    with pytest.raises(ValueError, match=message), place.db.transaction() as tx:
        place.log.append(tx, entry)
    assert place.log.entries() == []


def test_largest_entry(place):
    """65,535 bytes are still an entry."""
    room = 65_535 - len(Entry(kinds.ISSUE, {"clip_sha256": ""}).canonical())
    place.add({"clip_sha256": "y" * room}, kind=kinds.ISSUE)
    assert len(place.log.entry(0).data) == 65_535


def test_queries(place):
    """Entries are found by kind and by every column, alone and together, forwards, backwards and in pages."""
    for n in range(6):
        place.add(
            {"trace_id": f"t{n % 2}", "gate": "consent", "outcome": "refused" if n == 3 else "permitted"}
        )
    place.add({"record_id": "r", "identity_id": "i", "consent_id": "c", "request_id": "q"}, kind=kinds.ISSUE)

    def found(*args, **wanted):
        return [logged.index for logged in place.log.entries(*args, **wanted)]

    assert found(kind=kinds.ISSUE) == [6]
    assert found(trace_id="t1") == [1, 3, 5]
    assert found(trace_id="t1", outcome="refused") == [3]
    assert found(trace_id="t1", outcome=None) == [1, 3, 5]
    assert found(gate="consent", outcome="refused") == [3]
    for name, value in (("record_id", "r"), ("identity_id", "i"), ("consent_id", "c"), ("request_id", "q")):
        assert found(**{name: value}) == [6]
        assert found(**{name: "other"}) == []
    assert found(2, 2) == [2, 3]
    assert [logged.index for logged in place.log.newest(2)] == [6, 5]
    assert [logged.index for logged in place.log.newest(2, 4, trace_id="t0")] == [2, 0]
    assert place.log.newest(5, 0) == []
    assert [logged.index for logged in pages(place.log, trace_id="t0")] == [0, 2, 4]
    for limit in (0, 1001):
        with pytest.raises(ValueError, match="1000"):
            place.log.entries(limit=limit)
    with pytest.raises(ValueError, match="bytes"):
        place.log.entries(**{"bytes": "x"})


def test_pages_cross_the_limit(place, monkeypatch):
    """Paging gives every entry once."""
    monkeypatch.setattr("safety.log_view.PAGE", 3)
    place.add(*({"frames": n} for n in range(8)))
    assert [logged.body["frames"] for logged in pages(place.log)] == list(range(8))


def test_checkpoint_and_proofs(place):
    """Each checkpoint verifies and is consistent with the last, under which every entry is proven."""
    heads = [place.log.key.open(place.log.checkpoint())]
    for n in range(20):
        place.add({"frames": n})
        heads.append(place.log.key.open(place.log.checkpoint()))
    last = heads[-1]
    assert [head.size for head in heads] == list(range(21))
    assert heads[0].root == merkle.EMPTY_ROOT
    for n in range(20):
        proof = place.log.inclusion_proof(n, 20)
        merkle.verify_inclusion(merkle.leaf_hash(place.log.entry(n).data), n, 20, proof, last.root)
    for head in heads:
        proof = place.log.consistency_proof(head.size, 20)
        merkle.verify_consistency(head.size, 20, head.root, last.root, proof)
    assert place.log.verify_all() == last


@pytest.mark.parametrize(("index", "size"), [(0, 3), (2, 2), (-1, 2), (0, 0)])
def test_proof_outside_the_log(place, index, size):
    """No proof for an index or a size that the log does not have."""
    place.add({}, {})
    with pytest.raises(RecordUnknown):
        place.log.inclusion_proof(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (2, 1), (-1, 2)])
def test_consistency_outside_the_log(place, old, new):
    """Nor between sizes that it never had."""
    place.add({}, {})
    with pytest.raises(RecordUnknown):
        place.log.consistency_proof(old, new)


def test_receipt_is_a_tlog_proof(place):
    """A receipt has the header, index, path and the signed checkpoint of C2SP tlog-proof."""
    place.add(*({"frames": n} for n in range(5)))
    head, _, note = place.log.receipt(3).partition("\n\n")
    lines = head.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"]
    assert len(lines) == 2 + len(place.log.inclusion_proof(3, 5))
    assert note == place.log.checkpoint()
    assert note.split("\n")[:2] == [ORIGIN, "5"]


def test_rolled_back_append_leaves_nothing(place):
    """An append in a transaction that fails is not in the log, and the next one takes its index."""
    place.add({"frames": 0})
    before = place.log.checkpoint()

    def fail(tx):
        place.log.append(tx, Entry(kinds.ISSUE, {"record_id": "n"}))
        tx.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreUnavailable), place.db.transaction() as tx:
        fail(tx)
    assert place.log.checkpoint() == before == place.mark.read_text()
    assert place.add({"frames": 2}) == [1]
    assert place.log.verify_all().size == 2


def test_full_disk_leaves_the_log_whole(place):
    """A disk that fills up during appends loses nothing acknowledged and leaves a log that verifies."""
    place.add({"frames": 0})
    with place.db.transaction() as tx:
        tx.execute(f"PRAGMA max_page_count = {tx.execute('PRAGMA page_count').fetchone()[0] + 5}")
    kept = 1
    with pytest.raises(StoreUnavailable, match="full"):  # noqa: PT012
        while True:
            place.add({"request": "x" * 5000})
            kept += 1
    assert place.log.verify_all().size == kept
    with place.db.transaction() as tx:
        tx.execute("PRAGMA max_page_count = 100000")
    assert place.add({}) == [kept]


def test_threads_share_one_order(place):
    """Appends from several threads get every index once."""
    indices = []

    def work():
        for n in range(20):
            indices.extend(place.add({"frames": n}))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(indices) == list(range(60))
    assert place.log.verify_all().size == 60


def test_reopened_log_goes_on(place):
    """A second start finds the log as it was and appends after it."""
    place.add({"frames": 0}, {"frames": 1})
    place.db.close()
    place.open()
    assert place.add({"frames": 2}) == [2]
    assert place.log.verify_all().size == 3


def test_mark_follows_the_last_commit(place):
    """After each commit the high-water mark is the log's checkpoint, also for several entries at once."""
    assert place.log.key.open(place.mark.read_text()).size == 0
    place.add({}, {}, {})
    assert place.mark.read_text() == place.log.checkpoint()


def test_mark_that_cannot_be_written(place):
    """If the mark cannot be written the caller is told, and the log still starts: it is ahead of its mark."""
    shutil.rmtree(place.mark.parent)
    with pytest.raises(StoreUnavailable):
        place.add({})
    place.mark.parent.mkdir()
    place.mark.write_text(NoteSigner(ORIGIN, KEY).sign(0, merkle.EMPTY_ROOT))
    place.db.close()
    assert place.open().verify_all().size == 1


def test_restored_old_database_is_refused(place, tmp_path):
    """A database restored from before the mark is refused, as is a log that is gone."""
    place.add({"frames": 0})
    place.db.close()
    old = tmp_path / "backup.db"
    shutil.copy(place.path, old)
    place.open()
    place.add({"frames": 1})
    place.db.close()
    shutil.copy(old, place.path)
    with pytest.raises(EvidenceInvalid, match="old database"):
        place.open()
    place.path.unlink()
    with pytest.raises(EvidenceInvalid, match="old database"):
        place.open()


def test_forked_history_is_refused(place, tmp_path):
    """A second history of the same key and at least the same size is refused by the mark."""
    place.add({"frames": 0}, {"frames": 1})
    place.db.close()
    other = Place(_made(tmp_path / "other"))
    other.add({"frames": 0}, {"frames": 2}, {"frames": 3})
    other.db.close()
    shutil.copy(other.path, place.path)
    with pytest.raises(EvidenceInvalid, match="history"):
        place.open()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_lost_mark_is_refused(place):
    """Without its mark a log with entries does not start; an unreadable mark neither."""
    place.add({})
    place.db.close()
    kept = place.mark.read_bytes()
    place.mark.unlink()
    with pytest.raises(Misconfigured, match="backup"):
        place.open()
    for damaged in (b"", b"\xff", kept[:-9] + b"AAAAAAA=\n", kept.replace(b"\n1\n", b"\n0\n")):
        place.mark.write_bytes(damaged)
        with pytest.raises((Misconfigured, EvidenceInvalid)):
            place.open()
    place.mark.write_bytes(kept)
    place.open()


def test_killed_during_the_first_start(place):
    """A kill after the empty log's mark and before its database row is a first start that goes on."""
    place.change("DELETE FROM log_head")
    place.db.close()
    assert place.open().entries() == []


@pytest.mark.parametrize(
    ("key", "origin"), [(Ed25519PrivateKey.generate(), ORIGIN), (KEY, "example.com/other")]
)
def test_another_key_or_origin_is_refused(place, key, origin):
    """A log does not start under a key or a name that did not sign it."""
    place.add({})
    place.db.close()
    with pytest.raises(Misconfigured, match="another key or origin"):
        place.open(key, origin)


TAMPERING = {
    "changed entry": 'UPDATE log_entries SET bytes = CAST(\'{"kind":"issue"}\' AS BLOB) WHERE idx = 2',
    "changed column": "UPDATE log_entries SET outcome = 'permitted' WHERE idx = 2",
    "changed kind": "UPDATE log_entries SET kind = 'issue' WHERE idx = 2",
    "missing entry": "DELETE FROM log_entries WHERE idx = 2",
    "cut end": "DELETE FROM log_entries WHERE idx = 6",
    "swapped": "UPDATE log_entries SET idx = CASE idx WHEN 1 THEN -2 ELSE idx END",
    "entry too many": "INSERT INTO log_entries (idx, kind, bytes)"
    " VALUES (7, 'issue', CAST('{\"kind\":\"issue\"}' AS BLOB))",
    "changed node": "UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 1 AND idx = 1",
    "missing node": "DELETE FROM log_nodes WHERE level = 0 AND idx = 1",
    "node too many": "INSERT INTO log_nodes VALUES (0, 7, zeroblob(32))",
    "high node too many": "INSERT INTO log_nodes VALUES (3, 0, zeroblob(32))",
    "no checkpoint": "DELETE FROM log_head",
    "changed size": "UPDATE log_head SET note = replace(note, '\n7\n', '\n6\n')",
}


@pytest.mark.parametrize("sql", TAMPERING.values(), ids=TAMPERING.keys())
def test_audit_finds_tampering(place, sql):
    """verify_all refuses every change of an entry, a column, a stored hash or the checkpoint."""
    place.add(*({"frames": n, "outcome": "refused"} for n in range(7)))
    place.log.verify_all()
    place.change(sql)
    with pytest.raises(EvidenceInvalid):
        place.log.verify_all()


@pytest.mark.parametrize(
    "name", ["missing entry", "cut end", "entry too many", "no checkpoint", "changed size"]
)
def test_start_finds_coarse_tampering(place, name):
    """A log whose entries and checkpoint do not fit does not even start."""
    place.add(*({"frames": n, "outcome": "refused"} for n in range(7)))
    place.change(TAMPERING[name])
    place.db.close()
    with pytest.raises((EvidenceInvalid, Misconfigured)):
        place.open()


def test_view_beside_the_writer(place):
    """An auditor with the public key alone reads and verifies a log that is being written."""
    place.add({"frames": 0})
    with Database(place.path, read_only=True) as db:
        view = LogView(db, NoteKey.parse(str(place.log.key)))
        assert view.verify_all().size == 1
        place.add({"frames": 1})
        assert view.verify_all().size == 2
        assert view.receipt(1) == place.log.receipt(1)


def test_note_rejects_every_changed_byte(place):
    """A checkpoint with any single byte changed, cut or doubled does not open."""
    place.add({})
    note = place.log.checkpoint().encode()
    key = place.log.key
    assert key.open(note.decode()).size == 1
    for at in range(len(note)):
        for changed in (note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :], note[:at] + note[at + 1 :]):
            with pytest.raises(EvidenceInvalid):
                key.open(changed.decode("utf-8", "replace"))


def test_note_ignores_other_signatures(place):
    """A witness's line below or above the log's own changes nothing."""
    text, _, line = place.log.checkpoint().partition("\n\n")
    witness = "— witness.example AAAAAAAA\n"
    for note in (f"{text}\n\n{witness}{line}", f"{text}\n\n{line}{witness}"):
        assert place.log.key.open(note).size == 0
    with pytest.raises(EvidenceInvalid, match="not signed"):
        place.log.key.open(f"{text}\n\n{witness}")


def test_vkey_round_trip_with_pluses():
    """A key whose base64 has pluses is read back; a changed one is refused."""
    keys = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(256))
    vkey = next(vkey for key in keys if str(vkey := NoteSigner(ORIGIN, key).key).count("+") > 2)
    assert str(NoteKey.parse(str(vkey))) == str(vkey)
    for wrong in ("", "a+b", str(vkey)[:-4], "x" + str(vkey), str(vkey).replace(ORIGIN, "a b")):
        with pytest.raises(EvidenceInvalid):
            NoteKey.parse(wrong)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "ä", "a\nb", "x" * 201])
def test_origin_must_fit_a_note(origin):
    """An origin that would break a note or a vkey is refused."""
    with pytest.raises(Misconfigured, match="origin"):
        NoteSigner(origin, KEY)


WRITER = f"""
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from safety.log import Entry, Log
from safety.stores import open_records
db = open_records("sqlite:" + sys.argv[1])
key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
log = Log(db, key, {ORIGIN!r}, high_water=Path(sys.argv[2]))
while True:
    with db.transaction() as tx:
        index = log.append(tx, Entry("decision", {{"frames": 1}}))
    print(index, flush=True)
"""


def test_kill_keeps_every_acknowledged_entry(place):
    """Killed at any moment, the log starts again with every acknowledged entry, whole and consistent."""
    place.db.close()
    before = None
    for lines in (1, 5, 17, 40):
        command = [sys.executable, "-c", WRITER, str(place.path), str(place.mark)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        last = [int(writer.stdout.readline()) for _ in range(lines)][-1]
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        acknowledged = max([last, *(int(line) for line in rest.splitlines() if line)])
        log = place.open()
        head = log.verify_all()
        assert head.size > acknowledged
        if before:
            proof = log.consistency_proof(before.size, head.size)
            merkle.verify_consistency(before.size, head.size, before.root, head.root, proof)
        before = head
        place.db.close()


def test_every_kind_says_what_it_is():
    """Each kind of entry is a constant of its module, with a docstring right below."""
    source = Path(kinds.__file__).read_text().splitlines()
    for kind in kinds.KINDS:
        line = next(n for n, text in enumerate(source) if text.endswith(f" = {json.dumps(kind)}"))
        assert source[line + 1].startswith('"""')


def test_time_is_utc():
    """The time of an entry is written in UTC."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert json.loads(Entry(kinds.STARTED, {}, at).canonical())["at"] == "2026-01-01T00:00:00.000Z"
