"""The five DORA measures and their bands, over one pool of facts. Pure.

A group hands in all its squads' facts at once: what is here never averages averages. Callers pass the facts
of the period (deployments by their finish; incidents whole, with the period); each result carries its counts,
says in `reason` why there is no value, and names what it left out. None is not zero.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

from metrics.events import Outcome
from metrics.periods import Week, days_in

FEW = 5  # under so many events a number says "few events"
MONTH = timedelta(days=30.4375)  # 365.25 days ÷ 12

NO_DEPLOYMENTS = "No deployments in this period."
NO_CHANGES = "No changes were deployed in this period."
NO_INCIDENTS = "No incidents were resolved in this period."
NO_INCIDENT_SOURCE = "No source of incidents is connected; plain Git has none."
NO_BAD_DEPLOYMENTS = "No incident resolved in this period is linked to a deployment."
NO_REVIEWS = "Plain Git has no reviews."
FAILED_ATTEMPT = "Failed before users saw it."

T = TypeVar("T", float, timedelta)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFact:
    """One attempt to deploy. `failed`: shown later to have hurt users; not the same as outcome failure."""

    id: str
    service: str
    finished_at: datetime | None
    outcome: Outcome
    production: bool
    unplanned: bool  # a rollback, a hotfix, or it carried a fix linked to an incident
    failed: bool
    superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFact:
    """One change in one deployment."""

    sha: str
    deployment_id: str
    deployed_at: datetime
    first_commit_at: datetime | None
    opened_at: datetime | None = None
    first_review_at: datetime | None = None
    approved_at: datetime | None = None
    merged_at: datetime | None = None
    time_note: str = ""  # why first_commit_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFact:
    """One incident, with the finish of the deployment it is linked to."""

    id: str
    started_at: datetime
    resolved_at: datetime | None
    failed_deployment_finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a measure left out for one reason."""

    reason: str
    ids: tuple[str, ...]  # of deployments or incidents; of changes their shas

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`numerator` of `denominator`: a ratio 0–1, None (with `reason`) when there is nothing to divide by."""

    numerator: int
    denominator: int
    reason: str = ""
    failed_attempts: int = 0  # rollouts that failed before users saw them: shown apart, in neither count
    left_out: tuple[LeftOut, ...] = ()

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def few(self) -> bool:
        return self.denominator < FEW


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekCount:
    """One week of a period; a week without deployments is there, with 0."""

    week: Week
    deployments: int
    days: int  # distinct local days with a deployment
    partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """Deployments by week. `value` is the median of whole weeks; where that is 0, `pace` still is not."""

    weeks: tuple[WeekCount, ...]
    value: float | None
    reason: str = ""
    left_out: tuple[LeftOut, ...] = ()

    @property
    def whole_weeks(self) -> int:
        return sum(not one.partial for one in self.weeks)

    @property
    def deployments(self) -> int:
        """In the whole weeks, as are `days`."""
        return sum(one.deployments for one in self.weeks if not one.partial)

    @property
    def days(self) -> int:
        return sum(one.days for one in self.weeks if not one.partial)

    @property
    def average(self) -> float | None:
        """Deployments a week over the whole weeks."""
        return None if self.value is None else self.deployments / self.whole_weeks

    @property
    def pace(self) -> tuple[float, str] | None:
        """The average in a unit that never makes it 0: (1.3, "month")."""
        return pace(self.deployments, 7 * self.whole_weeks)

    @property
    def few(self) -> bool:
        return self.deployments < FEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations, shortest first. `value` is their median, p25–p95 are real rows; all None without any."""

    durations: tuple[timedelta, ...]
    reason: str = ""
    left_out: tuple[LeftOut, ...] = ()

    @property
    def count(self) -> int:
        return len(self.durations)

    @property
    def few(self) -> bool:
        return self.count < FEW

    @property
    def value(self) -> timedelta | None:
        return median(self.durations)

    @property
    def mean(self) -> timedelta | None:
        return sum(self.durations, timedelta()) / self.count if self.durations else None

    @property
    def p25(self) -> timedelta | None:
        return quantile_disc(self.durations, 0.25)

    @property
    def p75(self) -> timedelta | None:
        return quantile_disc(self.durations, 0.75)

    @property
    def p85(self) -> timedelta | None:
        return quantile_disc(self.durations, 0.85)

    @property
    def p95(self) -> timedelta | None:
        return quantile_disc(self.durations, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime(Times):
    """Lead time for changes. `middle`: the change at the median (the lower of two); its parts are shown."""

    middle: ChangeFact | None


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """Not restored yet: its age so far. In no median."""

    id: str
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore(Times):
    """Time to restore, with the incidents that are still open, oldest first."""

    open: tuple[OpenIncident, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a lead time, or None with its reason."""

    value: timedelta | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadParts:
    """First commit → opened → first review → merged → deployed."""

    coding: Part
    pickup: Part
    review: Part
    waiting: Part

    @property
    def total(self) -> timedelta:
        """Exactly the lead time, whenever that exists."""
        known = (part.value for part in (self.coding, self.pickup, self.review, self.waiting))
        return sum((value for value in known if value is not None), timedelta())


def median(values: Iterable[T]) -> T | None:
    """The middle value; of an even count the mean of the middle two (percentile_cont). None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def quantile_disc(values: Iterable[T], share: float) -> T | None:
    """The smallest value with at least `share` (0–1) of all at or below it: a real row, as percentile_disc.

    None of nothing. Raises ValueError for a share outside 0–1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A share lies between 0 and 1; {share} does not.")
    ordered = sorted(values)
    rank = math.ceil(Fraction(str(share)) * len(ordered))  # 0.28 × 25 is 7, which floats deny
    return ordered[max(rank, 1) - 1] if ordered else None


def deployment_frequency(
    deploys: Iterable[DeployFact], weeks: Sequence[Week], zone: ZoneInfo, now: datetime
) -> Frequency:
    """Successful production deployments a week, zero-filled over `weeks`; the median is of whole weeks.

    None without a deployment in the whole weeks: nothing here can tell a quiet team from an unconnected one.
    Deployments outside `weeks` are ignored.

    Source: DOMAIN §1, Deployment frequency.
    """
    ordered = sorted(set(weeks))
    bounds = [week.bounds(zone) for week in ordered]
    starts = [start for start, _ in bounds]

    def inside(at: datetime) -> bool:
        place = bisect_right(starts, at)
        return place > 0 and at < bounds[place - 1][1]

    counted, left_out = _counted(one for one in deploys if one.finished_at is None or inside(one.finished_at))
    found: list[list[datetime]] = [[] for _ in ordered]
    for _, finished_at in counted:
        found[bisect_right(starts, finished_at) - 1].append(finished_at)
    rows = tuple(
        WeekCount(
            week=week,
            deployments=len(times),
            days=len(days_in(times, zone)),
            partial=week.is_partial(now, zone),
        )
        for week, times in zip(ordered, found, strict=True)
    )
    whole = [float(row.deployments) for row in rows if not row.partial]
    if any(whole):
        return Frequency(weeks=rows, value=median(whole), left_out=left_out)
    reason = NO_DEPLOYMENTS
    if not whole:
        reason = "No week of this period is over yet."
    elif any(row.deployments for row in rows):
        reason = "No deployments in the whole weeks of this period."
    return Frequency(weeks=rows, value=None, reason=reason, left_out=left_out)


def pace(deployments: int, days: int) -> tuple[float, str] | None:
    """(number, unit) in the shortest unit that makes the number at least 1: 20 in 30 days is (4.67, "week").

    Units: day, week, month, year (then it may be under 1). None without deployments or days.
    """
    if deployments <= 0 or days <= 0:
        return None
    for unit, length in (("day", 1.0), ("week", 7.0), ("month", MONTH / timedelta(days=1))):
        if deployments * length >= days:
            return deployments * length / days, unit
    return deployments * 365.25 / days, "year"


def lead_time(changes: Iterable[ChangeFact]) -> LeadTime:
    """First commit authored → production deployment finished, per change; the headline is the median.

    Left out, and named: changes whose first commit is unknown or not plausible, or dated after their
    deployment. None without a change that counts.

    Source: DOMAIN §1, Lead time for changes.
    """
    spans: list[tuple[timedelta, ChangeFact]] = []
    out: list[tuple[str, str]] = []
    for change in changes:
        start, why = _start(change)
        if start is None:
            out.append((why, change.sha))
        else:
            spans.append((change.deployed_at - start, change))
    spans.sort(key=lambda span: (span[0], span[1].sha, span[1].deployment_id))
    return LeadTime(
        durations=tuple(span for span, _ in spans),
        reason="" if spans else "No change of this period has a known lead time." if out else NO_CHANGES,
        left_out=_by_reason(out),
        middle=spans[(len(spans) - 1) // 2][1] if spans else None,
    )


def lead_parts(change: ChangeFact) -> LeadParts:
    """Coding, pickup, review, waiting to deploy: together exactly the lead time, whenever that exists.

    Times out of order are moved to the nearest border, merge before opening before review. A draft's time is
    pickup. Without a review before the merge, pickup lasts from opening to merge and review is None; approval
    alone is a review, approval after another review changes nothing. Without an opening (plain Git) coding
    lasts until the merge. Without a merge time the last part begun takes the rest and waiting is None.
    Without a first commit coding is None and the rest stands.

    Source: DOMAIN §1, Lead time for changes.
    """
    end = change.deployed_at
    first, why = _start(change)
    merged, opened = change.merged_at, change.opened_at
    start = first or min((at for at in (opened, merged) if at is not None), default=end)
    start = min(start, end)
    border = end if merged is None else min(max(merged, start), end)
    waiting = Part(None, "When it was merged is not known.") if merged is None else Part(end - border)
    if opened is None:
        coding, pickup, review = Part(border - start), Part(None, NO_REVIEWS), Part(None, NO_REVIEWS)
    else:
        reviews = [at for at in (change.first_review_at, change.approved_at) if at is not None]
        opened = min(max(opened, start), border)
        coding = Part(opened - start)
        if reviews and min(reviews) <= border:
            reviewed = max(min(reviews), opened)
            pickup, review = Part(reviewed - opened), Part(border - reviewed)
        else:
            pickup = Part(border - opened)
            review = Part(None, "Reviewed only after it was merged." if reviews else "Merged without a review.")
    return LeadParts(coding=coding if first else Part(None, why), pickup=pickup, review=review, waiting=waiting)


def change_failure_rate(deploys: Iterable[DeployFact]) -> Share:
    """Successful production deployments shown to have failed ÷ successful production deployments: 0–1.

    A rollout that failed before users saw it is a failed attempt, counted apart. Unknown, cancelled,
    superseded and non-production ones are in neither. None without a deployment.

    Source: DOMAIN §1, Change failure rate.
    """
    return _share(deploys, lambda one: one.failed)


def rework_rate(deploys: Iterable[DeployFact]) -> Share:
    """Unplanned successful production deployments ÷ successful production deployments: 0–1. None without one.

    Source: DOMAIN §1, Rework rate.
    """
    return _share(deploys, lambda one: one.unplanned)


def time_to_restore(incidents: Iterable[IncidentFact] | None, start: datetime, end: datetime, now: datetime) -> Restore:
    """Incident start → resolved, for those resolved in [start, end). Open ones apart, with age at `now`.

    `incidents` is None when no source of incidents is connected: plain Git has none.

    Source: DOMAIN §1, Time to restore.
    """
    if incidents is None:
        return Restore(durations=(), reason=NO_INCIDENT_SOURCE)
    rows = [(one.started_at, one.resolved_at, one.id) for one in incidents]
    times, left_out = _spans(rows, start, end, "Resolved before it started.")
    still = sorted((began, id_) for began, resolved, id_ in rows if resolved is None and began < min(end, now))
    return Restore(
        durations=times,
        reason="" if times else NO_INCIDENTS,
        left_out=left_out,
        open=tuple(OpenIncident(id_, now - began) for began, id_ in still),
    )


def failed_deployment_recovery_time(incidents: Iterable[IncidentFact] | None, start: datetime, end: datetime) -> Times:
    """Bad deployment finished → service restored, for the incidents linked to one, resolved in [start, end).

    Source: DOMAIN §1, Time to restore.
    """
    if incidents is None:
        return Times(durations=(), reason=NO_INCIDENT_SOURCE)
    rows = [(one.failed_deployment_finished_at, one.resolved_at, one.id) for one in incidents]
    times, left_out = _spans(rows, start, end, "Restored before its deployment finished.")
    return Times(durations=times, reason="" if times else NO_BAD_DEPLOYMENTS, left_out=left_out)


@dataclass(frozen=True, slots=True, order=True)
class Band:
    """A DORA performance level: 4 is the best."""

    level: int
    name: str
    edition: int = 2023


ELITE, HIGH, MEDIUM, LOW = Band(4, "Elite"), Band(3, "High"), Band(2, "Medium"), Band(1, "Low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry:
    """Means over the teams of one survey: something to stand beside, not a target."""

    edition: int
    failure_rate: float
    rework_rate: float


INDUSTRY_2025 = Industry(edition=2025, failure_rate=0.19, rework_rate=0.22)


def band_frequency(deployments: int | None, days: int) -> Band | None:
    """The band of so many deployments in so many calendar days, by the average. None without a count or days.

    Elite "on demand, several a day": more than one per working day (5 in 7 days). High "between once a day
    and once a week": at least one per 7 days. Medium "between once a week and once a month": at least one per
    30.4375 days. Low: less.
    """
    if deployments is None or days <= 0:
        return None
    if deployments * 7 > days * 5:
        return ELITE
    if deployments * 7 >= days:
        return HIGH
    return MEDIUM if deployments * MONTH >= timedelta(days=days) else LOW


def band_lead_time(value: timedelta | None) -> Band | None:
    """Elite under a day, High under a week, Medium under a month (30.4375 days), else Low. None of None."""
    return _band(value, timedelta(days=1), timedelta(days=7), MONTH)


def band_restore(value: timedelta | None) -> Band | None:
    """Elite under an hour, High under a day, Medium under a week, else Low. None of None."""
    return _band(value, timedelta(hours=1), timedelta(days=1), timedelta(days=7))


def band_failure_rate(value: float | None) -> Band | None:
    """Elite up to 5 %, High up to 10 %, Medium up to 15 %, else Low; borders belong to the better band."""
    if value is None:
        return None
    return ELITE if value <= 0.05 else HIGH if value <= 0.10 else MEDIUM if value <= 0.15 else LOW


def _band(value: timedelta | None, elite: timedelta, high: timedelta, medium: timedelta) -> Band | None:
    if value is None:
        return None
    return ELITE if value < elite else HIGH if value < high else MEDIUM if value < medium else LOW


def _counted(deploys: Iterable[DeployFact]) -> tuple[list[tuple[DeployFact, datetime]], tuple[LeftOut, ...]]:
    """(those that count, each with its finish; the others by reason, failed attempts among them)."""
    counted: list[tuple[DeployFact, datetime]] = []
    out: list[tuple[str, str]] = []
    for one in deploys:
        if one.superseded:
            out.append(("Its history was rewritten.", one.id))
        elif not one.production:
            out.append(("Not to production.", one.id))
        elif one.outcome is Outcome.CANCELLED:
            out.append(("Cancelled.", one.id))
        elif one.outcome is Outcome.UNKNOWN:
            out.append(("Its outcome is not known.", one.id))
        elif one.outcome is Outcome.FAILURE:
            out.append((FAILED_ATTEMPT, one.id))
        elif one.finished_at is None:
            out.append(("When it finished is not known.", one.id))
        else:
            counted.append((one, one.finished_at))
    return counted, _by_reason(out)


def _share(deploys: Iterable[DeployFact], holds: Callable[[DeployFact], bool]) -> Share:
    counted, left_out = _counted(deploys)
    return Share(
        numerator=sum(holds(one) for one, _ in counted),
        denominator=len(counted),
        reason="" if counted else NO_DEPLOYMENTS,
        failed_attempts=sum(one.count for one in left_out if one.reason == FAILED_ATTEMPT),
        left_out=left_out,
    )


def _start(change: ChangeFact) -> tuple[datetime | None, str]:
    """(where its lead time starts, "") or (None, why there is none)."""
    if change.first_commit_at is None:
        return None, change.time_note or "Its first commit is not known."
    if change.first_commit_at > change.deployed_at:
        return None, "Its first commit is dated after its deployment."
    return change.first_commit_at, ""


def _spans(
    rows: Iterable[tuple[datetime | None, datetime | None, str]],
    start: datetime,
    end: datetime,
    backwards: str,
) -> tuple[tuple[timedelta, ...], tuple[LeftOut, ...]]:
    """(durations of the rows (from, to, id) that end within [start, end); those that run backwards)."""
    ended = [(to - began, id_) for began, to, id_ in rows if began and to and start <= to < end]
    times = sorted(span for span, _ in ended if span >= timedelta())
    return tuple(times), _by_reason((backwards, id_) for span, id_ in ended if span < timedelta())


def _by_reason(out: Iterable[tuple[str, str]]) -> tuple[LeftOut, ...]:
    reasons: dict[str, list[str]] = {}
    for reason, id_ in out:
        reasons.setdefault(reason, []).append(id_)
    return tuple(LeftOut(reason, tuple(sorted(ids))) for reason, ids in sorted(reasons.items()))
