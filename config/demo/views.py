"""Signing in by one button: only where the demo runs, and only as a sample person."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from teams.models import Person


@login_not_required
@require_POST
def look_around(request: HttpRequest) -> HttpResponse:
    """Sign in as the sample person that was chosen."""
    number = request.POST.get("person", "")
    people = Person.objects.filter(user__is_sample=True, user__is_active=True)
    person = get_object_or_404(people, pk=number if number.isdigit() else 0)
    assert person.user is not None  # noqa: S101 (asked for above; for the type checker)
    login(request, person.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    to = request.POST.get("next", "")
    return redirect(to if url_has_allowed_host_and_scheme(to, allowed_hosts={request.get_host()}) else "/")
