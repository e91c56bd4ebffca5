"""What a director can do with a report, and what nobody can: numbers are not written, and what was sent stays."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from delivery.actions.rules import Changed, Refused
from stakeholders.models import Report, ReportStep, ReportWords
from stakeholders.reports import actions, wording
from stakeholders.reports.cleaning import cleaned
from stakeholders.reports.facts import FactBase
from stakeholders.reports.kept import Kept, computed, superseding, visible_to
from teams.models import Person
from tests.personas import Organisation
from tests.stakeholders.registers import user_of

from .scene import Told
from .story import empty, hostile
from .story import story as the_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> list[FactBase]:
    """What is gathered next: the first of the list."""
    queue = [the_story()]

    def gathered(user: object, team: object, week: object, *, now: datetime) -> FactBase:
        return dataclasses.replace(queue[0], week=week.monday, as_of=now)  # type: ignore[attr-defined]

    monkeypatch.setattr("stakeholders.reports.actions.gather", gathered)
    return queue


@pytest.fixture
def told(organisation: Organisation, director: Person, facts: list[FactBase]) -> Told:
    return Told(organisation, None, director)  # type: ignore[arg-type]


def drafted(told: Told) -> Report:
    return actions.draft(team=told.team, week=told.week, now=timezone.now(), by=user_of(told.by))[0]


def sent(told: Told, report: Report | None = None) -> Report:
    row = report or drafted(told)
    actions.review(report=row, seen=Kept(row).hash, by=user_of(told.by))
    actions.send(report=row, by=user_of(told.by))
    return row


def again(row: Report) -> Kept:
    return Kept(Report.objects.get(pk=row.pk))


def write(told: Told, row: Report, key: str, words: str) -> ReportWords | None:
    return actions.write(report=row, key=key, words=words, by=user_of(told.by))


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_a_second_draft_of_a_week_is_the_first_one_with_its_words(told: Told) -> None:
    row = drafted(told)
    write(told, row, "headline", "We go live in January.")
    same, made = actions.draft(team=told.team, week=told.week, now=timezone.now(), by=user_of(told.by))
    assert (same, made) == (row, False)
    assert again(row).words == {"headline": "We go live in January."}
    assert Report.objects.count() == 1


def test_refreshed_it_is_a_new_report_and_words_come_along_where_their_place_is_still_there(
    told: Told, facts: list[FactBase]
) -> None:
    row = drafted(told)
    gone = next(key for key in computed(facts[0]) if key not in computed(empty()))
    write(told, row, "headline", "We go live in January.")
    write(told, row, gone, "A cause of an outcome.")
    facts[0] = empty()
    new = actions.refresh(report=row, now=timezone.now(), by=user_of(told.by))
    assert (again(row).step, again(new).step, new.supersedes) == ("dropped", "draft", row)
    assert again(new).words == {"headline": "We go live in January."}
    assert new.facts_hash != row.facts_hash
    with pytest.raises(Refused, match=f"put aside. The draft of this week is {new.code} now"):
        write(told, row, "headline", "Too late.")


def test_what_is_kept_is_what_was_gathered_and_its_hash_is_of_that(told: Told) -> None:
    row = again(drafted(told))
    assert row.facts.digest == row.row.facts_hash
    assert row.facts.deadlines == the_story().deadlines


# --- words -----------------------------------------------------------------------------------------------------------


def test_words_are_written_and_taken_back_and_numbers_have_no_place_to_write(told: Told) -> None:
    row = drafted(told)
    before = again(row).document("finance")
    numbers = [figure.words for _, block in before.blocks() for figure in getattr(block, "items", ())]
    write(told, row, "headline", "We go live in January.")
    after = again(row).document("finance")
    assert (after.headline.words, after.headline.edited) == ("We go live in January.", True)
    assert [figure.words for _, block in after.blocks() for figure in getattr(block, "items", ())] == numbers
    assert again(row).document("engineering").headline.words == "We go live in January."
    write(told, row, "headline", "")
    assert again(row).document("finance") == before
    for key in ("figures", "on_track", "deadlines.1.chance", ""):
        with pytest.raises(Refused, match="not in the report any more"):
            write(told, row, key, "100%")


def test_the_computed_words_themselves_are_no_edit(told: Told) -> None:
    row = drafted(told)
    for audience in wording.AUDIENCES:
        for one in wording.editable(again(row).document(audience)):
            assert write(told, row, one.key, one.words) is None
    assert again(row).words == {}


def test_words_that_are_too_long_are_refused_with_what_fits(told: Told) -> None:
    with pytest.raises(Refused, match="2,001 characters; 2,000 fit"):
        write(told, drafted(told), "headline", "x" * 2001)


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "سنبدأ", "\u202ereversed", "👍🏽"]
)
def test_hostile_words_are_kept_as_written(told: Told, words: str) -> None:
    row = drafted(told)
    write(told, row, "headline", words)
    assert again(row).words["headline"] == words


def test_every_audience_of_hostile_facts_can_be_edited_word_by_word(told: Told, facts: list[FactBase]) -> None:
    facts[0] = cleaned(hostile())  # PostgreSQL holds no NUL, so none comes from there
    row = drafted(told)
    for key in list(computed(facts[0]))[:5]:
        write(told, row, key, "Plain words.")
    assert set(again(row).words.values()) == {"Plain words."}


# --- review and send -------------------------------------------------------------------------------------------------


def test_it_is_sent_once_and_bound_to_what_was_reviewed(told: Told) -> None:
    row = sent(told)
    held = again(row)
    assert held.sent is not None
    assert held.sent.content_hash == held.hash
    assert actions.send(report=row, by=user_of(told.by)) == held.sent, "sent again, the first sending counts"
    assert ReportStep.objects.filter(step="sent").count() == 1


def test_nothing_goes_out_that_nobody_reviewed_or_that_changed_since(told: Told) -> None:
    row = drafted(told)
    with pytest.raises(Refused, match="Nobody has reviewed it"):
        actions.send(report=row, by=user_of(told.by))
    seen = again(row).hash
    actions.review(report=row, seen=seen, by=user_of(told.by))
    write(told, row, "headline", "Other words.")
    assert again(row).changed_since_review
    with pytest.raises(Refused, match="changed since it was reviewed"):
        actions.send(report=row, by=user_of(told.by))
    with pytest.raises(Changed, match="Read it again"):
        actions.review(report=row, seen=seen, by=user_of(told.by))
    write(told, row, "headline", "")
    assert actions.send(report=row, by=user_of(told.by)).step == "sent", "it says again what was reviewed"


def test_a_schedule_that_waits_for_nobody_sends_only_what_nobody_wrote_into(told: Told) -> None:
    by = user_of(told.by)
    row, _ = actions.draft(team=told.team, week=told.week, now=timezone.now(), by=by, scheduled=True)
    assert (row.created_by, row.created_by_name) == (None, f"Schedule of {again(row).steps[0].by_name[12:]}")
    write(told, row, "headline", "Somebody wrote this.")
    with pytest.raises(Refused, match="Nobody has reviewed it"):
        actions.send(report=row, by=by, as_computed=True)
    write(told, row, "headline", "")
    assert actions.send(report=row, by=by, as_computed=True).step == "sent"


def test_what_was_sent_stays_and_a_later_report_takes_its_place(told: Told) -> None:
    row = sent(told)
    for attempt in (
        lambda: write(told, row, "headline", "Different."),
        lambda: actions.refresh(report=row, now=timezone.now(), by=user_of(told.by)),
        lambda: actions.drop(report=row, by=user_of(told.by)),
        lambda: actions.review(report=row, seen=again(row).hash, by=user_of(told.by)),
    ):
        with pytest.raises(Refused, match=f"{row.code} was sent"):
            attempt()
    assert superseding(row) is None
    second = drafted(told)
    assert second.supersedes == row
    assert (again(row).state_words, superseding(row)) == ("", None), "a draft takes nobody's place"
    dropped = actions.drop(report=second, by=user_of(told.by))
    assert dropped.step == "dropped"
    third = sent(told)
    assert superseding(row) == third
    assert again(row).state_words == f"Superseded by {third.code}"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE stakeholders_report SET facts = '{}'")


def test_after_sending_everybody_who_waits_for_it_is_told_once(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Report] = []
    monkeypatch.setattr(actions, "_after_sending", [heard.append])
    row = sent(told)
    actions.send(report=row, by=user_of(told.by))
    assert heard == [row]


# --- who -------------------------------------------------------------------------------------------------------------


def test_drafts_are_for_who_decides_and_sent_ones_for_who_sees(
    told: Told, director: Person, executive: Person, manager_a: Person, stranger: Person
) -> None:
    row = drafted(told)
    assert list(visible_to(user_of(director))) == [row]
    assert not visible_to(user_of(executive)).exists()
    sent(told, row)
    for person, seen in ((director, [row]), (executive, [row]), (manager_a, []), (stranger, [])):
        assert list(visible_to(user_of(person))) == seen, person


def test_a_draft_of_another_week_is_another_report(told: Told) -> None:
    first = drafted(told)
    other, made = actions.draft(
        team=told.team, week=told.week.previous(), now=timezone.now() - timedelta(days=7), by=user_of(told.by)
    )
    assert made
    assert other != first
    assert other.supersedes is None
