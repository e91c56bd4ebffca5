"""What belongs to each deployment of a service; and first what it carried, where commits are told apart from it.

By ancestry where the history of the repository is held: `linking.carried` is the definition, and a deployment that
went back in history is a rollback. Else by time on the deployed branch, and the link says so. Worked out anew for the
services that were marked, whatever the order in which the facts came; plain Git tells its own and is left alone.
Then incidents and failures, for which see `derive`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from . import derive, linking
from .models import Change, ChangeCommit, Commit, DeployedChange, Deployment

REBASED = "rebased"


class Place(NamedTuple):
    """A repository as one source tells it."""

    source: int
    repository: str


class _Deploy(NamedTuple):
    pk: int
    provider_id: str
    source: int
    repository: str
    environment: str
    sha: str
    answer: str
    answers: str
    answer_by_history: bool


def relink(*, most: int = 20_000) -> set[int]:
    """Work out the marked services anew, within the caller's transaction; these services. One caller at a time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM metrics_dirtylinks
             WHERE id <= (SELECT max(id) FROM (SELECT id FROM metrics_dirtylinks ORDER BY id LIMIT %s) next)
            RETURNING service_id
            """,
            [most],
        )
        services = sorted({service for (service,) in cursor.fetchall()})
    if not services:
        return set()
    _carried_by(services)
    derive.links_and_failures(services)
    return set(services)


def _carried_by(services: Collection[int]) -> None:
    """Tie the deployments of `services` to their changes, where that is ours to do."""
    deploys: dict[int, list[_Deploy]] = defaultdict(list)
    rows = Deployment.objects.filter(
        service__in=services, production=True, outcome="success", superseded_at=None, finished_at__isnull=False
    ).exclude(origin="")
    for service, *row in rows.order_by("finished_at", "provider_id").values_list(
        "service_id", "pk", "provider_id", "source_id", "repository", "environment", "sha", "answer", "answers",
        "answer_by_history",
    ):  # fmt: skip
        deploys[service].append(_Deploy._make(row))
    histories: dict[Place, Mapping[str, tuple[str, ...]]] = {}
    for own in deploys.values():
        place = _place(own)
        if place is not None and place not in histories:
            histories[place] = _history(place)
        for line in _lines(own):
            _line(line, place, histories[place] if place else {})


def _lines(own: Sequence[_Deploy]) -> list[list[_Deploy]]:
    """The deployments of each environment, oldest first."""
    lines: dict[str, list[_Deploy]] = defaultdict(list)
    for one in own:
        lines[one.environment].append(one)
    return [lines[environment] for environment in sorted(lines)]


def _place(own: Sequence[_Deploy]) -> Place | None:
    """Where the history of these deployments is told: where most of their shas are; None when it is nowhere."""
    shas = {one.sha for one in own if one.sha}
    rows = Commit.objects.filter(sha__in=shas).values_list("source_id", "repository").annotate(count=Count("pk"))
    counted = {Place(source, repository): count for source, repository, count in rows}
    return max(counted, key=lambda place: (counted[place], -place.source, place.repository)) if counted else None


def _history(place: Place) -> dict[str, tuple[str, ...]]:
    """sha → parents of a whole repository; and its rebased pull requests put right."""
    parents: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    rows = Commit.objects.filter(source=place.source, repository=place.repository)
    for sha, above, title in rows.values_list("sha", "parents", "title").iterator(chunk_size=5000):
        parents[sha], titles[sha] = tuple(above), title
    _rebased(place, parents, titles)
    return parents


def _rebased(place: Place, parents: Mapping[str, tuple[str, ...]], titles: Mapping[str, str]) -> None:
    """Give pull requests that were rebased the commits on the branch that came of theirs.

    Below the last commit of one with n commits lie the other n - 1, with the same titles in the same order. Where they
    do not match it was squashed, and the commits below are somebody else's.
    """
    own: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
    members = ChangeCommit.objects.filter(
        source=place.source, repository=place.repository, change__superseded_at=None
    ).exclude(title=REBASED)
    for pk, merged, sha, title in members.order_by("change", "place").values_list(
        "change_id", "change__sha", "sha", "title"
    ):
        own[pk, merged].append((sha, title))
    made: list[ChangeCommit] = []
    for (pk, merged), commits in own.items():
        if len(commits) < 2 or any(sha in parents for sha, _ in commits) or not all(title for _, title in commits):
            continue
        walked: list[str] = []
        sha = merged
        for _, title in reversed(commits):
            if titles.get(sha) != title or len(parents[sha]) != 1:
                break
            walked.append(sha)
            sha = parents[sha][0]
        if len(walked) == len(commits):
            made += [
                ChangeCommit(change_id=pk, source_id=place.source, repository=place.repository, sha=one, title=REBASED)
                for one in walked
                if one != merged
            ]
    if not made:
        return
    ChangeCommit.objects.bulk_create(made, batch_size=2000, ignore_conflicts=True)
    Change.objects.filter(
        source=place.source, repository=place.repository, sha__in=[one.sha for one in made], number="",
        superseded_at=None,
    ).update(superseded_at=timezone.now())  # fmt: skip


# --- one line of deployments -----------------------------------------------------------------------------------------


def _line(line: Sequence[_Deploy], place: Place | None, parents: Mapping[str, tuple[str, ...]]) -> None:
    """Tie the deployments of one service and environment to their changes."""
    known = [(str(one.pk), one.sha) for one in line if one.sha in parents]
    carried = linking.carried(parents, known)
    undone = linking.rollbacks(parents, known)
    wanted: dict[int, set[int]] = {one.pk: set() for one in line}
    how: dict[int, str] = {}
    base: dict[int, str] = {}
    if place is not None:
        of = _changes_at(place, {sha for one in carried.values() for sha in (*one.shas, *one.merges)})
        for pk, brought in carried.items():
            wanted[int(pk)] = {of[sha] for sha in (*brought.shas, *brought.merges) if sha in of}
            how[int(pk)], base[int(pk)] = "ancestry", brought.base or ""
    timed = [one for one in line if one.pk not in how]
    for deployment, change in _by_time(line, timed):
        wanted[deployment].add(change)
        how[deployment] = "time"
    _write(wanted, how, base, line)
    _answers(line, undone)


def _changes_at(place: Place, shas: Collection[str]) -> dict[str, int]:
    rows = Change.objects.filter(source=place.source, repository=place.repository, sha__in=shas, superseded_at=None)
    return dict(rows.values_list("sha", "pk"))


def _by_time(line: Sequence[_Deploy], timed: Sequence[_Deploy]) -> list[tuple[int, int]]:
    """(deployment, change): each change of the same repository goes to the first deployment after its merge.

    What was merged up to the first deployment belongs to none, as in `linking.link_changes_by_time`.
    """
    if not timed:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH ours AS (
                SELECT id, source_id, repository, finished_at,
                       lag(finished_at) OVER (ORDER BY finished_at, provider_id) AS since
                  FROM metrics_deployment WHERE id = ANY(%s)
            )
            SELECT ours.id, change.id FROM ours
              JOIN metrics_change change ON change.repository = ours.repository
               AND (change.source_id = ours.source_id OR ours.repository <> '') AND change.superseded_at IS NULL
               AND change.merged_at > ours.since AND change.merged_at <= ours.finished_at
             WHERE ours.id = ANY(%s)
            """,
            [[one.pk for one in line], [one.pk for one in timed]],
        )
        return cursor.fetchall()


