"""Reports as they stand: the facts and words of one, what they are bound by, and which report took its place.

A report is one row of a chain: every report of a scope and week follows the one before it, so that what was sent is
superseded by whatever is sent later, and by nothing that is only a draft.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.conf import settings
from django.db.models import Q, QuerySet

from stakeholders.models import Report, ReportStep, ReportWords
from teams import access
from teams.access import Right
from teams.models import User

from . import wording
from .document import Document
from .facts import FactBase, canonical, read
from .wording import AUDIENCES

Step = ReportStep.Step
OPEN = (Step.DRAFT, Step.REVIEWED)


def visible_to(user: User) -> QuerySet[Report]:
    """Sent reports of teams that `user` sees, and all others of teams over which they decide."""
    told = Q(team__in=access.teams(user), steps__step=Step.SENT)
    mine = Q(team__in=access.teams(user, Right.DECIDE))
    return Report.objects.filter(pk__in=Report.objects.filter(told | mine).values("pk"))


def content_hash(facts_hash: str, words: Mapping[str, str]) -> str:
    """What a review and a sending are bound to: the facts and every edited word."""
    return hashlib.sha256(canonical({"facts": facts_hash, "words": dict(words)})).hexdigest()


def words_of(rows: Iterable[ReportWords]) -> dict[str, str]:
    """key → words in force, from rows in their order; what went back to the computed words is not in it."""
    found: dict[str, str] = {}
    for row in rows:
        found[row.key] = row.words
    return {key: found[key] for key in sorted(found) if found[key]}


def computed(facts: FactBase) -> dict[str, set[str]]:
    """key → the computed words of every audience: what can be edited, and what it is without anybody's words."""
    found: dict[str, set[str]] = {}
    for audience in AUDIENCES:
        for one in wording.editable(wording.document(facts, audience=audience)):
            found.setdefault(one.key, set()).add(one.words.strip())
    return found


@dataclass
class Kept:
    """One report with what it says. `row` may come with `steps` and `words` fetched."""

    row: Report

    @cached_property
    def facts(self) -> FactBase:
        return read(self.row.facts)

    @cached_property
    def words(self) -> dict[str, str]:
        return words_of(sorted(self.row.words.all(), key=lambda one: one.pk))

    @cached_property
    def steps(self) -> list[ReportStep]:
        return sorted(self.row.steps.all(), key=lambda one: one.pk)

    @cached_property
    def hash(self) -> str:
        return content_hash(self.row.facts_hash, self.words)

    @property
    def step(self) -> str:
        return self.steps[-1].step if self.steps else Step.DRAFT

    @property
    def is_open(self) -> bool:
        return self.step in OPEN

    @property
    def is_sent(self) -> bool:
        return self.sent is not None

    @property
    def sent(self) -> ReportStep | None:
        return next((one for one in self.steps if one.step == Step.SENT), None)

    @property
    def reviewed(self) -> ReportStep | None:
        """The review of exactly these words and facts; None: somebody has yet to read it."""
        last = next((one for one in reversed(self.steps) if one.step == Step.REVIEWED), None)
        return last if last is not None and last.content_hash == self.hash else None

    @property
    def changed_since_review(self) -> bool:
        return self.is_open and self.reviewed is None and any(one.step == Step.REVIEWED for one in self.steps)

    @cached_property
    def superseded_by(self) -> Report | None:
        return superseding(self.row)

    @property
    def state_words(self) -> str:
        """As a reader must know it; "" once sent and still the last word."""
        if self.step == Step.DROPPED:
            return "Put aside"
        if not self.is_sent:
            return "Reviewed, not sent" if self.reviewed else "Draft"
        later = self.superseded_by
        return f"Superseded by {later.code}" if later else ""

    def document(self, audience: str, *, logo: bytes | None = None, url: str = "") -> Document:
        """As it is read; the same report and state give the same document. `url`: where it is read, else as set up."""
        if not url and settings.ADDRESS:
            url = f"{settings.ADDRESS}{self.row.get_absolute_url()}"
        style = self.row.style
        if logo is None and style is not None and style.logo:
            logo = bytes(style.logo)
        return wording.document(
            self.facts, audience=audience, words=self.words, state=self.state_words, url=url, logo=logo,
            paper=self.row.paper,
        )  # fmt: skip


def superseding(row: Report) -> Report | None:
    """The newest sent report of the same scope and week that came after `row`; None while `row` stands."""
    later = Report.objects.filter(team=row.team_id, monday=row.monday, pk__gt=row.pk, steps__step=Step.SENT)
    return later.order_by("-pk").first()


def draft_of(team: int, monday: date) -> Report | None:
    """The open draft of a scope and week."""
    rows = Report.objects.filter(team=team, monday=monday).with_state()
    return rows.filter(state__in=OPEN).order_by("-pk").first()  # type: ignore[misc]  # annotated by its queryset
