"""Planning, deadlines, outcomes and days off, through the pages: who may, what is shown and refused, at what cost."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery import actions, network, planning, warned
from delivery.loads import loads
from delivery.models import (
    Capacity,
    Commitment,
    Deadline,
    ForecastLine,
    ForecastRun,
    FrozenPromise,
    Holiday,
    Outcome,
    PlanningInterval,
)
from teams.models import Person, Team, User
from tests.personas import Organisation

pytestmark = pytest.mark.django_db
Pages = Callable[[Person], Client]


@pytest.fixture
def plan(organisation: Organisation, installer: User, today: date) -> PlanningInterval:
    """An interval of the platform that runs now, without promises."""
    return actions.add_interval(
        team=organisation.platform, name="PI 4", starts_on=today - timedelta(days=7),
        ends_on=today + timedelta(days=62), by=installer,
    )  # fmt: skip


def promise(team: Team, title: str, on: date, interval: PlanningInterval | None = None, **more: Any) -> Commitment:
    more = {"days": (6, 9, 14), "planned_value": 5} | more
    return actions.make_commitment(team=team, title=title, promised_on=on, by=None, interval=interval, **more)


@pytest.fixture
def full(plan: PlanningInterval, organisation: Organisation, today: date) -> list[Commitment]:
    outcome = actions.add_outcome(team=organisation.platform, title="Members see their claims", by=None)
    return [
        promise(organisation.squad_a, "FHIR Patient API", today + timedelta(days=40), plan, outcome=outcome),
        promise(organisation.squad_b, "Patient data exchange", today + timedelta(days=3), plan, days=(40, 55, 70)),
        promise(organisation.squad_b, "Provider sync", today + timedelta(days=50), plan, is_stretch=True),
    ]


def deliver(**said: Any) -> None:
    actions.deliver(by=User.objects.get(email="installer@example.org"), **said)


def text(answer: Any) -> str:
    """What a person reads: the page without its tags."""
    plain = re.sub(r"<(script|style|option)\b.*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.S)
    return " ".join(html.unescape(plain).split())


# --- doors -----------------------------------------------------------------------------------------------------------

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
DECIDED = (200, 403, 403, 403, 403, 403, 404, 404)
DOORS: dict[str, tuple[int, ...]] = {
    "/planning/squad-a/": SEEN,
    "/planning/squad-a/new/": DECIDED,
    "POST /planning/squad-a/new/": (422, 403, 403, 403, 403, 403, 404, 404),
    "/interval/{i}/": SEEN,
    "/interval/0/": (404,) * 8,
    "/interval/{i}/freeze/": DECIDED,
    "POST /interval/{i}/freeze/": (422, 403, 403, 403, 403, 403, 404, 404),
    "POST /interval/{i}/capacity/ team={a}": (422, 403, 422, 403, 403, 403, 404, 404),
    "/interval/{i}/capacity/": (405,) * 8,
    "/outcomes/squad-a/": SEEN,
    "/outcomes/squad-a/rows.csv": SEEN,
    "/deadlines/squad-a/rows.csv": SEEN,
    "/holidays/squad-a/rows.csv": SEEN,
    "/outcomes/squad-a/new/": DECIDED,
    "/deadlines/squad-a/": SEEN,
    "/deadlines/squad-a/new/": DECIDED,
    "/deadline/{d}/edit/": DECIDED,
    "POST /deadline/{d}/edit/": (422, 403, 403, 403, 403, 403, 404, 404),
    "POST /deadline/{d}/close/": (302, 403, 403, 403, 403, 403, 404, 404),
    "/holidays/squad-a/": SEEN,
    "POST /holidays/squad-a/": (422, 403, 403, 403, 403, 403, 404, 404),
    "POST /holiday/{h}/remove/": (302, 403, 403, 403, 403, 403, 404, 404),
}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, plan: PlanningInterval, organisation: Organisation, today: date,
    page_of: Pages,
) -> None:  # fmt: skip
    goal = promise(organisation.squad_a, "Go-live", today, is_milestone=True, days=None, planned_value=None)
    deadline = actions.add_deadline(team=organisation.squad_a, name="CMS", date=today, milestone=goal, by=None)
    holiday = actions.add_holiday(team=organisation.squad_a, day=today, by=None)
    known = {"i": plan.pk, "d": deadline.pk, "h": holiday.pk, "a": organisation.squad_a.pk}
    browser = page_of(request.getfixturevalue(persona))

    def knock(door: str) -> int:
        _, _, rest = door.format(**known).rpartition("POST ")
        address, _, sent = rest.partition(" ")
        data = dict([sent.split("=")]) if sent else {}
        return (browser.post(address, data) if door.startswith("POST") else browser.get(address)).status_code

    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    assert {door: knock(door) for door in DOORS} == expected


def test_who_is_not_signed_in_is_sent_to_the_log_in_page(client: Client, plan: PlanningInterval) -> None:
    for address in ("/planning/squad-a/", f"/interval/{plan.pk}/", "/deadlines/squad-a/", "/holidays/squad-a/"):
        assert client.get(address).headers["Location"].startswith("/accounts/login/")


def test_a_manager_sees_the_interval_of_the_group_above_with_the_promises_of_their_own_squad_only(
    manager_a: Person, full: list[Commitment], plan: PlanningInterval, page_of: Pages
) -> None:
    said = text(page_of(manager_a).get(f"/interval/{plan.pk}/"))
    assert "FHIR Patient API" in said
    assert "Patient data exchange" not in said
    assert "Squad B" not in said


# --- intervals -------------------------------------------------------------------------------------------------------


def test_an_interval_is_added_with_its_iterations(director: Person, organisation: Organisation, page_of: Pages) -> None:
    sent = {"name": "PI 5", "starts_on": "2027-01-04", "ends_on": "2027-03-12", "iteration_weeks": "2"}
    answer = page_of(director).post("/planning/integration-platform/new/", sent)
    made = PlanningInterval.objects.get()
    assert answer.headers["Location"] == f"/interval/{made.pk}/"
    assert made.iterations.count() == 5
    assert made.iterations.last().ends_on == date(2027, 3, 12)  # type: ignore[union-attr]


def test_an_interval_over_another_is_refused_beside_its_day_and_what_was_typed_stays(
    director: Person, plan: PlanningInterval, page_of: Pages
) -> None:
    sent = {"name": "Twice", "starts_on": plan.starts_on, "ends_on": plan.ends_on, "iteration_weeks": "3"}
    answer = page_of(director).post("/planning/integration-platform/new/", sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors["starts_on"] == [
        "Integration Platform has a planning interval in these weeks already."
    ]
    assert 'value="Twice"' in answer.content.decode()


def test_intervals_stand_under_now_next_and_past(
    director: Person, plan: PlanningInterval, installer: User, page_of: Pages, today: date
) -> None:
    for name, days in (("Later", 70), ("Before", -100)):
        first = today + timedelta(days=days)
        actions.add_interval(
            team=plan.team, name=name, starts_on=first, ends_on=first + timedelta(days=60), by=installer
        )
    page = page_of(director).get("/planning/squad-a/").context["page"]
    assert [[line.row.name for line in group] for group in (page.now, page.coming, page.past)] == [
        ["PI 4"], ["Later"], ["Before"],
    ]  # fmt: skip


def test_the_planning_page_without_anything_says_what_an_interval_is(
    director: Person, executive: Person, page_of: Pages
) -> None:
    said = text(page_of(director).get("/planning/squad-a/"))
    assert "No planning interval yet" in said
    assert "No promise was missed yet" in said
    assert "No forecast has come due yet" in said
    assert "Add an interval" in said
    assert "Add an interval" not in text(page_of(executive).get("/planning/squad-a/"))


# --- one interval ----------------------------------------------------------------------------------------------------


def test_the_interval_shows_promises_under_their_outcome(
    director: Person, full: list[Commitment], plan: PlanningInterval, page_of: Pages
) -> None:
    page = page_of(director).get(f"/interval/{plan.pk}/").context["page"]
    assert [(one.title, [p.now.row.title for p in one.promises]) for one in page.objectives] == [
        ("Members see their claims", ["FHIR Patient API"]),
        ("Without an outcome", ["Patient data exchange", "Provider sync"]),
    ]


def test_a_team_that_promised_more_than_it_has_is_named_with_both_numbers(
    director: Person, full: list[Commitment], plan: PlanningInterval, organisation: Organisation, page_of: Pages
) -> None:
    browser = page_of(director)
    answer = browser.post(f"/interval/{plan.pk}/capacity/", {"team": organisation.squad_b.pk, "days": "45"})
    assert answer.headers["Location"] == f"/interval/{plan.pk}/#load"
    days = loads(full)[str(organisation.squad_b.pk)]
    assert days > 45
    assert f"Squad B has promised {days} days of work and has 45." in text(browser.get(f"/interval/{plan.pk}/"))


def test_the_load_of_a_team_is_one_percentile_of_all_its_work_and_not_a_sum_of_percentiles(
    full: list[Commitment], organisation: Organisation
) -> None:
    each = network.sure_days(Commitment.objects.filter(pk__in=[one.pk for one in full]).with_estimate())
    together = loads(full)[str(organisation.squad_b.pk)]
    assert together < each[full[1].pk] + each[full[2].pk]
    assert loads(full[:1])[str(organisation.squad_a.pk)] == each[full[0].pk]


def test_a_manager_sets_the_capacity_of_their_own_squad_and_of_no_other(
    manager_a: Person, contributor: Person, plan: PlanningInterval, organisation: Organisation, page_of: Pages
) -> None:
    path = f"/interval/{plan.pk}/capacity/"
    assert page_of(manager_a).post(path, {"team": organisation.squad_a.pk, "days": "30"}).status_code == 302
    assert Capacity.objects.get().days == 30
    assert page_of(manager_a).post(path, {"team": organisation.squad_b.pk, "days": "30"}).status_code == 422
    assert page_of(contributor).post(path, {"team": organisation.squad_a.pk, "days": "9"}).status_code == 403
    assert Capacity.objects.get().days == 30


@pytest.mark.parametrize("typed", ["-1", "many", "", "10001"])
def test_a_capacity_that_cannot_be_is_refused_on_the_page_and_stays_in_its_row(
    director: Person, full: list[Commitment], plan: PlanningInterval, organisation: Organisation, page_of: Pages,
    typed: str,
) -> None:  # fmt: skip
    answer = page_of(director).post(f"/interval/{plan.pk}/capacity/", {"team": organisation.squad_b.pk, "days": typed})
    assert answer.status_code == 422
    assert f'value="{typed}" aria-invalid="true"' in answer.content.decode()
    assert "This capacity was not saved." in text(answer)


# --- freezing --------------------------------------------------------------------------------------------------------


def test_freezing_shows_what_will_be_kept_and_then_keeps_it_with_its_odds(
    director: Person, full: list[Commitment], plan: PlanningInterval, page_of: Pages
) -> None:
    network.recompute(why="test")
    browser = page_of(director)
    said = text(browser.get(f"/interval/{plan.pk}/freeze/"))
    assert all(one.title in said for one in full)
    assert "1 promise is under 35% likely" in said
    assert FrozenPromise.objects.count() == 0
    assert browser.post(f"/interval/{plan.pk}/freeze/").headers["Location"] == f"/interval/{plan.pk}/"
    kept = FrozenPromise.objects.get(commitment=full[1])
    assert kept.chance == 0
    page = browser.get(f"/interval/{plan.pk}/")
    assert "Overpromised: 1 promise was under 35% likely when the plan was frozen" in text(page)
    assert [one.now.row for one in page.context["page"].overpromised] == [full[1]]


def test_a_plan_is_frozen_once(
    director: Person, full: list[Commitment], plan: PlanningInterval, page_of: Pages
) -> None:
    browser = page_of(director)
    browser.post(f"/interval/{plan.pk}/freeze/")
    again = browser.post(f"/interval/{plan.pk}/freeze/")
    assert again.status_code == 422
    assert "PI 4 was frozen on" in text(again)
    assert FrozenPromise.objects.count() == len(full)


def test_the_load_of_a_frozen_plan_stays_what_it_was(
    director: Person, full: list[Commitment], plan: PlanningInterval, organisation: Organisation, page_of: Pages
) -> None:
    before = loads(full)
    actions.freeze(interval=plan, by=director.user)
    actions.estimate(commitment=full[0], days=(100, 200, 300), by=None)
    page = page_of(director).get(f"/interval/{plan.pk}/").context["page"]
    assert {str(one.team.pk): one.days for one in page.teams if one.days} == before


def test_predictability_is_value_that_came_over_value_that_was_committed(
    director: Person, full: list[Commitment], plan: PlanningInterval, today: date, page_of: Pages
) -> None:
    actions.freeze(interval=plan, by=director.user)
    deliver(commitment=full[0], on=today, actual_value=4)
    deliver(commitment=full[2], on=today, actual_value=3)  # a stretch: only what came of it counts
    promise(full[0].team, "Thought of later", today, plan, planned_value=9)
    page = page_of(director).get(f"/interval/{plan.pk}/")
    assert (page.context["page"].value.part, page.context["page"].value.of) == (7, 10)
    assert "So far, all teams together: 7 of 10 (70%)." in text(page)
    assert "Added later" in text(page)


def test_a_delivery_nobody_valued_is_left_out_and_said_so(
    director: Person, full: list[Commitment], plan: PlanningInterval, today: date, page_of: Pages
) -> None:
    actions.freeze(interval=plan, by=director.user)
    deliver(commitment=full[0], on=today)
    page = page_of(director).get(f"/interval/{plan.pk}/")
    assert (page.context["page"].value.part, page.context["page"].value.of) == (0, 5)
    assert "1 promise is left out for want of a value." in text(page)


def test_what_came_after_the_last_day_of_the_interval_brought_nothing_to_it(
    full: list[Commitment], plan: PlanningInterval, today: date, director: Person
) -> None:
    actions.freeze(interval=plan, by=director.user)
    deliver(commitment=full[0], on=today, actual_value=5)
    rows = list(plan.frozen.select_related("commitment"))
    assert sum(one.actual for one in planning.values(rows, today)[0]) == 5
    assert sum(one.actual for one in planning.values(rows, today - timedelta(days=1))[0]) == 0


# --- early warnings and calibration ----------------------------------------------------------------------------------


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=settings.ORGANISATION_ZONE)


def test_a_slip_is_a_warning_and_a_miss_nobody_flagged_is_none(
    director: Person, organisation: Organisation, today: date, page_of: Pages
) -> None:
    made, due = today - timedelta(days=90), today - timedelta(days=20)
    told = promise(organisation.squad_a, "Told", due, made_on=made)
    actions.log_slip(
        commitment=told, to_date=today - timedelta(days=5), reason="vendor", by=None,
        options=[actions.Proposal(title="Less")], at=at(due - timedelta(days=28)), on=due - timedelta(days=28),
    )  # fmt: skip
    deliver(commitment=told, on=today - timedelta(days=5))
    promise(organisation.squad_a, "Silent", due, made_on=made)
    page = page_of(director).get("/planning/squad-a/")
    found = page.context["page"].warned
    assert (found.misses, found.never_flagged, found.found_at_review.part) == (2, 1, 1)
    assert (found.early_with_options.part, found.median_working_days) == (1, 10)
    assert [group.name for group in page.context["page"].reasons] == ["No reason logged", "Vendor or outside team"]
    assert "1 of 2 misses was flagged at least 10 working days ahead with options. 1 was found at review." in text(page)


def test_a_corrected_reason_counts_instead_of_the_first_also_when_corrected_twice(
    organisation: Organisation, today: date, installer: User
) -> None:
    held = promise(organisation.squad_a, "Told", today + timedelta(days=20))
    slip = actions.log_slip(
        commitment=held, to_date=today + timedelta(days=30), reason="vendor", by=None,
        options=[actions.Proposal(title="Less")],
    )  # fmt: skip
    once = actions.correct_slip(slip=slip, by=installer, reason="squad", words_="it was us")
    actions.correct_slip(slip=once, by=installer, reason="scope", words_="no, scope")
    (track,) = warned.tracks(Commitment.objects.all())
    assert [(one.due, one.reason) for one in track.promises] == [
        (today + timedelta(days=20), ""), (today + timedelta(days=30), "scope"),
    ]  # fmt: skip


def forecast_line(held: Commitment, as_of: date, hits: int) -> None:
    run = ForecastRun.objects.create(
        made_at=timezone.now(), as_of=as_of, seed=1, trials=100, inputs={}, inputs_digest="", digest="", why="test"
    )
    ForecastLine.objects.create(
        run=run, commitment=held, promised_on=held.first_promised_on, even=as_of, sure=as_of, hits=hits,
        hits_first=hits,
        early_start=as_of, early_finish=as_of, float_days=0,
    )  # fmt: skip


def test_forecasts_are_scored_by_what_they_said_two_weeks_before_and_never_by_what_was_known_after_delivery(
    organisation: Organisation, today: date
) -> None:
    due = today - timedelta(days=5)
    kept = promise(organisation.squad_a, "Kept", due, made_on=due - timedelta(days=60))
    for days, hits in ((40, 20), (20, 70), (3, 95)):
        forecast_line(kept, due - timedelta(days=days), hits)
    early = promise(organisation.squad_a, "Early", due, made_on=due - timedelta(days=60))
    forecast_line(early, due - timedelta(days=40), 30)
    forecast_line(early, due - timedelta(days=20), 100)  # it was there by then
    deliver(commitment=kept, on=due)
    deliver(commitment=early, on=due - timedelta(days=25))
    overdue = promise(organisation.squad_a, "Overdue", due, made_on=due - timedelta(days=60))
    forecast_line(overdue, due - timedelta(days=20), 80)
    found = network.scored(teams=[organisation.squad_a.pk])
    assert (found.count, found.kept) == (3, 2)
    assert found.brier == pytest.approx((0.3**2 + 0.7**2 + 0.8**2) / 3)


def test_few_forecasts_are_said_to_be_too_few(
    director: Person, organisation: Organisation, today: date, page_of: Pages
) -> None:
    due = today - timedelta(days=5)
    kept = promise(organisation.squad_a, "Kept", due, made_on=due - timedelta(days=60))
    forecast_line(kept, due - timedelta(days=20), 70)
    deliver(commitment=kept, on=due)
    said = text(page_of(director).get("/planning/squad-a/"))
    assert "1 forecast has come due: too few to judge them. 1 of 1 promises were kept. Brier score 0.09" in said
    assert "70–80%" in said


# --- deadlines -------------------------------------------------------------------------------------------------------


@pytest.fixture
def goal(organisation: Organisation, today: date) -> Commitment:
    return promise(organisation.squad_b, "Go-live", today + timedelta(days=30), days=(20, 30, 40))


def sent(goal: Commitment, **more: str) -> dict[str, str]:
    day = goal.first_promised_on
    plain = {
        "name": "CMS go-live", "date": str(day), "milestone": f"{goal.code} whatever", "currency": "USD",
        "windows": "2",
        "w0-from_date": str(day + timedelta(days=1)), "w0-to_date": "", "w0-kind": "day", "w0-amount": "$18k",
    }  # fmt: skip
    return plain | more


def test_a_deadline_is_added_with_money_as_people_write_it(director: Person, goal: Commitment, page_of: Pages) -> None:
    path = "/deadlines/integration-platform/new/"
    assert page_of(director).post(path, sent(goal, cap="1.2m")).status_code == 302
    row = Deadline.objects.get()
    assert (row.milestone, row.currency, row.cap) == (goal, "USD", 120_000_000)
    assert [(one.kind, one.amount, one.to_date) for one in row.windows.all()] == [("day", 1_800_000, None)]


def test_the_list_says_forecast_chance_penalty_and_days_to_win_back(
    director: Person, goal: Commitment, page_of: Pages
) -> None:
    browser = page_of(director)
    browser.post("/deadlines/integration-platform/new/", sent(goal))
    assert "No forecast" in text(browser.get("/deadlines/integration-platform/"))
    network.recompute(why="test")
    forecast = Deadline.objects.get().forecasts.get()
    said = text(browser.get("/deadlines/integration-platform/"))
    assert "CMS go-live is likely late: forecast for" in said
    assert f"{-forecast.float_days} days to win back" in said
    assert "$18k a day from" in said
    assert "85% sure under $" in said
    assert "CMS go-live" in text(browser.get("/deadlines/squad-b/"))
    assert "No deadline yet" in text(browser.get("/deadlines/member-portal/"))


@pytest.mark.parametrize(
    ("more", "place", "sentence"),
    [
        ({"currency": ""}, "currency", "A penalty has a currency. Write three letters, such as USD."),
        ({"currency": "dollars"}, "currency", "Ensure this value has at most 3 characters (it has 7)."),
        ({"milestone": "C-999999"}, "milestone", "No open commitment of yours has this code or title. "
         "Choose one from the list."),
        ({"name": ""}, "name", "This field is required."),
        ({"w0-amount": "lots"}, 0, "“lots” is no amount. Write dollars, such as $24k, 24000 or 1.2m."),
        ({"w0-amount": ""}, 0, "Say how much, such as $18k."),
        ({"w0-amount": "€18k"}, 0, "This says €, the currency says USD. Change one of them."),
    ],
)  # fmt: skip
def test_what_a_deadline_lacks_is_said_in_its_place(
    director: Person, goal: Commitment, page_of: Pages, more: dict[str, str], place: str | int, sentence: str
) -> None:
    answer = page_of(director).post("/deadlines/integration-platform/new/", sent(goal, **more))
    assert answer.status_code == 422
    form = answer.context["form"]
    errors = form.windows[place].errors["amount"] if isinstance(place, int) else form.errors[place]
    assert errors == [sentence]
    assert not Deadline.objects.exists()


def test_windows_that_overlap_or_begin_too_early_are_refused_beside_the_row(
    director: Person, goal: Commitment, page_of: Pages
) -> None:
    day = goal.first_promised_on
    second = {"w1-from_date": str(day + timedelta(days=9)), "w1-kind": "day", "w1-amount": "5,000"}
    answer = page_of(director).post("/deadlines/integration-platform/new/", sent(goal, **second))
    (said,) = answer.context["form"].windows[1].errors["from_date"]
    assert said.startswith("Overlaps with the window from")
    assert said.endswith("which has no end.")
    early = page_of(director).post("/deadlines/integration-platform/new/", sent(goal, **{"w0-from_date": str(day)}))
    (said,) = early.context["form"].windows[0].errors["from_date"]
    assert said.startswith("Nobody is late before")


def test_more_rows_come_without_judging_or_losing_what_was_typed(
    director: Person, goal: Commitment, page_of: Pages
) -> None:
    answer = page_of(director).post("/deadlines/integration-platform/new/", sent(goal, more="1", name=""))
    assert answer.status_code == 200
    assert len(answer.context["form"].windows) == 4
    assert 'value="$18k"' in answer.content.decode()
    assert "This field is required" not in answer.content.decode()


def test_an_edited_deadline_keeps_its_windows_and_a_closed_one_is_listed_as_closed(
    director: Person, goal: Commitment, page_of: Pages
) -> None:
    browser = page_of(director)
    browser.post("/deadlines/integration-platform/new/", sent(goal))
    row = Deadline.objects.get()
    shown = browser.get(f"/deadline/{row.pk}/edit/")
    assert 'value="18,000"' in shown.content.decode()
    assert (
        browser.post(f"/deadline/{row.pk}/edit/", sent(goal, name="CMS", **{"w0-amount": "18,000"})).status_code == 302
    )
    row.refresh_from_db()
    assert (row.name, row.windows.get().amount) == ("CMS", 1_800_000)
    browser.post(f"/deadline/{row.pk}/close/")
    said = text(browser.get("/deadlines/integration-platform/"))
    assert "No deadline yet" in said
    assert "CMS ," in said or "CMS," in said
    assert browser.get(f"/deadline/{row.pk}/edit/").status_code == 404


# --- outcomes and days off -------------------------------------------------------------------------------------------


def test_an_outcome_is_added_with_its_sponsor(director: Person, organisation: Organisation, page_of: Pages) -> None:
    browser = page_of(director)
    assert "No outcome yet" in text(browser.get("/outcomes/squad-a/"))
    path = "/outcomes/squad-a/new/"
    assert browser.post(path, {"title": "", "sponsor": ""}).status_code == 422
    assert browser.post(path, {"title": "Claims within a day", "sponsor": director.pk}).status_code == 302
    assert Outcome.objects.get().sponsor == director
    assert "Claims within a day Maya Lindqvist Squad A no promise yet" in text(browser.get("/outcomes/squad-a/"))


def test_a_day_off_is_inherited_and_says_from_where(
    director: Person, manager_a: Person, organisation: Organisation, today: date, page_of: Pages
) -> None:
    day = today + timedelta(days=7)
    browser = page_of(director)
    assert browser.post("/holidays/integration-platform/", {"day": str(day), "name": "Offsite"}).status_code == 302
    again = browser.post("/holidays/integration-platform/", {"day": str(day), "name": ""})
    assert again.status_code == 422
    assert "is a day off for Integration Platform already" in text(again)
    said = text(browser.get("/holidays/squad-a/"))
    assert "Offsite Integration Platform" in said
    assert "Remove" not in said.split("Coming", 1)[1].split("Offsite", 1)[1]  # it is removed where it belongs
    assert "Offsite a group above" in text(page_of(manager_a).get("/holidays/squad-a/"))
    assert "Offsite" not in text(browser.get("/holidays/member-portal/"))
    browser.post(f"/holiday/{Holiday.objects.get().pk}/remove/")
    assert not Holiday.objects.exists()


# --- too much, and its cost ------------------------------------------------------------------------------------------


def test_the_pages_cost_the_same_number_of_queries_however_much_there_is(
    director: Person, full: list[Commitment], plan: PlanningInterval, goal: Commitment, organisation: Organisation,
    today: date, installer: User, page_of: Pages,
) -> None:  # fmt: skip
    browser = page_of(director)
    paths = [
        "/planning/integration-platform/", f"/interval/{plan.pk}/", "/deadlines/integration-platform/",
        "/outcomes/integration-platform/", "/holidays/squad-a/",
    ]  # fmt: skip
    browser.post("/deadlines/integration-platform/new/", sent(goal))
    actions.set_capacity(interval=plan, team=organisation.squad_b, days=40, by=installer)
    actions.add_holiday(team=organisation.platform, day=today, by=None)
    delivered = promise(organisation.squad_a, "Done", today, plan)
    actions.start(commitment=delivered, on=today, by=None)
    actions.freeze(interval=plan, by=installer)
    deliver(commitment=delivered, on=today, actual_value=3)
    silent = promise(organisation.squad_a, "Silent", today - timedelta(days=9), made_on=today - timedelta(days=60))
    forecast_line(silent, today - timedelta(days=30), 70)
    network.recompute(why="test")

    def costs() -> dict[str, int]:
        found = {}
        for path in paths:
            with CaptureQueriesContext(connection) as seen:
                assert browser.get(path).status_code == 200
            found[path] = len(seen)
        return found

    few = costs()
    for number in range(12):
        squad = Team.objects.create(
            name=f"More {number}", slug=f"more-{number}", parent=organisation.platform, kind=Team.Kind.SQUAD
        )
        for part in range(4):
            promise(squad, f"{number} {part}", today + timedelta(days=part + 1), plan)
        actions.add_outcome(team=squad, title="ا" * 300, by=None)
        more = promise(squad, "Late", today - timedelta(days=9), made_on=today - timedelta(days=60))
        forecast_line(more, today - timedelta(days=30), 70)
        actions.add_deadline(
            team=squad, name=f"D{number}", date=today + timedelta(days=number), milestone=more, by=None
        )
        actions.add_holiday(team=organisation.squad_a, day=today + timedelta(days=number), by=None)
    network.recompute(why="more")
    assert costs() == few


def test_long_titles_and_markup_are_shown_as_they_were_typed(
    director: Person, plan: PlanningInterval, organisation: Organisation, today: date, page_of: Pages
) -> None:
    promise(organisation.squad_a, "<script>alert(1)</script>" + "x" * 270, today + timedelta(days=9), plan)
    answer = page_of(director).get(f"/interval/{plan.pk}/").content.decode()
    assert "<script>alert(1)" not in answer
    assert "&lt;script&gt;alert(1)" in answer
