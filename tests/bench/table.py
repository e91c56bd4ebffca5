"""The bench's table: a name, a figure, how it came about."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Table:
    """Lines in the order in which they were measured."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, what: str, figure: str, how: str = "") -> None:
        self.lines.append((what, figure, how))
        print(f"{time.monotonic() - self.began:5.0f} s  {what.strip()}: {figure or how}", file=sys.stderr, flush=True)

    def show(self) -> None:
        wide = [max(len(line[column]) for line in self.lines) for column in range(3)]
        for what, figure, how in self.lines:
            print(f"{what:<{wide[0]}}  {figure:>{wide[1]}}  {how}".rstrip())


def seconds(act: Callable[[], object]) -> float:
    """How long `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def times(act: Callable[[], object], runs: int) -> list[float]:
    return [seconds(act) for _ in range(runs)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not pass."""
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def short(value: float) -> str:
    """Seconds, or milliseconds where those are few."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"
