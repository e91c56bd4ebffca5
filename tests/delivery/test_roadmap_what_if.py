"""The roadmap's what-if: its numbers are the network's, and it writes nothing. And how things are drawn."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from delivery import network
from delivery.models import Option
from delivery.roadmap.axis import WIDTH, Axis, route, stacked
from delivery.roadmap.density import density
from delivery.roadmap.words import signed, windows_words
from teams.models import Person
from tests.personas import Organisation

from .roadmaps import Browser, Programme, asked, programme, read, rows_of_everything, url, what_if_url

__all__ = ["programme"]


# --- what if ---------------------------------------------------------------------------------------------------------


def test_a_what_if_writes_nothing(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    client, before = page_of(director), rows_of_everything()
    asked(client, what_if_url(organisation.platform, commitment=programme.api.pk, days=10))
    read(client, url(organisation.platform, commitment=programme.api.pk, days=10))
    assert rows_of_everything() == before


def test_its_numbers_are_the_networks(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    expected = network.what_if({programme.api.pk: 10})
    page = asked(page_of(director), what_if_url(organisation.platform, commitment=programme.api.pk, days=10))
    (deadline,) = expected.deadlines
    assert f"<b>{deadline.even_after:%-d %b}</b>" in page
    assert f"{deadline.even_before:%-d %b} <i" in page
    assert f"<b>{deadline.chance_after.words}</b>" in page
    assert deadline.penalty_after > deadline.penalty_before
    shown = [int(days) for days in re.findall(r"<td>([+−]\d+)</td>".replace("−", "-"), page.replace("−", "-"))]
    assert sorted(shown) == sorted(one.days for one in expected.moved)
    assert f"{expected.still} other" in page
    bars = json.loads(re.search(r'data-bars="([^"]*)"', page).group(1).replace("&quot;", '"'))  # type: ignore[union-attr]
    assert {bar["id"] for bar in bars} <= {one.commitment for one in expected.moved}
    assert programme.api.pk in {bar["id"] for bar in bars}


def test_several_changes_count_together(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    expected = network.what_if({programme.api.pk: 10, programme.exchange.pk: -3})
    query = {"c1": programme.api.pk, "d1": 10, "commitment": programme.exchange.pk, "days": -3}
    page = read(page_of(director), url(organisation.platform, **query))
    assert f"<b>{expected.deadlines[0].even_after:%-d %b}</b>" in page
    assert f'name="c1" value="{programme.api.pk}"' in page
    assert "10 working days of work more" in page
    assert "3 working days of work less" in page


def test_without_htmx_the_address_of_the_answer_leads_to_the_page(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    answer = page_of(director).get(what_if_url(organisation.platform, commitment=programme.api.pk, days=3))
    assert answer.status_code == 302
    assert answer["Location"] == url(organisation.platform, commitment=programme.api.pk, days=3)


@pytest.mark.parametrize("days", ["ten", "43", "-15", "1.5"])
def test_days_that_cannot_be_are_refused_in_words(
    days: str, programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    address = what_if_url(organisation.platform, commitment=programme.api.pk, days=days)
    answer = page_of(director).get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "−14 to 42" in answer.content.decode()


def test_an_option_is_written_only_when_it_is_saved(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    client, address = page_of(director), reverse("delivery:save_option", args=[organisation.platform.slug])
    page = read(client, url(organisation.platform, commitment=programme.api.pk, days=-5))
    assert "Nothing changes until you do." in page
    refused = client.post(address, {"commitment": programme.api.pk, "days": -5, "title": " "})
    assert refused.status_code == 422
    assert "We could not save this option." in refused.content.decode()
    assert not Option.objects.exists()
    kept = client.post(address, {"commitment": programme.api.pk, "days": -5, "title": "Borrow two people"})
    assert kept["Location"] == programme.api.get_absolute_url()
    option = Option.objects.get()
    assert (option.title, option.saves_days, option.commitment) == ("Borrow two people", 5, programme.api)


def test_an_option_that_changes_nothing_is_refused(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    address = reverse("delivery:save_option", args=[organisation.platform.slug])
    answer = page_of(director).post(address, {"commitment": programme.api.pk, "days": 0, "title": "Wait"})
    assert answer.status_code == 422
    assert not Option.objects.exists()


def test_who_may_not_log_is_not_offered_to_save(
    programme: Programme, organisation: Organisation, page_of: Browser, executive: Person
) -> None:
    page = read(page_of(executive), url(organisation.platform, commitment=programme.api.pk, days=5))
    assert "Save as an option" not in page
    assert "Nothing is written." in page


# --- drawing ---------------------------------------------------------------------------------------------------------


def test_days_outside_the_window_lie_on_its_edge() -> None:
    axis = Axis(date(2026, 11, 9), "weeks")
    assert axis.last == date(2027, 2, 14)
    assert axis.x(date(2026, 11, 9)) == 0
    assert axis.x(date(2026, 11, 16)) == WIDTH / 14
    assert axis.x(date(2020, 1, 1)) == 0
    assert axis.end(date(2030, 1, 1)) == WIDTH
    assert [month.word for month in axis.months()] == ["November 2026", "December", "January 2027", "February"]


def test_labels_that_would_overlap_are_stacked() -> None:
    assert stacked([(0, 50), (40, 90), (60, 100), (95, 120)]) == [0, 1, 0, 1]


@pytest.mark.parametrize("start", [(0, 0), (85, 0), (300, 0), (300, 90)])
def test_an_arrow_ends_where_it_should_and_comes_in_from_the_left(start: tuple[float, float]) -> None:
    path = route(*start, 100, 50)
    assert path.startswith("M")
    assert path.endswith("L100 50")
    before = re.findall(r"([\d.]+) ([\d.]+)", path)[-2]
    assert float(before[0]) < 100
    assert float(before[1]) == 50


def test_the_density_keeps_the_deadline_and_puts_peaks_where_trials_end() -> None:
    first = date(2026, 12, 1)
    before = [(first + timedelta(days=day), 100 - abs(day - 20) * 4) for day in range(41)]
    after = [(day + timedelta(days=14), count) for day, count in before]
    chart = density(before, after, first - timedelta(days=20))
    assert chart.line_x is not None
    assert chart.line_x < chart.now_x < chart.then_x


def test_signs_and_rates_are_written_out() -> None:
    assert (signed(5), signed(-5), signed(0)) == ("+5", "−5", "0")
    assert windows_words([], "USD") == ""
