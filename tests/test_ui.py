"""What values look like on a page. No database."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils import timezone

from teams.templatetags import ui

NOW = datetime(2026, 11, 23, 7, 55, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def drawn(source: str, **values: object) -> str:
    return Template(source).render(Context(values))


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [
        (timedelta(0), "0 minutes", "0 min"),
        (timedelta(seconds=12), "under a minute", "under 1 min"),
        (timedelta(minutes=1), "1 minute", "1 min"),
        (timedelta(minutes=45), "45 minutes", "45 min"),
        (timedelta(minutes=59, seconds=40), "1 hour", "1 h"),
        (timedelta(hours=2, minutes=42), "2.7 hours", "2.7 h"),
        (timedelta(hours=9, minutes=58), "10 hours", "10 h"),
        (timedelta(hours=31), "31 hours", "31 h"),
        (timedelta(hours=71, minutes=50), "3 days", "3 d"),
        (timedelta(days=3, hours=12), "3.5 days", "3.5 d"),
        (timedelta(days=400), "400 days", "400 d"),
        (timedelta(hours=-7), "−7 hours", "−7 h"),
        (None, "–", "–"),
    ],
)
def test_a_duration_takes_the_unit_that_suits_it(value: timedelta | None, long: str, short: str) -> None:
    assert (ui.duration(value), ui.duration(value, "short")) == (long, short)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (640, "$640"),
        (999.6, "$1k"),
        (1900, "$1.9k"),
        (9_990, "$10k"),
        (160_000, "$160k"),
        (999_600, "$1m"),
        (Decimal("1200000"), "$1.2m"),
        (12_400_000, "$12m"),
        (2_000_000_000, "$2bn"),
        (-5000, "−$5k"),
        (None, "–"),
    ],
)
def test_money_is_short_and_never_shows_a_thousand_thousands(value: float | None, text: str) -> None:
    assert ui.money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0%"),
        (0.004, "under 1%"),
        (0.13, "13%"),
        (0.125, "13%"),
        (0.994, "99%"),
        (0.996, "over 99%"),
        (1, "100%"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_percent_is_whole_and_does_not_round_to_certainty(value: float | None, text: str) -> None:
    assert ui.percent(value) == text


def test_a_count_has_thousands_and_a_missing_one_is_a_dash_not_zero() -> None:
    assert [ui.count(1204), ui.count(0), ui.count(2.5), ui.count(None)] == ["1,204", "0", "2.5", "–"]


def test_a_number_comes_with_its_noun() -> None:
    assert [ui.plural(1, "change,changes"), ui.plural(1200, "change"), ui.plural(None, "change")] == [
        "1 change",
        "1,200 changes",
        "–",
    ]


def test_a_day_has_its_year_only_when_it_is_another_year() -> None:
    assert [ui.day(date(2026, 1, 8)), ui.day(date(2027, 1, 8)), ui.day(None)] == ["8 Jan", "8 Jan", "–"]
    assert ui.day(date(2027, 9, 8)) == "8 Sep 2027"
    assert ui.weekday(date(2026, 11, 23)) == "Mon 23 Nov"


def test_an_instant_is_told_in_the_zone_of_the_organisation(settings: object) -> None:
    import zoneinfo

    settings.ORGANISATION_ZONE = zoneinfo.ZoneInfo("Europe/Helsinki")  # type: ignore[attr-defined]
    assert ui.instant(datetime(2026, 11, 22, 22, 30, tzinfo=UTC)) == "Mon 23 Nov, 00:30"
    assert ui.day(datetime(2026, 11, 22, 22, 30, tzinfo=UTC)) == "23 Nov"


def test_a_range_of_days_names_a_month_once() -> None:
    assert ui.days(date(2026, 11, 16), date(2026, 11, 22)) == "16–22 Nov"
    assert ui.days(date(2026, 10, 26), date(2026, 11, 1)) == "26 Oct – 1 Nov"
    assert ui.days(date(2026, 12, 28), date(2027, 1, 3)) == "28 Dec – 3 Jan"
    assert ui.days(date(2028, 12, 28), date(2029, 1, 3)) == "28 Dec 2028 – 3 Jan 2029"
    assert ui.days(date(2026, 12, 1), date(2026, 12, 1)) == "1 Dec"
    assert ui.days(None, date(2026, 12, 1)) == "–"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=4, seconds=50), "4 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(minutes=-5), "in 5 minutes"),
    ],
)
def test_how_long_ago_is_never_rounded_up(passed: timedelta, text: str) -> None:
    assert ui.ago(NOW - passed) == text


def test_a_change_says_its_direction_in_a_word() -> None:
    assert ui.delta(timedelta(hours=7)) == "7 hours slower"
    assert ui.delta(timedelta(hours=-0.6)) == "36 minutes faster"
    assert ui.delta(timedelta(days=13), "late,early") == "13 days late"
    assert ui.delta(-6) == "6 fewer"
    assert ui.delta(0) == "no change"
    assert ui.delta(0.04) == "no change"
    assert ui.delta(timedelta()) == "no change"
    assert ui.delta(None) == "–"


def test_a_change_of_a_share_is_told_in_points() -> None:
    assert [ui.points(0.03), ui.points(-0.01), ui.points(0.002), ui.points(0), ui.points(None)] == [
        "3 points worse",
        "1 point better",
        "under 1 point worse",
        "no change",
        "–",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "ftp://x/y",
        "http://[",
        "",
        None,
    ],
)
def test_an_address_that_does_not_lead_to_a_web_page_is_dropped(address: str | None) -> None:
    assert ui.safe_url(address) == ""


def test_an_address_of_a_web_page_stays() -> None:
    assert ui.safe_url("https://git.example/a/b?c=1#d") == "https://git.example/a/b?c=1#d"


def test_a_status_is_a_shape_and_a_word() -> None:
    html = drawn('{% status "late" "Stopped" %}')
    assert "is-late" in html
    assert "<path" in html
    assert "Stopped" in html
    assert "sr-only" not in html
    assert 'class="sr-only">On track' in drawn('{% status "ok" hidden=True %}')


def test_an_unknown_status_is_no_data() -> None:
    assert "No data" in drawn("{% status state %}", state="<nonsense>")
    assert "is-none" in drawn("{% status None %}")


def test_what_comes_from_outside_is_escaped_in_every_drawing() -> None:
    evil = '"><script>'
    for html in (
        drawn('{% status "ok" word %}', word=evil),
        drawn("{% spark values label=word tone=word %}", values=[1, 2], word=evil),
        drawn("{% band 2 word %}", word=evil),
        drawn("{% reads states word %}", states=[evil], word=evil),
        drawn("{% stages parts words=True %}", parts=[{"label": evil, "value": 3, "text": evil, "tone": evil}]),
        drawn('{% icon "week" label=word %}', word=evil),
    ):
        assert "<script" not in html
        assert evil not in html


def test_a_missing_week_is_a_gap_in_the_line_and_not_zero() -> None:
    html = ui.spark([3, 4, None, 5, 6])
    lines = re.findall(r'class="spark-line" d="([^"]+)"', html)
    assert [line.count("L") + 1 for line in lines] == [2, 2]
    assert html.count("spark-end") == 1


def test_a_line_whose_last_week_is_missing_has_no_dot_at_its_end() -> None:
    assert "spark-end" not in ui.spark([3, 4, None])


def test_a_week_alone_between_gaps_is_a_point() -> None:
    assert ui.spark([None, 4, None, 2, 3]).count("spark-point") == 1


def test_a_line_without_any_value_is_a_dash() -> None:
    assert "–" in ui.spark([None, None])
    assert "–" in ui.spark([])
    assert "<svg" not in ui.spark(None)


def test_lines_that_share_a_scale_put_the_same_value_at_the_same_height() -> None:
    ends = [
        re.search(r'spark-end" cx="[^"]+" cy="([^"]+)"', ui.spark(values, low=0, high=50))
        for values in ([10, 20], [40, 20])
    ]
    assert ends[0]
    assert ends[1]
    assert ends[0].group(1) == ends[1].group(1)


def test_a_flat_line_runs_through_the_middle() -> None:
    assert 'cy="12.0"' in ui.spark([5, 5, 5], height=24)


def test_durations_can_be_drawn_as_they_are() -> None:
    assert "spark-line" in ui.spark([timedelta(hours=1), timedelta(hours=2)], target=timedelta(hours=1))


def test_stages_share_the_width_in_proportion_and_say_themselves() -> None:
    parts = [
        SimpleNamespace(label="Coding", value=timedelta(hours=3), tone="1"),
        {"label": "Review", "value": timedelta(hours=1), "tone": "2"},
    ]
    html = ui.stages(parts)
    assert 'x="75.0%"' in html
    assert 'aria-label="Coding 3 hours, Review 1 hour"' in html


def test_stages_of_nothing_are_a_dash() -> None:
    assert "–" in ui.stages([])
    assert "–" in ui.stages([{"label": "Coding", "value": None}])


def test_a_band_fills_as_many_bars_as_its_level() -> None:
    assert ui.band(3).count('"on"') == 3
    assert ui.band(None).count('"on"') == 0
