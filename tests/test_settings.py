"""The settings read the environment and nothing else: a wrong value stops the start and names its variable."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = PROJECT / "config" / "settings.py"

GOOD = {
    "SECRET_KEY": "for-the-tests-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "plumbline.example",
    "DATABASE_URL": "postgres://check@localhost/check",
    "REDIS_URL": "redis://localhost",
    "PLUMBLINE_SOURCE_KEYS": Fernet.generate_key().decode(),
    "PLUMBLINE_SEAL_KEY": "0123456789abcdef0123456789abcdef",
    "EMAIL_URL": "smtp://localhost:25",
}
WRONG = [
    ("DEBUG", "perhaps"),
    ("PLUMBLINE_DEMO", "2"),
    ("DATABASE_URL", "sqlite:///plumbline.db"),
    ("DATABASE_URL", "mysql://plumbline@localhost/plumbline"),
    ("REDIS_URL", "http://localhost"),
    ("REDIS_URL", "localhost:6379"),
    ("PLUMBLINE_TIME_ZONE", "Lisbon"),
    ("PLUMBLINE_TIME_ZONE", "../etc/passwd"),
    ("PLUMBLINE_LEASE_SECONDS", "1"),
    ("PLUMBLINE_LEASE_SECONDS", "a minute"),
    ("PLUMBLINE_KEEP_RAW_DAYS", "-1"),
    ("PLUMBLINE_CURRENCY", "dollars"),
    ("PLUMBLINE_ADDRESS", "plumbline.example.org"),
    ("PLUMBLINE_READ_EVERY", "5"),
    ("PLUMBLINE_COVERAGE_GATE", "-1"),
    ("PLUMBLINE_READ_EVERY", "15m"),
    ("PLUMBLINE_INCIDENT_WINDOW_HOURS", "0"),
    ("PLUMBLINE_INCIDENT_WINDOW_HOURS", "1.5"),
    ("PLUMBLINE_SOURCE_KEYS", "not a key"),
    ("PLUMBLINE_SEAL_KEY", "too short"),
    ("TRUST_PROXY_HEADER", "sometimes"),
    ("SECURE_SSL_REDIRECT", "off please"),
    ("SECURE_HSTS_SECONDS", "-1"),
    ("SECURE_HSTS_SECONDS", "a year"),
    ("LOG_LEVEL", "loud"),
    ("EMAIL_TIMEOUT", "0"),
]
FREE = {  # any text is a right value, or none is wrong enough to stop the start
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "PLUMBLINE_ORGANISATION",
    "PLUMBLINE_LOCAL_REPOSITORIES",
    "PLUMBLINE_ALLOWED_HOSTS_FOR_MESSAGES",
    "PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES",
    "PLUMBLINE_CLONES",
    "PLUMBLINE_CACHE",
    "PLUMBLINE_FONTS",
    "PLUMBLINE_SEAL_ANCHOR",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "STATIC_ROOT",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A production environment with good values, and nothing else."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def load() -> dict[str, Any]:
    """The settings, read afresh from the environment."""
    return runpy.run_path(str(SETTINGS))


def variables() -> set[str]:
    """Every variable that the settings read."""
    return set(re.findall(r'(?:env\.\w+|_flag|_number|_typed)\(\s*"([A-Z_]+)"', SETTINGS.read_text()))


def test_good_values_are_taken(environment: pytest.MonkeyPatch) -> None:
    settings = load()
    assert settings["SECRET_KEY"] == GOOD["SECRET_KEY"]
    assert settings["DEBUG"] is False
    assert settings["DEMO"] is False
    assert settings["ALLOWED_HOSTS"] == ["plumbline.example"]
    assert settings["LEASE_SECONDS"] == 60


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_stops_the_start_and_names_its_variable(
    name: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "localhost"),
        ("DATABASE_URL", "postgres://plumbline@localhost:port/plumbline"),
        ("EMAIL_URL", "pigeon://localhost"),
    ],
)
def test_a_value_that_a_library_refuses_names_its_variable_too(
    name: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        load()


def test_every_variable_has_a_wrong_value_here_or_takes_any_text() -> None:
    assert variables() == {name for name, _ in WRONG} | FREE


@pytest.mark.parametrize("word", ["1", "true", "YES", "on", " 1 "])
def test_a_flag_is_on_by_any_of_the_usual_words(word: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DEBUG", word)
    assert load()["DEBUG"] is True


@pytest.mark.parametrize("word", ["", "0", "false", "No", "off"])
def test_a_flag_is_off_by_any_of_the_usual_words(word: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DEBUG", word)
    assert load()["DEBUG"] is False


def test_there_is_no_default_secret_outside_debug(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SECRET_KEY")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        load()
    environment.setenv("DEBUG", "1")
    assert load()["SECRET_KEY"]


def test_the_demo_is_refused_without_debug_and_the_message_names_the_variable(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PLUMBLINE_DEMO", "1")
    with pytest.raises(ImproperlyConfigured, match=r"PLUMBLINE_DEMO=1 .* needs DEBUG=1"):
        load()
    environment.setenv("DEBUG", "1")
    assert "sample" in load()["PROVIDERS"]


def test_the_sample_provider_is_not_there_outside_the_demo(environment: pytest.MonkeyPatch) -> None:
    assert "sample" not in load()["PROVIDERS"]


def test_without_addresses_nobody_elses_server_is_reached(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")
    environment.delenv("REDIS_URL")
    settings = load()
    assert "DATABASE_URL" in settings["DATABASES"]["default"]["OPTIONS"]["host"]
    assert "REDIS_URL" in settings["REDIS_URL"]


def test_cookies_are_for_https_only_outside_debug(environment: pytest.MonkeyPatch) -> None:
    settings = load()
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["CSRF_COOKIE_SECURE"]
    assert settings["SECURE_SSL_REDIRECT"]
    assert settings["SECURE_HSTS_SECONDS"] >= 31_536_000


def test_a_forwarded_scheme_is_believed_only_where_that_was_asked_for(environment: pytest.MonkeyPatch) -> None:
    assert load()["SECURE_PROXY_SSL_HEADER"] is None
    environment.setenv("TRUST_PROXY_HEADER", "1")
    assert load()["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_the_deployment_check_passes_with_good_values() -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=PROJECT, env=GOOD | {"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_command_with_a_wrong_value_ends_with_one_that_names_it() -> None:
    values = GOOD | {"PATH": os.environ["PATH"], "PLUMBLINE_READ_EVERY": "soon"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=PROJECT, env=values, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "PLUMBLINE_READ_EVERY='soon' is not a valid int." in done.stderr
