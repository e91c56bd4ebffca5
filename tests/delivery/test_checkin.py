"""The weekly check-in: answered, sent, a slip logged in place, and everything that can go wrong."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client

from delivery import actions, network
from delivery.models import Answer, CheckIn, Commitment, Estimate, Option, Slip
from teams.models import Person, Team
from tests.personas import Organisation

PageOf = Callable[[Person], Client]
TODAY = date(2026, 11, 17)  # a Tuesday
URL = "/check-in/squad-a/"


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.utils import timezone

    monkeypatch.setattr(timezone, "now", lambda: datetime.combine(TODAY, time(9, 30), UTC))


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.tasks.send_quietly", lambda task: None)


@dataclass
class World:
    api: Commitment  # due 4 Dec, what Squad B waits for
    export: Commitment
    exchange: Commitment  # of Squad B
    live: Commitment
    organisation: Organisation


def _promise(
    team: Team, title: str, due: date, days: tuple[int, int, int] | None = (4, 6, 9), **more: Any
) -> Commitment:
    return actions.make_commitment(
        team=team, title=title, promised_on=due, by=None, days=days, made_on=TODAY - timedelta(days=20), **more
    )


@pytest.fixture
def world(organisation: Organisation) -> World:
    a, b = organisation.squad_a, organisation.squad_b
    api = _promise(a, "FHIR Patient API", date(2026, 12, 4))
    export = _promise(a, "Bulk export", date(2027, 1, 15), (10, 14, 20))
    exchange = _promise(b, "Patient data exchange", date(2026, 12, 18))
    live = _promise(organisation.platform, "CMS go-live", date(2026, 12, 30), None, is_milestone=True)
    actions.link(before=api, after=exchange, by=None)
    actions.link(before=exchange, after=live, by=None)
    actions.add_deadline(
        team=organisation.platform, name="CMS go-live", date=date(2026, 12, 15), milestone=live, by=None,
        currency="USD", windows=[(date(2026, 12, 16), None, "day", 2_000_000, None)],
    )  # fmt: skip
    network.recompute(why="a test")
    return World(api, export, exchange, live, organisation)


@pytest.fixture
def ines(manager_a: Person, page_of: PageOf) -> Client:
    return page_of(manager_a)


def _typed(page: str) -> dict[str, str]:
    """What a browser would send back from the page, untouched."""
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name = re.search(r'name="([^"]+)"', tag)
        kind = re.search(r'type="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and (not kind or kind[1] not in ("radio", "checkbox") or "checked" in tag):
            sent[name[1]] = html.unescape(value[1]) if value else "on"
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', page):
        sent[name] = html.unescape(value)
    return sent


def _opened(browser: Client) -> dict[str, str]:
    return _typed(browser.get(URL).content.decode())


def _slip(world: World, **more: str) -> dict[str, str]:
    pk = world.api.pk
    said = {
        "word": "will_slip",
        "to": "2026-12-11",
        "reason": "vendor",
        "words": "Epic changed it",
        "o0-title": "Ship read first",
    }
    said |= {"o0-cost": "$24k", "o0-saves": "6", "advised": "0"}
    said |= {name.replace("_", "-"): value for name, value in more.items()}
    return {f"c{pk}-{name}": value for name, value in said.items()} | {"slip": str(pk)}


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


# --- an ordinary week ------------------------------------------------------------------------------------------------


def test_last_weeks_answers_are_filled_in_so_that_one_press_sends_them(world: World, ines: Client) -> None:
    _last_week(world)
    sent = _opened(ines)
    assert sent[f"c{world.api.pk}-word"] == "on_track"
    answer = ines.post(URL, sent)
    assert answer.status_code == 302
    assert CheckIn.objects.filter(monday=date(2026, 11, 16)).count() == 1
    assert set(Answer.objects.filter(checkin__monday=date(2026, 11, 16)).values_list("word", flat=True)) == {"on_track"}
    assert "Check-in sent." in _text(ines.get(URL))


def test_a_promise_that_moved_since_is_asked_anew(world: World, ines: Client) -> None:
    _last_week(world)
    actions.log_slip(
        commitment=world.api, to_date=date(2026, 12, 11), reason="vendor", by=None,
        options=[actions.Proposal(title="x")], at=datetime(2026, 11, 12, 9, tzinfo=UTC),
    )  # fmt: skip
    sent = _opened(ines)
    assert f"c{world.api.pk}-word" not in sent
    assert sent[f"c{world.export.pk}-word"] == "on_track"


def test_the_first_check_in_asks_everything(world: World, ines: Client) -> None:
    page = _text(ines.get(URL))
    assert "0 of 2 answered" in page
    answer = ines.post(URL, _opened(ines))
    assert answer.status_code == 422
    assert "Choose on track, at risk or will slip." in _text(answer)
    assert not CheckIn.objects.exists()


def test_the_seconds_from_opening_to_sending_are_kept(
    world: World, ines: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = _opened(ines) | _all(world, "on_track")
    monkeypatch.setattr("delivery.checkin.time.time", lambda: float(sent["opened"]) + 14)
    ines.post(URL, sent)
    assert CheckIn.objects.get().seconds == 14
    assert "It took 14 seconds." in _text(ines.get(URL))


@pytest.mark.parametrize("opened", ["", "soon", "99999999999999999", "0"])
def test_a_clock_that_cannot_be_is_left_out(world: World, ines: Client, opened: str) -> None:
    ines.post(URL, _opened(ines) | _all(world, "on_track") | {"opened": opened})
    assert CheckIn.objects.get().seconds is None


def test_the_same_check_in_twice_is_kept_once(world: World, ines: Client) -> None:
    sent = _opened(ines) | _all(world, "on_track")
    sent |= {f"c{world.api.pk}-word": "at_risk", f"c{world.api.pk}-o0-title": "Trim scope"}
    assert ines.post(URL, sent).status_code == 302
    assert ines.post(URL, sent).status_code == 302
    assert CheckIn.objects.count() == 1
    assert Option.objects.count() == 1


def test_of_two_managers_the_second_sees_the_first_and_may_send_again(
    world: World, ines: Client, contributor: Person, page_of: PageOf
) -> None:
    noor = page_of(contributor)
    mine, theirs = _opened(ines) | _all(world, "on_track"), _opened(noor) | _all(world, "on_track")
    ines.post(URL, mine)
    answer = noor.post(URL, theirs)
    assert answer.status_code == 422
    assert "Ines Carvalho sent a check-in for this week at 09:30 UTC. Your answers are still here." in _text(answer)
    assert noor.post(URL, _typed(answer.content.decode())).status_code == 302
    assert CheckIn.objects.count() == 2


# --- at risk, estimates ----------------------------------------------------------------------------------------------


def test_at_risk_needs_an_option_and_one_on_the_table_counts(world: World, ines: Client) -> None:
    sent = _opened(ines) | _all(world, "on_track") | {f"c{world.api.pk}-word": "at_risk"}
    answer = ines.post(URL, sent)
    assert answer.status_code == 422
    assert "Add one option, so that the risk can be decided." in _text(answer)
    actions.propose(commitment=world.api, option=actions.Proposal(title="Trim scope"), by=None)
    assert ines.post(URL, sent).status_code == 302


def test_remaining_work_is_estimated_anew_with_the_answer(world: World, ines: Client) -> None:
    days = {f"c{world.api.pk}-{name}": value for name, value in (("low", "5"), ("likely", "8"), ("high", "12"))}
    ines.post(URL, _opened(ines) | _all(world, "on_track") | days)
    newest = Estimate.objects.filter(commitment=world.api).last()
    assert newest is not None
    assert (newest.low, newest.likely, newest.high) == (5, 8, 12)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (("9", "8", "12"), "The low estimate must not exceed the likely one, nor that the high one."),
        (("5", "", "12"), "Write all three: low, likely and high."),
        (("5", "x", "12"), "Write a whole number of working days."),
        (("5", "8", "90000"), "At most 2,000 working days."),
    ],
)
def test_an_estimate_that_cannot_be_says_why_and_stays(
    world: World, ines: Client, days: tuple[str, str, str], sentence: str
) -> None:
    typed = {f"c{world.api.pk}-{name}": value for name, value in zip(("low", "likely", "high"), days, strict=True)}
    answer = ines.post(URL, _opened(ines) | _all(world, "on_track") | typed)
    assert answer.status_code == 422
    assert sentence in _text(answer)
    assert typed.items() <= _typed(answer.content.decode()).items()


# --- a slip ----------------------------------------------------------------------------------------------------------


def test_a_slip_is_logged_with_its_options_and_the_impact_worked_out(world: World, ines: Client) -> None:
    kept = _opened(ines) | {f"c{world.export.pk}-word": "on_track"}
    answer = ines.post(URL, kept | _slip(world))
    assert answer.status_code == 302
    assert answer["Location"] == f"{URL}?said={world.export.pk}:on_track#c-{world.api.pk}"
    slip = Slip.objects.get()
    assert (slip.from_date, slip.to_date, slip.reason, slip.by_name) == (
        date(2026, 12, 4), date(2026, 12, 11), "vendor", "Ines Carvalho",
    )  # fmt: skip
    option = slip.options.get()
    assert (option.title, option.cost, option.saves_days, option.is_advised) == ("Ship read first", 2_400_000, 6, True)
    assert "Squad B cannot start Patient data exchange until it is done." in slip.impact
    assert re.search(r"CMS go-live moves from \d+ \w+ to \d+ \w+, \d+ days? into the penalty window\.", slip.impact)
    assert re.search(r"Expected penalty rises from \$[\d.]+k? to \$[\d.]+k\.", slip.impact)

    after = ines.get(answer["Location"])
    assert "Moved from 4 Dec to 11 Dec by Ines Carvalho" in _text(after)
    assert "2 of 2 answered" in _text(after)
    assert ines.post(URL, _typed(after.content.decode())).status_code == 302
    assert set(CheckIn.objects.get().answers.values_list("word", flat=True)) == {"on_track", "will_slip"}


def test_with_htmx_the_row_alone_comes_back(world: World, ines: Client) -> None:
    answer = ines.post(URL, _opened(ines) | _slip(world), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "Moved from 4 Dec to 11 Dec" in _text(answer)
    assert "say" in answer["HX-Trigger"]


def test_words_of_ones_own_stand_instead_of_the_impact_worked_out(world: World, ines: Client) -> None:
    ines.post(URL, _opened(ines) | _slip(world, impact="Two clinics wait."))
    assert Slip.objects.get().impact == "Two clinics wait."


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"to": "2026-12-04"}, "is promised for 4 Dec already"),
        ({"to": "2026-11-16"}, "16 Nov 2026 has passed"),
        ({"to": ""}, "Choose the new date."),
        ({"to": "pick", "day": "31 Nov"}, "November has 30 days. Try 30 Nov or 1 Dec."),
        ({"to": "2150-01-01"}, "cannot be meant"),
        ({"reason": ""}, "Choose the reason."),
        ({"reason": "weather"}, "Choose the reason."),
        ({"o0_title": "", "o0_cost": "", "o0_saves": ""}, "Add one option, so that the slip can be decided."),
        ({"o0_title": ""}, "Option A: Say what this option is."),
        ({"o0_cost": "24.000"}, "could mean thousands or cents"),
        ({"o0_saves": "soon"}, "Write a whole number of working days."),
        ({"low": "9", "likely": "8", "high": "12"}, "The low estimate must not exceed"),
        ({"words": "x" * 2001}, "at most 2000 characters"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_slip_that_cannot_be_logged_says_why_and_keeps_what_was_typed(
    world: World, ines: Client, more: dict[str, str], sentence: str, htmx: bool
) -> None:
    sent = _opened(ines) | _slip(world, **more)
    answer = ines.post(URL, sent, headers={"HX-Request": "true"} if htmx else {})
    assert answer.status_code == 422
    assert sentence in _text(answer)
    kept = {name: value for name, value in sent.items() if name.startswith(f"c{world.api.pk}-") and value}
    kept.pop(f"c{world.api.pk}-reason", None)  # one that does not exist has no chip
    kept.pop(f"c{world.api.pk}-to", None)
    assert kept.items() <= _typed(answer.content.decode()).items()
    assert not Slip.objects.exists()


def test_the_same_slip_twice_is_refused_and_shows_what_changed(world: World, ines: Client) -> None:
    sent = _opened(ines) | _slip(world)
    ines.post(URL, sent)
    answer = ines.post(URL, sent, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Ines Carvalho moved FHIR Patient API to 11 Dec at 09:30 UTC." in _text(answer)
    assert "Epic changed it" in answer.content.decode()
    assert _typed(answer.content.decode())[f"c{world.api.pk}-day"] == "2026-12-11"  # no chip offers it any more
    assert re.search(r"<details class=\"answer-again small\" open>", answer.content.decode())  # it can be read
    assert Slip.objects.count() == 1


def test_will_slip_is_not_sent_before_its_slip_is_logged_also_when_an_old_one_exists(
    world: World, ines: Client
) -> None:
    actions.log_slip(
        commitment=world.api, to_date=date(2026, 12, 9), reason="vendor", by=None, on=date(2026, 10, 1),
        options=[actions.Proposal(title="x")], at=datetime(2026, 10, 1, 9, tzinfo=UTC),
    )  # fmt: skip
    sent = _opened(ines) | _all(world, "on_track") | {f"c{world.api.pk}-word": "will_slip"}
    answer = ines.post(URL, sent)
    assert answer.status_code == 422
    assert "Log this slip first: its new date, the reason and an option." in _text(answer)


# --- meanwhile -------------------------------------------------------------------------------------------------------


def test_what_moved_to_another_team_meanwhile_is_taken_out_with_a_word(
    world: World, ines: Client, director: Person
) -> None:
    sent = _opened(ines) | _all(world, "on_track")
    actions.move_commitment(commitment=world.api, team=world.organisation.squad_b, by=director.user)
    answer = ines.post(URL, sent)
    assert answer.status_code == 422
    assert "A commitment is no longer a promise of Squad A." in _text(answer)
    assert "FHIR Patient API" not in _text(answer)  # she does not see Squad B
    assert ines.post(URL, _typed(answer.content.decode())).status_code == 302
    slip = ines.post(URL, sent | _slip(world), headers={"HX-Request": "true"})
    assert slip.status_code == 422
    assert "Nothing was saved." in _text(slip)
    assert not Slip.objects.exists()


def test_a_delivered_commitment_cannot_slip(world: World, ines: Client, director: Person) -> None:
    sent = _opened(ines) | _slip(world)
    actions.deliver(commitment=world.api, on=TODAY, by=director.user)
    answer = ines.post(URL, sent)
    assert answer.status_code == 422
    assert "FHIR Patient API was delivered." in _text(answer)


def test_what_was_promised_meanwhile_is_asked_too(world: World, ines: Client) -> None:
    sent = _opened(ines) | _all(world, "on_track")
    _promise(world.organisation.squad_a, "A new one", date(2026, 12, 20))
    answer = ines.post(URL, sent)
    assert answer.status_code == 422
    assert "A new one was promised since this page was opened. Answer it too." in _text(answer)


@pytest.mark.parametrize("slip", ["", "x", "0", "999999999999999999999999", "-1"])
def test_a_slip_of_nothing_is_refused(world: World, ines: Client, slip: str) -> None:
    assert ines.post(URL, _opened(ines) | {"slip": slip}).status_code == 422


# --- the preview -----------------------------------------------------------------------------------------------------


def test_the_preview_says_what_moves_and_writes_nothing(world: World, ines: Client) -> None:
    before = (Slip.objects.count(), Estimate.objects.count())
    answer = ines.get(f"{URL}preview/", {"commitment": world.api.pk, "to": "2026-12-11"})
    assert answer.status_code == 200
    page = _text(answer)
    assert "CMS go-live, even odds" in page
    assert "Chance of 15 Dec" in page
    assert "Expected penalty" in page
    assert "Patient data exchange Squad B" in page
    assert re.search(r"\d+% chance of 11 Dec\.", page)
    assert (Slip.objects.count(), Estimate.objects.count()) == before


def test_the_preview_is_what_logging_then_does(world: World, ines: Client) -> None:
    page = _text(ines.get(f"{URL}preview/", {"commitment": world.api.pk, "to": "2026-12-11"}))
    ines.post(URL, _opened(ines) | _slip(world))
    run = network.recompute(why="a test")
    line = run.lines.get(commitment=world.api)
    assert f"{line.hits * 100 // run.trials}% chance of 11 Dec" in page
    even = run.deadlines.get().even
    assert f"{even.day} {even:%b}" in page


@pytest.mark.parametrize("to", ["", "2026-12-04", "2026-11-01", "31 Nov", "9999-01-01", "x" * 500])
def test_a_preview_of_no_day_says_why(world: World, ines: Client, to: str) -> None:
    assert ines.get(f"{URL}preview/", {"commitment": world.api.pk, "to": to}).status_code == 422


@pytest.mark.parametrize("which", ["exchange", "0", "x", "9" * 30])
def test_a_preview_of_no_commitment_of_the_team_is_not_there(world: World, ines: Client, which: str) -> None:
    pk = str(world.exchange.pk) if which == "exchange" else which
    assert ines.get(f"{URL}preview/", {"commitment": pk, "to": "2026-12-11"}).status_code == 404


def test_without_an_estimate_nothing_is_made_up(world: World, ines: Client) -> None:
    bare = _promise(world.organisation.squad_a, "Not estimated", date(2026, 12, 20), None)
    page = _text(ines.get(f"{URL}preview/", {"commitment": bare.pk, "to": "2026-12-30"}))
    assert "No forecast: it has no estimate." in page
    assert "% chance" not in page


# --- early enough, and the record ------------------------------------------------------------------------------------


def test_warning_counts_working_days_against_the_standard(world: World, ines: Client) -> None:
    assert "13 working days before the due date , so this counts as early warning." in _text(ines.get(URL))
    near = _promise(world.organisation.squad_a, "Soon", date(2026, 11, 24))
    page = _text(ines.get(URL))
    assert near.title in page
    assert "5 working days before the due date ; the standard is 10, so this is a late warning." in page


def test_the_record_counts_slips_options_and_median_warning(world: World, ines: Client) -> None:
    assert "No slip this year." in _text(ines.get(URL))
    ines.post(URL, _opened(ines) | _slip(world))
    assert "1 slip this year, with options. Median warning 13 working days; the standard is 10." in _text(ines.get(URL))


# --- who may ---------------------------------------------------------------------------------------------------------

WHO = ("director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger")
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
DOORS = {
    URL: SEEN,
    "/check-in/nowhere/": (404,) * 8,
    "/check-in/integration-platform/": (200, 200, 404, 404, 200, 200, 404, 404),
    "/check-in/squad-a/preview/?commitment={c}&to=2026-12-11": (200, 403, 200, 200, 403, 403, 404, 404),
    f"POST {URL}": (422, 403, 422, 422, 403, 403, 404, 404),
    "POST /check-in/integration-platform/": (302, 403, 404, 404, 403, 403, 404, 404),
    "POST /check-in/squad-a/preview/": (405,) * 8,
}


@pytest.mark.parametrize("persona", WHO)
def test_each_door_opens_for_whom_it_should(
    persona: str, world: World, request: pytest.FixtureRequest, page_of: PageOf
) -> None:
    browser = page_of(request.getfixturevalue(persona))

    def knock(door: str) -> int:
        method, _, address = door.rpartition(" ")
        address = address.format(c=world.api.pk)
        return (browser.post if method == "POST" else browser.get)(address).status_code

    assert {door: knock(door) for door in DOORS} == {door: ways[WHO.index(persona)] for door, ways in DOORS.items()}


def test_who_only_reads_gets_the_answers_and_nothing_to_press(world: World, executive: Person, page_of: PageOf) -> None:
    _last_week(world)
    page = page_of(executive).get(URL).content.decode()
    main = page[page.index("<main") : page.index("</main")]
    assert "On track" in main
    assert "<button" not in main
    assert 'type="radio"' not in main


def test_a_visitor_is_sent_to_the_log_in_and_back(world: World, client: Client) -> None:
    answer = client.post(URL, {})
    assert answer.status_code == 302
    assert "login" in answer["Location"]
    assert "next=/check-in/squad-a/" in answer["Location"]


def test_a_group_lists_who_has_answered(world: World, ines: Client, director: Person, page_of: PageOf) -> None:
    ines.post(URL, _opened(ines) | _all(world, "on_track"))
    page = _text(page_of(director).get("/check-in/product-engineering/"))
    assert "1 of 2 teams have answered." in page
    assert "2 on track" in page
    assert "Not yet" in page
    assert "Nothing to answer" in page  # Squad M


def test_a_team_without_promises_says_what_makes_them_appear(organisation: Organisation, ines: Client) -> None:
    assert "This team has no open commitment." in _text(ines.get(URL))
    assert ines.post(URL, {}).status_code == 422


def test_a_closed_team_is_read_only(world: World, director: Person, page_of: PageOf) -> None:
    from django.utils import timezone

    Team.objects.filter(pk=world.organisation.squad_a.pk).update(closed_at=timezone.now(), closed_by=director.user)
    browser = page_of(director)
    assert "Log this slip" not in _text(browser.get(URL))
    assert browser.post(URL, {}).status_code == 302
    assert not CheckIn.objects.exists()


# --- much, and strange -----------------------------------------------------------------------------------------------


def test_titles_are_data_and_many_are_cut_to_those_due_first(world: World, ines: Client) -> None:
    for number in range(63):
        _promise(world.organisation.squad_a, f"<script>{number}</script> {'w' * 280}", date(2027, 2, 1))
    page = ines.get(URL).content.decode()
    assert "<script>1" not in page
    assert page.count("data-answer=") == 60
    assert "5 commitments are due later" in _text(ines.get(URL))


def test_the_number_of_queries_does_not_grow(
    world: World, ines: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(12):
        one = _promise(world.organisation.squad_a, f"Promise {number}", date(2027, 1, 20))
        actions.propose(commitment=one, option=actions.Proposal(title="x"), by=None)
    with django_assert_max_num_queries(32):
        ines.get(URL)


def _all(world: World, word: str) -> dict[str, str]:
    return {f"c{one.pk}-word": word for one in (world.api, world.export)}


def _last_week(world: World) -> None:
    actions.send_checkin(
        team=world.organisation.squad_a, monday=date(2026, 11, 9), by=None,
        at=datetime(2026, 11, 10, 9, tzinfo=UTC), on=date(2026, 11, 10),
        said=[actions.Said(commitment=one, word="on_track") for one in (world.api, world.export)],
    )  # fmt: skip
