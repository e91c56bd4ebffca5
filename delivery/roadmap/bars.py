"""One commitment as a bar: where it begins, its even odds, its range, its due day, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from delivery.shown import Shown
from delivery.status import Standing, by_chance
from teams.templatetags import ui

from .axis import WIDTH, Axis, text_width

ROW = 46
BAR = 24  # middle of the bar within its row
HALF = {True: 5, False: 4}  # half its height: on the critical chain, other work
LONGEST_LABEL = 250


@dataclass(frozen=True, slots=True)
class Note:
    """A few words beside a title."""

    words: str
    tone: str = ""


@dataclass(slots=True)
class Bar:
    """A commitment on the axis. Dates are facts of the forecast; `y` is set once its lane is known."""

    shown: Shown
    axis: Axis
    today: date
    on_chain: bool = False
    missing: str = ""  # why there is no forecast
    y: int = 0
    notes: list[Note] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # links to what is not on the page, in words

    def __post_init__(self) -> None:
        self.notes = list(self._notes())

    @property
    def pk(self) -> int:
        return self.shown.row.pk

    @property
    def title(self) -> str:
        return self.shown.row.title

    @property
    def url(self) -> str:
        return self.shown.row.get_absolute_url()

    @property
    def is_milestone(self) -> bool:
        return self.shown.row.is_milestone

    @property
    def delivered_on(self) -> date | None:
        return self.shown.row.delivered_on

    @property
    def due(self) -> date:
        return self.shown.promised_on

    @property
    def even(self) -> date | None:
        """When it lands at even odds, or did land; None without a forecast."""
        if self.delivered_on:
            return self.delivered_on
        return self.shown.line.even if self.shown.line else None

    @property
    def sure(self) -> date | None:
        return self.shown.line.sure if self.shown.line and not self.delivered_on else None

    @property
    def start(self) -> date | None:
        """The first day of work: the early start, or the day on which it began."""
        row, line = self.shown.row, self.shown.line
        if self.is_milestone:
            return self.even
        if self.delivered_on:
            return min(row.started_on or row.made_on, self.delivered_on)
        if line is None:
            return None
        return min(row.started_on or line.early_start, line.early_start)

    @property
    def span(self) -> tuple[date, date]:
        """The days that it touches on the axis."""
        days = [day for day in (self.start, self.even, self.sure, self.due) if day]
        return min(days), max(days)

    @property
    def standing(self) -> Standing | None:
        """By its odds alone, so that silence does not hide where the bar ends."""
        chance = self.shown.chance
        return by_chance(chance) if chance and not self.delivered_on else None

    @property
    def tone(self) -> str:
        return self.standing.value if self.standing else ""

    @property
    def days_late(self) -> int:
        return max(self.shown.days_against_due or 0, 0)

    @property
    def moved_days(self) -> int:
        return (self.due - self.shown.row.first_promised_on).days

    def _notes(self) -> list[Note]:
        late = self.shown.days_against_due
        if self.delivered_on and late is not None:
            how = "on the day" if late == 0 else f"{_days(late)} {'late' if late > 0 else 'early'}"
            return [Note(f"delivered {ui.day(self.delivered_on)}, {how}", "delivered")]
        found = []
        if self.moved_days:
            word = "moved" if self.moved_days > 0 else "moved forward"
            found.append(Note(f"{word} {_days(self.moved_days)}", "risk"))
        if self.start and self.start > self.axis.last:
            found.append(Note(f"begins {ui.day(self.start)}"))
        if self.even is None:
            found.append(Note("No forecast", "none"))
        elif late is not None and late > 0:
            found.append(Note(f"{_days(late)} late", self.tone if self.tone in ("risk", "late") else "risk"))
        return found

    @property
    def is_in_window(self) -> bool:
        return self.axis.shows(*self.span)

    # --- on the axis -------------------------------------------------------------------------------------------------

    @property
    def left(self) -> float:
        """Where the bar begins; a milestone is a diamond around its day."""
        if self.is_milestone and self.even:
            return self.right
        return self.axis.x(self.start) if self.start else self.due_x

    @property
    def right(self) -> float:
        return self.axis.end(self.even) if self.even else self.due_x

    @property
    def width(self) -> float:
        return max(round(self.right - self.left, 1), 2)

    @property
    def due_x(self) -> float:
        return self.axis.end(self.due)

    @property
    def late_left(self) -> float:
        return max(self.due_x, self.left)

    @property
    def late_width(self) -> float:
        """The part of the bar after its due day."""
        return round(max(self.right - self.late_left, 0), 1) if self.even and not self.delivered_on else 0

    @property
    def sure_x(self) -> float:
        return self.axis.end(self.sure) if self.sure else self.right

    @property
    def range_tone(self) -> str:
        """The range has the colour of the standing when it passes the due day."""
        return self.tone if self.sure and self.sure > self.due else ""

    @property
    def first_x(self) -> float:
        return self.axis.end(self.shown.row.first_promised_on)

    @property
    def ghost_left(self) -> float:
        """Where it would begin had the first promise been kept: the same length, ending on that day."""
        if self.start is None or self.even is None:
            return self.first_x
        return self.axis.x(self.shown.row.first_promised_on - (self.even - self.start))

    @property
    def shows_due(self) -> bool:
        return self.axis.shows(self.due, self.due)

    @property
    def shows_first(self) -> bool:
        return self.axis.shows(self.shown.row.first_promised_on, self.shown.row.first_promised_on)

    @property
    def top(self) -> int:
        """Of the bar, in the plot."""
        return self.middle - HALF[self.on_chain]

    @property
    def height(self) -> int:
        return HALF[self.on_chain] * 2

    @property
    def middle(self) -> int:
        return self.y + BAR

    @property
    def label_room(self) -> float:
        said = text_width(self.title) + sum(text_width(note.words) for note in self.notes)
        return min(said, LONGEST_LABEL + 130)

    @property
    def label_x(self) -> float:
        """Over the bar's beginning; further left when it would not fit."""
        return round(max(0, min(self.left - (8 if self.is_milestone else 0), WIDTH - self.label_room)), 1)

    @property
    def label_most(self) -> float:
        return round(min(WIDTH - self.label_x, self.label_room + 60), 1)

    @property
    def bar_offset(self) -> float:
        """From the label to the bar, which is part of the link."""
        return round(self.left - self.label_x - (8 if self.is_milestone else 0), 1)

    @property
    def row_height(self) -> int:
        return ROW

    @property
    def range_top(self) -> int:
        return self.middle - 2

    @property
    def range_width(self) -> float:
        return round(max(self.sure_x - self.right, 0), 1)

    @property
    def ghost_width(self) -> float:
        return round(max(self.first_x - self.ghost_left, 0), 1)

    @property
    def ghost_top(self) -> int:
        return self.middle + 8

    @property
    def due_top(self) -> int:
        return self.middle - 8

    @property
    def diamond_top(self) -> int:
        return self.middle - 6

    @property
    def big_diamond_top(self) -> int:
        return self.middle - 8

    @property
    def what_if_top(self) -> int:
        return self.middle + 13 - (2 if self.is_milestone else 0)

    def entry(self) -> tuple[float, int]:
        return (self.left - (7 if self.is_milestone else 1), self.middle)

    def exit(self) -> tuple[float, int]:
        return (self.right + (7 if self.is_milestone else 0), self.middle)

    @property
    def spoken(self) -> str:
        """The bar in words."""
        parts = []
        if self.even and not self.delivered_on:
            parts.append(f"even odds {ui.day(self.even)}, 85% sure {ui.day(self.sure)}")
        parts.append(f"due {ui.day(self.due)}")
        if self.moved_days:
            parts.append(f"first promised for {ui.day(self.shown.row.first_promised_on)}")
        if self.missing:
            parts.append(self.missing)
        return "; ".join(parts + self.outside)


def _days(count: int) -> str:
    return f"{abs(count)} day" if abs(count) == 1 else f"{abs(count)} days"
