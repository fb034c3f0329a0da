"""What happens to clients on the days after day 0, beside their loans.

A file must be free of findings whether or not the days before it were loaded. Hence an amendment
never takes a limit below a loan already taken (with loans it only rises) and changes the rate of
a client only while there is no loan whose contract it would seem to contradict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loanbook.demo import published
from loanbook.demo.clients import DEFAULTER, HIGHEST_LIMIT, LOWEST_LIMIT, REASONS, Clients
from loanbook.demo.quotas import CLOSE, DAY

if TYPE_CHECKING:
    from loanbook.demo.dice import Dice, Ints

_AMENDED_A_DAY = 0.0118
"""Chance that an approved client's terms are amended on a day: one percent of all clients."""
_FRAUD_A_DAY = 0.00011
"""Chance that an approved client is denied for fraud, about as often as in the last year."""

_CHUNK = 1 << 17


def play(clients: Clients, day: int, dice: Dice) -> None:
    """Amend and deny clients on that day after day 0, before its new clients and loans."""
    start = CLOSE + (day - 1) * DAY
    for low in range(0, clients.count, _CHUNK):
        who = np.arange(low, min(clients.count, low + _CHUNK))
        who = who[clients.denied_at[who] >= start]
        _amend(clients, who[dice.chance("amended", who, _AMENDED_A_DAY, day)], day, dice)
        honest = who[clients.reason[who] == 0]
        _deny(clients, honest[dice.chance("fraud", honest, _FRAUD_A_DAY, day)], day, dice)


def _amend(clients: Clients, who: Ints, day: int, dice: Dice) -> None:
    fresh = clients.loans[who] == 0
    by_rate = fresh & dice.chance("by rate", who, 0.5, day)
    kinds = len(published.RATES)
    rated = who[by_rate]
    step = 1 + dice.below("new rate", rated, kinds - 1, day)
    clients.rate[rated] = (clients.rate[rated] + step) % kinds
    scored = who[fresh & ~by_rate]
    span = HIGHEST_LIMIT - LOWEST_LIMIT + 1
    step = 1 + dice.below("new limit", scored, span - 1, day)
    old = clients.limit[scored] - np.int64(LOWEST_LIMIT)
    clients.limit[scored] = LOWEST_LIMIT + (old + step) % span
    raised = who[~fresh]
    old = clients.limit[raised].astype(np.int64)
    rise = 1 + dice.below("raise", raised, 1 + old // 5, day)
    clients.limit[raised] = np.minimum(old + rise, HIGHEST_LIMIT)


def _deny(clients: Clients, who: Ints, day: int, dice: Dice) -> None:
    moment = CLOSE + (day - 1) * DAY + dice.below("denied", who, DAY, day)
    clients.denied_at[who] = moment
    kinds = len(REASONS) - DEFAULTER - 1
    clients.reason[who] = DEFAULTER + 1 + dice.below("reason", who, kinds, day)
