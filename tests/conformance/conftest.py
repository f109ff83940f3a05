"""The clip that outside verifiers judge."""

from collections.abc import Iterator

import pytest

from tests.conformance.clips import Site, sign, sign_stapled
from tests.time_stamper import OPENSSL, TimeStamper


@pytest.fixture(scope="session")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStamper]:
    if OPENSSL is None:
        pytest.skip("needs the openssl command for a local time-stamper")
    clock = TimeStamper(tmp_path_factory.mktemp("tsa"))
    yield clock
    clock.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, stamper: TimeStamper) -> Iterator[Site]:
    made = sign(tmp_path_factory.mktemp("site"), stamper)
    yield made
    made.made.credentials.close()


@pytest.fixture(scope="session")
def stapled_site(tmp_path_factory: pytest.TempPathFactory, stamper: TimeStamper) -> Site:
    """A clip as an operator with a listed authority's certificate makes it."""
    return sign_stapled(tmp_path_factory.mktemp("stapled"), stamper)
