# ruff: noqa: F811 (fixtures are imported)
"""A past week opens as it was known then: over random histories it equals what was read at that moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.db import DatabaseError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery import actions, network
from delivery.models import Commitment
from metrics.periods import Week
from stakeholders import tasks
from stakeholders.models import KeptWeek, Review
from stakeholders.week import drift, remembering, saying
from stakeholders.week.known import Known, read
from teams.models import Person, Team
from tests.delivery.commitments import Story, forecast, story, words
from tests.personas import Organisation

Browser = Callable[[Person], Client]
pytestmark = pytest.mark.django_db
__all__ = ["story"]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["promise", "slip", "flag", "estimate", "link", "choose", "deliver", "cancel", "forecast", "deadline"]
        ),
        st.integers(0, 5),
    ),
    min_size=3, max_size=9,
)  # fmt: skip


class History:
    """A few promises of two squads, told step by step, one each day."""

    def __init__(self, organisation: Organisation, by: Any, begin: datetime) -> None:
        self.by, self.now = by, begin
        self.squads = [organisation.squad_a, organisation.squad_b]
        self.made: list[Commitment] = []

    @property
    def teams(self) -> list[int]:
        return [one.pk for one in self.squads]

    def tell(self, step: str, pick: int) -> None:
        self.now += timedelta(days=1)
        day = self.now.date()
        open_ = list(Commitment.objects.open().order_by("pk"))
        if step == "promise" or not open_:
            row = actions.make_commitment(
                team=self.squads[pick % 2], title=f"Promise {len(self.made)}", promised_on=day + timedelta(days=20),
                days=(3, 5, 9), by=self.by, at=self.now, made_on=day,
            )  # fmt: skip
            Commitment.objects.filter(pk=row.pk).update(created_at=self.now)
            self.made.append(row)
            return
        row = open_[pick % len(open_)]
        if step == "deadline":
            window = (day + timedelta(days=21), None, "day", 100_000, None)
            made = actions.add_deadline(
                team=row.team, name=f"Deadline {pick}", date=day + timedelta(days=20), milestone=row, by=self.by,
                windows=[window], currency="USD",
            )  # fmt: skip
            type(made).objects.filter(pk=made.pk).update(created_at=self.now)
            return
        option = actions.Proposal(title="Cut scope", saves_days=2)
        if step == "slip":
            to = row.promise_in_force() + timedelta(days=7)
            actions.log_slip(
                commitment=row, to_date=to, reason="scope", by=self.by, options=[option], at=self.now, on=day
            )
        elif step == "flag":
            actions.flag(commitment=row, by=self.by, options=[option], at=self.now, on=day)
        elif step == "estimate":
            actions.estimate(commitment=row, days=(1, pick + 1, pick + 4), by=self.by, at=self.now)
        elif step == "choose":
            free = next((one for one in row.options.all() if not hasattr(one, "choice")), None)
            if free is not None and not row.options.filter(slip=free.slip, choice__isnull=False).exists():
                actions.choose(option=free, by=self.by, why="So.", at=self.now)
        elif step == "link" and len(open_) > 1:
            before, after = open_[0], open_[-1]
            if not before.needed_by.exists():
                actions.link(before=before, after=after, by=self.by, at=self.now, found_on=day)
        elif step == "deliver":
            Commitment.objects.filter(pk=row.pk).update(delivered_on=day, delivered_by=self.by)
        elif step == "cancel":
            actions.cancel(commitment=row, why="Not needed.", by=self.by, at=self.now)
        else:
            network.recompute(why="a step", as_of=day, at=self.now)


def shown(teams: list[int], at: datetime) -> tuple[Known, Any, Any, Any]:
    """What the page of a moment rests on: the records, the sentence, the lines of forecasts."""
    known = remembering.known(teams, at=at)
    return (
        known,
        saying.saying(saying.Facts(known=known)),
        drift.moves([one.id for one in known.promises], at=at),
        [drift.weeks_of(one.id, at=at) for one in known.deadlines],
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_is_read_later_of_a_moment_equals_what_was_read_then(
    steps: list[tuple[str, int]], organisation: Organisation, manager_a: Person
) -> None:
    with transaction.atomic():
        history = History(organisation, manager_a.user, datetime(2026, 9, 7, 10, tzinfo=UTC))
        then = []
        for step, pick in steps:
            history.tell(step, pick)
            then.append(shown(history.teams, history.now))
        for moment in then:
            known = moment[0]
            assert shown(history.teams, known.at) == moment
            assert read(known.as_json()) == known
        transaction.set_rollback(True)


# --- on the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(director: Person, page_of: Browser) -> Client:
    return page_of(director)


def last_week() -> Week:
    from django.utils import timezone

    return Week.of(timezone.now(), conf.ORGANISATION_ZONE).previous()


@pytest.fixture
def aged(story: Story) -> Story:
    """The story was recorded three weeks ago; the slip came today."""
    end = last_week().bounds(conf.ORGANISATION_ZONE)[1]
    Commitment.objects.update(created_at=end - timedelta(days=20))
    type(story.deadline).objects.update(created_at=end - timedelta(days=20))
    Team.objects.update(created_at=end - timedelta(days=30))
    network.recompute(why="then", at=end - timedelta(days=10))
    story.slip(41)
    forecast()
    return story


def test_a_past_week_does_not_know_what_was_logged_later(aged: Story, browser: Client) -> None:
    now = browser.get("/week/integration-platform/").context["page"].judged
    shown = browser.get(f"/week/integration-platform/{last_week().previous().label}/")
    past = shown.context["page"].judged
    assert past.known.get("promises", aged.api.pk).due == aged.on(20)
    assert now.known.get("promises", aged.api.pk).due == aged.on(41)
    html = words(shown.content.decode())
    assert "as known when the week ended" in html
    assert "Back to now" in html
    assert "Record decision" not in html
    assert "Mark reviewed" not in html


def test_a_week_before_anything_was_promised_shows_no_promise(aged: Story, browser: Client) -> None:
    past = browser.get("/week/integration-platform/2025-W10/").context["page"].judged
    assert not past.promised
    assert past.headline is None


def test_a_week_is_kept_once_when_it_has_ended_and_opens_as_it_was(aged: Story, browser: Client) -> None:
    week = last_week().previous()
    assert tasks.keep(week) > 0
    assert tasks.keep(week) == 0
    kept = KeptWeek.objects.get(team=aged.live.team, monday=week.monday)
    Commitment.objects.filter(pk=aged.api.pk).update(title="Another title")
    past = browser.get(f"/week/integration-platform/{week.label}/").context["page"].judged
    assert past.known == read(kept.known)
    assert past.known.get("promises", aged.api.pk).title == "FHIR Patient API", "as it was shown"


def test_what_was_kept_cannot_be_rewritten(aged: Story) -> None:
    tasks.keep(last_week())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE stakeholders_keptweek SET known = '{}'")


def test_marked_as_reviewed_it_compares_with_that_moment(aged: Story, browser: Client, director: Person) -> None:
    answer = browser.post("/week/integration-platform/reviewed/", follow=True)
    assert "Reviewed." in answer.content.decode()
    review = Review.objects.get()
    assert (review.by, review.team) == (director.user, aged.live.team)
    page = browser.get("/week/integration-platform/").context["page"]
    assert not any(group.title in ("Slipped", "Status changed") for group in page.judged.groups)
    assert page.changed_sub.startswith("since ")
    aged.slip(55)
    forecast()
    page = browser.get("/week/integration-platform/").context["page"]
    assert [line.what for group in page.judged.groups if group.title == "Slipped" for line in group.lines] == [
        "FHIR Patient API"
    ]


def test_a_figure_that_late_data_changed_is_marked(aged: Story, browser: Client) -> None:
    from stakeholders.week.page import restated

    tasks.keep(last_week())
    kept = KeptWeek.objects.get(team=aged.live.team)
    then = dict(kept.figures)
    assert then

    class Judged:
        pass

    promised: Any = Judged()
    promised.kept = kept
    slug, figure = next(iter(then.items()))
    assert restated(slug, figure, promised) == {}
    assert "it was" in restated(slug, "23", promised)["restated"]
    promised.kept = None
    assert restated(slug, "23", promised) == {}
