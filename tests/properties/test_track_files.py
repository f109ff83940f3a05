"""Track files at random: they are read, or refused with the one error of theirs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import TrackUnusable
from engine.track_csv import ARKIT, LIVE_LINK, read_track

CELL = st.sampled_from(
    ["0", "0.5", "1", "-1", "nan", "1e999", "", " 0.25 ", "x", "00:00:01:02.5", '"', "1_0"]
)


def outcome(data: bytes) -> None:
    try:
        track = read_track(data)
    except TrackUnusable:
        return
    assert track.seconds > 0
    assert (track.at(track.seconds / 2)[:52] >= 0).all()


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """No other error, whatever the bytes."""
    outcome(data)


@settings(max_examples=60)
@given(
    st.sampled_from([ARKIT, LIVE_LINK, ARKIT[:53]]),
    st.lists(st.lists(CELL, min_size=50, max_size=70), max_size=4),
)
def test_any_cells_under_a_right_header(header: tuple[str, ...], rows: list[list[str]]) -> None:
    """No other error, whatever the cells."""
    outcome("\n".join([",".join(header), *(",".join(row) for row in rows)]).encode())


@settings(max_examples=60)
@given(st.permutations(range(53)), st.floats(-2, 3), st.integers(0, 52))
def test_any_order_of_columns(order: list[int], value: float, place: int) -> None:
    """The values go with the names: a shuffled file is read as the sorted one."""
    names = ARKIT[:53]

    def file(columns: list[int]) -> bytes:
        rows = [
            [f"{t / 10}" if names[c] == "time" else repr(value) if c == place else "0" for c in columns]
            for t in (0, 1)
        ]
        return "\n".join(",".join(line) for line in [[names[c] for c in columns], *rows]).encode()

    moved = [0, *(c for c in order if c != 0)]
    try:
        wanted = read_track(file(list(range(53))))
    except TrackUnusable:
        outcome(file(moved))
    else:
        assert (read_track(file(moved)).values == wanted.values).all()
