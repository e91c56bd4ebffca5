"""Every change to teams, people, memberships, roles and log-ins, one verb each.

A verb checks what must hold and writes the record with its history in one transaction, `by` whom it was asked. It does
not ask whether `by` may: the edges have fetched through `access.py`. What cannot be done raises an ActionError, whose
sentence says what to do instead and whose `field` says where.
"""

from .members import (
    Facts,
    Newcomer,
    add_person,
    change_role,
    correct_membership,
    edit_person,
    join,
    leave,
    move_person,
)
from .roles import give_login, grant, revoke, stop_login
from .rules import ActionError, LastKey, Loop, Over, StillInUse, Taken, WrongDay
from .tree import add_team, close_team, edit_team, move_team, rename_team, reopen_team

__all__ = [
    "ActionError",
    "Facts",
    "LastKey",
    "Loop",
    "Newcomer",
    "Over",
    "StillInUse",
    "Taken",
    "WrongDay",
    "add_person",
    "add_team",
    "change_role",
    "close_team",
    "correct_membership",
    "edit_person",
    "edit_team",
    "give_login",
    "grant",
    "join",
    "leave",
    "move_person",
    "move_team",
    "rename_team",
    "reopen_team",
    "revoke",
    "stop_login",
]
