"""One officer's program: calls Loanbook so many times and prints how long each call took."""

from __future__ import annotations

import json
import random
import sys
import time
from decimal import Decimal

from loanbook import loans, payments
from loanbook.database.connection import connect

LOANS = 20_000  # that payments go to


def main() -> None:
    conninfo, act, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    book = connect(conninfo, actor="bench")
    dice = random.Random(first)  # noqa: S311 -- a benchmark
    print("ready", flush=True)
    sys.stdin.readline()  # all callers begin at one moment
    took = []
    began = time.perf_counter()
    for number in range(count):
        at = time.perf_counter()
        if act == "post_payment":
            payments.post(book, 1_000_000_000 + dice.randrange(LOANS), Decimal("0.01"))
        else:
            loans.open_loan(book, first + number, Decimal(1000))
        took.append(time.perf_counter() - at)
    json.dump({"seconds": time.perf_counter() - began, "took": took}, sys.stdout)


if __name__ == "__main__":
    main()
