"""What a report could not judge, and why, in plain sentences."""

import numpy as np

from safety.detector.judgement import Judged
from safety.detector.observers import Heard
from safety.detector.report import LEAST_SECONDS
from safety.detector.sampling import BUDGET_SECONDS
from safety.detector.track import Track
from safety.detector.watch import MOST_FACES, Watch

UNCALIBRATED = "The score is not calibrated: it is no probability."
MANY_TRACKS = 4
_MOST_NOTES = 12  # of what could not be measured in faces


def of_recording(heard: Heard, *, calibrated: bool) -> tuple[str, ...]:
    """Of a file that holds sound alone."""
    notes = ["There is no picture: no face was judged.", *heard.notes]
    return tuple(notes if calibrated else [*notes, UNCALIBRATED])


def of_video(
    watch: Watch, track: Track, judged: Judged, heard: Heard, *, calibrated: bool
) -> tuple[str, ...]:
    """Of a video. `track` is of the face that is followed first."""
    notes = [] if calibrated else [UNCALIBRATED]
    if watch.last - watch.first + track.step < LEAST_SECONDS:
        notes.append(f"The video is shorter than {LEAST_SECONDS:g} seconds: motion cannot be judged.")
    notes += _looked(watch, track)
    notes += _faces(watch, judged)
    return (*notes, *heard.notes, *judged.notes[:_MOST_NOTES])


def _looked(watch: Watch, track: Track) -> list[str]:
    notes = []
    if watch.skipped_seconds > 0:
        spans = ", ".join(f"{start:.0f} to {end:.0f}" for start, end in watch.windows)
        notes.append(
            f"The video is longer than {BUDGET_SECONDS:g} seconds: these seconds were looked at: {spans}."
        )
    if watch.thinned:
        notes.append("The video has more frames a second than faces need: some were passed over.")
    if len(watch.shots) > max(1, len(watch.windows)):
        notes.append(f"There are cuts: {len(watch.shots)} shots were judged one by one.")
    steps = np.diff(track.at)
    steps = steps[steps < 1]
    if len(steps) > 2 and steps.max() > 3 * np.median(steps) and not watch.skipped_seconds:
        notes.append(f"Frames do not come evenly: up to {steps.max():.2f} s pass between two.")
    return notes


def _faces(watch: Watch, judged: Judged) -> list[str]:
    if not judged.tracks:
        return ["No face was seen."]
    notes = []
    if watch.crowd > 1:
        notes.append(
            f"Several faces were seen, {watch.crowd} at once: the {MOST_FACES} largest are followed, "
            "and each is judged by itself."
        )
    able = sum(not track.note for track in judged.tracks)
    if able >= MANY_TRACKS:
        notes.append(
            f"{able} tracks of faces were judged and the most suspicious one counts: the more there are, the"
            " likelier one is suspected by chance."
        )
    unable = [track for track in judged.tracks if track.note]
    if len(unable) == len(judged.tracks):
        notes += list(dict.fromkeys(track.note for track in unable))[:_MOST_NOTES]
    elif unable:
        notes.append(
            f"{len(unable)} of {len(judged.tracks)} tracks of faces were too short, too small or too broken."
        )
    return notes
