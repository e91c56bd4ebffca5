"""Promises and what happened to them: each verb, what it refuses, and that nothing which happened can be changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from delivery import actions, network, shown
from delivery.actions import Changed, Loop, Proposal, Refused, Said
from delivery.models import (
    Answer,
    CheckIn,
    Commitment,
    Dependency,
    Estimate,
    Flag,
    ForecastRun,
    NetworkMark,
    Slip,
)
from delivery.tasks import forecast_if_needed
from teams.models import Team, User
from tests.personas import Organisation

pytestmark = pytest.mark.django_db

OPTION = Proposal(title="Ship read and search first", saves_days=4, is_advised=True)


def day(days: int) -> date:
    return actions.rules.today() + timedelta(days=days)


@pytest.fixture
def by(installer: User) -> User:
    return installer


@pytest.fixture
def promise(organisation: Organisation, by: User) -> Callable[..., Commitment]:
    def make(title: str = "FHIR Patient API", team: Team | None = None, due: int = 20, **more: Any) -> Commitment:
        days = (6, 9, 14) if not more.get("is_milestone") else None
        options = {"days": days} | more
        return actions.make_commitment(
            team=team or organisation.squad_a, title=title, promised_on=day(due), by=by, **options
        )

    return make


def slip(commitment: Commitment, to: int, by: User, **more: Any) -> Slip:
    given = {"reason": Slip.Reason.VENDOR, "options": [OPTION]} | more
    return actions.log_slip(commitment=commitment, to_date=day(to), by=by, **given)


# --- a promise that moves --------------------------------------------------------------------------------------------


def test_the_first_promise_stays_whatever_moves(promise: Callable[..., Commitment], by: User) -> None:
    one = promise(due=20)
    slip(one, 27, by)
    slip(one, 41, by)
    slip(one, 34, by, options=[])  # earlier again: it needs no option
    one.refresh_from_db()
    assert one.first_promised_on == day(20)
    assert one.promise_in_force() == day(34)
    assert [row.to_date for row in one.slips.all()] == [day(27), day(41), day(34)]


def test_a_slip_moves_the_estimate_with_the_date_unless_a_new_one_is_given(
    promise: Callable[..., Commitment], by: User
) -> None:
    one = promise()
    slip(one, 34, by)
    working = network.calendars([one.team_id])[one.team_id].working_days_between(day(20), day(34))
    assert [(row.low, row.likely, row.high) for row in one.estimates.all()] == [
        (6, 9, 14),
        (6 + working, 9 + working, 14 + working),
    ]
    slip(one, 41, by, days=(3, 4, 5))
    assert one.estimates.last().likely == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("to", "more", "says"),
    [
        (20, {}, "is promised for"),
        (-3, {}, "has passed"),
        (30, {"options": []}, "Add one option"),
        (30, {"reason": "bad luck"}, "Choose the reason"),
        (30, {"words_": "x" * 2_000_001}, "Shorten it"),
        (30, {"options": [Proposal(title="x", cost=-1)]}, "nothing or more"),
        (40_000, {}, "cannot be meant"),
    ],
)
def test_a_slip_that_cannot_be_is_refused_with_what_to_do(
    promise: Callable[..., Commitment], by: User, to: int, more: dict[str, Any], says: str
) -> None:
    one = promise(due=20)
    with pytest.raises(Refused, match=says):
        slip(one, to, by, **more)
    assert not one.slips.exists()


def test_of_two_who_save_at_once_the_second_sees_what_the_first_did(
    promise: Callable[..., Commitment], by: User
) -> None:
    one = promise()
    seen = None
    slip(one, 27, by, seen=seen)
    with pytest.raises(Changed, match="Your text is still here"):
        slip(one, 34, by, seen=seen)
    assert one.slips.count() == 1


def test_what_was_delivered_or_cancelled_cannot_slip(promise: Callable[..., Commitment], by: User) -> None:
    done, gone = promise("Done"), promise("Gone")
    actions.deliver(commitment=done, on=day(0), by=by)
    actions.cancel(commitment=gone, why="No longer needed", by=by)
    for one in (done, gone):
        with pytest.raises(Refused, match="Reopen it first"):
            slip(one, 40, by)


def test_a_correction_is_a_new_row_that_names_the_old_one(promise: Callable[..., Commitment], by: User) -> None:
    one = promise()
    first = slip(one, 27, by, reason=Slip.Reason.ESTIMATE)
    fixed = actions.correct_slip(slip=first, reason=Slip.Reason.VENDOR, words_="The profile differs.", by=by)
    first.refresh_from_db()
    assert (first.reason, fixed.corrects, fixed.to_date) == ("estimate", first, day(27))
    assert one.promise_in_force() == day(27)
    with pytest.raises(Changed):
        actions.correct_slip(slip=first, reason=Slip.Reason.SQUAD, words_="Again", by=by)


def test_an_option_is_taken_once_and_its_days_count(promise: Callable[..., Commitment], by: User) -> None:
    one = promise()
    moved = slip(one, 27, by, days=(6, 9, 14), options=[OPTION, Proposal(title="Wait")])
    first, second = moved.options.all()
    actions.choose(option=first, why="It costs nothing", by=by)
    assert one.estimates.last().likely == 5  # type: ignore[union-attr]
    with pytest.raises(Changed, match="has decided already"):
        actions.choose(option=second, by=by)


@pytest.mark.parametrize("days", [(5, 4, 9), (5, 9, 8), (-1, 2, 3), (1, 2, 2001)])
def test_an_estimate_out_of_order_is_refused(
    promise: Callable[..., Commitment], by: User, days: tuple[int, int, int]
) -> None:
    with pytest.raises(Refused):
        actions.estimate(commitment=promise(), days=days, by=by)


@pytest.mark.parametrize("due", [date(1970, 1, 1), date(2100, 1, 1)])
def test_a_promise_for_a_day_that_cannot_be_meant_is_refused(organisation: Organisation, by: User, due: date) -> None:
    with pytest.raises(Refused, match="cannot be meant"):
        actions.make_commitment(team=organisation.squad_a, title="x", promised_on=due, by=by)


def test_a_title_is_data_whatever_it_holds(promise: Callable[..., Commitment], by: User) -> None:
    assert promise("<script>alert(1)</script> مرحبا\x00").title == "<script>alert(1)</script> مرحبا"
    with pytest.raises(Refused, match="Shorten it"):
        promise("x" * 2_000_000)


# --- what happened stays ---------------------------------------------------------------------------------------------

KEPT = ("slip", "estimate", "flag", "checkin", "answer", "dependencyevent", "choice", "statusoverride", "frozenpromise")


@pytest.fixture
def happened(promise: Callable[..., Commitment], organisation: Organisation, by: User) -> Commitment:
    """One row in every table that keeps what happened."""
    one, other = promise("One"), promise("Other", organisation.squad_b)
    moved = slip(one, 27, by)
    actions.choose(option=moved.options.get(), by=by)
    actions.link(before=one, after=other, by=by)
    actions.override_status(commitment=one, status="risk", why="I know more", by=by)
    monday = day(-day(0).weekday())
    actions.send_checkin(team=one.team, monday=monday, said=[Said(commitment=one, word="on_track")], by=by)
    interval = actions.add_interval(team=organisation.platform, name="PI", starts_on=day(0), ends_on=day(80), by=by)
    Commitment.objects.update(interval=interval)
    network.recompute(why="test")
    actions.freeze(interval=interval, by=by)
    return one


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("order", ["UPDATE delivery_{} SET id = id + 1", "DELETE FROM delivery_{}"])
def test_raw_sql_cannot_change_what_happened(happened: Commitment, table: str, order: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM delivery_{table}")
        assert cursor.fetchone()[0] > 0
    with (
        pytest.raises(DatabaseError, match="Cannot update or delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(order.format(table))


@pytest.mark.parametrize("table", KEPT)
def test_no_table_of_what_happened_can_be_emptied(table: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE delivery_{table} ENABLE TRIGGER ALL")
    with pytest.raises(DatabaseError, match="truncate"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE delivery_{table} CASCADE")


def test_the_orm_cannot_change_a_slip_either(happened: Commitment) -> None:
    row = Slip.objects.filter(commitment=happened).first()
    assert row is not None
    row.words = "It was never late"
    for attempt in (row.save, row.delete, lambda: Slip.objects.update(words="x"), Slip.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


def test_a_team_with_promises_cannot_be_deleted(happened: Commitment) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        happened.team.delete()


# --- contracts -------------------------------------------------------------------------------------------------------


def test_a_loop_is_refused_and_named(promise: Callable[..., Commitment], by: User) -> None:
    a, b, c = (promise(name) for name in "ABC")
    actions.link(before=a, after=b, by=by)
    actions.link(before=b, after=c, by=by)
    with pytest.raises(Loop, match=r"C → A → B → C|A → B → C → A|B → C → A → B"):
        actions.link(before=c, after=a, by=by)
    with pytest.raises(Loop, match="cannot wait for itself"):
        actions.link(before=a, after=a, by=by)


@pytest.mark.django_db(transaction=True)
def test_two_links_made_at_once_cannot_close_a_loop(promise: Callable[..., Commitment], by: User) -> None:
    a, b = promise("A"), promise("B")
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def make(before: Commitment, after: Commitment) -> None:
        gate.wait()
        try:
            actions.link(before=before, after=after, by=by)
            outcomes.append("made")
        except Loop:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make, args=pair) for pair in ((a, b), (b, a))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert Dependency.objects.count() == 1


def test_a_contract_is_what_its_events_made_of_it(promise: Callable[..., Commitment], by: User) -> None:
    a, b = promise("A"), promise("B")
    row = actions.link(before=a, after=b, by=by, needed_by=day(10))
    actions.offer(dependency=row, on=day(14), by=by)
    actions.counter(dependency=row, on=day(12), by=by)
    actions.agree(dependency=row, on=day(12), by=by)
    [contract] = shown.links_of([a.pk])
    assert (contract.step, contract.agreed_on, contract.on) == ("agreed", day(12), day(12))
    with pytest.raises(Refused, match="https://"):
        actions.meet(dependency=row, on=day(0), by=by, evidence="javascript:alert(1)")
    actions.meet(dependency=row, on=day(0), by=by)
    with pytest.raises(Refused, match="was met"):
        actions.agree(dependency=row, on=day(1), by=by)


# --- deadlines -------------------------------------------------------------------------------------------------------


def test_windows_that_overlap_and_a_penalty_without_currency_are_refused(
    promise: Callable[..., Commitment], organisation: Organisation, by: User
) -> None:
    goal = promise("Go-live", organisation.platform, is_milestone=True)
    first = (day(31), day(60), "day", 1_800_000, None)
    second = (day(50), day(90), "day", 2_000_000, None)
    for windows, currency in (([first, second], "USD"), ([first], "")):
        with pytest.raises(Refused):
            actions.add_deadline(
                team=organisation.platform,
                name="CMS",
                date=day(30),
                milestone=goal,
                by=by,
                windows=windows,
                currency=currency,
            )


# --- forecasts -------------------------------------------------------------------------------------------------------


def test_a_stored_forecast_is_shown_again_exactly(happened: Commitment) -> None:
    run = ForecastRun.objects.order_by("-pk").first()
    assert run is not None
    again = network.replay(run)
    assert (again.digest, again.inputs_digest) == (run.digest, run.inputs_digest)
    line = run.lines.get(commitment=happened)
    landing = again.landings[str(happened.pk)]
    assert landing.finish is not None
    assert landing.by_promise is not None
    assert (line.even, line.sure, line.hits) == (
        landing.finish.even_odds,
        landing.finish.sure_85,
        landing.by_promise.hits,
    )


def test_a_change_marks_the_forecast_and_a_worker_makes_one(promise: Callable[..., Commitment], by: User) -> None:
    one = promise()
    assert NetworkMark.objects.exists()
    forecast_if_needed()
    assert not NetworkMark.objects.exists()
    assert ForecastRun.objects.count() == 1
    forecast_if_needed()  # nothing has changed
    network.recompute(why="again")
    assert ForecastRun.objects.count() == 1
    slip(one, 40, by)
    forecast_if_needed()
    assert ForecastRun.objects.count() == 2


def test_a_slip_upstream_moves_the_deadline_and_a_what_if_said_so_before_without_writing(
    promise: Callable[..., Commitment], organisation: Organisation, by: User
) -> None:
    api, exchange = promise("API"), promise("Exchange", organisation.squad_b, due=34)
    goal = promise("Go-live", organisation.platform, due=38, is_milestone=True)
    actions.link(before=api, after=exchange, by=by)
    actions.link(before=exchange, after=goal, by=by)
    window = (day(39), None, "day", 1_800_000, None)
    deadline = actions.add_deadline(
        team=organisation.platform, name="CMS", date=day(38), milestone=goal, by=by, windows=[window], currency="USD"
    )
    before = network.recompute(why="base").deadlines.get(deadline=deadline)
    rows = {model: model.objects.count() for model in (Estimate, Slip, ForecastRun, NetworkMark, Flag, Answer, CheckIn)}
    working = network.calendars([api.team_id])[api.team_id].working_days_between(day(20), day(34))
    [said] = network.what_if({api.pk: working}).deadlines
    assert rows == {model: model.objects.count() for model in rows}

    slip(api, 34, by)
    after = network.recompute(why="slip").deadlines.get(deadline=deadline)

    assert after.even > before.even
    assert after.hits < before.hits
    assert after.penalty > before.penalty
    assert (said.even_after, said.chance_after.hits, said.penalty_after) == (after.even, after.hits, after.penalty)


def test_work_that_has_begun_does_not_drift_while_nobody_estimates_it(
    promise: Callable[..., Commitment], by: User
) -> None:
    from datetime import UTC, datetime, time

    a_week_ago = datetime.combine(day(-7), time(12), UTC)
    one = promise(made_on=day(-8), at=a_week_ago)
    waiting = network.recompute(why="not begun").lines.get(commitment=one).even
    actions.start(commitment=one, on=day(-8), by=by)
    begun = network.recompute(why="begun").lines.get(commitment=one).even
    assert begun < waiting


# --- check-ins -------------------------------------------------------------------------------------------------------


def test_at_risk_needs_an_option_and_will_slip_needs_a_slip(promise: Callable[..., Commitment], by: User) -> None:
    one = promise()
    monday = day(-day(0).weekday())

    def send(word: str, **more: Any) -> CheckIn:
        return actions.send_checkin(team=one.team, monday=monday, said=[Said(commitment=one, word=word, **more)], by=by)

    with pytest.raises(Refused, match="Add one option"):
        send("at_risk")
    with pytest.raises(Refused, match="Log the slip"):
        send("will_slip")
    assert not CheckIn.objects.exists()  # nothing half
    send("at_risk", options=[OPTION])
    assert Flag.objects.get().how == "checkin"


def test_a_promise_that_moved_to_another_team_is_not_answered_by_the_old_one(
    promise: Callable[..., Commitment], organisation: Organisation, by: User
) -> None:
    one = promise()
    old = one.team
    actions.move_commitment(commitment=one, team=organisation.squad_b, by=by)
    one.refresh_from_db()
    monday = day(-day(0).weekday())
    with pytest.raises(Refused, match="no longer a promise of"):
        actions.send_checkin(team=old, monday=monday, said=[Said(commitment=one, word="on_track")], by=by)
