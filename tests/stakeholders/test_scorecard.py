"""The six indicators: places, bands, words and the headline; rows that add up; the pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from delivery import actions as promises
from metrics.periods import Week
from stakeholders.investment import actions
from stakeholders.investment.actions.debt import Terms
from stakeholders.registers import actions as registers
from stakeholders.scorecard import DEFINITIONS, Aside, Indicator, Key, Row, along, headline, shares, wilson
from stakeholders.scorecards.gather import gather
from stakeholders.scorecards.page import Card, csv_rows
from teams.models import Membership, Person
from tests.personas import Organisation


def _rows(part: int, of: int) -> tuple[Row, ...]:
    return tuple(Row(id=str(n), label=f"row {n}", squad="1", part=int(n < part)) for n in range(of))


def _one(key: Key, part: int, of: int, *, before: float | None = None, **more: object) -> Indicator:
    trend = (before, part / of if of else None)
    return Indicator(definition=DEFINITIONS[key], rows=_rows(part, of), trend=trend, **more)  # type: ignore[arg-type]


# --- places, bands and words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "of", "low", "high"),
    [(5, 7, 0.3589, 0.9178), (0, 4, 0.0, 0.4899), (4, 4, 0.5101, 1.0), (50, 100, 0.4038, 0.5962), (0, 0, 0.0, 1.0)],
)
def test_the_band_is_the_wilson_interval(part: int, of: int, low: float, high: float) -> None:
    assert wilson(part, of) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 400), st.integers(1, 400))
def test_the_band_holds_the_share_and_stays_within_0_and_1(part: int, of: int) -> None:
    part = min(part, of)
    low, high = wilson(part, of)
    assert 0 <= low <= part / of <= high <= 1
    wider = wilson(part, of, z=3)
    assert wider[0] <= low
    assert high <= wider[1]


def test_attrition_runs_from_80_to_100_percent_and_the_others_from_0() -> None:
    assert along(0.9375, DEFINITIONS[Key.ATTRITION]) == pytest.approx(0.6875)
    assert along(0.5, DEFINITIONS[Key.ATTRITION]) == 0
    assert along(0.5, DEFINITIONS[Key.DEBT]) == 0.5


@pytest.mark.parametrize(
    ("part", "of", "before", "word", "state"),
    [
        (5, 7, 0.44, "Nearer high", "ok"),
        (8, 10, 0.62, "High-performing", "ok"),
        (9, 14, 0.79, "Slipping back", "risk"),
        (3, 10, None, "Nearer struggling", "late"),
        (1, 10, 0.1, "Struggling", "late"),
        (0, 0, None, "Not measured yet", "none"),
    ],
)
def test_where_it_stands_in_words(part: int, of: int, before: float | None, word: str, state: str) -> None:
    one = _one(Key.DEPENDENCIES, part, of, before=before)
    assert (one.word, one.state) == (word, state)


def test_nothing_measured_is_none_and_never_nought() -> None:
    one = _one(Key.ROADMAP, 0, 0)
    assert (one.share, one.place, one.band, one.moved) == (None, None, None, "")
    assert _one(Key.ROADMAP, 0, 3).share == 0


def test_so_few_people_have_counts_and_no_place() -> None:
    one = _one(Key.ATTRITION, 3, 4, hide_share=True)
    assert (one.part, one.of, one.share, one.word) == (3, 4, None, "Too few people to place")


def test_the_trend_in_words() -> None:
    assert _one(Key.DEBT, 23, 31, before=0.58).moved == "up from 58%"
    assert _one(Key.DEBT, 9, 14, before=0.79).moved == "down from 79%"
    assert _one(Key.DEBT, 1, 2, before=0.5).moved == "as before, 50%"
    assert shares([_rows(1, 2), (), _rows(2, 2)]) == (0.5, None, 1.0)


SHARES = st.none() | st.integers(0, 20).map(lambda one: one / 20)


@given(st.sampled_from(list(Key)), st.lists(SHARES, max_size=12), st.integers(0, 20), st.integers(0, 20))
def test_mark_word_and_trend_are_of_one_definition(key: Key, trend: list[float | None], part: int, more: int) -> None:
    of = part + more
    now = part / of if of else None
    one = Indicator(definition=DEFINITIONS[key], rows=_rows(part, of), trend=(*trend, now))
    known = [share for share in trend if share is not None]
    if now is None or not known:
        assert (one.before, one.moved, one.slipping) == (None, "", False)
        return
    assert one.before == along(known[0], one.definition)
    assert one.moved.endswith(f"{round(known[0] * 100)}%")
    if one.slipping:
        assert one.word == "Slipping back"
        assert one.moved.startswith("down from")
    if one.moved.startswith("down from") and key is not Key.ATTRITION:
        assert one.slipping == (known[0] - now >= 0.05 - 1e-9)


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=6, max_size=6))
def test_the_headline_counts_as_many_slipping_as_are_marked(said: list[tuple[int, int]]) -> None:
    six = [_one(key, part, 10, before=was / 10) for key, (part, was) in zip(Key, said, strict=True)]
    marked = [one.definition.short for one in six if one.word == "Slipping back"]
    _, _, slipping = headline(six).partition("slipping back: ")
    named = slipping.rstrip(".").replace(" and ", ", ").split(", ") if slipping else []
    assert named == marked


def test_a_place_lost_since_the_first_measured_week_is_slipping_however_high_it_stands() -> None:
    one = Indicator(definition=DEFINITIONS[Key.COMMUNICATION], rows=_rows(4, 5), trend=(None, None, 1.0, 0.9, 0.8))
    assert (one.moved, one.word, one.state) == ("down from 100%", "Slipping back", "risk")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_a_number_is_the_sum_of_its_rows(pairs: list[tuple[int, int]]) -> None:
    rows = tuple(Row(id=str(n), label="", squad="1", part=p, of=o) for n, (p, o) in enumerate(pairs))
    one = Indicator(definition=DEFINITIONS[Key.AGILE], rows=rows)
    aside = Aside(key="a", title="A", rows=rows)
    assert (one.part, one.of) == (aside.part, aside.of) == (sum(p for p, _ in pairs), sum(o for _, o in pairs))


# --- the headline ----------------------------------------------------------------------------------------------------


def _six(shares_: list[tuple[int, int, float | None]]) -> list[Indicator]:
    return [_one(key, *said[:2], before=said[2]) for key, said in zip(Key, shares_, strict=True)]


def test_the_headline_by_its_rules() -> None:
    high = (8, 10, 0.8)
    fine = [high, high, high, (19, 20, 0.95), high, high]
    assert headline(_six(fine)) == "All six indicators sit on the high-performing side."
    two = [*fine[:2], (9, 14, 0.79), (15, 16, 1.0), *fine[4:]]
    assert headline(_six(two)) == (
        "All six indicators sit on the high-performing side. Two are slipping back: dependencies and attrition."
    )
    low = [(1, 10, 0.4), *fine[1:]]
    assert headline(_six(low)).endswith("One is slipping back: roadmap commitments."), "low and still falling"
    low = [(1, 10, None), *fine[1:]]
    assert headline(_six(low)) == (
        "Five of six indicators sit on the high-performing side; roadmap commitments sits on the struggling side."
    )
    missing = [(0, 0, None), *fine[1:]]
    assert headline(_six(missing)) == (
        "All five that can be placed sit on the high-performing side. One is not measured yet."
    )
    assert headline(_six([(0, 0, None)] * 6)) == "None of the six indicators can be placed yet."
    assert headline(_six([(0, 10, None)] * 6)) == "All six indicators sit on the struggling side."
    alone = [*[(0, 0, None)] * 5, high]
    assert headline(_six(alone)) == (
        "The one indicator that can be placed sits on the high-performing side. Five are not measured yet."
    )


# --- the records behind it -------------------------------------------------------------------------------------------


@pytest.fixture
def told(organisation: Organisation, director: Person, manager_a: Person, today: date) -> dict[str, date]:
    """A little of everything, all of it before the last Sunday."""
    until = Week.of(timezone.now(), settings.ORGANISATION_ZONE).previous().sunday
    team, by = organisation.squad_a, director.user

    def on(weeks: int) -> date:
        return until - timedelta(weeks=weeks, days=2)

    def promise(title: str, due: date, made: date, squad: object = team):  # type: ignore[no-untyped-def]
        return promises.make_commitment(
            team=squad, title=title, promised_on=due, days=(1, 2, 3), made_on=made, by=by, at=_noon(made)
        )

    warned = promise("Warned early", on(3), on(9))
    option = promises.Proposal(title="Ship half", saves_days=2)
    promises.log_slip(
        commitment=warned, to_date=on(1), reason="vendor", by=by, options=[option], on=on(7), at=_noon(on(7))
    )
    promises.deliver(commitment=warned, on=on(2), by=by)
    silent = promise("Found at review", on(2), on(9))
    boxed = Terms(owner=director, priority=1, box_days=5, box_until=today + timedelta(days=9))
    for title, terms in (("Boxed", boxed), ("Loose", Terms()), ("Owned only", Terms(owner=director))):
        actions.add_debt(
            team=team, title=title, principal=Decimal(4), interest=Decimal(1), by=by, terms=terms, on=on(5)
        )
    waits = promise("Waits", today + timedelta(days=60), on(9), organisation.squad_b)
    for before, agreed in ((silent, True), (warned, False)):
        link = promises.link(before=before, after=waits, by=by, needed_by=on(1), found_on=on(6), at=_noon(on(6)))
        if agreed:
            promises.agree(dependency=link, on=on(1), by=by, at=_noon(on(4)))
    for n, (ended, level) in enumerate([(None, "senior"), (on(20), "senior"), (None, "staff")]):
        person = Person.objects.create(name=f"Senior {n}", email=f"s{n}@example.org")
        Membership.objects.create(
            person=person, team=team, role="Engineer", level=level, started_on=today - timedelta(days=900),
            ended_on=ended, end_reason="resigned" if ended else "",
        )  # fmt: skip
    answers = [registers.Answer(title="Pay", cost=100_00), registers.Answer(title="Wait")]
    for evidence in ([("Trace", "https://example.org/t")], []):
        registers.ask_decision(
            team=team, question="Pay or wait?", by=by, for_person=director, answers=answers, stakes=5_000_00,
            evidence=evidence, at=_noon(on(3)),
        )  # fmt: skip
    for due, done in ((on(2), on(3)), (on(2), on(1)), (on(1), None)):
        row = actions.add_retro_action(team=team, text="Pair", agreed_on=on(6), due_on=due, by=by)
        if done:
            actions.close_retro_action(action=row, by=by, on=done)
    return {"until": until}


def _noon(day: date):  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime, time

    return datetime.combine(day, time(12), UTC)


WORKED = {
    Key.ROADMAP: (1, 2),
    Key.DEBT: (1, 3),
    Key.DEPENDENCIES: (1, 2),
    Key.ATTRITION: (2, 3),
    Key.COMMUNICATION: (1, 2),
    Key.AGILE: (1, 3),
}


def _card(organisation: Organisation, person: Person, weeks: int = 12) -> Card:
    return Card(gather(person.user, organisation.root, weeks, now=timezone.now()))


def test_each_number_has_its_worked_answer(told: object, organisation: Organisation, director: Person) -> None:
    card = _card(organisation, director)
    assert {one.definition.key: (one.part, one.of) for one in card.indicators} == WORKED


def test_rows_squads_and_the_file_add_up_to_every_number(
    told: object, organisation: Organisation, director: Person
) -> None:
    card = _card(organisation, director)
    rows = csv_rows(card, card.indicators)
    for one in card.indicators:
        key = one.definition.key
        assert one.of > 0
        squads = card.squads(key)
        assert (sum(s.one.part for s in squads), sum(s.one.of for s in squads)) == (one.part, one.of)
        if not one.hide_share:
            assert one.trend[-1] == pytest.approx(one.part / one.of)
        for name, part, of in [("main", one.part, one.of), *((a.key, a.part, a.of) for a in one.asides)]:
            own = [row for row in rows if row[0] == key.value and row[1] == name]
            assert (sum(row[6] for row in own), sum(row[7] for row in own)) == (part, of), (key, name)


def test_the_page_opens_every_number_and_the_file_says_the_same(
    told: object, organisation: Organisation, director: Person, page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(director)
    text = browser.get("/scorecard/product-engineering/").content.decode()
    for key, (part, of) in WORKED.items():
        address = f"/scorecard/product-engineering/{key.value}/"
        assert f'href="{address}">{part} of {of}</a>' in text
        assert f"{part} of {of}" in browser.get(address).content.decode()
        sent = browser.get(f"{address}rows.csv").getvalue().decode()  # type: ignore[attr-defined]
        main = [row for row in csv.DictReader(io.StringIO(sent)) if row["evidence"] == "main"]
        assert (sum(int(row["counts"]) for row in main), sum(int(row["of"]) for row in main)) == (part, of)
    assert "no report was sent from here so far" in browser.get("/scorecard/squad-a/communication/").content.decode()


def test_an_empty_scope_says_why_nothing_is_measured(
    organisation: Organisation, director: Person, page_of: Callable[[Person], Client]
) -> None:
    text = page_of(director).get("/scorecard/squad-b/?weeks=26").content.decode()
    assert "None of the six indicators can be placed yet." in text
    assert "Not measured yet, because no debt is on record." in text
    assert "0 of 0" not in text


def test_a_person_sees_the_rows_of_their_own_teams_only(
    told: object, organisation: Organisation, outsider_manager: Person, page_of: Callable[[Person], Client]
) -> None:
    assert page_of(outsider_manager).get("/scorecard/squad-a/debt/").status_code == 404


def test_the_scorecard_asks_as_often_for_much_as_for_little(
    told: object, organisation: Organisation, director: Person, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert len(_card(organisation, director).indicators) == 6
        return len(seen)

    few = queries()
    for n in range(8):
        actions.add_debt(
            team=organisation.squad_b, title=f"More {n}", principal=Decimal(1), interest=Decimal(1), by=director.user
        )
        actions.add_retro_action(team=organisation.squad_b, text="Pair", due_on=timezone.localdate(), by=director.user)
    assert queries() == few


@given(st.lists(st.booleans(), min_size=1, max_size=40))
@hypothesis_settings(deadline=None)
def test_more_good_rows_never_move_it_towards_struggling(good: list[bool]) -> None:
    rows = tuple(Row(id=str(n), label="", squad="1", part=int(one)) for n, one in enumerate(good))
    before = Indicator(definition=DEFINITIONS[Key.DEBT], rows=rows).place or 0
    more = (*rows, Row(id="more", label="", squad="1", part=1))
    assert (Indicator(definition=DEFINITIONS[Key.DEBT], rows=more).place or 0) >= before
