"""Everything that moves in a face: numbers of each frame, and the cues that they give."""

from array import array

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from perception.face import Face
from perception.pose import INDICES
from safety.detector import lips as sound
from safety.detector.lips import GRID, Lips
from safety.detector.motion import blinks, body, brows, gaze, geometry, head, mouth
from safety.detector.motion.curves import RATE
from safety.detector.motion.record import REGIONS, Motion, Page
from safety.detector.report import LEAST_SECONDS, Finding
from safety.detector.track import Rows, Track, measure
from safety.detector.view import Box, View

Floats = NDArray[np.float64]

LEAST_SEEN = 0.9
"""Share of frames with the face that motion needs."""
STILL_CHANGE, STILL_SHARE = 1.0, 0.95
"""Levels of 255 in any sixteenth of a face, and share of the frames: breathing alone moves edges by more. An
encoder brings its picture up to date now and then."""
SLOWEST = 0.1
"""Seconds between two frames, median: motion up to 3 Hz needs six frames a second, and lips more."""
_SCALE = 4  # `View.small` is every fourth pixel
_BOX_EVERY = 12  # frames


class MotionObserver:
    """Measures the motion of one face. Keeps 0.5 KiB a frame, no picture but the last one's luma."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._bones, self._gaze, self._moved = array("f"), array("f"), array("f")
        self._changed = array("f")
        self._boxes: dict[str, list[Box]] = {name: [] for name in REGIONS}
        self._body = body.Body()
        self._before: Face | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def see(self, view: View) -> None:
        """As `Observer.see`."""
        face = view.face
        self._rows.add(view.at, np.nan, measure(face, self._before), (np.nan, np.nan, np.nan))
        self._bones.extend([np.nan] * 90 if face is None else face.mesh[INDICES].ravel().tolist())
        self._gaze.extend(gaze.of_face(face))
        self._changed.append(self._body.changed(view.small, face, _SCALE))
        self._moved.append(self._body.moved(view.small, face, _SCALE))
        if face is not None and len(self._rows) % _BOX_EVERY == 1:
            for name, points in REGIONS.items():
                if (box := view.box(points)) is not None:
                    self._boxes[name].append(box)
        self._before = face

    @property
    def still(self) -> bool:
        """Nothing in the face changes, but for what compression does: a picture, not a film of a face."""
        changed = np.array(self._changed)
        known = changed[np.isfinite(changed)]
        return len(known) > 0 and float((known < STILL_CHANGE).mean()) >= STILL_SHARE

    def release(self) -> None:
        """No more will be seen: let go of the last picture and keep the numbers."""
        self._body.release()
        self._before = None

    def findings(self, heard: Speech | None) -> list[Finding]:
        """As `Observer.findings`."""
        return self.page(heard).findings

    def page(self, heard: Speech | None) -> Page:
        """Findings, and notes on what could not be measured."""
        motion = self.motion()
        page = Page(motion)
        track = motion.track
        seen = float(track.seen.mean())
        if track.seconds < LEAST_SECONDS:
            page.skip(f"The face is seen for less than {LEAST_SECONDS:g} seconds: motion cannot be judged.")
        elif seen < LEAST_SEEN:
            page.skip(f"The face is seen in {seen:.0%} of the frames: too few to judge its motion.")
        elif track.step > SLOWEST:
            page.skip("There are fewer than 10 frames a second: motion cannot be judged.")
        else:
            self._judge(page, motion, heard)
        return page

    def _judge(self, page: Page, motion: Motion, heard: Speech | None) -> None:
        track = motion.track
        said = None if heard is None else part(heard, float(track.at[0]), float(track.at[-1]))
        loud = None if said is None or said.silent else _loud(said)
        if track.step <= blinks.SLOWEST:
            blinks.judge(page, motion, blinks.find_blinks(track))
        else:
            page.skip("There are too few frames a second to see every blink.")
        brows.judge(page, motion, loud)
        head.judge(page, motion, loud)
        gaze.judge(page, motion)
        mouth.judge(page, motion, lips_of(track, said))
        geometry.judge(page, motion)
        body.judge(page, motion)

    def track(self) -> Track:
        """The rows, up to the last one in which the face was seen."""
        return self.motion().track

    def motion(self) -> Motion:
        """Everything so far, without what comes after the face was seen last. Raises MediaEmpty."""
        whole = self._rows.track(0.0)
        seen = np.flatnonzero(whole.seen)
        end = int(seen[-1]) + 1 if len(seen) else len(whole.at)
        return Motion(
            track=whole.part(slice(end)),
            bones=np.array(self._bones, np.float64).reshape(-1, 30, 3)[:end],
            gaze=np.array(self._gaze, np.float64).reshape(-1, 4)[:end],
            body=np.array(self._moved, np.float64)[:end],
            boxes={name: self.box(name) for name in REGIONS},
        )

    def box(self, region: str) -> Box:
        """Where one of `REGIONS` was, in the middle of all."""
        boxes = self._boxes[region]
        left, top, right, bottom = np.median(np.array(boxes), axis=0) if boxes else (0.0, 0.0, 1.0, 1.0)
        return float(left), float(top), float(right), float(bottom)


def part(heard: Speech, start: float, end: float) -> Speech:
    """The sound between two times in seconds; silence where it has ended."""
    samples = heard.samples[round(start * heard.rate) : round(end * heard.rate) + heard.rate // GRID]
    return Speech(samples if len(samples) else np.zeros(1, np.float32), heard.rate)


def lips_of(track: Track, said: Speech | None) -> Lips | None:
    """Lips against the sound of the same time, which begins with the track's first frame."""
    return None if said is None else sound.measure(track.at - track.at[0], track.mouth, said)


def _loud(said: Speech) -> Floats:
    """Loudness at `RATE` a second."""
    curve = sound.loudness(said)
    times = np.arange(0, len(curve) / GRID, 1 / RATE)
    return np.asarray(np.interp(times, np.arange(len(curve)) / GRID, curve))
