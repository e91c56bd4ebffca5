"""Changes and the commits they are made of, in. Part of `ingest`.

A pull request stands for its commits: one that belongs to a merged pull request is no change of its own, whichever of
the two is told first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import zip_longest

from django.db import connection

from .events import ChangeSeen, CommitSeen
from .models import Change, ChangeCommit, Commit, Deployment
from .upsert import Said, Stored, plain, upsert

_FIELDS = [
    *("repository", "sha", "number", "origin", "title", "author", "first_commit_at", "opened_at", "first_review_at"),
    *("approved_at", "merged_at", "reverts", "time_note", "url"),
]
EARLIEST = 1990  # no repository of ours is older; Git's beginning of time is 1970
AHEAD = timedelta(days=1)  # clocks of authors run ahead by less


def store_changes(said: Said, seen: list[ChangeSeen], done: Stored) -> None:
    """Upsert pull requests and single commits."""
    pulls = [one for one in seen if one.number]
    if pulls:
        _taken_over(said, pulls)
        _write(said, pulls, done)
        _members(said, pulls)
    singles = [one for one in seen if not one.number]
    if singles:
        held = _pulls_of(said, {one.sha for one in singles})
        _write(said, [one for one in singles if (one.repository, one.sha) not in held], done)
    shas = {sha for one in seen for sha in (one.sha, *one.commits)}
    if any(one.repository for one in seen) or pulls:
        _belonging(said, shas)


def store_commits(said: Said, seen: list[CommitSeen], done: Stored) -> None:
    """Keep the history, and store what is no merge as changes of their own."""
    rows = {(one.repository, one.sha): one for one in seen}
    made = Commit.objects.bulk_create(
        [
            Commit(
                source=said.source, repository=one.repository[:200], sha=one.sha, parents=list(one.parents),
                title=plain(one.title)[:300], committed_at=one.committed_at,
            )
            for one in rows.values()
        ],
        batch_size=2000, ignore_conflicts=True,
    )  # fmt: skip
    store_changes(said, [_alone(one, said) for one in rows.values() if len(one.parents) < 2], done)
    done.services |= _deploying(said, {one.repository for one in made})


def _deploying(said: Said, repositories: set[str]) -> set[int]:
    """Services with a deployment of a commit of these repositories."""
    commits = Commit.objects.filter(source=said.source, repository__in=repositories)
    rows = Deployment.objects.filter(sha__in=commits.values("sha")).exclude(origin="")
    return set(rows.values_list("service_id", flat=True).distinct())


def _alone(one: CommitSeen, said: Said) -> ChangeSeen:
    """A commit as a change; a date that cannot be true is None, with what it was."""
    first = one.authored_at if _plausible(one.authored_at, one.committed_at, said.now) else None
    note = "" if first else f"The commit is dated {one.authored_at:%Y-%m-%d}." if one.authored_at else "No date."
    change = ChangeSeen(
        sha=one.sha, repository=one.repository, title=one.title, author=one.author, first_commit_at=first,
        merged_at=one.committed_at, reverts=one.reverts, time_note=note, url=one.url, updated_at=one.committed_at,
    )  # fmt: skip
    if origin := said.origin(one):
        said.origins[id(change)] = origin
    return change


def _plausible(authored: datetime | None, committed: datetime | None, now: datetime) -> bool:
    return authored is not None and authored.year >= EARLIEST and authored <= (committed or now) + AHEAD


def _write(said: Said, seen: list[ChangeSeen], done: Stored) -> None:
    rows = (
        (
            *(one.repository[:200], one.sha[:64], one.number[:40], said.origin(one), plain(one.title)[:300]),
            *(plain(one.author)[:200], one.first_commit_at, one.opened_at, one.first_review_at, one.approved_at),
            *(one.merged_at, one.reverts[:64], plain(one.time_note)[:200], one.url[:500], one.updated_at),
        )
        for one in seen
    )
    written = upsert("metrics_change", said, "repository, sha", _FIELDS, rows)
    done.new += sum(inserted for _, inserted in written)
    old = [pk for pk, inserted in written if not inserted]
    done.changed += len(old)
    _mark_weeks(old)
    done.services |= _by_time({one.repository for one in seen if said.origin(one)})


def _by_time(repositories: set[str]) -> set[int]:
    """Services whose deployments are tied to changes of these repositories by time."""
    rows = Deployment.objects.filter(repository__in=repositories, production=True).exclude(linked_by="ancestry")
    return set(rows.exclude(origin="").values_list("service_id", flat=True).distinct()) if repositories else set()


def _mark_weeks(changes: list[int]) -> None:
    """Count the weeks again in which these changes were deployed."""
    if not changes:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metrics_dirtyweek (service_id, at)
            SELECT DISTINCT service_id, finished_at FROM metrics_deployment d
              JOIN metrics_deployedchange dc ON dc.deployment_id = d.id
             WHERE dc.change_id = ANY(%s) AND d.finished_at IS NOT NULL
            """,
            [changes],
        )


# --- what belongs to a pull request ----------------------------------------------------------------------------------


def _taken_over(said: Said, pulls: Iterable[ChangeSeen]) -> None:
    """A commit held as a change of its own becomes the pull request's, however new it was."""
    shas = [one.sha for one in pulls]
    Change.objects.filter(source=said.source, sha__in=shas, number="").update(provider_updated_at=None)


def _pulls_of(said: Said, shas: set[str]) -> set[tuple[str, str]]:
    held = Change.objects.filter(source=said.source, sha__in=shas).exclude(number="")
    return set(held.values_list("repository", "sha"))


def _members(said: Said, pulls: Iterable[ChangeSeen]) -> None:
    """Note which commits each pull request has."""
    of = {(one.repository, one.sha): one for one in pulls}
    held = Change.objects.filter(source=said.source, sha__in=[sha for _, sha in of]).exclude(number="")
    rows = [
        ChangeCommit(
            change_id=pk, source=said.source, repository=repository, sha=sha[:64], place=place, title=plain(title)[:300]
        )
        for pk, repository, merged in held.values_list("pk", "repository", "sha")
        if (one := of.get((repository, merged)))
        for place, (sha, title) in enumerate(zip_longest(one.commits, one.titles[: len(one.commits)], fillvalue=""))
        if sha
    ]
    ChangeCommit.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def _belonging(said: Said, shas: set[str]) -> None:
    """Commits of `shas` that belong to a pull request count no longer as changes of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metrics_change single SET superseded_at = %s
             WHERE source_id = %s AND sha = ANY(%s) AND number = '' AND superseded_at IS NULL AND EXISTS (
                 SELECT FROM metrics_changecommit member JOIN metrics_change pull ON pull.id = member.change_id
                  WHERE member.source_id = single.source_id AND member.repository = single.repository
                    AND member.sha = single.sha AND pull.superseded_at IS NULL
             )
            RETURNING id
            """,
            [said.now, said.source.pk, list(shas)],
        )
        _mark_weeks([pk for (pk,) in cursor.fetchall()])