def _write(
    wanted: Mapping[int, set[int]], how: Mapping[int, str], base: Mapping[int, str], line: Sequence[_Deploy]
) -> None:
    """Write the difference; the weeks of the deployments that differ are marked."""
    held: dict[int, dict[int, tuple[int, str]]] = defaultdict(dict)
    for pk, deployment, change, by in DeployedChange.objects.filter(deployment__in=wanted).values_list(
        "pk", "deployment_id", "change_id", "how"
    ):
        held[deployment][change] = (pk, by)
    stale: list[int] = []
    new: list[DeployedChange] = []
    touched: set[int] = set()
    for deployment, changes in wanted.items():
        by = how.get(deployment, "")
        gone = [pk for change, (pk, was) in held[deployment].items() if change not in changes or was != by]
        kept = {change for change, (_, was) in held[deployment].items() if change in changes and was == by}
        if gone or changes - kept:
            touched.add(deployment)
            stale += gone
            new += [DeployedChange(deployment_id=deployment, change_id=one, how=by) for one in sorted(changes - kept)]
    DeployedChange.objects.filter(pk__in=stale).delete()
    DeployedChange.objects.bulk_create(new, batch_size=2000)
    touched |= _standing(how, base, line)
    rows = Deployment.objects.filter(pk__in=touched).values_list("service_id", "finished_at")
    derive.mark((service, at) for service, at in rows if at)


def _standing(how: Mapping[int, str], base: Mapping[int, str], line: Sequence[_Deploy]) -> set[int]:
    """Note beside each deployment how it is tied and what came before it; those that differ."""
    of = {str(one.pk): one.provider_id for one in line}
    rows = [(one.pk, how.get(one.pk, ""), of.get(base.get(one.pk, ""), "")) for one in line]
    before: dict[int, str] = {}
    for earlier, later in pairwise(line):
        before[later.pk] = earlier.provider_id
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metrics_deployment d SET linked_by = said.how, base = said.base, base_known = said.base <> ''
              FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS said(id, how, base)
             WHERE d.id = said.id AND (d.linked_by, d.base, d.base_known) IS DISTINCT FROM
                   (said.how, said.base, said.base <> '')
            RETURNING d.id
            """,
            [
                [pk for pk, _, _ in rows],
                [by for _, by, _ in rows],
                [known or (before.get(pk, "") if by != "ancestry" else "") for pk, by, known in rows],
            ],
        )
        return {pk for (pk,) in cursor.fetchall()}


def _answers(line: Sequence[_Deploy], undone: Mapping[str, str]) -> None:
    """A deployment that went back in history is a rollback, unless its source said what it was."""
    of = {str(one.pk): one.provider_id for one in line}
    differing = []
    for one in line:
        if one.answer and not one.answer_by_history:
            continue
        wanted = ("rollback", of[undone[str(one.pk)]]) if str(one.pk) in undone else ("", "")
        if wanted != (one.answer, one.answers):
            differing.append((one.pk, *wanted))
    for pk, answer, answers in differing:
        Deployment.objects.filter(pk=pk).update(answer=answer, answers=answers, answer_by_history=bool(answer))
    rows = Deployment.objects.filter(pk__in=[pk for pk, _, _ in differing]).values_list("service_id", "finished_at")
    derive.mark((service, at) for service, at in rows if at)
