"""How large words may be to stay inside their shape, and where they are cut if the smallest size is too large. Pure.

Measured by the widths of Arial with room to spare, since the program that opens the file may know only wider fonts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from stakeholders.reports.cleaning import clean

SPARE = 1.2
BOLD = 1.17
LEADING = 1.22  # height of a line by its size
_WIDTHS = dict(
    zip(
        (chr(sign) for sign in range(32, 127)),
        (
            278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
            556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
            500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
            556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
            278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
        ),
        strict=True,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fitted:
    """Words at a size in points; `cut`: not all of them."""

    words: str
    size: float
    cut: bool = False


def width(words: str, size: float, *, bold: bool = False) -> float:
    """Points that `words` take on one line."""
    total = sum(_WIDTHS.get(sign) or _other(sign) for sign in words)
    return total * size / 1000 * SPARE * (BOLD if bold else 1)


def _other(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    if ord(sign) >= 0x1F000:
        return 1400
    if unicodedata.east_asian_width(sign) in "WF" or ord(sign) >= 0x10000 or sign in "﷽⸻⸺":
        return 1000 if sign not in "﷽⸻⸺" else 8000
    return 620 if sign.islower() else 780


def lines(words: str, size: float, room: float, *, bold: bool = False) -> int:
    """How many lines `words` take in `room` points, long words broken."""
    count = 0
    for paragraph in words.split("\n"):
        count += 1
        used = 0.0
        for word in paragraph.split(" "):
            long = width(word, size, bold=bold)
            space = width(" ", size, bold=bold) if used else 0.0
            if used + space + long <= room:
                used += space + long
                continue
            count += 1 if used else 0
            while long > room:
                count += 1
                long -= room * 0.95  # a line ends before the sign that no longer fits
            used = long
    return count


def fit(words: str, room: float, height: float, sizes: Sequence[float], *, bold: bool = False) -> Fitted:
    """`words` at the largest of `sizes` that keeps them within `room` × `height` points, else cut at the smallest."""
    said = clean(words).strip()
    for size in sizes:
        if lines(said, size, room, bold=bold) * size * LEADING <= height:
            return Fitted(said, size)
    smallest = sizes[-1]
    most = max(int(height / (smallest * LEADING)), 1)
    return Fitted(trimmed(said, smallest, room, most, bold=bold), smallest, cut=True)


def trimmed(words: str, size: float, room: float, most: int, *, bold: bool = False) -> str:
    """As much of `words` as goes into `most` lines, with an ellipsis if that is not all."""
    if lines(words, size, room, bold=bold) <= most:
        return words
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if lines(words[:middle].rstrip() + "…", size, room, bold=bold) <= most:
            low = middle
        else:
            high = middle - 1
    return words[:low].rstrip() + "…"
