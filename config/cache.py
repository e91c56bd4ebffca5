"""Django's cache in Redis, which may be away: then each process counts for itself until Redis is back.

The cache holds only the counters of rate limits. Without them nobody could sign in while Redis is down; with a
memory of its own each process still limits, if less strictly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_FORGIVEN = ("get", "set", "add", "delete", "touch", "incr", "has_key", "get_many", "set_many", "delete_many", "clear")


class ForgivingRedis(RedisCache):
    """RedisCache whose every call falls back to this process's memory while Redis does not answer."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("while-redis-is-away", {})


def _forgiving(name: str) -> Callable[..., Any]:
    def call(self: ForgivingRedis, *arguments: Any, **named: Any) -> Any:
        try:
            return getattr(super(ForgivingRedis, self), name)(*arguments, **named)
        except (RedisError, OSError) as away:
            log.warning("the cache is away", because=str(away))
            return getattr(self._own, name)(*arguments, **named)

    call.__name__ = name
    return call


for _name in _FORGIVEN:
    setattr(ForgivingRedis, _name, _forgiving(_name))
