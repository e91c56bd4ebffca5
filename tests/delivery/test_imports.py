"""Importing through the pages: the dry run tells the fate of each row, and only what was shown is written."""

from __future__ import annotations

import csv
import io
import os
import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from delivery.actions import log_slip, make_commitment
from delivery.actions.rules import today as this_day
from delivery.imports import uploads
from delivery.imports.rows import write
from delivery.models import Commitment, Dependency, Estimate, NetworkMark, Slip
from teams.models import Person
from tests.personas import Organisation

Browser = Callable[[Person], Client]
HEAD = ["id", "team", "title", "promised", "low", "likely", "high"]


def soon(days: int) -> str:
    return (this_day() + timedelta(days=days)).isoformat()


def send(browser: Client, raw: bytes, kind: str = "commitments", team: str = "squad-a") -> str:
    """Uploads, and answers with the query that names the upload."""
    file = SimpleUploadedFile("rows.csv", raw)
    answer = browser.post(f"/import/{team}/", {"kind": kind, "file": file})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"]).partition("?")[2]


def dry_run(browser: Client, query: str, more: str = "", team: str = "squad-a") -> Any:
    return browser.get(f"/import/{team}/preview/?{query}{more}")


def bring_in(browser: Client, query: str, rows: str = "all", team: str = "squad-a") -> Any:
    shown = dry_run(browser, query, team=team)
    data = {"rows": rows, "digest": shown.context["plan"].digest}
    return browser.post(f"/import/{team}/apply/?{query}", data)


@pytest.fixture
def ines(page_of: Browser, manager_a: Person) -> Client:
    return page_of(manager_a)


def test_the_good_rows_are_written_after_a_dry_run_that_wrote_nothing(ines: Client) -> None:
    query = send(ines, write(HEAD, [["P-1", "Squad A", "Patient API", soon(20), "3", "5", "8"],
                                    ["P-2", "", "Exchange", "31 Nov 2026", "", "", ""]]))  # fmt: skip
    shown = dry_run(ines, query)
    assert b"1 would be created, 1 has errors." in shown.content
    assert b"There is no such day as 31 Nov 2026" in shown.content
    assert not Commitment.objects.exists()
    assert bring_in(ines, query, "all").status_code == 422
    assert not Commitment.objects.exists()
    assert bring_in(ines, query, "good").status_code == 302
    made = Commitment.objects.get()
    assert (made.title, made.external_source, made.external_id) == ("Patient API", "csv", "P-1")
    assert str(made.estimates.get()) == "3–5–8 days"
    assert uploads.folder().exists()
    assert not list(uploads.folder().glob("*.data")), "the file goes once it is imported"


def test_importing_the_same_again_writes_nothing(ines: Client) -> None:
    raw = write([*HEAD, "about", "value", "stretch"], [
        ["P-1", "Squad A", "Patient API", soon(20), "3", "5", "8", "words", "7", "yes"],
        ["", "squad-a", "Without an id", soon(30), "", "", "", "", "", ""],
    ])  # fmt: skip
    bring_in(ines, send(ines, raw))
    before = [model.objects.count() for model in (Commitment, Slip, Estimate, NetworkMark)]
    query = send(ines, raw)
    assert b"2 would stay as they are." in dry_run(ines, query).content
    bring_in(ines, query)
    assert [model.objects.count() for model in (Commitment, Slip, Estimate, NetworkMark)] == before


def test_many_rows_leave_one_mark(ines: Client) -> None:
    bring_in(ines, send(ines, write(HEAD, [[f"P-{n}", "", f"Number {n}", soon(9), "1", "2", "3"] for n in range(40)])))
    assert Commitment.objects.count() == 40
    assert NetworkMark.objects.get().why == "40 rows were imported"


def test_another_title_and_estimate_for_the_same_id_change_the_same_promise(ines: Client) -> None:
    bring_in(ines, send(ines, write(HEAD, [["P-1", "", "Patient API", soon(20), "3", "5", "8"]])))
    bring_in(ines, send(ines, write(HEAD, [["P-1", "", "Patient API v2", soon(20), "4", "6", "9"]])))
    held = Commitment.objects.get()
    assert held.title == "Patient API v2"
    assert [str(one) for one in held.estimates.all()] == ["3–5–8 days", "4–6–9 days"]
    assert not Slip.objects.exists()


