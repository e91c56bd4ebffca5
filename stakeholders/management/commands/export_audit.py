"""Write the sealed audit trail as JSON Lines, to be kept or proven elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stakeholders.audit import chain, trail


class Command(BaseCommand):
    help = "Write every sealed entry and every seal as JSON Lines; docs/audit.md describes the lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", help="a file; without it standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["output"]:
            for record in trail.records():
                self.stdout.write(trail.line_of(record))
            return
        count = 0
        try:
            with Path(options["output"]).open("x", encoding="utf-8") as file:
                for record in trail.records():
                    file.write(trail.line_of(record) + "\n")
                    count += isinstance(record, chain.Entry)
        except FileExistsError as there:
            raise CommandError(f"{options['output']} is there already. Name a new file.") from there
        except OSError as wrong:
            raise CommandError(f"{options['output']} cannot be written: {wrong.strerror}.") from wrong
        self.stdout.write(f"{count:,} entries written to {options['output']}.")
