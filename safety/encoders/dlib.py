"""The default encoder: dlib's CC0 face recognition network, converted by our own code, run by onnxruntime."""

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.errors import FaceNotFound
from perception.face import Face, FaceFinder
from perception.models import model_path, table
from perception.warp import Pyramid, affine_view, checked_pixels
from safety.encoders.alignment import similarity
from safety.encoders.dlib_weights import CHIP, to_onnx
from safety.encoders.encoder import EncodedFace, size_quality, unit
from safety.encoders.sessions import open_session
from safety.encoders.thresholds import Calibration, load_calibration

NAME = "dlib-resnet-v1"
SIZE = 128
MODEL = "dlib_face_recognition_resnet_model_v1"
# Outer and inner corner of the left eye, of the right eye, base of the nose; and where dlib's mean face has
# them (get_face_chip_details for five points), in a chip with a border of a quarter of its inner side. In
# pixels from the corner: this cuts the chip that dlib cuts.
POINTS = (263, 362, 33, 133, 2)
MEAN_FACE = np.asarray(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
PADDING = 0.25


class DlibEncoder:
    """128 numbers from a 150 px chip and its mirror image; equals dlib's own within 1e-6 on the same chip.

    The network is converted at each start (a quarter of a second): no converted file that could be stale or
    changed.

    Raises:
        ModelMissing, ModelCorrupt: a model file is not there or not the pinned one.
    """

    def __init__(self, finder: FaceFinder | None = None) -> None:
        row = next(model for model in table() if model.name == MODEL)
        self.name = NAME
        self.size = SIZE
        self.sha256 = row.sha256
        self.licence = row.licence
        self._finder = finder or FaceFinder()
        self._session = open_session(to_onnx(model_path(MODEL).read_bytes()))

    @cached_property
    def calibration(self) -> Calibration:
        return load_calibration(Path(__file__).parent / "calibration" / f"{NAME}.json", self.sha256)

    def faces(self, pixels: NDArray[np.uint8]) -> list[EncodedFace]:
        return [self.encode(pixels, face) for face in self._finder.find(pixels)]

    def encode(self, pixels: NDArray[np.uint8], face: Face) -> EncodedFace:
        points = face.mesh[list(POINTS), :2]
        try:
            view = chip(checked_pixels(pixels), points)
            both = np.stack([view, view[:, ::-1]]).astype(np.float32)
            embedding = unit(self._session.run(None, {"chips": both})[0].mean(axis=0))
        except ValueError as error:
            raise FaceNotFound("the face has no shape that could be compared: use another picture") from error
        quality = min(face.mesh_score, size_quality(face.eye_distance))
        return EncodedFace(face.box, points, quality, embedding)


def chip(pixels: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(150, 150, 3): the face, upright, with `points` (5, 2) as near to the mean face as a similarity
    allows.
    """
    wanted = (PADDING + MEAN_FACE) / (2 * PADDING + 1) * CHIP
    return affine_view(Pyramid(pixels), similarity(wanted, points.astype(np.float64)), CHIP)