def test_a_later_day_is_a_slip_with_its_reason_and_option_and_the_first_promise_stays(ines: Client) -> None:
    bring_in(ines, send(ines, write(HEAD, [["P-1", "", "Patient API", soon(20), "3", "5", "8"]])))
    moved = [["P-1", "", "Patient API", soon(34), "", "", ""]]
    query = send(ines, write(HEAD, moved))
    page = dry_run(ines, query).content.decode()
    assert "Give the reason" in page
    assert "Add one option" in page
    head = [*HEAD, "reason", "words", "option", "option cost", "option saves"]
    row = [*moved[0], "Vendor or outside team", "They are late", "Ship read first", "1,600.50", "4"]
    bring_in(ines, send(ines, write(head, [row])))
    slip = Slip.objects.get()
    assert (slip.from_date.isoformat(), slip.to_date.isoformat(), slip.reason) == (soon(20), soon(34), "vendor")
    assert slip.commitment.first_promised_on.isoformat() == soon(20)
    option = slip.options.get()
    assert (option.title, option.cost, option.saves_days) == ("Ship read first", 160050, 4)


def test_the_first_file_again_does_not_take_a_slip_back_in_silence(ines: Client, manager_a: Person) -> None:
    raw = write(HEAD, [["P-1", "", "Patient API", soon(20), "", "", ""]])
    bring_in(ines, send(ines, raw))
    from delivery.actions import Proposal

    log_slip(commitment=Commitment.objects.get(), to_date=this_day() + timedelta(40), reason="scope", by=manager_a.user,
             options=[Proposal(title="Split it")])  # fmt: skip
    assert b"1 has errors" in dry_run(ines, send(ines, raw)).content


def test_what_changes_between_the_dry_run_and_the_import_is_shown_again(ines: Client, manager_a: Person) -> None:
    raw = write(HEAD, [["P-1", "", "Patient API", soon(20), "", "", ""]])
    query = send(ines, raw)
    digest = dry_run(ines, query).context["plan"].digest
    make_commitment(
        team=Commitment._meta.get_field("team").related_model.objects.get(slug="squad-a"), title="Other",
        promised_on=this_day(), by=manager_a.user, external=("csv", "P-1"),
    )  # fmt: skip
    answer = ines.post(f"/import/squad-a/apply/?{query}", {"rows": "all", "digest": digest})
    assert answer.status_code == 422
    assert b"Something has changed here" in answer.content
    assert Commitment.objects.get().title == "Other"


def test_delivered_and_cancelled_rows_end_as_such(ines: Client) -> None:
    head = [*HEAD[:4], "made", "state", "delivered", "cancelled because"]
    rows = [["P-1", "", "Done", soon(-5), soon(-60), "delivered", soon(-7), ""],
            ["P-2", "", "Dropped", soon(5), "", "cancelled", "", "Nobody needs it"],
            ["P-3", "", "No reason", soon(5), "", "cancelled", "", ""],
            ["P-4", "", "Tomorrow", soon(5), "", "", soon(1), ""]]  # fmt: skip
    query = send(ines, write(head, rows))
    problems = dry_run(ines, query).context["plan"].problems
    assert [(one.line, one.column) for one in problems] == [(4, "cancelled because"), (5, "delivered")]
    bring_in(ines, query, "good")
    assert Commitment.objects.get(title="Done").delivered_on == this_day() - timedelta(7)
    assert Commitment.objects.get(title="Dropped").cancelled_why == "Nobody needs it"
    assert b"2 would stay" in dry_run(ines, send(ines, write(head, rows[:2]))).content


# --- whose teams -----------------------------------------------------------------------------------------------------


def test_a_row_of_a_team_without_the_right_names_those_that_come_close(
    ines: Client, organisation: Organisation
) -> None:
    query = send(ines, write(HEAD, [["P-1", "Squad M", "Theirs", soon(9), "", "", ""],
                                    ["P-2", "Squad AA", "Ours", soon(9), "", "", ""]]))  # fmt: skip
    problems = dry_run(ines, query).context["plan"].problems
    assert [(one.line, one.column, one.value) for one in problems] == [
        (2, "team", "Squad M"), (3, "team", "Squad AA"),
    ]  # fmt: skip
    assert "Did you mean Squad A?" in problems[1].what
    assert "Squad B" not in str(problems)


