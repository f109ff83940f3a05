"""Tables of earlier versions get the columns that they lack."""

from collections.abc import Mapping

from safety.stores.sqlite import Database


def add_columns(db: Database, table: str, columns: Mapping[str, str]) -> None:
    """Add what `table` lacks of `columns` (name to SQL type); they start as NULL. Nothing when read-only."""
    if db.read_only:
        return
    with db.transaction() as tx:
        present = {row["name"] for row in tx.execute(f"PRAGMA table_info({table})").fetchall()}
        for name, kind in columns.items():
            if name not in present:
                tx.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
