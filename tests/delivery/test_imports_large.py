"""A large file: every fault is named in its place, and the good rows are in. How long takes is for `make bench`."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from delivery.actions.rules import today as this_day
from delivery.imports.rows import write
from delivery.models import Commitment, Dependency, NetworkMark
from teams.models import Person

from .test_imports import HEAD, bring_in, dry_run, send

FAULTS: list[tuple[str, int, str]] = [
    ("promised", 3, "31 Nov 2026"), ("promised", 3, "03/04/2026"), ("promised", 3, "1970-01-01"),
    ("promised", 3, "2100-01-01"), ("promised", 3, "soon"), ("promised", 3, ""), ("promised", 3, "46030"),
    ("title", 2, ""), ("title", 2, "x" * 301), ("team", 1, "Nowhere"), ("low", 4, "99"), ("low", 4, "three"),
    ("likely", 5, ""), ("high", 6, "1e9"), ("id", 0, "P-0"),
]  # fmt: skip


def two_thousand() -> tuple[list[list[str]], dict[int, str]]:
    """Rows, and the column that is wrong by line."""
    day = this_day()
    rows = [
        [f"P-{n}", "Squad A", f"Promise number {n}", (day + timedelta(n % 300)).isoformat(), "3", "5", "8"]
        for n in range(2_000)
    ]
    wrong = {}
    for number, index in enumerate(random.Random(7).sample(range(1, 2_000), 37)):
        column, place, value = FAULTS[number % len(FAULTS)]
        rows[index][place] = value
        wrong[index + 2] = column
    return rows, wrong


@pytest.fixture
def ines(page_of: Callable[[Person], Client], manager_a: Person) -> Client:
    return page_of(manager_a)


def test_exactly_the_bad_lines_are_reported_and_the_rest_is_written(ines: Client) -> None:
    rows, wrong = two_thousand()
    query = send(ines, write(HEAD, rows))
    shown = dry_run(ines, query)
    assert b"1,963 would be created, 37 have errors." in shown.content
    assert {one.line: one.column for one in shown.context["plan"].problems} == wrong
    assert len(shown.context["plan"].problems) == 37
    assert all(one.what for one in shown.context["plan"].problems)
    assert bring_in(ines, query, "all").status_code == 422
    assert Commitment.objects.count() == 0
    assert bring_in(ines, query, "good").status_code == 302
    assert Commitment.objects.count() == 1_963
    assert NetworkMark.objects.count() == 1


def test_links_in_any_order_are_written_and_checked_against_loops_once(ines: Client) -> None:
    bring_in(
        ines, send(ines, write(HEAD, [[f"P-{n}", "", f"Number {n}", "2099-01-01", "", "", ""] for n in range(200)]))
    )
    links = [[f"P-{n}", f"P-{n + 1}"] for n in range(199)]
    random.Random(3).shuffle(links)
    query = send(ines, write(["before", "after"], [*links, ["P-199", "P-0"]]), "dependencies")
    with CaptureQueriesContext(connection) as asked:
        assert bring_in(ines, query, "good").status_code == 302
    assert Dependency.objects.count() == 199
    assert sum('FROM "delivery_dependency"' in one["sql"] for one in asked) < 10, "links are read once, not for each"


def test_a_dry_run_asks_the_database_as_often_for_many_rows_as_for_few(ines: Client) -> None:
    def queries(count: int) -> int:
        rows = [[f"P-{n}", "", f"Number {n}", this_day().isoformat(), "", "", ""] for n in range(count)]
        query = send(ines, write(HEAD, rows))
        with CaptureQueriesContext(connection) as asked:
            dry_run(ines, query)
        return len(asked)

    queries(2)
    assert queries(3) == queries(300)
