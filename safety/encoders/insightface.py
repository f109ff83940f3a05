"""An ArcFace-family model pack of the operator's, loaded from a folder by InsightFace.

The pack is the operator's: InsightFace's own packs are for non-commercial research only. Nothing is ever
downloaded: the folder has to exist, because FaceAnalysis takes a name it does not find on disk to the
network. Faces come from the pack's detector and are aligned by its key points, as `FaceAnalysis.get` does it,
without scikit-image's deprecated `estimate` (InsightFace issue 2876).
"""

import hashlib
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.detector import OVERLAP, overlap
from perception.errors import FaceNotFound
from perception.face import Face
from perception.warp import checked_pixels
from safety.encoders.alignment import similarity
from safety.encoders.encoder import EncodedFace, size_quality, unit
from safety.encoders.sessions import session_options, silence_onnxruntime
from safety.encoders.thresholds import Calibration, load_calibration
from safety.errors import EncoderUnusable

# Right eye, left eye, nose tip, right and left mouth corner (the sitter's own) in the 112 px chip of ArcFace:
# insightface.utils.face_align.arcface_dst.
ARCFACE_POINTS = np.asarray(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
ARCFACE_SIZE = 112


class InsightFaceEncoder:
    """A pack's detector and recognition network, behind one lock.

    Attributes:
        licence: what InsightFace's own check says about the pack, e.g. `default_non_commercial`.

    Raises:
        EncoderUnusable: no such folder, no usable pack in it, or InsightFace cannot be imported.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder).expanduser()
        if not self._folder.is_dir():
            raise EncoderUnusable(
                "the folder of the InsightFace pack does not exist: nothing is downloaded, put it there"
            )
        self.name = f"insightface:{self._folder.resolve().name}"
        self._lock = threading.Lock()
        self._detector, self._recogniser = _load(self._folder)
        self.sha256 = _sha256(Path(self._recogniser.model_file))
        self.licence = _licence(self._folder)

    @cached_property
    def size(self) -> int:
        """Of what the network makes of an empty chip."""
        side = self._recogniser.input_size[0]
        with self._lock:
            return int(np.asarray(self._recogniser.get_feat(np.zeros((side, side, 3), np.uint8))).size)

    @cached_property
    def calibration(self) -> Calibration:
        return load_calibration(self._folder / "calibration.json", self.sha256)

    def faces(self, pixels: NDArray[np.uint8]) -> list[EncodedFace]:
        picture = np.ascontiguousarray(checked_pixels(pixels)[:, :, ::-1])  # BGR
        with self._lock:
            boxes, points = self._detector.detect(picture, max_num=0, metric="default")
            if points is None:
                raise EncoderUnusable(
                    "the pack's detector gives no key points: use one that does (SCRFD ..._kps)"
                )
            found = [self._encode(picture, box, five) for box, five in zip(boxes, points, strict=True)]
        seen = [face for face in found if face is not None]
        return sorted(seen, key=lambda face: face.box[2] - face.box[0], reverse=True)

    def encode(self, pixels: NDArray[np.uint8], face: Face) -> EncodedFace:
        nearest = max(self.faces(pixels), key=lambda found: overlap(found.box, face.box), default=None)
        if nearest is None or overlap(nearest.box, face.box) < OVERLAP:
            raise FaceNotFound("the face encoder does not see the face: use a picture that shows it plainly")
        return nearest

    def _encode(self, picture: NDArray[np.uint8], box: Any, points: Any) -> EncodedFace | None:
        x0, y0, x1, y1, score = (float(value) for value in box)
        try:
            aligned = chip(picture, points, self._recogniser.input_size[0])
            vector = unit(np.asarray(self._recogniser.get_feat(aligned)).reshape(-1))
        except ValueError:  # points on top of each other, or a vector without direction: nothing to compare
            return None
        quality = min(max(score, 0.0), 1.0, size_quality(float(np.linalg.norm(points[1] - points[0]))))
        return EncodedFace((x0, y0, x1, y1), np.asarray(points, np.float32), quality, vector)


def chip(picture: NDArray[np.uint8], points: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """insightface.utils.face_align.norm_crop: (size, size, 3) in the picture's channel order."""
    import cv2

    # Packs for 128 px have the 112 px face in the middle of a wider chip.
    unit_size, shift = (ARCFACE_SIZE, 0.0) if size % ARCFACE_SIZE == 0 else (128, 8.0)
    ratio = size / unit_size
    matrix = similarity(np.asarray(points, np.float64), ARCFACE_POINTS * ratio + (shift * ratio, 0.0))
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size), borderValue=0), np.uint8)


def _load(folder: Path) -> tuple[Any, Any]:
    silence_onnxruntime()
    try:
        from insightface.app import FaceAnalysis
    except ImportError as error:
        raise EncoderUnusable(
            "InsightFace cannot be imported: OpenCV needs the system libraries libGL and libglib "
            "(Debian: apt-get install libgl1 libglib2.0-0)"
        ) from error
    try:
        analysis = FaceAnalysis(
            name=str(folder),
            allowed_modules=["detection", "recognition"],
            providers=["CPUExecutionProvider"],
            sess_options=session_options(),
        )
        analysis.prepare(ctx_id=-1)
        return analysis.models["detection"], analysis.models["recognition"]
    except Exception as error:  # InsightFace asserts, and raises what its parsers raise
        raise EncoderUnusable(
            "the InsightFace pack cannot be loaded: its folder needs a detector (SCRFD with key points) and "
            "a recognition network (ArcFace) as .onnx files"
        ) from error


def _licence(folder: Path) -> str:
    try:
        from insightface.model_zoo.model_license import inspect_model_package_license

        return str(inspect_model_package_license(folder).status)
    except Exception:  # a note about the pack, not a gate: an unreadable licence is an unknown one
        return "unknown"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
