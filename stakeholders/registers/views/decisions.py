"""The decision log, one decision and its verbs, its record in Markdown, and push-back memos."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from delivery import shown
from delivery.forms.planning import choices
from stakeholders.models import Decision, DecisionEvent, DecisionOption, Memo
from stakeholders.registers import actions, log, written
from stakeholders.registers.comparing import Compared
from stakeholders.registers.forms import decisions as forms
from stakeholders.registers.forms.fields import people
from teams import access
from teams.access import Right
from teams.models import User
from teams.scope import speaks_of
from teams.views.forms_page import posted, signed_in

from .asking import as_csv, as_markdown, ask, asked_or_sent, fetch, scoped

ROWS_A_PAGE = 40
CSV = (
    "code", "decision", "team", "state", "on", "waited days", "needed by", "who", "words", "promised then",
    "what happened", "verdict", "address",
)  # fmt: skip
SIDE_BY_SIDE = (("kind", "years"), ("for_person", "needed_by"), ("stakes", "stakes_days", "currency"))


def _entries(request: HttpRequest, team: str) -> tuple[Any, list[log.Entry], str, str]:
    user, scope = scoped(request, team)
    show, query = request.GET.get("show", ""), request.GET.get("q", "").strip()[:100]
    show = show if show in dict(log.SHOWS) else ""
    return scope, log.entries(user, scope, show=show, query=query), show, query


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    scope, entries, show, query = _entries(request, team)
    context = {
        "scope": scope, "page": Paginator(entries, ROWS_A_PAGE).get_page(request.GET.get("page")), "show": show,
        "shows": log.SHOWS, "query": query, "may_log": access.may(request.user, Right.LOG, scope),
    }  # fmt: skip
    return render(request, "stakeholders/decisions.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    scope, entries, _, _ = _entries(request, team)
    rows = (
        [
            one.code, one.title, one.team, one.state, one.at.date(), "" if one.days is None else one.days,
            one.needed_by or "", one.who, one.words, one.then, one.since, one.verdict,
            request.build_absolute_uri(one.url),
        ]
        for one in entries
    )  # fmt: skip
    return as_csv(scope, "decisions", CSV, rows)


@asked_or_sent
def new_decision(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    form = forms.DecisionForm(posted(request), user=user, scope=scope)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.ask_decision(by=user, **form.terms())
        return f"{made.code} waits for an answer.", made.get_absolute_url()

    return ask(
        request, form, verb, title="Ask for a decision", button="Ask for it", sub=scope.name, rows=SIDE_BY_SIDE,
        back=reverse("stakeholders:decisions", args=[scope.slug]), failed="This decision was not asked for.",
        intro="A question with what could be done. Whoever decides records it on its page, with the reason.",
        template="stakeholders/decision_form.html",
    )  # fmt: skip


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[User, Decision]:
    rows = Decision.objects.prefetch_related(
        "criteria",
        "evidence",
        Prefetch("options", DecisionOption.objects.select_related("withdrawn_by").prefetch_related("scores")),
        Prefetch("events", DecisionEvent.objects.select_related("option", "person")),
        "outcomes",
    )
    return fetch(request, rows, pk, *rights)


@require_safe
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    return _shown(request, user, row, forms.DecideForm(decision=row))


def _shown(request: HttpRequest, user: User, row: Decision, form: forms.DecideForm, changed: bool = False) -> Any:
    context = {
        "compared": Compared(row), "row": row, "form": form, "changed": changed,
        "stakes": log.stakes_words(row), "failed": "This decision was not recorded.",
        "commitments": list(row.commitments.filter(team__in=access.teams(user)).with_promise().select_related("team")),
        "may_log": access.may(user, Right.LOG, row.team), "may_decide": access.may(user, Right.DECIDE, row.team),
    }  # fmt: skip
    return render(request, "stakeholders/decision.html", context, status=422 if form.is_bound else 200)


@asked_or_sent
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)
    wanted = request.GET.get("option", "")
    form = forms.DecideForm(posted(request), decision=row, initial={"option": wanted if wanted.isdigit() else None})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.decide(decision=row, by=user, **said)
        return f"Decided: {made.option}. It is in the log.", row.get_absolute_url()

    return ask(
        request, form, verb, title=f"Decide {row.code}", button="Record decision", sub=row.question,
        back=row.get_absolute_url(), failed="This decision was not recorded.",
        intro="It is recorded once, with what each option promised, and stays.",
    )  # fmt: skip


@asked_or_sent
def pass_on(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)
    form = forms.PassForm(posted(request), people=people(user, row.team, signing_in=True))

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.pass_on(decision=row, by=user, **said)
        return f"{said['to'].name} is asked now.", row.get_absolute_url()

    return ask(
        request, form, verb, title=f"Pass {row.code} on", button="Pass it on", sub=row.question,
        back=row.get_absolute_url(), failed="It was not passed on.",
    )  # fmt: skip


@asked_or_sent
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.withdraw_decision(decision=row, by=user, why=said["why"])
        return f"{row.code} is withdrawn. It stays in the log.", row.get_absolute_url()

    return ask(
        request, forms.WhyForm(posted(request)), verb, title=f"Withdraw {row.code}", button="Withdraw the question",
        sub=row.question, back=row.get_absolute_url(), failed="It was not withdrawn.", danger=True,
        intro="Nobody needs to decide it any more.",
    )  # fmt: skip


@asked_or_sent
def score(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.score_decision(
            decision=row, by=user, verdict=said["verdict"], words_=said["words"], cost=said["cost"],
            landed_on=said["landed_on"],
        )  # fmt: skip
        return "How it turned out is on record.", row.get_absolute_url()

    return ask(
        request, forms.ScoreForm(posted(request)), verb, title=f"How {row.code} turned out", button="Record it",
        sub=row.question, back=row.get_absolute_url(), failed="This was not recorded.", rows=(("cost", "landed_on"),),
    )  # fmt: skip


@asked_or_sent
def new_option(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)
    criteria = list(row.criteria.all())
    form = forms.OneAnswerForm(posted(request), criteria=len(criteria))
    for place, one in enumerate(criteria):
        form.fields[f"points{place}"].label = f"{one.name}: points, 0 to 5"

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.add_option(decision=row, answer=form.answer({n: n for n in range(len(criteria))}), by=user)
        return "The option is on the table.", row.get_absolute_url()

    return ask(
        request, form, verb, title=f"An option for {row.code}", button="Add it", sub=row.question,
        back=row.get_absolute_url(), failed="This option was not added.",
        rows=(("cost", "cost_yearly"), ("lands_on", "chance", "penalty")),
    )  # fmt: skip


@asked_or_sent
def withdraw_option(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    option = get_object_or_404(
        DecisionOption.objects.select_related("decision__team"), pk=pk, decision__team__in=access.teams(user)
    )
    row = option.decision
    access.require(user, Right.LOG, row.team)
    speaks_of(request, row.team)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.withdraw_answer(option=option, by=user)
        return "The option is off the table; it stays in the record.", row.get_absolute_url()

    return ask(
        request, forms.Typed(posted(request)), verb, title=f"Withdraw option {option.letter}", button="Withdraw it",
        sub=option.title, back=row.get_absolute_url(), failed="It was not withdrawn.",
        intro="It leaves the table and stays in the record.",
    )  # fmt: skip


@require_safe
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """The decision as an architecture decision record."""
    _, row = _fetch(request, pk)
    return as_markdown(f"{row.code}-{row.team.slug}", written.adr(row))


# --- push-back memos -------------------------------------------------------------------------------------------------


@asked_or_sent
def new_memo(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    rows = shown.visible(user).open()
    wanted = request.GET.get("commitment", "")
    held = rows.filter(pk=int(wanted)).first() if wanted.isascii() and wanted.isdigit() else None
    form = forms.MemoForm(posted(request), initial={"commitment": held} if held else {})
    form.fields["commitment"].rows = rows

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        access.require(user, Right.LOG, said["commitment"].team)
        made = actions.write_memo(by=user, **said)
        return f"{made.code} is written, with the figures of now.", made.get_absolute_url()

    return ask(
        request, form, verb, title="A push-back memo", button="Write it", sub=scope.name,
        back=reverse("stakeholders:decisions", args=[scope.slug]), failed="This memo was not written.",
        rows=(("requested_on", "asked_by"),), known=choices(rows.filter(team__in=access.below(user, scope))),
        intro="Somebody asks for a date. The memo sets it against the forecast, the record and what could be done; the "
        "numbers come from here, the words around them are yours.",
    )  # fmt: skip


def _memo(request: HttpRequest, pk: int, right: Right = Right.SEE) -> tuple[User, Memo]:
    user = signed_in(request)
    rows = Memo.objects.select_related("commitment__team")
    row = get_object_or_404(rows, pk=pk, commitment__team__in=access.teams(user))
    access.require(user, right, row.commitment.team)
    speaks_of(request, row.commitment.team)
    return user, row


@require_safe
def memo(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _memo(request, pk)
    may_log = access.may(user, Right.LOG, row.commitment.team)
    return render(request, "stakeholders/memo.html", {"memo": row, "may_log": may_log})


@asked_or_sent
def edit_memo(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _memo(request, pk, Right.LOG)
    names = ("requested_on", "asked_by", "opening", "closing")
    form = forms.MemoForm(posted(request), initial={name: getattr(row, name) for name in names})
    del form.fields["commitment"]

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.write_memo(memo=row, commitment=row.commitment, by=user, **said)
        return "Saved, with the figures of now.", row.get_absolute_url()

    return ask(
        request, form, verb, title=f"Edit {row.code}", button="Save with the figures of now", sub=row.commitment.title,
        back=row.get_absolute_url(), failed="This memo was not saved.", rows=(("requested_on", "asked_by"),),
    )  # fmt: skip


@require_safe
def memo_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    _, row = _memo(request, pk)
    return as_markdown(f"{row.code}-{row.commitment.code}", written.memo(row))
