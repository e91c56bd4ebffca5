"""Links to a report: made, listed with how often they were opened, revoked. An address is shown once."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from delivery.actions.rules import Refused
from stakeholders.models import ShareLink
from stakeholders.registers.views.asking import asked_or_sent, fetch
from stakeholders.reports.kept import Kept, visible_to
from stakeholders.reports.sending import sharing
from stakeholders.reports.sending.forms import LinkForm
from teams import access
from teams.access import Right
from teams.views.forms_page import posted, signed_in


@never_cache
@asked_or_sent
def page(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = fetch(request, visible_to(signed_in(request)), pk, Right.DECIDE)
    form, made = LinkForm(posted(request)), ""
    if form.is_bound and form.is_valid():
        try:
            shared = sharing.share(report=row, by=user, **form.cleaned_data)
            path = reverse("stakeholders:shared", args=[shared.token])
            made = f"{settings.ADDRESS}{path}" if settings.ADDRESS else request.build_absolute_uri(path)
            form = LinkForm()
        except Refused as refused:
            form.refuse(refused.field, str(refused))
    links = row.links.select_related("created_by", "revoked_by")
    context = {
        "form": form, "made": made, "held": Kept(row), "scope": row.team, "now": timezone.now(),
        "links": links.annotate(openings=Sum("days__openings"), last=Max("days__last_at"))[:200],
    }  # fmt: skip
    return render(request, "stakeholders/report_links.html", context, status=422 if form.is_bound else 200)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    rows = ShareLink.objects.select_related("report__team")
    row = get_object_or_404(rows, pk=pk, report__team__in=access.teams(user))
    access.require(user, Right.DECIDE, row.report.team)
    sharing.revoke(link=row, by=user)
    messages.success(request, "The link leads nowhere any more.")
    return redirect("stakeholders:report_links", row.report_id)
