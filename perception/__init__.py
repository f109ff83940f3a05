"""How Sitter sees and hears: untrusted media into arrays, faces into meshes, and the model files for it.

The lowest layer: `engine` and `safety` both stand on it and never on each other.
"""
