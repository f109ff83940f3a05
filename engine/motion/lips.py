"""Phones to lips and jaw over time: aims blended by dominance, contacts and silence laid over them."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from engine.motion.curves import Track, bump, ramp, span
from engine.motion.usual import Usual, clock_of, relative_loudness, relative_pitch
from engine.motion.visemes import (
    BILABIAL,
    DIPHTHONGS,
    FIRST_SHARE,
    LABIODENTAL,
    LABIODENTAL_SHAPE,
    OBSTRUENT,
    SHAPES,
    VISEMES,
    Viseme,
)
from engine.prosody import HOP, Prosody
from engine.speech import VOCAL, Phone, Phonemes

FRAME = 0.04  # seconds at 25 fps: what is shorter than a frame does not move the jaw (JALI)
PAUSE = 0.3  # seconds of silence from which on the mouth is shut
_SHORT_SILENCE = 0.12  # seconds: shorter silence leaves the mouth as it is

_FAR = 1.0  # seconds: phones beyond do not reach the lips
_LONG = 0.16  # seconds: a drawn-out sound is reached no later than one of this length
_ONSET, _PROTRUDED_ONSET = 0.12, 0.15  # seconds before the apex (JALI)
_APEX, _HOLD = 0.25, 0.75  # shares of the phone: there by the first, held to the second (JALI)
_DECAY, _PROTRUDED_DECAY = 0.12, 0.15  # seconds after the hold
_SHARPNESS = 1.5  # power on the dominance: aims of phones of 60 ms stay apart
_RELAXED = 0.02  # dominance of the lips' own rest, felt only where no phone has any

_CONTACT = 0.065  # seconds at least that a contact lasts: one frame at 24 fps plus the blur of the spline
_APPROACH, _RELEASE = 0.06, 0.06  # seconds to and from a contact: lips reach 100-200 mm/s
_JAW_IN_CONTACT = 0.3  # share of the jaw's opening kept while the lips are shut: they close over a moving jaw
_PARTING = ("mouthFunnel", "mouthLowerDown", "mouthUpperUp")  # part the lips, whatever the jaw does

_PRE_OPENING, _SHUTTING = 0.15, 0.11  # seconds: opening leads the voice by 100-300 ms (Chandrasekaran 2009)
_BURST, _CLOSED_BELOW = 0.5, 12.0  # seconds around, dB below the loudest of them at which a syllable ends
_JAW_PER_DB, _LIPS_PER_DB, _LIPS_PER_SEMITONE = 0.030, 0.012, 0.015
_JAW_RANGE, _LIPS_RANGE = (0.6, 1.35), (0.8, 1.2)  # JALI's natural style, mumbled to precise


@dataclass(frozen=True)
class Lips:
    """Over the plan's control points.

    Attributes:
        shapes: (T, 9) columns as `SHAPES`, contacts and silence included.
        contact: (T,) 1 where upper and lower lip touch for p b m.
        shut: (T,) 1 where silence holds the mouth shut.
    """

    shapes: Track
    contact: Track
    shut: Track

    @property
    def free(self) -> Track:
        """(T,) how far the lips may part: 0 in contact and in silence."""
        return np.asarray((1.0 - self.contact) * (1.0 - self.shut))


def plan_lips(
    phonemes: Phonemes, times: Track, jaw_gain: float = 1.0, usual: Usual | None = None, early: float = 0.0
) -> Lips:
    """Lips at `times` (T,) seconds.

    Args:
        jaw_gain: scales how wide the jaw opens.
        usual: of this speaker, if not just of what is in `phonemes`.
        early: seconds by which aims are taken ahead of their time; contacts and silence are not.
    """
    near = [p for p in phonemes.phones if p.end > times[0] - _FAR and p.start < times[-1] + _FAR]
    phonemes = replace(phonemes, phones=tuple(near))
    shapes = _blend(phonemes.phones, times + early)
    jaw, lips = strength(phonemes.prosody, times, Usual.of(phonemes.prosody) if usual is None else usual)
    shapes[:, 0] *= jaw * jaw_gain
    shapes[:, 1:] *= lips[:, None]
    shapes *= _syllables(phonemes, times)[:, None]
    teeth = _contacts(phonemes.phones, LABIODENTAL, times)[:, None]
    shapes = shapes * (1.0 - teeth) + LABIODENTAL_SHAPE * teeth
    contact = _contacts(phonemes.phones, BILABIAL, times)
    shut = _shut(phonemes, times)
    shapes[:, 0] *= 1.0 - (1.0 - _JAW_IN_CONTACT) * contact
    for name in _PARTING:
        shapes[:, SHAPES.index(name)] *= 1.0 - contact
    shapes[:, 1:] *= 1.0 - 0.5 * contact[:, None]
    shapes *= 1.0 - shut[:, None]
    return Lips(np.clip(shapes, 0.0, 1.0), contact, shut)


def strength(prosody: Prosody, times: Track, usual: Usual) -> tuple[Track, Track]:
    """Gains (T,) of jaw and lips: louder and higher than this speaker's usual opens wider."""
    decibels, semitones = relative_loudness(prosody, usual), relative_pitch(prosody, usual)
    clock = clock_of(prosody)
    smooth_db = np.interp(times, clock, gaussian_filter1d(decibels, 0.05 / HOP))
    smooth_pitch = np.interp(times, clock, gaussian_filter1d(semitones, 0.08 / HOP))
    jaw = np.clip(1.0 + _JAW_PER_DB * smooth_db, *_JAW_RANGE)
    lips = np.clip(1.0 + _LIPS_PER_DB * smooth_db + _LIPS_PER_SEMITONE * smooth_pitch, *_LIPS_RANGE)
    return jaw, lips


