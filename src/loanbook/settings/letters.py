"""What loanbook.toml says of letters: whom they come from, when they go, and by which way."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from loanbook.settings.tables import Judge, among, between, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST_PORT = 65_535
LONGEST = 3650  # days
SECURITIES = ("starttls", "tls", "none")
LANGUAGES = ("pt-BR", "en")


@dataclass(frozen=True, slots=True)
class Payee:
    """Who asks for the money, as letters show it; a client can recognise fraud by it.

    Attributes:
        name: of the lender.
        cnpj: its number, 14 digits with or without punctuation.
        city: where it is registered, as Pix asks for it.
        pix_key: where Pix pays to; without one, letters show no Pix.
        sender: the address that letters come from.
        reply_to: the address that a person reads.
        phone: of the lender.
        ombudsman: how its ombudsman is reached.
        site: where links of letters lead to, without a slash at its end.
    """

    name: str = "Loanbook"
    cnpj: str = ""
    city: str = "SAO PAULO"
    pix_key: str = ""
    sender: str = "loanbook@example.org"
    reply_to: str = ""
    phone: str = ""
    ombudsman: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Reminders:
    """Who is reminded when.

    Attributes:
        steps: days after the due date on which there is a step; below 0: before it.
        reach: days after the due date beyond which nobody is reminded.
        minimum: balance below which nobody is reminded, in the book's currency.
        most_in_7_days: letters that a client gets at most in seven days.
        forgiven: at first sight of a loan, steps older than so many days are not sent.
        most_quarantined: part of 1 of the day's lines in quarantine above which nothing goes out.
        weekdays: hours from which and before which letters go, Monday to Friday; lender's zone.
        saturdays: the same of Saturdays.
        holidays: the country whose national holidays are kept, ISO 3166; blank: none.
    """

    steps: tuple[int, ...] = (-7, -3, -1, 0, 1, 5, 15, 30, 60, 90)
    reach: int = 90
    minimum: int = 1
    most_in_7_days: int = 4
    forgiven: int = 2
    most_quarantined: float = 0.05
    weekdays: tuple[int, int] = (8, 20)
    saturdays: tuple[int, int] = (8, 14)
    holidays: str = "BR"


@dataclass(frozen=True, slots=True)
class Mail:
    """How letters travel.

    Attributes:
        carrier: "files" into the workspace's outbox folder, "smtp", or the name of a plug-in.
        host: of the SMTP server.
        port: of the SMTP server.
        security: "starttls", "tls", or "none" for a server on this machine.
        ca_file: certificates to trust beside those of the system.
        user: who logs in; blank: nobody does. The password stands in LOANBOOK_SMTP_PASSWORD or in
            the file that `password_file` names.
        password_file: a file that holds the password alone.
        sessions: that are open at a time.
        claim: letters that a sender holds at a time, all its sessions together, 1 to 20.
        rate: letters a second at most, all sessions of a sender together; 0: no limit.
        timeout: seconds to wait for an answer.
        retries: how often a letter is tried again after a temporary refusal.
        backoff: seconds until the first of these; each further one waits twice as long.
        bounces: a maildir in which delivery reports arrive, below the workspace or absolute.
    """

    carrier: str = "files"
    host: str = "localhost"
    port: int = 587
    security: str = "starttls"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    sessions: int = 4
    claim: int = 20
    rate: int = 0
    timeout: int = 30
    retries: int = 5
    backoff: int = 300
    bounces: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """Who of the lender's own people is told what.

    Attributes:
        summary: addresses that get the weekly summary.
        operators: addresses that are told of failures.
        language: "pt-BR" or "en".
    """

    summary: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Letters:
    """All of it: the tables [payee], [reminders], [mail] and [team] of loanbook.toml."""

    payee: Payee = field(default_factory=Payee)
    reminders: Reminders = field(default_factory=Reminders)
    mail: Mail = field(default_factory=Mail)
    team: Team = field(default_factory=Team)


def letters(table: Mapping[str, object], file: Path) -> Letters:
    """The four tables of loanbook.toml.

    Raises:
        BadSetting: a key is unknown or has a value that cannot be used; the message names it.
    """
    return Letters(
        payee=read(Payee, "payee", table.get("payee", {}), file, _PAYEE),
        reminders=read(Reminders, "reminders", table.get("reminders", {}), file, _REMINDERS),
        mail=read(Mail, "mail", table.get("mail", {}), file, _MAIL),
        team=read(Team, "team", table.get("team", {}), file, {"language": among(*LANGUAGES)}),
    )


def _rises(steps: tuple[int, ...]) -> str | None:
    rises = all(one < other for one, other in pairwise(steps))
    return None if steps and rises else f"{list(steps)} is no list of days, each after the last"


def _hours(given: tuple[int, int]) -> str | None:
    opens, closes = given
    fits = 0 <= opens <= closes <= 24  # noqa: PLR2004 -- hours of a day
    return None if fits else f"[{opens}, {closes}] is not an hour and a later one of a day"


def _part(value: float) -> str | None:
    return None if 0 <= value <= 1 else f"{value} is no part of 1"


_PAYEE: dict[str, Judge] = {}
_REMINDERS: dict[str, Judge] = {
    "steps": _rises,
    "reach": between(0, LONGEST),
    "minimum": between(0, 1_000_000),
    "most_in_7_days": between(1, 7),
    "forgiven": between(0, LONGEST),
    "most_quarantined": _part,
    "weekdays": _hours,
    "saturdays": _hours,
}
_MAIL: dict[str, Judge] = {
    "port": between(1, LARGEST_PORT),
    "security": among(*SECURITIES),
    "sessions": between(1, 64),
    "claim": between(1, 20),
    "rate": between(0, 100_000),
    "timeout": between(1, 3600),
    "retries": between(0, 100),
    "backoff": between(0, 86_400),
}
