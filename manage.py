#!/usr/bin/env python
"""Django's command line, with the embedded servers around the commands that need a database."""

import contextlib
import os
import sys

# these start no server: they read code only, or bring their own
WITHOUT_SERVERS = {"help", "version", "--help", "--version", "check", "collectstatic", "makemessages"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "demo":  # it chooses its servers and settings before Django is loaded
        from config.demo import run

        sys.exit(run.main(sys.argv[2:]))

    from django.core.management import execute_from_command_line

    with contextlib.ExitStack() as servers:
        if "DATABASE_URL" not in os.environ and command not in WITHOUT_SERVERS:
            from config import embedded

            os.environ.setdefault("DEBUG", "1")
            started = servers.enter_context(embedded.borrowed_or_running(embedded.home("demo")))
            os.environ.update({k: v for k, v in started.environment().items() if not os.environ.get(k)})
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
