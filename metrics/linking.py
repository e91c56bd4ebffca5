"""What belongs to which deployment: changes, incidents, reverts, and which deployments failed. Pure.

Each function here is the definition of one kind of link. History comes in as `parents` (sha → its parents'
shas), and may be cut off anywhere: a commit that is not in it is unknown, never guessed. Deployments that
failed, went elsewhere than production, or whose history was rewritten (`superseded`) never carry a link.
"""

from __future__ import annotations

import enum
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from metrics.events import Answer

Parents = Mapping[str, tuple[str, ...]]

INCIDENT_WINDOW = timedelta(hours=24)  # an incident this long after a deployment is not laid at its door
REVERT_WINDOW = timedelta(days=30)  # a revert this long after a deployment says nothing about it
NO_DEPLOYMENT = ""  # a person's correction: no deployment caused this incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """One attempt, as far as links need to know it."""

    id: str
    service: str
    environment: str
    sha: str
    finished_at: datetime
    successful: bool
    production: bool
    answer: Answer | None
    superseded: bool = False
    answers: str = ""  # id of the deployment that it took back or mended; "": the one before it
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What one deployment brought to its environment."""

    base: str | None  # the deployment before it whose ancestry is known; None: unknown, nothing is counted
    shas: tuple[str, ...]  # newest first; merges are apart, for they are no work of their own
    merges: tuple[str, ...]  # they stand for pull requests, and can be reverted
    known: bool  # False: its sha is not in the history that we have


class How(enum.StrEnum):
    """How an incident came to its deployment."""

    NAMED = "named"
    ANSWERED = "answered"
    WINDOW = "window"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFact:
    """One incident, as far as links need to know it."""

    id: str
    service: str
    started_at: datetime
    resolved_at: datetime | None
    names: str = ""  # id of the deployment that its source names, once that is found
    corrected_to: str | None = None  # a person's word: a deployment's id, or NO_DEPLOYMENT; None: no correction


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLink:
    """An incident's deployment (None: a person said that there is none) and how it was found."""

    incident: str
    deployment: str | None
    how: How


class Undone(NamedTuple):
    """`answer` carried the revert `revert` of something that `bad` had brought."""

    bad: str
    answer: str
    revert: str


