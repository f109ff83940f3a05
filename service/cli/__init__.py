"""The command line: `sitter`."""
