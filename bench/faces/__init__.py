"""Parts of `python -m bench identity`."""
