"""How to reach the clients: invented people whom no letter and no call can find.

- E-mail goes to example.com, example.org and example.net, which RFC 2606 keeps for examples.
- Telephones carry the area codes 10, 20 … 90. Brazil's plan assigns none that ends in 0.
- The tax id is a CPF with right check digits. No range of CPFs is set aside for fiction, so the
  nine leading digits are 9 and the client's number counted up from 900000001: plainly made up at
  a glance, but not proven to be nobody's.

Everything is drawn from the client's number, so a later day's file needs no memory of a former.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from loanbook.demo import text
from loanbook.demo.names import FAMILY, GIVEN, MIDDLE
from loanbook.demo.quotas import CLOSE, DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loanbook.demo.clients import Clients
    from loanbook.demo.dice import Dice, Ints

_DOMAINS = ("@example.com", "@example.org", "@example.net")
_AREAS = tuple(f"+55{area}9" for area in range(10, 100, 10))
_LOCALES = ("pt-BR", "en")
_SPEAKS_ENGLISH, _WITHOUT_EMAIL, _OPTED_OUT = 0.03, 0.015, 0.012
"""Shares of the clients on day 0."""
_EMAIL_LASTS, _PHONE_LASTS, _CONSENT_LASTS = 500, 1_000, 5_000
"""Days in which every client changes it once, spread evenly: one in so many changes it a day."""


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    return letters.replace("'", "").lower()


_PLAIN_GIVEN = tuple(map(_plain, GIVEN))
_PLAIN_FAMILY = tuple(map(_plain, FAMILY))


class Contacts:
    """The contacts at the start of a business date, one for each client.

    Attributes:
        day: days after day 0.
    """

    def __init__(self, clients: Clients, day: int, dice: Dice) -> None:
        self.day = day
        self._clients = clients
        self._dice = dice

    def page(self, low: int, high: int) -> bytes:
        """The lines of clients, from `low` up to but not `high`."""
        who = np.arange(low, high)
        given, middle, family = (
            self._dice.below(part, who, len(words))
            for part, words in (("given", GIVEN), ("middle", MIDDLE), ("family", FAMILY))
        )
        opted_out_at = self._opted_out_at(who)
        number = text.padded(who + 1, 8)
        return text.lines(
            text.number(who + 1),
            text.table(GIVEN, end=" ").take(given, axis=0),
            text.table(MIDDLE, end=" ").take(middle, axis=0),
            text.table(FAMILY).take(family, axis=0),
            self._email(who, given, family),
            text.cpf(np.hstack((text.constant("9", len(who)), number))),
            text.table(_LOCALES).take(self._dice.chance("locale", who, _SPEAKS_ENGLISH), axis=0),
            text.table(_AREAS, end="").take(self._version("phone", who, _PHONE_LASTS, 9), axis=0),
            text.closed(number),
            text.moment(opted_out_at, opted_out_at >= 0),
        )

    def _email(self, who: Ints, given: Ints, family: Ints) -> text.Cells:
        domain = self._version("email", who, _EMAIL_LASTS, len(_DOMAINS))
        cells = np.hstack(
            (
                text.table(_PLAIN_GIVEN, end=".").take(given, axis=0),
                text.table(_PLAIN_FAMILY, end=".").take(family, axis=0),
                text.digits(who + 1),
                text.table(_DOMAINS).take(domain, axis=0),
            )
        )
        cells[self._dice.chance("without email", who, _WITHOUT_EMAIL), :-1] = 0
        return cells

    def _version(self, thing: str, who: Ints, lasts: int, kinds: int) -> NDArray[np.int64]:
        """Which of so many kinds the client's has become, the next kind after every change."""
        changes = (self.day + self._dice.below(f"{thing} changes", who, lasts)) // lasts
        return (self._dice.below(thing, who, kinds) + changes) % kinds

    def _opted_out_at(self, who: Ints) -> NDArray[np.int64]:
        """When each client opted out of letters, or -1."""
        since = self._clients.created_at(who) + 1
        early = (since < CLOSE) & self._dice.chance("opted out", who, _OPTED_OUT)
        at = since + self._dice.below("opted out at", who, np.where(early, CLOSE - since, 0))
        day = 1 + self._dice.below("opts out", who, _CONSENT_LASTS)
        start = CLOSE + (day - 1) * DAY
        late = ~early & (day <= self.day) & (start >= since)
        at[late] = start[late] + self._dice.below("opts out at", who[late], DAY)
        at[~(early | late)] = -1
        return at
