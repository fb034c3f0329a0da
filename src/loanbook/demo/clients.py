"""The clients and what a generator must remember of each: fourteen bytes.

Clients are counted from 0 here and from 1 in the files, in the order of their arrival. What can
be drawn again (the moment of arrival) is not stored.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from loanbook.demo import published, text
from loanbook.demo.quotas import CLOSE, DAY, Period, arrivals, moment, scaled, shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loanbook.demo.dice import Dice, Ints

NEVER = 2**31 - 1
"""A moment that does not come."""
STEP = 250
"""Credit limits are multiples of it, in reais; it is also the smallest loan."""
LOWEST_LIMIT, HIGHEST_LIMIT = 2, 400
"""In steps: 500 to 100,000 reais."""
REASONS = ("", "defaulter", *published.FRAUD_REASONS)
DEFAULTER = REASONS.index("defaulter")

_STATUSES = ("approved", "denied")
_BATCHES = tuple(str(1 + k) for k in range(len(published.BATCH_CLIENTS)))
_RATES = tuple(str(rate) for rate in published.RATES)
_CHUNK = 1 << 17
"""Clients looked at together, so that what a look needs stays small beside the book."""


class Clients:
    """Every client of the book, those of later days included.

    Attributes:
        count: how many have arrived so far.
        free_at: first second at which the client may take the next loan, or NEVER.
        denied_at: when the client was or will be denied, or NEVER.
        reason: why, a position in REASONS; 0 while no denial is due.
        limit: credit limit in steps.
        rate: position in RATES.
        batch: 0 to 3.
        loans: how many the client has taken.
    """

    def __init__(self, scale: float, day: int, dice: Dice) -> None:
        self._dice = dice
        first = scaled(published.CLIENTS, scale)
        news = [arrivals(n, scale) for n in range(1, day + 1)]
        span = moment(published.LAST_ARRIVAL)
        self._wave_first = np.array([0, *accumulate(news, initial=first)][:-1])
        self._wave_size = np.array([first, *news])
        self._wave_start = np.array([0, *(CLOSE + n * DAY for n in range(day))])
        self._wave_length = np.array([span, *(DAY for _ in news)])
        self.count = first
        total = first + sum(news)
        self.free_at = np.empty(total, np.int32)
        self.denied_at = np.full(total, NEVER, np.int32)
        self.reason = np.zeros(total, np.uint8)
        self.limit = np.empty(total, np.uint16)
        self.rate = np.empty(total, np.uint8)
        self.batch = np.empty(total, np.uint8)
        self.loans = np.zeros(total, np.uint8)
        for low in range(0, total, _CHUNK):
            self._draw(np.arange(low, min(total, low + _CHUNK)))
        self._deal_batches(first)
        self._deny_frauds(first, scale)

    def created_at(self, who: Ints) -> NDArray[np.int64]:
        """When each client arrived.

        Every client has an equal slice of the time and a uniform moment in it: the whole is
        uniform and already in order.
        """
        wave = np.searchsorted(self._wave_first, who, side="right") - 1
        length = self._wave_length[wave]
        within = (who - self._wave_first[wave]) * length
        within += self._dice.below("arrival", who, length)
        moments: NDArray[np.int64] = self._wave_start[wave] + within // self._wave_size[wave]
        return moments

    def welcome(self, day: int) -> None:
        """The clients of that day after day 0 arrive."""
        self.count += int(self._wave_size[day])

    def able(self, period: Period, most: int) -> NDArray[np.int32]:
        """Who may take a loan at some moment of the period, with fewer than `most` so far."""
        found = []
        for low in range(0, self.count, _CHUNK):
            part = slice(low, min(self.count, low + _CHUNK))
            opens = np.maximum(self.free_at[part], period.start)
            shuts = np.minimum(self.denied_at[part], period.end)
            chosen = np.flatnonzero((opens < shuts) & (self.loans[part] < most))
            found.append((chosen + low).astype(np.int32))
        return np.concatenate(found) if found else np.empty(0, np.int32)

    def widen(self, who: Ints, principal: int) -> None:
        """Raise the lowest limits until these clients can hold that principal with room to spare.

        A handful of clients seldom adds up to a handful's published principal by itself; the
        large groups always do.
        """
        limits = self.limit[who].astype(np.int64)
        needed = principal * 6 // 5 // STEP
        for k in np.argsort(limits, kind="stable"):
            if limits.sum() >= needed:
                break
            half = (HIGHEST_LIMIT + LOWEST_LIMIT) // 2
            drawn = half + int(self._dice.below("widened", who[k : k + 1], HIGHEST_LIMIT - half)[0])
            limits[k] = max(limits[k], drawn + 1)
        self.limit[who] = limits

    def page(self, low: int, high: int, close: int) -> bytes:
        """The lines of the clients from `low` up to but not `high`, at the moment `close`."""
        part, who = slice(low, high), np.arange(low, high)
        denied = self.denied_at[part] < close
        return text.lines(
            text.number(who + 1),
            text.moment(self.created_at(who)),
            text.table(_STATUSES).take(denied, axis=0),
            text.table(_BATCHES).take(self.batch[part], axis=0),
            text.number(self.limit[part] * np.int64(STEP)),
            text.table(_RATES).take(self.rate[part], axis=0),
            text.table(REASONS).take(self.reason[part] * denied, axis=0),
            text.moment(self.denied_at[part], denied),
        )

    def _draw(self, who: Ints) -> None:
        self.free_at[who] = self.created_at(who) + 1
        span = HIGHEST_LIMIT - LOWEST_LIMIT + 1
        self.limit[who] = LOWEST_LIMIT + self._dice.below("limit", who, span)
        self.rate[who] = self._dice.below("rate", who, len(published.RATES))
        edges = np.cumsum(published.BATCH_CLIENTS)
        drawn = self._dice.below("batch", who, int(edges[-1]))
        self.batch[who] = np.searchsorted(edges, drawn, side="right")

    def _deal_batches(self, first: int) -> None:
        """Give the clients of day 0 exact batch sizes; later ones keep what chance drew."""
        sizes = shares(first, published.BATCH_CLIENTS)
        order = np.argsort(self._dice.bits("batch", np.arange(first)))
        edge = 0
        for batch, size in enumerate(sizes):
            self.batch[order[edge : edge + size]] = batch
            edge += size

    def _deny_frauds(self, first: int, scale: float) -> None:
        kinds = list(published.FRAUD_REASONS.values())
        total = scaled(sum(kinds), scale)
        picked = []
        for batch, size in enumerate(shares(total, published.BATCH_FRAUDS)):
            members = np.flatnonzero(self.batch[:first] == batch)
            picked.append(members[self._dice.lowest("fraud", members, size)])
        frauds = np.concatenate(picked)
        since = self.created_at(frauds) + 1
        self.denied_at[frauds] = since + self._dice.below("denied", frauds, CLOSE - since)
        order, edge = np.argsort(self._dice.bits("reason", frauds)), 0
        for kind, size in enumerate(shares(len(frauds), kinds)):
            self.reason[frauds[order[edge : edge + size]]] = DEFAULTER + 1 + kind
            edge += size
