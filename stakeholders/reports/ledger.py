"""The ledger: who was told what, by which way and when, in whose words; and afterwards, what of it came true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery, Sum

from stakeholders.models import Delivery, Report, ReportStep, ReportWords, ShareLink
from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from . import happened
from .happened import Answer, Forecast
from .kept import Kept, Step
from .listing import days_of

MOST_ROWS = 80  # of a table on one page; the file has all


def reports(user: User, scope: Team) -> QuerySet[Report]:
    """Every sent report of the scope and below, the newest first, with all that happened to it. Six queries."""
    sent = ReportStep.objects.filter(report=OuterRef("pk"), step=Step.SENT)
    links = ShareLink.objects.annotate(openings=Sum("days__openings")).select_related("created_by").order_by("pk")
    after = Report.objects.filter(
        team=OuterRef("team"), monday=OuterRef("monday"), pk__gt=OuterRef("pk"), steps__step=Step.SENT
    )
    rows = Report.objects.filter(Exists(sent), team__in=access.below(user, scope)).select_related("team")
    rows = rows.annotate(later=Subquery(after.order_by("-pk").values("pk")[:1]))
    told = Delivery.objects.exclude(way=Delivery.NOTICE).order_by("pk")
    return rows.prefetch_related("steps", "words", Prefetch("deliveries", told), Prefetch("links", links)).order_by(
        "-monday", "-pk"
    )


@dataclass
class Entry:
    """One sent report."""

    held: Kept

    @property
    def later(self) -> str:
        """The code of the report that took its place."""
        number = getattr(self.held.row, "later", None)
        return Report(pk=number).code if number else ""

    @property
    def week(self) -> str:
        return f"Week {self.held.row.monday.isocalendar().week}, {days_of(self.held.row.monday)}"

    @cached_property
    def written(self) -> list[ReportWords]:
        return sorted(self.held.row.words.all(), key=lambda one: one.pk)

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self.held.row.deliveries.all())

    @property
    def links(self) -> list[ShareLink]:
        return list(self.held.row.links.all())


@dataclass
class Ledger:
    """The reports of one page, and what became of them. A fixed number of queries."""

    rows: Sequence[Report]

    @cached_property
    def helds(self) -> list[Kept]:
        return [Kept(one) for one in self.rows]

    @cached_property
    def entries(self) -> list[Entry]:
        return [Entry(one) for one in self.helds]

    @cached_property
    def forecasts(self) -> list[Forecast]:
        return happened.forecasts(self.helds)

    @cached_property
    def answers(self) -> list[Answer]:
        return happened.answers(self.helds)

    @property
    def landed(self) -> list[Forecast]:
        return [one for one in self.forecasts if one.landed is not None]

    @property
    def shown(self) -> list[Forecast]:
        return self.landed[:MOST_ROWS]

    @property
    def more(self) -> int:
        return max(len(self.landed) - MOST_ROWS, 0)

    @property
    def sentence(self) -> str:
        """What the forecasts were worth, in one sentence."""
        if not self.forecasts:
            return "These reports made no forecast."
        if not self.landed:
            return f"None of {ui.plural(len(self.forecasts), 'forecast')} has landed yet."
        judged = [one for one in self.landed if one.within is not None]
        within = sum(bool(one.within) for one in judged)
        days = sorted(one.days for one in self.landed if one.days is not None)
        middle = days[len(days) // 2]
        off = "to the day" if not middle else f"{ui.plural(abs(middle), 'day')} {'late' if middle > 0 else 'early'}"
        return (
            f"{len(self.landed)} of {ui.plural(len(self.forecasts), 'forecast')} landed: {within} of {len(judged)} by "
            f"the day that was called 85% sure; the middle one was {off} against even odds."
        )

    @property
    def answered(self) -> str:
        if not self.answers:
            return "These reports asked for no decision."
        done = sum(one.on is not None for one in self.answers)
        due = [one for one in self.answers if one.in_time is not None]
        said = f"{done} of {ui.plural(len(self.answers), 'question')} {'has' if done == 1 else 'have'} an answer"
        in_time = f"; {sum(bool(one.in_time) for one in due)} of {len(due)} that were due came in time" if due else ""
        return f"{said}{in_time}."


# --- as a file -------------------------------------------------------------------------------------------------------

CSV = (
    "report", "team", "week", "kind", "what", "who", "when", "words", "day", "even odds", "85% sure", "chance",
    "what happened", "on", "days off", "in time",
)  # fmt: skip


def csv_rows(ledger: Ledger) -> Iterator[list[Any]]:
    """A line for each step, delivery, link, edit, forecast and question."""
    for entry in ledger.entries:
        head = _head(entry.held)
        for step in entry.held.steps:
            yield [*head, step.step, "", step.by_name, step.at.isoformat(), step.content_hash, *[""] * 8]
        for one in entry.written:
            yield [*head, "edited", one.key, one.by_name, one.at.isoformat(), one.words, *[""] * 8]
        for sent in entry.deliveries:
            at = (sent.done_at or sent.created_at).isoformat()
            yield [*head, f"{sent.way}, {sent.state}", sent.audience, sent.to, at, sent.error, *[""] * 8]
        for link in entry.links:
            told = f"{getattr(link, 'openings', 0) or 0} openings"
            yield [*head, "link", link.label, link.audience, link.created_at.isoformat(), told, *[""] * 8]
    for row in ledger.forecasts:
        said: list[Any] = [
            row.due or "",
            row.even,
            row.sure or "",
            row.chance,
            "landed" if row.landed else "",
            row.landed or "",
        ]
        off: Any = "" if row.days is None else row.days
        yield [*_head(row.held), row.kind.lower(), row.title, "", "", "", *said, off, _yes(row.kept)]
    for answer in ledger.answers:
        asked = ["question", answer.ask.question, answer.who, "", answer.advised, answer.ask.by or "", "", "", ""]
        yield [*_head(answer.held), *asked, answer.what, answer.on or "", "", _yes(answer.in_time)]


def _head(held: Kept) -> list[Any]:
    return [held.row.code, held.row.team.name, held.row.monday]


def _days(days: int | None) -> int | str:
    return "" if days is None else days


def _yes(said: bool | None) -> str:
    return "" if said is None else "yes" if said else "no"
