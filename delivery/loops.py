"""Loops among links that grow one by one: whether one more would close a ring, without reading all of them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Waits:
    """What waits for what, growing link by link; knows quickly whether one more would close a loop."""

    def __init__(self, links: Iterable[tuple[str, str]] = ()) -> None:
        self._next: dict[str, set[str]] = {}
        self._last: dict[str, set[str]] = {}
        for before, after in links:
            self.add(before, after)

    def add(self, before: str, after: str) -> None:
        self._next.setdefault(before, set()).add(after)
        self._last.setdefault(after, set()).add(before)

    def loop(self, before: str, after: str) -> list[str]:
        """The shortest loop that this link would close, from `before` back to it; [] for none."""
        if before == after:
            return [before, before]
        return self._way(before, after) if self._meets(before, after) else []

    def _meets(self, before: str, after: str) -> bool:
        """Searches from both ends, a step each, and stops when either has no further to go."""
        ahead, behind = {after}, {before}
        ways = ((deque([after]), self._next, ahead, behind), (deque([before]), self._last, behind, ahead))
        while all(queue for queue, _, _, _ in ways):
            for queue, edges, own, other in ways:
                if not queue:
                    return False
                for there in edges.get(queue.popleft(), ()):
                    if there in other:
                        return True
                    if there not in own:
                        own.add(there)
                        queue.append(there)
        return False

    def _way(self, before: str, after: str) -> list[str]:
        came = {after: before}
        queue = deque([after])
        while queue:
            here = queue.popleft()
            for there in sorted(self._next.get(here, ())):
                if there == before:
                    way = [before, here]
                    while way[-1] != before:
                        way.append(came[way[-1]])
                    return way[::-1]
                if there not in came:
                    came[there] = here
                    queue.append(there)
        return []
