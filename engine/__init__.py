"""Portrait and speech in, frames out. Knows nothing of consent, policy or marks."""
