"""What a benchmark ran on."""

import os
import platform
from importlib import metadata
from typing import Any

PACKAGES = (
    "sitter",
    "numpy",
    "torch",
    "av",
    "onnxruntime",
    "ai-edge-litert",
    "c2pa-python",
    "cedarpy",
    "grpcio",
)


def describe() -> dict[str, Any]:
    """Processor, system, versions, and the load when it began: times on a busy machine are not comparable."""
    return {
        "processors": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }
