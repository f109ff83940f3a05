"""The search over everybody: exact, whatever was added and removed, and thresholds for its size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from safety.encoders.thresholds import Calibration
from safety.gallery import Gallery, Template
from safety.matching import Likeness, resembled
from safety.protection import Protection

Floats = NDArray[np.float32]


def _unit(rng: np.random.Generator, count: int, size: int) -> Floats:
    vectors = rng.standard_normal((count, size))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _near(rng: np.random.Generator, probe: Floats, distance: float) -> Floats:
    """A unit vector at this cosine distance from `probe`."""
    other = rng.standard_normal(len(probe))
    other -= (other @ probe) * probe
    other /= np.linalg.norm(other)
    cosine = 1 - distance
    return np.asarray(cosine * probe + np.sqrt(1 - cosine**2) * other, np.float32)


def _filled(vectors: Floats) -> Gallery:
    return Gallery(Template(f"t{i}", "consent", False, 3, vector) for i, vector in enumerate(vectors))


@pytest.mark.parametrize("size", [128, 512], ids=["single precision", "half precision first"])
def test_everybody_within_reach_is_found(size: int) -> None:
    """Among thousands, exactly those whose distance in double precision is within reach are found, nearest
    first, also when they lie within a rounding of half precision of the limit."""
    rng = np.random.default_rng(1)
    vectors = _unit(rng, 3000, size)
    probe = _unit(rng, 1, size)[0]
    reach = 0.3
    for row, distance in enumerate(np.linspace(reach - 0.002, reach + 0.002, 400)):
        vectors[row] = _near(rng, probe, float(distance))
    exact = 1 - vectors.astype(np.float64) @ probe.astype(np.float64)
    found = _filled(vectors).near(probe, reach)
    names = [each.identity_id for each in found]
    sure = {f"t{i}" for i in np.flatnonzero(exact < reach - 1e-6)}
    possible = {f"t{i}" for i in np.flatnonzero(exact < reach + 1e-6)}
    assert sure <= set(names) <= possible
    assert 150 < len(names) < 250
    assert [each.distance for each in found] == sorted(each.distance for each in found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("arx"), st.integers(0, 40)), max_size=300))
def test_adding_and_removing(steps: list[tuple[str, int]]) -> None:
    """After any sequence of additions, replacements and removals the gallery finds what a dictionary
    holds."""
    rng = np.random.default_rng(2)
    vectors, gallery = _unit(rng, 41, 8), Gallery()
    held: dict[str, Floats] = {}
    for action, number in steps:
        name = f"t{number}"
        if action == "x":
            held.pop(name, None)
            gallery.remove(name)
        else:
            vector = vectors[number] if action == "a" else vectors[40 - number]
            held[name] = vector
            gallery.add(Template(name, "consent", bool(number % 2), 3, vector))
    assert {each.identity_id for each in gallery.near(vectors[0], 2.1)} == set(held)
    assert len(gallery) == len(held)
    assert gallery.protected == sum(int(name[1:]) % 2 for name in held)
    for name, vector in held.items():
        template = gallery.get(name)
        assert template is not None
        np.testing.assert_array_equal(template.embedding, vector)


def test_a_removed_face_is_in_memory_no_more() -> None:
    """Removing blanks the row itself, in both precisions, not only the entry that led to it."""
    rng = np.random.default_rng(3)
    vectors = _unit(rng, 5, 256)
    gallery = _filled(vectors)
    rows = gallery._rows
    assert rows is not None
    gallery.remove("t2")
    assert not rows.matrix[2].any()
    assert not rows.half[2].any()
    assert gallery.get("t2") is None
    assert "t2" not in {each.identity_id for each in gallery.near(vectors[2], 2.1)}


def test_templates_of_another_length_are_refused() -> None:
    """One matrix holds one encoder's templates."""
    gallery = _filled(_unit(np.random.default_rng(4), 2, 8))
    with pytest.raises(ValueError, match="length"):
        gallery.add(Template("x", "consent", False, 3, np.ones(9, np.float32) / 3))


