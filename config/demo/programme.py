"""The sample programme: a year of promises, kept and missed, and the move to FHIR that is under way.

Told day by day through the same actions that the pages use, oldest first, with a forecast each Monday: so what the
forecasts said then is what they would have said, and the early-warning figures have something true to count.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from config.demo import past
from config.demo.past import logged_slip, noon
from delivery import actions, network
from delivery.actions import Proposal, Said
from delivery.models import Answer, Commitment, Deadline, Dependency, NetworkMark, Outcome, PlanningInterval, Slip
from teams.models import Person, Team, User

Reason, Word = Slip.Reason, Answer.Word
Found = Dependency.Found

CHECKIN_WEEKS = 20
PAST_TRIALS = 2000  # of the forecasts of the year before: enough to be scored, quick to tell


@dataclass(slots=True)
class Story:
    """What is being told: the days in order, and who is who."""

    today: date
    teams: dict[str, Team]
    speakers: dict[str, User]
    told: list[tuple[datetime, int, Callable[[], Any]]] = field(default_factory=list)
    made: dict[str, Commitment] = field(default_factory=dict)
    promised: dict[str, date] = field(default_factory=dict)  # on which day each was promised

    def on(self, day: date, hour: int, act: Callable[[], Any]) -> None:
        self.told.append((datetime.combine(day, time(hour), UTC), len(self.told), act))

    def at(self, days: int) -> date:
        """`days` from today, moved off a weekend."""
        day = self.today + timedelta(days=days)
        return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day

    def by(self, team: str) -> User:
        return self.speakers[team]

    def tell(self, *, since: datetime) -> None:
        """Everything in order of time, with a forecast on each Monday morning from `since` on."""
        monday = since.date() - timedelta(days=since.weekday())
        for at, _, act in sorted(self.told, key=lambda one: one[:2]):
            while (morning := datetime.combine(monday, time(6), UTC)) < at:
                if Commitment.objects.open().exists():
                    network.recompute(why="a new week", as_of=monday, at=morning, trials=PAST_TRIALS)
                monday += timedelta(days=7)
            act()
        NetworkMark.objects.all().delete()
        network.recompute(why="the sample programme", as_of=self.today)
        self._date_records()

    def _date_records(self) -> None:
        """Promises and deadlines count as recorded on the day they were made, so that past weeks can be opened."""
        rows = list(Commitment.objects.filter(pk__in=[row.pk for row in self.made.values()]))
        for row in rows:
            row.created_at = noon(row.made_on)
        Commitment.objects.bulk_update(rows, ["created_at"])
        for deadline in Deadline.objects.filter(milestone__in=rows).select_related("milestone"):
            Deadline.objects.filter(pk=deadline.pk).update(created_at=noon(deadline.milestone.made_on))


def load(*, teams: dict[str, Team], people: dict[str, Person], speakers: dict[str, User], today: date) -> None:
    """Tell the whole programme. Call within a transaction."""
    story = Story(today, teams, speakers)
    chance = random.Random(11)  # noqa: S311 (sample data)
    _holidays(story)
    past.tell(story, chance)
    _plan(story)
    _move_to_fhir(story, people)
    _checkins(story, chance)
    story.tell(since=datetime.combine(today - timedelta(days=300), time(6), UTC))


# --- the plan and the move -------------------------------------------------------------------------------------------


def _holidays(story: Story) -> None:
    root = story.teams["Product Engineering"]
    by = story.by("Integration Platform")
    for year in (story.today.year - 1, story.today.year, story.today.year + 1):
        for month, day, name in ((1, 1, "New Year's Day"), (7, 4, "Independence Day"), (12, 25, "Christmas Day")):
            actions.add_holiday(team=root, day=date(year, month, day), name=name, by=by)


def _plan(story: Story) -> None:
    """The interval that runs now, with capacities, frozen once its first forecast was there."""
    platform, by = story.teams["Integration Platform"], story.by("Integration Platform")

    def add() -> None:
        interval = actions.add_interval(
            team=platform, name="FHIR, second half", starts_on=story.at(-42), ends_on=story.at(48), by=by
        )
        for team, days in (("Squad A", 58), ("Squad B", 50), ("Squad C", 52), ("Compliance", 30), ("Epic", 30)):
            actions.set_capacity(interval=interval, team=story.teams[team], days=days, by=by)

    def freeze() -> None:
        day = story.at(-34)
        actions.freeze(interval=PlanningInterval.objects.get(team=platform), by=by, at=noon(day))

    story.on(story.at(-43), 8, add)
    story.on(story.at(-34), 12, freeze)


# title, team, outcome, made, promised (days from today), remaining days then, value, stretch
MOVE: tuple[tuple[str, str, int, int, int, tuple[int, int, int], int, bool], ...] = (
    ("Epic patient profile, version 2", "Epic", 0, -60, -18, (12, 18, 26), 6, False),
    ("Consent scopes signed off", "Compliance", 0, -50, -15, (8, 12, 18), 6, False),
    ("Shared staging environment", "Squad C", 2, -48, -3, (14, 20, 28), 7, False),
    ("FHIR Patient API", "Squad A", 0, -42, -3, (19, 23, 31), 10, False),
    ("FHIR coverage and claims API", "Squad A", 3, -42, 25, (10, 13, 18), 8, False),
    ("Bulk export for payer-to-payer", "Squad A", 0, -42, 53, (8, 12, 18), 5, True),
    ("Patient data exchange on FHIR", "Squad B", 0, -42, 18, (5, 7, 10), 10, False),
    ("Provider directory sync", "Squad B", 4, -42, 11, (4, 6, 8), 6, False),
    ("Switch off HL7 v2 feeds", "Squad B", 2, -42, 67, (9, 12, 17), 8, False),
    ("Coverage gate before merge", "Squad C", 2, -40, 11, (5, 7, 12), 5, False),
    ("Deploy without downtime", "Squad C", 2, -40, 25, (8, 11, 15), 6, False),
    ("HIPAA audit trail", "Compliance", 1, -11, 25, (15, 19, 26), 9, False),
    ("CMS evidence pack", "Compliance", 1, -42, 37, (3, 4, 6), 8, False),
    ("De-identified test patients", "Compliance", 0, -7, 4, (2, 4, 8), 4, False),
    ("Production-like tenant for Epic", "Squad C", 0, -12, 11, (3, 5, 9), 5, False),
    ("Epic certification", "Epic", 0, -42, 25, (3, 5, 8), 9, False),
)
STARTED = {  # what has begun, and when (days from today); the rest waits its turn
    "Epic patient profile, version 2": -58, "Consent scopes signed off": -48, "Shared staging environment": -46,
    "FHIR Patient API": -41, "FHIR coverage and claims API": -12, "Provider directory sync": -20,
    "Coverage gate before merge": -10, "Deploy without downtime": -4, "HIPAA audit trail": -10,
    "De-identified test patients": -3,
}  # fmt: skip
OUTCOMES = (
    "Payers and providers exchange records through FHIR",
    "Every read of a patient record can be traced",
    "One integration to run and audit instead of two",
    "Members see claims and benefits from any app",
    "Members find in-network doctors that exist",
)
# before, after, what, found, days ago, step (None: only requested), agreed for (days from today)
LINKS: tuple[tuple[str, str, str, str, int, str | None, int], ...] = (
    (
        "Epic patient profile, version 2",
        "FHIR Patient API",
        "The profile we build against",
        Found.PLANNING,
        42,
        "met",
        -7,
    ),
    ("Consent scopes signed off", "FHIR Patient API", "Which reads need consent", Found.SPRINT, 38, "met", -17),
    ("Shared staging environment", "FHIR Patient API", "A place to run it", Found.PLANNING, 42, "met", -5),
    ("FHIR Patient API", "Patient data exchange on FHIR", "Patients to exchange", Found.PLANNING, 42, "agreed", -3),
    ("Patient data exchange on FHIR", "Epic certification", "Something to certify", Found.PLANNING, 42, "agreed", 18),
    ("Epic certification", "CMS go-live", "The vendor's side of go-live", Found.PLANNING, 42, "agreed", 25),
    ("CMS evidence pack", "CMS go-live", "What the regulator reads", Found.PLANNING, 42, "agreed", 37),
    ("HIPAA audit trail", "CMS evidence pack", "Proof that reads are logged", Found.MIDSPRINT, 11, "offered", 25),
    ("FHIR Patient API", "Bulk export for payer-to-payer", "The same engineers", Found.SPRINT, 40, "agreed", -3),
    (
        "De-identified test patients",
        "Patient data exchange on FHIR",
        "Patients to test with",
        Found.MIDSPRINT,
        7,
        None,
        4,
    ),
    (
        "Production-like tenant for Epic",
        "Epic certification",
        "A tenant that behaves",
        Found.MIDSPRINT,
        12,
        "offered",
        11,
    ),
    ("CMS go-live", "Switch off HL7 v2 feeds", "Nothing is switched off before", Found.PLANNING, 42, "agreed", 39),
)


def _move_to_fhir(story: Story, people: dict[str, Person]) -> None:
    held, platform = story.made, story.teams["Integration Platform"]
    director = story.by("Integration Platform")
    outcomes: list[Outcome] = []

    def begin() -> None:
        sponsor = people["Robert Achebe"]
        outcomes.extend(
            actions.add_outcome(team=platform, title=title, sponsor=sponsor, by=director, is_sample=True)
            for title in OUTCOMES
        )

    def promise() -> None:
        go_live = actions.make_commitment(
            team=platform, title="CMS go-live", promised_on=story.today + timedelta(days=39), is_milestone=True,
            made_on=story.at(-43), by=director, at=noon(story.at(-43)), is_sample=True, outcome=outcomes[0],
            about="Members' records are exchanged through FHIR R4, as the regulator asks.",
        )  # fmt: skip
        held["CMS go-live"] = go_live
        _deadlines(story, go_live, director)

    story.on(story.at(-60), 9, begin)
    story.on(story.at(-43), 9, promise)
    for title, team, outcome, made, promised, days, value, stretch in MOVE:
        _of_the_move(story, people, outcomes, title, team, outcome, made, promised, days, value, stretch)
    for before, after, what, found, ago, step, when in LINKS:
        day = story.at(-ago)
        story.on(day, 14, lambda one=(before, after, what, found, step, when, day): _contract(story, *one))  # type: ignore[misc]  # mypy does not see a lambda's defaults
    _what_happened(story)


def _of_the_move(
    story: Story, people: dict[str, Person], outcomes: list[Outcome], title: str, team: str, outcome: int, made: int,
    promised: int, days: tuple[int, int, int], value: int, stretch: bool,
) -> None:  # fmt: skip
    owners = {"Squad A": "Ines Carvalho", "Squad B": "Daniel Okafor", "Squad C": "Yuki Tanaka"}
    owners |= {"Compliance": "Tomasz Wolny", "Epic": "Laura Bennett"}

    def promise() -> None:
        story.made[title] = actions.make_commitment(
            team=story.teams[team], title=title, promised_on=story.today + timedelta(days=promised), days=days,
            made_on=story.at(made), by=story.by(team), at=noon(story.at(made)), outcome=outcomes[outcome],
            owner=people[owners[team]], planned_value=value, is_stretch=stretch, is_sample=True,
            interval=PlanningInterval.objects.order_by("-pk").first() if made > -44 else None,
        )  # fmt: skip

    story.on(story.at(made), 10, promise)
    if title in STARTED:
        day = story.at(max(made + 1, STARTED[title]))
        # after the promise, should both fall on one Monday
        story.on(day, 11, lambda: actions.start(commitment=story.made[title], on=day, by=story.by(team)))


def _deadlines(story: Story, go_live: Commitment, by: User) -> list[Deadline]:
    due = story.today + timedelta(days=39)
    window = (due + timedelta(days=1), due + timedelta(days=89), "day", 1_800_000, None)
    platform = story.teams["Integration Platform"]
    return [
        actions.add_deadline(
            team=platform, name="CMS interoperability deadline", date=due, milestone=go_live, by=by, windows=[window],
            currency="USD", is_sample=True, about="The regulator fines each day after it.",
        )
    ]  # fmt: skip


def _contract(
    story: Story, before: str, after: str, what: str, found: str, step: str | None, when: int, day: date
) -> None:
    one, other = story.made[before], story.made[after]
    on, provider = story.today + timedelta(days=when), story.by(one.team.name)
    row = actions.link(
        before=one,
        after=other,
        what=what,
        found=found,
        found_on=day,
        needed_by=on,
        by=story.by(other.team.name),
        at=noon(day),
    )
    if step is not None:
        actions.offer(dependency=row, on=on, by=provider, at=noon(day))
    if step in ("agreed", "met"):
        actions.agree(dependency=row, on=on, by=story.by(other.team.name), at=noon(day))
    if step == "met":
        met = story.today + timedelta(days=when)
        story.made.setdefault("met", one)
        actions.meet(dependency=row, on=met, by=provider, at=noon(met))


def _profile_slips(story: Story) -> None:
    option = Proposal(title="Build against version 1 and map the rest", saves_days=6, is_advised=True)
    logged_slip(
        story.made["Epic patient profile, version 2"], story.today - timedelta(days=5), Reason.VENDOR,
        "Epic reviews the profile with two other clients first.", [option], story.by("Epic"), story.at(-37),
    )  # fmt: skip


def _what_happened(story: Story) -> None:
    """The last weeks: two slips of the Patient API, one reason corrected, deliveries, and work that went down."""
    held = story.made

    slipped, corrected = slip_days(story.today)

    def re_estimate(title: str, team: str, day: int, days: tuple[int, int, int]) -> None:
        on = story.at(day)
        if title == "FHIR Patient API":
            on = min(on, slipped - timedelta(days=1))  # what the slip says of it comes last
        story.on(
            on, 16,
            lambda: actions.estimate(commitment=held[title], days=days, by=story.by(team), at=noon(on)),
        )  # fmt: skip

    story.on(
        story.at(-7),
        15,
        lambda: actions.deliver(
            commitment=held["Epic patient profile, version 2"], on=story.at(-7), by=story.by("Epic"), actual_value=5
        ),
    )
    story.on(
        story.at(-17),
        15,
        lambda: actions.deliver(
            commitment=held["Consent scopes signed off"], on=story.at(-17), by=story.by("Compliance"), actual_value=6
        ),
    )
    story.on(
        story.at(-5),
        15,
        lambda: actions.deliver(
            commitment=held["Shared staging environment"], on=story.at(-5), by=story.by("Squad C"), actual_value=8
        ),
    )
    for title, team, day, days in (
        ("FHIR Patient API", "Squad A", -35, (15, 18, 24)),
        ("FHIR Patient API", "Squad A", -28, (11, 14, 19)),
        ("FHIR Patient API", "Squad A", -19, (11, 13, 18)),
        ("FHIR Patient API", "Squad A", -14, (7, 9, 13)),
        ("FHIR Patient API", "Squad A", -8, (5, 6, 9)),
        ("Provider directory sync", "Squad B", -18, (3, 5, 7)),
        ("Provider directory sync", "Squad B", -4, (2, 3, 5)),
        ("FHIR coverage and claims API", "Squad A", -4, (7, 10, 14)),
        ("Coverage gate before merge", "Squad C", -4, (4, 6, 11)),
        ("Deploy without downtime", "Squad C", -4, (8, 10, 14)),
        ("Patient data exchange on FHIR", "Squad B", -4, (5, 7, 10)),
        ("HIPAA audit trail", "Compliance", -4, (13, 16, 22)),
    ):
        re_estimate(title, team, day, days)
    story.on(story.at(-37), 15, lambda: _profile_slips(story))
    ines = story.by("Squad A")
    story.on(story.at(-25), 11, lambda: _first_slip(story, ines))
    story.on(slipped, 16, lambda: _second_slip(story, ines, slipped))
    story.on(corrected, 9, lambda: _corrected(story, ines, corrected))


def slip_days(today: date) -> tuple[date, date]:
    """The slip that the story is about, and the day on which its reason was corrected.

    About six days ago on a working day, and always before this week: this week's check-in is still to be told.
    """
    monday = today - timedelta(days=today.weekday())
    slipped = min(today - timedelta(days=6), monday - timedelta(days=3))
    slipped -= timedelta(days=max(0, slipped.weekday() - 4))
    return slipped, slipped + timedelta(days=3 if slipped.weekday() == 4 else 1)


def _first_slip(story: Story, ines: User) -> None:
    options = [
        Proposal(title="Take seven days for consent scopes", saves_days=0, is_advised=True),
        Proposal(title="Leave consent for release 2", saves_days=5, risk_left="Reads without consent"),
    ]
    slip = logged_slip(
        story.made["FHIR Patient API"], story.today + timedelta(days=4), Reason.SCOPE,
        "Compliance added consent scopes after the estimate.", options, ines, story.at(-25), (12, 15, 20),
        "Go-live did not move: Squad B had seven days to spare.",
    )  # fmt: skip
    if slip is not None:
        why = "Without them the Patient API cannot pass CMS conformance."
        actions.choose(
            option=slip.options.earliest("pk"), why=why, by=story.by("Integration Platform"), at=noon(story.at(-24))
        )


def _second_slip(story: Story, ines: User, on: date) -> None:
    options = [
        Proposal(
            title="Ship read and search first, writes later", saves_days=5, is_advised=True,
            scope_given_up="Payers who write back wait three weeks",
        ),
        Proposal(
            title="Lend two Squad C engineers for three weeks", cost=2_400_000, saves_days=3,
            risk_left="Two Squad C dates move",
        ),
        Proposal(title="Keep the new date and tell clients", saves_days=0, risk_left="Clients go live late"),
    ]  # fmt: skip
    logged_slip(
        story.made["FHIR Patient API"], story.today + timedelta(days=18), Reason.ESTIMATE,
        "14 search parameters need rework. Squad B cannot start until this lands.", options, ines, on,
        (10, 13, 19), "Squad B cannot start patient data exchange, and go-live falls into the penalty window.",
    )  # fmt: skip


def _corrected(story: Story, ines: User, on: date) -> None:
    slip = story.made["FHIR Patient API"].slips.filter(corrects=None).order_by("-pk").first()
    assert slip is not None  # noqa: S101 (told a day before)
    words = "Epic's patient profile differs from the published guide: 14 search parameters need rework."
    actions.correct_slip(slip=slip, reason=Reason.VENDOR, words_=words, by=ines, at=noon(on))


def _checkins(story: Story, chance: random.Random) -> None:
    """Every Friday each squad says how its promises stand; what is in danger was flagged with its slip."""
    for weeks in range(CHECKIN_WEEKS, 0, -1):
        friday = story.today - timedelta(days=story.today.weekday() + 7 * (weeks - 1) + 3)
        if friday >= story.today:
            continue
        for team in past.PROMISED:
            story.on(friday, 16, lambda team=team, friday=friday: _checkin(story, team, friday, chance))  # type: ignore[misc]  # mypy does not see a lambda's defaults


def _checkin(story: Story, team: str, friday: date, chance: random.Random) -> None:
    said = [
        Said(
            commitment=one,
            word=Word.AT_RISK
            if one.options.filter(withdrawn_at=None).exists() and one.slips.exists()
            else Word.ON_TRACK,
        )
        for one in Commitment.objects.open().filter(team=story.teams[team], is_milestone=False)
    ]
    if said:
        actions.send_checkin(
            team=story.teams[team], monday=friday - timedelta(days=4), said=said, by=story.by(team),
            seconds=chance.randint(12, 34), at=noon(friday), on=friday,
        )  # fmt: skip
