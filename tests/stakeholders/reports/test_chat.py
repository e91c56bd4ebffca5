"""Reports to Slack and Teams: harmless words, one post that is never repeated, addresses that never show again."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from delivery.actions.rules import Refused
from stakeholders.models import Delivery, Schedule
from stakeholders.reports.sending import chat, delivering, outbox, posting, schedules
from stakeholders.reports.wording import document
from teams.models import Person
from tests.fakes.server import FakeServer, Reply, Request
from tests.personas import Organisation
from tests.stakeholders.registers import user_of

from .sent import report
from .story import hostile, large, story

State = Delivery.State
NOW = datetime.fromisoformat("2026-11-23T08:00:00+00:00")


class Hook(FakeServer):
    """Takes every message with `answer`."""

    answer = Reply(body=b"ok")

    def reply(self, request: Request) -> Reply:
        return self.answer


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [one for part in value.values() for one in _words(part)]
    if isinstance(value, list):
        return [one for part in value for one in _words(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("make", [story, hostile, large])
def test_messages_keep_to_the_limits_and_read_no_marks(make: Any) -> None:
    told = document(make(), audience="finance", url="https://plumbline.example.org/report/7/")
    blocks = chat.slack(told)["blocks"]
    assert len(blocks) <= 50
    assert all(one["text"]["type"] == "plain_text" for one in blocks if "text" in one)
    assert all(len(said) <= 3000 for said in _words(blocks))
    assert "<" not in chat.slack(told)["text"]
    card = chat.teams(told)["attachments"][0]["content"]
    assert {one["type"] for one in card["body"]} == {"RichTextBlock"}
    assert len(json.dumps(chat.teams(told))) < 28_000


def test_a_message_says_the_bottom_line_the_figures_what_is_asked_and_where_to_read_on() -> None:
    told = document(story(), audience="finance", url="https://plumbline.example.org/report/7/")
    for made in (chat.slack(told), chat.teams(told)):
        said = "\n".join(_words(made))
        assert told.headline.words in said
        assert "$160k" in said
        assert "How do we win back the go-live?" in said
        assert "https://plumbline.example.org/report/7/" in said


@pytest.mark.parametrize(
    ("way", "address", "why"),
    [
        ("slack", "https://hooks.slack.example/services/T/B/x", "no webhook of Slack"),
        ("slack", "http://hooks.slack.com/services/T/B/x", "Only https"),
        ("slack", "https://hooks.slack.com.evil.example/x", "no webhook of Slack"),
        ("slack", "https://me@hooks.slack.com/x", "before the host"),
        ("teams", "https://hooks.slack.com/services/T/B/x", "no webhook of Microsoft Teams"),
        ("teams", "https://evilwebhook.office.com/x", "no webhook of Microsoft Teams"),
        ("slack", "https://127.0.0.1/x", "no webhook of Slack"),
        ("slack", "nonsense", "no web address"),
    ],
)
def test_only_addresses_of_that_program_are_taken(way: str, address: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        posting.checked(way, address)


def test_addresses_of_slack_and_teams_are_taken() -> None:
    assert posting.checked("slack", " https://hooks.slack.com/services/T/B/x ")
    assert posting.checked("teams", "https://acme.webhook.office.com/webhookb2/x")
    assert posting.checked("teams", "https://prod-7.westeurope.logic.azure.com:443/workflows/x?sig=y")


@pytest.fixture
def hook(settings: Any) -> Any:
    with Hook() as server:
        settings.MESSAGE_HOSTS = [server.url.removeprefix("http://")]
        settings.DEBUG = True  # a key of its own for secrets
        yield server


@pytest.fixture
def queued(db: None, hook: Hook, organisation: Organisation, director: Person) -> Delivery:
    by = user_of(director)
    terms = schedules.Terms(
        audience="finance", way="slack", weekday=1, at_time=time(8),
        address=f"{hook.url}/services/T0/B0/secretword",
    )  # fmt: skip
    schedule = schedules.make(team=organisation.platform, terms=terms, by=by, at=NOW)
    outbox.by_schedule(report=report(organisation.platform, by), schedule=schedule, at=NOW)
    return Delivery.objects.get()


def _run(row: Delivery, at: datetime = NOW) -> Delivery:
    delivering.deliver_due(now=lambda: at)
    row.refresh_from_db()
    return row


def test_a_message_is_posted_once(queued: Delivery, hook: Hook) -> None:
    assert _run(queued).state == State.SENT
    _run(queued, NOW + timedelta(days=1))
    assert [(one.method, one.path) for one in hook.log] == [("POST", "/services/T0/B0/secretword")]
    assert hook.log[0].json["blocks"][0]["type"] == "header"


def test_the_address_is_kept_encrypted_and_never_said(queued: Delivery) -> None:
    stored = bytes(Schedule.objects.get().address_secret)
    assert b"secretword" not in stored
    assert "secretword" not in queued.to
    assert queued.to.startswith("127.0.0.1 #")


def test_a_limit_is_waited_for(queued: Delivery, hook: Hook) -> None:
    hook.answer = Reply(status=429, headers={"Retry-After": "1800"})
    assert _run(queued).state == State.WAITING
    assert queued.next_try_at is not None
    assert timedelta(minutes=29) < queued.next_try_at - datetime.now(queued.next_try_at.tzinfo) <= timedelta(minutes=30)
    assert len(hook.log) == 1


def test_a_webhook_that_was_removed_is_said(queued: Delivery, hook: Hook) -> None:
    hook.answer = Reply(status=404, body=b"no_service")
    assert _run(queued).state == State.REFUSED
    assert "make a new one" in queued.error
    assert "secretword" not in queued.error


def test_a_fault_of_theirs_is_tried_again_later_not_at_once(queued: Delivery, hook: Hook) -> None:
    hook.answer = Reply(status=500, body=b"server_error")
    assert _run(queued).state == State.WAITING
    assert (len(hook.log), queued.handed_at) == (1, None)


def test_no_answer_is_for_a_person_and_no_connection_is_tried_again(queued: Delivery, hook: Hook) -> None:
    def hang_up(request: Request) -> None:
        raise ConnectionAbortedError

    hook.mishaps.append(hang_up)
    assert _run(queued).state == State.UNCLEAR
    assert "Look there before sending again" in queued.error
    hook.__exit__()
    outbox.retry(delivery=queued, by=queued.schedule.created_by, at=NOW)
    assert _run(queued).state == State.WAITING
    assert "cannot be reached" in queued.error
