"""Rows as a CSV file that a browser saves, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

from teams.csv_cells import lines


def csv_file(name: str, names: Sequence[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """`name` without its ending; the day is added."""
    answer = StreamingHttpResponse(lines(names, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate()}.csv"'
    return answer
