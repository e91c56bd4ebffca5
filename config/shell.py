"""What every page shows around its content: pages, the tree of teams, the person, the theme.

Nothing is fetched until a template asks for it, so an answer to htmx pays nothing. The whole tree is one query.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from stakeholders.week import needs
from teams import access
from teams.models import Grant, Person, Team

THEMES = ("light", "dark", "auto")
MANY_TEAMS = 12  # from here on the tree has a filter box

COMMITMENT_PAGES = ("delivery:commitment", "delivery:new_commitment", "delivery:edit_commitment", "delivery:import")
PLANNING_PAGES = (
    "delivery:planning", "delivery:interval", "delivery:new_interval", "delivery:deadlines", "delivery:new_deadline",
    "delivery:edit_deadline", "delivery:outcomes", "delivery:holidays",
)  # fmt: skip

REGISTERS = tuple(
    f"stakeholders:{name}"
    for name in (
        "risk", "new_risk", "edit_risk", "move_risk", "acceptance", "new_acceptance", "sign", "revise_acceptance",
        "renew_acceptance", "revoke_acceptance", "print_acceptance", "requirement", "new_requirement",
        "include_requirement", "defer_requirement", "withdraw_requirement", "reopen_requirement", "decision", "decide",
        "pass_on", "withdraw_decision", "score_decision", "new_decision", "new_memo", "memo", "edit_memo",
    )
)  # fmt: skip

MONEY = tuple(
    f"stakeholders:{name}"
    for name in (
        "debt", "new_debt", "edit_debt", "log_debt", "rescore_debt", "end_debt", "modernisation", "new_modernisation",
        "edit_modernisation", "new_phase", "new_not", "fund_phase", "mark_criterion", "budget", "new_budget",
        "edit_budget", "checklist", "new_checklist", "go_decision", "say_of_item",
    )
)  # fmt: skip
MEASURE_PAGES = ("metrics:measure", "metrics:overview", "metrics:incident", "metrics:correct_incident")
SCORES = tuple(f"stakeholders:{name}" for name in ("scorecard", "indicator", "retro_actions", "new_retro"))

REPORTS = ("stakeholders:report", "stakeholders:reports")

# name, icon, key after g, where it leads, and which names of views count as the page
PAGES: tuple[tuple[str, str, str, str, dict[str, str], tuple[str, ...]], ...] = (
    ("This week", "week", "w", "stakeholders:week", {}, ("stakeholders:home", "stakeholders:week")),
    ("Roadmap", "roadmap", "r", "delivery:roadmap", {}, ("delivery:roadmap", "delivery:what_if")),
    ("Commitments", "commitments", "c", "delivery:commitments", {}, COMMITMENT_PAGES),
    ("Check-in", "checkin", "k", "delivery:checkin", {}, ("delivery:checkin",)),
    ("Dependencies", "dependency", "d", "delivery:dependencies", {}, ("delivery:dependenc", "delivery:new_dependency")),
    ("Planning", "calendar", "p", "delivery:planning", {}, PLANNING_PAGES),
    ("Risks and decisions", "risks", "x", "stakeholders:risks", {}, REGISTERS),
    ("Debt and money", "money", "b", "stakeholders:debts", {}, MONEY),
    ("Reports", "report", "e", "stakeholders:reports", {}, REPORTS),
    ("Scorecard", "scorecard", "o", "stakeholders:scorecard", {}, SCORES),
    ("Metrics", "metrics", "m", "metrics:measure", {"measure": "lead-time"}, MEASURE_PAGES),
    ("Teams", "teams", "t", "teams:tree", {}, ("teams:", "stakeholders:audit")),
    ("Sources", "sources", "s", "metrics:sources", {}, ("metrics:",)),
)

ROLE_WORDS = {
    Grant.Role.DIRECTOR: "the director",
    Grant.Role.MANAGER: "an engineering manager",
    Grant.Role.CONTRIBUTOR: "an engineer",
    Grant.Role.EXECUTIVE: "an executive",
    Grant.Role.LEGAL: "the legal counsel",
    Grant.Role.ADMINISTRATOR: "the administrator",
}


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    icon: str
    key: str
    url: str
    current: bool
    count: int | None = None


@dataclass(slots=True)
class Node:
    """A team in the tree, with the same page for that team as its address."""

    team: Team
    url: str
    current: bool
    open: bool = False
    status: str | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.team.name


@dataclass(frozen=True, slots=True)
class SamplePerson:
    id: int
    name: str
    initials: str
    title: str
    role: str


class Shell:
    """The frame of one request, each part worked out when it is first asked for."""

    organisation = settings.ORGANISATION
    theme_choices = (("light", "sun"), ("dark", "moon"), ("auto", "auto"))

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def signed_in(self) -> bool:
        user = getattr(self._request, "user", None)  # an error page may come before the log-in is known
        return user is not None and user.is_authenticated

    @cached_property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else "auto"

    @cached_property
    def shortcuts_on(self) -> bool:
        return self._request.COOKIES.get("shortcuts") != "off"

    @cached_property
    def person(self) -> Person | None:
        return Person.objects.filter(user=self._request.user).first() if self.signed_in else None  # type: ignore[misc]  # somebody signed in, or nobody comes here

    @cached_property
    def name(self) -> str:
        return self.person.name if self.person else str(self._request.user)

    @cached_property
    def scope(self) -> Team | None:
        chosen: Team | None = getattr(self._request, "scope", None)
        if chosen is not None or not self.signed_in:
            return chosen
        return access.home(self._request.user)

    @cached_property
    def sample(self) -> bool:
        return self.scope is not None and self.scope.is_sample

    @cached_property
    def pages(self) -> list[Page]:
        if self.scope is None:
            return []
        here = self._view_name
        pages: list[Page] = []
        for name, icon, key, view, more, views in PAGES:
            url = _address(view, {"team": self.scope.slug, **more}) or _address(view, {})
            if url is None:
                continue
            taken = any(page.current for page in pages)
            count = self._waiting if view == "stakeholders:week" else None
            pages.append(Page(name, icon, key, url, current=not taken and here.startswith(views), count=count))
        return pages

    @property
    def _waiting(self) -> int | None:
        """How many items need the person, as the weekly page counted them last; None when that is long ago."""
        if not self.signed_in or self.scope is None:
            return None
        found = needs.counted(self._request.user, self.scope)  # type: ignore[arg-type]  # somebody signed in, or nobody comes here
        return found or None

    @cached_property
    def _teams(self) -> list[Team]:
        """Those the person sees and that are open, parents before children."""
        if not self.signed_in:
            return []
        return list(access.teams(self._request.user).open().with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries

    @cached_property
    def many_teams(self) -> bool:
        return len(self._teams) >= MANY_TEAMS

    @cached_property
    def tree(self) -> list[Node]:
        """The highest teams that the person sees; the way to the current one is open, and so is its own branch."""
        scope = self.scope
        here = scope.pk if scope else None
        nodes = {team.pk: Node(team, self._same_page(team), current=team.pk == here) for team in self._teams}
        top: list[Node] = []
        for team in self._teams:
            above = nodes.get(team.parent_id or 0)
            (above.children if above else top).append(nodes[team.pk])
        step = here
        while step in nodes:
            nodes[step].open = True
            step = nodes[step].team.parent_id
        return top

    @property
    def _view_name(self) -> str:
        match = self._request.resolver_match
        return match.view_name if match else ""

    def _same_page(self, team: Team) -> str:
        match = self._request.resolver_match
        if match and "team" in match.kwargs and self._request.method in ("GET", "HEAD"):
            query = self._request.GET.copy()
            query.pop("page", None)
            url = reverse(match.view_name, kwargs={**match.kwargs, "team": team.slug})
            return f"{url}?{query.urlencode()}" if query else url
        return _address("stakeholders:week", {"team": team.slug}) or "/"


def _address(view: str, kwargs: dict[str, Any]) -> str | None:
    """Where a page is; None while it does not exist."""
    try:
        return reverse(view, kwargs=kwargs)
    except NoReverseMatch:
        return None


def _sample_people(shell: Shell) -> list[SamplePerson]:
    """Who may be tried out by one button: only in the demo, only for visitors."""
    if not settings.DEMO or shell.signed_in:
        return []
    people = Person.objects.filter(user__is_sample=True, user__is_active=True).prefetch_related("grants")
    return sorted((_as_sample(person) for person in people), key=lambda one: (one.role != "the director", one.name))


def _as_sample(person: Person) -> SamplePerson:
    roles: Iterable[str] = (grant.role for grant in person.grants.all() if grant.revoked_at is None)
    word = next((ROLE_WORDS[Grant.Role(role)] for role in roles if role in Grant.Role.values), "a visitor")
    return SamplePerson(person.pk, person.name, person.initials, person.title, word)


def shell(request: HttpRequest) -> dict[str, Any]:
    frame = Shell(request)
    return {"shell": frame, "sample_people": SimpleLazyObject(lambda: _sample_people(frame))}
