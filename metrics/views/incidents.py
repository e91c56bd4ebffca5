"""One incident: what it is put down to, and a person's correction of that."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from metrics import actions, incidents
from metrics.forms import CorrectionForm
from metrics.models import Incident
from teams import access
from teams.access import Right
from teams.scope import speaks_of

from .connect import refuse
from .fetched import person


def _incident(request: HttpRequest, pk: int, right: Right = Right.SEE) -> Incident:
    """Of a squad that the reader sees: the one that owned the service as it broke."""
    found = Incident.objects.select_related("team", "service", "source")
    incident = found.filter(pk=pk, superseded_at=None, team__in=access.teams(request.user)).first()
    if incident is None:
        raise Http404("No such incident.")
    access.require(request.user, right, incident.team)
    speaks_of(request, incident.team)
    return incident


@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _incident(request, pk))


@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk, Right.SOURCES)
    form = CorrectionForm(request.POST, choosable=incidents.choosable(person(request), incident))
    if form.is_valid():
        answer = form.cleaned_data
        try:
            actions.correct_incident(
                incident=incident, deployment=answer["deployment"], reason=answer["reason"], by=person(request)
            )
        except actions.Refused as refusal:
            refuse(form, refusal)
        else:
            cause = answer["deployment"] or "no deployment"
            messages.success(
                request, f"{incident} is put down to {cause}. The weeks are counted again within a minute."
            )
            return redirect("metrics:incident", pk=incident.pk)
    return _page(request, incident, form)


def _page(request: HttpRequest, incident: Incident, form: CorrectionForm | None = None) -> HttpResponse:
    search = request.GET.get("q", request.POST.get("q", "")).strip()[:100]
    context = {"scope": incident.team, "search": search, "form": form, **incidents.shown(incident)}
    if access.may(request.user, Right.SOURCES, incident.team):
        link = context["link"]
        chosen = form["deployment"].value() if form else str(link.deployment_id or "none") if link else ""
        kept = [int(chosen)] if str(chosen).isdecimal() else []
        found = incidents.candidates(person(request), incident, search=search, also=kept)
        form = form or CorrectionForm(choosable=incidents.choosable(person(request), incident))
        context |= {"form": form, "candidates": found, "chosen": chosen, "may_correct": True}
    status = 422 if form is not None and form.is_bound else 200
    return render(request, "metrics/incident.html", context, status=status)
