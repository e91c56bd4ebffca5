"""Each item of a release checklist, worked out from the records where it can be, and the verdict from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone

from delivery import shown
from delivery.models import Dependency
from metrics import pipeline
from metrics.models import Deployment, PipelineRun
from stakeholders.models import Checklist, ChecklistItem, ItemEvent, Requirement
from stakeholders.registers.settled import settled
from teams.models import Team
from teams.templatetags import ui

from .verdict import Item, Judged, State, at_least, judge

Kind = ChecklistItem.Kind
LOOK_BACK = timedelta(weeks=4)
SHAPES = {State.HOLDS: "ok", State.FAILS: "late", State.ACCEPTED: "risk", State.UNKNOWN: "none"}
WORDS = {
    State.HOLDS: "Holds",
    State.FAILS: "Does not hold",
    State.ACCEPTED: "Risk accepted",
    State.UNKNOWN: "Not known",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One item as the page shows it; `event` is what somebody last said of it."""

    row: ChecklistItem
    state: State
    why: str
    computed: bool
    event: ItemEvent | None
    url: str = ""

    @property
    def shape(self) -> str:
        return SHAPES[self.state]

    @property
    def word(self) -> str:
        return WORDS[self.state]

    @property
    def asks(self) -> bool:
        """Whether a person can add anything: what is worked out and holds needs nobody."""
        return not self.computed or self.state is not State.HOLDS


@dataclass(frozen=True, slots=True)
class Opened:
    """A checklist with its items and the verdict."""

    row: Checklist
    items: list[Checked]
    judged: Judged
    contention: pipeline.Contention | None  # None: no shared environment is named
    uses_squads: int = 0


def opened(row: Checklist, teams: Sequence[Team], *, now: datetime | None = None) -> Opened:
    """Everything about one checklist; `teams` are its team and all below it."""
    at = now or timezone.now()
    facts = _Facts(row, teams, at)
    items = [facts.check(item) for item in row.items.prefetch_related("events").order_by("position")]
    judged = judge(Item(title=one.row.title, state=one.state, why=one.why) for one in items)
    uses = facts.uses() if row.environment else []
    contention = pipeline.contention(uses) if row.environment else None
    return Opened(row, items, judged, contention, len({use.squad for use in uses}))


