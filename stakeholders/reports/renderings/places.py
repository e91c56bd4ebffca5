"""Where the PDF keeps its unpacked fonts and finds added ones; told once by the app's configuration. Pure."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Places:
    """`cache` may vanish at any time; `added` is a folder of fonts for other scripts, or None."""

    cache: Path
    added: Path | None = None


places = Places(Path(tempfile.gettempdir()) / "plumbline-cache")
