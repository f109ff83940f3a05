"""The sitter's page: a consent session from a link, with nothing but a browser and its camera."""
