"""Every kind of entry has a schema; what does not fit is refused when written and named when read."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import merkle
from safety.entry import COLUMNS, KINDS, Entry
from safety.entry_schema import FIELDS, TYPES, json_schema, objections, strangers
from safety.evidence import verify_log
from safety.log import Log
from safety.log_view import fetcher
from safety.stores.sqlite import Database


def test_every_kind_has_a_schema():
    """No kind without one, no schema without a kind, no type that is not one."""
    assert FIELDS.keys() == KINDS
    assert {of for fields in FIELDS.values() for of in fields.values()} <= TYPES.keys()


def test_columns_are_text():
    """What entries are looked up by is text in every kind that has it."""
    assert {fields[name] for fields in FIELDS.values() for name in COLUMNS if name in fields} == {"text"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_body_of_every_field_is_written(kind):
    """An entry with all its fields is canonical, and has no strangers; one more field is an objection."""
    values = {"text": "t", "integer": 1, "number": 0.5, "flag": True, "texts": ["a"]}
    body = {name: values[of] for name, of in FIELDS[kind].items()}
    read = json.loads(Entry(kind, body).canonical())
    assert read == {"kind": kind, **body}
    assert strangers(read) == []
    assert objections(kind, body | {"portrait_name": "x"}) == ["portrait_name"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_json_schema_names_the_same_fields(kind):
    """The published schema takes what we write and nothing else."""
    schema = json_schema(kind)
    assert schema["properties"].keys() == {"kind", "at", *FIELDS[kind]}
    assert schema["additionalProperties"] is False


def test_another_versions_entries_count_and_are_named(tmp_path):
    """An entry of an unknown kind, signed into the log, verifies; the audit says what it does not know."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    with Database(tmp_path / "log.db") as db:
        log = Log(db, key, "example.com/sitter")
        data = b'{"kind":"weather","wind":"north"}'
        with db.transaction() as tx:
            tx.execute("INSERT INTO log_entries (idx, kind, bytes) VALUES (0, 'weather', ?)", (data,))
            tx.execute("INSERT INTO log_nodes VALUES (0, 0, ?)", (merkle.leaf_hash(data),))
            tx.execute("UPDATE log_head SET note = ?", (log.signer.sign(1, merkle.root(1, fetcher(tx))),))
        log.record(Entry("decision", {}))
        assert log.audit().strangers == ("weather",)
        result = verify_log(db.path, str(log.key))
        assert (result.ok, result.strangers) == (True, ("weather",))
