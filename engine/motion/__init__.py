"""Speech to motion: blendshapes, head pose, gaze and blinks as one smooth function of time."""

from engine.motion.plan import Motion, plan_from_phonemes, plan_motion

__all__ = ["Motion", "plan_from_phonemes", "plan_motion"]
