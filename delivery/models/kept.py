"""Rows that are appended and stay, for this app and stakeholders: see `teams.kept`."""

from teams.kept import append_only

__all__ = ["append_only"]
