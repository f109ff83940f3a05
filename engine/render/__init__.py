"""State in, frame out: the warp, the mouth's interior, lids and irises, and putting them together."""

from engine.render.renderer import Renderer

__all__ = ["Renderer"]
