"""The forecast of the nearest deadline, week by week, as a drawing; and the small lines under the figures.

The geometry is pure; the rows are the last kept forecast of each week.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models.functions import TruncWeek

from delivery.models import DeadlineForecast, ForecastLine, ForecastRun
from delivery.status import ON_TRACK_PERCENT
from teams.templatetags import ui

from .known import Deadline

WEEKS = 12
WIDTH, HEIGHT, TOP, BOTTOM = 236.0, 132.0, 8.0, 112.0
ROOM = 14.0  # between two labels at the line's end


@dataclass(frozen=True, slots=True)
class Week:
    """What the last forecast of one week said of a deadline."""

    monday: date
    even: date
    sure: date
    hits: int
    trials: int
    penalty: int


@dataclass(frozen=True, slots=True)
class Label:
    y: float
    strong: str
    words: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """The drawing, in its own pixels. `band` and `line` are points of a polygon and a polyline."""

    title: str
    words: str
    line: str
    band: str
    dot: tuple[float, float]
    deadline_y: float
    wash: float | None  # height from the top in which the penalty runs
    labels: tuple[Label, ...]
    ticks: tuple[tuple[float, str, str], ...]  # x, anchor, words
    rate: str
    rows: tuple[tuple[str, str, str, str], ...]
    late: bool
    width: float = WIDTH
    height: float = HEIGHT
    bottom: float = BOTTOM


def drift(one: Deadline, weeks: Sequence[Week]) -> Drift | None:
    """None with fewer than two weeks: one point is no line."""
    if len(weeks) < 2 or one.even is None or one.sure is None:
        return None
    days = [one.date, *(week.even for week in weeks), *(week.sure for week in weeks)]
    low, high = min(days) - timedelta(days=3), max(days) + timedelta(days=3)
    span = max((high - low).days, 1)

    def y(day: date) -> float:
        return round(BOTTOM - (day - low).days / span * (BOTTOM - TOP), 1)

    first = weeks[0].monday
    whole = max((weeks[-1].monday - first).days, 1)

    def x(monday: date) -> float:
        return round((monday - first).days / whole * WIDTH, 1)

    evens = [(x(week.monday), y(week.even)) for week in weeks]
    sures = [(x(week.monday), y(week.sure)) for week in weeks]
    late = one.even > one.date
    wash = y(one.penalty_from - timedelta(days=1)) if one.penalty_from else None
    labels = [
        Label(y(one.sure), ui.day(one.sure), "85% sure"),
        Label(y(one.even), ui.day(one.even), "even odds", "late" if late else ""),
        Label(y(one.date), ui.day(one.date), "deadline", "deadline"),
    ]
    return Drift(
        title=f"{one.title}, forecast week by week", words=_words(one, weeks), line=_points(evens),
        band=_points([*evens, *reversed(sures)]), dot=evens[-1], deadline_y=y(one.date), wash=wash,
        labels=_apart(labels), ticks=_ticks([(x(week.monday), week.monday) for week in weeks]), rate=one.rate,
        rows=tuple((f"Week {week.monday.isocalendar().week}", ui.day(week.even), ui.day(week.sure), _chance(week))
                   for week in weeks),
        late=late,
    )  # fmt: skip


def _chance(week: Week) -> str:
    return ui.percent(week.hits / week.trials) if week.trials else ui.MISSING


def _words(one: Deadline, weeks: Sequence[Week]) -> str:
    then, now = weeks[0], weeks[-1]
    return (
        f"In week {then.monday.isocalendar().week} even odds were {ui.day(then.even)}, now {ui.day(now.even)}; "
        f"85% sure {ui.day(now.sure)}; the deadline is {ui.day(one.date)}."
    )


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _apart(labels: Sequence[Label]) -> tuple[Label, ...]:
    """From the top down, pushed apart so that none covers another, and back up where they would leave the drawing."""
    placed: list[Label] = []
    for one in sorted(labels, key=lambda one: one.y):
        at = max(one.y, placed[-1].y + ROOM if placed else TOP)
        placed.append(Label(at, one.strong, one.words, one.tone))
    over = placed[-1].y - BOTTOM
    if over > 0:
        placed = [Label(round(one.y - over, 1), one.strong, one.words, one.tone) for one in placed]
    return tuple(placed)


def _ticks(weeks: Sequence[tuple[float, date]]) -> tuple[tuple[float, str, str], ...]:
    every = max(1, -(-len(weeks) // 3))
    found = []
    for place, (at, monday) in enumerate(weeks):
        last = place == len(weeks) - 1
        if not last and (place % every or len(weeks) - 1 - place < every / 2):
            continue
        number = monday.isocalendar().week
        anchor = "start" if place == 0 else "end" if last else "middle"
        found.append((at, anchor, f"Week {number}" if place == 0 else str(number)))
    return tuple(found)


# --- rows ------------------------------------------------------------------------------------------------------------


def weeks_of(deadline: int, *, at: datetime) -> list[Week]:
    """The last forecast of each of the weeks up to `at`, oldest first. One query."""
    rows = (
        DeadlineForecast.objects.filter(deadline=deadline, run__made_at__lte=at, run__made_at__gt=_since(at))
        .annotate(week=TruncWeek("run__made_at", tzinfo=settings.ORGANISATION_ZONE))
        .order_by("week", "-run__made_at", "-pk")
        .distinct("week")
        .values_list("week", "even", "sure", "hits", "run__trials", "penalty")
    )
    return [Week(week.date(), even, sure, hits, trials, penalty) for week, even, sure, hits, trials, penalty in rows]


def moves(commitments: Collection[int], *, at: datetime) -> tuple[list[float | None], dict[int, list[float | None]]]:
    """How many commitments were at least 70% likely, week by week; and each one's even-odds day as a number. Two
    queries."""
    runs = list(
        ForecastRun.objects.filter(made_at__lte=at, made_at__gt=_since(at))
        .annotate(week=TruncWeek("made_at", tzinfo=settings.ORGANISATION_ZONE))
        .order_by("week", "-made_at", "-pk")
        .distinct("week")
        .values_list("week", "pk", "trials")
    )
    trials = {run: count for _, run, count in runs}
    likely: dict[int, int] = dict.fromkeys(trials, 0)
    days: dict[int, dict[int, float]] = defaultdict(dict)
    rows = ForecastLine.objects.filter(run__in=list(trials), commitment__in=commitments)
    for run, commitment, even, hits in rows.values_list("run_id", "commitment_id", "even", "hits"):
        likely[run] += hits * 100 >= ON_TRACK_PERCENT * trials[run]
        days[commitment][run] = float(even.toordinal())
    order = [run for _, run, _ in runs]
    return [float(likely[run]) for run in order], {pk: [own.get(run) for run in order] for pk, own in days.items()}


def _since(at: datetime) -> datetime:
    return at - timedelta(weeks=WEEKS)
