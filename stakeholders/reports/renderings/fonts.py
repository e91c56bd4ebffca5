"""The fonts of the PDF: Inter as the TrueType that typst reads, and what an installation adds for other scripts.

Inter comes with unfold as woff2; it is unpacked once into a folder that all workers share. Whoever is first renames a
finished folder into place, so that nobody reads half a font. Typst's own fonts cover Greek, Cyrillic, Hebrew and
Arabic; for others, `PLUMBLINE_FONTS` names a folder of .ttf or .otf files. System fonts are never looked for: the same
document is to be the same bytes everywhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import typst
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from .places import places

FAMILY = "Inter"
WEIGHTS = ("Regular", "Medium", "SemiBold")


@dataclass(frozen=True, slots=True)
class Loaded:
    """`families` in the order in which a glyph is looked for; `covered` are the code points known to have one."""

    fonts: typst.Fonts
    families: tuple[str, ...]
    covered: frozenset[int]


@cache
def loaded() -> Loaded:
    """Read once for each process."""
    inter = _inter()
    folders, families, covered = [str(inter)], [FAMILY], _covered(inter)
    if places.added is not None:
        for name, points in _added(places.added):
            families += [name] if name not in families else []
            covered |= points
        folders.append(str(places.added))
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[*folders])
    known = set(fonts.families())
    return Loaded(fonts, (*(name for name in families if name in known), "DejaVu Sans Mono"), frozenset(covered))


def _inter() -> Path:
    try:
        places.cache.mkdir(parents=True, exist_ok=True)
        return unpacked(places.cache)
    except OSError:  # nowhere to keep it: unpack it for this process alone
        return unpacked(Path(tempfile.mkdtemp(prefix="plumbline-fonts-")))


def unpacked(folder: Path) -> Path:
    """A folder below `folder` with Inter as TrueType; made if it is not there. Raises OSError if it cannot be kept."""
    sources = [resources.files("unfold") / "static/unfold/fonts/inter" / f"{FAMILY}-{name}.woff2" for name in WEIGHTS]
    packed = [source.read_bytes() for source in sources]
    made = folder / f"inter-{hashlib.sha256(b''.join(packed)).hexdigest()[:16]}"
    if made.is_dir():
        return made
    making = Path(tempfile.mkdtemp(prefix=".inter-", dir=folder))
    try:
        for name, source in zip(WEIGHTS, sources, strict=True):
            with resources.as_file(source) as path, TTFont(path, recalcTimestamp=False, recalcBBoxes=False) as font:
                font.flavor = None
                font.save(making / f"{FAMILY}-{name}.ttf")
        making.chmod(0o755)
        try:
            os.rename(making, made)
        except OSError:
            if not made.is_dir():  # else another worker was first, with the same bytes
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return made


def _covered(folder: Path) -> set[int]:
    with TTFont(folder / f"{FAMILY}-{WEIGHTS[0]}.ttf", lazy=True) as font:
        return set(font.getBestCmap())


def _added(folder: Path) -> list[tuple[str, set[int]]]:
    """Family and code points of every font in a folder; what cannot be read is no font."""
    found = []
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() not in (".ttf", ".otf", ".ttc", ".otc"):
            continue
        try:
            fonts = (
                TTCollection(path, lazy=True).fonts
                if path.suffix.lower() in (".ttc", ".otc")
                else [TTFont(path, lazy=True)]
            )
            for font in fonts:
                name = font["name"].getBestFamilyName()
                if name and font.getBestCmap():
                    found.append((name, set(font.getBestCmap())))
        except (OSError, TTLibError, KeyError):
            continue
    return found