class History:
    """Who descends from whom, asked many times of one history; walks only the commits in between."""

    def __init__(self, parents: Parents) -> None:
        self.parents = parents
        self._depth: dict[str, int] = {}

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `ancestor` is strictly before `descendant`. False when either is unknown."""
        if ancestor == descendant or ancestor not in self.parents or descendant not in self.parents:
            return False
        self._measure((ancestor, descendant))
        return ancestor in self._region((descendant,), self._depth[ancestor])

    def ancestors_first(self, tied: Iterable[tuple[str, str]]) -> list[str]:
        """Ids of the pairs (id, sha): ancestors before descendants, by id where history says nothing."""
        ids: dict[str, list[str]] = {}
        for id_, sha in tied:
            ids.setdefault(sha, []).append(id_)
        known = [sha for sha in ids if sha in self.parents]
        self._measure(known)
        region = self._region(known, min((self._depth[sha] for sha in known), default=0))
        waits = {sha: sum(parent in region for parent in set(self.parents[sha])) for sha in region}
        children: dict[str, list[str]] = {}
        for sha in region:
            for parent in set(self.parents[sha]) & region:
                children.setdefault(parent, []).append(sha)
        ready = [(id_, sha) for sha in ids if sha not in region for id_ in ids[sha]]
        free = [sha for sha in region if waits[sha] == 0]
        left = {sha: len(members) for sha, members in ids.items()}
        order: list[str] = []
        heapq.heapify(ready)
        while free or ready:
            if free:  # a commit whose ancestors are all placed: its own deployments may come now
                sha = free.pop()
                for id_ in ids.get(sha, ()):
                    heapq.heappush(ready, (id_, sha))
                if sha in ids:
                    continue
            else:
                id_, sha = heapq.heappop(ready)
                order.append(id_)
                left[sha] -= 1
                if left[sha]:
                    continue
            for child in children.get(sha, ()):
                waits[child] -= 1
                if waits[child] == 0:
                    free.append(child)
        return order

    def _region(self, tips: Iterable[str], floor: int) -> set[str]:
        """The commits that `tips` reach and that lie at least `floor` deep: an ancestor never lies deeper."""
        found: set[str] = set()
        stack = list(tips)
        while stack:
            sha = stack.pop()
            if sha in found or self._depth.get(sha, -1) < floor:
                continue
            found.add(sha)
            stack.extend(self.parents[sha])
        return found

    def _measure(self, tips: Iterable[str]) -> None:
        """Depth (longest way to a root or to where history is cut) of what `tips` reach; each commit once."""
        depth, parents = self._depth, self.parents
        entered: set[str] = set()
        stack = [(sha, False) for sha in tips]
        while stack:
            sha, done = stack.pop()
            if done:
                depth[sha] = 1 + max((depth.get(parent, -1) for parent in parents[sha]), default=-1)
            elif sha in parents and sha not in depth and sha not in entered:
                entered.add(sha)
                stack.append((sha, True))
                stack.extend((parent, False) for parent in parents[sha])


def in_order(deploys: Iterable[Deploy], parents: Parents) -> list[Deploy]:
    """Oldest first, by finish; at the same instant an ancestor first, then by id. The same for every shuffle.

    Source: DOMAIN §1, Change → deployment (which deployment is the previous one).
    """
    history = History(parents)
    found: list[Deploy] = []
    for _, same in groupby(sorted(deploys, key=lambda one: (one.finished_at, one.id)), key=lambda one: one.finished_at):
        members = {one.id: one for one in same}
        if len({one.sha for one in members.values()}) < 2:
            found.extend(members.values())
        else:
            found.extend(members[id_] for id_ in history.ancestors_first((one.id, one.sha) for one in members.values()))
    return found


def carried(parents: Parents, deployments: Iterable[tuple[str, str]]) -> dict[str, Carried]:
    """What each deployment carried: commits reachable from its sha and from no earlier deployment's.

    `deployments` are pairs (id, sha), oldest first: the successful production ones of one service and
    environment. After one line of history this is Git's `A..B`; with a maintenance branch deployed in
    between, nothing counts twice. The first has an unknown base and carries nothing that counts. A sha that
    we do not have carries nothing known and ships nothing; the others go on without it. Every commit is
    visited once, over all deployments.

    Source: DOMAIN §1, Change → deployment.
    """
    shipped: set[str] = set()
    base: str | None = None
    found: dict[str, Carried] = {}
    for id_, sha in deployments:
        if sha not in parents:
            found[id_] = Carried(base=None, shas=(), merges=(), known=False)
            continue
        shas: list[str] = []
        merges: list[str] = []
        stack = [sha]
        while stack:
            commit = stack.pop()
            if commit in shipped or commit not in parents:
                continue
            shipped.add(commit)
            (merges if len(parents[commit]) > 1 else shas).append(commit)
            stack.extend(reversed(parents[commit]))
        if base is None:
            shas, merges = [], []
        found[id_] = Carried(base=base, shas=tuple(shas), merges=tuple(merges), known=True)
        base = id_
    return found


def goes_back(parents: Parents, earlier_sha: str, later_sha: str) -> bool:
    """Whether `later_sha`, deployed after `earlier_sha`, is its strict ancestor. For many: `rollbacks`."""
    return History(parents).is_ancestor(later_sha, earlier_sha)


def rollbacks(parents: Parents, deployments: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Deployments that went back in history → the deployment before them, which they took back.

    `deployments` as for `carried`. Only a sha that was already shipped can be an ancestor of the one before.
    """
    ordered = list(deployments)
    history = History(parents)
    bases = carried(parents, ordered)
    return {
        id_: before
        for (before, before_sha), (id_, sha) in pairwise(ordered)
        if bases[id_].known and not bases[id_].shas and not bases[id_].merges and history.is_ancestor(sha, before_sha)
    }


def link_changes_by_time(changes: Iterable[tuple[str, datetime]], deployments: Iterable[Deploy]) -> dict[str, str]:
    """sha → id of the first deployment finished at or after its merge. For when ancestry is unknown.

    `changes` are pairs (sha, merged at) of the deployed branch; `deployments` those of one service and
    environment (ValueError otherwise). What was merged up to the first deployment belongs to none: its base
    is unknown. What was merged after the last is not deployed yet.

    Source: DOMAIN §1, Change → deployment.
    """
    line = _counted(deployments)
    if len({(one.service, one.environment) for one in line}) > 1:
        raise ValueError("Changes can be linked by time to one service in one environment only.")
    finishes = [one.finished_at for one in line]
    found: dict[str, str] = {}
    for sha, merged_at in changes:
        place = bisect_left(finishes, merged_at)
        if 0 < place < len(line):
            found[sha] = line[place].id
    return found


def answered(deployments: Iterable[Deploy]) -> dict[str, str]:
    """Each rollback or hotfix → the deployment it took back or mended: named, else the one before it.

    `deployments` oldest first, as `in_order` gives them. "Before" stays within the service and environment.
    """
    before: dict[tuple[str, str], str] = {}
    found: dict[str, str] = {}
    for one in _counted(deployments):
        place = one.service, one.environment
        target = one.answers or before.get(place, "")
        if one.answer is not None and target and target != one.id:
            found[one.id] = target
        before[place] = one.id
    return found


def link_incident(
    incident: IncidentFact, deployments: Iterable[Deploy], *, window: timedelta = INCIDENT_WINDOW
) -> IncidentLink | None:
    """The deployment that one incident is laid to, or None. The rules are those of `link_incidents`."""
    return link_incidents((incident,), deployments, window=window).get(incident.id)


