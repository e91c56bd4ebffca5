"""What a forecast is made from, complete: teams, commitments, links, deadlines and the day of it all. Pure.

Written as plain JSON, it is stored with the result and read back to show the forecast again; its digest is that of the
JSON. The order in which commitments, links and teams are given means nothing: they are kept by id.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from delivery.activities import MOST_DAYS, Activity, Deadline, Kind, LagIn, Link, in_order
from delivery.calendar import WorkCalendar
from delivery.penalty import Kind as PenaltyKind
from delivery.penalty import PenaltyTerms, Window
from delivery.sampling import Delivered, Remaining

FORMAT = 1  # of the JSON; a new one when an old forecast could not be read or would come out otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A squad's working days, and what it has delivered with what that was estimated at."""

    id: str
    calendar: WorkCalendar
    delivered: tuple[Delivered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One commitment as a forecast knows it. Raises ValueError when its facts disagree.

    `remaining` None: nobody has estimated it, and neither it nor what waits for it has a forecast. A milestone takes
    no work and needs no estimate; any other open commitment has at least a day left. `added_days` (a what-if's) come
    on top of every trial's draw. With `delivered_on` it is a fact; with `started_on` alone its start is one.
    """

    id: str
    team: str
    remaining: Remaining | None = None
    is_milestone: bool = False
    first_promise: date | None = None
    promise: date | None = None  # the one in force
    no_earlier_than: date | None = None
    started_on: date | None = None
    delivered_on: date | None = None
    added_days: int = 0

    def __post_init__(self) -> None:
        if self.is_milestone and self.remaining is not None:
            raise ValueError(f"“{self.id}” is a milestone and takes no work, so it has no estimate.")
        if self.is_milestone and self.added_days:
            raise ValueError(f"“{self.id}” is a milestone and takes no work; days are added to what it waits for.")
        if self.delivered_on and self.started_on and self.started_on > self.delivered_on:
            raise ValueError(f"“{self.id}” cannot have been delivered before it started.")

    @property
    def is_estimated(self) -> bool:
        """Whether it can be forecast: a milestone, a delivered one and one with an estimate can."""
        return self.is_milestone or self.delivered_on is not None or self.remaining is not None

    @property
    def works(self) -> bool:
        """Whether each trial draws work for it."""
        return not self.is_milestone and self.delivered_on is None and self.remaining is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedDeadline(Deadline):
    """A deadline of the commitment `activity`, and what being late costs (None: nothing that was agreed)."""

    penalty: PenaltyTerms | None = None

    def __post_init__(self) -> None:
        if self.penalty is not None and self.penalty.due != self.date:
            raise ValueError(f"“{self.id}” is due on {self.date}, its penalty's terms say {self.penalty.due}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything one forecast rests on, as of the status date. Raises ValueError for ids that are unknown or occur
    twice, Loop for links in a ring."""

    as_of: date
    teams: tuple[Team, ...]
    commitments: tuple[Commitment, ...]
    links: tuple[Link, ...] = ()
    deadlines: tuple[PricedDeadline, ...] = ()

    def __post_init__(self) -> None:
        for name in ("teams", "commitments", "deadlines"):
            members = tuple(sorted(getattr(self, name), key=lambda member: str(member.id)))
            twice = [id_ for id_, count in Counter(member.id for member in members).items() if count > 1]
            if twice:
                raise ValueError(f"“{twice[0]}” occurs twice among the {name}.")
            object.__setattr__(self, name, members)
        object.__setattr__(self, "links", tuple(sorted(set(self.links), key=_link_key)))
        teams = {team.id for team in self.teams}
        known = {commitment.id for commitment in self.commitments}
        for commitment in self.commitments:
            if commitment.team not in teams:
                raise ValueError(f"“{commitment.id}” belongs to an unknown team, “{commitment.team}”.")
        for deadline in self.deadlines:
            if deadline.activity not in known:
                raise ValueError(f"The deadline “{deadline.id}” names an unknown commitment, “{deadline.activity}”.")
        in_order(self.activities, self.links)

    @property
    def activities(self) -> tuple[Activity, ...]:
        """The network, in the order of `commitments`, with likely estimates, rounded up, as durations."""
        calendars = {team.id: team.calendar for team in self.teams}
        return tuple(_activity(one, calendars[one.team]) for one in self.commitments)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON column. Days of work are strings, so that no decimal is lost."""
        return {
            "format": FORMAT,
            "as_of": self.as_of.isoformat(),
            "teams": [_team_json(team) for team in self.teams],
            "commitments": [_commitment_json(one) for one in self.commitments],
            "links": [[one.before, one.after, one.kind.value, one.lag, one.lag_in.value] for one in self.links],
            "deadlines": [_deadline_json(one) for one in self.deadlines],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON, as 64 hexadecimal digits."""
        return sha256_of(self.as_json())


def read_inputs(stored: Mapping[str, Any]) -> Inputs:
    """The inputs that `as_json` wrote. Raises ValueError for another format."""
    if stored["format"] != FORMAT:
        raise ValueError(f"These inputs are in format {stored['format']}; this reads format {FORMAT}.")
    return Inputs(
        as_of=date.fromisoformat(stored["as_of"]),
        teams=tuple(_read_team(team) for team in stored["teams"]),
        commitments=tuple(_read_commitment(one) for one in stored["commitments"]),
        links=tuple(
            Link(before=before, after=after, kind=Kind(kind), lag=lag, lag_in=LagIn(lag_in))
            for before, after, kind, lag, lag_in in stored["links"]
        ),
        deadlines=tuple(_read_deadline(one) for one in stored["deadlines"]),
    )


def sha256_of(value: Any) -> str:
    """SHA-256 of a value's JSON with sorted keys and no spaces."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _activity(one: Commitment, calendar: WorkCalendar) -> Activity:
    likely = 1 if one.remaining is None else max(int(-(-Decimal(one.remaining.likely) // 1)), 1)
    return Activity(
        id=one.id,
        duration_days=0 if one.is_milestone else min(max(likely + one.added_days, 1), MOST_DAYS),
        calendar=calendar,
        no_earlier_than=one.no_earlier_than,
        fixed_start=one.started_on,
        fixed_finish=one.delivered_on,
    )


def _link_key(link: Link) -> tuple[str, str, str, int, str]:
    return link.before, link.after, link.kind.value, link.lag, link.lag_in.value


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_day(day: str | None) -> date | None:
    return None if day is None else date.fromisoformat(day)


def _number(days: Decimal | int) -> str:
    return format(Decimal(days).normalize(), "f")


def _team_json(team: Team) -> dict[str, Any]:
    calendar = team.calendar
    ratios = sorted([_number(one.actual_days), _number(one.estimated_days)] for one in team.delivered)
    return {
        "id": team.id,
        "weekend": sorted(calendar.weekend),
        "holidays": sorted(day.isoformat() for day in calendar.holidays),
        "days_off": sorted(day.isoformat() for day in calendar.days_off),
        "extra_days": sorted(day.isoformat() for day in calendar.extra_days),
        "delivered": ratios,
    }


def _read_team(stored: Mapping[str, Any]) -> Team:
    days = {
        name: frozenset(date.fromisoformat(day) for day in stored[name])
        for name in ("holidays", "days_off", "extra_days")
    }
    return Team(
        id=stored["id"],
        calendar=WorkCalendar(weekend=frozenset(stored["weekend"]), **days),
        delivered=tuple(Delivered(Decimal(actual), Decimal(estimated)) for actual, estimated in stored["delivered"]),
    )


def _commitment_json(one: Commitment) -> dict[str, Any]:
    remaining = one.remaining and [
        _number(days) for days in (one.remaining.low, one.remaining.likely, one.remaining.high)
    ]
    return {
        "id": one.id,
        "team": one.team,
        "remaining": remaining,
        "is_milestone": one.is_milestone,
        "added_days": one.added_days,
        **{name: _day(getattr(one, name)) for name in _COMMITMENT_DAYS},
    }


_COMMITMENT_DAYS = ("first_promise", "promise", "no_earlier_than", "started_on", "delivered_on")


def _read_commitment(stored: Mapping[str, Any]) -> Commitment:
    remaining = stored["remaining"]
    return Commitment(
        id=stored["id"],
        team=stored["team"],
        remaining=None if remaining is None else Remaining(*(Decimal(days) for days in remaining)),
        is_milestone=stored["is_milestone"],
        added_days=stored["added_days"],
        **{name: _read_day(stored[name]) for name in _COMMITMENT_DAYS},
    )


def _deadline_json(one: PricedDeadline) -> dict[str, Any]:
    terms = one.penalty
    return {
        "id": one.id,
        "activity": one.activity,
        "date": one.date.isoformat(),
        "penalty": terms
        and {
            "currency": terms.currency,
            "cap": terms.cap,
            "windows": [[_day(w.first), _day(w.last), w.kind.value, w.amount, w.cap] for w in terms.windows],
        },
    }


def _read_deadline(stored: Mapping[str, Any]) -> PricedDeadline:
    due, terms = date.fromisoformat(stored["date"]), stored["penalty"]
    return PricedDeadline(
        id=stored["id"],
        activity=stored["activity"],
        date=due,
        penalty=terms
        and PenaltyTerms(
            due=due,
            currency=terms["currency"],
            cap=terms["cap"],
            windows=tuple(
                Window(
                    first=date.fromisoformat(first),
                    last=_read_day(last),
                    kind=PenaltyKind(kind),
                    amount=amount,
                    cap=cap,
                )
                for first, last, kind, amount, cap in terms["windows"]
            ),
        ),
    )
