# ruff: noqa: F811 (fixtures are imported)
"""Risks: what they may cost together, the board, and what cannot be."""

from __future__ import annotations

import csv
import io
import itertools

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from stakeholders.models import Risk, RiskEvent
from stakeholders.registers import actions
from stakeholders.registers.exposure import Stake, level, together
from teams.models import Person
from tests.delivery.commitments import words

from .registers import Browser, Scene, scene, user_of

__all__ = ["scene"]


# --- what they cost together: pure -----------------------------------------------------------------------------------


def test_an_expected_loss_is_the_chance_times_the_middle_of_the_range_or_the_triangle() -> None:
    assert Stake(chance=0.6, low=6_000_000, high=18_000_000).expected == 7_200_000
    assert Stake(chance=0.5, low=0, likely=3_000_000, high=9_000_000).expected == 2_000_000


def test_a_sure_loss_of_one_size_is_its_own_percentile_and_no_risk_is_none_not_zero() -> None:
    one = together([Stake(chance=1, low=500, high=500)])
    assert one is not None
    assert (one.expected, one.sure) == (500, 500)
    assert together([]) is None


def test_six_unlikely_risks_are_not_their_average() -> None:
    """Each costs 100 with a chance of 1 in 6: 100 expected; P(at most 1 happens) = 73.7 %, at most 2 = 93.8 %."""
    made = together([Stake(chance=1 / 6, low=100, high=100)] * 6)
    assert made is not None
    assert (made.expected, made.sure, made.count) == (100, 200, 6)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1000)), min_size=1, max_size=7))
@settings(max_examples=30, deadline=None)
def test_the_percentile_is_that_of_all_outcomes_counted_one_by_one(risks: list[tuple[int, int]]) -> None:
    """Brute force: every subset with its probability; give or take what 4,000 trials can be off."""
    stakes = [Stake(chance=tenths / 20, low=cost, high=cost) for tenths, cost in risks]
    outcomes = []
    for happens in itertools.product((False, True), repeat=len(stakes)):
        chance, total = 1.0, 0
        for one, yes in zip(stakes, happens, strict=True):
            chance *= one.chance if yes else 1 - one.chance
            total += one.low if yes else 0
        outcomes.append((total, chance))
    made = together(stakes, trials=4000)
    assert made is not None
    assert made.expected == pytest.approx(sum(total * chance for total, chance in outcomes), abs=0.51)
    below = sum(chance for total, chance in outcomes if total < made.sure)
    upto = sum(chance for total, chance in outcomes if total <= made.sure)
    assert below <= 0.875
    assert upto >= 0.825


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_the_order_does_not_matter_and_nothing_is_more_than_all_of_it(risks: list[tuple[float, int, int]]) -> None:
    stakes = [Stake(chance=chance, low=low, high=low + more) for chance, low, more in risks]
    made, other = together(stakes), together(reversed(stakes))
    assert made == other
    assert made is not None
    assert 0 <= made.sure <= sum(one.high for one in stakes)


@pytest.mark.parametrize(
    "wrong", [{"chance": 1.1}, {"chance": -0.1}, {"low": 9, "high": 2}, {"likely": 99}, {"low": -1}]
)
def test_a_stake_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"from 0 to 1|in this order"):
        Stake(**({"chance": 0.5, "low": 0, "high": 10} | wrong))  # type: ignore[arg-type]


def test_money_or_days_makes_a_risk_heavy_and_what_is_not_known_is_not_low() -> None:
    assert level(7_200_000, None) == "high"
    assert level(100, 3.0) == "high"
    assert level(600_000, 0) == "medium"
    assert level(100, 0.5) == "low"
    assert level(None, None) is None


# --- the pages -------------------------------------------------------------------------------------------------------

db = pytest.mark.django_db


