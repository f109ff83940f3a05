"""The motion of a face, measured and compared with that of human speakers."""

from safety.detector.motion.observer import MotionObserver

__all__ = ["MotionObserver"]
