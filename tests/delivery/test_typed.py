"""Money and dates as people type them."""

from __future__ import annotations

from datetime import date

import pytest

from delivery import typed

TODAY = date(2026, 11, 17)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("", 0), ("0", 0), ("$0", 0), ("24000", 2_400_000), ("$24k", 2_400_000), ("24K", 2_400_000),
        (" $ 24k ", 2_400_000),
        ("24,000", 2_400_000), ("1.2m", 120_000_000), ("$1.5bn", 150_000_000_000), ("12.50", 1250), (".5k", 50_000),
        ("24k USD", 2_400_000), ("1,234,567.89", 123_456_789),
    ],
)  # fmt: skip
def test_money_is_read_however_it_is_typed(text: str, cents: int) -> None:
    assert typed.money(text) == cents


@pytest.mark.parametrize(
    "text",
    ["free", "24.000", "1,2m", "24 000", "€24k", "24kk", ".", "$", "٢٤", "1e5", "inf", "9" * 40, "999999999999999"],
)
def test_money_that_could_mean_something_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"\$24k"):
        typed.money(text)


def test_a_cost_is_never_negative() -> None:
    with pytest.raises(ValueError, match="nothing or more"):
        typed.money("-5k")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-11", date(2026, 12, 11)), ("11 Dec", date(2026, 12, 11)), ("11 december 2027", date(2027, 12, 11)),
        ("Dec 11", date(2026, 12, 11)), ("1st Sept", date(2027, 9, 1)), ("8 Jan", date(2027, 1, 8)),
        ("17 Nov", TODAY), ("16 Nov", date(2027, 11, 16)), ("29 Feb 2028", date(2028, 2, 29)),
    ],
)  # fmt: skip
def test_a_day_without_its_year_is_the_next_one(text: str, day: date) -> None:
    assert typed.day(text, today=TODAY) == day


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("31 Nov", "November has 30 days. Try 30 Nov or 1 Dec."),
        ("2026-11-31", "November has 30 days. Try 30 Nov or 1 Dec."),
        ("32 Dec", "December has 31 days. Try 31 Dec or 1 Jan."),
        ("29 Feb 2027", "February 2027 has 28 days. Try 28 Feb or 1 Mar."),
        ("29 Feb", "The next 29 Feb is in 2028. Try 28 Feb or 1 Mar."),
        ("11/12/2026", "“11/12/2026” is no date. Write a day as 2026-12-11 or 11 Dec."),
        ("11 Smarch", "“11 Smarch” names no month. Write a day as 2026-12-11 or 11 Dec."),
        ("2026-13-01", "“2026-13-01” is no date. Write a day as 2026-12-11 or 11 Dec."),
        ("0 Dec", "“0 Dec” is no date. Write a day as 2026-12-11 or 11 Dec."),
        ("soon", "“soon” is no date. Write a day as 2026-12-11 or 11 Dec."),
    ],
)
def test_a_day_that_cannot_be_says_which_could(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the sentence is compared)
        typed.day(text, today=TODAY)
    assert str(refused.value) == sentence
