"""Inter is unpacked once for all workers; other scripts come from a folder that an installation names."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont

from stakeholders.reports.renderings import fonts


@pytest.fixture(autouse=True)
def _one_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "WEIGHTS", ("Regular",))  # each takes its time


def test_it_is_unpacked_once_and_left_alone_afterwards(tmp_path: Path) -> None:
    first = fonts.unpacked(tmp_path)
    stamps = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}

    assert sorted(stamps) == ["Inter-Regular.ttf"]
    assert fonts.unpacked(tmp_path) == first
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == stamps
    with TTFont(first / "Inter-Regular.ttf", lazy=True) as font:
        assert font.flavor is None


def test_several_workers_at_once_end_with_one_whole_folder(tmp_path: Path) -> None:
    found: list[Path] = []
    workers = [threading.Thread(target=lambda: found.append(fonts.unpacked(tmp_path))) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(found) == 3
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [found[0].name]  # nothing half made is left


def test_a_worker_that_dies_half_way_leaves_no_folder_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        fonts.unpacked(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_kept_it_is_unpacked_for_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(fonts.places, "cache", tmp_path / "file" / "cache")

    assert [path.name for path in fonts._inter().iterdir()] == ["Inter-Regular.ttf"]


def test_fonts_of_a_folder_are_added_and_what_is_none_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.places, "cache", tmp_path / "cache")
    added = tmp_path / "added"
    added.mkdir()
    (added / "broken.ttf").write_bytes(b"no font")
    (added / "notes.txt").write_text("no font")
    with TTFont(fonts.unpacked(tmp_path) / "Inter-Regular.ttf") as font:
        for record in font["name"].names:
            record.string = "House Sans" if record.nameID in (1, 4, 16) else record.toUnicode()
        font.save(added / "house.ttf")
    monkeypatch.setattr(fonts.places, "added", added)
    fonts.loaded.cache_clear()
    try:
        assert fonts.loaded().families == ("Inter", "House Sans", "DejaVu Sans Mono")
    finally:
        fonts.loaded.cache_clear()
