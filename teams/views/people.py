"""People: who they are, where they were and are, and whether they may sign in."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from teams import access, actions, forms
from teams.access import Right
from teams.models import Membership, Person, User

from .forms_page import Done, form_page, posted, signed_in
from .tree import asks

PER_PAGE = 50


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    query = request.GET.get("q", "").strip()[:100]
    people = access.people(user)
    if query:
        people = people.filter(Q(name__icontains=query) | Q(email__icontains=query) | Q(title__icontains=query))
    now = Membership.objects.on(timezone.localdate()).filter(team__in=access.teams(user)).select_related("team")
    people = people.select_related("user").prefetch_related(Prefetch("memberships", now, to_attr="now"))
    shown = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
    may_add = access.may_anywhere(user, Right.PEOPLE)
    part = "#rows" if request.htmx and not request.htmx.boosted else ""  # type: ignore[attr-defined]  # requests carry what is put on them
    return render(request, f"teams/people.html{part}", {"page": shown, "query": query, "may_add": may_add})


@require_GET
def page(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    person = access.get_person(user, pk)
    own = person.user_id == user.pk
    memberships = person.memberships.select_related("team")
    grants = person.grants.active().select_related("team")
    seen = access.teams(user)
    if not own:  # a team that the user may not see does not exist for them
        memberships, grants = memberships.filter(team__in=seen), grants.filter(team__in=seen)
    context = {
        "person": person,
        "own": own,
        "memberships": memberships,
        "grants": grants,
        "looks_after": set(access.teams(user, Right.PEOPLE).values_list("pk", flat=True)),
        "seen": set(seen.values_list("pk", flat=True)),
        "may_edit": access.people(user, Right.PEOPLE).filter(pk=pk).exists(),
        "governs": access.governs(user, person),
        "sign_in": _sign_in_state(person.user),
        "today": timezone.localdate(),
    }
    return render(request, "teams/person.html", context)


def _sign_in_state(login: User | None) -> str:
    if login is None:
        return "none"
    if not login.is_active:
        return "shut"
    return "open" if login.has_usable_password() or login.last_login else "invited"


@asks
def add(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    if not access.may_anywhere(user, Right.PEOPLE):
        raise PermissionDenied("Your role does not let you add people.")
    form = forms.PersonForm(posted(request))

    def act(data: dict[str, Any]) -> Done:
        person = actions.add_person(**data, by=user)
        return f"{person.name} is added, in no team yet.", person.get_absolute_url()

    intro = "To put somebody straight into a team, use “Add a member” on the team's page."
    back = reverse("teams:people")
    return form_page(request, form=form, act=act, title="Add a person", intro=intro, button="Add person", back=back)


@asks
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    person = access.get_person(user, pk, Right.PEOPLE)
    known = person.user_id is not None or person.grants.active().exists()
    keep_email = known and not access.governs(user, person)
    now = {name: getattr(person, name) for name in ("name", "email", "title")}
    form = forms.PersonForm(posted(request), keep_email=keep_email, initial=now)

    def act(data: dict[str, Any]) -> Done:
        actions.edit_person(person=person, **data, by=user)
        return f"{data['name']} is saved.", person.get_absolute_url()

    intro = "The e-mail is also what they sign in with." if person.user_id else ""
    title, back = f"Edit {person.name}", person.get_absolute_url()
    return form_page(request, form=form, act=act, title=title, intro=intro, button="Save person", back=back)


@asks
def give_login(request: HttpRequest, pk: int) -> HttpResponse:
    user, person = signed_in(request), _governed(request, pk)

    def act(data: dict[str, Any]) -> Done:
        actions.give_login(person=person, by=user, request=request)
        return f"{person.name} gets an e-mail with a link to choose a password.", person.get_absolute_url()

    return form_page(
        request,
        form=forms.Confirmation(posted(request)),
        act=act,
        title=f"Let {person.name} sign in",
        intro=f"A link to choose a password goes to {person.email or 'their e-mail, which is missing here'}. "
        "What they see depends on their roles.",
        button="Send the link",
        back=person.get_absolute_url(),
    )


@asks
def stop_login(request: HttpRequest, pk: int) -> HttpResponse:
    user, person = signed_in(request), _governed(request, pk)

    def act(data: dict[str, Any]) -> Done:
        actions.stop_login(person=person, by=user)
        return f"{person.name} can no longer sign in.", person.get_absolute_url()

    return form_page(
        request,
        form=forms.Confirmation(posted(request)),
        act=act,
        title=f"Shut the log-in of {person.name}",
        intro="They are signed out with their next click. Memberships, roles and everything they wrote stay.",
        button="Shut log-in",
        back=person.get_absolute_url(),
        danger=True,
    )


def _governed(request: HttpRequest, pk: int) -> Person:
    user = signed_in(request)
    person = access.get_person(user, pk)
    if not access.governs(user, person):
        raise PermissionDenied(f"Your role does not let you decide about the log-in of {person.name}.")
    return person
