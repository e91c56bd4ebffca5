# ruff: noqa: F811 (fixtures are imported)
"""Decisions: asked, decided once, scored; the log, the record in Markdown, and push-back memos."""

from __future__ import annotations

import csv
import io
import threading
from typing import Any

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery import actions as promises
from delivery.models import ForecastLine
from stakeholders.models import Decision, DecisionEvent, Memo
from stakeholders.registers import actions, pushback, written
from stakeholders.registers.actions import Answer, Changed
from stakeholders.registers.weighing import cost_over, weigh
from teams.models import Person
from tests.delivery.commitments import forecast, words

from .registers import Browser, Scene, scene, user_of

__all__ = ["scene"]
db = pytest.mark.django_db


# --- pure ------------------------------------------------------------------------------------------------------------


def test_points_are_weighed_and_one_that_is_missing_is_not_nothing() -> None:
    made = weigh({1: 5, 2: 3, 3: 4}, {1: 5, 2: 3, 3: 2})
    assert made.score == pytest.approx((25 + 9 + 8) / 50)
    assert weigh({1: 5}, {1: 5, 2: 3}) == weigh({1: 5}, {2: 3, 1: 5})
    assert weigh({1: 5}, {1: 5, 2: 3}).score is None
    assert weigh({}, {}).score is None


def test_cost_over_the_years_is_once_and_so_many_times() -> None:
    assert cost_over(9_600_000, 4_200_000, 3) == 22_200_000
    assert cost_over(None, 100, 3) == 300
    assert cost_over(None, None, 3) is None


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_what_people_typed_is_never_a_heading_a_table_or_a_link_in_markdown(text: str) -> None:
    cell = written.cell(text)
    assert "\n" not in cell
    bare = cell.replace("\\\\", "")
    for mark in "|[<*`#":
        assert mark not in bare.replace(f"\\{mark}", "")


# --- the pages -------------------------------------------------------------------------------------------------------


@db
def test_a_question_is_asked_with_options_and_decided_with_a_reason(scene: Scene, page_of: Browser) -> None:
    manager, director = page_of(scene.asker), page_of(scene.director)
    sent: dict[str, Any] = {
        "team": scene.organisation.squad_a.pk, "question": "Build or buy?", "kind": "build_buy", "years": "3",
        "for_person": scene.director.pk, "stakes": "$160k", "stakes_days": "7", "needed_by": scene.on(5),
        "evidence": "The offer https://vendor.example.org/offer", "commitments": [scene.api.pk],
        "c0-name": "In time", "c0-weight": "5", "c2-name": "Few people", "c2-weight": "2",
        "o0-title": "Build", "o0-cost": "96k", "o0-cost_yearly": "42k", "o0-points0": "2", "o0-points2": "5",
        "o2-title": "Buy", "o2-cost": "15k", "o2-cost_yearly": "36k", "o2-points0": "5", "o2-points2": "4",
        "o2-is_advised": "on",
    }  # fmt: skip
    assert manager.post("/decisions/squad-a/new/", sent).status_code == 302
    row = Decision.objects.get()
    shown = words(manager.get(f"/decision/{row.pk}/").content.decode())
    assert "Stakes $160k and 7 days" in shown
    assert "Cost over 3 years" in shown
    assert "$222k" in shown  # 96 + 3 × 42
    assert "$123k" in shown  # 15 + 3 × 36
    assert "By points: B, with 94%" in shown  # (5 × 5 + 2 × 4) / 35
    assert "Take it" not in shown
    assert manager.post(f"/decision/{row.pk}/decide/", {}).status_code == 403
    option = row.options.get(title="Buy")
    address = f"/decision/{row.pk}/decide/"
    assert director.post(address, {"option": option.pk, "why": " "}).status_code == 422
    answer = director.post(address, {"option": option.pk, "why": "In two weeks.", "score_on": scene.on(30)})
    assert answer.status_code == 302
    event = DecisionEvent.objects.get(step="decided")
    assert (event.by_name, event.words, event.option) == ("Maya Lindqvist", "In two weeks.", option)
    assert [one["cost"] for one in event.promised] == [9_600_000, 1_500_000]
    log = words(manager.get("/decisions/squad-a/").content.decode())
    assert "Squad A, 2 options" in log
    assert "Cost $15k" in log
    record = manager.get(f"/decision/{row.pk}/record.md").content.decode()
    for said in ("# D-", "Status: Decided", "**Buy**", "In two weeks.", "| A | Build | $96k | $42k |", "## Evidence"):
        assert said in record