def link_incidents(
    incidents: Iterable[IncidentFact], deployments: Iterable[Deploy], *, window: timedelta = INCIDENT_WINDOW
) -> dict[str, IncidentLink]:
    """Incident → its deployment and how it was found; an incident without one is not in it.

    In this order: a person's correction; the deployment that it names; the one that a rollback or hotfix of
    the same service, finished while the incident was open, took back or mended (if it had begun when the
    incident started: what came later did not cause it); else the latest of the same service that finished at
    or before the start and within `window`. A guess is never another service's deployment, never an older
    one, never one that failed.

    Source: DOMAIN §1, Incident → deployment.
    """
    counted = _counted(deployments)
    by_id = {one.id: one for one in counted}
    targets = answered(counted)
    services: dict[str, list[Deploy]] = {}
    for one in counted:
        services.setdefault(one.service, []).append(one)
    found: dict[str, IncidentLink] = {}
    for incident in incidents:
        line = services.get(incident.service, [])
        deployment: str | None
        if incident.corrected_to is not None:
            deployment, how = incident.corrected_to or None, How.PERSON
        elif incident.names:
            deployment, how = incident.names, How.NAMED
        elif deployment := _taken_back(incident, line, targets, by_id):
            how = How.ANSWERED
        elif deployment := _latest(incident, line, window):
            how = How.WINDOW
        else:
            continue
        found[incident.id] = IncidentLink(incident=incident.id, deployment=deployment, how=how)
    return found


def _taken_back(
    incident: IncidentFact, line: Sequence[Deploy], targets: Mapping[str, str], by_id: Mapping[str, Deploy]
) -> str | None:
    for one in line[bisect_left(line, incident.started_at, key=lambda one: one.finished_at) :]:
        if incident.resolved_at is not None and one.finished_at > incident.resolved_at:
            return None
        blamed = by_id.get(targets.get(one.id, ""))
        if (
            blamed
            and blamed.service == incident.service
            and (blamed.started_at or blamed.finished_at) <= incident.started_at
        ):
            return blamed.id
    return None


def _latest(incident: IncidentFact, line: Sequence[Deploy], window: timedelta) -> str | None:
    place = bisect_right(line, incident.started_at, key=lambda one: one.finished_at)
    if place and incident.started_at - line[place - 1].finished_at <= window:
        return line[place - 1].id
    return None


def reverted(
    changes: Mapping[str, Sequence[str]],
    revert_of: Mapping[str, str],
    deployments: Iterable[Deploy],
    *,
    window: timedelta = REVERT_WINDOW,
) -> list[Undone]:
    """The reverts that show an earlier deployment to have failed, in the order of those that carried them.

    `changes`: deployment id → all commits that it carried, its merges too; `revert_of`: sha → the sha it
    takes back; `deployments` oldest first. A revert counts when an earlier deployment of the same service and
    environment carried what it takes back, and finished at most `window` before. A revert of something within
    its own deployment shows nothing, nor does one that is itself taken back there: neither reached anybody.

    Source: DOMAIN §1, Change failure rate.
    """
    carriers: dict[tuple[str, str, str], Deploy] = {}
    found: list[Undone] = []
    for one in _counted(deployments):
        own = changes.get(one.id, ())
        for sha in _standing(own, revert_of):
            bad = carriers.get((one.service, one.environment, revert_of[sha]))
            if bad is not None and one.finished_at - bad.finished_at <= window:
                found.append(Undone(bad.id, one.id, sha))
        for sha in own:
            carriers.setdefault((one.service, one.environment, sha), one)
    return found


def is_rollback_only(deployment: str, changes: Sequence[str], undone: Iterable[Undone]) -> bool:
    """Whether all it carried (`changes`: at least one, no merges) took back what earlier ones brought."""
    reverts = {one.revert for one in undone if one.answer == deployment}
    return bool(changes) and reverts.issuperset(changes)


def failed_deployments(
    links: Iterable[IncidentLink], undone: Iterable[Undone], deployments: Iterable[Deploy]
) -> frozenset[str]:
    """Ids of the deployments that a linked incident, a rollback, a hotfix or a revert shows to have failed.

    Only successful production ones; each once, however many show it. `deployments` oldest first.

    Source: DOMAIN §1, Change failure rate.
    """
    counted = _counted(deployments)
    shown = {link.deployment for link in links} | {one.bad for one in undone} | set(answered(counted).values())
    return frozenset(one.id for one in counted if one.id in shown)


def _counted(deployments: Iterable[Deploy]) -> list[Deploy]:
    """Those that put something before users and still count, by finish; equals in the order given."""
    counts = (one for one in deployments if one.successful and one.production and not one.superseded)
    return sorted(counts, key=lambda one: one.finished_at)


def _standing(shas: Sequence[str], revert_of: Mapping[str, str]) -> Iterator[str]:
    """The reverts among `shas` that are not taken back among them, in their order."""
    reverts = [sha for sha in shas if sha in revert_of]
    undecided, struck = set(reverts), set[str]()
    while undecided:
        # What no other undecided revert takes back stands, and strikes what it takes back.
        last = undecided - {revert_of[sha] for sha in undecided}
        if not last:
            break  # reverts in a ring: impossible in Git, so they show nothing
        struck |= {revert_of[sha] for sha in last} & undecided
        undecided -= last | struck
    return (sha for sha in reverts if sha not in struck and sha not in undecided)
