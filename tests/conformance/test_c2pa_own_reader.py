"""Our own reader on the same clip, and the same tampering, as the outside verifiers."""

import pytest

from safety.selftest import tiny_clip
from tests.conformance.clips import SOUND, TAMPERED, Site, forged_time
from tests.safety.test_credentials import PAYLOAD, WATERMARK


def test_ours_as_released(site: Site) -> None:
    """Ours, stamped, with both marks named and one action for each."""
    reading = site.made.credentials.read(site.clip)
    assert (reading.state, reading.ours, reading.failures, reading.time_stamped) == (
        "trusted",
        True,
        (),
        True,
    )
    assert reading.soft_bindings == ((WATERMARK, PAYLOAD), (SOUND, PAYLOAD))
    marked = "c2pa.watermarked.bound"
    assert reading.actions == ("c2pa.created", "c2pa.edited", marked, marked)


@pytest.mark.parametrize("tampering", TAMPERED)
def test_tampering_is_invalid(site: Site, tampering: str) -> None:
    """Each change makes the clip invalid, with a reason."""
    data = TAMPERED[tampering](site.clip)
    assert data != site.clip
    reading = site.made.credentials.read(data)
    assert (reading.state, reading.ours) == ("invalid", False)
    assert reading.failures


def test_forged_time_is_no_time(site: Site) -> None:
    """A changed time-stamp says nothing any more."""
    assert not site.made.credentials.read(forged_time(site.clip)).time_stamped


def test_stripped_says_nothing(site: Site) -> None:
    """Without its manifest a clip has no credentials: no failure either."""
    assert site.made.credentials.read(tiny_clip()).state == "none"
