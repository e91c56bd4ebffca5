"""Commitments and dependencies out of files: read, judged row by row, and only then written. See docs/imports.md."""
