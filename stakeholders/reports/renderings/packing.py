"""Office files that come out the same, byte for byte, whenever they are made: order and times fixed. Pure."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime

FIXED = (1980, 1, 1, 0, 0, 0)
_TIMES = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def packed(body: bytes, at: datetime) -> bytes:
    """The same package, its parts in the order of their names and dated alike; workbooks inside it as well."""
    said = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            part = old.read(name)
            if name.endswith(".xlsx"):
                part = packed(part, at)
            elif name == "docProps/core.xml":
                part = _TIMES.sub(rb"\g<1>" + said + rb"\g<3>", part)
            info = zipfile.ZipInfo(name, FIXED)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            new.writestr(info, part)
    return made.getvalue()
