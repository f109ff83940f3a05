"""An operator's InsightFace pack: loaded from its folder by InsightFace itself, never from the network."""

import hashlib
import json
import socket
import warnings
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from skimage import data

from perception.errors import FaceNotFound, MediaTooLarge, MediaUnsupported
from perception.face import FaceFinder
from safety.encoders import FaceEncoder, open_encoder
from safety.encoders.insightface import chip
from safety.errors import EncoderUnusable
from service.demo.characters import draw

# OpenCV inside InsightFace needs libGL, which a bare machine lacks.
pytest.importorskip("cv2", exc_type=ImportError, reason="OpenCV cannot be imported: libGL is missing")

SIZE = 128  # of the tiny detector: 8, 16 and 32 pixel strides
STRIDES = (8, 16, 32)
POINTS = np.asarray([(-1.0, -1), (1, -1), (0, 0), (-0.8, 1), (0.8, 1)])  # in strides from the anchor

Pixels = NDArray[np.uint8]


def _detector(path: Path) -> None:
    """A graph with SCRFD's nine outputs that always sees one face at the fifth cell of the middle stride."""
    outputs: dict[str, list[NDArray[np.float32]]] = {"score": [], "box": [], "points": []}
    for stride in STRIDES:
        anchors = 2 * (SIZE // stride) ** 2
        score = np.zeros((anchors, 1), np.float32)
        if stride == 16:
            score[2 * (8 * 4 + 4)] = 0.9  # row 4, column 4: the anchor at 64, 64
        outputs["score"].append(score)
        outputs["box"].append(np.full((anchors, 4), 2.0, np.float32))
        outputs["points"].append(np.tile(POINTS.ravel(), (anchors, 1)).astype(np.float32))
    nodes, constants, results = [], [], []
    zero = helper.make_node("ReduceSum", ["input.1"], ["sum"], keepdims=0)
    nodes += [zero, helper.make_node("Mul", ["sum", "nought"], ["nothing"])]
    constants.append(numpy_helper.from_array(np.zeros((), np.float32), "nought"))
    for name, arrays in outputs.items():
        for stride, array in zip(STRIDES, arrays, strict=True):
            constants.append(numpy_helper.from_array(array, f"c_{name}_{stride}"))
            nodes.append(helper.make_node("Add", [f"c_{name}_{stride}", "nothing"], [f"{name}_{stride}"]))
            results.append(
                helper.make_tensor_value_info(f"{name}_{stride}", TensorProto.FLOAT, list(array.shape))
            )
    shape: list[Any] = [1, 3, SIZE, SIZE]
    _save(path, nodes, helper.make_tensor_value_info("input.1", TensorProto.FLOAT, shape), results, constants)


def _recogniser(path: Path) -> None:
    """A graph of ArcFace's shape: 112 pixels in, 64 numbers out, through a fixed random matrix."""
    rng = np.random.default_rng(3)
    nodes = [
        helper.make_node("AveragePool", ["data"], ["small"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["small"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    matrix = numpy_helper.from_array(rng.normal(size=(3 * 8 * 8, 64)).astype(np.float32), "matrix")
    source = helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, 112, 112])
    _save(
        path,
        nodes,
        source,
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 64])],
        [matrix],
    )


