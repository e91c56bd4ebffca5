# ruff: noqa: F811 (fixtures are imported)
"""What can be done with a commitment, and what happens to what cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils.html import escape

from delivery import actions
from delivery.models import Choice, Commitment, Estimate, Option, Slip
from delivery.one import One
from teams.models import Person
from tests.personas import Organisation

from .commitments import Story, forecast, manager, read, story, words

pytestmark = pytest.mark.django_db
__all__ = ["manager", "story"]
Browser = Callable[[Person], Client]


def moved(story: Story, days: int = 27, **more: object) -> dict[str, object]:
    """What the form of a slip sends."""
    return {
        "to_date": story.on(days),
        "reason": "vendor",
        "words": "Their guide differs.",
        "option-0-title": "Ship read first",
        "option-0-cost": "24000.50",
        "option-0-saves_days": "4",
        "seen": "",
    } | more


# --- moving a promise ------------------------------------------------------------------------------------------------


def test_a_slip_moves_the_promise_and_keeps_the_first(manager: Client, story: Story) -> None:
    answer = manager.post(f"/commitment/{story.api.pk}/slip/", moved(story))
    assert answer.headers["Location"] == f"/commitment/{story.api.pk}/#slip-log"
    slip, option = Slip.objects.get(), Option.objects.get()
    assert (slip.to_date, slip.reason, slip.words) == (story.on(27), "vendor", "Their guide differs.")
    assert (option.title, option.cost, option.saves_days, option.slip) == ("Ship read first", 2_400_050, 4, slip)
    story.api.refresh_from_db()
    assert story.api.first_promised_on == story.on(20)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"days": 20}, "is promised for"),  # the same day
        ({"days": -3}, "has passed"),
        ({"to_date": "1970-01-01"}, "cannot be meant"),
        ({"to_date": "2100-01-01"}, "cannot be meant"),
        ({"to_date": "2026-11-31"}, "Write the day as"),
        ({"reason": "weather"}, "weather"),
        ({"option-0-title": "", "option-0-cost": "", "option-0-saves_days": ""}, "Add one option"),
        ({"option-0-title": ""}, "This field is required"),
        ({"option-0-cost": "-5"}, "greater than or equal to 0"),
        ({"option-0-saves_days": "99999999999"}, "less than or equal to 2000"),
        ({"low": "9", "likely": "5", "high": "2"}, "must not exceed"),
        ({"low": "9"}, "Give all three"),
        ({"words": "x" * 2001}, "Shorten it"),
        ({"words": "a\x00b"}, "Null characters"),
    ],
)
def test_a_slip_that_cannot_be_is_refused_with_the_reason_and_keeps_the_text(
    manager: Client, story: Story, sent: dict[str, object], said: str
) -> None:
    days = sent.pop("days", 27)
    answer = manager.post(f"/commitment/{story.api.pk}/slip/", moved(story, days, impact="Clients wait", **sent))  # type: ignore[arg-type]
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert said in shown
    assert "Clients wait" in shown
    assert not Slip.objects.exists()
    sent |= {"days": days}


def test_an_earlier_day_needs_no_option(manager: Client, story: Story) -> None:
    sent = moved(story, 10) | {"option-0-title": "", "option-0-cost": "", "option-0-saves_days": ""}
    assert manager.post(f"/commitment/{story.api.pk}/slip/", sent).status_code == 302
    assert "10 days earlier" in words(read(manager, story))


def test_the_second_of_two_who_save_at_once_sees_what_the_first_did_and_sends_again(
    manager: Client, story: Story, page_of: Browser, director: Person
) -> None:
    assert page_of(director).post(f"/commitment/{story.api.pk}/slip/", moved(story, 25)).status_code == 302
    answer = manager.post(f"/commitment/{story.api.pk}/slip/", moved(story, 29))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "We could not save this slip." in shown
    assert "Maya Lindqvist moved FHIR Patient API" in shown
    assert "Their guide differs." in shown
    assert "Ship read first" in shown
    newest = Slip.objects.get().pk
    assert f'name="seen" value="{newest}"' in shown
    assert manager.post(f"/commitment/{story.api.pk}/slip/", moved(story, 29, seen=newest)).status_code == 302
    assert Slip.objects.count() == 2


@pytest.mark.parametrize("end", ["deliver", "cancel"])
def test_nothing_moves_once_it_is_delivered_or_cancelled_until_it_is_reopened(
    manager: Client, story: Story, end: str
) -> None:
    sent = {"on": story.today, "actual_value": 7} if end == "deliver" else {"why": "Nobody needs it"}
    assert manager.post(f"/commitment/{story.api.pk}/{end}/", sent).status_code == 302
    answer = manager.post(f"/commitment/{story.api.pk}/slip/", moved(story))
    assert answer.status_code == 422
    assert "Reopen it first" in answer.content.decode()
    shown = words(read(manager, story))
    assert ("Delivered" if end == "deliver" else "Nobody needs it") in shown
    assert "Log a slip" not in shown
    assert manager.post(f"/commitment/{story.api.pk}/reopen/").status_code == 302
    assert manager.post(f"/commitment/{story.api.pk}/slip/", moved(story)).status_code == 302
    assert manager.get(f"/commitment/{story.api.pk}/reopen/").status_code == 302  # it is open already


def test_a_correction_is_a_new_entry_and_one_entry_is_corrected_once(manager: Client, story: Story) -> None:
    slip = story.slip(27)
    sent = {"reason": "scope", "words": "Scopes were added."}
    assert manager.post(f"/slip/{slip.pk}/correct/", sent).status_code == 302
    shown = words(read(manager, story))
    assert "Correction to the entry of" in shown
    assert "Reason changed from “Vendor or outside team” to “Scope added”" in shown
    again = manager.post(f"/slip/{slip.pk}/correct/", sent)
    assert again.status_code == 422
    assert "corrected already" in again.content.decode()
    assert manager.post(f"/slip/{slip.pk}/correct/", {"reason": "scope", "words": ""}).status_code == 422


# --- options ---------------------------------------------------------------------------------------------------------


def test_each_option_shows_its_own_what_if_and_the_decision_keeps_what_was_promised(
    page_of: Browser, director: Person, story: Story
) -> None:
    story.slip(
        27,
        options=[
            actions.Proposal(title="Ship read first", saves_days=6),
            actions.Proposal(title="Keep the day", cost=2_400_000),
        ],
    )
    forecast()
    browser = page_of(director)
    one = One(Commitment.objects.select_related("team__parent").get(pk=story.api.pk), director.user)
    first, second = one.table.rows
    assert first.lands is not None
    assert second.lands == one.now.line.even  # type: ignore[union-attr]
    assert first.lands < second.lands
    assert second.cost == "$24k"
    assert second.penalty == one.stake
    assert browser.post(f"/option/{first.option.pk}/choose/", {"why": "It is enough."}).status_code == 302
    choice = Choice.objects.get()
    assert choice.why == "It is enough."
    assert choice.forecast[str(first.option.pk)]["lands"] == first.lands.isoformat()
    assert "decided" in words(read(browser, story))
    late = browser.post(f"/option/{second.option.pk}/choose/", {"why": "No, this"})
    assert late.status_code == 422
    assert "has decided already" in late.content.decode()


def test_an_option_can_be_proposed_and_withdrawn_and_stays_in_the_record(manager: Client, story: Story) -> None:
    sent = {"title": "Ask Epic", "cost": "1200", "currency": "eur", "saves_days": "-2", "is_advised": "on"}
    assert manager.post(f"/commitment/{story.api.pk}/option/", sent).status_code == 302
    option = story.option()
    assert (option.cost, option.currency, option.saves_days, option.is_advised) == (120_000, "EUR", -2, True)
    assert "EUR" in words(read(manager, story))
    assert manager.post(f"/option/{option.pk}/withdraw/").status_code == 302
    assert "Ask Epic" not in read(manager, story)
    assert Option.objects.filter(withdrawn_at__isnull=False).exists()
    for wrong in ({"title": ""}, {"title": "x", "currency": "E"}, {"title": "x" * 301}, {"title": "x", "cost": "1e30"}):
        assert manager.post(f"/commitment/{story.api.pk}/option/", wrong).status_code == 422


# --- the other verbs -------------------------------------------------------------------------------------------------


def test_an_override_stands_beside_the_computed_status_with_reason_and_expiry(manager: Client, story: Story) -> None:
    forecast()
    assert (
        manager.post(f"/commitment/{story.api.pk}/override/", {"status": "late", "why": "<b>Ask</b> me"}).status_code
        == 302
    )
    shown = read(manager, story)
    assert "Ines Carvalho sees it differently" in shown
    assert "&lt;b&gt;Ask&lt;/b&gt; me" in shown
    assert "until" in words(shown)
    assert manager.post(f"/commitment/{story.api.pk}/override/", {"status": "late", "why": ""}).status_code == 422


def test_an_estimate_is_appended_and_a_wrong_one_refused(manager: Client, story: Story) -> None:
    url = f"/commitment/{story.api.pk}/estimate/"
    assert manager.post(url, {"low": 1, "likely": 2, "high": 3}).status_code == 302
    assert Estimate.objects.filter(commitment=story.api).count() == 2
    for low, likely, high in ((3, 2, 1), (-1, 2, 3), (1, 2, 2001), ("", "", ""), ("x", 1, 2)):
        assert manager.post(url, {"low": low, "likely": likely, "high": high}).status_code == 422


def test_whoever_edits_an_older_version_sees_what_somebody_changed(manager: Client, story: Story) -> None:
    url = f"/commitment/{story.api.pk}/edit/"
    seen = story.api.edition
    assert manager.post(url, {"title": "FHIR API", "seen": seen, "planned_value": 5}).status_code == 302
    answer = manager.post(url, {"title": "My own title", "seen": seen})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "title" in shown
    assert "My own title" in shown
    story.api.refresh_from_db()
    assert story.api.title == "FHIR API"
    assert f'name="seen" value="{story.api.edition}"' in shown
    assert manager.post(url, {"title": "My own title", "seen": story.api.edition}).status_code == 302


def test_moved_to_another_team_it_keeps_its_history_and_its_page(
    page_of: Browser, director: Person, manager: Client, story: Story, organisation: Organisation
) -> None:
    story.slip(27)
    assert "no other team" in manager.get(f"/commitment/{story.api.pk}/move/").content.decode()
    assert manager.post(f"/commitment/{story.api.pk}/move/", {"team": organisation.squad_b.pk}).status_code == 422
    browser = page_of(director)
    assert browser.post(f"/commitment/{story.api.pk}/move/", {"team": organisation.squad_b.pk}).status_code == 302
    assert "7 days later" in words(read(browser, story))
    assert manager.get(story.api.get_absolute_url()).status_code == 404
    assert manager.post(f"/commitment/{story.api.pk}/slip/", moved(story)).status_code == 404


@pytest.mark.parametrize(
    "title",
    ["<script>alert(1)</script>", "مشروع تبادل البيانات", "x" * 300, "{{ shell }} {% now 'Y' %}", "=HYPERLINK(1)"],
)
def test_a_title_is_data(manager: Client, story: Story, title: str) -> None:
    sent = {"title": title, "seen": story.api.edition}
    assert manager.post(f"/commitment/{story.api.pk}/edit/", sent).status_code == 302
    shown = read(manager, story)
    assert f'dir="auto">{escape(title)}</h1>' in shown


def test_two_megabytes_of_title_are_refused_and_nothing_breaks(manager: Client, story: Story) -> None:
    answer = manager.post(f"/commitment/{story.api.pk}/edit/", {"title": "x" * 2_000_000, "seen": story.api.edition})
    assert answer.status_code == 422
    assert "Shorten it" in answer.content.decode()
