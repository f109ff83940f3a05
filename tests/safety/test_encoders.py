"""Face encoders: the default one equals dlib, and calibration files cannot say what is unsafe."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from perception.errors import FaceNotFound, MediaUnsupported, ModelCorrupt, ModelMissing
from perception.face import Face, FaceFinder
from perception.models import model_path
from safety.encoders import open_encoder
from safety.encoders.alignment import similarity
from safety.encoders.dlib import MODEL, DlibEncoder, chip
from safety.encoders.dlib_weights import Weights, to_onnx
from safety.encoders.sessions import open_session
from safety.encoders.thresholds import Calibration, load_calibration
from safety.errors import EncoderUnusable

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "dlib_resnet_v1.json").read_text())
CALIBRATION = (
    Path(sys.modules[DlibEncoder.__module__].__file__ or "").parent / "calibration/dlib-resnet-v1.json"
)

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def encoder(finder: FaceFinder) -> DlibEncoder:
    found = open_encoder("dlib-resnet-v1", finder)
    assert isinstance(found, DlibEncoder)
    return found


@pytest.fixture(scope="module")
def astronaut() -> Pixels:
    pixels: Pixels = data.astronaut()
    return pixels


def _chips() -> dict[str, Pixels]:
    """The chips that tests/vectors/dlib_resnet_v1.json describes."""
    y, x = np.mgrid[:150, :150]
    rings = [((x - 75) ** 2 + (y - 75) ** 2) // d % 256 for d in (40, 30, 20)]
    ramp = [x * 255 // 149, y * 255 // 149, (x + y) * 255 // 298]
    return {
        "ramp": np.stack(ramp, axis=-1).astype(np.uint8),
        "rings": np.stack(rings, axis=-1).astype(np.uint8),
        "grey": np.full((150, 150, 3), 127, np.uint8),
    }


def test_the_converted_network_equals_dlib() -> None:
    """On the same chips our network gives what dlib itself gave, within 1e-5."""
    session = open_session(to_onnx(model_path(MODEL).read_bytes()))
    for name, pixels in _chips().items():
        ours = session.run(None, {"chips": pixels[np.newaxis].astype(np.float32)})[0][0]
        assert np.abs(ours - np.asarray(VECTORS["embeddings"][name])).max() < 1e-5


def test_the_chip_equals_dlibs() -> None:
    """A chip cut around five points has the colours that dlib's own has, within two levels of 255."""
    y, x = np.mgrid[:400, :400]
    picture = np.stack([x * 255 // 399, y * 255 // 399, 0 * x], axis=-1).astype(np.uint8)
    cut = VECTORS["cut"]
    ours = chip(picture, np.asarray(cut["points"], np.float32) + np.float32(0.5)).astype(int)
    grid = np.ix_(cut["rows_and_columns"], cut["rows_and_columns"])
    assert np.abs(ours[grid][..., 0] - cut["red"]).max() <= 2
    assert np.abs(ours[grid][..., 1] - cut["green"]).max() <= 2


def test_conversion_is_repeatable() -> None:
    """The same file gives the same ONNX, byte for byte."""
    content = model_path(MODEL).read_bytes()
    assert to_onnx(content) == to_onnx(content)


@pytest.mark.parametrize("cut", [0, 1, 400, 100_000, -1000])
def test_a_damaged_network_is_corrupt(cut: int) -> None:
    """Cut short at any place, or with another tensor in it, the file is refused."""
    content = model_path(MODEL).read_bytes()
    with pytest.raises(ModelCorrupt):
        to_onnx(content[:cut])
    at = content.index(b"\x05con_4") + 6
    with pytest.raises(ModelCorrupt):
        Weights(content[:at] + b"\x01\x03" + content[at + 2 :])


def test_a_face_is_a_unit_vector(encoder: DlibEncoder, astronaut: Pixels) -> None:
    """The photograph's one face has a place, five points in it, quality 1 and a vector of length 1."""
    (face,) = encoder.faces(astronaut)
    assert face.embedding.shape == (128,)
    assert face.embedding.dtype == np.float32
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
    assert face.landmarks.shape == (5, 2)
    assert face.quality > 0.99
    assert face.box[0] < face.landmarks[:, 0].min() < face.landmarks[:, 0].max() < face.box[2]
    assert "embedding" not in repr(face)


@pytest.mark.parametrize("change", ["mirror", "jpeg", "turned", "darker", "small"])
def test_handled_pictures_stay_the_same_person(encoder: DlibEncoder, astronaut: Pixels, change: str) -> None:
    """Mirrored, re-encoded, turned, darkened or halved, the picture stays far within the accept threshold."""
    changed = {
        "mirror": lambda: astronaut[:, ::-1],
        "jpeg": lambda: astronaut // 16 * 16,
        "turned": lambda: np.asarray(Image.fromarray(astronaut).rotate(12, Image.Resampling.BICUBIC)),
        "darker": lambda: astronaut // 2,
        "small": lambda: np.asarray(Image.fromarray(astronaut).resize((320, 320), Image.Resampling.BOX)),
    }[change]()
    (one,), (other,) = encoder.faces(astronaut), encoder.faces(np.ascontiguousarray(changed))
    assert 1 - float(one.embedding @ other.embedding) < encoder.calibration.threshold("accept", 3) / 2


def test_the_size_is_the_embeddings(encoder: DlibEncoder, astronaut: Pixels) -> None:
    """What the encoder says of its embeddings' length holds."""
    assert encoder.faces(astronaut)[0].embedding.shape == (encoder.size,)


def test_small_faces_have_less_quality(encoder: DlibEncoder, astronaut: Pixels) -> None:
    """Quality falls with the distance of the eyes below 40 pixels."""
    half = np.asarray(Image.fromarray(astronaut).resize((256, 256), Image.Resampling.BOX))
    (face,) = encoder.faces(half)
    assert 0.4 < face.quality < 0.65


def test_two_faces_largest_first(encoder: DlibEncoder, astronaut: Pixels) -> None:
    """Every face is encoded, the larger one first."""
    small = np.asarray(Image.fromarray(astronaut).resize((300, 300), Image.Resampling.BOX))
    canvas = np.zeros((512, 812, 3), np.uint8)
    canvas[:300, :300] = small
    canvas[:, 300:] = astronaut
    first, second = encoder.faces(canvas)
    assert first.box[0] > 300 > second.box[2]
    assert 1 - float(first.embedding @ second.embedding) < 0.02


def test_pictures_without_faces(encoder: DlibEncoder) -> None:
    """No face gives an empty list; what is no picture is refused."""
    assert encoder.faces(np.zeros((1, 1, 3), np.uint8)) == []
    assert encoder.faces(data.coffee()) == []
    with pytest.raises(MediaUnsupported):
        encoder.faces(np.zeros((90, 90, 3), np.float32))  # type: ignore[arg-type]


def test_a_face_without_shape(encoder: DlibEncoder, astronaut: Pixels) -> None:
    """A mesh that is one point, or not finite, cannot be encoded, and says so."""
    flat = Face((0, 0, 1, 1), 1.0, np.full((468, 3), 7, np.float32), 1.0)
    with pytest.raises(FaceNotFound):
        encoder.encode(astronaut, flat)
    nan = Face((0, 0, 1, 1), 1.0, np.full((468, 3), np.nan, np.float32), 1.0)
    with pytest.raises(FaceNotFound):
        encoder.encode(astronaut, nan)


@pytest.mark.parametrize(
    "url", ["", "dlib", "arcface:/models", "insightface", "insightface:", "dlib-resnet-v1:/x"]
)
def test_unknown_encoders(url: str) -> None:
    """Any other name is refused, and the error says which there are."""
    with pytest.raises(EncoderUnusable, match="dlib-resnet-v1 or insightface:FOLDER"):
        open_encoder(url)


def test_without_the_model(finder: FaceFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the model file the encoder does not open, and the error names the command."""
    monkeypatch.setenv("SITTER_MODELS", str(tmp_path))
    with pytest.raises(ModelMissing, match="sitter models pull"):
        open_encoder("dlib-resnet-v1", finder)


def test_onnxruntime_is_told_to_be_quiet(tmp_path: Path) -> None:
    """In a fresh process telemetry is off before onnxruntime is imported, and leaves nothing on the disk."""
    program = (
        "import os, sys\n"
        "from safety.encoders.sessions import session_options\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "session_options()\n"
        "assert 'onnxruntime' in sys.modules\n"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    environment["HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "1"
    assert not list(tmp_path.rglob(".onnxruntime"))


@settings(max_examples=50, deadline=None)
@given(st.floats(-3, 3), st.floats(0.1, 30), st.floats(-500, 500), st.floats(-500, 500))
def test_similarity_finds_the_motion(angle: float, scale: float, x: float, y: float) -> None:
    """Rotation, scale and shift of five points come back exactly."""
    five = np.asarray([(0, 0), (10, 1), (5, 6), (2, 9), (8, 9.5)])
    turn = scale * np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = similarity(five, five @ turn.T + (x, y))
    assert np.allclose(matrix, np.column_stack([turn, (x, y)]), atol=1e-6)


def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(CALIBRATION.read_text())
    return content


def _load(tmp_path: Path, content: object) -> Calibration:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(content))
    return load_calibration(path, _content()["sha256"])


def test_the_default_calibration(encoder: DlibEncoder) -> None:
    """It belongs to the pinned model; more pictures and rarer false matches need a smaller distance."""
    calibration = encoder.calibration
    assert calibration.sha256 == encoder.sha256
    assert calibration.profiles == {"accept": 1e-4, "review": 1e-3, "block": 1e-3}
    accept = [calibration.threshold("accept", pictures) for pictures in (1, 2, 3)]
    assert accept == sorted(accept, reverse=True)
    assert calibration.threshold("accept", 9) == accept[2]
    assert calibration.threshold("block", 3) > accept[2]
    assert calibration.resolved == 1e-5
    assert calibration.margin == 0.01


def _changed(**changes: object) -> dict[str, Any]:
    return _content() | changes


def _looser() -> dict[str, Any]:
    content = _content()
    for row in content["thresholds"].values():
        row["1e-2"] = 0.2
    return content | {"profiles": {"accept": "1e-2", "review": "1e-2", "block": "1e-2"}}


UNSAFE: dict[str, Any] = {
    "another model": _changed(sha256="00" * 32),
    "no row for three pictures": _changed(
        thresholds={k: v for k, v in _content()["thresholds"].items() if k != "3"}
    ),
    "no threshold at the rate": _changed(profiles={"accept": "1e-6", "review": "1e-3", "block": "1e-3"}),
    "accepts one in a hundred": _looser(),
    "block stricter than accept": _changed(profiles={"accept": "1e-4", "review": "1e-3", "block": "1e-5"}),
    "distances that fall": _changed(thresholds={n: {"1e-3": 0.05, "1e-4": 0.06} for n in "123"}),
    "a distance over one": _changed(thresholds={n: {"1e-3": 1.5, "1e-4": 0.06} for n in "123"}),
    "NaN": _changed(thresholds={n: {"1e-3": float("nan"), "1e-4": 0.06} for n in "123"}),
    "no margin": _changed(margin=0),
    "agreement for anybody": _changed(agreement=2),
    "no profiles": _changed(profiles={}),
    "a list": [],
    "text": "x",
}


@pytest.mark.parametrize("name", list(UNSAFE))
def test_unsafe_calibrations_are_refused(tmp_path: Path, name: str) -> None:
    """A calibration that is incomplete, foreign or too loose is never used."""
    with pytest.raises(EncoderUnusable):
        _load(tmp_path, UNSAFE[name])


def test_a_missing_or_broken_calibration(tmp_path: Path) -> None:
    """Without a file the error says to measure; bytes that are no JSON are refused."""
    with pytest.raises(EncoderUnusable, match="measure"):
        load_calibration(tmp_path / "calibration.json", "0" * 64)
    (tmp_path / "calibration.json").write_bytes(b"\xff\xfe")
    with pytest.raises(EncoderUnusable, match="cannot be read"):
        load_calibration(tmp_path / "calibration.json", "0" * 64)
    assert _load(tmp_path, _content()).margin == 0.01
