"""Connecting in steps: what each step asks and keeps, and that a token never comes back to the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metrics import inbox
from metrics.events import Found, Hook, ProviderError
from metrics.models import Deployment, HookSecret, Incident, Service, Source, Stream
from metrics.secrets import opened
from tests.observing import Observing, said, sign
from tests.personas import Organisation

from .evidence import take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("observing")]

ADDRESS = "/sources/squad-a/connect/observing/"
CHOOSE = ADDRESS + "choose/"
TOKEN = "tok-very-secret-0123456789"


def text(answer: Any) -> str:
    page: str = answer.content.decode().replace("&#x27;", "'")
    assert TOKEN not in page, "a token came back to the browser"
    return page


def tested(browser: Client) -> None:
    sent = browser.post(ADDRESS, {"address": "https://observing.example.org", "secret": TOKEN})
    assert sent.status_code == 302, sent.content.decode()
    assert sent["Location"] == CHOOSE


def test_each_provider_has_a_card_with_what_it_feeds(browser: Client, organisation: Organisation) -> None:
    page = text(browser.get("/sources/squad-a/connect/"))
    for word in ("Plain Git", "GitHub", "Observing", "Everything", "Needs no account"):
        assert word in page
    assert 'href="/sources/squad-a/connect/git/"' in page
    assert f'href="{ADDRESS}"' in page


def test_a_source_is_connected_step_by_step_and_its_first_rows_are_shown(
    browser: Client,
    organisation: Organisation,
) -> None:
    assert 'value="https://observing.example.org"' in text(browser.get(ADDRESS))
    tested(browser)
    page = text(browser.get(CHOOSE))
    assert "It answers." in page
    assert "acme/api" in page
    assert 'value="Observing"' in page

    sent = browser.post(
        CHOOSE,
        {"every": "some", "chosen": ["acme/api"], "name": "Ours", "owner": organisation.squad_a.pk, "window": "180"},
    )
    source = Source.objects.get()
    assert sent["Location"] == f"/source/{source.pk}/begin/"
    assert source.settings == {"owner": organisation.squad_a.pk, "repositories": ["acme/api"]}
    assert opened(source.secret) == TOKEN
    past = source.streams.get(lane=Stream.Lane.BACKFILL)
    assert past.window_from is not None
    assert abs(timezone.now() - past.window_from - timedelta(days=180)) < timedelta(minutes=5)

    secret = opened(HookSecret.objects.get().secret)
    page = text(browser.get(sent["Location"]))
    assert secret in page
    assert f"http://testserver/hooks/{source.hook}/" in page
    assert "Waiting for the first event" in page
    assert secret not in text(browser.get(sent["Location"])), "shown once"

    take(source, said("deployment", "d1", 10, outcome="success", finished=10))
    body = b'[{"kind": "incident", "id": "i1", "at": 60, "title": "Down"}]'
    answer = Client().post(
        f"/hooks/{source.hook}/", body, content_type="application/json", headers={"x-signature": sign(body, secret)}
    )
    assert answer.status_code == 202
    inbox.sweep()
    part = text(browser.get(f"/source/{source.pk}/begin/now/"))
    assert "The newest event was verified" in part
    assert "Down" in part
    assert "counts as production" in part
    assert {Deployment.objects.get().service.team, Incident.objects.get().service.team} == {organisation.squad_a}


def test_a_connection_that_was_tried_is_closed_whether_it_holds_or_not(
    browser: Client, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(Observing, "close", lambda self: closed.append("one"), raising=False)
    tested(browser)
    assert closed == ["one"]

    def refused(self: Observing) -> Found:
        raise ProviderError("Not with this token.")

    monkeypatch.setattr(Observing, "check", refused)
    answer = browser.post(ADDRESS, {"address": "https://observing.example.org", "secret": TOKEN})
    assert answer.status_code == 422
    assert closed == ["one", "one"]


def test_a_refused_delivery_is_shown_with_its_reason(browser: Client, organisation: Organisation) -> None:
    tested(browser)
    browser.post(CHOOSE, {"every": "all", "name": "Ours", "owner": organisation.squad_a.pk, "window": "30"})
    source = Source.objects.get()
    assert "repositories" not in source.settings
    Client().post(f"/hooks/{source.hook}/", b"[]", content_type="application/json", headers={"x-signature": "no"})
    part = text(browser.get(f"/source/{source.pk}/begin/now/"))
    assert "A delivery was refused" in part
    assert "The signature does not hold." in part


def test_what_the_token_cannot_read_is_said_before_anything_is_stored(
    browser: Client,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = Found("The token can read deployments, cannot read Actions.", can=("deployments",), cannot=("Actions",))
    monkeypatch.setattr(Observing, "check", lambda self: seen)
    tested(browser)
    page = text(browser.get(CHOOSE))
    assert "cannot read Actions" in page
    assert "stays unknown, never zero" in page
    assert not Source.objects.exists()


def test_a_refused_token_is_kept_sealed_and_goes_only_where_it_was_meant_for(
    browser: Client,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[str] = []

    def refuse(self: Observing) -> Found:
        used.append(self.connection.secret)
        raise ProviderError("The token was refused.", advice="Make a new one.", permanent=True)

    monkeypatch.setattr(Observing, "check", refuse)
    sent = browser.post(ADDRESS, {"address": "https://observing.example.org", "secret": TOKEN})
    page = text(sent)
    assert sent.status_code == 422
    assert "The token was refused. Make a new one." in page
    assert 'value="https://observing.example.org"' in page
    assert "Left empty it is used again" in page
    assert TOKEN not in str(dict(browser.session))

    browser.post(ADDRESS, {"address": "https://observing.example.org", "secret": ""})
    assert used == [TOKEN, TOKEN]

    sent = browser.post(ADDRESS, {"address": "https://elsewhere.example.org", "secret": ""})
    assert "enter the token for it" in text(sent)
    assert used == [TOKEN, TOKEN], "it was not sent to another address"
    assert browser.get(CHOOSE).status_code == 302, "nothing was tested, so there is nothing to choose from"


def test_a_search_keeps_what_was_typed_and_chosen(browser: Client, organisation: Organisation) -> None:
    tested(browser)
    sent = browser.post(
        CHOOSE,
        {"search": "1", "words": "web", "every": "some", "chosen": ["acme/api"], "name": "My name", "window": "30"},
    )
    page = text(sent)
    assert sent.status_code == 200
    assert "acme/web" in page
    assert 'value="My name"' in page
    assert 'value="acme/api" id="id_chosen_0" checked' in page or "checked" in page.split('value="acme/api"')[1][:60]
    assert "This source is not connected yet" not in page
    assert not Source.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"chosen": []}, "Choose at least one, or choose all."),
        ({"owner": ""}, "This field is required."),
        ({"window": "4000"}, "Select a valid choice"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    browser: Client,
    organisation: Organisation,
    wrong: dict[str, Any],
    sentence: str,
) -> None:
    tested(browser)
    good = {"every": "some", "chosen": ["acme/api"], "name": "Ours", "owner": organisation.squad_a.pk, "window": "30"}
    sent = browser.post(CHOOSE, good | wrong)
    assert sent.status_code == 422
    assert sentence in text(sent)
    assert not Source.objects.exists()


def test_a_name_that_is_taken_is_refused_and_the_next_is_offered(
    browser: Client,
    organisation: Organisation,
) -> None:
    Source.objects.create(team=organisation.squad_a, provider="observing", name="Observing")
    tested(browser)
    assert 'value="Observing 2"' in text(browser.get(CHOOSE))
    answer = {"every": "all", "name": "Observing", "owner": organisation.squad_a.pk, "window": "30"}
    sent = browser.post(CHOOSE, answer)
    assert sent.status_code == 422
    assert "already has a source called Observing" in text(sent)
    assert Source.objects.count() == 1


def test_what_only_pushes_needs_a_name_and_a_squad(
    browser: Client,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    guide = replace(Observing.guide, pushes_only=True, hook=Hook(where="There", events=("all",), secured_by="x"))
    monkeypatch.setattr(Observing, "guide", guide)
    monkeypatch.setattr(Observing, "streams", ())
    monkeypatch.setattr(Observing, "asks", ())
    monkeypatch.setattr(Observing, "windows", False)
    assert "nothing is fetched" in text(browser.get(ADDRESS))
    assert browser.get(CHOOSE).status_code == 302
    sent = browser.post(ADDRESS, {"name": "Pushed", "owner": organisation.squad_a.pk})
    source = Source.objects.get()
    assert sent["Location"] == f"/source/{source.pk}/begin/"
    assert not source.streams.exists()
    assert "Waiting for its first event" in text(browser.get("/sources/squad-a/"))
    assert text(browser.get(f"/source/{source.pk}/"))


def test_a_provider_that_is_not_there_is_not_found(browser: Client, organisation: Organisation) -> None:
    assert browser.get("/sources/squad-a/connect/svn/").status_code == 404
    assert browser.get("/sources/squad-a/connect/sample/").status_code == 404
    assert not Service.objects.exists()
