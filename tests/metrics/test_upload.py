"""Uploading a file: shown first, told wrong by line, imported whole or not at all, once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from metrics import actions, inbox
from metrics.models import Deployment, Inbox, Source
from tests.personas import Organisation

pytestmark = pytest.mark.django_db

GOOD = b"id,service,environment,sha,outcome,finished_at,note\n" + b"".join(
    b"d%d,api,production,abc%d,success,2026-11-0%d 10:00,=1+1\n" % (n, n, n) for n in range(1, 6)
)


@pytest.fixture
def files(organisation: Organisation) -> Source:
    cache.clear()
    return actions.connect_source(team=organisation.squad_a, provider="csv", name="Files", by=None,
                                  settings={"owner": organisation.squad_a.pk})  # fmt: skip


def send(browser: Client, source: Source, body: bytes, name: str = "deployments.csv") -> Any:
    return browser.post(f"/source/{source.pk}/file/", {"file": SimpleUploadedFile(name, body)})


def test_a_file_is_shown_then_imported_once(browser: Client, files: Source, organisation: Organisation) -> None:
    assert "Waiting for its first event" in browser.get("/sources/squad-a/").content.decode()
    shown = send(browser, files, GOOD)
    page = shown.content.decode()
    assert "deployments.csv holds 5 deployments." in page
    assert "Not used: note." in page
    assert not Inbox.objects.exists(), "nothing is kept before a person says so"

    digest = shown.context["digest"]
    answer = browser.post(f"/source/{files.pk}/file/import/", {"digest": digest}, follow=True)
    assert "5 rows are imported" in answer.content.decode()
    inbox.sweep()
    assert Deployment.objects.filter(production=True, service__team=organisation.squad_a).count() == 5
    assert "The source is up to date." in browser.get("/sources/squad-a/").content.decode()

    send(browser, files, GOOD)
    answer = browser.post(f"/source/{files.pk}/file/import/", {"digest": digest}, follow=True)
    assert "This very file was imported before" in answer.content.decode()
    inbox.sweep()
    assert Deployment.objects.count() == 5


def test_what_is_wrong_is_told_by_line_and_nothing_is_imported(browser: Client, files: Source) -> None:
    sent = send(browser, files, GOOD + b"d9,api,production,abc,success,soon,\n", "<b>mine</b>.csv")
    page = sent.content.decode()
    assert sent.status_code == 422
    assert "cannot be imported yet: 1 fault." in page
    assert '<th scope="row">7</th>' in page
    assert "<b>mine" not in page
    answer = browser.post(f"/source/{files.pk}/file/import/", {"digest": sent.context["digest"]}, follow=True)
    assert "choose it again" in answer.content.decode()
    assert not Inbox.objects.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [(b"", "The file is empty."), (b"\x89PNG\x00\x01", "This is no text."), (b"a,b\n1,2\n", "tells neither")],
)
def test_what_is_no_such_file_is_refused_with_what_to_do(
    browser: Client, files: Source, body: bytes, sentence: str
) -> None:
    sent = send(browser, files, body)
    assert sent.status_code == 422
    assert sentence in sent.content.decode()


def test_a_source_of_another_kind_takes_no_files(browser: Client, source: Source) -> None:
    assert browser.get(f"/source/{source.pk}/file/").status_code == 404
