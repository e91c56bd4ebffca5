"""Small pictures drawn by the server, coloured by the style sheet: icons, statuses, sparklines, bars."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .icons import ICONS, SHAPES
from .words import MISSING, Value, count, duration

STATUS_WORDS = {
    "ok": "On track",
    "risk": "At risk",
    "late": "Likely late",
    "delivered": "Delivered",
    "none": "No data",
    "stale": "Stale",
    "busy": "Reading",
    "open": "Open",
}


def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """An outline in the colour of the text; without a label it is decoration."""
    return format_html(
        '<svg class="icon icon-{}" viewBox="0 0 20 20" width="{}" height="{}"{} focusable="false">{}</svg>',
        name,
        size,
        size,
        _named(label),
        SafeString(ICONS[name]),
    )


def _named(label: str) -> SafeString:
    return format_html(' role="img" aria-label="{}"', label) if label else SafeString(' aria-hidden="true"')


def status(state: str | None, word: str = "", hidden: bool = False) -> SafeString:
    """A status as shape and word. `hidden` leaves the word to screen readers alone (only in the tree)."""
    known = state if state in SHAPES else "none"
    return format_html(
        '<span class="status is-{}"><svg class="shape" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" '
        'focusable="false">{}</svg><span class="{}">{}</span></span>',
        known,
        SafeString(SHAPES[known]),
        "sr-only" if hidden else "status-word",
        word or STATUS_WORDS[known],
    )


def _plain(value: Value | None) -> float | None:
    if value is None:
        return None
    number = value.total_seconds() if isinstance(value, timedelta) else float(value)
    return number if math.isfinite(number) else None


def _scale(
    values: Sequence[float | None], low: Value | None, high: Value | None, target: float | None
) -> tuple[float, float]:
    shown = [value for value in (*values, target) if value is not None]
    bottom, top = _plain(low), _plain(high)
    bottom = min(shown, default=0.0) if bottom is None else bottom
    top = max(shown, default=1.0) if top is None else top
    if top <= bottom:  # a flat line runs through the middle
        return bottom - 1, bottom + 1
    return bottom, top


def spark(
    values: Iterable[Value | None] | None,
    tone: str = "",
    label: str = "",
    width: int = 92,
    height: int = 24,
    low: Value | None = None,
    high: Value | None = None,
    target: Value | None = None,
    axis: bool = False,
) -> SafeString:
    """A line of the past weeks without an axis. None is a gap in the line, never 0; the last week is a dot.

    Give `low` and `high` to let several lines share a scale; `target` is dotted; `axis` draws the ground line.
    """
    numbers = [_plain(value) for value in values or ()]
    goal = _plain(target)
    if not any(number is not None for number in numbers):
        return format_html('<span class="spark-none">{}</span>', MISSING)
    bottom, top = _scale(numbers, low, high, goal)
    pad = 4.0
    step = (width - 2 * pad) / max(len(numbers) - 1, 1)

    def y(number: float) -> float:
        return round(height - pad - (min(max(number, bottom), top) - bottom) / (top - bottom) * (height - 2 * pad), 1)

    dots = [
        None if number is None else (round(pad + index * step, 1), y(number)) for index, number in enumerate(numbers)
    ]
    drawn = [*_ground(width, height, axis), *_goal(width, None if goal is None else y(goal)), *_runs(dots)]
    if dots[-1] is not None:
        drawn.append(format_html('<circle class="spark-end" cx="{}" cy="{}" r="2.5"/>', *dots[-1]))
    return format_html(
        '<svg class="spark{}" viewBox="0 0 {} {}" width="{}" height="{}"{} focusable="false">{}</svg>',
        f" tone-{tone}" if tone in ("ok", "risk", "late") else "",
        width,
        height,
        width,
        height,
        _named(label),
        format_html_join("", "{}", ((part,) for part in drawn)),
    )


def _ground(width: int, height: int, axis: bool) -> list[SafeString]:
    y = height - 0.5
    return [format_html('<path class="spark-axis" d="M0 {}H{}"/>', y, width)] if axis else []


def _goal(width: int, y: float | None) -> list[SafeString]:
    return [] if y is None else [format_html('<path class="spark-target" d="M0 {}H{}"/>', y, width)]


def _runs(dots: Sequence[tuple[float, float] | None]) -> list[SafeString]:
    """One line for each stretch without a gap; a week alone between two gaps is a point."""
    runs: list[list[tuple[float, float]]] = [[]]
    for dot in dots:
        if dot is None:
            runs.append([])
        else:
            runs[-1].append(dot)
    lines = []
    for run in filter(None, runs):
        if len(run) == 1:
            if run[0] != dots[-1]:
                lines.append(format_html('<circle class="spark-point" cx="{}" cy="{}" r="1.2"/>', *run[0]))
            continue
        path = "M" + "L".join(f"{x} {y}" for x, y in run)
        lines.append(format_html('<path class="spark-line" d="{}"/>', path))
    return lines


def band(level: int | None, label: str = "") -> SafeString:
    """Four rising bars, filled up to `level` (1 to 4); none filled without a level."""
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="3" height="{}" rx=".5"/>',
        (
            ("on" if step <= (level or 0) else "off", (step - 1) * 4, 11 - (2 + step * 2), 2 + step * 2)
            for step in range(1, 5)
        ),
    )
    return format_html(
        '<svg class="band" viewBox="0 0 15 11" width="15" height="11"{} focusable="false">{}</svg>', _named(label), bars
    )


def _part(stage: Any, name: str) -> Any:
    return stage.get(name) if isinstance(stage, Mapping) else getattr(stage, name, None)


def stages(
    parts: Iterable[Any] | None, scale: Value | None = None, words: bool = False, height: int = 10
) -> SafeString:
    """Parts of a whole side by side: each has `value`, `tone` (1 to 3, risk, late), `label`; `text` shows with `words`.

    `scale` is the longest bar's sum, so that rows can be compared.
    """
    sized = [(part, _plain(_part(part, "value")) or 0.0) for part in parts or ()]
    whole = _plain(scale) or sum(size for _, size in sized)
    if not whole:
        return format_html('<span class="spark-none">{}</span>', MISSING)
    drawn, left = [], 0.0
    for part, size in sized:
        share = size / whole * 100
        if share <= 0:
            continue
        drawn.append(
            format_html(
                '<svg x="{}%" width="{}%" height="{}" class="stage tone-{}"><title>{}</title>'
                '<rect width="100%" height="100%" rx="1.5"/>{}</svg>',
                round(left, 2),
                round(max(share - 0.3, 0.3), 2),
                height,
                _part(part, "tone") or "1",
                _stage_title(part),
                _stage_text(part, share, height) if words else "",
            )
        )
        left += share
    return format_html(
        '<svg class="stages" width="100%" height="{}" role="img" aria-label="{}" focusable="false">{}</svg>',
        height,
        ", ".join(_stage_title(part) for part, size in sized if size) or MISSING,
        format_html_join("", "{}", ((part,) for part in drawn)),
    )


def _stage_title(part: Any) -> str:
    value = _part(part, "value")
    text = _part(part, "text") or (duration(value) if isinstance(value, timedelta) else count(value))
    return f"{_part(part, 'label') or ''} {text}".strip()


def _stage_text(part: Any, share: float, height: int) -> SafeString:
    text = str(_part(part, "text") or "")
    if not text or share < 2.2 * len(text):  # it would not fit
        return SafeString("")
    return format_html(
        '<text x="50%" y="{}" text-anchor="middle" dominant-baseline="central">{}</text>', height / 2, text
    )


def reads(states: Iterable[Any] | None, label: str = "") -> SafeString:
    """One small mark a day for how a source was read: ok, part (short), none (hollow), late (a diamond)."""
    marks = []
    for index, state in enumerate(states or ()):
        x, word = index * 11, str(state)
        if word == "late":
            marks.append(format_html('<path class="late" d="M{} 2l4.5 4.5-4.5 4.5-4.5-4.5z"/>', x + 4.5))
        elif word == "part":
            marks.append(format_html('<rect class="risk" x="{}" y="7" width="8" height="6" rx="1.5"/>', x))
        elif word == "ok":
            marks.append(format_html('<rect class="ok" x="{}" y="0" width="8" height="13" rx="1.5"/>', x))
        else:
            marks.append(format_html('<rect class="none" x="{}" y=".5" width="7" height="12" rx="1.5"/>', x + 0.5))
    wide = max(len(marks) * 11 - 3, 1)
    return format_html(
        '<svg class="reads" viewBox="0 0 {} 13" width="{}" height="13"{} focusable="false">{}</svg>',
        wide,
        wide,
        _named(label),
        format_html_join("", "{}", ((mark,) for mark in marks)),
    )
