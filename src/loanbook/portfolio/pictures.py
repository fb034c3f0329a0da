"""Pictures as files: SVG, PNG and a page that answers when pointed at, all without a network.

vl-convert draws with the letters it brings along, so it needs neither a browser nor fonts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from loanbook.errors import MissingExtra

if TYPE_CHECKING:
    from types import ModuleType

    from loanbook.portfolio.charts import Picture

Specification = dict[str, Any]

_SHARP = 1.5  # pixels of a PNG for one of the picture
_PACKING = 7  # of zlib: from here on it takes longer and saves little
_BOOT = """
const spec = JSON.parse(document.getElementById("spec").textContent);
vegaEmbed("#chart", spec, {mode: "vega-lite", renderer: "svg", actions: false, ast: true});
"""
_OPENING = re.compile(r"<svg ")
_PART = re.compile(r"(?:gradient|clip)_?\d+")


def svg(specification: Specification, name: str = "picture") -> str:
    """A picture as SVG; the names of its inner parts begin with the name given."""
    drawn = str(_converter().vegalite_to_svg(specification, vl_version=_version(specification)))
    # The converter counts them over all pictures of a process, each in a page needs its own.
    numbers = {old: i for i, old in enumerate(dict.fromkeys(_PART.findall(drawn)))}
    return _PART.sub(lambda part: f"{name}-{numbers[part.group()]}", drawn)


def png(specification: Specification, scale: float = _SHARP) -> bytes:
    """A picture as PNG."""
    return to_png(svg(specification), scale)


def to_png(drawn: str, scale: float = _SHARP) -> bytes:
    """An SVG of this module as PNG."""
    return _packed(bytes(_converter().svg_to_png(drawn, scale=scale)))


def _packed(image: bytes) -> bytes:
    """The same PNG in a third of the bytes: the converter packs fast, not small."""
    head, data, at = image[:8], b"", 8
    while at < len(image):
        size = int.from_bytes(image[at : at + 4], "big")
        kind, body = image[at + 4 : at + 8], image[at + 8 : at + 8 + size]
        at += 12 + size
        if kind == b"IDAT":
            data += body
            continue
        if kind == b"IEND":
            head += _chunk(b"IDAT", zlib.compress(zlib.decompress(data), _PACKING))
        head += _chunk(kind, body)
    return head


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return len(body).to_bytes(4, "big") + kind + body + check.to_bytes(4, "big")


def inline(specification: Specification, name: str) -> str:
    """A picture as SVG that stands in a page and is told there by its text alternative."""
    opening = '<svg aria-hidden="true" focusable="false" '
    return _OPENING.sub(opening, svg(specification, name), count=1)


def interactive(picture: Picture) -> str:
    """A page with the picture that tells more where it is pointed at; it loads nothing."""
    from loanbook.portfolio import pages  # noqa: PLC0415 -- with an extra

    version = _version(picture.wide)
    bundle = _bundle(version)
    return pages.render(
        "picture.html",
        title=picture.finding.title,
        text=picture.text,
        # In a script nothing may look like its end.
        spec=json.dumps(picture.wide, sort_keys=True, ensure_ascii=False).replace("<", "\\u003c"),
        bundle=bundle,
        boot=_BOOT,
        scripts=[digest(bundle), digest(_BOOT)],
    )


@cache
def _bundle(version: str) -> str:
    found = str(_converter().javascript_bundle(vl_version=version))
    return found.replace("</script", "<\\/script")


def digest(script: str) -> str:
    """How a policy of a page names a script or style that stands in it."""
    found = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(found).decode()}"


def _version(specification: Specification) -> str:
    """The version of Vega-Lite that a specification is written for, like 6.1."""
    major, minor, *_ = str(specification["$schema"]).rsplit("/v", 1)[1].split(".")
    return f"{major}.{minor}"


def _converter() -> ModuleType:
    try:
        import vl_convert  # noqa: PLC0415 -- an extra, loaded only where it is used
    except ImportError as error:
        raise MissingExtra(package="vl-convert-python", extra="portfolio") from error
    module: ModuleType = vl_convert
    return module