@db
def test_a_new_risk_stands_on_the_board_with_its_owner_and_its_loss(scene: Scene, page_of: Browser) -> None:
    browser = page_of(scene.asker)
    sent = {
        "team": scene.organisation.squad_a.pk, "title": "Guide differs", "category": "vendor",
        "owner": scene.asker.pk, "chance": "60", "low": "$60k", "high": "180,000", "days": "7", "currency": "USD",
        "commitments": [scene.api.pk],
    }  # fmt: skip
    answer = browser.post("/risks/squad-a/new/", sent)
    row = Risk.objects.get(title="Guide differs")
    assert answer.headers["Location"] == f"/risk/{row.pk}/"
    assert (row.chance, row.low, row.high, row.days) == (0.6, 6_000_000, 18_000_000, 7)
    shown = words(browser.get("/risks/squad-a/").content.decode())
    assert f"{row.code} High Guide differs Ines Carvalho $72k · 4 days" in shown
    page = browser.get(f"/risk/{row.pk}/").content.decode()
    assert "Likely, 60%" in words(page)
    assert f"/commitment/{scene.api.pk}/" in page


@db
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"title": ""}, "This field is required"),
        ({"chance": "140"}, "less than or equal to 100"),
        ({"low": "90k", "high": "10k"}, "must not exceed"),
        ({"low": "", "high": "10k"}, "or neither"),
        ({"high": "a lot"}, "is no amount"),
        ({"low": "1", "likely": "0.5", "high": "2"}, "must not exceed"),
        ({"category": ""}, "This field is required"),
        ({"currency": "12$"}, "three letters"),
        ({"team": "0"}, "Select a valid choice"),
    ],
)
def test_a_risk_that_cannot_be_is_refused_and_the_text_stays(
    scene: Scene, page_of: Browser, sent: dict[str, str], said: str
) -> None:
    good = {
        "team": scene.organisation.squad_a.pk, "title": "Guide differs", "about": "Their words", "category": "vendor",
        "chance": "60", "low": "1k", "high": "2k", "currency": "USD",
    }  # fmt: skip
    answer = page_of(scene.asker).post("/risks/squad-a/new/", good | sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "Their words" in answer.content.decode()
    assert Risk.objects.count() == 1


@db
def test_a_move_needs_words_and_the_second_of_two_sees_the_first(scene: Scene, page_of: Browser) -> None:
    ines, maya = page_of(scene.asker), page_of(scene.director)
    address = f"/risk/{scene.risk.pk}/move/"
    assert ines.post(address, {"state": "mitigated", "words": "", "seen": "owned"}).status_code == 422
    assert ines.post(address, {"state": "owned", "words": "x", "seen": "owned"}).status_code == 422
    assert ines.post(address, {"state": "mitigated", "words": "Logs are kept.", "seen": "owned"}).status_code == 302
    answer = maya.post(address, {"state": "resolved", "words": "It is gone.", "seen": "owned"})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Ines Carvalho moved it to mitigated" in shown
    assert "It is gone." in shown
    assert maya.post(address, {"state": "resolved", "words": "It is gone.", "seen": "mitigated"}).status_code == 302
    assert [one.state for one in scene.risk.events.all()] == ["owned", "mitigated", "resolved"]
    assert "Logs are kept." in maya.get(f"/risk/{scene.risk.pk}/").content.decode()


@db
def test_an_edit_over_somebody_elses_edit_is_shown_and_not_lost(scene: Scene, page_of: Browser) -> None:
    seen = scene.risk.edition
    sent = {"title": "Mine", "category": "vendor", "currency": "USD", "seen": seen}
    assert page_of(scene.director).post(f"/risk/{scene.risk.pk}/edit/", sent | {"title": "Theirs"}).status_code == 302
    answer = page_of(scene.asker).post(f"/risk/{scene.risk.pk}/edit/", sent)
    assert answer.status_code == 422
    assert "Somebody changed it since you opened this page: title" in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    scene.risk.refresh_from_db()
    assert scene.risk.title == "Theirs"


@db
def test_the_register_adds_up_and_the_file_says_the_same(scene: Scene, page_of: Browser) -> None:
    by = user_of(scene.asker)
    for number in range(5):
        actions.add_risk(
            team=scene.organisation.squad_a, title=f"=risk {number}", category="technical", by=by, owner=scene.asker,
            chance=0.5, size=actions.Sized(low=100_000, high=100_000),
        )  # fmt: skip
    actions.add_risk(team=scene.organisation.squad_a, title="Nobody knows", category="people", by=by)
    browser = page_of(scene.director)
    shown = words(browser.get("/risks/squad-a/").content.decode())
    assert "6 open risks with a cost: $23k expected in all" in shown  # 20,625 + 5 × 500
    assert "1 is not sized" in shown
    assert "4 more" in shown  # seven are owned, three are shown
    lines = b"".join(browser.get("/risks/squad-a/rows.csv?state=owned")).decode()  # type: ignore[arg-type]
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert sum(float(row["expected loss"] or 0) for row in rows) == 20_625 + 5 * 500
    assert [row["risk"] for row in rows if "risk 0" in row["risk"]] == ["'=risk 0"]
    assert next(row for row in rows if row["risk"] == "Nobody knows")["expected loss"] == ""


@db
def test_the_board_makes_as_many_queries_for_forty_risks_as_for_two(scene: Scene, page_of: Browser) -> None:
    from django.test.utils import CaptureQueriesContext

    browser = page_of(scene.director)
    scene.ask()
    scene.question()

    def count() -> int:
        with CaptureQueriesContext(connection) as made:
            assert browser.get("/risks/squad-a/").status_code == 200
        return len(made)

    count()
    before = count()
    for number in range(19):
        risk = actions.add_risk(
            team=scene.organisation.squad_b, title=f"Risk {number}", category="people", by=user_of(scene.asker)
        )
        scene.ask(risk=risk)
        scene.question()
    assert count() == before


@db
def test_what_happened_stays_and_a_chance_is_a_chance_whoever_writes(scene: Scene) -> None:
    event = RiskEvent.objects.get()
    for spoil in (lambda: RiskEvent.objects.filter(pk=event.pk).update(words="x"), event.delete):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            spoil()
    with pytest.raises(IntegrityError), transaction.atomic():
        Risk.objects.filter(pk=scene.risk.pk).update(chance=1.5)


@db
def test_an_empty_board_says_what_a_risk_is(page_of: Browser, director: Person) -> None:
    assert "No risk yet" in page_of(director).get("/risks/squad-b/").content.decode()


# --- beside a commitment ---------------------------------------------------------------------------------------------


def test_a_commitment_shows_its_risks_requirements_and_acceptances_with_where_each_stands(
    scene: Scene, page_of: Browser
) -> None:
    paper = scene.ask()
    need = scene.require()
    actions.move_risk(risk=scene.risk, state="accepted", words_="In writing.", by=user_of(scene.asker))
    shown = page_of(scene.director).get(f"/commitment/{scene.api.pk}/")
    groups = {one["title"]: one["lines"] for one in shown.context["beside"]}
    assert {title: [line["word"] for line in lines] for title, lines in groups.items()} == {
        "Risks": ["0 of 3 signed"], "Requirements": ["Open"], "Acceptances": ["0 of 3 signed"],
    }  # fmt: skip
    html = shown.content.decode()
    for row in (scene.risk, need, paper):
        assert f'href="{row.get_absolute_url()}"' in html
    assert f"table=delivery_commitment&amp;key={scene.api.pk}" in html, "the way to its history"


def test_what_a_reader_may_not_see_is_not_beside_their_commitment(
    scene: Scene, page_of: Browser, contributor: Person
) -> None:
    scene.ask(team=scene.organisation.platform, risk=None, signers=scene.signers()[1:])
    text = page_of(contributor).get(f"/commitment/{scene.api.pk}/")
    assert [one["title"] for one in text.context["beside"]] == ["Risks"]
    assert "table=delivery_commitment" not in text.content.decode(), "the trail is for those who govern"
