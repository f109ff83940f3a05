"""From what synthesisers call their sounds to the network's classes."""

from engine.hearing.classes import SILENCE

# Diphthongs are their two halves; the time at which one passes into the other as in engine/motion/visemes.py.
HALVES = {"ey": ("eh", "iy"), "ay": ("aa", "ih"), "oy": ("ao", "iy"), "aw": ("aa", "uw"), "ow": ("ao", "uw")}
FIRST_SHARE = 0.55

# CMU's radio phone set (flite, festival's English voices).
RADIO = {
    "p": "P", "b": "P", "m": "P", "f": "F", "v": "F", "th": "TH", "dh": "TH",
    "t": "T", "d": "T", "n": "T", "nx": "T", "dx": "T", "en": "T", "em": "P", "el": "L",
    "s": "S", "z": "S", "sh": "SH", "zh": "SH", "ch": "SH", "jh": "SH", "l": "L", "k": "K", "g": "K", "ng":
    "K",
    "hh": "HH", "hv": "HH", "r": "R", "er": "ER", "axr": "ER", "w": "W", "y": "Y",
    "aa": "AA", "ae": "AE", "ah": "AH", "ax": "AH", "eh": "EH", "ih": "IH", "ix": "IH", "iy": "IY",
    "ao": "AO", "uh": "UH", "uw": "UW", "pau": SILENCE, "h#": SILENCE, "brth": SILENCE, "sil": SILENCE,
}  # fmt: skip

# The phone sets of festival's other languages, in letters of their own; `LENGTH` marks are taken off first.
_PLAIN = {name.lower(): name for name in ("P", "F", "T", "S", "L", "K", "R", "W")} | {
    "b": "P", "m": "P", "v": "F", "d": "T", "n": "T", "r": "T", "z": "S", "g": "K", "ng": "K", "N": "K",
    "x": "K",
    "h": "HH", "j": "Y", "a": "AA", "e": "EH", "E": "EH", "i": "IY", "o": "AO", "O": "AO", "u": "UW", "ax":
    "AH",
    "pau": SILENCE, "#": SILENCE, "##": SILENCE, "_": SILENCE, "S": "SH", "Z": "SH", "sh": "SH", "zh": "SH",
}  # fmt: skip
CZECH = _PLAIN | {
    "c": "S", "dz": "S", "ch": "K", "s~": "SH", "z~": "SH", "c~": "SH", "r~": "SH", "r~*": "SH", "d~": "Y",
    "t~": "Y",
    "n~": "Y", "dz~": "SH",
}  # fmt: skip
FINNISH = _PLAIN | {
    "@": "AE",
    "y": "UW",
    "o~": "UH",
    "T": "TH",
    "D": "TH",
    "|": "UH",
    "q": "UH",
    "A": "AE",
    "O": "UH",
}
ROMANCE = _PLAIN | {
    "dZ": "SH",
    "tS": "SH",
    "dz": "S",
    "ts": "S",
    "rr": "T",
    "J": "Y",
    "L": "Y",
    "B": "P",
    "D": "TH",
    "G": "K",
}
RUSSIAN = _PLAIN | {
    "c": "S", "ch": "SH", "sch": "SH", "h": "K", "y": "IH", "yy": "IH", "ae": "AH", "ay": "IH", "ur": "UW",
    "ii": "IY",
    "aa": "AA", "ee": "EH", "oo": "AO", "uu": "UW", "ll": "L", "hh": "K",
} | {2 * letter: _PLAIN[letter] for letter in "pbmfvtdnrszkg"}  # fmt: skip
INDIC = _PLAIN | {
    "a": "AH", "aa": "AA", "ih": "IH", "iy": "IY", "uh": "UH", "uw": "UW", "eh": "EH", "ee": "EH", "oh":
    "AO", "oo": "AO",
    "ay": "AE", "aw": "AO", "bh": "P", "ph": "P", "th": "T", "tth": "T", "dh": "T", "ddh": "T", "T": "T",
    "D": "T", "N": "T",
    "L": "L", "ch": "SH", "j": "SH", "jh": "SH", "kh": "K", "gh": "K", "y": "Y", "nj": "Y", "ny": "Y", "rx":
    "R",
}  # fmt: skip

# The letters of the International Phonetic Alphabet (2020 chart).
IPA = {
    "P": "pbmɓβʙ", "F": "fvʋⱱɸɱ", "TH": "θð", "T": "tdnɾrɗʈɖɳɽ", "S": "sz", "SH": "ʃʒɕʑʂʐ", "L": "lɬɮɭʎʟɫ",
    "K": "kgɡŋxɣqɢɠʛχʁʀɴħʕʡ", "HH": "hɦ", "R": "ɹɻ", "ER": "ɜɝɚœɞ", "W": "wʍɥ", "Y": "jçɲcɟʝ",
    "AA": "aɑäɶ", "AE": "æ", "AH": "əʌɐɤɘɯ", "EH": "eɛ", "IH": "ɪɨ", "IY": "i", "AO": "oɔɒɵ", "UH": "ʊʏø",
    "UW": "uyʉ",
}  # fmt: skip
_BY_LETTER = {letter: name for name, letters in IPA.items() for letter in letters}


def from_ipa(symbol: str) -> tuple[str, ...] | None:
    """The classes of one sound in IPA, one or two; None when no letter of it is known (a tone, a glottal
    stop).

    Affricates are what they end in; lengths, tones, stress and diacritics change no class.
    """
    found = [_BY_LETTER[letter] for letter in symbol if letter in _BY_LETTER]
    if not found:
        return None
    if found[0] == "T" and len(found) > 1 and found[1] in ("S", "SH"):
        found = found[1:]
    merged = [name for i, name in enumerate(found) if i == 0 or name != found[i - 1]]
    return tuple(merged[:2])


def from_phone(symbol: str, table: dict[str, str]) -> tuple[str, ...] | None:
    """The classes of one sound of a synthesiser's own set; None when the table has no such sound."""
    if table is RADIO:
        plain = symbol.strip("_")
        if plain in HALVES:
            return tuple(table[half] for half in HALVES[plain])
    else:
        plain = symbol.rstrip(":1'")
    name = table.get(plain)
    return None if name is None else (name,)
