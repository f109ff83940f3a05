"""PocketSphinx in a process of its own: it holds Python's lock while it listens, and nothing may wait.

Reads one line of JSON and then 16-bit little-endian samples from standard input, up to its end; writes one
line of JSON. Run by `safety.recogniser.listen`, and nothing else is imported here: a start costs 0.1 s.
"""

import json
import sys
from typing import Any


def main() -> None:
    """The line names `grammar` (JSGF) and its `words` with their phones, or no grammar: then any English.

    The answer holds `text`, and `words`: each word with its first and last frame, a hundred a second.
    """
    request = json.loads(sys.stdin.buffer.readline())
    decoder = _with_grammar(request) if request["grammar"] else _any_english()
    decoder.start_utt()
    decoder.process_raw(sys.stdin.buffer.read(), no_search=False, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    words = [(each.word, each.start_frame, each.end_frame) for each in decoder.seg() or ()]
    print(json.dumps({"text": found.hypstr if found else "", "words": words}))


def _any_english() -> Any:
    from pocketsphinx import Config, Decoder, get_model_path

    lm = get_model_path("en-us/en-us.lm.bin")
    return Decoder(Config(**_models(), lm=lm, ds=2, fwdflat=False))


def _with_grammar(request: dict[str, Any]) -> Any:
    from pocketsphinx import Config, Decoder

    decoder = Decoder(Config(**_models(), lm=None, bestpath=False, ds=2, topn=2))
    for word, phones in request["words"]:
        decoder.add_word(word, phones, False)
    decoder.add_jsgf_string("said", request["grammar"])
    decoder.activate_search("said")
    return decoder


def _models() -> dict[str, str]:
    from pocketsphinx import get_model_path

    names = {"hmm": "en-us/en-us", "dict": "en-us/cmudict-en-us.dict"}
    return {name: get_model_path(path) for name, path in names.items()} | {"loglevel": "FATAL"}


if __name__ == "__main__":
    main()
