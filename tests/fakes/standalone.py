"""Lets a fake provider run by itself: python -m tests.fakes.gitlab --port 8101 --grow"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable

from .server import FakeServer


def stand(fake: FakeServer, grow: Callable[[], None]) -> None:
    """Serve until the process is ended; with --grow something new happens every second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grow", action="store_true")
    said = parser.parse_args()
    fake.port = said.port
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with fake:
        print(f"{type(fake).__name__} at {fake.url}", flush=True)
        while not ended.wait(1):
            if said.grow:
                with fake.lock:
                    grow()
