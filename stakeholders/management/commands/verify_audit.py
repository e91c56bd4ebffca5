"""Prove that the audit trail is what it was when it was sealed; name the first row that is not."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stakeholders.audit import chain, sealing, trail


class Command(BaseCommand):
    help = "Prove the audit trail of this database, or of an exported file. Exit status 1 when it does not hold."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", help="an export (JSON Lines) instead of the database; - for standard input")
        parser.add_argument("--anchor", help="a file of PLUMBLINE_SEAL_ANCHOR: finds a trail that was cut short")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        verdict, waiting = chain.Verdict(), trail.Tail()
        try:
            with contextlib.ExitStack() as files:
                anchors = list(trail.anchors(_opened(options["anchor"], files))) if options["anchor"] else []
                name = options["file"]
                records = trail.from_file(_opened(name, files)) if name else trail.records()
                chain.check(records, sealing.keys(), anchors, checked=verdict)
                waiting = waiting if name else trail.tail()
        except trail.BadExport as wrong:
            raise CommandError(f"{verdict.entries:,} entries proven, then: {wrong}", returncode=1) from wrong
        broken = verdict.broken
        if not broken and waiting.late:
            why = "it is not sealed, and older than the last seal: it was put there later"
            broken = chain.Broken(waiting.late, why)
        seconds = time.monotonic() - began
        counted = f"{verdict.entries:,} entries under {verdict.seals:,} seals in {seconds:.1f} s"
        if broken:
            raise CommandError(f"BROKEN at {broken}.\n{counted} were proven before it.", returncode=1)
        self.stdout.write(f"Whole: {counted}.")
        if waiting.count:
            self.stdout.write(f"{waiting.count:,} entries not sealed yet.")
        if not options["anchor"]:
            self.stdout.write("Without --anchor a trail whose end was cut off cannot be told from a whole one.")


def _opened(name: str, files: contextlib.ExitStack) -> Any:
    if name == "-":
        return sys.stdin
    try:
        return files.enter_context(Path(name).open(encoding="utf-8"))
    except OSError as wrong:
        raise CommandError(f"{name} cannot be read: {wrong.strerror}.") from wrong
