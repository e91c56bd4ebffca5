"""What waits for what, drawn: the critical chain, the other links, and stubs for what lies outside the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db.models import Q

from delivery.models import Commitment, Dependency

from .axis import WIDTH, route, text_width
from .bars import Bar

ANOTHER_TEAM = "another team"


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one bar to another."""

    before: int
    after: int
    path: str
    on_chain: bool


@dataclass(frozen=True, slots=True)
class Stub:
    """A link to something that is not on the page: named when the person sees it, else only “another team”."""

    bar: int
    waits: bool  # the bar waits for it; else it waits for the bar
    words: str
    url: str
    on_chain: bool
    x: float
    y: float

    @property
    def path(self) -> str:
        return f"M{self.x - 18:g} {self.y:g}H{self.x - 1:g}" if self.waits else f"M{self.x:g} {self.y:g}h18"

    @property
    def words_y(self) -> float:
        return self.y + (4 if self.waits else 14)

    @property
    def words_x(self) -> float:
        """Beside the stub, in the plot."""
        wide = text_width(self.words)
        return max(self.x - 22 - wide, 0) if self.waits else min(self.x + 24, WIDTH - wide)


def links_touching(ids: Collection[int]) -> list[Dependency]:
    """The links in force with either end among `ids`; both commitments and their teams come along. One query."""
    touching = Q(before__in=ids) | Q(after__in=ids)
    rows = Dependency.objects.filter(
        touching, removed_at=None, before__cancelled_at=None, after__cancelled_at=None
    ).select_related("before__team", "after__team")
    return list(rows.order_by("pk"))


def arrows(links: Iterable[Dependency], bars: Mapping[int, Bar], chain: Sequence[int]) -> list[Arrow]:
    """Between bars that are both drawn; those of the chain last, so that they lie on top."""
    steps = set(pairwise(chain))
    found = [
        Arrow(link.before_id, link.after_id, _path(link, bars[link.before_id], bars[link.after_id]), pair in steps)
        for link in links
        if link.before_id in bars and link.after_id in bars and (pair := (link.before_id, link.after_id))
    ]
    return sorted(found, key=lambda one: one.on_chain)


def _path(link: Dependency, before: Bar, after: Bar) -> str:
    x1, y1 = before.exit() if link.kind in ("FS", "FF") else (before.left, before.middle)
    if link.kind in ("FS", "SS"):
        return route(x1, y1, *after.entry())
    edge = after.middle + (8 if y1 > after.middle else -8)
    across = max(after.right - 5, 2)
    return f"M{x1:g} {y1:g}H{across:g}V{edge:g}"


def stubs(
    links: Iterable[Dependency], bars: Mapping[int, Bar], chain: Sequence[int], seen: Collection[int]
) -> list[Stub]:
    """For each link with one end on the page; teams that are not `seen` stay without a name."""
    steps = set(pairwise(chain))
    found: dict[tuple[int, bool, str], Stub] = {}
    for link in links:
        waits = link.after_id in bars
        if waits == (link.before_id in bars):
            continue
        bar = bars[link.after_id if waits else link.before_id]
        words, url = _named(link.before if waits else link.after, seen)
        x, y = bar.entry() if waits else bar.exit()
        on_chain = (link.before_id, link.after_id) in steps
        key = (bar.pk, waits, url)
        if key not in found or on_chain:
            found[key] = Stub(bar.pk, waits, words, url, on_chain, x, y)
    return list(found.values())


def _named(other: Commitment, seen: Collection[int]) -> tuple[str, str]:
    if other.team_id not in seen:
        return ANOTHER_TEAM, ""
    title = other.title if len(other.title) <= 32 else other.title[:31].rstrip() + "…"
    return f"{title} ({other.team.name})", other.get_absolute_url()


def unestimated_before(pk: int, links: Iterable[Dependency], unestimated: Collection[int]) -> int:
    """How many commitments without an estimate `pk` waits for, as far as `links` reach."""
    behind: dict[int, list[int]] = {}
    for link in links:
        if link.before.delivered_on is None:
            behind.setdefault(link.after_id, []).append(link.before_id)
    todo, met = list(behind.get(pk, ())), set()
    while todo:
        one = todo.pop()
        if one not in met:
            met.add(one)
            todo += behind.get(one, ())
    return len(met & set(unestimated))
