"""Logos that people upload: a PNG or JPEG that decodes, made small for a letterhead; all else is refused in words."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 20_000_000  # of an upload
MOST_PIXELS = 40_000_000  # a small file can hold a huge picture
MOST_KEPT = 1_000_000
_WIDTH, _HEIGHT = 840, 216  # six times what the letterhead gives it


class LogoError(ValueError):
    """What is wrong with it, and what to do, in words for the person who chose it."""


def check(uploaded: bytes) -> bytes:
    """The logo as it is kept: PNG where it is transparent or was one, else JPEG; at most 1 MB. Raises LogoError.

    It is drawn anew, so that nothing but the picture is kept: no place, no camera, no hidden text.
    """
    if not uploaded:
        raise LogoError("The file is empty. Choose a PNG or JPEG.")
    if len(uploaded) > MOST_BYTES:
        raise LogoError(f"The file has {len(uploaded) / 1e6:.0f} MB; a logo may have 20 MB. Save it smaller.")
    try:
        with Image.open(io.BytesIO(uploaded), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise LogoError(
                    f"The picture is {image.width:,} × {image.height:,} pixels, which is too large. "
                    f"{_WIDTH:,} pixels across are plenty: save it smaller."
                )
            image.load()
            return _kept(image)
    except UnidentifiedImageError as wrong:
        raise LogoError("This is not a PNG or JPEG. Save the logo as one of these and choose it again.") from wrong
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as wrong:
        if isinstance(wrong, LogoError):
            raise
        raise LogoError(
            "The picture is damaged: it cannot be read to its end. Save it anew and choose it again."
        ) from wrong


def _kept(image: Image.Image) -> bytes:
    is_png = image.format == "PNG"
    upright = ImageOps.exif_transpose(image)
    upright = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    upright.info.clear()  # comments and profiles would be written again
    for scale in (1, 2, 4):
        smaller = upright.copy()
        smaller.thumbnail((_WIDTH // scale, _HEIGHT // scale), Image.Resampling.LANCZOS)
        made = io.BytesIO()
        if is_png or smaller.mode == "RGBA":
            smaller.save(made, "PNG", optimize=True)
        else:
            smaller.save(made, "JPEG", quality=90)
        if made.tell() <= MOST_KEPT:
            return made.getvalue()
    raise LogoError("The picture cannot be made smaller than 1 MB. Save a simpler one.")
