"""The door for deliveries: what gets in, once, and what does not; with the real middleware around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import reverse

from metrics import actions, inbox, webhooks
from metrics.models import HookSecret, Inbox, Incident, Source
from teams.models import Team
from tests.observing import Observing, sign

BODY = json.dumps([{"kind": "incident", "id": "i1", "at": 1}]).encode()


@pytest.fixture(autouse=True)
def observing(settings: Any) -> None:
    Observing.clean()
    cache.clear()
    settings.PROVIDERS = settings.PROVIDERS | {"observing": "tests.observing.Observing"}


@pytest.fixture
def source(squad: Team) -> Source:
    made = actions.connect_source(team=squad, provider="observing", name="pushed", by=None)
    made.refresh_from_db()
    return made


@pytest.fixture
def secret(source: Source) -> str:
    return actions.add_hook_secret(source=source, by=None)[1]


@pytest.fixture
def deliver(source: Source) -> Callable[..., Any]:
    client = Client(enforce_csrf_checks=True)

    def send(body: bytes = BODY, *, secret: str, delivery: str = "", signature: str | None = None) -> Any:
        headers = {"x-signature": sign(body, secret) if signature is None else signature}
        if delivery:
            headers["x-delivery"] = delivery
        address = reverse("metrics:hook", args=[source.hook])
        return client.post(address, body, content_type="application/json", headers=headers)

    return send


def test_a_signed_delivery_is_kept_answered_202_and_becomes_a_fact(deliver: Any, secret: str, source: Source) -> None:
    answer = deliver(secret=secret)
    assert (answer.status_code, answer.json()) == (202, {"detail": "Kept."})
    assert Incident.objects.count() == 0, "the door only keeps"
    assert inbox.sweep() == 1
    assert Incident.objects.get().provider_id == "i1"
    source.refresh_from_db()
    assert source.heard_at
    kept = Inbox.objects.get()
    assert "x-signature" not in kept.headers


def test_the_same_delivery_a_thousand_times_is_one_row(deliver: Any, secret: str) -> None:
    answers = {deliver(secret=secret, delivery="d1").status_code for _ in range(1000)}
    assert answers == {202}
    assert Inbox.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_delivery_by_many_at_once_is_one_row(deliver: Any, secret: str) -> None:
    def send(_: int) -> int:
        try:
            return int(deliver(secret=secret, delivery="d1").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(40))) == {202}
    assert Inbox.objects.count() == 1


def test_a_forged_delivery_is_refused_not_kept_and_shown_on_its_source(
    deliver: Any, secret: str, source: Source
) -> None:
    assert deliver(secret="another secret").status_code == 401
    assert deliver(secret=secret, signature="").status_code == 401
    assert deliver(BODY + b" ", secret=secret, signature=sign(BODY, secret)).status_code == 401
    assert not Inbox.objects.exists()
    source.refresh_from_db()
    assert source.refused_why == "The signature does not hold."
    assert secret not in source.refused_why


def test_while_secrets_change_both_hold_and_a_retired_one_no_longer(deliver: Any, secret: str, source: Source) -> None:
    _, newer = actions.add_hook_secret(source=source, by=None)
    assert deliver(secret=secret, delivery="old").status_code == 202
    assert deliver(secret=newer, delivery="new").status_code == 202
    actions.retire_hook_secret(secret=source.hook_secrets.order_by("pk")[0], by=_somebody())
    assert deliver(secret=secret, delivery="late").status_code == 401
    assert deliver(secret=newer, delivery="newer").status_code == 202
    assert HookSecret.objects.filter(retired_at=None).count() == 1


def _somebody() -> Any:
    from teams.models import User

    return User.objects.create_user("sam@example.org", "a long password here")


def test_an_address_that_nobody_has_and_a_source_that_is_not_pushed_to_are_404(
    client: Client, source: Source, squad: Team
) -> None:
    git = actions.connect_source(team=squad, provider="git", name="git", address="/x", by=None)
    git.refresh_from_db()
    for hook in ("00000000-0000-4000-8000-000000000000", git.hook):
        assert client.post(reverse("metrics:hook", args=[hook]), BODY, content_type="x").status_code == 404
    assert client.get(reverse("metrics:hook", args=[source.hook])).status_code == 405


def test_without_a_secret_nothing_gets_in(deliver: Any) -> None:
    answer = deliver(secret="x")
    assert (answer.status_code, answer.json()["detail"]) == (401, "No secret is set up for this address.")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    deliver: Any, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_BYTES", 1000)
    assert deliver(b"x" * 1001, secret=secret).status_code == 413
    assert deliver(b"[" * 900, secret=secret).status_code == 202
    assert not Inbox.objects.filter(processed_at__isnull=False).exists()


def test_who_is_refused_again_and_again_is_told_to_wait(deliver: Any, secret: str) -> None:
    codes = [deliver(secret="wrong", delivery=str(n)).status_code for n in range(webhooks.MOST_REFUSED + 5)]
    assert codes[0] == 401
    assert codes[-1] == 429


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>Sign in</html>", b"[" * 100_000, b"\x00\xff", b"null", b'[{"kind": "incident"}]', b"[1, 2]"],
)
def test_words_that_are_no_event_are_kept_tried_and_end_as_a_dead_letter(
    body: bytes, deliver: Any, secret: str, source: Source
) -> None:
    assert deliver(body, secret=secret).status_code == 202
    for _ in range(inbox.MOST_ATTEMPTS):
        from django.utils import timezone

        Inbox.objects.update(due_at=timezone.now())
        assert inbox.sweep() == 0
    dead = Inbox.objects.get()
    assert dead.dead_at
    assert dead.error
    assert bytes(dead.body) == body
