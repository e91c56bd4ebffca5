"""Paper and logo of a team's reports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from delivery.forms.commitments import Typed
from delivery.views.form_of import ask
from stakeholders.models.reports import Paper
from stakeholders.registers.views.asking import asked_or_sent, scoped
from stakeholders.reports import styles
from stakeholders.reports.logos import MOST_BYTES
from teams.access import Right
from teams.views.forms_page import posted


class StyleForm(Typed):
    paper = forms.ChoiceField(label="Paper", choices=Paper.choices)
    logo = forms.FileField(
        label="Logo", required=False, help_text="A PNG or JPEG, at most 20 MB. It is made small.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}), allow_empty_file=True,
    )  # fmt: skip
    without_logo = forms.BooleanField(label="Without a logo", required=False)

    def read(self) -> bytes | None:
        """What was chosen, and one byte more than fits of what is too large."""
        file = self.cleaned_data.get("logo")
        return file.read(MOST_BYTES + 1) if file is not None else None


@asked_or_sent
def edit(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)
    held = styles.style_of(scope)
    initial = {"paper": held.paper if held else Paper.A4}
    form = StyleForm(posted(request), request.FILES or None, initial=initial)
    back = reverse("stakeholders:reports", args=[scope.slug])

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        styles.set_style(
            team=scope, paper=said["paper"], logo=form.read(), without_logo=said["without_logo"], by=user
        )  # fmt: skip
        return "Saved. Reports that are drafted from now on look like this.", back

    return ask(
        request, form, verb, title="Paper and logo", button="Save", back=back, scope=scope, held=held,
        template="stakeholders/report_style.html", failed="Paper and logo were not changed.",
    )  # fmt: skip


@require_safe
def logo(request: HttpRequest, team: str) -> HttpResponse:
    """The logo in force, as a picture."""
    _, scope = scoped(request, team)
    held = styles.style_of(scope)
    if held is None or not held.logo:
        raise Http404("No logo was chosen.")
    body = bytes(held.logo)
    answer = HttpResponse(body, content_type="image/png" if body.startswith(b"\x89PNG") else "image/jpeg")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
