"""How values look: durations, money, dates, changes in words, and the small drawings beside them.

Presentation only: nothing here asks the database or decides anything. What is missing shows as "–", never as 0.
Registered as a template builtin, so a template needs no `{% load ui %}`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .icons import ICONS, SHAPES

register = template.Library()

MISSING = "–"
Number = int | float | Decimal
Value = int | float | Decimal | timedelta

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


# --- numbers ---------------------------------------------------------------------------------------------------------


def _round(value: Number, digits: int = 0) -> Decimal:
    """Half up, as people round."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")


def _trim(value: Number, digits: int) -> str:
    """At most `digits` decimals, with thousands and without a trailing .0."""
    text = f"{_round(value, digits):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _known(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and not math.isfinite(value))


@register.filter
def count(value: Number | None) -> str:
    """1204 → "1,204"."""
    return _trim(value, 1) if value is not None and _known(value) else MISSING


@register.filter
def money(value: Number | None) -> str:
    """Dollars: 640 → "$640", 1900 → "$1.9k", 160000 → "$160k", 1200000 → "$1.2m"."""
    if value is None or not _known(value):
        return MISSING
    sign, amount = ("−" if value < 0 else ""), abs(Decimal(str(value)))
    if _round(amount) < 1000:
        return f"{sign}${_round(amount)}"
    size, letter = next(
        (pair for pair in ((1_000, "k"), (1_000_000, "m")) if _round(amount / pair[0]) < 1000), (1_000_000_000, "bn")
    )
    part = amount / size
    return f"{sign}${_trim(part, 1 if _round(part, 1) < 10 else 0)}{letter}"


@register.filter
def percent(value: Number | None) -> str:
    """A share from 0 to 1 in whole percent; "over 99%" and "under 1%" where rounding would claim certainty."""
    if value is None or not _known(value):
        return MISSING
    whole = int(_round(Decimal(str(value)) * 100))
    if whole == 100 and value < 1:
        return "over 99%"
    if whole == 0 and value > 0:
        return "under 1%"
    return f"{whole}%".replace("-", "−")


# --- durations -------------------------------------------------------------------------------------------------------

_UNITS = {"minute": "min", "hour": "h", "day": "d"}


def _span(value: timedelta) -> tuple[str, str]:
    """How long in the unit that suits it: ("2.7", "hour")."""
    seconds = abs(value.total_seconds())
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86400
    if _round(minutes) < 60:
        return _trim(minutes, 0), "minute"
    if _round(hours) < 72:
        return _trim(hours, 1 if _round(hours, 1) < 10 else 0), "hour"
    return _trim(days, 1 if _round(days, 1) < 10 else 0), "day"


@register.filter
def duration(value: timedelta | None, form: str = "") -> str:
    """As "45 minutes", "2.7 hours", "31 hours", "3 days"; with the form "short": "45 min", "2.7 h", "31 h", "3 d"."""
    if value is None or value == "":
        return MISSING
    sign = "−" if value < timedelta() else ""
    if timedelta() < abs(value) < timedelta(seconds=30):
        return "under 1 min" if form == "short" else "under a minute"
    number, unit = _span(value)
    if form == "short":
        return f"{sign}{number} {_UNITS[unit]}"
    return f"{sign}{number} {unit if number == '1' else unit + 's'}"


# --- days and moments ------------------------------------------------------------------------------------------------


def _local(value: date | datetime) -> date | datetime:
    """A moment in the organisation's zone; a date as it is."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        return value.astimezone(settings.ORGANISATION_ZONE)
    return value


def _today() -> date:
    return timezone.now().astimezone(settings.ORGANISATION_ZONE).date()


def _day_words(value: date | datetime) -> str:
    text = f"{value.day} {value:%b}"
    return text if value.year == _today().year else f"{text} {value.year}"


@register.filter
def day(value: date | datetime | None) -> str:
    """As "8 Jan"; with the year when it is not this one."""
    return _day_words(_local(value)) if value else MISSING


@register.filter
def weekday(value: date | datetime | None) -> str:
    """As "Mon 23 Nov"."""
    if not value:
        return MISSING
    local = _local(value)
    return f"{local:%a} {_day_words(local)}"


@register.filter
def instant(value: datetime | None) -> str:
    """As "Mon 23 Nov, 07:55", in the organisation's zone."""
    if not value:
        return MISSING
    local = _local(value)
    return f"{local:%a} {_day_words(local)}, {local:%H:%M}"