CALIBRATION = Calibration(
    sha256="",
    source="invented",
    thresholds={n: {1e-3: 0.08, 1e-4: 0.06, 1e-5: 0.04} for n in (1, 2, 3)},
    profiles={"accept": 1e-4, "review": 1e-3, "block": 1e-3},
    margin=0.01,
    agreement=0.075,
)


def test_thresholds_follow_the_size_of_the_gallery() -> None:
    """FMR = FPIR / N with an FPIR of 1 %: up to ten people the profile's own rate, then stricter, to what
    was measured and not beyond; the calibration says from where it does not resolve a search any more."""
    block = [CALIBRATION.searched("block", 3, people) for people in (0, 1, 10, 100, 1000, 100_000)]
    assert block == pytest.approx([0.08, 0.08, 0.08, 0.06, 0.04, 0.04])
    assert CALIBRATION.at(10**-3.5, 3) == pytest.approx(0.07)
    assert [CALIBRATION.resolves(people) for people in (0, 999, 1001)] == [True, True, False]
    assert CALIBRATION.false_alarms(10) == pytest.approx(0.01, rel=0.01)
    assert CALIBRATION.false_alarms(10_000) == pytest.approx(1 - np.exp(-0.1), rel=0.01)


def test_whom_a_new_face_resembles() -> None:
    """By distance: the same person, a look-alike, nobody; a character is held to the wider distance from
    living people; a protected face is told apart."""
    rng = np.random.default_rng(5)
    probe = _unit(rng, 1, 16)[0]
    for distance, basis, expected in (
        (0.05, "consent", [(Likeness.DUPLICATE, "a")]),
        (0.07, "consent", [(Likeness.LOOKALIKE, "a")]),
        (0.07, "character", [(Likeness.DUPLICATE, "a")]),
        (0.09, "character", []),
    ):
        gallery = Gallery([Template("a", "consent", False, 3, _near(rng, probe, distance))])
        assert resembled(gallery, probe, basis, CALIBRATION) == expected
    gallery = Gallery([Template("p", "consent", True, 1, _near(rng, probe, 0.075))])
    assert resembled(gallery, probe, "consent", CALIBRATION) == [(Likeness.PROTECTED, "p")]


@pytest.mark.parametrize("size", [2, 128, 512])
def test_the_keyed_rotation_keeps_distances(size: int) -> None:
    """Distances and lengths are what they were, to single precision; one key always gives one template."""
    vectors = _unit(np.random.default_rng(6), 20, size)
    turned = Protection(bytes(range(32))).apply(vectors, "ab")
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, atol=2e-6)
    np.testing.assert_array_equal(Protection(bytes(range(32))).apply(vectors, "ab"), turned)


def test_stolen_templates_match_nobody() -> None:
    """A template against the embedding it was made of, and against the same face in another installation or
    under another encoder, is as far as strangers are."""
    vectors = _unit(np.random.default_rng(7), 200, 128)
    mine = Protection(bytes(range(32))).apply(vectors, "ab")
    for other in (
        vectors,
        Protection(bytes(32)).apply(vectors, "ab"),
        Protection(bytes(range(32))).apply(vectors, "cd"),
    ):
        similar = np.abs((mine * other).sum(axis=1))
        assert similar.max() < 0.5  # 200 pairs of strangers in 128 dimensions reach 0.33
        assert similar.mean() < 0.12  # strangers: sqrt(2 / (pi * 128)) = 0.07


def test_the_rotation_is_pinned() -> None:
    """The first components of a known template: a change would make every stored template useless."""
    vector = np.zeros(128, np.float32)
    vector[0] = 1
    turned = Protection(bytes(range(32))).apply(vector, "ab")
    np.testing.assert_allclose(turned[:4], PINNED, atol=1e-6)


PINNED = (-0.0685349, 0.0097019, 0.0620557, -0.1317488)
