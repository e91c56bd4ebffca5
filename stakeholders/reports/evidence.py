"""The parts of a fact base beside promises: measures, people as counts, money, risks, signatures, sources.

People are counts of the whole scope and never a person: of fewer than five nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.conf import settings

from metrics.catalogue import value_words
from metrics.measures import Tile
from stakeholders.investment import money, sheet
from stakeholders.models import BudgetLine, RiskEvent
from stakeholders.registers import board
from stakeholders.registers.board import Card
from stakeholders.registers.held import Held, hold
from stakeholders.week import fresh, health
from stakeholders.week.changes import measure_url
from stakeholders.week.gather import Feed, Gathered, whole
from stakeholders.week.known import Known
from teams import attrition
from teams.attrition import LEAST_PEOPLE
from teams.templatetags import ui

from .facts import Exposure, Measure, Money, People, Risk, Signed, Source

ALL = "All"
STATES = RiskEvent.State


# --- delivery --------------------------------------------------------------------------------------------------------


def measures(got: Gathered) -> tuple[Measure, ...]:
    return tuple(_measure(one, got) for one in got.tiles)


def _measure(tile: Tile, got: Gathered) -> Measure:
    """Values are deployments, hours or shares; the last point of a week that is not over is left out."""
    points = tile.spark
    return Measure(
        slug=tile.slug, name=tile.title, unit={"count": "", "time": "hours", "share": "share"}[tile.measure.sort],
        figure=value_words(tile.measure, tile.value) if tile.value is not None else tile.figure,
        value=_float(points[-1]) if tile.value is not None else None,
        before=_float(points[-2]) if len(points) > 1 else None, delta=tile.delta, tone=tile.tone,
        counts=tile.counts or tile.reason, weeks=tuple(_float(one) for one in whole(points, got)),
        url=measure_url(got.team.slug, tile.slug, got),
    )  # fmt: skip


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def people(got: Gathered) -> People | None:
    """None where fewer than five people are concerned."""
    stints = [one for own in got.stints.values() for one in own]
    until = min(got.week.sunday, got.now.astimezone(settings.ORGANISATION_ZONE).date())
    year = attrition.attrition(stints, until=until)
    if year.closing < LEAST_PEOPLE or year.average < LEAST_PEOPLE:
        return None
    seniors = attrition.retention(stints, until=until, seniors_only=True)
    if seniors.cohort < LEAST_PEOPLE:
        return People(left=year.left, headcount=year.closing)
    return People(
        seniors_stayed=seniors.stayed, seniors_at_start=seniors.cohort, seniors_leaving=seniors.leaving,
        grew=seniors.grew, left=year.left, headcount=year.closing,
    )  # fmt: skip


def sources(got: Gathered) -> tuple[Source, ...]:
    """How fresh each source is, then the teams of which nothing is measured."""
    found = [
        Source(name=one.now.name, state=one.now.state, read_to=one.now.read_at, missing=_missing(one, got))
        for one in got.feeds
    ]
    blank = [
        Source(name=one.name, state="none", missing=f"Nothing is measured of {one.name}: {_lower(one.blank)}.")
        for one in health.rows(got)
        if one.blank
    ]
    return (*found, *blank)


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]


def _missing(feed: Feed, got: Gathered) -> str:
    if not fresh.is_behind(feed, got):
        return ""
    what = "Incident data" if feed.incidents and not feed.deployments else "Data"
    gap = fresh.gap(feed)
    why = f": {gap.reason.rstrip('.')}." if gap.reason else "."
    after = f" after {ui.instant(feed.now.read_at)}" if feed.now.read_at else ""
    return f"{what}{after} is missing{why}"


# --- money -----------------------------------------------------------------------------------------------------------


def budget(got: Gathered, day: date) -> tuple[Money, ...]:
    """The year up to and with the month of `day`: each category, then all. One query."""
    rows = BudgetLine.objects.filter(
        team__in=[one.pk for one in got.teams], month__gte=date(day.year, 1, 1), month__lte=day.replace(day=1)
    ).select_related("team")
    lines = [sheet.pure(row) for row in rows]
    found = []
    for currency in sorted({one.currency for one in lines}):
        own = [one for one in lines if one.currency == currency]
        by_kind = money.grouped(own, lambda one: one.category)
        kinds = [(str(name), by_kind[key]) for key, name in BudgetLine.Category.choices if key in by_kind]
        found += [_money(name, one, currency) for name, one in (*kinds, (ALL, money.sums(own)))]
    return tuple(found)


def _money(name: str, one: money.Sums, currency: str) -> Money:
    return Money(
        category=name, plan=one.plan, actual=one.actual, outlook=one.outlook, variance=one.variance,
        currency=currency,
    )  # fmt: skip


# --- risks and signatures --------------------------------------------------------------------------------------------


def risks(got: Gathered, known: Known) -> tuple[tuple[Risk, ...], tuple[Exposure, ...]]:
    """Those that stood open at that moment, the heaviest first, and what they may cost together."""
    open_ = [one.id for one in known.of("risks") if one.state != STATES.RESOLVED]
    states = {one.id: one.state for one in known.of("risks")}
    cards = sorted(board.cards(board.risks(got.user, got.team).filter(pk__in=open_)), key=board.by_weight)
    sized = board.exposures(cards)
    return (
        tuple(_risk(one, states[one.risk.pk]) for one in cards),
        tuple(
            Exposure(currency=currency, expected=one.expected, sure=one.sure, count=one.count)
            for currency, one in sized.items()
        ),
    )


def _risk(card: Card, state: str) -> Risk:
    row = card.risk
    return Risk(
        code=row.code, title=row.title, state=STATES(state).label if state in STATES.values else state,
        level=card.level_mark[1], chance=row.chance, expected=round(card.stake.expected) if card.stake else None,
        low=row.low, high=row.high, days=_float(card.expected_days), owner=str(row.owner or ""),
        signature=card.mark[1] if state == STATES.ACCEPTED else "", currency=row.currency, url=row.get_absolute_url(),
    )  # fmt: skip


def signatures(got: Gathered, known: Known) -> tuple[Signed, ...]:
    """Of the acceptances in force, with the names as they were printed."""
    held = hold(board.acceptances(got.user, got.team).order_by("pk"), today=known.today)
    return tuple(one for each in held if each.holds for one in _signed(each, known.at))


def _signed(held: Held, at: datetime) -> Sequence[Signed]:
    return [
        Signed(
            acceptance=held.row.code, title=held.current.title, printed_name=one.printed_name,
            printed_title=one.printed_title, meaning=one.meaning_name, at=one.at, expires_on=held.current.expires_on,
        )
        for one in held.signatures_on(held.current)
        if one.at <= at
    ]  # fmt: skip


__all__ = ["budget", "measures", "people", "risks", "signatures", "sources"]
