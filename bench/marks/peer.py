"""Runs one peer in the interpreter that has it: `python peer.py METHOD FOLDER`, a job a line on stdin.

Needs numpy and the peer, nothing of this project. Jobs: {"do": "start"}, {"do": "mark", "payload": HEX}
(FOLDER/in.npy to FOLDER/out.npy), {"do": "read"} (FOLDER/in.npy); arrays are (T, H, W, 3) uint8 RGB. One JSON
line answers each: {"cpu": seconds}, when reading with the "bits" that most frames say, {"missing": what} or
{"error": why}.
"""

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Protocol

import numpy as np

Frame = Any  # (H, W, 3) uint8 BGR, as OpenCV has it


class Method(Protocol):
    """Marks and reads single frames."""

    def mark(self, frame: Frame, payload: bytes) -> Frame: ...

    def votes(self, frame: Frame) -> Any: ...


class InvisibleWatermark:
    """invisible-watermark; its rivaGan takes 32 bits, the others 64."""

    def __init__(self, method: str) -> None:
        from imwatermark import WatermarkDecoder, WatermarkEncoder

        self._method, self._encoder = method, WatermarkEncoder()
        self._decoder = WatermarkDecoder("bits", 32 if method == "rivaGan" else 64)
        if method == "rivaGan":
            self._encoder.loadModel()
            self._decoder.loadModel()

    def mark(self, frame: Frame, payload: bytes) -> Frame:
        self._encoder.set_watermark("bits", [int(b) for b in np.unpackbits(np.frombuffer(payload, np.uint8))])
        return self._encoder.encode(frame, self._method)

    def votes(self, frame: Frame) -> Any:
        return np.asarray(self._decoder.decode(frame, self._method), float)


class BlindWatermark:
    """blind-watermark, 64 bits."""

    def __init__(self) -> None:
        from blind_watermark import WaterMark, bw_notes

        bw_notes.close()
        self._make = lambda: WaterMark(password_img=1, password_wm=1)

    def mark(self, frame: Frame, payload: bytes) -> Frame:
        tool = self._make()
        tool.read_img(img=frame.astype(np.float32))
        tool.read_wm(np.unpackbits(np.frombuffer(payload, np.uint8)).astype(bool), mode="bit")
        return tool.embed()

    def votes(self, frame: Frame) -> Any:
        return np.asarray(
            self._make().extract(embed_img=frame.astype(np.float32), wm_shape=64, mode="bit"), float
        )


def do(job: dict[str, Any], method: Method, folder: Path) -> dict[str, Any]:
    """One job."""
    if job["do"] == "start":
        return {}
    video = np.load(folder / "in.npy")[..., ::-1]
    started = time.process_time()
    if job["do"] == "mark":
        payload = bytes.fromhex(job["payload"])
        marked = [method.mark(np.ascontiguousarray(frame), payload) for frame in video]
        answer: dict[str, Any] = {"cpu": time.process_time() - started}
        rounded = np.clip(np.round(np.stack(marked)), 0, 255).astype(np.uint8)
        np.save(folder / "out.npy", rounded[..., ::-1])
        return answer
    said = np.mean([method.votes(np.ascontiguousarray(frame)) for frame in video], axis=0)
    return {"cpu": time.process_time() - started, "bits": [int(b) for b in said > 0.5]}


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    method, failed = None, {}
    try:
        with redirect_stdout(sys.stderr):
            method = BlindWatermark() if name == "blind" else InvisibleWatermark(name)
    except ImportError as error:
        failed = {"missing": str(error)}
    for line in sys.stdin:
        answer = failed
        if method is not None:
            try:
                with redirect_stdout(sys.stderr):
                    answer = do(json.loads(line), method, folder)
            except Exception as error:  # whatever a peer raises is its result
                answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