class _Facts:
    """The records that items rest on, each read once at most."""

    def __init__(self, row: Checklist, teams: Sequence[Team], now: datetime) -> None:
        self.row, self.now = row, now
        self.ids = [team.pk for team in teams]
        self.commitments = list(row.commitments.values_list("pk", flat=True))

    def check(self, item: ChecklistItem) -> Checked:
        events: list[ItemEvent] = list(item.events.all())
        last = events[-1] if events else None
        state, why = self._computed(item, events)
        if last is not None and last.said == ItemEvent.Said.ACCEPTED and state is not State.HOLDS:
            return Checked(item, State.ACCEPTED, f"{why} Accepted: {last.words}".strip(), True, last)
        return Checked(item, state, why, item.kind not in ChecklistItem.BY_HAND, last)

    def _computed(self, item: ChecklistItem, events: list[ItemEvent]) -> tuple[State, str]:
        if item.kind == Kind.HAND:
            return self._hand(events)
        if item.kind == Kind.SANDBOX:
            return self._sandbox(events)
        return {
            Kind.COVERAGE: self._coverage,
            Kind.PIPELINE: self._pipeline,
            Kind.REQUIREMENTS: self._requirements,
            Kind.DEPENDENCIES: self._dependencies,
            Kind.CHANCE: self._chance,
        }[Kind(item.kind)]()

    def _hand(self, events: list[ItemEvent]) -> tuple[State, str]:
        said = next((one for one in reversed(events) if one.said != ItemEvent.Said.ACCEPTED), None)
        if said is None:
            return State.UNKNOWN, "Nobody has looked yet."
        state = State.HOLDS if said.said == ItemEvent.Said.HOLDS else State.FAILS
        return state, f"{said.by_name}, {ui.day(said.at)}{': ' + said.words.rstrip('.') if said.words else ''}."

    def _sandbox(self, events: list[ItemEvent]) -> tuple[State, str]:
        said = next((one for one in reversed(events) if one.said == ItemEvent.Said.MEASURED), None)
        if said is None or not said.run:
            return State.UNKNOWN, "No cases were run yet."
        state = at_least(said.passed or 0, said.run, self.row.least_fidelity)
        share = ui.percent((said.passed or 0) / said.run)
        return state, f"{share}: {said.passed} of {said.run} cases passed, {self.row.least_fidelity}% are needed."

    @cached_property
    def runs(self) -> list[pipeline.Run]:
        """Runs on the main branch that ended in the last weeks; whatever it is called, it is "main" here."""
        found = PipelineRun.objects.current().filter(
            team__in=self.ids, on_main=True, finished_at__gte=self.now - LOOK_BACK, finished_at__lte=self.now
        )
        return [
            pipeline.Run(
                repository=f"{one.source_id} {one.repository}",
                workflow=one.workflow,
                branch="main",
                sha=one.sha,
                attempt=one.attempt,
                outcome=one.outcome,
                queued_at=one.queued_at,
                started_at=one.started_at,
                finished_at=one.finished_at,
                coverage=one.coverage,
            )
            for one in found
        ]

    def _coverage(self) -> tuple[State, str]:
        gate = pipeline.coverage_gate(self.runs, threshold=self.row.least_coverage)
        if gate.newest is None:
            return State.UNKNOWN, "No source has reported coverage in the last 4 weeks."
        low = gate.newest < self.row.least_coverage or gate.below > 0
        merges = f"{gate.below} of {ui.plural(gate.reports, 'merge')} below {self.row.least_coverage}%"
        said = f"{gate.newest:.1f}% at last; {merges}."
        return (State.FAILS if low else State.HOLDS), said

    def _pipeline(self) -> tuple[State, str]:
        rate = pipeline.success_rate(self.runs)
        if not rate.ended:
            return State.UNKNOWN, "No source has reported runs on the main branch in the last 4 weeks."
        said = f"{rate.passed} of {ui.plural(rate.ended, 'run')} passed, {self.row.least_success}% are needed."
        return at_least(rate.passed, rate.ended, self.row.least_success), said

    def _requirements(self) -> tuple[State, str]:
        if not self.commitments:
            return State.UNKNOWN, "No promise is named for this release."
        rows = settled(Requirement.objects.filter(commitments__in=self.commitments).distinct())
        open_ = [one.row.code for one in rows if not one.is_settled]
        if open_:
            return (
                State.FAILS,
                f"{', '.join(open_)} {'is' if len(open_) == 1 else 'are'} neither included nor accepted.",
            )
        return State.HOLDS, f"{ui.plural(len(rows), 'requirement')}, none open."

    def _dependencies(self) -> tuple[State, str]:
        if not self.commitments:
            return State.UNKNOWN, "No promise is named for this release."
        rows = Dependency.objects.filter(
            after__in=self.commitments, removed_at=None, before__delivered_on=None
        ).prefetch_related("events")
        contracts = shown.contracts(rows)
        loose = [one for one in contracts if one.is_open and one.agreed_on is None]
        if loose:
            return State.FAILS, f"{ui.plural(len(loose), 'dependency,dependencies')} without an agreed date."
        return State.HOLDS, f"{len(contracts)} open, each with an agreed date." if contracts else "None is open."

    def _chance(self) -> tuple[State, str]:
        if self.row.deadline is None:
            return State.UNKNOWN, "No deadline is named for this release."
        newest = self.row.deadline.forecasts.select_related("run").order_by("-run_id").first()
        if newest is None:
            return State.UNKNOWN, "It has no forecast yet."
        state = at_least(newest.hits, newest.run.trials, self.row.least_chance)
        return (
            state,
            f"{ui.percent(newest.chance)} likely by {ui.day(newest.date)}, {self.row.least_chance}% are needed.",
        )

    def uses(self) -> list[pipeline.Use]:
        """Deployments of the last weeks to the environment, of any squad of the scope."""
        found = Deployment.objects.current().filter(
            team__in=self.ids,
            environment__iexact=self.row.environment,
            started_at__gte=self.now - LOOK_BACK,
            finished_at__isnull=False,
        )
        rows = found.order_by("started_at").values_list("pk", "team", "environment", "started_at", "finished_at")
        return [
            pipeline.Use(id=str(pk), squad=str(team), environment=env.casefold(), started_at=first, finished_at=last)
            for pk, team, env, first, last in rows[:5000]
        ]
