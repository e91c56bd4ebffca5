"""The wiring: signing in without Redis, logs without secrets, and what a production installation is told it lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import Client
from django.test.utils import override_settings

from config import checks
from config.logs import redact
from teams.models import User

AWAY = {"default": {"BACKEND": "config.cache.ForgivingRedis", "LOCATION": "unix:///nowhere/redis.sock"}}


@pytest.fixture
def redis_away() -> Iterator[None]:
    with override_settings(CACHES=AWAY):
        yield


@pytest.mark.django_db
def test_people_sign_in_while_redis_is_away(redis_away: None) -> None:
    User.objects.create_user("ada@example.org", "a long password here")
    sent = Client().post("/accounts/login/", {"login": "ada@example.org", "password": "a long password here"})
    assert (sent.status_code, sent["Location"]) == (302, "/")


@pytest.mark.django_db
def test_guessing_passwords_is_stopped_also_while_redis_is_away(redis_away: None) -> None:
    caches["default"].clear()
    User.objects.create_user("eve@example.org", "a long password here")
    answers = [
        Client().post("/accounts/login/", {"login": "eve@example.org", "password": "guess"}).content.decode()
        for _ in range(12)
    ]
    assert "Too many" in answers[-1]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("fetch https://token@git.example.org/x", "fetch https://[hidden]@git.example.org/x"),
        ("fetch https://ada:pw@git.example.org/x", "fetch https://[hidden]@git.example.org/x"),
        ("Authorization: Bearer abc.def", "Authorization: [hidden]"),
        ('{"token": "abc"}', '{"token": "[hidden]"}'),
        ("password=hunter2 next", "password=[hidden] next"),
        ("nothing secret here", "nothing secret here"),
    ],
)
def test_secrets_never_reach_a_log(line: str, shown: str) -> None:
    assert redact(line) == shown


def told(**settings: object) -> set[str]:
    good = {
        "DATABASE_URL": "postgres://x@y/z", "REDIS_URL": "redis://x", "SOURCE_KEYS": ["k"], "SEAL_KEYS": ["k"],
        "DEMO": False, "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    }  # fmt: skip
    with override_settings(**good | settings):
        return {str(one.id) for one in checks.production(None)}


def test_a_production_installation_is_told_what_it_lacks() -> None:
    assert told() == set()
    assert told(DATABASE_URL="postgres://nobody@/none?host=/no-database-set-DATABASE_URL") == {"plumbline.E001"}
    assert told(REDIS_URL="redis://no-redis-set-REDIS_URL.invalid") == {"plumbline.E002"}
    assert told(SOURCE_KEYS=[]) == {"plumbline.E003"}
    assert told(SEAL_KEYS=[]) == {"plumbline.E005"}
    assert told(DEMO=True) == {"plumbline.E004"}
    assert told(EMAIL_BACKEND="django.core.mail.backends.console.EmailBackend") == {"plumbline.W001"}