def test_an_id_of_another_team_is_not_taken_over_and_its_title_is_not_told(
    ines: Client, organisation: Organisation, outsider_manager: Person
) -> None:
    make_commitment(team=organisation.squad_m, title="Secret merger", promised_on=this_day(), by=outsider_manager.user,
                    external=("csv", "P-1"))  # fmt: skip
    query = send(
        ines, write(HEAD, [["P-1", "", "Ours now", soon(9), "", "", ""], ["P-1", "", "", soon(9), "", "", ""]])
    )
    page = dry_run(ines, query).content.decode()
    assert "belongs to a commitment of a team in which you may not write" in page
    assert "Secret merger" not in page
    bring_in(ines, query, "good")
    assert Commitment.objects.get().title == "Secret merger"


def test_an_upload_is_only_the_senders(ines: Client, page_of: Browser, contributor: Person) -> None:
    query = send(ines, write(HEAD, [["P-1", "", "Ours", soon(9), "", "", ""]]))
    other = page_of(contributor)
    for address in ("preview", "columns"):
        assert other.get(f"/import/squad-a/{address}/?{query}")["Location"] == "/import/squad-a/"
    other.post(f"/import/squad-a/apply/?{query}", {"rows": "all"})
    assert not Commitment.objects.exists()
    for key in ("", "../../etc/passwd", "a" * 32):
        assert ines.get("/import/squad-a/preview/", {"upload": key}).status_code == 302


def test_uploads_are_private_few_and_go_after_a_day(ines: Client, manager_a: Person) -> None:
    raw = write(HEAD, [["P-1", "", "Ours", soon(9), "", "", ""]])
    query = send(ines, raw)
    (kept,) = uploads.folder().glob("*.data")
    assert kept.stat().st_mode & 0o077 == 0
    assert uploads.folder().stat().st_mode & 0o077 == 0
    os.utime(kept, (time.time() - 90_000,) * 2)
    assert dry_run(ines, query).status_code == 302
    for _ in range(14):
        send(ines, raw)
    assert len(list(uploads.folder().glob("*.data"))) == uploads.MOST_OF_ONE
    assert not kept.exists()


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_titles_with_markup_and_from_right_to_left_are_shown_as_text(ines: Client) -> None:
    rows = [["P-1", "", "<script>alert(1)</script>", soon(9), "", "", ""],
            ["P-2", "", "واجهة المريض", soon(9), "", "", ""],
            ["P-3", "", "=HYPERLINK(\"http://x\")", "<b>never</b>", "", "", ""]]  # fmt: skip
    query = send(ines, write(HEAD, rows))
    made = dry_run(ines, query, "&show=create").content.decode()
    assert "&lt;script&gt;alert(1)" in made
    assert "<script>alert" not in made
    assert '<td data-label="Row" class="import-title" dir="auto">واجهة المريض' in made
    wrong = dry_run(ines, query).content.decode()
    assert "<b>never" not in wrong


def test_the_errors_come_as_a_table_without_formulas(ines: Client) -> None:
    query = send(ines, write(HEAD, [["P-1", "", "Ours", "=1+1", "", "", ""]]))
    answer = ines.get(f"/import/squad-a/errors.csv?{query}")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["line", "column", "value", "what to do"]
    assert rows[1][:3] == ["2", "promised", "'=1+1"]


def test_unknown_columns_are_asked_about_and_what_was_chosen_is_kept(ines: Client) -> None:
    raw = write(["Ref.", "What we owe", "By when", "Colour"], [["P-1", "Patient API", "03/04/2027", "red"]])
    query = send(ines, raw)
    page = ines.get(f"/import/squad-a/columns/?{query}").content.decode()
    assert "For example: Patient API" in page
    missing = ines.post(f"/import/squad-a/columns/?{query}", {"column_0": "id", "source": "csv"})
    assert missing.status_code == 422
    assert b"Choose the column that holds title." in missing.content
    chosen = {"column_0": "id", "column_1": "title", "column_2": "promised_on", "column_3": "", "source": "board",
              "order": "dmy", "team": "squad-a"}  # fmt: skip
    assert ines.post(f"/import/squad-a/columns/?{query}", chosen).status_code == 302
    assert re.search(r'value="title" selected', ines.get(f"/import/squad-a/columns/?{query}").content.decode())
    bring_in(ines, query)
    assert Commitment.objects.get().first_promised_on == date(2027, 4, 3)


