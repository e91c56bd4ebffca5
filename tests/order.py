"""A pytest plugin: which tests share a process, and in which order they are handed out.

A file stays together. All that look at the demo share the one that is started for them, and begin at once, since
they take longest; files known to be long come next, so that no process is left alone with one at the end.
"""

from __future__ import annotations

from typing import Any

import pytest

ENDS_THE_DEMO = "tests/test_demo.py"
OF_THE_DEMO = ("tests/e2e/", ENDS_THE_DEMO)
LONG = (
    "tests/test_crashes.py", "tests/delivery/test_imports_large.py", "tests/metrics/test_github.py",
    "tests/metrics/test_rollups.py", "tests/delivery/test_commitment_doors.py", "tests/stakeholders/",
)  # fmt: skip


def group(nodeid: str) -> str:
    """The group of a test: what is in one runs in one process."""
    return "the demo" if nodeid.startswith(OF_THE_DEMO) else nodeid.split("::", 1)[0]


def rank(nodeid: str) -> tuple[int, int]:
    if nodeid.startswith(OF_THE_DEMO):
        return 0, int(nodeid.startswith(ENDS_THE_DEMO))
    return 1, next((place for place, start in enumerate(LONG) if nodeid.startswith(start)), len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return ByGroup(config, log)
