"""The trail's page and its export."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from teams.forms import DayField

from . import reading, trail

log = structlog.get_logger(__name__)


class AskedForm(forms.Form):
    """What of the trail is wanted."""

    who = forms.CharField(label="Who", max_length=200, required=False)
    table = forms.ChoiceField(label="Kind of record", required=False)
    key = forms.CharField(label="Its number", max_length=200, required=False)
    first = DayField(label="From", required=False)
    last = DayField(label="To", required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # handed through
        table = self.fields["table"]
        assert isinstance(table, forms.ChoiceField)  # noqa: S101 (for the type checker)
        table.choices = [("", "Any"), *reading.choices()]
        table.error_messages["invalid_choice"] = "There is no such kind of record in the trail. Choose one of the list."

    def clean(self) -> dict[str, object]:
        data = self.cleaned_data
        if data.get("first") and data.get("last") and data["first"] > data["last"]:
            self.add_error("last", "This day is before the first one. Turn them round.")
        if data.get("key") and not data.get("table") and "table" not in self.errors:
            self.add_error("key", "A number belongs to a kind of record. Choose the kind too.")
        return data

    def asked(self) -> reading.Asked:
        """What was typed and is right; a wrong part narrows nothing."""
        self.is_valid()
        good = {name: value for name, value in self.cleaned_data.items() if name not in self.errors}
        return reading.Asked(**{name: value for name, value in good.items() if value})


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    reading.require(request.user)
    form = AskedForm(request.GET, auto_id="audit-%s")
    asked = form.asked()
    older = request.GET.copy()
    found = reading.page(asked)
    older["before"] = str(found.older)
    newest = request.GET.copy()
    newest.pop("before", None)
    context = {
        "page": found,
        "form": form,
        "asked": asked,
        "is_narrowed": asked != reading.Asked(),
        "older": older.urlencode(),
        "newest": newest.urlencode(),
    }
    return render(request, "stakeholders/audit.html", context)


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole sealed trail: a part of it could not be proven."""
    reading.require(request.user)
    log.info("audit trail exported", user=request.user.pk)
    answer = StreamingHttpResponse(_lines(), content_type="application/x-ndjson; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-trail-{timezone.localdate():%Y-%m-%d}.jsonl"'
    return answer


def _lines() -> Iterator[str]:
    for record in trail.records():
        yield trail.line_of(record) + "\n"
