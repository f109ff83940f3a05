"""The clip that outside verifiers judge."""

from collections.abc import Iterator

import pytest

from tests.conformance.clips import Site, sign
from tests.time_stamper import OPENSSL, TimeStamper


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if OPENSSL is None:
        pytest.skip("needs the openssl command for a local time-stamper")
    stamper = TimeStamper(tmp_path_factory.mktemp("tsa"))
    made = sign(tmp_path_factory.mktemp("site"), stamper)
    yield made
    made.made.credentials.close()
    stamper.close()
