"""What `python -m bench detector` is made of."""
