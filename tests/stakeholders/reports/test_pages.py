"""Reports as people meet them: the list, the sheets, words edited in place, steps, files, and the ledger afterwards."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from delivery import actions as promises
from delivery.models import Deadline
from stakeholders import tasks
from stakeholders.models import Rendering, Report, ReportStyle
from stakeholders.registers import actions as registers
from stakeholders.reports import actions, making
from stakeholders.reports.cleaning import cleaned
from stakeholders.reports.facts import FactBase, canonical
from stakeholders.reports.kept import Kept
from stakeholders.reports.renderings import FORMS
from stakeholders.scorecard import Key
from teams.models import Person
from tests.delivery.commitments import words
from tests.personas import Organisation
from tests.stakeholders.registers import user_of

from .scene import Told
from .story import hostile
from .story import story as the_story

Browser = Callable[[Person], Client]
pytestmark = pytest.mark.django_db
LIST = "/reports/integration-platform/"


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> list[FactBase]:
    queue = [the_story()]

    def gathered(user: object, team: Any, week: Any, *, now: datetime) -> FactBase:
        return dataclasses.replace(queue[0], week=week.monday, as_of=now, team_slug=team.slug)

    monkeypatch.setattr("stakeholders.reports.actions.gather", gathered)
    return queue


@pytest.fixture
def told(organisation: Organisation, director: Person, facts: list[FactBase]) -> Told:
    return Told(organisation, None, director)  # type: ignore[arg-type]


@pytest.fixture
def browser(director: Person, page_of: Browser) -> Client:
    return page_of(director)


def drafted(told: Told, back: int = 0) -> Report:
    return actions.draft(team=told.team, week=told.week.shift(-back), now=timezone.now(), by=user_of(told.by))[0]


def sent(told: Told, back: int = 0, at: datetime | None = None) -> Report:
    row = drafted(told, back)
    actions.review(report=row, seen=Kept(row).hash, by=user_of(told.by))
    actions.send(report=row, by=user_of(told.by), at=at)
    return row


def read(page: str) -> str:
    """As a reader sees it, signs and all."""
    return " ".join(unescape(words(page)).split())


def html(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client: Client, address: str, form: dict[str, str]) -> str:
    """What the page says after a form was sent."""
    return words(client.post(address, form, follow=True).content.decode())


# --- the list --------------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_a_report_is_and_who_makes_it(
    told: Told, browser: Client, executive: Person, page_of: Browser
) -> None:
    assert "it is sent to nobody until you say so" in words(html(browser, LIST))
    reading = html(page_of(executive), LIST)
    assert "they stand here once sent" in words(reading)
    assert "Draft a report" not in reading


def test_drafting_leads_to_the_report_and_a_second_time_to_the_same(told: Told, browser: Client) -> None:
    page = said(browser, f"{LIST}draft/", {"week": told.week.label})
    row = Report.objects.get()
    assert f"{row.code} is drafted." in page
    assert f"There is a draft of this week already: {row.code}." in said(
        browser, f"{LIST}draft/", {"week": told.week.label}
    )
    for week in ("2019-W01", "2099-W01", "now", ""):
        assert browser.post(f"{LIST}draft/", {"week": week}).status_code == 404
    assert Report.objects.count() == 1


def test_the_list_says_each_state_and_the_file_has_no_formulas(
    told: Told, browser: Client, facts: list[FactBase]
) -> None:
    first = sent(told, 2)
    facts[0] = dataclasses.replace(facts[0], say='=HYPERLINK("http://evil")', clause="")
    sent(told, 1)
    drafted(told)
    page = words(html(browser, LIST))
    assert page.index("Drafts") < page.index("Draft", page.index("Drafts") + 6) < page.index("Sent")
    assert first.code in page
    text = browser.get(f"{LIST}rows.csv").getvalue().decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [one["state"] for one in rows] == ["Draft", "Sent", "Sent"]
    assert rows[1]["says"].startswith("'=HYPERLINK")


def test_the_list_and_the_ledger_ask_the_same_number_of_questions_whatever_their_length(
    told: Told, browser: Client
) -> None:
    def asked(address: str) -> int:
        browser.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(address).status_code == 200
        return len(seen)

    sent(told, 1)
    sent(told, 2)
    few = [asked(LIST), asked(f"{LIST}ledger/")]
    for back in range(3, 7):
        sent(told, back)
    assert [asked(LIST), asked(f"{LIST}ledger/")] == few


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_sheets_say_everything_that_the_document_says_for_both_audiences(told: Told, browser: Client) -> None:
    row = sent(told)
    for audience in ("finance", "engineering"):
        page = read(html(browser, f"/report/{row.pk}/?audience={audience}"))
        document = Kept(row).document(audience)
        assert document.headline.words in page
        for _, block in document.blocks():
            for figure in getattr(block, "items", ()):
                assert figure.words in page
        for table in document.tables():
            places = [place for place, one in enumerate(table.columns) if one.page]
            for line in table.shown:
                assert all(" ".join(line[place].words.split()) in page for place in places), table.key


def test_words_are_edited_in_place_marked_and_taken_back(told: Told, browser: Client) -> None:
    row = drafted(told)
    address = f"/report/{row.pk}/"
    opened = html(browser, f"{address}?audience=finance&edit=lead")
    assert "<textarea" in opened
    page = browser.post(f"{address}words/", {"key": "lead", "words": "In <b>plain</b> words."}, follow=True)
    text = page.content.decode()
    assert "In &lt;b&gt;plain&lt;/b&gt; words." in text
    assert "1 passage was edited by hand" in words(text)
    assert 'class="tag-edited">edited' in text
    assert "Back to the computed words" in html(browser, f"{address}?audience=finance&edit=lead")
    browser.post(f"{address}words/", {"key": "lead", "words": "anything", "back": "1"})
    assert "All words are computed." in words(html(browser, address))


def test_words_that_are_refused_stay_in_the_field(told: Told, browser: Client) -> None:
    row = drafted(told)
    answer = browser.post(f"/report/{row.pk}/words/", {"key": "lead", "words": "x" * 2001})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "2,001 characters; 2,000 fit" in text
    assert "x" * 2001 in text


def test_it_goes_from_draft_to_reviewed_to_sent_and_says_who_and_when(told: Told, browser: Client) -> None:
    row = drafted(told)
    address = f"/report/{row.pk}/"
    assert "Nobody has reviewed it yet" in said(browser, f"{address}send/", {"seen": Kept(row).hash})
    assert "Somebody changed it since" in said(browser, f"{address}review/", {"seen": "an older page"})
    assert "Reviewed. It can be sent" in said(browser, f"{address}review/", {"seen": Kept(row).hash})
    page = said(browser, f"{address}send/", {"seen": Kept(row).hash})
    assert f"{row.code} is sent" in page
    assert "Mark as reviewed" not in page
    assert "was sent. What was sent stays" in said(browser, f"{address}words/", {"key": "lead", "words": "Later."})


def test_a_sent_report_says_that_a_later_one_took_its_place(told: Told, browser: Client) -> None:
    first = sent(told)
    assert "took its place" not in html(browser, f"/report/{first.pk}/")
    second = sent(told)
    page = html(browser, f"/report/{first.pk}/")
    assert "A later report of this week took its place" in page
    assert f"/report/{second.pk}/" in page
    assert f"Superseded by {second.code}" in words(page)


def test_a_reader_sees_no_buttons_and_no_pens(told: Told, executive: Person, page_of: Browser) -> None:
    row = sent(told)
    page = html(page_of(executive), f"/report/{row.pk}/?edit=lead")
    assert not any(one in page for one in ("Mark as reviewed", "<textarea", "sheet-pen", "Put aside"))


def test_hostile_facts_are_shown_as_text(told: Told, browser: Client, facts: list[FactBase]) -> None:
    facts[0] = cleaned(hostile())
    page = html(browser, f"/report/{drafted(told).pk}/")
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page


# --- paper and logo --------------------------------------------------------------------------------------------------


def a_logo() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (300, 80), "navy").save(made, "PNG")
    return made.getvalue()


def test_paper_and_logo_hold_for_what_is_drafted_afterwards(told: Told, browser: Client) -> None:
    before = drafted(told, 1)
    chosen = SimpleUploadedFile("logo.png", a_logo(), "image/png")
    page = browser.post("/reports/product-engineering/style/", {"paper": "us-letter", "logo": chosen}, follow=True)
    assert "Reports that are drafted from now on look like this." in page.content.decode()
    after = drafted(told)
    told_now, told_then = (Kept(Report.objects.get(pk=one.pk)).document("finance") for one in (after, before))
    assert (told_now.paper, told_then.paper, told_then.logo) == ("us-letter", "a4", None)
    assert told_now.logo is not None
    assert browser.get(f"{LIST}logo/").content == told_now.logo, "the team above has it"
    browser.post("/reports/product-engineering/style/", {"paper": "a4", "without_logo": "on"})
    assert Kept(Report.objects.get(pk=after.pk)).document("finance").logo == told_now.logo, "it looks as it did"
    assert browser.get(f"{LIST}logo/").status_code == 404


@pytest.mark.parametrize(
    ("body", "words_"),
    [(b"not a picture", "not a PNG or JPEG"), (b"", "The file is empty"), (b"x" * 20_000_001, "may have 20 MB"),
     (a_logo()[:60], "damaged")],
)  # fmt: skip
def test_what_is_no_logo_is_refused_in_words_and_nothing_changes(
    told: Told, browser: Client, body: bytes, words_: str
) -> None:
    chosen = SimpleUploadedFile("logo.png", body, "image/png")
    answer = browser.post(f"{LIST}style/", {"paper": "us-letter", "logo": chosen})
    assert answer.status_code == 422
    assert words_ in words(answer.content.decode())
    assert not ReportStyle.objects.exists()


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_made_by_a_worker_once_and_asked_for_again_it_is_the_same(told: Told, browser: Client) -> None:
    row = sent(told)
    ask = f"/report/{row.pk}/files/json/"
    waiting = browser.post(ask, {"audience": "finance"}, headers={"HX-Request": "true"}).content.decode()
    assert "Being made" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    tasks.make_renderings()
    ready = html(browser, f"/report/{row.pk}/files/?audience=finance")
    assert "every 1s" not in ready
    made = Rendering.objects.get()
    answer = browser.get(f"/report/{row.pk}/file/{made.pk}/")
    body = answer.content
    assert answer["Content-Disposition"].endswith('-finance.json"')
    assert hashlib.sha256(canonical(json.loads(body)["facts"])).hexdigest() == row.facts_hash
    browser.post(ask, {"audience": "finance"})
    tasks.make_renderings()
    assert Rendering.objects.get().body_hash == hashlib.sha256(body).hexdigest()
    assert making.bytes_of(Kept(row), "finance", "json") == body


def test_what_cannot_be_made_says_so_and_is_tried_again(
    told: Told, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent(told)

    def broken(*_: object) -> bytes:
        raise OSError("no space left")

    monkeypatch.setitem(FORMS, "txt", dataclasses.replace(FORMS["txt"], render=broken))
    browser.post(f"/report/{row.pk}/files/txt/", {"audience": "finance"})
    with pytest.raises(OSError, match="no space"):
        tasks.make_renderings()
    page = words(html(browser, f"/report/{row.pk}/"))
    assert "Plain text could not be made. Try again" in page
    monkeypatch.undo()
    browser.post(f"/report/{row.pk}/files/txt/", {"audience": "finance"})
    tasks.make_renderings()
    assert Rendering.objects.get().state == "ready"


def test_what_a_dead_worker_left_is_taken_over(told: Told, browser: Client) -> None:
    row = sent(told)
    browser.post(f"/report/{row.pk}/files/md/", {"audience": "finance"})
    Rendering.objects.update(state="running")
    assert making.make_waiting() == 0, "somebody is at it"
    Rendering.objects.update(asked_at=timezone.now() - timedelta(minutes=3))
    assert making.make_waiting() == 1


def test_edited_words_ask_for_another_file(told: Told, browser: Client) -> None:
    row = drafted(told)
    browser.post(f"/report/{row.pk}/files/txt/", {"audience": "finance"})
    tasks.make_renderings()
    actions.write(report=row, key="headline", words="Other words.", by=user_of(told.by))
    assert not any(file.row for file in making.files(Kept(row), "finance"))
    browser.post(f"/report/{row.pk}/files/txt/", {"audience": "finance"})
    tasks.make_renderings()
    newest = Rendering.objects.order_by("-pk").first()
    assert newest is not None
    assert b"Other words." in bytes(newest.body or b"")


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_the_ledger_says_who_wrote_and_sent_and_what_became_of_it(
    told: Told, browser: Client, facts: list[FactBase], director: Person
) -> None:
    by = user_of(director)
    today = timezone.now().date()
    live = promises.make_commitment(team=told.team, title="Go-live", promised_on=today, is_milestone=True, by=by)
    row = promises.add_deadline(
        team=told.team, name="CMS", date=today, milestone=live, by=by, currency="USD", windows=[]
    )
    asked = registers.ask_decision(
        team=told.team, question="Which way", by=by, for_person=director, needed_by=today,
        answers=[registers.Answer(title="This", is_advised=True), registers.Answer(title="That")],
    )  # fmt: skip
    one = dataclasses.replace(facts[0].deadlines[0], id=row.pk, even=today - timedelta(days=3), sure=today, date=today)
    ask = dataclasses.replace(
        facts[0].asks[0], key=f"decision-{asked.pk}", question="Which way", by=today,
        choices=(dataclasses.replace(facts[0].asks[0].choices[0], title="This", advised=True),),
    )  # fmt: skip
    facts[0] = dataclasses.replace(facts[0], deadlines=(one,), asks=(ask,), outcomes=())
    report = drafted(told)
    actions.write(report=report, key="headline", words="=1+1 in my words", by=by)
    report = sent(told)
    page = words(html(browser, f"{LIST}ledger/"))
    assert "=1+1 in my words" in page
    assert "None of 1 forecast has landed yet." in page
    assert "0 of 1 question have an answer" in page
    promises.deliver(commitment=live, by=by, on=today)
    registers.decide(decision=asked, option=asked.options.get(title="This"), why="So.", by=by,
                     at=timezone.now() + timedelta(minutes=1))  # fmt: skip
    page = words(html(browser, f"{LIST}ledger/"))
    assert "1 of 1 by the day that was called 85% sure; the middle one was 3 days late" in page
    assert "3 days later" in page
    assert "as advised" in page
    assert "1 of 1 question has an answer; 1 of 1 that were due came in time." in page
    text = browser.get(f"{LIST}ledger/rows.csv").getvalue().decode()  # type: ignore[attr-defined]
    rows = {one["kind"]: one for one in csv.DictReader(io.StringIO(text))}
    assert rows["deadline"]["days off"] == "3"
    assert rows["question"]["in time"] == "yes"
    assert rows["edited"]["words"] == "'=1+1 in my words"
    assert Deadline.objects.get().pk == row.pk


def test_the_ledger_shows_nothing_of_teams_that_one_does_not_see(
    told: Told, manager_a: Person, page_of: Browser
) -> None:
    report = sent(told)
    assert page_of(manager_a).get(f"{LIST}ledger/").status_code == 404
    own = html(page_of(manager_a), "/reports/squad-a/ledger/")
    assert report.code not in own
    assert "Nothing was sent yet" in own


# --- the scorecard ---------------------------------------------------------------------------------------------------


def test_reports_on_time_are_counted_from_what_was_sent(told: Told, browser: Client) -> None:
    monday = told.week.monday

    def at(days: int) -> datetime:
        return timezone.now().replace(hour=9) + timedelta(days=(monday - timezone.now().date()).days + days)

    sent(told, 3, at(-14))  # on the Monday after its week
    sent(told, 1, at(4))  # on the Friday after
    page = browser.get("/scorecard/integration-platform/").context["card"]
    indicator = next(one for one in page.indicators if one.definition.key is Key.COMMUNICATION)
    aside = next(one for one in indicator.asides if one.key == "reports")
    assert aside.words == "1 of 3", "sent, not sent, sent late"
