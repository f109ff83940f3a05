"""How the networks that ship with Sitter were trained; not part of the installed packages."""
