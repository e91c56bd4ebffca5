"""The forms of a commitment, one verb each: fetch, ask, call the verb once, answer.

What a verb refuses stays in the form with the reason (422). Who does not see a commitment gets 404, who only reads it 403.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from delivery import actions, recovery, shown
from delivery.actions import Changed, Refused
from delivery.actions.rules import today
from delivery.forms import commitments as forms
from delivery.models import Commitment, Option, Slip
from teams import access
from teams.access import Right
from teams.models import User
from teams.templatetags import ui
from teams.views.forms_page import posted, signed_in

asked_or_sent = require_http_methods(["GET", "HEAD", "POST"])
Verb = Callable[[dict[str, Any]], tuple[str, str]]  # what to say, where to go


def _fetch(request: HttpRequest, pk: int, right: Right = Right.LOG) -> tuple[User, Commitment]:
    user = signed_in(request)
    held = get_object_or_404(shown.visible(user).select_related("team", "team__parent", "outcome", "owner"), pk=pk)
    access.require(user, right, held.team)
    request.scope = held.team  # type: ignore[attr-defined]
    return user, held


def _of(request: HttpRequest, rows: Any, pk: int, right: Right = Right.LOG) -> tuple[User, Any]:
    """A slip or an option of a commitment that the user may see."""
    user = signed_in(request)
    row = get_object_or_404(rows.select_related("commitment__team"), pk=pk, commitment__in=shown.visible(user))
    access.require(user, right, row.commitment.team)
    request.scope = row.commitment.team  # type: ignore[attr-defined]
    return user, row


def _ask(
    request: HttpRequest, form: forms.Typed, verb: Verb, *, title: str, button: str, back: str, **more: Any
) -> HttpResponse:
    """The form; after a valid answer what the verb said, at the address it named; 422 with the reasons when refused."""
    changed = False
    if form.is_bound and form.is_valid():
        try:
            said, to = verb(form.cleaned_data)
        except Refused as refusal:
            changed = isinstance(refusal, Changed)
            form.refuse(refusal.field, str(refusal))
        else:
            messages.success(request, said)
            return redirect(to)
    context = {"form": form, "title": title, "button": button, "back": back, "changed": changed}
    template = more.pop("template", "delivery/act.html")
    return render(request, template, context | more, status=422 if form.is_bound else 200)


def _here(held: Commitment, part: str = "") -> str:
    return reverse("delivery:commitment", args=[held.pk]) + part


# --- made and changed ------------------------------------------------------------------------------------------------


@asked_or_sent
def new_commitment(request: HttpRequest, team: str) -> HttpResponse:
    user = signed_in(request)
    scope = access.get_team(user, team, Right.LOG)
    request.scope = scope  # type: ignore[attr-defined]

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        said = {name: value for name, value in said.items() if name not in forms.ESTIMATE}
        made = actions.make_commitment(by=user, **said)
        return f"{ui.day(made.first_promised_on)} is promised. Its forecast follows in a moment.", _here(made)

    form = forms.CommitmentForm(posted(request), user=user, scope=scope)
    return _ask(
        request, form, verb, title="A new commitment", button="Promise this", groups=form_groups(form),
        back=reverse("delivery:commitments", args=[scope.slug]), failed="This was not promised.",
        intro="A date you give someone. Its first date stays on record; a slip moves it, with a reason.",
    )  # fmt: skip


@asked_or_sent
def edit_commitment(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        said = {name: value for name, value in said.items() if name != "days"}
        actions.edit_commitment(commitment=held, by=user, **said)
        return "Saved.", _here(held)

    form = forms.CommitmentForm(posted(request), user=user, scope=held.team, held=held)
    answer = _ask(
        request, form, _seeing(form, lambda: Commitment.objects.get(pk=pk).edition, verb), title="Edit the commitment",
        button="Save", back=_here(held), held=held, groups=form_groups(form), failed="We could not save this.",
        intro="The promised day is not here: only a slip moves it.",
    )  # fmt: skip
    return answer


def _seeing(form: forms.Typed, newest: Callable[[], Any], verb: Verb) -> Verb:
    """The verb; when somebody was faster, the form has seen it by the time it is sent again."""

    def tried(said: dict[str, Any]) -> tuple[str, str]:
        try:
            return verb(said)
        except Changed:
            form.data = form.data.copy()
            form.data["seen"] = newest() or ""  # type: ignore[index]
            raise

    return tried


def form_groups(form: forms.Typed) -> list[list[Any]]:
    """The fields in rows: those that belong together stand side by side."""
    together = (forms.ESTIMATE, ("promised_on", "no_earlier_than"), ("outcome", "interval"), ("owner", "planned_value"))
    rows: list[list[Any]] = []
    done: set[str] = set()
    for name in form.fields:
        if name in done:
            continue
        names = next((group for group in together if name in group), (name,))
        rows.append([form[one] for one in names if one in form.fields])
        done |= set(names)
    return rows


@asked_or_sent
def estimate(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)
    last = held.estimates.order_by("-pk").first()
    initial = {name: getattr(last, name) for name in forms.ESTIMATE} if last else {}

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.estimate(commitment=held, days=said["days"], by=user)
        return "The estimate is kept. The forecast follows in a moment.", _here(held)

    form = forms.EstimateForm(posted(request), initial=initial)
    return _ask(
        request, form, verb, title="Estimate what remains", button="Keep this estimate", back=_here(held), held=held,
        groups=form_groups(form), failed="This estimate was not kept.",
        intro="Working days of work that remain from today, for whoever does it.",
    )  # fmt: skip


@asked_or_sent
def move_commitment(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.move_commitment(commitment=held, team=said["team"], by=user)
        return f"It is now a promise of {said['team']}.", _here(held)

    form = forms.MoveForm(posted(request), user=user, held=held)
    return _ask(
        request, form, verb, title="Move to another team", button="Move it", back=_here(held), held=held,
        failed="This was not moved.", intro=f"It is a promise of {held.team}. Its history goes with it.",
        none="" if form.fields["team"].queryset.exists() else "There is no other team for which you may promise. "  # type: ignore[attr-defined]
        "Ask the director to move it.",
    )  # fmt: skip


# --- what happens to it ----------------------------------------------------------------------------------------------


@asked_or_sent
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)
    last = held.slips.order_by("-pk").first()
    promised = last.to_date if last else held.first_promised_on
    form = forms.SlipForm(posted(request), initial={"seen": last.pk if last else None})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        row = actions.log_slip(
            commitment=held, to_date=said["to_date"], reason=said["reason"], words_=said["words"],
            impact=said["impact"], options=form.proposals(), seen=said["seen"], days=said.get("days"), by=user,
        )  # fmt: skip
        return f"{ui.day(row.from_date)} → {ui.day(row.to_date)} is in the slip log.", _here(held, "#slip-log")

    def newest() -> int | None:
        row = held.slips.order_by("-pk").first()
        return row.pk if row else None

    return _ask(
        request, form, _seeing(form, newest, verb), title="Log a slip", button="Log this slip", back=_here(held),
        held=held, promised=promised, template="delivery/slip.html", failed="We could not save this slip.",
    )  # fmt: skip


@asked_or_sent
def correct_slip(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _of(request, Slip.objects, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.correct_slip(slip=row, by=user, reason=said["reason"], words_=said["words"])
        return "The correction is in the slip log; the date stands.", _here(row.commitment, "#slip-log")

    form = forms.CorrectionForm(posted(request), initial={"reason": row.reason, "words": row.words})
    return _ask(
        request, form, verb, title="Correct an entry of the slip log", button="Add the correction", held=row.commitment,
        back=_here(row.commitment, "#slip-log"), failed="This correction was not added.",
        intro=f"The entry of {ui.day(row.at)} stays as it is; the date stands. A new entry says what is right.",
    )  # fmt: skip


@asked_or_sent
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.deliver(commitment=held, on=said["on"], actual_value=said["actual_value"], by=user)
        return f"Delivered {ui.day(said['on'])}.", _here(held)

    planned = f" It was planned at {held.planned_value}." if held.planned_value else ""
    form = forms.DeliverForm(posted(request), initial={"on": today()})
    return _ask(
        request, form, verb, title="Mark as delivered", button="Mark delivered", back=_here(held), held=held,
        failed="This was not marked as delivered.", intro=f"The day on which it could be used.{planned}",
    )  # fmt: skip


@asked_or_sent
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.cancel(commitment=held, why=said["why"], by=user)
        return "Cancelled. Whoever relied on it sees that.", _here(held)

    return _ask(
        request, forms.WhyForm(posted(request)), verb, title="Cancel this commitment", button="Cancel the commitment",
        back=_here(held), held=held, danger=True, failed="This was not cancelled.",
        intro="It will not be done. Its record stays, and it can be reopened.",
    )  # fmt: skip


@asked_or_sent
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)
    if held.is_open:
        return redirect(_here(held))

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.reopen(commitment=held, by=user)
        return "It is open again.", _here(held)

    return _ask(
        request, forms.NothingForm(posted(request)), verb, title="Reopen this commitment", button="Reopen",
        back=_here(held), held=held, intro="It was marked delivered or cancelled by mistake.",
    )  # fmt: skip


@asked_or_sent
def override(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        row = actions.override_status(commitment=held, status=said["status"], why=said["why"], by=user)
        return f"Your word stands beside the computed status until {ui.day(row.expires_on)}.", _here(held)

    return _ask(
        request, forms.OverrideForm(posted(request)), verb, title="Say how you see it", button="Say so",
        back=_here(held), held=held, failed="This was not kept.",
        intro="The computed status stays; your word stands beside it, with your name and the reason.",
    )  # fmt: skip


# --- options ---------------------------------------------------------------------------------------------------------


@asked_or_sent
def option(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)
    form = forms.OptionForm(posted(request))

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.propose(commitment=held, option=form.proposal(), by=user)
        return "The option is on the table.", _here(held, "#options")

    return _ask(
        request, form, verb, title="Propose an option", button="Propose it", back=_here(held, "#options"), held=held,
        failed="This option was not added.", intro="What could be done, what it costs and what it saves.",
    )  # fmt: skip


@asked_or_sent
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _of(request, Option.objects, pk, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        promised = recovery.as_promised(row.commitment)
        actions.choose(option=row, why=said["why"], by=user, forecast=promised)
        return f"Decided: {row.title[:80]}", _here(row.commitment, "#options")

    return _ask(
        request, forms.ChooseForm(posted(request)), verb, title="Choose this option", button="Record the decision",
        back=_here(row.commitment, "#options"), held=row.commitment, quoted=row.title,
        failed="This decision was not recorded.",
        intro="Its cost and the days it saves count from now on. A decision stays on record.",
    )  # fmt: skip


@asked_or_sent
def withdraw_option(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _of(request, Option.objects, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.withdraw_option(option=row, by=user)
        return "The option is off the table; it stays in the record.", _here(row.commitment, "#options")

    return _ask(
        request, forms.NothingForm(posted(request)), verb, title="Withdraw this option", button="Withdraw it",
        back=_here(row.commitment, "#options"), held=row.commitment, quoted=row.title, failed="This was not withdrawn.",
        intro="It leaves the table and stays in the record.",
    )  # fmt: skip

