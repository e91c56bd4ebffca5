"""Why a verb of this app cannot be done."""

from __future__ import annotations


class Refused(ValueError):
    """Cannot be done; the message says what to do instead, `field` where."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field
