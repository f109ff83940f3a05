"""What speaks for a machine-made face in a video, and whether a clip of ours came out as it should."""

from safety.detector.checks import Expectations
from safety.detector.inspection import inspect, without_pictures
from safety.detector.report import Check, FaceTrack, Finding, Progress, Report, Second

__all__ = [
    "Check",
    "Expectations",
    "FaceTrack",
    "Finding",
    "Progress",
    "Report",
    "Second",
    "inspect",
    "without_pictures",
]
