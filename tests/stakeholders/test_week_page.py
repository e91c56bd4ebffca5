"""The weekly page: who sees what, which weeks there are, what it says of each state, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from metrics import ingest, rollups
from metrics.events import Answer, ChangeSeen, DeploymentSeen, Event, IncidentSeen, Outcome
from metrics.models import Service, Source, Stream
from stakeholders.week.page import Page
from teams.models import Grant, Membership, Person, Team, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # Wednesday of week 48
TUESDAY = datetime(2026, 11, 17, 14, 2, tzinfo=UTC)  # of week 47
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
QUERIES = 24  # session, user, the team, the page's own, and the frame's


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


def a_team(name: str, parent: Team | None = None, kind: str = Team.Kind.SQUAD, **more: Any) -> Team:
    slug = name.lower().replace(" ", "-")
    return Team.objects.create(name=name, slug=slug, kind=kind, parent=parent, **more)


@pytest.fixture
def platform() -> Team:
    return a_team("Integration Platform", kind=Team.Kind.GROUP)


@pytest.fixture
def squad_a(platform: Team) -> Team:
    return a_team("Squad A", platform)


@pytest.fixture
def squad_b(platform: Team) -> Team:
    return a_team("Squad B", platform)


def reader(team: Team | None, role: str = Grant.Role.DIRECTOR, name: str = "Maya Lindqvist") -> Client:
    email = f"{name.lower().replace(' ', '.')}@example.org"
    person = Person.objects.create(name=name, email=email, user=User.objects.create_user(email, "a long password"))
    if team is not None:
        Grant.objects.create(person=person, role=role, team=team)
    client = Client()
    client.force_login(person.user)  # type: ignore[arg-type]
    return client


def a_source(
    team: Team, name: str = "GitHub", *, read_at: datetime | None = NOW - 4 * HOUR / 60, **stream: Any
) -> Source:
    source = Source.objects.create(team=team, provider="git", name=name)
    Source.objects.filter(pk=source.pk).update(created_at=NOW - 50 * WEEK)
    state = {"due_at": NOW + HOUR, "succeeded_at": read_at} | stream
    Stream.objects.create(source=source, kind="history", **state)
    return source


def a_service(source: Source, team: Team, name: str = "") -> Service:
    return Service.objects.create(source=source, name=name, title=name or source.name, team=team)


def deployed(key: str, at: datetime, *, service: str = "", lead: timedelta = 30 * HOUR, **more: Any) -> list[Event]:
    """A deployment that carries one change."""
    sha = f"{service}-{key}"
    change = ChangeSeen(sha=sha, title=f"Change {key}", author="x", first_commit_at=at - lead, merged_at=at - HOUR)
    facts: dict[str, Any] = {
        "provider_id": key, "service": service, "environment": "production", "production": True, "sha": sha,
        "ref": key, "outcome": Outcome.SUCCESS, "raw_outcome": "", "started_at": at, "finished_at": at,
        "base": "before", "carried": (sha,),
    }  # fmt: skip
    return [change, DeploymentSeen(**(facts | more))]


def broke(key: str, at: datetime, lasted: timedelta | None, *, service: str = "", **more: Any) -> Event:
    ended = at + lasted if lasted is not None else None
    title = more.pop("title", "Search fails")
    return IncidentSeen(provider_id=key, service=service, title=title, started_at=at, resolved_at=ended, **more)


def told(source: Source, *events: Event | Iterable[Event]) -> None:
    flat: list[Event] = []
    for one in events:
        flat += one if isinstance(one, list) else [one]  # type: ignore[list-item]
    with transaction.atomic():
        ingest.store(source, flat, now=NOW)
    rollups.rebuild(now=NOW)


def some_weeks(count: int, each: int, service: str = "") -> list[Event]:
    """`each` deployments in each of the `count` weeks that end with week 47."""
    return [
        event
        for back in range(count)
        for one in range(each)
        for event in deployed(f"{service}{back}-{one}", TUESDAY - back * WEEK + one * HOUR, service=service)
    ]


def page_of(client: Client, team: Team, week: str = "2026-W47") -> Page:
    answer = client.get(f"/week/{team.slug}/{week}/" if week else f"/week/{team.slug}/")
    assert answer.status_code == 200
    found: Page = answer.context["page"]
    return found


def html_of(client: Client, team: Team, week: str = "2026-W47") -> str:
    return client.get(f"/week/{team.slug}/{week}/" if week else f"/week/{team.slug}/").content.decode()


def sentence(page: Page) -> str:
    return page.headline.sentence.replace("\xa0", " ")


def fact(page: Page, label: str) -> dict[str, Any]:
    return next(one for one in page.facts if one["label"] == label)


def changes_in(page: Page, title: str) -> list[str]:
    return [f"{one.what} {one.text}" for group in page.groups if group.title == title for one in group.changes]


# --- the way to it ---------------------------------------------------------------------------------------------------


def test_the_front_door_leads_to_the_highest_team_that_the_person_sees(platform: Team, squad_a: Team) -> None:
    assert reader(squad_a).get("/").headers["Location"] == "/week/squad-a/"
    assert reader(platform, name="Ruth Adler").get("/").headers["Location"] == "/week/integration-platform/"


def test_the_front_door_remembers_the_team_looked_at_last(platform: Team, squad_a: Team) -> None:
    client = reader(platform)
    client.get("/week/squad-a/")
    assert client.get("/").headers["Location"] == "/week/squad-a/"


def test_the_remembered_team_opens_nothing_to_somebody_who_may_not_see_it(squad_a: Team, squad_b: Team) -> None:
    client = reader(squad_a)
    client.cookies["scope"] = "squad-b"
    assert client.get("/").headers["Location"] == "/week/squad-a/"


def test_somebody_without_a_team_is_told_what_to_do(squad_a: Team) -> None:
    answer = reader(None).get("/")
    assert answer.status_code == 200
    assert "Nobody has given you a team yet" in answer.content.decode()
    assert "Squad A" not in answer.content.decode()


def test_the_first_person_is_led_to_the_first_team() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("first@example.org", "a long password"))
    assert "/teams/add/" in client.get("/").content.decode()


def test_a_visitor_is_asked_to_sign_in(squad_a: Team) -> None:
    for address in ("/", "/week/squad-a/", "/week/squad-a/2026-W47/"):
        assert Client().get(address).headers["Location"].startswith("/accounts/login/")


def test_a_team_that_the_person_does_not_see_is_not_there(squad_a: Team, squad_b: Team) -> None:
    client = reader(squad_a)
    assert client.get("/week/squad-b/").status_code == 404
    assert client.get("/week/no-such-team/").status_code == 404


@pytest.mark.parametrize(
    "week",
    ["2026-W49", "2030-W01", "2026-W54", "2025-W53", "0001-W01", "0002-W05", "9999-W01", "now", "2026-47", "W47"],
)
def test_a_week_that_cannot_be_shown_is_not_there(squad_a: Team, week: str) -> None:
    answer = reader(squad_a).get(f"/week/squad-a/{week}/")
    assert answer.status_code == 404
    assert "This page is not here" in answer.content.decode()


def test_nothing_can_be_sent_to_it(squad_a: Team) -> None:
    assert reader(squad_a).post("/week/squad-a/").status_code == 405


# --- weeks -----------------------------------------------------------------------------------------------------------


def test_without_a_week_it_is_the_current_one_marked_as_partial(squad_a: Team) -> None:
    page = page_of(reader(squad_a), squad_a, "")
    assert page.week.label == "2026-W48"
    assert page.partial == "Partial week: day 3 of 7"
    assert page.picker["previous"] == "/week/squad-a/2026-W47/"
    assert page.picker["next"] == ""


def test_a_week_of_the_past_leads_both_ways(squad_a: Team) -> None:
    page = page_of(reader(squad_a), squad_a, "2026-W46")
    assert page.partial == ""
    assert page.picker["next"] == "/week/squad-a/2026-W47/"
    assert page.this_week == "/week/squad-a/"


def test_the_week_begins_in_the_zone_of_the_organisation(squad_a: Team, settings: Any) -> None:
    from zoneinfo import ZoneInfo

    settings.ORGANISATION_ZONE = ZoneInfo("Pacific/Auckland")
    source = a_source(squad_a)
    a_service(source, squad_a)
    sunday_evening = datetime(2026, 11, 15, 12, 30, tzinfo=UTC)  # Monday, half past one, over there
    told(source, deployed("1", sunday_evening))
    assert fact(page_of(reader(squad_a), squad_a), "Deployments")["value"] == "1"


def test_a_week_before_the_first_data_says_where_it_begins(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(3, 2))
    page = page_of(reader(squad_a), squad_a, "2026-W40")
    assert sentence(page) == "There is no data for week 40; it begins in week 45."
    assert not page.has_data
    assert "Deployment frequency" not in html_of(reader(squad_a, name="Ruth Adler"), squad_a, "2026-W40")


def test_the_first_week_is_compared_with_nothing(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(1, 6))
    page = page_of(reader(squad_a), squad_a)
    assert fact(page, "Deployments")["note"] == "no week before it"
    assert any("first week with data" in line for line in page.headline.more)


# --- without data ----------------------------------------------------------------------------------------------------


def test_without_any_source_it_says_what_makes_it_fill(platform: Team) -> None:
    page = page_of(reader(platform), platform)
    assert sentence(page) == "No source is connected yet, so nothing is measured here."
    html = html_of(reader(platform, name="Second Director"), platform)
    assert f"/sources/{platform.slug}/connect/" in html
    assert "Add a team below" in html


def test_who_may_not_connect_a_source_is_not_offered_it(platform: Team, squad_a: Team) -> None:
    html = html_of(reader(platform, Grant.Role.EXECUTIVE), platform)
    assert "/connect/" not in html
    assert "Whoever looks after the sources" in html


def test_a_source_that_told_nothing_yet_is_not_called_missing(squad_a: Team) -> None:
    a_source(squad_a)
    assert sentence(page_of(reader(squad_a), squad_a)) == "The sources have reported no deployment and no incident yet."


def test_what_is_not_kept_yet_is_said_and_not_drawn(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(2, 3))
    html = html_of(reader(squad_a), squad_a)
    assert "Decisions are not kept here yet" in html
    assert "there is no forecast" in html


# --- with data -------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_squads(platform: Team, squad_a: Team, squad_b: Team) -> Source:
    """Each squad deploys six times a week for fourteen weeks; one source tells of the incidents of both."""
    pager = a_source(platform, "PagerDuty")
    for squad in (squad_a, squad_b):
        source = a_source(squad, f"Git of {squad.name}")
        a_service(source, squad)
        a_service(pager, squad, squad.name)
        told(source, some_weeks(14, 6))
    told(pager, *(broke(f"old-{back}", TUESDAY - back * WEEK, HOUR, service="Squad B") for back in range(1, 9)))
    return pager


def test_the_facts_are_those_of_the_scope_with_the_week_before(two_squads: Source, platform: Team) -> None:
    page = page_of(reader(platform), platform)
    assert (fact(page, "Deployments")["value"], fact(page, "Deployments")["note"]) == ("12", "12 in week 46")
    assert (fact(page, "Changes delivered")["value"], fact(page, "Failed")["unit"]) == ("12", "of 12")
    assert [tile["label"] for tile in page.tiles][:2] == ["Deployment frequency", "Lead time for changes"]
    assert page.tiles[1]["value"] == "30"
    assert sentence(page) == "A quiet week: 12 deployments, none failed."


def test_a_manager_of_one_squad_sees_that_squad_alone(two_squads: Source, squad_a: Team) -> None:
    client = reader(squad_a, Grant.Role.MANAGER)
    page = page_of(client, squad_a)
    assert fact(page, "Deployments")["value"] == "6"
    assert [row.name for row in page.health] == ["Squad A"]
    assert "Squad B" not in html_of(client, squad_a)
    assert {one["name"]: bool(one["url"]) for one in page.freshness} == {"Git of Squad A": True, "PagerDuty": False}


def test_every_number_leads_to_its_rows_in_the_same_week(two_squads: Source, platform: Team) -> None:
    page = page_of(reader(platform), platform)
    urls = [one["url"] for one in [*page.tiles, *page.facts] if "/metrics/" in one["url"]]
    assert len(urls) == 9
    assert all(url.endswith("?week=2026-W47") for url in urls)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.add(dict(attrs).get("href") or "")


def test_every_link_of_the_page_leads_somewhere(two_squads: Source, platform: Team) -> None:
    a_team("Compliance", platform)
    links = _Links()
    links.feed(html_of(reader(platform), platform))
    assert len(links.found) > 20
    for link in links.found:
        if link.startswith("/"):
            resolve(link.split("?")[0])


def test_the_longest_outage_of_twelve_weeks_makes_the_headline(two_squads: Source, platform: Team) -> None:
    told(two_squads, broke("big", TUESDAY, 9 * HOUR, service="Squad B"))
    page = page_of(reader(platform), platform)
    assert sentence(page) == "Squad B took 9 hours to restore service, its longest in 12 weeks."
    assert page.headline.more[1] == "No reason logged yet."
    assert "Search fails, Squad B: resolved after 9 hours." in changes_in(page, "Incidents")


def test_the_only_outage_of_twelve_weeks_is_no_record(two_squads: Source, platform: Team) -> None:
    told(two_squads, broke("big", TUESDAY, 9 * HOUR, service="Squad A"))
    assert "longest" not in sentence(page_of(reader(platform), platform))


def test_an_open_incident_is_aged_to_now_or_to_the_end_of_its_week(two_squads: Source, platform: Team) -> None:
    told(two_squads, broke("open", NOW - 74 * HOUR, None, service="Squad B"))
    client = reader(platform)
    assert sentence(page_of(client, platform, "")) == "Squad B has had an incident open for 3.1 days."
    assert sentence(page_of(client, platform)) == "Squad B ended the week with an incident open for 14 hours."
    assert fact(page_of(client, platform, "2026-W46"), "Open on Sunday")["value"] == 0


def test_an_incident_resolved_later_was_open_at_the_end_of_its_week(two_squads: Source, platform: Team) -> None:
    told(two_squads, broke("late", NOW - 74 * HOUR, 24 * HOUR, service="Squad B"))
    client = reader(platform)
    assert fact(page_of(client, platform), "Open on Sunday")["value"] == 1
    assert fact(page_of(client, platform, ""), "Open incidents")["value"] == 0
    assert fact(page_of(client, platform, ""), "Open incidents")["note"] == "1 a week before"


def test_failed_deployments_are_listed_with_their_evidence(two_squads: Source, platform: Team, squad_a: Team) -> None:
    git = Source.objects.get(name="Git of Squad A")
    told(git, deployed("undo", TUESDAY + 9 * HOUR, answer=Answer.ROLLBACK, answers="0-5"))
    page = page_of(reader(platform), platform)
    assert changes_in(page, "Deployments that failed") == ["Git of Squad A of Squad A was rolled back."]
    assert sentence(page) == "13 deployments reached users; 1 of them failed."
    assert fact(page, "Failed")["value"] == "1"


def test_what_came_from_outside_is_text(two_squads: Source, platform: Team) -> None:
    told(two_squads, broke("x", TUESDAY, 9 * HOUR, service="Squad B", title="<script>alert(1)</script>"))
    assert "<script>alert" not in html_of(reader(platform), platform)


def test_measures_that_moved_far_are_told_by_squad(two_squads: Source, platform: Team) -> None:
    git = Source.objects.get(name="Git of Squad B")
    slow = [deployed(f"slow{n}", TUESDAY + n * HOUR, lead=200 * HOUR) for n in range(9)]
    told(git, *slow)
    moved = changes_in(page_of(reader(platform), platform), "Measures that moved")
    assert any(line.startswith("Squad B lead time for changes") and "slower" in line for line in moved)
    assert "Squad B made 15 deployments, 9 more than week 46." in moved
    assert not any(line.startswith("Squad A") for line in moved)


def test_a_new_service_is_news_but_not_the_first_read_of_a_source(
    two_squads: Source, platform: Team, squad_a: Team
) -> None:
    git = Source.objects.get(name="Git of Squad A")
    a_service(git, squad_a, "worker")
    told(git, deployed("w", TUESDAY, service="worker"))
    late = a_source(squad_a, "Late")
    a_service(late, squad_a, "late")
    told(late, deployed("l", TUESDAY, service="late"))
    assert changes_in(page_of(reader(platform), platform), "New services") == [
        "worker of Squad A was deployed for the first time."
    ]


# --- people ----------------------------------------------------------------------------------------------------------


def a_member(team: Team, name: str, since: date = date(2024, 1, 1), level: str = "senior", **more: Any) -> None:
    person = Person.objects.create(name=name)
    Membership.objects.create(person=person, team=team, role="Engineer", level=level, started_on=since, **more)


def test_seniors_are_counts_and_never_a_percentage(two_squads: Source, platform: Team, squad_a: Team) -> None:
    for number in range(3):
        a_member(squad_a, f"Person {number}")
    a_member(squad_a, "Leaver", ended_on=date(2026, 6, 1), end_reason=Membership.End.RESIGNED)
    row = next(row for row in page_of(reader(platform), platform).health if row.name == "Squad A")
    assert row.seniors == "3 of 4 stayed"
    assert "%" not in row.seniors + row.seniors_note


@pytest.mark.parametrize(("others", "told_of"), [(3, False), (6, True)])
def test_who_left_is_a_count_and_not_told_in_a_scope_so_small_that_it_is_a_person(
    two_squads: Source, squad_a: Team, others: int, told_of: bool
) -> None:
    for number in range(others):
        a_member(squad_a, f"Person {number}")
    a_member(squad_a, "Noor Haddad", ended_on=date(2026, 11, 17), end_reason=Membership.End.RESIGNED)
    page = page_of(reader(squad_a), squad_a)
    assert changes_in(page, "People") == (["1 person left."] if told_of else [])
    assert "Noor Haddad" not in html_of(reader(squad_a, name="Ruth Adler"), squad_a)


# --- sources ---------------------------------------------------------------------------------------------------------


def test_a_source_that_stopped_comes_first_and_marks_what_it_tells(two_squads: Source, platform: Team) -> None:
    saturday = datetime(2026, 11, 21, 23, 40, tzinfo=UTC)
    stopped = {"succeeded_at": saturday, "dead_at": NOW, "error": "PagerDuty refused the token."}
    Stream.objects.filter(source=two_squads).update(**stopped)
    page = page_of(reader(platform), platform)
    assert sentence(page) == "PagerDuty was last read on Sat 21 Nov; numbers may be incomplete."
    assert page.headline.more[0] == "PagerDuty refused the token."
    marked = {tile["label"] for tile in page.tiles if tile["stale"]}
    assert marked == {"Change failure rate", "Time to restore"}
    assert page.freshness[0]["word"] == "stopped since Sat 21 Nov, 23:40"
    assert changes_in(page, "Sources") == ["PagerDuty stopped. PagerDuty refused the token."]
    assert {row.stale_incidents for row in page.health} == {"Read until Sat 21 Nov"}


def test_a_source_that_stopped_later_leaves_earlier_weeks_complete(two_squads: Source, platform: Team) -> None:
    Stream.objects.filter(source=two_squads).update(succeeded_at=NOW - HOUR, dead_at=NOW, error="Gone.")
    page = page_of(reader(platform), platform)
    assert sentence(page).startswith("A quiet week")
    assert not any(tile["stale"] for tile in page.tiles)


def test_a_team_without_a_source_is_said_with_a_link_for_who_may_mend_it(two_squads: Source, platform: Team) -> None:
    a_team("Compliance", platform)
    row = page_of(reader(platform), platform).health[-1]
    assert (row.name, row.blank, row.connect) == ("Compliance", "No source connected", "/sources/compliance/connect/")
    executive = reader(platform, Grant.Role.EXECUTIVE, "Ruth Adler")
    assert page_of(executive, platform).health[-1].connect == ""


def test_without_a_source_of_incidents_none_open_is_not_claimed(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(3, 2))
    page = page_of(reader(squad_a), squad_a)
    assert fact(page, "Open on Sunday")["missing"] == "No source of incidents is connected"
    assert page.health[0].open is None


def test_few_deployments_show_counts_and_no_percentage(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(3, 3))
    row = page_of(reader(squad_a), squad_a).health[0]
    assert (row.failed, row.failed_note) == ("0 of 3", "few")


def test_sample_data_is_marked(platform: Team) -> None:
    client = reader(platform)
    assert "Sample data" not in html_of(client, platform)
    Team.objects.update(is_sample=True)
    assert "Sample data" in html_of(client, platform)


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(two_squads: Source, platform: Team) -> None:
    client = reader(platform)
    page_of(client, platform)  # the cookie of the scope is set

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as caught:
            page_of(client, platform)
        return [re.sub(r"\s+", " ", one["sql"])[:120] for one in caught]

    few = queries()
    for number in range(8):
        squad = a_team(f"Squad {number}", platform)
        a_member(squad, f"Person {number}")
        source = a_source(squad, f"Source {number}")
        for name in ("one", "two"):
            a_service(source, squad, name)
            told(source, some_weeks(9, 2, name))
        told(
            source, broke(f"i{number}", TUESDAY, None, service="one"), broke(f"j{number}", TUESDAY, HOUR, service="two")
        )
    many = queries()
    assert len(many) == len(few), "\n".join(many)
    assert len(few) == QUERIES, "\n".join(few)
