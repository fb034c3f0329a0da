"""Letters to clients: before the due date, on it, after it, and thanks for paying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from loanbook.errors import BadSetting
from loanbook.outbox.letter import Letter, OpenLoan
from loanbook.reminders import mime, optout, pix, templates
from loanbook.reminders.envelope import Written
from loanbook.reminders.language import Language, language
from loanbook.reminders.qr import Pictures
from loanbook.reminders.told import greeting, shown, told
from loanbook.settings import Settings
from loanbook.settings.letters import LANGUAGES

FOLDERS = ("before_due", "due_today", "overdue", "paid_off")
PICTURE = "pix"


@dataclass(frozen=True, slots=True)
class Pix:
    """How a letter's total is paid by Pix.

    Attributes:
        code: to copy and paste.
        key: to which it pays.
        picture: the name of the QR code.
        png: the QR code.
    """

    code: str
    key: str
    picture: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Stop:
    """How a letter is unsubscribed from.

    Attributes:
        words: of the link, or what to answer.
        link: where it leads; blank: nowhere.
        token: that tells who it is.
    """

    words: str
    link: str
    token: str


def folder(letter: Letter) -> str:
    """Which letter it is: the name of its folder."""
    if letter.kind == "paid_off":
        return "paid_off"
    left = about(letter)[0].days_left
    return "before_due" if left > 0 else "due_today" if left == 0 else "overdue"


def about(letter: Letter) -> list[OpenLoan]:
    """The loans that a letter is about, the most urgent first: open ones, or those paid off.

    Others may be listed in it.

    Raises:
        ValueError: there are none.
    """
    is_thanks = letter.kind == "paid_off"
    found = [loan for loan in letter.loans if (loan.balance <= 0) == is_thanks]
    if not found:
        raise ValueError(
            "it tells of no loan that was paid off" if is_thanks else "nothing is open"
        )
    return found


def writer(settings: Settings) -> Callable[[Letter], Written]:
    """What writes letters to clients.

    Raises:
        BadSetting: Pix cannot carry what loanbook.toml says of the payee.
        LetterTextUnusable: a template is broken.
        LetterKeysUnusable: links in letters cannot be signed.
    """
    finder = _Finder(settings)
    for name, code in product(FOLDERS, LANGUAGES):
        templates.texts(name, language(code, settings.currency))  # a broken one is told at once

    def write(letter: Letter) -> Written:
        spoken = language(letter.locale, settings.currency)
        facts, paying, stop = finder.facts(letter, spoken)
        texts = templates.texts(folder(letter), spoken)
        facts["subject"] = subject = texts.subject.render(facts)
        return Written(
            lang=spoken.code,
            subject=subject,
            text=texts.text.render(facts),
            html=texts.html.render(facts),
            pictures=[mime.Picture(paying.picture, paying.png)] if paying else [],
            headers=_unsubscribing(stop, finder.reply_to) if stop else {},
        )

    return write


class _Finder:
    """Finds what a client's letter says."""

    def __init__(self, settings: Settings) -> None:
        self._payee = settings.letters.payee
        self._pays_by_pix = bool(self._payee.pix_key) and settings.currency == "BRL"
        self._pictures = Pictures()
        self._keys = optout.keys(settings.home)
        self.reply_to = self._payee.reply_to or self._payee.sender
        if self._pays_by_pix:
            try:
                pix.code(self._payee.pix_key, self._payee.name, self._payee.city, None)
            except ValueError as error:
                raise BadSetting(key="payee.pix_key", file=settings.toml, problem=error) from error

    def facts(
        self, letter: Letter, spoken: Language
    ) -> tuple[dict[str, object], Pix | None, Stop | None]:
        """All that the templates name, and what of it the envelope needs.

        Raises:
            ValueError: the letter cannot be written; the message says why, without personal data.
        """
        meant = about(letter)
        total = sum((loan.balance for loan in meant), Decimal(0))
        paying, stop = self._pix(letter, meant, total), self._stop(letter, spoken)
        facts: dict[str, object] = {
            "lang": spoken.code,
            "greeting": greeting(letter.name, spoken),
            "payee": shown(self._payee, spoken),
            "loans": [told(loan, spoken) for loan in letter.loans],
            "loan": told(meant[0], spoken),
            "many": len(meant) > 1,
            "several": len(meant),
            "total": total,
            "pix": paying,
            "stop": stop,
        }
        return facts, paying, stop

    def _pix(self, letter: Letter, meant: list[OpenLoan], total: Decimal) -> Pix | None:
        """How today's total is paid."""
        payee = self._payee
        if not self._pays_by_pix or total <= 0:
            return None
        code = pix.code(payee.pix_key, payee.name, payee.city, total, _txid(letter, meant))
        return Pix(code, payee.pix_key.strip(), PICTURE, self._pictures.png(code))

    def _stop(self, letter: Letter, spoken: Language) -> Stop | None:
        if not letter.optional or letter.user_id is None:
            return None
        token = self._keys.token(letter.user_id)
        if not self._payee.site:
            return Stop(spoken.say("foot.stop_by_reply"), "", token)
        words = "foot.stop_thanks" if letter.kind == "paid_off" else "foot.stop_reminders"
        return Stop(spoken.say(words), f"{self._payee.site}{optout.PATH}{token}", token)


def _txid(letter: Letter, meant: list[OpenLoan]) -> str:
    """The contract's number, or the client's where one payment is for several.

    It is of one length, so that the pictures are of few kinds.
    """
    if len(meant) == 1:
        return f"L{meant[0].loan_id:012}"
    return f"C{letter.user_id or 0:012}"


def _unsubscribing(stop: Stop, reply_to: str) -> dict[str, str]:
    """The headers by which a mail program offers to unsubscribe (RFC 2369; one click: RFC 8058)."""
    by_mail = f"<mailto:{reply_to}?subject=unsubscribe%20{stop.token}>"
    if not stop.link.startswith("https://"):
        return {"List-Unsubscribe": by_mail}
    return {
        "List-Unsubscribe": f"<{stop.link}>, {by_mail}",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