@register.filter
def days(first: date | None, last: date | None) -> str:
    """A range of days, both included: "16–22 Nov", "24 Dec – 4 Jan"."""
    if not first or not last:
        return MISSING
    if (first.year, first.month) == (last.year, last.month):
        return _day_words(first) if first.day == last.day else f"{first.day}–{_day_words(last)}"
    return f"{first.day} {first:%b}{f' {first.year}' if first.year != last.year else ''} – {_day_words(last)}"


@register.filter
def ago(value: datetime | None) -> str:
    """As "4 minutes ago", "just now", "in 2 hours"."""
    if not value:
        return MISSING
    passed = timezone.now() - value
    if abs(passed) < timedelta(seconds=45):
        return "just now"
    whole, unit = _whole_span(abs(passed))
    words = f"{whole} {unit if whole == 1 else unit + 's'}"
    return f"{words} ago" if passed > timedelta() else f"in {words}"


def _whole_span(value: timedelta) -> tuple[int, str]:
    minutes = int(value.total_seconds() // 60) or 1
    if minutes < 60:
        return minutes, "minute"
    return (minutes // 60, "hour") if minutes < 48 * 60 else (minutes // 1440, "day")


@register.filter
def iso(value: date | datetime | None) -> str:
    """For the datetime attribute of <time>."""
    return value.isoformat() if value else ""


# --- changes in words ------------------------------------------------------------------------------------------------


def _choose(value: Value, words: str) -> str:
    more, _, less = words.partition(",")
    rising = value > timedelta() if isinstance(value, timedelta) else value > 0
    return (more if rising else less).strip()


@register.filter
def delta(value: Value | None, words: str = "") -> str:
    """A change with its word, the first for growth: 7 hours → "7 hours slower", -6 → "6 fewer", 0 → "no change"."""
    if value is None or not _known(value):
        return MISSING
    if isinstance(value, timedelta):
        if not value:
            return "no change"
        return f"{duration(abs(value))} {_choose(value, words or 'slower,faster')}"
    size = _trim(abs(value), 1)
    return "no change" if size == "0" else f"{size} {_choose(value, words or 'more,fewer')}"


@register.filter
def points(value: Number | None, words: str = "worse,better") -> str:
    """A change of a share, in percentage points: 0.03 → "3 points worse"."""
    if value is None or not _known(value):
        return MISSING
    size = int(_round(abs(Decimal(str(value))) * 100))
    if size == 0:
        return "no change" if value == 0 else f"under 1 point {_choose(value, words)}"
    return f"{size} {'point' if size == 1 else 'points'} {_choose(value, words)}"


@register.filter
def plural(value: int | None, words: str) -> str:
    """The number with its noun: {{ 1|plural:"change,changes" }} → "1 change"."""
    one, _, many = words.partition(",")
    return MISSING if value is None else f"{count(value)} {one if value == 1 else many or one + 's'}"


# --- links -----------------------------------------------------------------------------------------------------------


@register.filter
def safe_url(value: str | None) -> str:
    """The address if it leads to a web page, else nothing: what came from outside may be `javascript:`."""
    text = (value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


@register.filter
def item(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A value of a mapping by a key that is itself a variable."""
    return None if mapping is None else mapping.get(key)


@register.filter
def nth(sequence: Sequence[Any] | None, index: int) -> Any:
    """The element at `index`; None past the end."""
    return sequence[index] if sequence and 0 <= index < len(sequence) else None


# --- drawings --------------------------------------------------------------------------------------------------------


@register.simple_tag
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


@register.simple_tag
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


@register.simple_tag
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


@register.simple_tag
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


@register.simple_tag
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


@register.simple_tag
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
