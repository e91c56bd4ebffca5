"""The check-in by keyboard alone, as a manager does it on an ordinary week."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser]

Visit = Callable[..., Page]


def test_one_key_answers_a_commitment_and_moves_on_until_enter_sends(visit: Visit) -> None:
    page = visit("Ines Carvalho")
    page.goto("/check-in/squad-a/")
    rows = page.locator("[data-answer]")
    count = rows.count()
    assert count
    rows.first.locator(".three input").first.focus()
    for _ in range(count):
        page.keyboard.press("1")

    expect(page.locator("[data-progress-words]")).to_have_text(f"{count} of {count}")
    expect(page.locator("[data-send]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Check-in sent. It took")


def test_three_opens_the_slip_form_with_what_it_changes(visit: Visit) -> None:
    page = visit("Ines Carvalho")
    page.goto("/check-in/squad-a/")
    row = page.locator("[data-answer]:not([data-slipped])").first
    row.locator(".three input").first.focus()
    page.keyboard.press("3")
    page.keyboard.press("Space")

    expect(row.locator(".dates input").first).to_be_checked()
    expect(row.locator("[data-chance]")).not_to_be_empty()