def _syllables(phonemes: Phonemes, times: Track) -> Track:
    """(T,) gain that lets sound without phones open with each burst and close between bursts; 1 elsewhere."""
    gain = np.ones(len(times))
    unworded = [phone for phone in phonemes.phones if phone.symbol == VOCAL]
    if unworded:
        loudness = gaussian_filter1d(phonemes.prosody.loudness.astype(float), 0.03 / HOP)
        below = loudness - maximum_filter1d(loudness, round(_BURST / HOP))
        openness = np.interp(
            times, clock_of(phonemes.prosody), np.clip(1.0 + below / _CLOSED_BELOW, 0.15, 1.0)
        )
        for phone in unworded:
            part = span(times, phone.start - _SHUTTING, phone.end + _SHUTTING)
            worded = 1.0 - bump(
                times[part], phone.start - _SHUTTING, phone.start, phone.end, phone.end + _SHUTTING
            )
            gain[part] *= worded + (1.0 - worded) * openness[part]
    return gain


def _blend(phones: tuple[Phone, ...], times: Track) -> Track:
    """Weighted mean of the aims, weights by dominance (Cohen & Massaro 1993)."""
    total = np.zeros((len(times), len(SHAPES)))
    jaw = np.full(len(times), _RELAXED)
    lips = np.full(len(times), _RELAXED)
    before = -1.0
    for viseme, start, end, short in _aims(phones):
        apex, hold = start + _APEX * min(end - start, _LONG), start + _HOLD * (end - start)
        onset = apex - (_PROTRUDED_ONSET if viseme.protruded else _ONSET)
        if (
            start - before > _SHORT_SILENCE
        ):  # first after a pause: the mouth opens into it, ahead of the voice
            onset = start - _PRE_OPENING
        before = end
        decay = hold + (_PROTRUDED_DECAY if viseme.protruded else _DECAY)
        part = span(times, onset, decay)
        if part.start == part.stop:
            continue
        dominance = bump(times[part], onset, apex, hold, decay) ** _SHARPNESS
        jaw_weight = 0.0 if short else viseme.jaw
        total[part, :1] += jaw_weight * dominance[:, None] * viseme.shape[:1]
        total[part, 1:] += viseme.lips * dominance[:, None] * viseme.shape[1:]
        jaw[part] += jaw_weight * dominance
        lips[part] += viseme.lips * dominance
    total[:, :1] /= jaw[:, None]
    total[:, 1:] /= lips[:, None]
    return total


def _aims(phones: tuple[Phone, ...]) -> list[tuple[Viseme, float, float, bool]]:
    """(aim, start, end, too short for the jaw) of each phone that has one; diphthongs have two."""
    aims = []
    for phone in phones:
        short = phone.symbol in OBSTRUENT and phone.seconds < FRAME
        if phone.symbol in DIPHTHONGS:
            first, second = DIPHTHONGS[phone.symbol]
            middle = phone.start + FIRST_SHARE * phone.seconds
            aims.append((VISEMES[first], phone.start, middle, False))
            aims.append((VISEMES[second], middle, phone.end, False))
        elif phone.symbol in VISEMES:
            aims.append((VISEMES[phone.symbol], phone.start, phone.end, short))
    return aims


def hold(phone: Phone) -> tuple[float, float]:
    """When the lips (or lip and teeth) touch: most of the phone, never shorter than a frame can show."""
    release = 0.88 if phone.symbol in ("M", "F", "V") else 0.75  # p and b burst before they end
    start, end = phone.start + 0.08 * phone.seconds, phone.start + release * phone.seconds
    missing = max(0.0, _CONTACT - (end - start)) / 2
    return start - missing, end + missing


def _contacts(phones: tuple[Phone, ...], symbols: frozenset[str], times: Track) -> Track:
    apart = np.ones(len(times))
    for phone in phones:
        if phone.symbol in symbols:
            start, end = hold(phone)
            part = span(times, start - _APPROACH, end + _RELEASE)
            if part.start == part.stop:
                continue
            apart[part] *= 1.0 - bump(times[part], start - _APPROACH, start, end, end + _RELEASE)
    return 1.0 - apart


def _shut(phonemes: Phonemes, times: Track) -> Track:
    """1 inside silences of `PAUSE` and more, less in shorter ones; only then does opening lead the voice."""
    apart = 1.0 - ramp(times, phonemes.seconds, phonemes.seconds + _SHUTTING)
    begins = phonemes.prosody.first * HOP
    ends = begins + len(phonemes.prosody.speaking) * HOP
    firsts = {round(phone.start / HOP): phone for phone in phonemes.phones}
    for start, end in phonemes.silences():
        depth = float(ramp(np.array([end - start]), _SHORT_SILENCE, PAUSE)[0])
        begun, opened = start - 0.02, end
        opening = end - min(_PRE_OPENING, 0.35 * (end - start))
        follower = firsts.get(round(end / HOP))
        if follower and follower.symbol in BILABIAL:  # p after a pause: open from the contact, not before it
            opening, opened = hold(follower)[1], hold(follower)[1] + _RELEASE
        if start <= begins:
            begun = times[0] - 1.0  # what is known begins in silence: shut from before its first frame
        if end >= ends - HOP / 2:
            opening, opened = times[-1] + 1.0, times[-1] + 2.0  # and ends in it
        part = span(times, begun, opened)
        if part.start == part.stop:
            continue
        apart[part] *= 1.0 - depth * bump(times[part], begun, begun + _SHUTTING, opening, opened)
    return 1.0 - apart