def test_what_cannot_be_read_keeps_what_was_pasted(ines: Client) -> None:
    answer = ines.post("/import/squad-a/", {"kind": "jira-json", "text": '{"issues": ['})
    assert answer.status_code == 422
    assert b"This is no JSON at line 1, column 13" in answer.content
    assert b"{&quot;issues&quot;: [" in answer.content
    assert b"Choose a file, or paste its text." in ines.post("/import/squad-a/", {"kind": "commitments"}).content


def test_rows_are_shown_in_pages(ines: Client) -> None:
    query = send(ines, write(HEAD, [[f"P-{n}", "", f"Number {n}", "never", "", "", ""] for n in range(120)]))
    page = dry_run(ines, query, "&page=3").content.decode()
    assert "101–120 of 120 rows" in page
    assert "Line 121" in page


# --- dependencies ----------------------------------------------------------------------------------------------------


@pytest.fixture
def three(ines: Client) -> list[Commitment]:
    bring_in(ines, send(ines, write(HEAD, [[one, "", f"Title {one}", soon(9), "", "", ""] for one in "ABC"])))
    return list(Commitment.objects.order_by("external_id"))


def test_links_are_made_by_id_number_and_title_and_once(ines: Client, three: list[Commitment]) -> None:
    rows = [["A", three[1].code, "2", "yes"], ["Title B", "C", "", ""]]
    raw = write(["before", "after", "lag", "calendar days"], rows)
    bring_in(ines, send(ines, raw, "dependencies"))
    first, second = Dependency.objects.all()
    assert (first.before, first.after, first.lag, first.lag_in_calendar_days) == (three[0], three[1], 2, True)
    assert (second.before, second.after) == (three[1], three[2])
    query = send(ines, raw, "dependencies")
    assert b"2 would stay as they are." in dry_run(ines, query).content
    bring_in(ines, query)
    assert Dependency.objects.count() == 2


def test_a_loop_is_refused_with_its_line_and_its_way_and_the_rest_is_kept(
    ines: Client, three: list[Commitment]
) -> None:
    raw = write(["before", "after"], [["A", "B"], ["B", "C"], ["C", "A"], ["A", "C"], ["A", "A"], ["A", "nobody"]])
    query = send(ines, raw, "dependencies")
    problems = dry_run(ines, query).context["plan"].problems
    assert [(one.line, one.column) for one in problems] == [(4, "before"), (6, "before"), (7, "after")]
    assert "Title C → Title A → Title B → Title C" in problems[0].what or "Title C → Title A → " in problems[0].what
    bring_in(ines, query, "good")
    assert Dependency.objects.count() == 3


def test_a_link_to_a_loop_through_links_that_are_there_is_refused(ines: Client, three: list[Commitment]) -> None:
    bring_in(ines, send(ines, write(["before", "after"], [["A", "B"], ["B", "C"]]), "dependencies"))
    plan = dry_run(ines, send(ines, write(["before", "after"], [["C", "A"]]), "dependencies")).context["plan"]
    assert "Title C → Title A → Title B → Title C" in plan.problems[0].what


# --- doors -----------------------------------------------------------------------------------------------------------

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
OPEN = (200, 403, 200, 200, 403, 403, 404, 404)
AWAY = (302, 403, 302, 302, 403, 403, 404, 404)  # an upload that is not there leads back to the start
DOORS = {
    "/import/squad-a/": OPEN,
    "/import/squad-a/template.csv": OPEN,
    "/import/squad-a/columns/": AWAY,
    "/import/squad-a/preview/": AWAY,
    "/import/squad-a/errors.csv": AWAY,
    "POST /import/squad-a/apply/": AWAY,
    "POST /import/squad-a/": (422, 403, 422, 422, 403, 403, 404, 404),
    "/import/nowhere/": (404,) * 8,
}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, page_of: Browser, organisation: Organisation
) -> None:
    browser = page_of(request.getfixturevalue(persona))
    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    found = {}
    for door in DOORS:
        method, _, address = door.rpartition(" ")
        found[door] = (browser.post if method == "POST" else browser.get)(address).status_code
    assert found == expected


def test_who_is_not_signed_in_is_sent_to_the_log_in_page(client: Client, organisation: Organisation) -> None:
    for door in DOORS:
        method, _, address = door.rpartition(" ")
        answer = (client.post if method == "POST" else client.get)(address)
        assert answer["Location"].startswith("/accounts/login/"), door
