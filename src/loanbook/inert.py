"""Text of strangers made harmless for whoever shows it: a terminal, a spreadsheet, a database.

The book keeps a text as it came. It is made inert where it leaves, in one way for each reader.
"""

from __future__ import annotations

import re
import unicodedata

# They steer terminals, reorder the text or hide it, or are no characters at all.
_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_DELETE = "\x7f"

# A spreadsheet computes what begins so. Where semicolons part its columns, or a quoted line break
# is not understood, a cell begins in the middle of what was one: so these count as beginnings too.
_BEGINS = r"(?<![^;\t\r\n])"
_COMPUTED = r"(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
_BARE = re.compile(f"{_BEGINS}('*){_COMPUTED}")
_MARKED = re.compile(f"{_BEGINS}'('*){_COMPUTED}")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def on_screen(text: str) -> str:
    """A text in which everything that could steer a terminal is spelled as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(spelled(char) if unicodedata.category(char) in _HARMFUL else char
                   for char in text)  # fmt: skip


def spelled(char: str) -> str:
    """A character as Python writes it, with a backslash."""
    return char.encode("unicode_escape", "surrogatepass").decode()


def in_database(text: str) -> str:
    """A text in which NUL and halves of characters, which no database holds, are escapes."""
    return _NO_TEXT.sub(lambda found: spelled(found.group()), text)


def in_json(text: str) -> str:
    """ASCII text of JSON; its encoder leaves one control character as it is."""
    return text.replace(_DELETE, "\\u007f")


def in_sheet(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: before what looks like one is an apostrophe.

    Numbers stay as they are.
    """
    return cell if _NUMBER.fullmatch(cell) else _BARE.sub(r"'\1", cell)


def out_of_sheet(cell: str) -> str:
    """The cell as it was before `in_sheet`."""
    return _MARKED.sub(r"\1", cell)
