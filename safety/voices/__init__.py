"""Voices: whether speech is of the sitter's own voice. Speaker encoders, picked by name."""

from safety.errors import EncoderUnusable
from safety.voices.encoder import Partials, VoiceEncoder

__all__ = ["Partials", "VoiceEncoder", "open_voice_encoder"]


def open_voice_encoder(url: str) -> VoiceEncoder:
    """The speaker encoder that `url` names: `ge2e-lstm-v1`.

    Raises:
        EncoderUnusable: no such encoder.
        ModelMissing, ModelCorrupt: its model file is not there or not the pinned one.
    """
    match url:
        case "ge2e-lstm-v1":
            from safety.voices.ge2e import Ge2eEncoder

            return Ge2eEncoder()
    raise EncoderUnusable(f"no speaker encoder is called {url.partition(':')[0]!r}: use ge2e-lstm-v1")
