"""Davis King's face recognition network, read from dlib's own file format and written as ONNX.

The file is dlib's serialisation of `anet_type` (dlib, examples/dnn_face_recognition_ex.cpp): layers in
forward order, each beginning with its name. Integers are packed (low nibble of the first byte: how many bytes
follow, high bit: sign); a tensor is its version, four sizes, and its values as float32, little-endian. Only
convolutions, affine layers and the final matrix hold values; the rest of the graph is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.errors import ModelCorrupt

Floats = NDArray[np.float32]

CHIP = 150  # pixels, input_rgb_image_sized<150>
MEAN = (122.782, 117.001, 104.298)  # of R, G, B; then divided by 256 (dlib, input_rgb_image)
SCALE = 256.0
EMBEDDING = 128
# Blocks of two 3x3 convolutions: (channels, halves the picture), in forward order.
BLOCKS = (
    (32, False), (32, False), (32, False),
    (64, True), (64, False), (64, False), (64, False),
    (128, True), (128, False), (128, False),
    (256, True), (256, False), (256, False),
    (256, True),
)  # fmt: skip
TENSOR_VERSION = 2


@dataclass(frozen=True)
class Convolution:
    """Weights (out, in, k, k) and bias (out,), with the affine layer that followed folded in."""

    weight: Floats
    bias: Floats


class Weights:
    """What the file holds: the first convolution, then two for each block, then the (256, 128) matrix.

    Raises:
        ModelCorrupt: not this network.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        try:
            shapes = list(_shapes())
            self.convolutions = [self._convolution(*shape) for shape in shapes]
            self.matrix = self._tensor(b"\x04fc_2", BLOCKS[-1][0] * EMBEDDING).reshape(-1, EMBEDDING)
        except (IndexError, ValueError) as error:
            raise ModelCorrupt("the dlib file is not the face recognition network: pull it again") from error

    def _convolution(self, channels: int, inputs: int, side: int) -> Convolution:
        values = self._tensor(b"\x05con_4", channels * inputs * side * side + channels)
        weight = values[:-channels].reshape(channels, inputs, side, side)
        gamma, beta = self._tensor(b"\x07affine_", 2 * channels).reshape(2, channels)
        return Convolution(weight * gamma[:, None, None, None], values[-channels:] * gamma + beta)

    def _tensor(self, layer: bytes, size: int) -> Floats:
        """The values of the next layer called `layer`: found behind the values before, so floats cannot
        mimic it.
        """
        self._at = self._data.index(b"\x01" + layer, self._at) + 1 + len(layer)
        if layer == b"\x04fc_2":
            for _ in range(2):  # numbers of outputs and of inputs
                self._integer()
        if self._integer() != TENSOR_VERSION or int(np.prod([self._integer() for _ in range(4)])) != size:
            raise ValueError("another tensor")
        values = np.frombuffer(self._data, "<f4", size, self._at)
        self._at += 4 * size
        return values.astype(np.float32)

    def _integer(self) -> int:
        control = self._data[self._at]
        length = control & 0x0F
        value = int.from_bytes(self._data[self._at + 1 : self._at + 1 + length], "little")
        self._at += 1 + length
        return -value if control & 0x80 else value


def _shapes() -> Iterator[tuple[int, int, int]]:
    """(outputs, inputs, kernel side) of every convolution in forward order."""
    yield 32, 3, 7
    inputs = 32
    for channels, _ in BLOCKS:
        yield channels, inputs, 3
        yield channels, channels, 3
        inputs = channels


def to_onnx(data: bytes) -> bytes:
    """dlib_face_recognition_resnet_model_v1.dat -> ONNX: input `chips` (N, 150, 150, 3) RGB 0..255 float32,
    output `embeddings` (N, 128), not normalised. Raises ModelCorrupt.
    """
    graph = _Graph()
    weights = Weights(data)
    rest = iter(weights.convolutions)
    x = graph.add("Transpose", ["chips"], perm=[0, 3, 1, 2])
    x = graph.add("Sub", [x, graph.constant(np.asarray(MEAN, np.float32).reshape(1, 3, 1, 1))])
    x = graph.add("Div", [x, graph.constant(np.asarray(SCALE, np.float32))])
    x = graph.add("Relu", [graph.convolve(x, next(rest), stride=2, pad=0)])
    x = graph.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    side, inputs = 35, 32
    for channels, halves in BLOCKS:
        x, side = graph.block(x, side, (inputs, channels), halves, (next(rest), next(rest)))
        inputs = channels
    x = graph.add("Flatten", [graph.add("GlobalAveragePool", [x])])
    graph.add("MatMul", [x, graph.constant(weights.matrix)], output="embeddings")
    return graph.serialised()


class _Graph:
    """An ONNX graph under construction."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        name = output or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def convolve(self, x: str, layer: Convolution, *, stride: int, pad: int) -> str:
        constants = [self.constant(layer.weight), self.constant(layer.bias)]
        side = layer.weight.shape[2]
        return self.add(
            "Conv", [x, *constants], kernel_shape=[side, side], strides=[stride, stride], pads=[pad] * 4
        )

    def block(
        self,
        x: str,
        side: int,
        channels: tuple[int, int],
        halves: bool,
        layers: tuple[Convolution, Convolution],
    ) -> tuple[str, int]:
        """One residual block; dlib's add_prev takes missing rows, columns and channels as zero."""
        inputs, outputs = channels
        stride, pad = (2, 0) if halves else (1, 1)
        y = self.add("Relu", [self.convolve(x, layers[0], stride=stride, pad=pad)])
        y = self.convolve(y, layers[1], stride=1, pad=1)
        if not halves:
            return self.add("Relu", [self.add("Add", [y, x])]), side
        main, skip = (side - 3) // 2 + 1, (side - 2) // 2 + 1
        x = self.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
        larger = max(main, skip)
        x = self._padded(x, outputs - inputs, larger - skip)
        y = self._padded(y, 0, larger - main)
        return self.add("Relu", [self.add("Add", [y, x])]), larger

    def _padded(self, x: str, channels: int, pixels: int) -> str:
        if channels == 0 and pixels == 0:
            return x
        pads = self.constant(np.asarray([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64))
        return self.add("Pad", [x, pads])

    def serialised(self) -> bytes:
        from onnx import TensorProto, checker, helper

        graph = helper.make_graph(
            self._nodes,
            "dlib_face_recognition_resnet_model_v1",
            [helper.make_tensor_value_info("chips", TensorProto.FLOAT, ["n", CHIP, CHIP, 3])],
            [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", EMBEDDING])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content
