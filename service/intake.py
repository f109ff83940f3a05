"""Gate 2: untrusted uploads become arrays; and what follows from them for the later gates."""

from dataclasses import dataclass

from engine.errors import TrackUnusable
from engine.track import Track
from engine.track_csv import read_track
from engine.tracked import track_alone
from perception.audio import Speech, decode_speech
from perception.formats import HEAD_BYTES, sniff
from perception.image import Image, decode_image
from safety.credentials import Source
from safety.detector import Expectations
from service.request import GenerationRequest
from service.workers.job import Draft

LIVELY = 0.25
"""Amplitude of the head from which on it moves the picture in every pause."""


@dataclass(frozen=True)
class Intake:
    """The uploads, decoded.

    Attributes:
        speech: None in a clip without sound.
        track: None where the speech alone moves the face.
        seconds: length of the clip.
    """

    request: GenerationRequest
    portrait: Image
    speech: Speech | None
    track: Track | None
    seconds: float

    @property
    def speech_source(self) -> Source | None:
        """The recording as Content Credentials name it."""
        data = self.request.speech
        return Source(data, sniff(data[:HEAD_BYTES], "audio").media_type) if data else None

    @property
    def track_source(self) -> Source | None:
        """The track as Content Credentials name it."""
        return Source(self.request.track, "text/csv") if self.request.track else None

    def expected(self, draft: Draft) -> Expectations:
        """What the audit must find: lips that follow what moves them; a picture that moves if it should."""
        if self.track is not None and self.request.moved_by_track:
            return Expectations(openings=self.track.openings(draft.frames, draft.fps))
        return Expectations(moves=self.request.controls.amplitude.head >= LIVELY)


def take_in(request: GenerationRequest) -> Intake:
    """Decode what was uploaded: media in a process of their own, a track, which is text, in this one.

    Raises:
        MediaError, SpeechError: portrait or speech cannot be read, or are over a limit.
        TrackUnusable: the track cannot be read, or is too short for the speech.
    """
    portrait = decode_image(request.portrait)
    speech = decode_speech(request.speech) if request.speech or not request.moved_by_track else None
    track = read_track(request.track) if request.track else None
    return Intake(request, portrait, speech, track, _seconds(request, speech, track))


def _seconds(request: GenerationRequest, speech: Speech | None, track: Track | None) -> float:
    if track is not None and request.moved_by_track:
        return track_alone(track, request.controls, speech.seconds if speech else None).seconds
    if speech is None:
        raise TrackUnusable("without speech a track must move the face instead of it")
    return speech.seconds
