"""Recorded payloads of providers, which lie beside the project; tests that need them skip where they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


def samples(name: str) -> Path:
    """The folder of one provider's payloads: beside the project, or beside a folder of work trees of it."""
    for above in (PROJECT.parent, PROJECT.parent.parent):
        if (found := above / "shared" / "samples" / name).is_dir():
            return found
    pytest.skip("the recorded payloads are not here")
