"""A week with something of everything: promises with outcomes, options, a decision, a risk, money, people, sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from delivery.models import Commitment, Outcome
from metrics.periods import Week, week_in_review
from stakeholders.models import BudgetLine
from stakeholders.registers import actions as registers
from stakeholders.registers.actions import Answer, Sized
from stakeholders.reports.facts import FactBase
from stakeholders.reports.gather import gather
from teams.models import Membership, Person, Team
from tests.delivery.commitments import Story, forecast
from tests.personas import Organisation
from tests.stakeholders.registers import user_of

SEES = "Payers and providers exchange records"


@dataclass(frozen=True, slots=True)
class Told:
    """The scope is the platform; `by` is its director."""

    organisation: Organisation
    story: Story
    by: Person

    @property
    def team(self) -> Team:
        return self.organisation.platform

    @property
    def week(self) -> Week:
        return week_in_review(timezone.now(), settings.ORGANISATION_ZONE)

    def facts(self, by: Person | None = None, week: Week | None = None, team: Team | None = None) -> FactBase:
        return gather(user_of(by or self.by), team or self.team, week or self.week, now=timezone.now())


def tell(organisation: Organisation, story: Story, director: Person) -> Told:
    by = user_of(director)
    story.slip(34, words_="The published profile differs.", impact="Squad B cannot start.")
    outcome = Outcome.objects.create(team=organisation.platform, title=SEES, created_by=by)
    Commitment.objects.filter(pk__in=[story.exchange.pk, story.live.pk]).update(outcome=outcome)
    registers.ask_decision(
        team=organisation.platform, question="Include the audit trail now", by=by, for_person=director,
        needed_by=story.on(6), stakes=10_800_000, stakes_days=6,
        answers=[Answer(title="Include it", cost=1_900_000, lands_on=story.on(45), chance=0.4),
                 Answer(title="Accept it in writing", is_advised=True)],
    )  # fmt: skip
    registers.add_risk(
        team=organisation.squad_a, title="Profiles differ", category="vendor", by=by, owner=director, chance=0.5,
        size=Sized(low=2_000_000, high=6_000_000, days=4),
    )  # fmt: skip
    month = story.today.replace(day=1)
    for name, plan, actual in (("headcount", 9_000_000, 9_400_000), ("tooling", 500_000, None)):
        BudgetLine.objects.create(
            team=organisation.squad_a, month=month, category=name, plan=plan, actual=actual, currency="USD"
        )
    forecast()
    return Told(organisation, story, director)


def staff(team: Team, *names: str, since: date, **more: Any) -> None:
    for name in names:
        Membership.objects.create(
            person=Person.objects.create(name=name), team=team, role="Engineer",
            **({"level": "senior", "started_on": since} | more),
        )  # fmt: skip


def long_ago(today: date) -> date:
    return today - timedelta(days=900)
