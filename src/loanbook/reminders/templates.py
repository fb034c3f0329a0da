"""The templates of letters: a folder each with subject, text and html, compiled once a process.

A template says sentences by their names: {{ "pix.title" | say }}, {{ "pix.how" | say(total=…) }}.
Other filters are count, money, day and share (see language.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from loanbook.errors import LetterTextUnusable, MissingExtra

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jinja2 import Environment, Template

    from loanbook.reminders.language import Language

_INCLUDE = re.compile(r'<mj-include path="([\w/.]+)" />|{% include "([\w/.]+)" %}\n?')
_LEFT = re.compile(r"<(mj[\w-]*)")


@dataclass(frozen=True, slots=True)
class Texts:
    """The three texts of one letter, to be filled in.

    Attributes:
        subject: one line.
        text: the plain part.
        html: the part with pictures.
    """

    subject: Template
    text: Template
    html: Template


@lru_cache
def texts(folder: str, language: Language) -> Texts:
    """The templates of a folder of letters, in a language.

    Raises:
        LetterTextUnusable: one of them is no template, or MJML does not know a tag of it.
        MissingExtra: jinja2 or mrml is not installed.
    """
    plain = _environment(language, escapes=False)
    return Texts(
        subject=_template(plain, f"{folder}/subject.jinja"),
        text=_template(plain, f"{folder}/text.jinja"),
        html=_template(_environment(language, escapes=True), f"{folder}/html.mjml"),
    )


def _template(environment: Environment, name: str) -> Template:
    from jinja2 import TemplateError  # noqa: PLC0415 -- an extra

    source = html(name, whole(name)) if name.endswith(".mjml") else whole(name)
    try:
        return environment.from_string(source)
    except TemplateError as error:
        raise LetterTextUnusable(name=name, problem=error) from error


def html(name: str, mjml: str) -> str:
    """HTML of MJML.

    Args:
        name: of the text, for messages.
        mjml: with Jinja in it; what stands between components is wrapped in mj-raw.

    Raises:
        LetterTextUnusable: it is no MJML, or holds a tag that MJML does not know.
        MissingExtra: mrml is not installed.
    """
    try:
        import mrml  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="mrml", extra="letters") from error
    try:
        # No font is fetched from anywhere, whatever names stand in the text.
        made = mrml.to_html(mjml, None, mrml.RenderOptions(fonts={}))
    except (OSError, ValueError) as error:
        raise LetterTextUnusable(name=name, problem=error) from error
    for warning in made.warnings:
        raise LetterTextUnusable(name=name, problem=warning)
    unknown = _LEFT.search(made.content)  # a tag that mrml does not know is left as it is
    if unknown:
        raise LetterTextUnusable(name=name, problem=f"MJML has no component {unknown[1]}")
    return made.content


def folders() -> tuple[str, ...]:
    """The folders of letters."""
    found = (one.name for one in _root().iterdir() if one.joinpath("text.jinja").is_file())
    return tuple(sorted(found))


def whole(name: str) -> str:
    """A template with the pieces that it includes put in, so that including costs a letter nothing.

    mrml's own way to include pieces forgets how wide the letter is.
    """
    text = _root().joinpath(*name.split("/")).read_text("utf-8")
    return _INCLUDE.sub(lambda found: whole(found[1] or found[2]), text)


def _environment(language: Language, *, escapes: bool) -> Environment:
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="jinja2", extra="letters") from error
    made = Environment(
        autoescape=escapes,  # noqa: S701 -- plain text is not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # As filters, since Jinja fills in what depends on no letter while it compiles.
    made.filters.update(
        say=language.say,
        count=language.count,
        money=language.money,
        day=language.day,
        share=language.share,
    )
    return made


def _root() -> Traversable:
    return files("loanbook.reminders").joinpath("letters")
