"""`python -m perception.decoding JOB`: decode what is on standard input, write arrays to standard output.

JOB is a JSON object: `task` ("image", "sound" or "video"), `reader`, `limits` and the task's own fields.
"""

import json
import os
import sys

from perception.decoding.confine import bound, close_the_door


def main() -> None:
    job = json.loads(sys.argv[1])
    bound(job["memory_bytes"], job["cpu_seconds"])
    # Whatever a library prints must not mix with the arrays: they get a descriptor that only we know.
    output = os.dup(1)
    os.dup2(2, 1)
    from perception.decoding.wire import Pipe

    pipe = Pipe(output)
    match job["task"]:
        case "image":
            from perception.decoding.image import decode
        case "sound":
            from perception.decoding.sound import decode
        case _:
            from perception.decoding.video import decode
    close_the_door()
    _run(decode, job, pipe)


def _run(decode, job, pipe) -> None:  # type: ignore[no-untyped-def]
    from perception.errors import SitterError

    try:
        with open(0, "rb", closefd=False) as source:
            decode(source, job, pipe)
        pipe.send("end")
    except BrokenPipeError:
        pass  # the reader has enough
    except SitterError as error:
        pipe.send("error", reason=error.reason, message=str(error), metadata=error.metadata)
    except MemoryError:
        pipe.send("error", reason="MEDIA_TOO_COSTLY", message="", metadata={})
    except Exception as error:  # a decoder's complaint, in whatever class it comes
        pipe.send("error", reason="MEDIA_UNREADABLE", message="", metadata={"cause": type(error).__name__})


main()
