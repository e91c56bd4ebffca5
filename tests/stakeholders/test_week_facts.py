"""What the weekly page says of a week with data: figures, headline, squads, changes, sources; and what it costs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from metrics.events import Answer
from metrics.models import Source, Stream
from teams.models import Grant, Membership, Team

from .weeks import (
    HOUR,
    NOW,
    TUESDAY,
    a_member,
    a_service,
    a_source,
    a_team,
    broke,
    changes_in,
    deployed,
    fact,
    html_of,
    page_of,
    reader,
    sentence,
    some_weeks,
    told,
)

pytestmark = pytest.mark.django_db

QUERIES = 43  # session, user, the team, the page's own, and the frame's


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
