"""onnxruntime, quiet: one thread, no telemetry."""

import os
from typing import Any


def silence_onnxruntime() -> None:
    """Before the first import: since 1.29 its Linux wheel reports use to its maker unless told not to."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def session_options() -> Any:
    """One thread that does not spin: several faces are encoded by several workers, not by several threads."""
    silence_onnxruntime()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def open_session(model: bytes) -> Any:
    """An onnxruntime.InferenceSession on the CPU; its `run` may be called by several threads."""
    options = session_options()
    import onnxruntime

    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
