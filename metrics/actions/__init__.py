"""Every change that a person makes to sources, rules and links, one verb each; `by` names who.

A verb checks what must hold, writes in one transaction, and raises a Refused with a sentence that says what to do.
It does not ask whether `by` may: the edges have fetched through `teams.access`.
"""

from .facts import correct_incident
from .hooks import add_hook_secret, retire_hook_secret
from .owners import hand_over
from .refused import Refused
from .rules import change_rules, work_out_anew
from .sources import (
    backfill,
    connect_source,
    edit_source,
    import_file,
    pause_backfill,
    pause_source,
    read_again,
    renew_token,
    replay,
    replay_all,
    resume_backfill,
    resume_source,
    solve,
    try_connection,
)

__all__ = [
    "Refused",
    "add_hook_secret",
    "backfill",
    "change_rules",
    "connect_source",
    "correct_incident",
    "edit_source",
    "hand_over",
    "import_file",
    "pause_backfill",
    "pause_source",
    "read_again",
    "renew_token",
    "replay",
    "replay_all",
    "resume_backfill",
    "resume_source",
    "retire_hook_secret",
    "solve",
    "try_connection",
    "work_out_anew",
]
