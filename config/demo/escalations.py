"""The sample's escalations of the half year before: what was asked, with or without figures, evidence and options.

Few carried all three in summer; most do since then, which is what the scorecard counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stakeholders.models import Decision
from stakeholders.registers.actions import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One escalation. `days` at stake; `took` days until it was answered, of the `given` ones."""

    question: str
    by: str
    ago: int
    options: tuple[str, ...]
    why: str
    days: int | None = None
    evidence: str = ""
    took: int = 4
    given: int = 7


ASKED = (
    Asked(question="Keep the old sandbox for another quarter", by="Laura Bennett", ago=155, days=8,
          options=("Keep it", "Move everybody now"), evidence="Tests that still need it",
          why="Moving now would stop certification for eight days."),
    Asked(question="More people for Squad B?", by="Daniel Okafor", ago=140, options=("Hire one engineer",),
          why="The queue work is done; the plan holds without.", took=12),
    Asked(question="Skip the incident drill this spring?", by="Tomasz Wolny", ago=126,
          options=("Skip it", "Hold it in half a day"), why="An auditor will ask for the record.", took=3),
    Asked(question="Which squad owns the terminology tables", by="Ines Carvalho", ago=112, days=5,
          options=("Squad A", "Squad C"), evidence="Who changed them in the past year",
          why="Squad A made nine changes of ten."),
    Asked(question="Cut the nightly export to weekly", by="Daniel Okafor", ago=98, days=3,
          options=("Weekly", "Nightly, from a copy"), evidence="Load on the old database", why="A copy costs nothing."),
    Asked(question="Encrypt archives with the new keys first", by="Anneke Vos", ago=72, days=4,
          options=("New keys first", "Both until January"), evidence="Archives and their keys",
          why="Two sets of keys are two ways to lose one."),
    Asked(question="Postpone the Cerner pilot to spring", by="Laura Bennett", ago=64, days=20,
          options=("Postpone it", "Pilot with one clinic"), evidence="What the pilot needs of each squad",
          why="It would take twenty days of Squad B."),
    Asked(question="Pay for a second test tenant", by="Yuki Tanaka", ago=33, days=6,
          options=("Pay for it", "Share it by calendar"), evidence="Hours waited for the tenant",
          why="Three squads waited six days in a month."),
)  # fmt: skip


def tell(ask: Callable[..., Decision], decide: Callable[..., Any], on: Callable[[int], Any]) -> None:
    """Each is asked and answered, on its day. `on` gives the date so many days from today."""
    for one in ASKED:
        row = ask(
            one.question, one.by, one.ago, [Answer(title=title, is_advised=not place) for place, title in
                                            enumerate(one.options)],
            stakes_days=one.days, needed_by=on(one.given - one.ago),
            evidence=[(one.evidence, "https://wiki.example/decisions")] if one.evidence else [],
        )  # fmt: skip
        decide(row, 0, one.why, one.ago - one.took, None)
