"""Synthesisers that say when they say what: flite, festival and espeak-ng, all of Debian.

Each `speak_*` gives (N,) float32 samples at 16 kHz and [(class, start, end)] in seconds.
"""

import ctypes
import re
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly

from engine.hearing.classes import SILENCE
from training.visemes.sounds import (
    CZECH,
    FINNISH,
    FIRST_SHARE,
    INDIC,
    RADIO,
    ROMANCE,
    RUSSIAN,
    from_ipa,
    from_phone,
)

RATE = 16_000
Samples = NDArray[np.float32]
Labels = list[tuple[str, float, float]]


def labelled(ends: list[tuple[str, float]], table: dict[str, str]) -> Labels:
    """From (phone, end) in a row; an unknown phone is an error: the tables must be whole."""
    labels: Labels = []
    start = 0.0
    for phone, end in ends:
        names = from_phone(phone, table)
        if names is None:
            raise ValueError(f"no class for {phone!r}")
        labels += spread(names, start, end)
        start = end
    return labels


def spread(names: tuple[str, ...], start: float, end: float) -> Labels:
    """One or two classes over a time."""
    if len(names) == 1:
        return [(names[0], start, end)]
    middle = start + FIRST_SHARE * (end - start)
    return [(names[0], start, middle), (names[1], middle, end)]


def at_rate(samples: NDArray[np.integer], rate: int) -> Samples:
    wave = samples / 32768
    return np.asarray(wave if rate == RATE else resample_poly(wave, RATE, rate), np.float32)


def speak_flite(text: str, voice: str, stretch: float = 1.0, shift: float = 1.0) -> tuple[Samples, Labels]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.wav"
        said = subprocess.run(
            ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "--setf",
             f"f0_shift={shift}", "-psdur", "-t", text, str(target)],
            check=True, timeout=60, capture_output=True, text=True,
        )  # fmt: skip
        rate, samples = wavfile.read(target)
    ends = [(p, float(t)) for p, t in re.findall(r"(\S+):([\d.]+)", said.stdout)]
    return at_rate(samples, rate), labelled(ends, RADIO)


@dataclass(frozen=True)
class Festival:
    """A festival voice: its name, the letters it reads, the encoding of its texts, its phone set."""

    name: str
    language: str
    encoding: str
    table: dict[str, str]


FESTIVAL = (
    Festival("ked_diphone", "en", "latin-1", RADIO),
    Festival("cmu_us_slt_arctic_hts", "en", "latin-1", RADIO),
    Festival("czech_dita", "cs", "iso-8859-2", CZECH),
    Festival("czech_krb", "cs", "iso-8859-2", CZECH),
    Festival("czech_machac", "cs", "iso-8859-2", CZECH),
    Festival("czech_ph", "cs", "iso-8859-2", CZECH),
    Festival("suo_fi_lj_diphone", "fi", "latin-1", FINNISH),
    Festival("hy_fi_mv_diphone", "fi", "latin-1", FINNISH),
    Festival("lp_diphone", "it", "latin-1", ROMANCE),
    Festival("pc_diphone", "it", "latin-1", ROMANCE),
    Festival("upc_ca_ona_hts", "ca", "latin-1", ROMANCE),
    Festival("msu_ru_nsh_clunits", "ru", "utf-8", RUSSIAN),
    Festival("hindi_NSK_diphone", "hi", "utf-8", INDIC),
    Festival("telugu_NSK_diphone", "te", "utf-8", INDIC),
    Festival("marathi_NSK_diphone", "mr", "utf-8", INDIC),
)


