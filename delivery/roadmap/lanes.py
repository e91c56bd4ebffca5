"""The lanes of a roadmap: their order, what a large one folds away, and where each bar lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from teams.models import Team

from .bars import ROW, Bar

MANY = 40  # bars; with more of them lanes show what matters most, and open one by one
KEPT = 3  # bars of a folded lane beside those of the chain
LANE_PAD = 12
FOLD_LINE = 26
MILESTONES = "milestones"


@dataclass(slots=True)
class Lane:
    """A team's bars, or all milestones."""

    key: str
    name: str
    kind: str
    bars: list[Bar]
    hidden: int = 0
    is_open: bool = True
    toggled: list[str] = field(default_factory=list)  # the lanes that are open after its link was followed
    can_fold: bool = False

    @property
    def height(self) -> int:
        more = FOLD_LINE if self.can_fold else 0
        return max(ROW * len(self.bars) + LANE_PAD, 54) + more


def lanes(bars: Sequence[Bar], scope: Sequence[Team], chain: Sequence[int], opened: set[str]) -> list[Lane]:
    """Teams on the chain in its order, the milestones, then the other teams as the tree has them."""
    places = {pk: place for place, pk in enumerate(chain)}
    far = len(places) + 1
    by_team: dict[int, list[Bar]] = {}
    milestones = [bar for bar in bars if bar.is_milestone]
    for bar in bars:
        if not bar.is_milestone:
            by_team.setdefault(bar.shown.row.team_id, []).append(bar)
    ranked = []
    for one in scope:
        if own := by_team.get(one.pk):
            ranked.append((min(places.get(bar.pk, far) for bar in own), Lane(one.slug, one.name, one.kind_name, own)))
    if milestones:
        ranked.append((far - 1, Lane(MILESTONES, "Milestones", "", milestones)))
    ranked.sort(key=lambda pair: pair[0])
    found = [lane for _, lane in ranked]
    many = len(bars) > MANY
    for lane in found:
        lane.bars.sort(key=lambda bar: (bar.left, bar.span, bar.pk))
        _fold(lane, many=many, opened=opened)
    _place(found)
    return found


def _fold(lane: Lane, *, many: bool, opened: set[str]) -> None:
    """In a large roadmap a lane keeps its part of the chain and what is latest, until it is opened."""
    first = [bar for bar in lane.bars if bar.on_chain]
    rest = sorted((bar for bar in lane.bars if not bar.on_chain), key=lambda bar: (-bar.days_late, bar.left, bar.pk))
    kept = {bar.pk for bar in first + rest[:KEPT]}
    if not many or len(kept) == len(lane.bars):
        return
    lane.can_fold = True
    lane.is_open = lane.key in opened or "all" in opened
    lane.toggled = sorted((opened - {"all"}) ^ {lane.key})
    if not lane.is_open:
        lane.hidden = len(lane.bars) - len(kept)
        lane.bars = [bar for bar in lane.bars if bar.pk in kept]


def _place(lanes: Sequence[Lane]) -> None:
    y = 0
    for lane in lanes:
        for row, bar in enumerate(lane.bars):
            bar.y = y + LANE_PAD // 2 + row * ROW
        y += lane.height
