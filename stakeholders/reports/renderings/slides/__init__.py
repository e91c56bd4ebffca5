"""The report as four slides in 16:9, with native tables and charts; what does not fit stands whole in the notes."""

from .deck import render

__all__ = ["render"]