def speak_festival(texts: list[str], voice: Festival) -> list[tuple[Samples, Labels]]:
    """Several texts with one start of festival, which takes long; texts that it cannot read are left out."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"(voice_{voice.name})"]
        for i, text in enumerate(texts):
            lines.append(
                f'(set! u (utt.synth (Utterance Text "{text}"))) '
                f'(utt.save.wave u "{folder}/{i}.wav" (quote riff)) (utt.save.segs u "{folder}/{i}.segs")'
            )
        script = Path(folder) / "say.scm"
        script.write_text("\n".join(lines), encoding=voice.encoding, errors="ignore")
        subprocess.run(["festival", "--batch", str(script)], check=False, timeout=900, capture_output=True)
        made = []
        for i in range(len(texts)):
            wave, segments = Path(folder) / f"{i}.wav", Path(folder) / f"{i}.segs"
            if not (wave.exists() and segments.exists()):
                continue
            rate, samples = wavfile.read(wave)
            rows = [line.split() for line in segments.read_text("latin-1").splitlines()]
            ends = [(row[2], float(row[0])) for row in rows if len(row) == 3]
            made.append((at_rate(samples, rate), labelled(ends, voice.table)))
        return made


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    )  # fmt: skip


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_SYNCHRONOUS, _PHONEMES_IPA, _UTF8, _PHONEME_EVENT, _LIST_END = 2, 3, 1, 7, 0
_SPEED, _PITCH, _RANGE = 1, 3, 4


class Espeak:
    """libespeak-ng with phoneme events."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEMES_IPA)
        self._waves: list[NDArray[np.int16]] = []
        self._events: list[tuple[float, str]] = []
        self._callback = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(
        self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]"
    ) -> int:
        if count > 0:
            self._waves.append(np.ctypeslib.as_array(wave, (count,)).copy())
        i = 0
        while events[i].type != _LIST_END:
            if events[i].type == _PHONEME_EVENT:
                name = events[i].id.decode("utf-8", "ignore")
                self._events.append((events[i].audio_position / 1000, name))
            i += 1
        return 0

    def speak(self, text: str, voice: str, speed: int, pitch: int, spread_: int) -> tuple[Samples, Labels]:
        self._waves, self._events = [], []
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for which, value in ((_SPEED, speed), (_PITCH, pitch), (_RANGE, spread_)):
            self._library.espeak_SetParameter(which, value, 0)
        raw = text.encode()
        self._library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _UTF8, None, None)
        wave = np.concatenate(self._waves) if self._waves else np.zeros(1, np.int16)
        samples = at_rate(wave, self._rate)
        return samples, _with_closures(self._labels(len(wave) / self._rate), samples)

    def _labels(self, seconds: float) -> list[tuple[str, str, float, float]]:
        """(sound in IPA, class, start, end)."""
        labels: list[tuple[str, str, float, float]] = []
        starts = [*self._events, (seconds, "")]
        for (start, name), (end, _) in pairwise(starts):
            if end <= start:
                continue
            names = from_ipa(name)
            if names is None and (not name.strip() or name.startswith("_")):
                names = (SILENCE,)
            if names is not None:
                labels += [(name, *part) for part in spread(names, start, end)]
            elif labels:  # a glottal stop or a mark belongs to the sound before it
                labels[-1] = (*labels[-1][:3], end)
        return labels


_STOPS = set("pbtdkgqcʈɖɟɢ")
_LONGEST_CLOSURE = 0.12  # seconds
_CLOSED = 25.0  # dB under the loudest of the sound before


def _with_closures(labels: list[tuple[str, str, float, float]], samples: Samples) -> Labels:
    """espeak-ng reports a stop when it bursts: its closure, given to the sound before, is made its own."""
    power = np.convolve(np.square(samples, dtype=np.float64), np.ones(80) / 80, "same")
    level = 10 * np.log10(power[::80] + 1e-9)  # every 5 ms
    fixed: Labels = []
    for name, label, start, end in labels:
        begun = start
        if name[:1] in _STOPS and fixed:
            first = max(fixed[-1][1] + 0.02, start - _LONGEST_CLOSURE)
            before = level[int(fixed[-1][1] / 0.005) : max(int(start / 0.005), 1)]
            at = int(start / 0.005) - 1
            while len(before) and at * 0.005 > first and level[at] < before.max() - _CLOSED:
                at -= 1
            begun = min(start, (at + 1) * 0.005)
            if begun < start - 0.01:
                fixed[-1] = (fixed[-1][0], fixed[-1][1], begun)
            else:
                begun = start
        fixed.append((label, begun, end))
    return fixed
