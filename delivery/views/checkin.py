"""The weekly check-in of a team: read, sent, and a slip logged on the way."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from delivery import actions, answered, checkin, shown, slipping, typed
from delivery.actions.rules import today
from delivery.models import Answer, Slip
from teams import access
from teams.access import Right
from teams.models import Grant, Team, User
from teams.scope import speaks_of
from teams.templatetags import words

A_PAGE = 100
_ROW = re.compile(r"c([0-9]{1,18})-seen")
# word, label, key, shape
ANSWERS = [
    (word, label, str(at), state)
    for at, ((word, label), state) in enumerate(zip(Answer.Word.choices, ("ok", "risk", "late"), strict=True), 1)
]
# where the page shows what a verb refuses
FIELDS = {"to_date": "day", "reason": "reason", "words": "words", "impact": "impact", "days": "likely"}


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, team: str) -> HttpResponse:
    user = _user(request)
    found = access.get_team(user, team)
    speaks_of(request, found)
    if request.method != "POST":
        return _group(request, found) if found.is_group else _shown(request, _weekly(request, found))
    access.require(user, Right.LOG, found)
    if found.is_group or found.closed_at is not None:
        messages.error(request, f"{found} checks in no commitments of its own.")
        return redirect("delivery:checkin", team=found.slug)
    weekly = _weekly(request, found)
    return _log(request, weekly) if "slip" in request.POST else _send(request, weekly)


@require_safe
def preview(request: HttpRequest, team: str) -> HttpResponse:
    """What would change if a commitment moved to another day. Nothing is written."""
    user = _user(request)
    found = access.get_team(user, team, Right.LOG)
    pk = request.GET.get("commitment", "")
    row = None
    if re.fullmatch("[0-9]{1,18}", pk, re.ASCII):
        row = checkin.open_commitments(found).filter(pk=pk).with_promise().with_estimate().first()
    if row is None:
        raise Http404("No such open commitment of this team.")
    context: dict[str, Any] = {"row": row}
    try:
        to = typed.day(request.GET.get("to", ""), today=today())
        if to < today():
            raise ValueError(f"{words.day(to)} has passed. Choose a day from today on.")
        if to == row.promised_on:
            raise ValueError(f"It is promised for {words.day(to)} already. Choose another day.")
        actions.rules.plausible(to, "to")
        said = request.GET.get("likely", "")
        likely = int(said) if re.fullmatch("[0-9]{1,4}", said, re.ASCII) and int(said) <= 2000 else None
        context["seen"] = slipping.preview(row, to, promised=row.promised_on, likely=likely)
    except ValueError as wrong:
        context["wrong"] = str(wrong)
    return render(request, "delivery/checkin_preview.html", context, status=422 if "wrong" in context else 200)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware turns everybody else away
    return request.user


def _weekly(request: HttpRequest, team: Team, *, posted: bool = True) -> checkin.Weekly:
    said = {}
    for one in request.GET.get("said", "").split(",")[: checkin.MOST]:
        pk, _, word = one.partition(":")
        if re.fullmatch("[0-9]{1,18}", pk, re.ASCII) and word in Answer.Word.values:
            said[int(pk)] = word
    data = request.POST if request.method == "POST" and posted else None
    return checkin.Weekly(team, today(), posted=data, said=said)


def _shown(
    request: HttpRequest, weekly: checkin.Weekly, *, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = _context(request, weekly) | {"problems": problems or [], "is_refused": status == 422}
    return render(request, "delivery/checkin.html", context, status=status)


def _context(request: HttpRequest, weekly: checkin.Weekly) -> dict[str, Any]:
    user = _user(request)
    may = weekly.team.closed_at is None and access.may(user, Right.LOG, weekly.team)
    last = weekly.last
    return {
        "weekly": weekly,
        "team": weekly.team,
        "may": may,
        "may_people": may and access.may(user, Right.PEOPLE, weekly.team),
        "is_mine": last is not None and last.by_id == user.pk,
        "opened": _number(request.POST.get("opened")) or round(time.time()),
        "answers": ANSWERS,
        "reasons": Slip.Reason.choices,
    }


def _send(request: HttpRequest, weekly: checkin.Weekly) -> HttpResponse:
    user = _user(request)
    asked = [int(found[1]) for name in request.POST if (found := _ROW.fullmatch(name))]
    problems = checkin.gone(weekly, asked, shown.visible(user))
    if problems:
        problems.append("Look at what is left and send again.")
    if not weekly.rows:
        problems.append(f"{weekly.team} has no open commitment to answer for.")
    right = checkin.check(weekly)
    if problems or not right:
        return _shown(request, weekly, problems=problems, status=422)
    try:
        seen, opened = _number(request.POST.get("seen")), _number(request.POST.get("opened"))
        sent, new = checkin.send(weekly, by=user, seen=seen, opened=opened)
    except actions.Refused as refusal:
        return _shown(request, weekly, problems=[str(refusal)], status=422)
    took = f" It took {words.plural(sent.seconds, 'second,seconds')}." if sent.seconds is not None else ""
    messages.success(request, f"Check-in sent.{took}" if new else "This check-in was sent already.")
    return redirect("delivery:checkin", team=weekly.team.slug)


def _log(request: HttpRequest, weekly: checkin.Weekly) -> HttpResponse:
    pk = _number(request.POST.get("slip"))
    row = weekly.row(pk) if pk is not None else None
    if pk is None or row is None or not row.form.is_bound:
        problems = checkin.gone(weekly, [pk] if pk is not None else [], shown.visible(_user(request)))
        problems = problems or ["That slip could not be read. Load the page again."]
        if request.htmx:  # type: ignore[attr-defined]  # requests carry what is put on them
            return render(request, "delivery/checkin_gone.html", {"problems": problems, "pk": pk}, status=422)
        return _shown(request, weekly, problems=problems, status=422)
    if not _logged(row, _user(request)):
        if not request.htmx:  # type: ignore[attr-defined]  # requests carry what is put on them
            return _shown(request, weekly, status=422)
        return render(request, "delivery/checkin_row.html", _context(request, weekly) | {"row": row}, status=422)
    said = f"Slip logged: {row.shown.row}."
    if request.htmx:  # type: ignore[attr-defined]  # requests carry what is put on them
        fresh = _weekly(request, weekly.team, posted=False)
        context = _context(request, fresh) | {"row": fresh.row(pk), "just_logged": True}
        answer = render(request, "delivery/checkin_row.html", context)
        answer["HX-Trigger"] = json.dumps({"say": {"text": said}})
        return answer
    messages.success(request, said)
    kept = ",".join(f"{one.pk}:{one.word}" for one in weekly.rows if one.word and one.pk != pk)
    query = f"?{urlencode({'said': kept}, safe=':,')}" if kept else ""
    return redirect(f"{reverse('delivery:checkin', args=[weekly.team.slug])}{query}#c-{pk}")


def _logged(row: checkin.Row, user: User) -> bool:
    """Log the slip of one row; False after saying at the row why not."""
    form = row.form
    right = form.is_right()
    to, reason, due = form.to_date(), form.reason_given(), row.shown.promised_on
    if form.errors or not right or to is None:
        return False
    if not form.proposals() and to > due:
        form.refused = "Add one option, so that the slip can be decided."
        return False
    try:
        impact = form.cleaned_data["impact"]
        if not impact and actions.rules.plausible(to, "to_date") != due:
            impact = slipping.preview(row.shown.row, to, promised=due).impact
        actions.log_slip(
            commitment=row.shown.row,
            to_date=to,
            reason=reason,
            by=user,
            words_=form.cleaned_data["words"],
            impact=impact,
            options=form.proposals(),
            seen=form.cleaned_data["seen"],
            days=form.days,
        )
    except actions.Changed as changed:
        row.changed = str(changed)
    except actions.Refused as refusal:
        if refusal.field in FIELDS:
            form.add_error(FIELDS[refusal.field], str(refusal))
        else:
            form.refused = str(refusal)
    return not (form.errors or form.refused or row.changed)


def _group(request: HttpRequest, team: Team) -> HttpResponse:
    user = _user(request)
    day = today()
    monday = day - timedelta(days=day.weekday())
    every = answered.squads(access.below(user, team), monday)
    own = set(
        Grant.objects.filter(
            person__user=user, revoked_at=None, role__in=(Grant.Role.MANAGER, Grant.Role.CONTRIBUTOR)
        ).values_list("team_id", flat=True)
    )
    every.sort(key=lambda one: one.team.pk not in own)
    asked = [one for one in every if one.commitments]
    done = sum(one.checkin is not None for one in asked)
    context = {
        "team": team,
        "page": Paginator(every, A_PAGE).get_page(request.GET.get("page")),
        "title": f"Check-in, week {day.isocalendar().week}",
        "intro": f"{done} of {words.plural(len(asked), 'team has,teams have')} answered." if asked else "",
        "own": own,
    }
    return render(request, "delivery/checkin_group.html", context)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]{1,18}", text, re.ASCII) else None
