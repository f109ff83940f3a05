"""The mesh sees on rendered frames what the literature expects of each emotion."""

import pytest

from bench.measures import emotions
from bench.measures.stage import Stage
from engine.prepare import prepare
from engine.state import EMOTIONS, Controls
from engine.still import expression
from perception.face import FaceFinder
from service.demo.characters import draw

Features = dict[str, float]


@pytest.fixture(scope="module")
def shown(finder: FaceFinder) -> dict[str, Features]:
    """How each emotion at full strength changes the face of a drawing, against its neutral face."""
    stage = Stage("mira", draw("mira", 512))
    renderer = prepare(stage.pixels, Controls(), finder)
    states = [expression({}, Controls(emotion=((name, 1.0),))) for name in EMOTIONS]
    seen, still = stage.watcher(map(renderer.render, states)), stage.still.mesh.astype(float)
    faces = [emotions.features(mesh, lids, still) for mesh, lids in zip(seen.mesh, seen.lids, strict=True)]
    neutral = faces[EMOTIONS.index("neutral")]
    return {
        name: {each: face[each] - neutral[each] for each in face}
        for name, face in zip(EMOTIONS, faces, strict=True)
    }


@pytest.mark.parametrize("name", sorted(emotions.EXPECTED))
def test_each_emotion_has_its_signs(shown: dict[str, Features], name: str) -> None:
    """Brows, lids, lips and jaw go the way of the emotion's action units, by more than the mesh wavers."""
    verdict = emotions.judge(name, shown[name])
    assert verdict["as_expected"], verdict


def test_a_neutral_face_has_no_emotions_signs(shown: dict[str, Features]) -> None:
    """The judge finds every sign missing where nothing moved."""
    for name, wanted in emotions.EXPECTED.items():
        assert emotions.judge(name, shown["neutral"])["missing"] == list(wanted)
