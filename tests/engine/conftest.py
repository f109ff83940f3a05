"""One drawn sitter for the tests of the engine; a module that wants another has a `still` of its own."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pictured import Pixels, portrait_of

from engine.portrait import Portrait
from engine.state import Controls
from perception.face import Face, FaceFinder, sole_face
from service.demo.characters import draw


@pytest.fixture(scope="module")
def still() -> Pixels:
    """(512, 512, 3) a woman, painted."""
    return draw("mira", 512)


@pytest.fixture(scope="module")
def face(finder: FaceFinder, still: Pixels) -> Face:
    """Hers."""
    return sole_face(finder.find(still), still.shape)


@pytest.fixture(scope="module")
def matte(finder: FaceFinder, still: Pixels) -> NDArray[np.float32]:
    """(512, 512) where she is."""
    return finder.matte(still)


@pytest.fixture(scope="module")
def portrait(finder: FaceFinder, still: Pixels) -> Portrait:
    """The still, taken apart for a frame of 512 pixels."""
    return portrait_of(finder, still, Controls())
