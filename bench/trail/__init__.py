"""The parts of `python -m bench provenance`."""
