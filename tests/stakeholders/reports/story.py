"""Fact bases for the tests of reports: the story of the pictures, nothing at all, far too much, and hostile words."""

from __future__ import annotations

from .extremes import HOSTILE, empty, hostile, large
from .meridian import AS_OF, MONDAY, ZONE, story
from .promised import THOUSAND

__all__ = ["AS_OF", "HOSTILE", "MONDAY", "THOUSAND", "ZONE", "empty", "hostile", "large", "story"]
