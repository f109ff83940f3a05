"""What a clip of our own must show before it leaves."""

from safety.detector.checks.demands import Expectations, run_checks
from safety.detector.checks.screening import Screening

__all__ = ["Expectations", "Screening", "run_checks"]