@db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": ""}, "This field is required"),
        ({"needed_by": "2020-01-01"}, "has passed"),
        ({"kind": "build_buy"}, "over how many years"),
        ({"o0-title": "", "o0-cost": "5k"}, "Name the option, or empty the row."),
        ({"o0-cost": "-5"}, "nothing or more"),
        ({"o0-chance": "200"}, "less than or equal to 100"),
        ({"evidence": "javascript:alert(1)"}, "no web address"),
        ({"stakes": "much"}, "is no amount"),
    ],
)
def test_a_question_that_cannot_be_is_refused_and_the_text_stays(
    scene: Scene, page_of: Browser, change: dict[str, str], said: str
) -> None:
    sent = {
        "team": scene.organisation.squad_a.pk, "question": "What now?", "kind": "options", "context": "It is late.",
        "o0-title": "Wait", "o0-words": "Do nothing",
    }  # fmt: skip
    answer = page_of(scene.asker).post("/decisions/squad-a/new/", sent | change)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert said in shown
    assert "It is late." in shown
    assert "Do nothing" in shown
    assert not Decision.objects.exists()


@db
def test_the_second_of_two_directors_sees_who_decided_what_and_loses_nothing(scene: Scene, page_of: Browser) -> None:
    row = scene.question()
    first, second = row.options.all()
    browser = page_of(scene.director)
    assert browser.post(f"/decision/{row.pk}/decide/", {"option": first.pk, "why": "Quickest."}).status_code == 302
    answer = browser.post(f"/decision/{row.pk}/decide/", {"option": second.pk, "why": "Cheapest, I think."})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Maya Lindqvist decided “Ship reads first” on 25 Nov at 12:00" in shown
    assert "Cheapest, I think." in shown
    assert DecisionEvent.objects.filter(step="decided").count() == 1


@db
def test_an_option_that_is_gone_cannot_be_taken(scene: Scene, page_of: Browser) -> None:
    row = scene.question()
    option = row.options.get(title="Borrow two engineers")
    assert page_of(scene.asker).post(f"/answer/{option.pk}/withdraw/").status_code == 302
    browser = page_of(scene.director)
    answer = browser.post(f"/decision/{row.pk}/decide/", {"option": option.pk, "why": "They are free."})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "“Borrow two engineers” is no longer on the table: Ines Carvalho withdrew it." in shown
    assert "They are free." in shown
    other = scene.question(question="Another").options.first()
    answer = browser.post(f"/decision/{row.pk}/decide/", {"option": other.pk, "why": "x"})  # type: ignore[union-attr]
    assert "Select a valid choice" in answer.content.decode()
    assert not DecisionEvent.objects.filter(step="decided").exists()


@db
def test_it_is_passed_on_added_to_and_withdrawn(scene: Scene, page_of: Browser) -> None:
    row = scene.question()
    director, manager = page_of(scene.director), page_of(scene.asker)
    answer = director.post(f"/decision/{row.pk}/pass-on/", {"to": scene.legal.pk, "why": "A legal question."})
    assert answer.status_code == 302
    assert (
        "asked already"
        in director.post(f"/decision/{row.pk}/pass-on/", {"to": scene.legal.pk, "why": "Again"}).content.decode()
    )
    assert "For Laura Bennett, passed on by Maya Lindqvist" in words(
        manager.get("/decisions/squad-a/?show=waiting").content.decode()
    )
    assert manager.post(f"/decision/{row.pk}/option/", {"title": "Drop it", "cost": "1k"}).status_code == 302
    assert [one.letter for one in row.options.all()] == ["A", "B", "C"]
    assert director.post(f"/decision/{row.pk}/withdraw/", {"why": "Solved itself."}).status_code == 302
    answer = manager.post(f"/decision/{row.pk}/option/", {"title": "Too late"})
    assert "Maya Lindqvist withdrew it" in answer.content.decode()
    assert "Too late" in answer.content.decode()
    assert "Solved itself." in manager.get("/decisions/squad-a/?show=withdrawn").content.decode()


