"""What is learnt once from the still: mesh, depth, matte, background, mouth and eyes."""

from engine.portrait.build import Portrait, build_portrait

__all__ = ["Portrait", "build_portrait"]
