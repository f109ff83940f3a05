"""The fingerprint measured: faithful copies, edits with a known truth, other clips of the same portrait.

`python -m bench fingerprint` prints `bench.prints.table.rows`.
"""
