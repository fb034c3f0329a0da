"""Some days in the life of a small book, for hypothesis: files of every sort, officers' acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from tests.cast import HEADERS, csv_text
from tests.model import tax_share
from tests.reading import Text, Written

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

FILES = 10  # of each story
FLOOD = 20  # lines that are refused, enough to refuse the file
KEYS = {"clients": range(1, 7), "contacts": range(1, 7), "loans": range(1, 9)}
KINDS = ("clients", "contacts", "loans")
DELIVERED = [KINDS, KINDS, ("clients", "loans"), ("contacts", "loans"), ("clients",), ("loans",)]
BARE = ("user_id", "name", "email")  # all that a file of contacts must have
STATUS = (
    {"status": "approved", "denied_reason": "", "denied_at": ""},
    {"status": "denied", "denied_reason": "defaulter", "denied_at": "2023-09-01 00:00:00"},
    {"status": "denied", "denied_reason": "", "denied_at": "2023-12-24 18:00:00"},
)
NO_WHOLE = ("x", "1.5", "0x1F", "1_0", "9223372036854775808")
NO_AMOUNT = ("NaN", "1e3", "1,5", ".5", "123456789012345678901")
NO_INSTANT = ("now", "infinity", "05/06/2024", "2023-02-29 10:00:00", "2024-01-01 24:00:00",
              "2024-01-01 10:00:60", "2024-1-05 10:00:00")  # fmt: skip
TOO_EARLY, TOO_LATE = "1899-12-31 23:59:59", "2200-01-01 00:00:00"
TOO_MUCH = "1000000000000"
# What breaks a rule, or at least may; what it breaks the model tells.
SPOIL = {
    "clients": {
        "user_id": ("", "0", "-1", "1000000000", *NO_WHOLE),
        "created_at": ("", TOO_EARLY, TOO_LATE, *NO_INSTANT),
        "status": ("", "lost", "denied"),
        "batch": ("", "0", "2147483648", *NO_WHOLE),
        "credit_limit": ("", "-1", "10.005", TOO_MUCH, *NO_AMOUNT),
        "interest_rate": ("", "-0.1", "10001", "20.00001", *NO_AMOUNT),
        "denied_reason": ("fraud", "long" * 51),
        "denied_at": ("", "2023-01-01 00:00:00", TOO_EARLY, TOO_LATE, *NO_INSTANT),
    },
    "contacts": {
        "user_id": ("", "0", "1000000000", "77", *NO_WHOLE),
        "name": ("n" * 201,),
        "email": ("e" * 321,),
        "tax_id": ("1" * 41,),
        "locale": ("l" * 41,),
        "phone": ("5" * 41,),
        "opted_out_at": (TOO_EARLY, TOO_LATE, *NO_INSTANT),
    },
    "loans": {
        "user_id": ("", "77", "2", *NO_WHOLE),
        "loan_id": ("", "0", "1000000000", *NO_WHOLE),
        "created_at": ("", "2024-06-01 00:00:00", TOO_EARLY, TOO_LATE, *NO_INSTANT),
        "due_at": ("", "2020-01-01 00:00:00", TOO_LATE, *NO_INSTANT),
        "paid_at": ("", "2020-01-01 00:00:00", TOO_LATE, "2024-01-20 00:00:00", *NO_INSTANT),
        "status": ("", "paid", "ongoing", "open"),
        "loan_amount": ("", "0", "12.345", TOO_MUCH, *NO_AMOUNT),
        "tax": ("", "-1", "0.001", TOO_MUCH, *NO_AMOUNT),
        "due_amount": ("", "0", "0.001", TOO_MUCH, *NO_AMOUNT),
        "amount_paid": ("", "-0.01", "0.001", TOO_MUCH, *NO_AMOUNT),
    },
}
GARBLED = ("line_columns", "line_columns", "line_quotes", "line_characters")


@dataclass(frozen=True)
class Delivery:
    """A file."""

    kind: str
    columns: tuple[str, ...]
    lines: list[Written]
    full: bool
    again: bool

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join([",".join(self.columns), *(line.text for line in self.lines), ""])


@dataclass(frozen=True)
class Act:
    """What an officer does: to which client (or loan of ours), and what is said."""

    name: str
    which: int
    choice: int


@dataclass(frozen=True)
class Step:
    """A day: what officers do before its files come, and the files."""

    acts: list[Act]
    files: list[Delivery]
    allowed: bool


@st.composite
def client(draw: DrawFn, key: int) -> Text:
    """A line of a client, most often sound."""
    return {
        "user_id": str(key),
        "created_at": "2023-01-10 08:30:00",
        "batch": draw(st.sampled_from(["1", "2"])),
        "credit_limit": draw(st.sampled_from(["1000", "1000.00", "2000.50", "5000.00"])),
        "interest_rate": draw(st.sampled_from(["20", "35.5", " 20.000"])),
        **draw(st.sampled_from(STATUS)),
    }


@st.composite
def contact(draw: DrawFn, key: int) -> Text:
    """A line of a contact, in files of any care."""
    return {
        "user_id": draw(st.sampled_from([str(key), str(key), f" {key} "])),
        "name": draw(st.sampled_from(["", "Ana", "Zoë, the 2nd", "Bruno\nBraga", "  "])),
        "email": draw(st.sampled_from(["", "a@example.com", "b@example.com", "nobody", "a@b@c.d"])),
        "tax_id": draw(st.sampled_from(["", "39053344705"])),
        "locale": draw(st.sampled_from(["", "pt-BR", "en", "xx"])),
        "phone": draw(st.sampled_from(["", "+5511987654321", "none"])),
        "opted_out_at": draw(st.sampled_from(["", "", "2023-11-11 11:11:11"])),
    }


@st.composite
def loan(draw: DrawFn, key: int) -> Text:
    """A line of a loan, most often in accord with its contract."""
    created = datetime.fromisoformat(
        draw(st.sampled_from(["2023-06-01 10:00:00", "2023-12-01 20:45:10", "2024-01-24 23:59:59"]))
    )
    amount = Decimal(draw(st.sampled_from(["500", "1500", "4000.25"])))
    rate = Decimal(draw(st.sampled_from(["20", "35.5", "21.7"])))
    cents = draw(st.sampled_from([0, 0, 0, 1, -2]))
    days = draw(st.sampled_from([90, 90, 90, 89, 1]))
    due = (amount * (1 + tax_share(90) + rate / 400)).quantize(Decimal("0.01")) + (
        Decimal(cents) / 100
    )
    status, after, paid = draw(
        st.sampled_from([
            ("ongoing", None, Decimal(0)),
            ("ongoing", None, Decimal("100.25")),
            ("default", None, Decimal("100.25")),
            ("default", None, Decimal(7)),
            ("paid", timedelta(days=5), due),
            ("paid", timedelta(0), due - 1),
            ("paid", timedelta(days=90, seconds=1), due + 1),
            ("written_off", None, Decimal(7)),
            ("cancelled", None, Decimal(0)),
        ])
    )  # fmt: skip
    return {
        "user_id": str(key % len(KEYS["clients"]) + 1),
        "loan_id": str(key),
        "created_at": str(created),
        "due_at": str(created + timedelta(days=days)),
        "paid_at": str(created + after) if after is not None else "",
        "status": status,
        "loan_amount": str(amount),
        "tax": str((amount * tax_share(90)).quantize(Decimal("0.01"))),
        "due_amount": str(due),
        "amount_paid": str(paid),
    }


MAKE = {"clients": client, "contacts": contact, "loans": loan}


def written(columns: tuple[str, ...], fields: Text) -> Written:
    """A line as it stands in a file with these columns."""
    text = csv_text("", [fields], columns=columns).split("\n", 1)[1].removesuffix("\n")
    return Written(text, {name: fields[name] for name in columns})


def garbled(line: Written, fault: str, *, more: bool = True) -> Written:
    """A line that cannot be taken apart any more."""
    fields = line.fields or {}
    text = {
        "line_columns": f"{line.text}," if more else written(tuple(fields)[:-1], fields).text,
        "line_quotes": '"' + line.text.replace("\n", " "),
        "line_characters": line.text.replace(",", "\0,", 1),
    }[fault]
    return Written(text, None, fault)


def spoilt(kind: str) -> list[Written]:
    """A line of each broken sort, each for a field or for a way to garble it, and no other."""
    columns, key = HEADERS[kind], KEYS[kind][0]
    sound = SOUND[kind] | {"user_id": "1", "loan_id": str(key)}
    found = [
        written(columns, sound | {column: value})
        for column, values in SPOIL[kind].items()
        for value in values
    ]
    whole = written(columns, sound)
    return found + [garbled(whole, fault, more=i > 0) for i, fault in enumerate(GARBLED)]


SOUND: dict[str, Text] = {
    "clients": {
        "created_at": "2023-01-10 08:30:00", "batch": "1", "credit_limit": "1000",
        "interest_rate": "20", "status": "approved", "denied_reason": "", "denied_at": "",
    },
    "contacts": {
        "name": "Ana", "email": "a@example.com", "tax_id": "", "locale": "", "phone": "",
        "opted_out_at": "",
    },
    "loans": {
        "created_at": "2023-06-01 10:00:00", "due_at": "2023-08-30 10:00:00", "paid_at": "",
        "status": "ongoing", "loan_amount": "1000", "tax": "11.18", "due_amount": "1061.18",
        "amount_paid": "0",
    },
}  # fmt: skip


@st.composite
def delivery(draw: DrawFn, kind: str, before: dict[int, Text]) -> Delivery:
    """A file like the one before, with some lines changed, gone, new, repeated or broken."""
    for key in KEYS[kind]:
        fate = draw(st.sampled_from(["as before"] * 5 + ["anew"] * 2 + ["gone"]))
        if fate == "anew":
            before[key] = draw(MAKE[kind](key))
        elif fate == "gone":
            before.pop(key, None)
    columns = HEADERS[kind]
    if kind == "contacts":
        columns = draw(st.sampled_from([columns, columns, columns, BARE, (*BARE, "phone")]))
    rows = [dict(before[key]) for key in sorted(before)]
    lines = [written(columns, row) for row in rows]
    if not draw(st.booleans()):
        lines = draw(disordered(kind, columns, rows))
    again = draw(st.sampled_from([False, False, True]))
    return Delivery(kind, columns, lines, full=draw(st.booleans()), again=again)


@st.composite
def disordered(
    draw: DrawFn, kind: str, columns: tuple[str, ...], rows: list[Text]
) -> list[Written]:
    """Lines of which some are broken, repeated, in another order, or not to be taken apart."""
    for place in draw(st.lists(st.integers(0, max(0, len(rows) - 1)), max_size=3)) if rows else []:
        column = draw(st.sampled_from([name for name in sorted(SPOIL[kind]) if name in columns]))
        rows[place][column] = draw(st.sampled_from(SPOIL[kind][column]))
    lines = [written(columns, row) for row in rows]
    if lines:
        lines += draw(st.lists(st.sampled_from(lines), max_size=2))
        if draw(st.integers(0, 3)) == 0:
            place = draw(st.integers(0, len(lines) - 1))
            fault, more = draw(st.sampled_from(GARBLED)), draw(st.booleans())
            lines[place] = garbled(lines[place], fault, more=more)
    if draw(st.booleans()):
        lines = draw(st.permutations(lines))
    if draw(st.integers(0, 5)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), Written(""))
    if draw(st.integers(0, 9)) == 0:
        lines += [written(columns, SOUND[kind] | {"user_id": "0", "loan_id": "0"})] * FLOOD
    return lines


ACTS = (
    *("amend_client", "amend_client", "deny", "reinstate"),
    *("say_contact", "say_contact", "opt_out", "opt_in"),
    *("open_loan", "open_loan", "pay", "pay", "reverse"),
)


def acts() -> st.SearchStrategy[list[Act]]:
    """What officers do between two days' files."""
    act = st.builds(Act, st.sampled_from(ACTS), st.integers(0, 5), st.integers(0, 5))
    return st.lists(act, max_size=4)


@st.composite
def stories(draw: DrawFn) -> list[Step]:
    """Some days, with FILES files in all."""
    before: dict[str, dict[int, Text]] = {kind: {} for kind in KINDS}
    days: list[Step] = []
    left = FILES
    while left:
        kinds = KINDS if not days else draw(st.sampled_from(DELIVERED))
        done = draw(acts())
        files = [draw(delivery(kind, before[kind])) for kind in kinds[:left]]
        left -= len(files)
        days.append(Step(done, files, allowed=draw(st.booleans())))
    return days
