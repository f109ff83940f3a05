"""From findings to a probability and a verdict."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.detector.fusion import (
    DOMAIN,
    FAMILIES,
    ODDS_LEAST,
    ODDS_MOST,
    Judgement,
    Quality,
    added,
    evidence,
    judge,
    parameters,
)
from safety.detector.report import Finding

GOOD = Quality(seconds=20.0, eye_distance=90.0)
GROUPS = tuple(group for groups in FAMILIES.values() for group in groups)


def finding(group: str, sign: float, name: str = "cue", value: float = 1.0) -> Finding:
    return Finding(name, group, value, "", None, None, "", sign, "", 0.0, 10.0)


def judged(*signs: tuple[str, float], quality: Quality = GOOD) -> Judgement:
    return judge(tuple(finding(group, sign) for group, sign in signs), quality)


def test_every_group_has_its_ratios() -> None:
    """No sign never speaks for a fake, a sign never against; the band has a middle."""
    p = parameters()
    assert set(p.groups) == set(GROUPS)
    assert all(without <= 0 <= full for without, full in p.groups.values())
    assert 0 < p.no_sign < p.prior < p.machine_made < 1
    assert p.slope > 0


def test_nothing_measured_is_the_prior_and_inconclusive() -> None:
    """Without findings only the prior and the calibration's offset are left."""
    p = replace(parameters(), offset=0.0)
    nothing = judge((), GOOD, p)
    assert nothing.score == pytest.approx(p.prior)
    assert nothing.verdict == "inconclusive"


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(GROUPS), st.floats(0, 1), min_size=1),
    st.sampled_from(GROUPS),
    st.floats(0, 1),
)
def test_a_stronger_sign_never_lowers_the_probability(
    signs: dict[str, float], group: str, more: float
) -> None:
    """Of any group that was measured, whatever the others say."""
    before = judged(*signs.items()).score
    if group in signs:
        after = judged(*{**signs, group: max(signs[group], more)}.items()).score
        assert after >= before - 1e-12
    assert 0 < before < 1


def test_the_strongest_sign_of_a_group_counts_once() -> None:
    """Ten cues of one group say no more than the strongest of them."""
    assert judged(("head", 1.0)).score == judged(*[("head", 1.0)] * 10, ("head", 0.2)).score


def test_related_groups_count_less_than_their_sum() -> None:
    """Two groups of pixels: the second at a discount; one of pixels and one of motion: both in full."""
    p = parameters()
    pixels = evidence((finding("texture", 1.0), finding("noise", 1.0)), p)
    apart = evidence((finding("texture", 1.0), finding("head", 1.0)), p)
    assert max(pixels.values()) < added(pixels) < sum(pixels.values())
    assert added(apart) == pytest.approx(sum(apart.values()))


def test_one_group_never_decides() -> None:
    """However sure one cue is; two may."""
    sure = replace(parameters(), groups={**parameters().groups, "head": (0.0, 9.0)})
    alone = judge((finding("head", 1.0),), GOOD, sure)
    assert alone.score > sure.machine_made
    assert alone.verdict == "inconclusive"
    assert judge((finding("head", 1.0), finding("texture", 0.5)), GOOD, sure).verdict == "machine_made"


def test_many_signs_are_machine_made_and_none_no_sign() -> None:
    """All groups at full sign, and all measured without one."""
    assert judged(*[(group, 1.0) for group in GROUPS]).verdict == "machine_made"
    assert judged(*[(group, 0.0) for group in GROUPS]).verdict == "no_sign"


def test_few_groups_or_a_tiny_face_never_give_no_sign() -> None:
    """The absence of signs means nothing where little could be measured."""
    assert judged(("head", 0.0), ("network", 0.0)).verdict == "inconclusive"
    tiny = replace(GOOD, eye_distance=20.0)
    assert judged(*[(group, 0.0) for group in GROUPS], quality=tiny).verdict == "inconclusive"


def test_short_small_and_lost_faces_come_nearer_to_the_prior_and_it_is_said() -> None:
    """The same signs count less, and a note says why."""
    p = parameters()
    full = judged(*[(group, 1.0) for group in GROUPS])
    for poor in (
        replace(GOOD, seconds=4.0),
        replace(GOOD, eye_distance=24.0),
    ):
        less = judged(*[(group, 1.0) for group in GROUPS], quality=poor)
        assert p.prior < less.score < full.score
        assert less.notes
    assert judged(("head", 1.0), quality=replace(GOOD, seen=0.6)).score < judged(("head", 1.0)).score
    assert judged(("head", 1.0), quality=replace(GOOD, sound=False)).notes


def test_under_four_seconds_nothing_is_decided() -> None:
    """Not even with every sign there is."""
    short = replace(GOOD, seconds=3.9)
    assert judged(*[(group, 1.0) for group in GROUPS], quality=short).verdict == "inconclusive"


def test_values_lean_within_their_range_but_not_far() -> None:
    """A head that travels less than people's leans to a fake; a still one no more than the cap."""
    p = replace(parameters(), leans={"head_travel": (0.1, -0.3)})
    of = lambda value: judge((finding("head", 0.0, "head_travel", value),), GOOD, p).score  # noqa: E731
    assert of(0.03) > of(0.1) > of(0.3)
    assert of(1e-9) == pytest.approx(of(1e-6))


def test_unknown_groups_say_nothing() -> None:
    """A cue that the calibration has not met is no evidence."""
    assert judged(("head", 0.5), ("tomorrow", 1.0)).score == judged(("head", 0.5)).score


def test_a_probability_is_of_a_face() -> None:
    """Where sound alone was judged, or nothing, the score is not called calibrated; else it says of what."""
    assert not judged().calibrated
    assert not judged(("sound", 1.0)).calibrated
    told = judged(("head", 0.0), ("network", 0.0))
    assert told.calibrated
    assert told.notes[0] == DOMAIN


def test_log_odds_of_the_networks_count_within_bounds() -> None:
    """More for made than for filmed: shoulders that follow a head do not prove a camera."""
    p = parameters()

    def of(value: float) -> float:
        return evidence((finding("network", 0.0, "moving_parts", value),), p)["network"]

    assert of(100.0) == ODDS_MOST
    assert of(-100.0) == ODDS_LEAST
    assert of(-0.2) < of(0.2) < of(1.0)
    assert abs(ODDS_LEAST) < ODDS_MOST
