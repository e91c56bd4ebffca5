"""Why something was not delivered, in words for a person, and what follows from it."""

from __future__ import annotations

from datetime import datetime


class Trouble(Exception):
    """The message says what happened and, if there is something, what to do."""


class Later(Trouble):
    """It did not arrive and may another time; `until`: not before, as the other side asked."""

    def __init__(self, words: str, until: datetime | None = None) -> None:
        super().__init__(words)
        self.until = until


class Never(Trouble):
    """It did not arrive and will not; `bounced`: the address itself was refused."""

    def __init__(self, words: str, *, bounced: bool = False) -> None:
        super().__init__(words)
        self.bounced = bounced


class Perhaps(Trouble):
    """It was handed over and no answer came: it may have arrived, so only a person sends it again."""


class Taken(Trouble):
    """Somebody else is at it now."""
