"""The reports of a scope: drafts, what was sent, and what goes out next. A fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform

from metrics.periods import Week, week_in_review
from stakeholders.models import Report, ReportStep, ReportWords, Schedule
from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from .kept import OPEN, Step, visible_to

WEEKS_BACK = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One report of the list. `row` is annotated by `rows`."""

    row: Any

    @property
    def week(self) -> Week:
        return Week(self.row.monday)

    @property
    def title(self) -> str:
        return f"Week {self.week.number}"

    @property
    def days(self) -> str:
        return ui.days(self.row.monday, self.row.monday + timedelta(days=6))

    @property
    def say(self) -> str:
        said = self.row.headline or f"{self.row.say or ''} {self.row.clause or ''}"
        return " ".join(said.split())

    @property
    def state(self) -> tuple[str, str]:
        """Shape and word."""
        if self.row.state == Step.SENT:
            return ("none", "Superseded") if self.row.is_superseded else ("delivered", "Sent")
        return {Step.REVIEWED: ("ok", "Reviewed"), Step.DROPPED: ("none", "Put aside")}.get(
            self.row.state, ("open", "Draft")
        )

    @property
    def at(self) -> datetime:
        return self.row.state_at

    @property
    def by(self) -> str:
        return self.row.state_by or ""


def rows(user: User, scope: Team) -> QuerySet[Report]:
    """The reports of the scope and below that `user` may read, newest week first, without their facts."""
    newest = ReportStep.objects.filter(report=OuterRef("pk")).order_by("-pk")
    words = ReportWords.objects.filter(report=OuterRef("pk"), key="headline").order_by("-pk")
    later = Report.objects.filter(
        team=OuterRef("team"), monday=OuterRef("monday"), pk__gt=OuterRef("pk"), steps__step=Step.SENT
    )
    found = visible_to(user).filter(team__in=access.below(user, scope)).with_state()  # type: ignore[attr-defined]  # annotated by its queryset
    found = found.annotate(
        state_by=Subquery(newest.values("by_name")[:1]), headline=Subquery(words.values("words")[:1]),
        is_superseded=Exists(later), say=KeyTextTransform("say", "facts"), clause=KeyTextTransform("clause", "facts"),
    )  # fmt: skip
    return found.defer("facts").select_related("team").order_by("-monday", "-pk")


def drafts(found: QuerySet[Report]) -> list[Line]:
    return [Line(one) for one in found.filter(state__in=OPEN)]  # type: ignore[misc]  # annotated by its queryset


def sent(found: QuerySet[Report]) -> QuerySet[Report]:
    return found.filter(state=Step.SENT)  # type: ignore[misc]  # annotated by its queryset


def schedules(user: User, scope: Team) -> QuerySet[Schedule]:
    """Those that still run, the next one first; paused ones last."""
    rows = Schedule.objects.filter(Q(ended_at=None), team__in=access.below(user, scope)).select_related("team")
    return rows.order_by("next_at", "pk")


def weeks(now: datetime) -> list[tuple[str, str]]:
    """The weeks of which a draft can be made: label and words, the one in review first, then those before."""
    first = week_in_review(now, settings.ORGANISATION_ZONE)
    current = Week.of(now, settings.ORGANISATION_ZONE)
    found = [first.shift(-back) for back in range(WEEKS_BACK)]
    if current != first:
        found.insert(1, current)
    return [(one.label, f"Week {one.number}, {ui.days(one.monday, one.sunday)}") for one in found]


def days_of(monday: date) -> str:
    return ui.days(monday, monday + timedelta(days=6))
