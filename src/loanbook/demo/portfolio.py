"""The book of one scale, seed and day, as pages of three files.

A book is played period by period, and a period's loans are written before the next is played.
What stays in memory is the clients' state (14 bytes each), the largest period and, for a moment,
the keys by which borrowers are picked: at its peak 18 bytes for each client and loan together,
measured at scale 66, over the 50 MB that Python, numpy and the tables of characters take.
"""

from __future__ import annotations

from collections.abc import Iterator

from loanbook.demo import days, quotas
from loanbook.demo.clients import Clients
from loanbook.demo.contacts import Contacts
from loanbook.demo.dice import Dice
from loanbook.demo.ledger import Ledger
from loanbook.demo.loans import Issue, Issuer

_PAGE = 1 << 14
"""Rows formatted together: few enough to stay in the processor's cache."""

Pages = Iterator[tuple[int, bytes]]
"""Pieces of a file: how many rows each has, and its bytes. The header counts as no row."""


class Portfolio:
    """Plays the book's history once, when the pages of `loans` are taken.

    Attributes:
        lines: about how many lines the three files will have.
    """

    def __init__(self, *, scale: float, seed: int, day: int) -> None:
        self._dice = Dice(seed)
        self._day = day
        self._clients = Clients(scale, day, self._dice)
        self._issuer = Issuer(self._clients, scale, self._dice)
        self._history = quotas.history(scale)
        self._days = [quotas.day_after(n, scale) for n in range(1, day + 1)]
        planned = sum(period.loans for period in (*self._history, *self._days))
        self.lines = planned + 2 * len(self._clients.free_at)

    @property
    def client_count(self) -> int:
        """Clients that have arrived."""
        return self._clients.count

    @property
    def loan_count(self) -> int:
        """Loans issued."""
        return self._issuer.issued

    def loans(self) -> Pages:
        """loans.csv; taking its pages plays the history."""
        yield 0, _LOANS
        ledger = Ledger(self._day, self._dice)
        for issue in self._issues():
            for low in range(0, len(issue.client), _PAGE):
                high = min(len(issue.client), low + _PAGE)
                yield high - low, ledger.page(issue, low, high)

    def clients(self) -> Pages:
        """clients.csv, as the loans left the clients."""
        yield 0, _CLIENTS
        close = quotas.CLOSE + self._day * quotas.DAY
        for low in range(0, self.client_count, _PAGE):
            high = min(self.client_count, low + _PAGE)
            yield high - low, self._clients.page(low, high, close)

    def contacts(self) -> Pages:
        """contacts.csv."""
        yield 0, _CONTACTS
        contacts = Contacts(self._clients, self._day, self._dice)
        for low in range(0, self.client_count, _PAGE):
            high = min(self.client_count, low + _PAGE)
            yield high - low, contacts.page(low, high)

    def _issues(self) -> Iterator[Issue]:
        for period in self._history:
            yield self._issuer.issue(period)
        for number, period in enumerate(self._days, start=1):
            days.play(self._clients, number, self._dice)
            self._clients.welcome(number)
            yield self._issuer.issue(period)


_LOANS = (
    b"user_id,loan_id,created_at,due_at,paid_at,status,loan_amount,tax,due_amount,amount_paid\n"
)
_CLIENTS = b"user_id,created_at,status,batch,credit_limit,interest_rate,denied_reason,denied_at\n"
_CONTACTS = b"user_id,name,email,tax_id,locale,phone,opted_out_at\n"
