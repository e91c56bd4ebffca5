"""Evidence belongs to the squad that owned the service at the time: who owned it when, and what follows from that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import actions, rollups, vitals
from metrics.drilldown import changes, deployments, incidents
from metrics.events import DeploymentSeen, Event, Outcome, RunSeen
from metrics.models import Deployment, Service, ServiceOwner
from metrics.owners import Said, owner_on, standing, stints
from metrics.periods import Week, weeks_ending
from teams.models import Grant, Person, Team, User
from tests.personas import Organisation, somebody

from . import facts
from .test_rollups import ODD, ZONES, histories, in_sql, near, pure

NOW = datetime(2027, 2, 1, tzinfo=UTC)
TODAY = date(2027, 2, 1)

# --- the definition --------------------------------------------------------------------------------------------------

days = st.dates(date(2026, 3, 1), date(2027, 1, 31))
sayings = st.lists(st.builds(Said, st.sampled_from("abc"), st.one_of(st.none(), days)), max_size=6).map(
    lambda said: [Said("a", None), *said]
)


@given(said=sayings, day=days)
def test_what_holds_now_tells_the_same_owner_of_every_day_as_the_sayings(said: list[Said[str]], day: date) -> None:
    held = stints(said)
    assert held[0].since is None
    assert [one.since for one in held[1:]] == sorted({one.since for one in held[1:] if one.since})
    assert all(before.team != after.team for before, after in pairwise(held))
    assert owner_on(said, day) == next(one.team for one in reversed(held) if one.since is None or one.since <= day)
    assert standing(said)[-1] == len(said) - 1  # what was said last always holds


# --- sums ------------------------------------------------------------------------------------------------------------


class _Undo(Exception):
    pass


@pytest.fixture
def squads(db: None) -> list[Team]:
    group = facts.team("Group", kind=Team.Kind.GROUP)
    return [facts.team(name, group) for name in ("Alpha", "Beta", "Gamma")]


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_user("boss@example.org", "a long password", first_name="Maya", last_name="Lindqvist")


COUNTS = ("deployments", "failed", "rework", "failed_attempts", "changes", "left_out", "restored")
handed = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.one_of(st.none(), days)), max_size=4)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(events=histories(), overs=handed, zone=st.sampled_from(ZONES), odd=st.sampled_from(ODD), cut=st.integers(0, 20))
def test_squads_add_up_to_the_group_through_any_hand_overs_and_are_what_the_pure_functions_say(
    squads: list[Team], boss: User, events: list[Event], overs: list[Any], zone: str, odd: datetime, cut: int
) -> None:
    """Half of the facts are told before the hand-overs and half after; it must not matter."""
    weeks = list(weeks_ending(Week.of(odd + timedelta(days=10), ZoneInfo(zone)), 4))
    ids = [squad.pk for squad in squads]
    with (
        override_settings(ORGANISATION_ZONE=ZoneInfo(zone), TIME_ZONE=zone),
        mock.patch("django.utils.timezone.now", return_value=NOW),
    ):
        try:
            with transaction.atomic():
                source = facts.source(squads[0])
                said = {
                    name: [Said(squads[0].pk, None)]
                    for name in "ab"
                    if Service.objects.create(source=source, name=name, title=name, team=squads[0])
                }
                facts.keep(source, *events[:cut], now=NOW)
                for name, place, since in overs:
                    service = Service.objects.get(source=source, name=name)
                    try:
                        actions.hand_over(service=service, team=squads[place], since=since, by=boss)
                    except actions.Refused:
                        continue
                    said[name].append(Said(squads[place].pk, since))
                facts.keep(source, *events[cut:], now=NOW)

                def owner(event: Event) -> int:
                    at = event.finished_at if isinstance(event, DeploymentSeen) else event.started_at  # type: ignore[union-attr]
                    return owner_on(said[event.service], at.astimezone(ZoneInfo(zone)).date())  # type: ignore[union-attr]

                for squad in ids:
                    expected = [
                        near(pure(week, ZoneInfo(zone), events, lambda one, own=squad: owner(one) == own))  # type: ignore[misc]
                        for week in weeks
                    ]
                    assert [near(one) for one in in_sql([squad], weeks)] == expected
                whole = in_sql(ids, weeks)
                assert [near(one) for one in whole] == [near(pure(week, ZoneInfo(zone), events)) for week in weeks]
                apart = rollups.by_team(ids, weeks)
                for place, week in enumerate(whole):
                    for name in COUNTS:
                        assert sum(getattr(own[place], name) for own in apart.values()) == week[name]
                raise _Undo
        except _Undo:
            pass


# --- by hand ---------------------------------------------------------------------------------------------------------

WEEK = facts.WEEK
WEDNESDAY = date(2026, 11, 18)  # of week 47


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture(autouse=True)
def lisbon(settings: Any) -> None:
    settings.ORGANISATION_ZONE = ZoneInfo("Europe/Lisbon")  # UTC in November


@pytest.fixture
def api(squads: list[Team]) -> Service:
    source = facts.source(squads[0])
    facts.keep(
        source,
        *facts.shipped("mon", at(16), [10]),
        *facts.shipped("tue", datetime(2026, 11, 17, 23, 59, 59, tzinfo=UTC), [20]),
        *facts.shipped("wed", at(18, 0), [30]),
        *facts.shipped("fri", at(20), [40, 50]),
        facts.incident("early", at(17, 20), at(18, 20)),
        facts.incident("late", at(20, 20), at(20, 22)),
    )
    return Service.objects.get()


def counted(squad: Team) -> tuple[int, int, int]:
    [week] = rollups.pooled([squad.pk], [WEEK])
    opened = deployments([squad.pk], WEEK).count(), changes([squad.pk], WEEK).count(), incidents([squad.pk], WEEK)
    assert (week.deployments, week.changes, week.restored) == (*opened[:2], opened[2].count())
    return week.deployments, week.changes, week.restored


def test_a_week_in_which_a_service_was_handed_over_is_split_at_midnight(
    squads: list[Team], api: Service, boss: User
) -> None:
    before = in_sql([squad.pk for squad in squads], [WEEK])

    actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    rollups.rebuild(now=facts.NOW)

    assert counted(squads[0]) == (2, 2, 1)  # Monday, a second before midnight, and what broke on Tuesday
    assert counted(squads[1]) == (2, 3, 1)  # from midnight on
    assert in_sql([squad.pk for squad in squads], [WEEK]) == before
    api.refresh_from_db()
    assert api.team == squads[1]


def test_what_is_told_later_goes_to_who_owned_the_service_then(squads: list[Team], api: Service, boss: User) -> None:
    actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    facts.keep(api.source, *facts.shipped("told late", at(17), [1]), *facts.shipped("moved", at(19), [1]))
    owners = dict(Deployment.objects.values_list("provider_id", "team__name"))
    assert (owners["told late"], owners["moved"]) == ("Alpha", "Beta")

    facts.keep(api.source, facts.deployment("moved", at(16), ["moved-0"]))
    assert Deployment.objects.get(provider_id="moved").team == squads[0]


def test_runs_stay_with_who_owned_the_service_then(squads: list[Team], api: Service, boss: User) -> None:
    def run(key: str, at: datetime) -> RunSeen:
        return RunSeen(
            provider_id=key,
            service="api",
            workflow="ci",
            sha=key,
            on_main=True,
            outcome=Outcome.SUCCESS,
            finished_at=at,
        )

    facts.keep(api.source, run("1", at(17)), run("2", at(17)), run("3", at(18)))
    actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    found = vitals.by_team([squad.pk for squad in squads], [WEEK], until=facts.NOW)
    assert {team: weeks[0].ended for team, weeks in found.items()} == {squads[0].pk: 2, squads[1].pk: 1}


def test_a_hand_over_can_be_taken_back_and_dated_anew(squads: list[Team], api: Service, boss: User) -> None:
    actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    actions.hand_over(service=api, team=squads[0], since=WEDNESDAY, by=boss)
    rollups.rebuild(now=facts.NOW)
    assert counted(squads[0]) == (4, 5, 2)
    assert not rollups.by_team([squads[1].pk], [WEEK])

    actions.hand_over(service=api, team=squads[2], since=None, by=boss)
    rollups.rebuild(now=facts.NOW)
    assert counted(squads[2]) == (4, 5, 2)
    assert ServiceOwner.objects.count() == 4


def test_days_of_hand_overs_follow_the_organisation_to_another_zone(
    squads: list[Team], api: Service, boss: User, settings: Any
) -> None:
    actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    rollups.rebuild(now=facts.NOW)
    settings.ORGANISATION_ZONE = ZoneInfo("Europe/Berlin")  # Wednesday begins an hour earlier
    rollups.rebuild(now=facts.NOW)
    assert Deployment.objects.get(provider_id="tue").team == squads[1]
    assert counted(squads[0])[0] == 1


def test_what_cannot_be_is_refused_in_words(squads: list[Team], api: Service, boss: User) -> None:
    def refused(team: Team, since: date | None) -> str:
        with pytest.raises(actions.Refused) as why:
            actions.hand_over(service=api, team=team, since=since, by=boss)
        return str(why.value).replace("\xa0", " ")

    today = date.today()  # noqa: DTZ011 (the day in Lisbon may be the next only at midnight)
    closed = facts.team("Closed")
    Team.objects.filter(pk=closed.pk).update(closed_at=at(1), closed_by=boss)
    closed.refresh_from_db()
    assert "has not come" in refused(squads[1], today + timedelta(days=2))
    assert refused(squads[1], date(2026, 11, 15)).startswith("Nothing is known of api before 16 Nov")
    assert refused(closed, WEDNESDAY) == "Closed is closed. Choose a squad that is open."
    assert "a vendor" in refused(facts.team("Outside", kind=Team.Kind.VENDOR), WEDNESDAY)
    assert "a group" in refused(squads[0].parent, WEDNESDAY)  # type: ignore[arg-type]
    assert refused(squads[0], WEDNESDAY) == "api is of Alpha already."
    assert refused(squads[0], None) == "api always was of Alpha."
    actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    assert "the day on which Beta got it, 18 Nov" in refused(squads[0], date(2026, 11, 17))
    assert ServiceOwner.objects.count() == 2


def test_the_history_is_kept(squads: list[Team], api: Service, boss: User) -> None:
    row = actions.hand_over(service=api, team=squads[1], since=WEDNESDAY, by=boss)
    assert (row.by, row.by_name) == (boss, "Maya Lindqvist")
    for change in (lambda: ServiceOwner.objects.update(team=squads[2]), lambda: ServiceOwner.objects.all().delete()):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_two_hand_overs_at_once_come_one_after_the_other(squads: list[Team], api: Service, boss: User) -> None:
    """The second sees what the first did: it is refused, since another than the seen one is the newest."""
    seen = ServiceOwner.objects.get().pk
    together, outcomes = Barrier(2, timeout=30), []

    def hand(team: Team) -> None:
        try:
            together.wait()
            actions.hand_over(service=api, team=team, since=WEDNESDAY, by=boss, seen=seen)
            outcomes.append("done")
        except actions.Refused as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=hand, args=[team]) for team in squads[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes.count("done") == 1
    assert sum("meanwhile" in outcome for outcome in outcomes) == 1
    api.refresh_from_db()
    assert set(Deployment.objects.filter(finished_at__gte=at(18, 0)).values_list("team", flat=True)) == {api.team_id}


# --- through the pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def shop(organisation: Organisation) -> Service:
    source = facts.source(organisation.platform)
    Service.objects.create(source=source, name="api", title="api", team=organisation.squad_a)
    facts.keep(source, *facts.shipped("a", at(16), [10]), *facts.shipped("b", at(18), [20]))
    return Service.objects.get(source=source)


def test_a_service_is_handed_over_on_its_page(shop: Service, organisation: Organisation, browser: Client) -> None:
    page = browser.get(f"/source/{shop.source_id}/").content.decode()
    address = f"/source/{shop.source_id}/service/{shop.pk}/"
    assert f'href="{address}#hand-over"' in page

    form = browser.get(address).context["form"]
    answer = {"team": organisation.squad_b.pk, "since": "2026-11-17", "seen": form.initial["seen"]}
    assert browser.post(f"{address}hand-over/", answer, follow=True).status_code == 200
    rollups.rebuild(now=facts.NOW)

    page = " ".join(browser.get(address).content.decode().replace("&nbsp;", " ").split())
    assert "Squad B</a> since 17" in page
    assert "as it was first read" in page
    assert Deployment.objects.get(provider_id="a").team == organisation.squad_a
    assert Deployment.objects.get(provider_id="b").team == organisation.squad_b


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"team": "", "since": "2026-11-17"}, "Choose a squad."),
        ({"since": ""}, "Choose the day, or say that it always was theirs."),
        ({"since": "soon"}, "Write the day as"),
        ({"since": "2026-01-01"}, "Nothing is known of api before"),
        ({"seen": "1"}, "meanwhile"),
    ],
)
def test_a_wrong_answer_is_told_and_kept(
    shop: Service, organisation: Organisation, browser: Client, answer: dict[str, str], why: str
) -> None:
    address = f"/source/{shop.source_id}/service/{shop.pk}/hand-over/"
    said = {"team": organisation.squad_b.pk, "since": "2026-11-17", "seen": ServiceOwner.objects.get(service=shop).pk}
    found = browser.post(address, said | answer)
    assert found.status_code == 422
    assert why in found.content.decode()
    assert ServiceOwner.objects.filter(service=shop).count() == 1


def test_who_sees_only_the_new_squad_sees_only_what_happened_since(
    shop: Service, organisation: Organisation, page_of: Any, boss: User
) -> None:
    actions.hand_over(service=shop, team=organisation.squad_b, since=date(2026, 11, 17), by=boss)
    rollups.rebuild(now=facts.NOW)
    manager = page_of(somebody("Ben Okafor", Grant.Role.MANAGER, organisation.squad_b))
    body = manager.get("/metrics/squad-b/deployment-frequency/rows.csv?week=2026-W47")
    lines = b"".join(body.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in lines[1:]] == ["b"]
    assert manager.get("/metrics/squad-a/deployment-frequency/rows.csv?week=2026-W47").status_code == 404


def test_the_old_squad_keeps_its_row_in_the_weeks_before(
    shop: Service, organisation: Organisation, director: Person, page_of: Any, boss: User
) -> None:
    actions.hand_over(service=shop, team=organisation.squad_b, since=date(2026, 11, 17), by=boss)
    rollups.rebuild(now=facts.NOW)
    page = page_of(director).get("/week/integration-platform/2026-W47/").context["page"]
    shown = {row.name: row.deployments for row in page.health}
    assert (shown["Squad A"], shown["Squad B"]) == ("1", "1")
