"""A person who was told nothing connects GitHub, served by a fake on this machine, and sees the first rows arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.fakes.github import FakeGitHub, until_now

from .looking import axe

pytestmark = [pytest.mark.browser]

MOST_ACTIONS = 9  # fewer than ten
TOKEN = "github_pat_e2e0123456789"
ROWS_MS = 90_000  # until a worker has read the first rows


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub(until_now(200, seed=1))
    fake.token = TOKEN
    with fake:
        yield fake


class Hand:
    """What a person does with the page, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def click(self, role: Any, name: str | re.Pattern[str], **more: Any) -> None:
        self.actions += 1
        self.page.get_by_role(role, name=name, **more).first.click()

    def fill(self, label: str | re.Pattern[str], text: str) -> None:
        self.actions += 1
        self.page.get_by_label(label).first.fill(text)

    def choose(self, label: str, option: str) -> None:
        self.actions += 1
        self.page.get_by_label(label).select_option(label=option)

    def tick(self, label: str | re.Pattern[str]) -> None:
        self.actions += 1
        self.page.get_by_label(label).first.check()


def test_github_is_connected_in_fewer_than_ten_actions(visit: Callable[..., Page], github: FakeGitHub) -> None:
    page = visit("Sam Ortiz")
    page.goto("/sources/integration-platform/")
    hand = Hand(page)
    hand.click("link", "Connect a source")
    hand.click("link", re.compile("^GitHub"))
    hand.fill("Address", github.url)
    hand.fill(re.compile("token", re.IGNORECASE), TOKEN)
    hand.click("button", "Test it")
    expect(page.get_by_text("can read deployments").first).to_be_visible()
    assert axe(page) == []
    hand.tick(re.compile("/"))  # the first repository
    hand.choose("Whose services are these", "Squad A")
    hand.click("button", "Connect", exact=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text("is connected")
    assert hand.actions <= MOST_ACTIONS, f"{hand.actions} actions"
    assert TOKEN not in page.content()
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    expect(page.locator(".new-secret")).to_have_count(1)
    expect(page.get_by_role("region", name="The newest rows").locator("tbody tr").first).to_be_visible(timeout=ROWS_MS)
    assert axe(page) == []
    hand.click("link", "Say what counts as production")
    page.get_by_role("button", name="Write our own rules of deployments").click()
    page.get_by_role("button", name="Add a rule of services").click()
    page.get_by_label("Rule 1: pattern").first.fill("/(/")
    page.get_by_role("button", name="Preview", exact=True).last.click()
    expect(page.get_by_text("is not a regular expression").first).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Rule 1: pattern").first.fill("*")
    page.get_by_role("button", name="Preview", exact=True).last.click()
    expect(page.get_by_text(re.compile(r"With these rules, \d+ of the last \d+ ")).first).to_be_visible()
    assert axe(page) == []
    page.goto(page.url.replace("rules/", ""))
    assert axe(page) == []
    assert any(request.headers.get("authorization", "").endswith(TOKEN) for request in github.log)
