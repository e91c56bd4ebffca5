"""A logo is a picture that decodes, kept small; anything else is refused in words that say what to do."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from stakeholders.reports.logos import MOST_BYTES, MOST_KEPT, LogoError, check


def picture(form: str, size: tuple[int, int] = (400, 100), mode: str = "RGB", **options: object) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, "navy").save(made, form, **options)
    return made.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK")]
)
def test_a_png_or_jpeg_is_kept_as_what_it_was(form: str, mode: str) -> None:
    kept = Image.open(io.BytesIO(check(picture(form, mode=mode))))

    assert kept.format == form
    assert kept.mode == ("RGBA" if mode == "RGBA" else "RGB")


def test_a_large_one_is_made_small() -> None:
    kept = check(picture("PNG", (6_000, 4_000)))

    assert Image.open(io.BytesIO(kept)).size == (324, 216)
    assert len(kept) <= MOST_KEPT


def test_a_noisy_one_is_at_most_a_megabyte() -> None:
    made = io.BytesIO()
    Image.effect_noise((1_680, 432), 90).convert("RGB").save(made, "PNG")

    assert len(check(made.getvalue())) <= MOST_KEPT


def test_nothing_but_the_picture_is_kept() -> None:
    image = Image.new("RGB", (40, 20), "navy")
    exif = image.getexif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # lies on its side
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif, comment=b"secret")

    kept = check(made.getvalue())
    assert b"home" not in kept
    assert b"secret" not in kept
    assert Image.open(io.BytesIO(kept)).size == (20, 40)


@pytest.mark.parametrize(
    ("uploaded", "words"),
    [
        (b"", "is empty"),
        (b"x" * (MOST_BYTES + 1), "20 MB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG or JPEG"),
        (b"%PDF-1.7", "not a PNG or JPEG"),
        (picture("GIF"), "not a PNG or JPEG"),
        (picture("BMP"), "not a PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 200, "not a PNG or JPEG|damaged"),
        (picture("PNG")[:-60], "damaged"),
        (picture("JPEG")[:300], "not a PNG or JPEG|damaged"),
    ],
)
def test_what_is_no_logo_is_refused_with_what_to_do(uploaded: bytes, words: str) -> None:
    with pytest.raises(LogoError, match=words):
        check(uploaded)


def test_a_small_file_that_would_fill_the_memory_is_refused_unread() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")
    )

    with pytest.raises(LogoError, match=r"60,000 × 60,000 pixels|too large|damaged"):
        check(bomb)