@db
def test_how_it_turned_out_is_asked_for_on_its_day_and_kept(
    scene: Scene, page_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    row = scene.question()
    browser = page_of(scene.asker)
    score = {"verdict": "worse", "words": "Two weeks more.", "cost": "40k", "landed_on": scene.today}
    assert "Nobody has decided it yet" in browser.post(f"/decision/{row.pk}/score/", score).content.decode()
    actions.decide(
        decision=row, option=row.options.all()[0], why="Now", by=user_of(scene.director), score_on=scene.on(10)
    )
    assert row.code not in words(browser.get("/decisions/squad-a/?show=due").content.decode())
    later = timezone.now() + timedelta(days=10)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    browser = page_of(scene.asker)
    assert row.code in words(browser.get("/decisions/squad-a/?show=due").content.decode())
    assert browser.post(f"/decision/{row.pk}/score/", score).status_code == 302
    shown = words(browser.get("/decisions/squad-a/").content.decode())
    assert "Worse. Two weeks more." in shown
    assert "done by 15 Dec, chance 55%" in shown.lower().replace("dec", "Dec")


@db
def test_options_of_slips_that_were_taken_are_in_the_log_with_what_happened(scene: Scene, page_of: Browser) -> None:
    by = user_of(scene.director)
    slip = promises.log_slip(
        commitment=scene.api, to_date=scene.on(27), reason="vendor", by=by,
        options=[promises.Proposal(title="=Ship read first", cost=500_000, saves_days=2)],
    )  # fmt: skip
    kept = {str(slip.options.get().pk): {"lands": scene.on(-2).isoformat()}}
    promises.choose(option=slip.options.get(), why="Clients wait.", by=by, forecast=kept)
    promises.deliver(commitment=scene.api, on=scene.today, by=by)
    browser = page_of(scene.director)
    shown = words(browser.get("/decisions/squad-a/").content.decode())
    assert "Clients wait." in shown
    assert "2 days later than it said" in shown
    scene.question()
    lines = b"".join(browser.get("/decisions/squad-a/rows.csv?show=decided")).decode()  # type: ignore[arg-type]
    (row,) = csv.DictReader(io.StringIO(lines))
    assert row["decision"] == "'=Ship read first"
    assert row["address"].endswith(f"/commitment/{scene.api.pk}/#options")


@db
def test_the_log_makes_as_many_queries_for_thirty_decisions_as_for_one(scene: Scene, page_of: Browser) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = page_of(scene.director)

    def count() -> int:
        with CaptureQueriesContext(connection) as made:
            assert browser.get("/decisions/squad-a/").status_code == 200
        return len(made)

    scene.question()
    count()
    before = count()
    for number in range(30):
        row = scene.question(question=f"Question {number}")
        if number % 2:
            actions.decide(decision=row, option=row.options.all()[0], why="x", by=user_of(scene.director))
    assert count() == before


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_the_same_moment_one_decides(scene: Scene) -> None:
    row = scene.question()
    begin, told = threading.Barrier(2, timeout=10), []

    def decide(place: int, person: Person) -> None:
        try:
            begin.wait()
            made = actions.decide(decision=row, option=row.options.all()[place], why="Mine", by=user_of(person))
            told.append(made.by_name)
        except Changed as late:
            told.append(str(late))
        finally:
            connections.close_all()

    both = [threading.Thread(target=decide, args=one) for one in ((0, scene.director), (1, scene.asker))]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    first = DecisionEvent.objects.get(step="decided").by_name
    assert sorted(len(one) > 40 for one in told) == [False, True]
    assert all(first in one for one in told)


# --- push-back memos -------------------------------------------------------------------------------------------------


@db
def test_a_memo_sets_the_date_asked_for_against_the_newest_forecast(scene: Scene, page_of: Browser) -> None:
    browser = page_of(scene.asker)
    sent = {"commitment": scene.api.code, "requested_on": scene.on(9), "asked_by": "Robert *Achebe*", "opening": "Dear"}
    assert browser.post("/decisions/squad-a/push-back/", sent).status_code == 302
    assert "There is no forecast yet" in browser.get(f"/push-back/{Memo.objects.get().pk}/").content.decode()
    promises.flag(
        commitment=scene.api, by=user_of(scene.asker),
        options=[promises.Proposal(title="Ship reads first", cost=500_000, saves_days=4, scope_given_up="Writes")],
    )  # fmt: skip
    forecast()
    line = ForecastLine.objects.filter(commitment=scene.api).order_by("-run").first()
    assert line is not None
    by_then = sum(count for day, count in line.days if day <= scene.on(9).isoformat())
    assert pushback.chance_by(line, scene.on(9)) == by_then / line.run.trials
    assert pushback.chance_by(line, scene.on(2000)) == 1
    memo = Memo.objects.get()
    assert browser.post(f"/push-back/{memo.pk}/edit/", sent | {"asked_by": ""}).status_code == 422
    assert browser.post(f"/push-back/{memo.pk}/edit/", sent | {"closing": "Let us talk."}).status_code == 302
    memo.refresh_from_db()
    assert memo.facts["chance"] == by_then / line.run.trials
    shown = words(browser.get(f"/push-back/{memo.pk}/").content.decode())
    for said in (
        "Even odds are",
        "Ship reads first",
        "$5k",
        "4 working days",
        "Writes",
        "Let us talk.",
        "are needed to",
    ):
        assert said in shown
    listed = words(browser.get("/decisions/squad-a/?show=memo").content.decode())
    assert f"{memo.code} FHIR Patient API by" in listed
    text = browser.get(f"/push-back/{memo.pk}/memo.md").content.decode()
    assert "Robert \\*Achebe\\*" in text
    assert "| Ship reads first | $5k | 4 working days | Writes |" in text
    answer = browser.post("/decisions/squad-a/push-back/", sent | {"commitment": "C-0"})
    assert "No open commitment of yours has this code" in answer.content.decode()
    assert "Dear" in answer.content.decode()


@db
def test_an_answer_that_is_worded_wrongly_never_reaches_the_record(scene: Scene) -> None:
    for wrong in (Answer(title="x", chance=2), Answer(title="x", cost=-1), Answer(title=" ")):
        with pytest.raises(actions.Refused):
            scene.question(answers=[wrong])
    assert not Decision.objects.exists()
