"""Planning: the intervals of a team, one interval with its loads, the freeze, and outcomes."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from delivery import actions, planning, shown
from delivery import interval as one
from delivery.forms import planning as forms
from delivery.models import Outcome, PlanningInterval
from delivery.warning import STANDARD_DAYS
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.forms_page import posted, signed_in

from .form_of import ask

asked_or_sent = require_http_methods(["GET", "HEAD", "POST"])
OUTCOMES_A_PAGE = 50


def scoped(request: HttpRequest, slug: str, right: Right = Right.SEE) -> tuple[User, Team]:
    """The user and the team that the page is about."""
    user = signed_in(request)
    team = access.get_team(user, slug, right)
    speaks_of(request, team)
    return user, team


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    context = {
        "scope": scope,
        "page": planning.overview(user, scope),
        "may_decide": access.may(user, Right.DECIDE, scope),
        "standard": STANDARD_DAYS,
    }
    return render(request, "delivery/planning.html", context)


@asked_or_sent
def new_interval(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_interval(team=scope, by=user, **said)
        return f"{made} is planned, with {ui.plural(made.iterations.count(), 'iteration')}.", _at(made)

    return ask(
        request, forms.IntervalForm(posted(request)), verb, title="A new planning interval", button="Add this interval",
        back=reverse("delivery:planning", args=[scope.slug]), failed="This interval was not added.", sub=scope.name,
        intro="The weeks that these teams plan together. Commitments are then put into it, and the plan is frozen.",
    )  # fmt: skip


def _at(row: PlanningInterval) -> str:
    return reverse("delivery:interval", args=[row.pk])


def _fetch(request: HttpRequest, pk: int, right: Right = Right.SEE) -> tuple[User, PlanningInterval]:
    """The interval; scope is its group, or the person's own corner of it."""
    user = signed_in(request)
    row = planning.get_interval(user, pk)
    access.require(user, right, row.team)
    speaks_of(request, row.team if access.may(user, Right.SEE, row.team) else access.home(user))
    return user, row


@require_safe
def interval(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    return _interval(request, user, row)


def _interval(request: HttpRequest, user: User, row: PlanningInterval, wrong: Any = None) -> HttpResponse:
    """`wrong` is a capacity that was refused: its team and number stay in the row."""
    context = {
        "row": row,
        "page": one.opened(user, row),
        "iterations": list(row.iterations.all()),
        "may_decide": access.may(user, Right.DECIDE, row.team),
        "wrong": wrong,
    }
    return render(request, "delivery/interval.html", context, status=422 if wrong else 200)


@require_POST
def capacity(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    form = forms.CapacityForm(request.POST, teams=access.below(user, row.team))
    if "team" in form.errors:  # not a team of this interval, or not one that they see
        return _interval(request, user, row, wrong=form)
    form.full_clean()
    team = form.fields["team"].clean(request.POST.get("team"))
    if not access.may(user, Right.DECIDE, team):
        access.require(user, Right.LOG, team)
        access.require(user, Right.PEOPLE, team)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.set_capacity(interval=row, team=said["team"], days=said["days"], by=user)
        return f"{team.name} has {ui.plural(said['days'], 'working day')}.", f"{_at(row)}#load"

    if not form.is_valid():
        return _interval(request, user, row, wrong=form)
    return ask(request, form, verb, title=str(row), button="Save", back=_at(row))


@asked_or_sent
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    """What will be kept; a POST keeps it."""
    user, row = _fetch(request, pk, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        kept = actions.freeze(interval=row, by=user)
        return f"{kept} is frozen, with {ui.plural(kept.frozen.count(), 'promise')}.", _at(kept)

    board = shown.board(shown.visible(user).open().filter(interval=row), deadlines=False)
    return ask(
        request, forms.Typed(posted(request)), verb, title=f"Freeze {row}", button="Freeze the plan", back=_at(row),
        failed="The plan was not frozen.", template="delivery/interval_freeze.html", row=row, board=board,
        unknown=sum(one.chance is None for one in board.shown),
        unlikely=sum(one.state == "late" for one in board.shown),
    )  # fmt: skip


def outcomes_of(user: User, scope: Team) -> QuerySet[Outcome]:
    """With how many commitments each has that `user` sees, and how many of them are delivered."""
    mine = Q(commitments__team__in=access.teams(user).values("pk"), commitments__cancelled_at=None)
    rows = Outcome.objects.filter(team__in=access.below(user, scope).values("pk")).select_related("team", "sponsor")
    rows = rows.annotate(
        promises=Count("commitments", filter=mine),
        delivered=Count("commitments", filter=mine & Q(commitments__delivered_on__isnull=False)),
    )
    return rows.order_by("title", "pk")


@require_safe
def outcomes(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    context = {
        "scope": scope,
        "rows": Paginator(outcomes_of(user, scope), OUTCOMES_A_PAGE).get_page(request.GET.get("page")),
        "may_decide": access.may(user, Right.DECIDE, scope),
    }
    return render(request, "delivery/outcomes.html", context)


@asked_or_sent
def new_outcome(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)
    back = reverse("delivery:outcomes", args=[scope.slug])

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_outcome(team=scope, by=user, **said)
        return f"Added: {made}.", back

    return ask(
        request, forms.OutcomeForm(posted(request), user=user), verb, title="A new outcome", button="Add this outcome",
        back=back, failed="This outcome was not added.", sub=scope.name,
        intro="What the organisation gets, in business words. Commitments then say which outcome they bring.",
    )  # fmt: skip
