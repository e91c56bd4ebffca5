"""Dependencies through the pages: the matrix, the sentence, asking, the steps of a contract, and who may take them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from delivery import actions, network
from delivery.models import Commitment, Dependency
from delivery.need import how
from teams.models import Grant, Person, Team, User
from tests.personas import Organisation, somebody

pytestmark = pytest.mark.django_db
Pages = Callable[[Person], Client]


def promise(team: Team, title: str, on: date, **more: Any) -> Commitment:
    return actions.make_commitment(team=team, title=title, promised_on=on, by=None, **({"days": (3, 5, 8)} | more))


def text(answer: Any) -> str:
    """What a person reads: the page without its tags."""
    plain = re.sub(r"<(script|style|option)\b.*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.S)
    return " ".join(html.unescape(plain).split())


@pytest.fixture
def gives(organisation: Organisation, today: date) -> Commitment:
    return promise(organisation.squad_b, "FHIR Patient API", today + timedelta(days=20))


@pytest.fixture
def asks(organisation: Organisation, today: date) -> Commitment:
    return promise(organisation.squad_a, "Patient data exchange", today + timedelta(days=40))


@pytest.fixture
def needed(gives: Commitment, asks: Commitment, today: date) -> Dependency:
    return actions.link(before=gives, after=asks, by=None, needed_by=today + timedelta(days=30), found="midsprint")


@pytest.fixture
def manager_b(organisation: Organisation) -> Person:
    return somebody("Bea Ode", Grant.Role.MANAGER, organisation.squad_b)


# --- doors -----------------------------------------------------------------------------------------------------------

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
LOGGED = (200, 403, 200, 200, 403, 403, 404, 404)
REFUSED = (422, 403, 422, 422, 403, 403, 404, 404)
DOORS: dict[str, tuple[int, ...]] = {
    "/dependencies/squad-a/": SEEN,
    "/dependencies/squad-a/rows.csv": SEEN,
    "/dependencies/squad-a/new/": LOGGED,
    "POST /dependencies/squad-a/new/": REFUSED,
    "/dependency/{d}/": SEEN,
    "/dependency/0/": (404,) * 8,
    "/dependency/{d}/step/": (405,) * 8,
    "POST /dependency/{d}/step/": REFUSED,
    "POST /dependency/{d}/remove/": (302, 403, 302, 302, 403, 403, 404, 404),
}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, needed: Dependency, page_of: Pages
) -> None:
    browser = page_of(request.getfixturevalue(persona))

    def knock(door: str) -> int:
        method, _, address = door.format(d=needed.pk).rpartition(" ")
        return (browser.post if method else browser.get)(address).status_code

    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    assert {door: knock(door) for door in DOORS} == expected


def test_who_is_not_signed_in_is_sent_to_the_log_in_page(client: Client, needed: Dependency) -> None:
    for address in ("/dependencies/squad-a/", f"/dependency/{needed.pk}/"):
        assert client.get(address).headers["Location"].startswith("/accounts/login/")


def test_a_contract_is_known_to_both_sides_but_only_the_own_commitment_opens(
    manager_a: Person, needed: Dependency, page_of: Pages
) -> None:
    answer = page_of(manager_a).get(f"/dependency/{needed.pk}/")
    assert "FHIR Patient API" in text(answer)
    assert f'href="/commitment/{needed.after_id}/"' in answer.content.decode()
    assert f'href="/commitment/{needed.before_id}/"' not in answer.content.decode()


# --- the page --------------------------------------------------------------------------------------------------------


def test_without_dependencies_the_page_says_what_one_is(director: Person, page_of: Pages) -> None:
    said = text(page_of(director).get("/dependencies/squad-a/"))
    assert "No team waits for another here." in said
    assert "Add a dependency" in said


def test_the_sentence_counts_what_was_found_mid_sprint_and_what_has_no_agreed_date(
    director: Person, needed: Dependency, gives: Commitment, organisation: Organisation, today: date, page_of: Pages
) -> None:
    other = promise(organisation.squad_a, "Sync", today + timedelta(days=50))
    agreed = actions.link(before=gives, after=other, by=None, needed_by=today + timedelta(days=30))
    actions.agree(dependency=agreed, on=today + timedelta(days=25), by=None)
    browser = page_of(director)
    answer = browser.get("/dependencies/integration-platform/")
    assert "1 of 2 was found mid-sprint; 1 has no agreed date." in text(answer)
    assert "Mid-sprint 1 of 2" in text(answer)
    assert "No team waits" in text(browser.get("/dependencies/member-portal/"))


def test_the_matrix_counts_and_shows_the_worst_state_and_its_cells_narrow_the_list(
    director: Person, needed: Dependency, gives: Commitment, organisation: Organisation, today: date, page_of: Pages
) -> None:
    other = promise(organisation.squad_a, "Sync", today + timedelta(days=50))
    overdue = actions.link(before=gives, after=other, by=None, needed_by=today - timedelta(days=12))
    back = actions.link(before=promise(organisation.squad_m, "Portal", today), after=gives, by=None)
    browser = page_of(director)
    page = browser.get("/dependencies/product-engineering/").context["page"]
    cells = {
        (team.name, giver.name): cell for team, line in page.rows for giver, cell in zip(page.givers, line, strict=True)
    }
    cell = cells["Squad A", "Squad B"]
    assert (cell.count, cell.state, cell.words) == (
        2,
        "late",
        "Squad A has 2 needs from Squad B; worst: Blocked 12 days",
    )
    assert cells["Squad A", "Squad M"] is None
    narrowed = browser.get(f"/dependencies/product-engineering/?asks={cell.asks}&gives={cell.gives}")
    assert [one.row for one in narrowed.context["rows"]] == [overdue, needed]
    assert "Squad A waits for Squad B" in text(narrowed)
    undated = browser.get("/dependencies/product-engineering/?state=blocked").context["rows"]
    assert [one.row for one in undated] == [overdue]
    assert back.pk in [
        one.row.pk for one in browser.get("/dependencies/product-engineering/?state=open").context["rows"]
    ]


@pytest.mark.parametrize("query", ["asks=x", "asks=99999", "gives=-1", "state=odd", "page=zero", "asks=" + "9" * 40])
def test_odd_filters_break_nothing(director: Person, needed: Dependency, page_of: Pages, query: str) -> None:
    assert page_of(director).get(f"/dependencies/squad-a/?{query}").status_code == 200


def test_days_blocked_end_when_the_provider_delivers(
    director: Person, gives: Commitment, asks: Commitment, installer: User, today: date, page_of: Pages
) -> None:
    row = actions.link(before=gives, after=asks, by=None, needed_by=today - timedelta(days=12))
    browser = page_of(director)
    assert "Blocked 12 days" in text(browser.get(f"/dependency/{row.pk}/"))
    actions.deliver(commitment=gives, on=today - timedelta(days=5), by=installer)
    need = browser.get(f"/dependency/{row.pk}/").context["need"]
    assert (need.word, need.days_blocked) == ("Met", 7)


def test_the_latest_safe_day_is_the_last_that_keeps_the_nearest_deadline(
    director: Person, needed: Dependency, asks: Commitment, organisation: Organisation, today: date, page_of: Pages
) -> None:
    actions.add_deadline(
        team=organisation.platform, name="CMS", date=today + timedelta(days=60), milestone=asks, by=None
    )
    plan = network.scheduled(network.inputs())
    need = page_of(director).get("/dependencies/squad-a/").context["rows"][0]
    (deadline,) = plan.deadlines
    assert need.latest_safe == plan.latest_safe(str(needed.before_id), deadline.id)
    assert today < need.latest_safe < today + timedelta(days=60)
    assert need.deadline == "CMS"


@pytest.mark.parametrize(
    ("kind", "lag", "calendar", "words"),
    [
        ("FS", 0, False, "Starts when it is finished"),
        ("SS", 5, False, "Starts 5 working days after it has started"),
        ("FF", 1, True, "Finishes 1 calendar day after it is finished"),
        ("SF", -2, False, "Finishes 2 working days before it has started"),
    ],
)
def test_kind_and_lag_are_said_in_words(kind: str, lag: int, calendar: bool, words: str) -> None:
    assert how(Dependency(kind=kind, lag=lag, lag_in_calendar_days=calendar)) == words


# --- asking ----------------------------------------------------------------------------------------------------------


def wanted(before: Commitment, after: Commitment, **more: str) -> dict[str, str]:
    plain = {
        "before": f"{before.code} {before.title}",
        "after": after.title,
        "kind": "FS",
        "found": "sprint",
        "lag_in": "working",
    }
    return plain | more


def test_a_dependency_is_asked_for_by_code_or_title(
    director: Person, gives: Commitment, asks: Commitment, page_of: Pages
) -> None:
    browser = page_of(director)
    form = browser.get("/dependencies/integration-platform/new/").content.decode()
    assert f'<option value="C-{gives.pk} FHIR Patient API · Squad B"' in form
    sent = wanted(gives, asks, lag="5", lag_in="calendar", kind="SS")
    answer = browser.post("/dependencies/integration-platform/new/", sent)
    row = Dependency.objects.get()
    assert answer.headers["Location"] == f"/dependency/{row.pk}/"
    assert (row.before, row.after, row.kind, row.lag, row.lag_in_calendar_days) == (gives, asks, "SS", 5, True)
    assert row.found == "sprint"


def test_a_loop_is_refused_and_named_and_a_link_to_itself_too(
    director: Person, needed: Dependency, gives: Commitment, asks: Commitment, page_of: Pages
) -> None:
    path = "/dependencies/integration-platform/new/"
    browser = page_of(director)
    loop = browser.post(path, wanted(asks, gives))
    assert loop.status_code == 422
    (said,) = loop.context["form"].errors["before"]
    assert said.startswith("That closes a loop:")
    assert "FHIR Patient API" in said
    assert "Patient data exchange" in said
    (said,) = browser.post(path, wanted(gives, gives)).context["form"].errors["before"]
    assert said == "FHIR Patient API cannot wait for itself. Choose another commitment."
    (said,) = browser.post(path, wanted(gives, asks)).context["form"].errors["before"]
    assert said == "Patient data exchange waits for FHIR Patient API already."
    assert Dependency.objects.count() == 1


def test_nobody_links_what_they_do_not_see(
    manager_a: Person, gives: Commitment, asks: Commitment, page_of: Pages
) -> None:
    answer = page_of(manager_a).post("/dependencies/squad-a/new/", wanted(gives, asks))
    assert answer.status_code == 422
    assert "before" in answer.context["form"].errors
    assert not Dependency.objects.exists()


def test_two_commitments_of_one_title_ask_for_the_code(
    director: Person, gives: Commitment, asks: Commitment, organisation: Organisation, today: date, page_of: Pages
) -> None:
    promise(organisation.squad_a, asks.title, today)
    answer = page_of(director).post("/dependencies/squad-a/new/", wanted(gives, asks))
    assert "Write the code" in answer.context["form"].errors["after"][0]


# --- steps -----------------------------------------------------------------------------------------------------------


def take(browser: Client, row: Dependency, step: str, on: date, **more: str) -> Any:
    last = row.events.order_by("-pk").first()
    assert last is not None
    sent = {"step": step, "on": str(on), "words": "", "evidence": "", "seen": str(last.pk)}
    return browser.post(f"/dependency/{row.pk}/step/", sent | more)


def test_a_contract_goes_from_offer_to_counter_offer_to_agreed_to_met(
    manager_a: Person, manager_b: Person, needed: Dependency, today: date, page_of: Pages
) -> None:
    asking, giving = page_of(manager_a), page_of(manager_b)
    first, second = today + timedelta(days=35), today + timedelta(days=28)
    assert take(giving, needed, "offered", first).status_code == 302
    assert take(asking, needed, "countered", second, words="The sprint starts then").status_code == 302
    assert take(giving, needed, "agreed", second).status_code == 302
    said = text(asking.get(f"/dependency/{needed.pk}/"))
    assert f"Both hold to {second.day}" in said
    assert "The sprint starts then" in said
    assert take(asking, needed, "met", today, evidence="https://example.org/it-works").status_code == 302
    assert [event.step for event in needed.events.order_by("pk")] == [
        "requested", "offered", "countered", "agreed", "met",
    ]  # fmt: skip
    page = asking.get(f"/dependency/{needed.pk}/")
    assert 'href="https://example.org/it-works"' in page.content.decode()
    assert page.context["steps"] == []


def test_an_offer_belongs_to_the_team_that_is_asked_or_to_a_director(
    manager_a: Person, director: Person, needed: Dependency, today: date, page_of: Pages
) -> None:
    assert take(page_of(manager_a), needed, "offered", today).status_code == 403
    assert take(page_of(director), needed, "offered", today).status_code == 302


def test_nobody_agrees_to_their_own_offer_or_to_another_day_than_the_one_on_the_table(
    manager_a: Person, manager_b: Person, needed: Dependency, today: date, page_of: Pages
) -> None:
    day = today + timedelta(days=9)
    take(page_of(manager_b), needed, "offered", day)
    assert take(page_of(manager_b), needed, "agreed", day).status_code == 422
    answer = take(page_of(manager_a), needed, "agreed", day + timedelta(days=1))
    assert answer.status_code == 422
    assert "The day on the table is" in answer.context["form"].errors["on"][0]
    assert [event.step for event in needed.events.all()] == ["requested", "offered"]


def test_breaking_an_agreed_day_needs_words_and_they_stay_when_refused(
    manager_a: Person, director: Person, needed: Dependency, today: date, page_of: Pages
) -> None:
    day = today + timedelta(days=9)
    actions.agree(dependency=needed, on=day, by=None)
    answer = take(page_of(manager_a), needed, "broken", day, evidence="javascript:alert(1)", words="Vendor late")
    assert answer.context["form"].errors["evidence"] == ["Evidence is an address that begins with https://."]
    assert "Vendor late" in answer.content.decode()
    assert take(page_of(manager_a), needed, "broken", day).context["form"].errors["words"] == [
        "Write a few words here."
    ]
    assert take(page_of(manager_a), needed, "broken", day, words="Vendor late").status_code == 302
    need = page_of(director).get(f"/dependency/{needed.pk}/").context["need"]
    assert (need.state, need.word, need.agreed_on) == ("late", "Broken", None)


def test_who_was_slower_reads_what_the_other_did_and_keeps_their_words(
    manager_a: Person, needed: Dependency, today: date, page_of: Pages
) -> None:
    seen = needed.events.get().pk
    actions.offer(dependency=needed, on=today + timedelta(days=8), by=None)
    answer = take(page_of(manager_a), needed, "met", today, seen=str(seen), words="my words")
    assert answer.status_code == 422
    assert "Plumbline was faster: offered" in text(answer)
    assert "my words" in answer.content.decode()


def test_a_removed_dependency_leaves_the_list_and_keeps_its_record(
    manager_a: Person, needed: Dependency, page_of: Pages
) -> None:
    browser = page_of(manager_a)
    assert browser.post(f"/dependency/{needed.pk}/remove/").headers["Location"] == "/dependencies/squad-a/"
    assert "No team waits" in text(browser.get("/dependencies/squad-a/"))
    assert "It was removed; this is its record." in text(browser.get(f"/dependency/{needed.pk}/"))


# --- too much, and its cost ------------------------------------------------------------------------------------------


def test_the_pages_cost_the_same_number_of_queries_however_much_there_is(
    director: Person, needed: Dependency, asks: Commitment, gives: Commitment, organisation: Organisation, today: date,
    page_of: Pages,
) -> None:  # fmt: skip
    browser = page_of(director)
    actions.add_deadline(
        team=organisation.platform, name="CMS", date=today + timedelta(days=60), milestone=asks, by=None
    )
    network.recompute(why="test")
    paths = [
        "/dependencies/integration-platform/",
        "/dependencies/integration-platform/new/",
        f"/dependency/{needed.pk}/",
    ]

    def costs() -> dict[str, int]:
        found = {}
        for path in paths:
            with CaptureQueriesContext(connection) as seen:
                assert browser.get(path).status_code == 200
            found[path] = len(seen)
        return found

    few = costs()
    for number in range(30):
        slug = f"more-{number}"
        squad = Team.objects.create(name=slug, slug=slug, parent=organisation.platform, kind=Team.Kind.SQUAD)
        for part in range(2):
            other = promise(squad, f"{number} {part}" + "x" * 280, today + timedelta(days=number))
            row = actions.link(before=gives, after=other, by=None, needed_by=today + timedelta(days=part))
            actions.offer(dependency=row, on=today, by=None)
    network.recompute(why="more")
    assert costs() == few
    page = browser.get(paths[0])
    assert len(page.context["rows"]) == 50
    assert page.context["rows"].paginator.count == 61
    assert page.context["page"].left_out == 32 - 24
    assert "8 teams with fewer dependencies are left out here" in text(page)


def test_markup_in_words_is_shown_as_typed(director: Person, needed: Dependency, today: date, page_of: Pages) -> None:
    take(page_of(director), needed, "offered", today, words="<script>alert(1)</script>")
    answer = page_of(director).get(f"/dependency/{needed.pk}/").content.decode()
    assert "<script>alert(1)" not in answer
    assert "&lt;script&gt;alert(1)" in answer
