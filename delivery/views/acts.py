"""The forms of a commitment, one verb each: made, changed, estimated, moved, slipped, delivered, cancelled."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from delivery import actions
from delivery.actions.rules import today
from delivery.forms import commitments as forms
from delivery.models import Commitment, Slip
from teams import access
from teams.access import Right
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.forms_page import posted, signed_in

from .asking import ask, asked_or_sent, fetch, form_groups, here, of, seeing

# --- made and changed ------------------------------------------------------------------------------------------------


@asked_or_sent
def new_commitment(request: HttpRequest, team: str) -> HttpResponse:
    user = signed_in(request)
    scope = access.get_team(user, team, Right.LOG)
    speaks_of(request, scope)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        said = {name: value for name, value in said.items() if name not in forms.ESTIMATE}
        made = actions.make_commitment(by=user, **said)
        return f"{ui.day(made.first_promised_on)} is promised. Its forecast follows in a moment.", here(made)

    form = forms.CommitmentForm(posted(request), user=user, scope=scope)
    return ask(
        request, form, verb, title="A new commitment", button="Promise this", groups=form_groups(form),
        back=reverse("delivery:commitments", args=[scope.slug]), failed="This was not promised.",
        intro="A date you give someone. Its first date stays on record; a slip moves it, with a reason.",
    )  # fmt: skip


@asked_or_sent
def edit_commitment(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        said = {name: value for name, value in said.items() if name != "days"}
        actions.edit_commitment(commitment=held, by=user, **said)
        return "Saved.", here(held)

    form = forms.CommitmentForm(posted(request), user=user, scope=held.team, held=held)
    return ask(
        request, form, seeing(form, lambda: Commitment.objects.get(pk=pk).edition, verb), title="Edit the commitment",
        button="Save", back=here(held), held=held, groups=form_groups(form), failed="We could not save this.",
        intro="The promised day is not here: only a slip moves it.",
    )  # fmt: skip


@asked_or_sent
def estimate(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)
    last = held.estimates.order_by("-pk").first()
    initial = {name: getattr(last, name) for name in forms.ESTIMATE} if last else {}

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.estimate(commitment=held, days=said["days"], by=user)
        return "The estimate is kept. The forecast follows in a moment.", here(held)

    form = forms.EstimateForm(posted(request), initial=initial)
    return ask(
        request, form, verb, title="Estimate what remains", button="Keep this estimate", back=here(held), held=held,
        groups=form_groups(form), failed="This estimate was not kept.",
        intro="Working days of work that remain from today, for whoever does it.",
    )  # fmt: skip


@asked_or_sent
def move_commitment(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.move_commitment(commitment=held, team=said["team"], by=user)
        return f"It is now a promise of {said['team']}.", here(held)

    form = forms.MoveForm(posted(request), user=user, held=held)
    return ask(
        request, form, verb, title="Move to another team", button="Move it", back=here(held), held=held,
        failed="This was not moved.", intro=f"It is a promise of {held.team}. Its history goes with it.",
        none="" if form.fields["team"].queryset.exists() else "There is no other team for which you may promise. "
        "Ask the director to move it.",
    )  # fmt: skip


# --- what happens to it ----------------------------------------------------------------------------------------------


@asked_or_sent
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)
    last = held.slips.order_by("-pk").first()
    promised = last.to_date if last else held.first_promised_on
    form = forms.SlipForm(posted(request), initial={"seen": last.pk if last else None})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        row = actions.log_slip(
            commitment=held, to_date=said["to_date"], reason=said["reason"], words_=said["words"],
            impact=said["impact"], options=form.proposals(), seen=said["seen"], days=said.get("days"), by=user,
        )  # fmt: skip
        return f"{ui.day(row.from_date)} → {ui.day(row.to_date)} is in the slip log.", here(held, "#slip-log")

    def newest() -> int | None:
        row = held.slips.order_by("-pk").first()
        return row.pk if row else None

    return ask(
        request, form, seeing(form, newest, verb), title="Log a slip", button="Log this slip", back=here(held),
        held=held, promised=promised, template="delivery/slip.html", failed="We could not save this slip.",
    )  # fmt: skip


@asked_or_sent
def correct_slip(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = of(request, Slip.objects, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.correct_slip(slip=row, by=user, reason=said["reason"], words_=said["words"])
        return "The correction is in the slip log; the date stands.", here(row.commitment, "#slip-log")

    form = forms.CorrectionForm(posted(request), initial={"reason": row.reason, "words": row.words})
    return ask(
        request, form, verb, title="Correct an entry of the slip log", button="Add the correction", held=row.commitment,
        back=here(row.commitment, "#slip-log"), failed="This correction was not added.",
        intro=f"The entry of {ui.day(row.at)} stays as it is; the date stands. A new entry says what is right.",
    )  # fmt: skip


@asked_or_sent
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.deliver(commitment=held, on=said["on"], actual_value=said["actual_value"], by=user)
        return f"Delivered {ui.day(said['on'])}.", here(held)

    planned = f" It was planned at {held.planned_value}." if held.planned_value else ""
    form = forms.DeliverForm(posted(request), initial={"on": today()})
    return ask(
        request, form, verb, title="Mark as delivered", button="Mark delivered", back=here(held), held=held,
        failed="This was not marked as delivered.", intro=f"The day on which it could be used.{planned}",
    )  # fmt: skip


@asked_or_sent
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.cancel(commitment=held, why=said["why"], by=user)
        return "Cancelled. Whoever relied on it sees that.", here(held)

    return ask(
        request, forms.WhyForm(posted(request)), verb, title="Cancel this commitment", button="Cancel the commitment",
        back=here(held), held=held, danger=True, failed="This was not cancelled.",
        intro="It will not be done. Its record stays, and it can be reopened.",
    )  # fmt: skip


@asked_or_sent
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)
    if held.is_open:
        return redirect(here(held))

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.reopen(commitment=held, by=user)
        return "It is open again.", here(held)

    return ask(
        request, forms.NothingForm(posted(request)), verb, title="Reopen this commitment", button="Reopen",
        back=here(held), held=held, intro="It was marked delivered or cancelled by mistake.",
    )  # fmt: skip


@asked_or_sent
def override(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        row = actions.override_status(commitment=held, status=said["status"], why=said["why"], by=user)
        return f"Your word stands beside the computed status until {ui.day(row.expires_on)}.", here(held)

    return ask(
        request, forms.OverrideForm(posted(request)), verb, title="Say how you see it", button="Say so",
        back=here(held), held=held, failed="This was not kept.",
        intro="The computed status stays; your word stands beside it, with your name and the reason.",
    )  # fmt: skip
