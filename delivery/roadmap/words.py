"""The sentences of a roadmap, from computed numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from delivery.models import PenaltyWindow
from delivery.shown import DeadlineNow
from teams.templatetags import ui

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def day(value: date, today: date) -> str:
    """As "8 Jan"; with the year only when it lies so far away that it is not obvious."""
    said = f"{value.day} {value:%b}"
    return said if abs((value - today).days) < 300 else f"{said} {value.year}"


def days(count: int, kind: str = "") -> str:
    noun = "day" if abs(count) == 1 else "days"
    return f"{abs(count):,} {kind + ' ' if kind else ''}{noun}"


def cash(cents: int, currency: str) -> str:
    """As "$160k"; another currency by its name: "EUR 160k"."""
    said = ui.money(cents / 100)
    return said if currency in ("USD", "") else said.replace("$", f"{currency}\u00a0")


def rate(cents: int, currency: str) -> str:
    """As "$18,000", unrounded."""
    sign = "$" if currency in ("USD", "") else f"{currency}\u00a0"
    return f"{sign}{cents / 100:,.0f}"


def signed(count: int) -> str:
    return f"+{count}" if count > 0 else f"−{-count}" if count < 0 else "0"


def chain_sentence(deadline: DeadlineNow, goal: str, steps: int, outside: int, today: date) -> str:
    """What the chain is and what a day lost on it costs. `steps` leaves out the milestone itself."""
    made = deadline.forecast
    if made is None:
        return f"There is no forecast of {goal} yet, so there is no chain to it to show."
    form = "commitment forms" if steps == 1 else "commitments form"
    said = f"{number(steps)} {form} the chain to {goal}" if steps else f"Nothing that is still open leads to {goal}"
    if outside:
        said += f", {number(outside).lower()} of them in other teams" if steps > 1 else ", in another team"
    spare = made.float_days
    if not steps:
        return f"{said}."
    if spare <= 0:
        more = f" {days(spare, 'working').capitalize()} are to be won back." if spare < -1 else ""
        more = " One working day is to be won back." if spare == -1 else more
        return f"{said}. Any day lost on it is a day lost at the deadline.{more}"
    verb = "it has" if steps > 1 else "there is"
    plan = f"{said}. If the likely estimates hold, {verb} {days(spare, 'working')} to spare"
    chance = deadline.chance
    return f"{plan}; the chance of {day(deadline.row.date, today)} is {chance.words if chance else 'not known'}."


def deadline_label(deadline: DeadlineNow, today: date) -> str:
    on = deadline.row.date
    return f"{deadline.row.name} {on.day} {on:%b}" + (f" {on.year}" if on.year != today.year else "")


def window_words(window: PenaltyWindow, currency: str) -> str:
    """As "Penalty window to 31 Mar · $18,000 a day"."""
    price = rate(window.amount, currency)
    how = {"fixed": "once", "day": "a day", "week": "a started week"}.get(window.kind, window.kind)
    until = f"to {ui.day(window.to_date)}" if window.to_date else f"from {ui.day(window.from_date)}"
    most = f", at most {rate(window.cap, currency)}" if window.cap is not None else ""
    return f"Penalty window {until} · {price} {how}{most}"


def windows_words(windows: Sequence[PenaltyWindow], currency: str) -> str:
    return " · ".join(window_words(one, currency) for one in windows)
