"""A report as mail, handed to the mail server step by step, so that it is known whether it was taken."""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import sanitize_address

from stakeholders.models import Delivery, Report
from stakeholders.reports import making
from stakeholders.reports.cleaning import cut, plain
from stakeholders.reports.kept import Kept
from stakeholders.reports.renderings import FORMS

from .trouble import Later, Never, Perhaps, Taken

Act = Callable[[], None]
NOTICE = Delivery.NOTICE


def message_id(row: Delivery) -> str:
    """The same for every try, so that who gets it twice can know it again."""
    host = urlsplit(settings.ADDRESS).hostname if settings.ADDRESS else ""
    domain = host or settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ") or "localhost"
    return f"<report-{row.report_id}.delivery-{row.pk}.{row.content_hash[:16]}@{domain}>"


def compose(row: Delivery, held: Kept) -> EmailMultiAlternatives:
    """The mail of a delivery, for one person."""
    message = _notice(row, held) if row.way == NOTICE else _report(row, held)
    message.extra_headers |= {
        "Message-ID": message_id(row), "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All",
    }  # fmt: skip
    return message


def _report(row: Delivery, held: Kept) -> EmailMultiAlternatives:
    told = held.document(row.audience)
    week = held.facts.week.isocalendar().week
    message = EmailMultiAlternatives(
        subject=cut(plain(f"{told.team}, week {week}: {told.headline.words}"), 160),
        body=_file(held, row.audience, "txt").decode(), to=[row.to],
    )  # fmt: skip
    message.attach_alternative(_file(held, row.audience, "html").decode(), "text/html")
    for form in attached(row):
        body = _file(held, row.audience, form)
        name = f"{held.facts.team_slug}-{held.facts.week:%G-w%V}-{row.audience}.{FORMS[form].suffix}"
        message.attach(name, body, FORMS[form].content_type)
    return message


def _notice(row: Delivery, held: Kept) -> EmailMultiAlternatives:
    week = held.facts.week.isocalendar().week
    where = f"{settings.ADDRESS}{held.row.get_absolute_url()}" if settings.ADDRESS else "the page Reports"
    body = (
        f"A draft of the report on {plain(held.facts.team)} for week {week} waits for your review.\n\n"
        f"Read it, change words if you like, mark it as reviewed and send it:\n{where}\n\n"
        "It goes to the people of the schedule once you send it. Nothing was sent yet.\n"
    )
    subject = cut(plain(f"To review: {held.facts.team}, week {week}"), 160)
    return EmailMultiAlternatives(subject=subject, body=body, to=[row.to])


def attached(row: Delivery) -> tuple[str, ...]:
    """Forms that go along: as the schedule says; the PDF where a person sent it."""
    if row.schedule is None:
        return ("pdf",)
    wanted = {"pdf": row.schedule.attach_pdf, "pptx": row.schedule.attach_pptx, "xlsx": row.schedule.attach_xlsx}
    return tuple(form for form, goes in wanted.items() if goes)


def _file(held: Kept, audience: str, form: str) -> bytes:
    return _made(held.row.pk, making.document_hash(held, audience), audience, form)


@lru_cache(maxsize=24)
def _made(report: int, document: str, audience: str, form: str) -> bytes:
    """The bytes, made once for all the people of a run; `document` is part of the key."""
    return making.bytes_of(Kept(Report.objects.get(pk=report)), audience, form)


# --- handing over ----------------------------------------------------------------------------------------------------


def send(message: EmailMultiAlternatives, *, hand: Act, done: Act) -> None:
    """`hand` is called when the server may have the mail from then on, `done` as soon as it took it. Raises Trouble."""
    with _connection() as connection:
        smtp = getattr(connection, "connection", None)
        if isinstance(smtp, smtplib.SMTP):
            _by_smtp(smtp, message, hand=hand, done=done)
            return
        hand()  # a backend that does not speak SMTP: the log, or a file
        connection.send_messages([message])
        done()


@contextlib.contextmanager
def _connection() -> Iterator[Any]:
    connection = get_connection()
    try:
        connection.open()
    except smtplib.SMTPAuthenticationError as wrong:
        raise Later(f"The mail server refused our log-in ({_said(wrong.smtp_code, wrong.smtp_error)}).") from wrong
    except (smtplib.SMTPException, OSError) as away:
        raise Later(f"The mail server cannot be reached ({_named(away)}).") from away
    try:
        yield connection
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):  # it has the mail, or told us that it has not
            connection.close()


def _by_smtp(smtp: smtplib.SMTP, message: EmailMultiAlternatives, *, hand: Act, done: Act) -> None:
    encoding = message.encoding or settings.DEFAULT_CHARSET
    sender, to = (sanitize_address(one, encoding) for one in (message.from_email, message.to[0]))
    body: bytes = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # of Django's own message, which takes it
    try:
        smtp.ehlo_or_helo_if_needed()
        _asked(smtp.mail(_bare(sender), [f"size={len(body)}"] if smtp.has_extn("size") else []), of="sender")
        _asked(smtp.rcpt(_bare(to)), of="recipient")
        smtp.putcmd("data")
        _asked(smtp.getreply(), of="mail", wanted=354)
    except (smtplib.SMTPException, OSError) as away:
        raise Later(f"The mail server stopped answering ({_named(away)}).") from away
    try:
        hand()
    except Taken:
        smtp.close()  # it waits for a mail that does not come
        raise
    try:
        smtp.send(re.sub(rb"(?m)^\.", b"..", body) + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        answer = smtp.getreply()
    except (smtplib.SMTPException, OSError) as away:
        smtp.close()
        raise Perhaps(
            f"The mail server had the mail and gave no answer ({_named(away)}). "
            "Ask whether it arrived before sending it again."
        ) from away
    _asked(answer, of="mail")
    done()


def _asked(answer: tuple[int, bytes], *, of: str, wanted: int = 0) -> None:
    """Nothing, if the server agreed; else what follows from its code."""
    code, words = answer
    if code == wanted or (not wanted and 200 <= code < 300):
        return
    said = _said(code, words)
    if not 500 <= code < 600:
        raise Later(f"The mail server put us off ({said}).")
    if of == "recipient":
        raise Never(f"The mail server refused this address ({said}).", bounced=True)
    if of == "sender" and code != 552:  # ours to mend: nothing is wrong with who should get it
        raise Later(f"The mail server refuses mail from {settings.DEFAULT_FROM_EMAIL} ({said}).")
    raise Never(f"The mail server refused this mail ({said}).")


def _bare(address: str) -> str:
    return address.rpartition("<")[2].rstrip(">") if "<" in address else address


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return cut(plain(f"{code} {text}"), 300)


def _named(fault: Exception) -> str:
    return cut(plain(str(fault)), 200) or type(fault).__name__
