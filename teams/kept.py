"""Rows that are appended and stay: the database refuses to edit, delete or truncate them."""

from __future__ import annotations

import pgtrigger


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """The triggers for a model's Meta."""
    return [
        pgtrigger.Protect(name=f"{name}_is_kept", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=f"{name}_is_kept_whole",
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            level=pgtrigger.Statement,
            func="RAISE EXCEPTION 'pgtrigger: cannot truncate rows of % table', TG_TABLE_NAME;",
        ),
    ]
