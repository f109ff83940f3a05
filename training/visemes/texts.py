"""Sentences to be spoken: dictionary words, numbers, and made-up words in the letters of many scripts."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

_LATIN = (
    [
        "p",
        "b",
        "m",
        "f",
        "v",
        "t",
        "d",
        "n",
        "k",
        "g",
        "s",
        "z",
        "l",
        "r",
        "h",
        "w",
        "j",
        "sh",
        "ch",
        "th",
        "br",
        "pr",
        "pl",
        "bl",
        "fl",
        "tr",
        "st",
        "sp",
        "sm",
        "mp",
        "nd",
    ],
    ["a", "e", "i", "o", "u", "ai", "ou"],
)
_SCRIPTS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "cyrillic": (["п", "б", "м", "ф", "в", "т", "д", "н", "к", "г", "с", "з", "л", "р", "х", "ш", "ж", "ч",
        "ц", "й", "пр", "бл"], ["а", "е", "и", "о", "у", "ы", "я", "ю"]),
    "greek": (["π", "μπ", "μ", "φ", "β", "τ", "ντ", "ν", "κ", "γ", "σ", "ζ", "λ", "ρ", "χ", "θ", "δ", "ψ",
        "ξ"], ["α", "ε", "ι", "ο", "ου", "υ", "αι", "ει"]),
    "georgian": (list("პბმფვტდნკგსზლრხშჟჩც"), list("აეიოუ")),
    "armenian": (list("պբմֆվտդնկգսզլրհշժչց"), list("աեիոու"[:5])),
    "arabic": (list("بمفتدنكسزلرحشجقخعط"), list("اوي")),
    "devanagari": (list("पबमफवतदनकगसजलरहशचभथध"), ["", "ा", "ि", "ी", "ु", "ू", "े", "ो", "ै", "ौ"]),
    "bengali": (list("পবমফতদনকগসজলরহশচ"), ["", "া", "ি", "ী", "ু", "ে", "ো"]),
    "tamil": (list("பமவதநகசலரயஷஜ"), ["", "ா", "ி", "ீ", "ு", "ே", "ோ"]),
    "telugu": (list("పబమఫవతదనకగసజలరహశచ"), ["", "ా", "ి", "ీ", "ు", "ే", "ో"]),
    "kana": (list("ぱばまふたなかがさざらはしちやわ"), list("あいうえお")),
}  # fmt: skip
_SCRIPT_OF = {
    "ru": "cyrillic", "bg": "cyrillic", "mk": "cyrillic", "sr": "cyrillic", "uk": "cyrillic",
    "be": "cyrillic", "kk": "cyrillic", "ky": "cyrillic", "tt": "cyrillic", "ba": "cyrillic", "el": "greek",
    "ka": "georgian",
    "hy": "armenian", "ar": "arabic", "fa": "arabic", "ur": "arabic", "hi": "devanagari", "mr": "devanagari",
    "ne": "devanagari", "kok": "devanagari", "bn": "bengali", "ta": "tamil", "te": "telugu", "ja": "kana",
}  # fmt: skip


def dictionary() -> list[str]:
    """English words of CMUdict, as pocketsphinx brings it."""
    from pocketsphinx import get_model_path

    lines = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text("utf-8").splitlines()
    return [word for line in lines if (word := line.split()[0]).isalpha() and len(word) > 2]


def english(words: list[str], rng: Random) -> str:
    """A sentence of dictionary words and the short words between them."""
    small = [
        "the",
        "a",
        "of",
        "to",
        "and",
        "my",
        "is",
        "in",
        "we",
        "you",
        "for",
        "it",
        "on",
        "be",
        "but",
        "by",
        "more",
        "me",
        "may",
        "from",
        "about",
        "very",
        "people",
        "before",
    ]
    chosen = [
        rng.choice(words) if rng.random() < 0.6 else rng.choice(small) for _ in range(rng.randint(4, 10))
    ]
    return _punctuated(chosen, rng)


def invented(language: str, rng: Random) -> str:
    """Made-up words in the script of an espeak-ng language, now and then a number in its own words."""
    if language.startswith("ko"):
        parts = [
            "".join(chr(0xAC00 + rng.randrange(11172)) for _ in range(rng.randint(1, 3))) for _ in range(5)
        ]
        return _punctuated(parts, rng)
    consonants, vowels = _SCRIPTS.get(_SCRIPT_OF.get(language.split("-", maxsplit=1)[0], ""), _LATIN)
    if language == "cmn-latn-pinyin":
        return _punctuated([_pinyin(rng) for _ in range(rng.randint(4, 9))], rng)
    words = []
    for _ in range(rng.randint(3, 8)):
        if rng.random() < 0.2:
            words.append(str(rng.randrange(10 ** rng.randint(1, 4))))
            continue
        word = "".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(rng.randint(1, 3)))
        if rng.random() < 0.3:
            word = rng.choice(vowels) + word
        words.append(word + (rng.choice(consonants) if rng.random() < 0.3 else ""))
    return _punctuated(words, rng)


def _pinyin(rng: Random) -> str:
    initial = rng.choice(
        [
            "b",
            "p",
            "m",
            "f",
            "d",
            "t",
            "n",
            "l",
            "g",
            "k",
            "h",
            "j",
            "q",
            "x",
            "zh",
            "ch",
            "sh",
            "r",
            "z",
            "c",
            "s",
        ]
    )
    final = rng.choice(
        ["i", "in", "ing"]
        if initial in ("j", "q", "x")
        else ["a", "ai", "an", "ang", "ao", "e", "en", "eng", "ou", "u"]
    )
    return initial + final + str(rng.randint(1, 4))


def _punctuated(words: list[str], rng: Random) -> str:
    for i in range(len(words) - 1):
        if rng.random() < 0.12:
            words[i] += ","
    return " ".join(words) + rng.choice("..?!")
