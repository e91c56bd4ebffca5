"""Adding, changing, moving and closing teams."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.text import slugify

from teams.models import Team, User

from .rules import TREE, Loop, Over, StillInUse, Taken, action, listed, lock, must_be_open, refusing

RESERVED_SLUGS = {"add"}  # words that are addresses under /teams/


@action
def add_team(
    *,
    name: str,
    kind: str,
    parent: Team | None,
    by: User,
    about: str = "",
    position: int = 0,
    is_sample: bool = False,
) -> Team:
    """A new team under `parent` (None: at the top). Raises Taken, Over when the parent is closed."""
    lock(TREE)
    if parent is not None:
        must_be_open(Team.objects.get(pk=parent.pk), field="parent")
    with refusing(team_name_once_in_its_group=_name_taken(name, parent)):
        return Team.objects.create(
            name=name.strip(),
            slug=_free_slug(name),
            kind=kind,
            about=about.strip(),
            parent=parent,
            position=position,
            is_sample=is_sample,
            created_by=by,
        )


@action
def edit_team(*, team: Team, by: User, name: str, kind: str, about: str = "", position: int | None = None) -> Team:
    """The team with another name, kind, line about it or place among its siblings. Its address stays. Raises Taken."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    team.name, team.kind, team.about = name.strip(), kind, about.strip()
    team.position = team.position if position is None else position
    with refusing(team_name_once_in_its_group=_name_taken(name, team.parent)):
        team.save(update_fields=["name", "kind", "about", "position"])
    return team


def rename_team(*, team: Team, name: str, by: User) -> Team:
    """The team under another name; its address stays, so that links keep working. Raises Taken."""
    return edit_team(team=team, name=name, kind=team.kind, about=team.about, by=by)


@action
def move_team(*, team: Team, parent: Team | None, by: User) -> Team:
    """The team, with all below it, as part of `parent`. Raises Loop, Over when the parent is closed, Taken."""
    lock(TREE)
    team = Team.objects.select_for_update().get(pk=team.pk)
    if parent is not None:
        way_up = [parent, *_above(parent)]
        if team in way_up:
            loop = [*reversed(way_up[: way_up.index(team) + 1]), team]
            raise Loop(
                f"{team.name} cannot become part of {parent.name}: that would be a loop, "
                f"{' → '.join(part.name for part in loop)}. Choose a team that is not below {team.name}.",
                field="parent",
            )
        if team.closed_at is None:
            must_be_open(Team.objects.get(pk=parent.pk), field="parent")
    team.parent = parent
    with refusing(team_name_once_in_its_group=_name_taken(team.name, parent, field="parent")):
        team.save(update_fields=["parent"])
    return team


@action
def close_team(*, team: Team, by: User) -> Team:
    """The team, closed: it stays readable, and takes no members or sub-teams. Raises Over, StillInUse."""
    lock(TREE)
    team = Team.objects.select_for_update().get(pk=team.pk)
    must_be_open(team)
    if below := list(Team.objects.filter(parent=team, closed_at=None)):
        raise StillInUse(f"{team.name} still has {listed(below)} below it. Close or move those first.")
    tomorrow = timezone.localdate() + timedelta(days=1)
    if members := list(team.memberships.not_over_on(tomorrow).select_related("person")):
        raise StillInUse(
            f"{team.name} still has {listed(membership.person for membership in members)} in it. "
            "Move them or record their last day first."
        )
    team.closed_at, team.closed_by = timezone.now(), by
    team.save(update_fields=["closed_at", "closed_by"])
    return team


@action
def reopen_team(*, team: Team, by: User) -> Team:
    """The team, open again. Raises Over when it is open or the team above it is closed."""
    lock(TREE)
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.closed_at is None:
        raise Over(f"{team.name} is open.")
    if team.parent is not None and team.parent.closed_at is not None:
        raise Over(f"{team.parent.name}, which {team.name} is part of, is closed. Reopen that first.")
    team.closed_at = team.closed_by = None
    team.save(update_fields=["closed_at", "closed_by"])
    return team


def _above(team: Team) -> list[Team]:
    """The teams above as they are now, nearest first. A loop that should not be there does not hang the walk."""
    parents = {row.pk: row for row in Team.objects.all()}
    way: list[Team] = []
    above = parents[team.pk].parent_id  # not what the caller read, perhaps before the lock was free
    while above is not None and parents[above] not in way:
        way.append(parents[above])
        above = parents[above].parent_id
    return way


def _name_taken(name: str, parent: Team | None, *, field: str = "name") -> Taken:
    where = f"{parent.name} already has" if parent else "At the top there is already"
    return Taken(f"{where} a team named {name.strip()}, perhaps a closed one. Choose another name.", field=field)


def _free_slug(name: str) -> str:
    """An address that no team has; two teams of one name get -2, -3. The tree's lock keeps it free until written."""
    stem = slugify(name)[:130].strip("-") or "team"
    taken = set(Team.objects.filter(slug__startswith=stem).values_list("slug", flat=True)) | RESERVED_SLUGS
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
