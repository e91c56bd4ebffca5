"""The sample's money and time: its debt, the end of HL7 v2, the budget, the release checklist, retro actions.

Told through the same actions that the pages use, after the programme, dated relative to today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone

from delivery.models import Commitment, Deadline
from metrics.models import Incident
from stakeholders.investment import actions
from stakeholders.investment.actions.debt import Terms
from stakeholders.investment.actions.money import Amounts, Purpose
from stakeholders.models import Phase
from stakeholders.models.debt import Debt
from teams.models import Person, Team, User

Box_ = tuple[int | None, int | None, int | None]  # days, share, ends in days
Work = tuple[tuple[int, int], ...]  # days ago, days

# title, team, opened (days ago), principal, interest, owner, rank, box, work
DEBTS: tuple[tuple[str, str, int, str, str, str, int | None, Box_, Work], ...] = (
    (
        "Consent checks are copied into four services",
        "Squad A",
        150,
        "9",
        "1.5",
        "Elif Kaya",
        1,
        (10, None, 20),
        ((40, 2), (12, 3)),
    ),
    (
        "No contract tests against Epic's sandbox",
        "Squad A",
        120,
        "12",
        "2",
        "Jonas Weber",
        1,
        (None, 20, 34),
        ((20, 2),),
    ),
    ("Search index is rebuilt by hand", "Squad A", 190, "4", "0.5", "Mei Chen", 3, (5, None, -30), ((60, 2), (40, 2))),
    (
        "Message router knows every hospital by name",
        "Squad B",
        200,
        "15",
        "2.5",
        "Ravi Menon",
        1,
        (12, None, -4),
        ((70, 4), (30, 5)),
    ),
    ("Retry queue loses its order", "Squad B", 160, "6", "1", "Piotr Zielinski", 2, (6, None, 15), ((18, 2),)),
    ("HL7 v2 mappings live in a spreadsheet", "Squad B", 210, "20", "2", "", None, (None, None, None), ()),
    ("One person knows the consent rules", "Squad B", 90, "5", "0.5", "Daniel Okafor", 2, (5, None, 40), ()),
    (
        "Staging data is refreshed by hand",
        "Squad C",
        170,
        "8",
        "1.5",
        "Hana Sato",
        1,
        (8, None, 10),
        ((50, 3), (15, 3)),
    ),
    ("Pipeline template forked for the vendor", "Squad C", 130, "5", "1", "Viktor Lund", 2, (6, None, 25), ((21, 2),)),
    ("Certificates are renewed by calendar", "Squad C", 220, "3", "0.5", "Grace Mensah", 2, (4, None, -60), ((80, 3),)),
    ("Audit evidence is collected by hand", "Compliance", 100, "10", "1", "Sofia Ricci", 2, (None, 10, 60), ()),
    ("Two ways to identify a member", "Squad A", 60, "7", "1", "", 2, (None, None, None), ()),
)
PLANNED_LATER = {  # days ago at which it got its owner, its rank and its box
    "Consent checks are copied into four services": 45, "No contract tests against Epic's sandbox": 62,
    "Retry queue loses its order": 20, "Staging data is refreshed by hand": 55,
}  # fmt: skip
TRACED = "Retry queue loses its order"
PAID_OFF = ("Search index is rebuilt by hand", "Certificates are renewed by calendar")

RETRO: tuple[tuple[str, str, int, int, int | None], ...] = (  # team, text, agreed and due (days ago), done (days ago)
    ("Squad A", "Pair on every consent change", 80, 66, 68),
    ("Squad A", "Ask Epic for test accounts a sprint ahead", 66, 52, 40),
    ("Squad A", "Split reviews over 400 lines", 52, 38, 39),
    ("Squad A", "Draw the scopes before coding them", 38, 24, 25),
    ("Squad A", "Name one reviewer a day", 24, 10, 12),
    ("Squad B", "Replay one day of messages each Friday", 80, 66, 67),
    ("Squad B", "Write down the consent rules", 66, 52, None),
    ("Squad B", "Show blocked work on the board", 52, 38, 41),
    ("Squad B", "Agree needed dates before planning", 38, 24, None),
    ("Squad B", "Alert on silent feeds", 24, 10, 11),
    ("Squad C", "Book staging in one calendar", 80, 66, 70),
    ("Squad C", "Keep main green before lunch", 66, 52, 53),
    ("Squad C", "One on-call note a week", 52, 38, 38),
    ("Squad C", "Delete unused environments", 38, 24, 29),
    ("Squad C", "Measure queue time in the pipeline", 24, 10, None),
    ("Compliance", "Evidence templates in the repository", 60, 30, 33),
    ("Squad A", "Try mob reviews for scopes", 8, -6, None),
    ("Squad A", "One ticket for each hospital", 150, 136, 120),
    ("Squad A", "Read the guide before the sandbox", 122, 108, 109),
    ("Squad B", "Time-box incident follow-ups", 150, 136, 137),
    ("Squad B", "No release on Fridays", 122, 108, None),
    ("Squad C", "Warm caches before the morning", 122, 108, 110),
    ("Squad C", "Write runbooks for the three worst alerts", 110, 96, 97),
    ("Compliance", "Review evidence with each squad", 118, 98, 90),
    ("Compliance", "Ask for log samples early", 108, 92, 93),
)

# kind, what, team, cents a month as planned
MONEY: tuple[tuple[str, str, str, int], ...] = (
    ("headcount", "Engineers", "Squad A", 8_400_000),
    ("headcount", "Engineers", "Squad B", 8_100_000),
    ("headcount", "Engineers", "Squad C", 7_900_000),
    ("headcount", "Analysts", "Compliance", 3_600_000),
    ("tooling", "FHIR conformance suite", "Squad A", 420_000),
    ("tooling", "Pipeline runners", "Squad C", 650_000),
    ("infrastructure", "Shared staging", "Squad C", 1_100_000),
    ("infrastructure", "Message brokers", "Squad B", 900_000),
    ("vendors", "Epic interface support", "Epic", 2_300_000),
    ("vendors", "HL7 v2 licences", "Squad B", 1_400_000),
)


@dataclass(frozen=True, slots=True)
class Told:
    """Who is who, and when."""

    today: date
    teams: dict[str, Team]
    people: dict[str, Person]

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def at(self, ago: int) -> datetime:
        return datetime.combine(self.day(ago), time(10), UTC)

    @property
    def by(self) -> User:
        user = self.people["Maya Lindqvist"].user
        assert user is not None  # noqa: S101 (she signs in)
        return user


def load(*, teams: dict[str, Team], people: dict[str, Person], today: date) -> None:
    """Tell it. Call within a transaction, after the programme."""
    told = Told(today, teams, people)
    _debts(told)
    phases = _modernisation(told)
    _budget(told, phases)
    _release(told)
    _retro(told)


def _debts(told: Told) -> None:
    for title, team, opened, principal, interest, owner, rank, (days, share, ends), work in DEBTS:
        terms = Terms(
            owner=told.people.get(owner),
            priority=rank,
            box_days=days,
            box_share=share,
            box_until=told.day(-ends) if ends is not None else None,
        )
        row = actions.add_debt(
            team=told.teams[team],
            title=title,
            principal=Decimal(principal),
            interest=Decimal(interest),
            by=told.by,
            terms=Terms() if title in PLANNED_LATER else terms,
            is_sample=True,
            on=told.day(opened),
            at=told.at(opened),
        )
        if title in PLANNED_LATER:
            ago = PLANNED_LATER[title]
            actions.edit_debt(debt=row, title=title, terms=terms, by=told.by, on=told.day(ago), at=told.at(ago))
        for ago, spent in work:
            actions.log_work(debt=row, days=Decimal(spent), by=told.by, on=told.day(ago), at=told.at(ago))
        if title in PAID_OFF:
            _paid_off(told, row, work[-1][0] - 5)


def _paid_off(told: Told, row: Debt, ago: int) -> None:
    actions.end_debt(
        debt=row, step="closed", words_="The last step went live.", by=told.by, on=told.day(ago), at=told.at(ago)
    )


def trace() -> bool:
    """Put a debt down as what an incident came from; False while no incident of its squad has been read."""
    row = Debt.objects.filter(is_sample=True, title=TRACED).first()
    if row is None or row.incidents.exists():
        return True
    past = timezone.now() - timedelta(days=8)  # within the whole weeks that the scorecard counts
    own = Incident.objects.current().filter(team=row.team, resolved_at__isnull=False, started_at__lt=past)
    incident = own.order_by("-started_at").first()
    if incident is not None:
        row.incidents.add(incident)
    return incident is not None


def _modernisation(told: Told) -> list[Phase]:
    plan = actions.add_plan(
        team=told.teams["Integration Platform"],
        title="From HL7 v2 to FHIR R4: switch off the feeds",
        by=told.by,
        owner=told.people["Maya Lindqvist"],
        is_sample=True,
        about="Every HL7 v2 feed costs a licence, a mapping and a night on call. They go when FHIR carries the last.",
    )
    said = (
        (
            "Carry the first hospital on FHIR",
            150,
            60,
            3_000_000,
            ("One hospital reads patients on FHIR", "No v2 fallback in 30 days"),
            (9_000_000, 9_000_000),
        ),
        (
            "Carry all hospitals beside v2",
            60,
            -45,
            12_000_000,
            ("All 14 hospitals on FHIR", "Counts agree within 0.1% for two weeks", "Consent scopes are enforced"),
            (24_000_000, 20_000_000),
        ),
        (
            "Switch off the HL7 v2 feeds",
            -45,
            -75,
            21_000_000,
            ("Feeds are silent for 14 days", "Licences are cancelled"),
            (8_000_000, None),
        ),
    )
    phases = []
    for title, first, last, risk, criteria, (asked, approved) in said:
        terms = actions.PhaseTerms(
            title=title, starts_on=told.day(first), ends_on=told.day(last), risk_retired=risk, criteria=criteria
        )
        phase = actions.add_phase(plan=plan, terms=terms, by=told.by)
        actions.fund(phase=phase, kind="asked", amount=asked, by=told.by, on=told.day(160), at=told.at(160))
        if approved is not None:
            actions.fund(phase=phase, kind="approved", amount=approved, by=told.by, on=told.day(150), at=told.at(150))
        phases.append(phase)
    for criterion in phases[0].criteria.all():
        actions.mark_criterion(
            criterion=criterion, met=True, words_="Seen in the cut-over review.", by=told.by, at=told.at(58)
        )
    signed = phases[1].criteria.order_by("position").last()
    assert signed is not None  # noqa: S101 (told above)
    actions.mark_criterion(criterion=signed, met=True, words_="Signed off by Compliance.", by=told.by, at=told.at(13))
    actions.not_measurable(
        plan=plan,
        team=told.teams["Epic"],
        why="The vendor deploys outside our pipeline and tells no deployments.",
        since=told.day(120),
        by=told.by,
    )
    return phases


def _budget(told: Told, phases: list[Phase]) -> None:
    year = told.today.year
    for month in (date(year, number, 1) for number in range(1, 13)):
        over = month < told.today.replace(day=1)
        for place, (kind, name, team, plan) in enumerate(MONEY):
            drift = ((month.month * 7 + place * 5) % 9 - 3) * plan // 100
            amounts = Amounts(
                plan=plan, actual=plan + drift if over else None, forecast=None if over else plan + max(drift, 0)
            )
            _line(told, Purpose(team=told.teams[team], month=month, category=kind, name=name), amounts)
        if month.month >= 6 and over:
            purpose = Purpose(
                team=told.teams["Squad B"], month=month, category="vendors", name="Two links kept in parallel"
            )
            _line(told, purpose, Amounts(plan=2_500_000, actual=2_650_000), phases[1])
    december = date(year, 12, 1)
    penalty = Purpose(
        team=told.teams["Integration Platform"], month=december, category="vendors", name="CMS penalty, expected"
    )
    _line(told, penalty, Amounts(forecast=9_600_000))


def _line(told: Told, purpose: Purpose, amounts: Amounts, phase: Phase | None = None) -> None:
    actions.set_line(purpose=purpose, amounts=amounts, by=told.by, phase=phase, is_sample=True)


def _release(told: Told) -> None:
    """Go-live stands at no-go: the vendor's sandbox passes 89% of its cases, and the date is in danger."""
    deadline = Deadline.objects.filter(is_sample=True, closed_at=None).order_by("date").first()
    promises = Commitment.objects.filter(is_sample=True, delivered_on=None, cancelled_at=None)
    row = actions.add_checklist(
        team=told.teams["Integration Platform"],
        name="CMS go-live",
        by=told.by,
        environment="staging",
        deadline=deadline,
        commitments=promises.filter(title__in=("FHIR Patient API", "Patient data exchange on FHIR", "CMS go-live")),
        is_sample=True,
    )
    sandbox = row.items.get(kind="sandbox")
    actions.say_of_item(
        item=sandbox,
        said="measured",
        passed=178,
        run=200,
        by=told.by,
        at=told.at(4),
        words_="Epic's sandbox, profile version 2. 22 cases differ from the published guide.",
        evidence="https://sandbox.epic.example/runs/42",
    )
    for title, said, words in (
        ("Roll-back rehearsed in staging", "holds", "Rehearsed in 11 minutes."),
        ("On-call rota covers the first week", "holds", "Three people, nights included."),
        ("Members are told what changes", "", ""),
    ):
        item = actions.add_item(checklist=row, title=title, by=told.by)
        if said:
            actions.say_of_item(item=item, said=said, words_=words, by=told.by, at=told.at(6))


def _retro(told: Told) -> None:
    for team, text, agreed, due, done in RETRO:
        row = actions.add_retro_action(
            team=told.teams[team],
            text=text,
            agreed_on=told.day(agreed),
            due_on=told.day(due),
            by=told.by,
            is_sample=True,
        )
        if done is not None:
            actions.close_retro_action(action=row, by=told.by, on=told.day(done))