def _save(path: Path, nodes: Any, source: Any, results: Any, constants: Any) -> None:
    graph = helper.make_graph(nodes, "tiny", [source], results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of two tiny networks, as an operator would lay it out."""
    folder = tmp_path_factory.mktemp("pack") / "tiny"
    folder.mkdir()
    _detector(folder / "det_tiny.onnx")
    _recogniser(folder / "rec_tiny.onnx")
    return folder


@pytest.fixture(scope="module")
def encoder(pack: Path) -> FaceEncoder:
    return open_encoder(f"insightface:{pack}")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def _picture() -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def test_a_pack_from_a_folder(encoder: FaceEncoder, pack: Path) -> None:
    """Detector and recogniser of the folder give a face: its place, five points, and a unit vector."""
    (face,) = encoder.faces(_picture())
    assert face.box == pytest.approx((32, 32, 96, 96))
    assert np.allclose(face.landmarks, 64 + 16 * POINTS)
    assert face.embedding.shape == (64,)
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
    assert face.quality == pytest.approx(32 / 40)
    assert encoder.name == "insightface:tiny"
    assert encoder.sha256 == hashlib.sha256((pack / "rec_tiny.onnx").read_bytes()).hexdigest()


def test_it_gives_what_insightface_gives(encoder: FaceEncoder, pack: Path) -> None:
    """Box and embedding are those of FaceAnalysis.get on the same pack."""
    from insightface.app import FaceAnalysis

    analysis = FaceAnalysis(
        name=str(pack), allowed_modules=["detection", "recognition"], providers=["CPUExecutionProvider"]
    )
    analysis.prepare(ctx_id=-1)
    pixels = _picture()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # scikit-image, inside InsightFace's norm_crop
        (theirs,) = analysis.get(np.ascontiguousarray(pixels[:, :, ::-1]))
    (ours,) = encoder.faces(pixels)
    assert np.allclose(ours.box, theirs.bbox)
    assert 1 - float(ours.embedding @ theirs.normed_embedding) < 1e-5  # a chip's pixels round either way


@pytest.mark.parametrize("size", [112, 128, 224, 256])
def test_the_chip_of_every_size(size: int) -> None:
    """For 112 and 128 pixel networks and their multiples the chip is InsightFace's own."""
    from insightface.utils import face_align

    points = np.asarray([(50.0, 52), (84, 50), (66, 70), (52, 90), (82, 91)], np.float32)
    picture = _picture()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = face_align.norm_crop(picture, points, image_size=size)
    assert np.abs(chip(picture, points, size).astype(int) - theirs).max() <= 1


def test_the_size_is_the_networks(encoder: FaceEncoder) -> None:
    """The pack's network says how many numbers an embedding has, also before a face was seen."""
    assert encoder.size == 64


def test_the_licence_is_on_record(encoder: FaceEncoder) -> None:
    """A pack without a licence of its own is for non-commercial use, as InsightFace's own check says."""
    assert encoder.licence == "default_non_commercial"


def test_without_a_calibration(encoder: FaceEncoder) -> None:
    """Its faces can be measured, but no decision is made with it before it is calibrated."""
    with pytest.raises(EncoderUnusable, match=r"calibration\.json"):
        _ = encoder.calibration


def test_with_a_calibration(pack: Path) -> None:
    """A calibration.json in the folder, made for this very network, is used."""
    sha256 = hashlib.sha256((pack / "rec_tiny.onnx").read_bytes()).hexdigest()
    row = {"1e-3": 0.6, "1e-4": 0.5}
    content = {
        "sha256": sha256, "source": "random vectors", "thresholds": {"1": row, "2": row, "3": row},
        "profiles": {"accept": "1e-4", "review": "1e-3", "block": "1e-3"}, "margin": 0.05, "agreement": 0.7,
    }  # fmt: skip
    path = pack / "calibration.json"
    try:
        path.write_text(json.dumps(content))
        assert open_encoder(f"insightface:{pack}").calibration.threshold("accept", 3) == 0.5
        path.write_text(json.dumps(content | {"sha256": "0" * 64}))
        with pytest.raises(EncoderUnusable, match="another model"):
            _ = open_encoder(f"insightface:{pack}").calibration
    finally:
        path.unlink()


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["buffalo_l", "antelopev2", "/nowhere/at/all", "~/no/such/pack"])
def test_a_name_never_downloads(name: str) -> None:
    """What is not a folder on this machine is refused without a connection."""
    with pytest.raises(EncoderUnusable, match="does not exist"):
        open_encoder(f"insightface:{name}")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("files", ["nothing", "detector only", "recogniser only", "a web page"])
def test_folders_that_are_no_pack(tmp_path: Path, files: str) -> None:
    """A folder without both networks is refused, and the error says what it needs."""
    if files == "detector only":
        _detector(tmp_path / "det.onnx")
    if files == "recogniser only":
        _recogniser(tmp_path / "rec.onnx")
    if files == "a web page":
        (tmp_path / "det.onnx").write_text("<html>404</html>")
    with pytest.raises(EncoderUnusable, match="detector"):
        open_encoder(f"insightface:{tmp_path}")


def test_encoding_the_face_that_was_found(encoder: FaceEncoder) -> None:
    """A face of our own finder is encoded when the pack's detector sees it too, otherwise it is not found."""
    (face,) = FaceFinder().find(data.astronaut())
    with pytest.raises(FaceNotFound, match="does not see"):
        encoder.encode(_picture(), face)  # the pack sees 32..96, the finder 180..270


def test_arrays_that_are_no_picture(encoder: FaceEncoder) -> None:
    """Floats, grey, nothing and huge pictures are refused before InsightFace sees them."""
    for pixels in (
        np.zeros((9, 9, 3), np.float32),
        np.zeros((9, 9), np.uint8),
        np.zeros((0, 9, 3), np.uint8),
    ):
        with pytest.raises(MediaUnsupported):
            encoder.faces(pixels)  # type: ignore[arg-type]
    with pytest.raises(MediaTooLarge):
        encoder.faces(np.broadcast_to(np.uint8(0), (10_000, 10_000, 3)))
    assert len(encoder.faces(np.zeros((1, 1, 3), np.uint8))) <= 1


PACK = Path(__file__).resolve().parents[3] / "shared" / "models" / "buffalo_like"


@pytest.mark.skipif(not PACK.is_dir(), reason="no InsightFace pack lies beside the checkout")
def test_a_real_pack_tells_people_apart(finder: FaceFinder) -> None:
    """Where a pack is at hand: one face, near to itself mirrored and darkened, far from a drawn character;
    without a calibration it decides on nobody."""
    encoder = open_encoder(f"insightface:{PACK}", finder)
    person = data.astronaut()
    variants = (person, np.ascontiguousarray(person[:, ::-1]), (person * 0.7).astype(np.uint8))
    (first,), (mirrored,), (dark,) = (encoder.faces(each) for each in variants)
    (other,) = encoder.faces(draw("mira", 512))
    near = min(float(first.embedding @ mirrored.embedding), float(first.embedding @ dark.embedding))
    assert np.linalg.norm(first.embedding) == pytest.approx(1, abs=1e-5)
    # 0.61 is this network family's cosine distance at a false match rate of 1e-4
    assert 1 - near < 0.61 < 1 - float(first.embedding @ other.embedding)
    with pytest.raises(EncoderUnusable, match="calibration"):
        encoder.calibration  # noqa: B018 (reading it raises)
