"""The roadmap: lanes by team on a time axis, the critical chain, and what would change if."""

from .axis import Axis
from .changed import Answered, work_out
from .page import Roadmap, compose

__all__ = ["Answered", "Axis", "Roadmap", "compose", "work_out"]
