"""Chance without memory: a draw depends on the seed, its purpose and the row, and on nothing else.

Any row can so be drawn again, in whatever order and chunk, and a later day's file repeats an
earlier one's without either being stored. The mixing function is SplitMix64's, which passes the
usual batteries of randomness tests and costs three multiplications.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.signedinteger[Any]]
Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_WORD = 2**64 - 1


class Dice:
    """Draws for rows, all of them fixed by the seed.

    Attributes:
        seed: which of the possible portfolios.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, purpose: str, rows: Ints, turn: int = 0) -> Bits:
        """64 random bits for each row; `turn` tells apart the same purpose on other days."""
        key = _mix_one(_mix_one(self.seed) + zlib.crc32(purpose.encode()))
        key = _mix_one(key + turn * _GOLDEN)
        word = rows.astype(np.uint64)
        word *= np.uint64(_GOLDEN)
        word += np.uint64(key)
        word ^= word >> np.uint64(30)
        word *= np.uint64(_MULTIPLIERS[0])
        word ^= word >> np.uint64(27)
        word *= np.uint64(_MULTIPLIERS[1])
        word ^= word >> np.uint64(31)
        return word

    def below(
        self, purpose: str, rows: Ints, bound: int | Ints, turn: int = 0
    ) -> NDArray[np.int64]:
        """A whole number for each row, from 0 to just under its bound, itself under 2 ** 31."""
        word = self.bits(purpose, rows, turn)
        word >>= np.uint64(32)
        word *= np.asarray(bound).astype(np.uint64)
        word >>= np.uint64(32)
        return word.view(np.int64)

    def chance(
        self, purpose: str, rows: Ints, probability: float | Floats, turn: int = 0
    ) -> NDArray[np.bool_]:
        """Whether the event of that probability, less than 1, happens to each row."""
        edge = (np.asarray(probability) * 2.0**64).astype(np.uint64)
        return np.less(self.bits(purpose, rows, turn), edge)

    def lowest(
        self, purpose: str, rows: Ints, count: int, turn: int = 0, weights: Floats | None = None
    ) -> NDArray[np.intp]:
        """The positions of `count` rows picked at random, in rising order.

        A row of weight 2 is picked first twice as often as one of weight 1.
        """
        if count >= len(rows):
            return np.arange(len(rows))
        if count <= 0:
            return np.arange(0)
        keys: NDArray[Any] = self.bits(purpose, rows, turn)
        if weights is not None:
            keys = -np.log((keys + 0.5) / 2.0**64) / weights
        return np.sort(np.argpartition(keys, count - 1)[:count])


def _mix_one(word: int) -> int:
    word &= _WORD
    word = (word ^ (word >> 30)) * _MULTIPLIERS[0] & _WORD
    word = (word ^ (word >> 27)) * _MULTIPLIERS[1] & _WORD
    return word ^ (word >> 31)
