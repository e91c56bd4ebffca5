"""The story of the pictures as a fact base: a deadline that moved out of reach, and one decision that brings it back.

All of it is made up. Money is in cents.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from stakeholders.reports.facts import (
    Ahead,
    Exposure,
    FactBase,
    People,
    Signed,
)

from .promised import deadlines, drift, outcomes
from .weighed import asks, budget, changes, measures, risks, sources

MONDAY = date(2026, 11, 16)
AS_OF = datetime(2026, 11, 23, 12, 55, tzinfo=UTC)  # 07:55 in New York
ZONE = "America/New_York"


def story() -> FactBase:
    """The week of the pictures: a deadline that moved out of reach, and one decision that brings it back."""
    return FactBase(
        organisation="Meridian Health",
        team="Integration Platform",
        team_slug="integration-platform",
        week=MONDAY,
        as_of=AS_OF,
        zone=ZONE,
        prepared_by="Maya Lindqvist",
        prepared_title="Director of Product Engineering",
        say="Go-live is forecast for 8 January,",
        clause="7 days into the penalty window.",
        tone="late",
        more=(
            "Squad A moved FHIR Patient API by 14 days: Epic’s patient profile differs from the published guide.",
            "Ship read and search first: even odds 30 Dec, 61% likely in time.",
        ),
        forecast_at=datetime(2026, 11, 23, 12, 40, tzinfo=UTC),
        forecast_digest="5d1f" * 16,
        trials=10_000,
        on_track=14,
        open=23,
        on_track_before=17,
        open_before=24,
        delivered=1,
        waiting=3,
        deadlines=deadlines(),
        drift=drift(),
        outcomes=outcomes(),
        changes=changes(),
        changes_since=date(2026, 11, 16),
        asks=asks(),
        risks=risks(),
        exposure=(Exposure(currency="USD", expected=29_840_000, sure=51_200_000, count=5),),
        budget=budget(),
        measures=measures(),
        people=People(
            seniors_stayed=15,
            seniors_at_start=16,
            grew=2,
            left=1,
            headcount=41,
            added=(
                "One senior engineer in Squad B leaves on 11 December; an offer to stay is open until Wed 25 November."
            ),
        ),
        ahead=(
            Ahead(
                monday=date(2026, 11, 23),
                items=("Choose the recovery option", "Test patients dated", "Retention offer, Squad B"),
            ),
            Ahead(
                monday=date(2026, 11, 30),
                items=("Provider directory live", "Coverage gate on", "Read and search in staging, if agreed"),
            ),
            Ahead(
                monday=date(2026, 12, 7),
                items=("Squad B starts patient data exchange", "Claims API lands", "Epic retest"),
            ),
        ),
        sources=sources(),
        signatures=(
            Signed(
                acceptance="A-004",
                title="HL7 v2 feeds without field encryption until they are switched off",
                printed_name="Ruth Okafor",
                printed_title="General Counsel",
                meaning="approval",
                at=datetime(2026, 11, 18, 15, 20, tzinfo=UTC),
                expires_on=date(2027, 2, 26),
            ),
        ),
    )
