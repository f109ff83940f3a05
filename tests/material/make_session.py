"""Makes the recording of a consent session's code anew: `python -m tests.material.make_session`.

Needs Debian's `flite` (2.2, with its voice slt).
"""

import numpy as np

from service.demo.make_speech import flite, silence, trimmed, write_flac
from tests.material.make import FOLDER

CODE = ("banana", "window", "pencil", "zebra")
PAUSE = 0.35  # seconds after each word


def main() -> None:
    spoken = [part for word in CODE for part in (trimmed(flite(word, "slt")), silence(PAUSE))]
    write_flac(FOLDER / "session_code.flac", np.concatenate([silence(0.6), *spoken]))


if __name__ == "__main__":
    main()
