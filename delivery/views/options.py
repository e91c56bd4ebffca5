"""The forms of options: proposed, withdrawn, chosen."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from delivery import actions, recovery
from delivery.forms import commitments as forms
from delivery.models import Option
from teams.access import Right
from teams.views.forms_page import posted

from .asking import ask, asked_or_sent, fetch, here, of


@asked_or_sent
def option(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)
    form = forms.OptionForm(posted(request))

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.propose(commitment=held, option=form.proposal(), by=user)
        return "The option is on the table.", here(held, "#options")

    return ask(
        request, form, verb, title="Propose an option", button="Propose it", back=here(held, "#options"), held=held,
        failed="This option was not added.", intro="What could be done, what it costs and what it saves.",
    )  # fmt: skip


@asked_or_sent
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = of(request, Option.objects, pk, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        promised = recovery.as_promised(row.commitment)
        actions.choose(option=row, why=said["why"], by=user, forecast=promised)
        return f"Decided: {row.title[:80]}", here(row.commitment, "#options")

    return ask(
        request, forms.ChooseForm(posted(request)), verb, title="Choose this option", button="Record the decision",
        back=here(row.commitment, "#options"), held=row.commitment, quoted=row.title,
        failed="This decision was not recorded.",
        intro="Its cost and the days it saves count from now on. A decision stays on record.",
    )  # fmt: skip


@asked_or_sent
def withdraw_option(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = of(request, Option.objects, pk)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.withdraw_option(option=row, by=user)
        return "The option is off the table; it stays in the record.", here(row.commitment, "#options")

    return ask(
        request, forms.NothingForm(posted(request)), verb, title="Withdraw this option", button="Withdraw it",
        back=here(row.commitment, "#options"), held=row.commitment, quoted=row.title, failed="This was not withdrawn.",
        intro="It leaves the table and stays in the record.",
    )  # fmt: skip
