"""A message as it travels, put together from bytes.

The library's own message classes take longer for a letter than all else together. What they are
needed for is folding and encoding of headers: they do that here, and what has been folded is kept.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.policy import SMTP
from functools import lru_cache

# A header is folded only where it must be: an encoded word broken by folding is not read by all.
_POLICY = SMTP.clone(max_line_length=998)
_LINE = 76  # characters of base64


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the HTML names as cid:NAME.

    Attributes:
        name: by which the HTML names it.
        png: its bytes.
    """

    name: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a letter.

    Attributes:
        name: of the file, in ASCII.
        kind: its media type with parameters, such as text/csv; charset=utf-8.
        content: its bytes.
    """

    name: str
    kind: str
    content: bytes


@lru_cache(maxsize=8192)
def header(name: str, value: str) -> bytes:
    """A header with its line end.

    Raises:
        ValueError: the value has a line break.
    """
    return _POLICY.fold_binary(*_POLICY.header_store_parse(name, value))


def body(
    number: int,
    text: str,
    html: str,
    pictures: Sequence[Picture] = (),
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """What stands behind a message's own headers, those of MIME first.

    Args:
        number: of the letter; boundaries between parts are made of it.
        text: the plain part.
        html: the same for programs that show it.
        pictures: that the HTML names.
        attachments: files that come with it.
    """
    mark = f"=_{number}"  # neither base64 nor quoted-printable can hold it
    shown = _text("html", html)
    if pictures:
        kind = f'multipart/related; type="text/html"; boundary="{mark}_r"'
        shown = _joined(kind, f"{mark}_r", [shown, *map(_picture, pictures)])
    kind = f'multipart/alternative; boundary="{mark}_a"'
    whole = _joined(kind, f"{mark}_a", [_text("plain", text), shown])
    if attachments:
        kind = f'multipart/mixed; boundary="{mark}_m"'
        whole = _joined(kind, f"{mark}_m", [whole, *map(_attachment, attachments)])
    return b"MIME-Version: 1.0\r\n" + whole


def _joined(kind: str, mark: str, parts: Iterable[bytes]) -> bytes:
    border = b"\r\n--" + mark.encode()
    inner = b"".join([piece for part in parts for piece in (border, b"\r\n", part)])
    return b"".join([b"Content-Type: ", kind.encode(), b"\r\n", inner, border, b"--\r\n"])


def _text(kind: str, text: str) -> bytes:
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: '
    raw = text.encode("utf-8")
    if kind == "plain":  # short, and whoever looks at the bare message can read it
        encoded = binascii.b2a_qp(raw).replace(b"\n", b"\r\n")
        return head.encode() + b"quoted-printable\r\n\r\n" + encoded
    return head.encode() + b"base64\r\n\r\n" + _base64(raw)


def _picture(picture: Picture) -> bytes:
    head = (
        f'Content-Type: image/png; name="{picture.name}.png"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{picture.name}>\r\n"
        f'Content-Disposition: inline; filename="{picture.name}.png"\r\n\r\n'
    )
    return head.encode() + _base64(picture.png)


def _attachment(attachment: Attachment) -> bytes:
    head = (
        f"Content-Type: {attachment.kind}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{attachment.name}"\r\n\r\n'
    )
    return head.encode() + _base64(attachment.content)


def _base64(content: bytes) -> bytes:
    encoded = binascii.b2a_base64(content, newline=False)
    lines = len(encoded) // _LINE + 1
    cuts = _CUTS[:lines] if lines <= len(_CUTS) else _cuts(lines)
    return b"\r\n".join(map(encoded.__getitem__, cuts)).rstrip() + b"\r\n"


def _cuts(lines: int) -> tuple[slice, ...]:
    return tuple(slice(at, at + _LINE) for at in range(0, lines * _LINE, _LINE))


_CUTS = _cuts(1024)  # of as many lines as letters have
