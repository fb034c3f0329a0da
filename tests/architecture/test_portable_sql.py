"""Questions and relations keep to the SQL that all engines understand alike."""

from __future__ import annotations

import pytest
from tests.portable import complaints

from loanbook import sql

FILES = [*sql.names("relations"), *sql.names("questions"), *sql.names("weeks")]


@pytest.mark.parametrize("name", FILES)
def test_a_text_is_portable(name: str) -> None:
    assert complaints(sql.text(name)) == []


@pytest.mark.parametrize(
    "expression",
    [
        "cast(x as double precision)",
        "cast(x as float)",
        "cast(x as text)",
        "cast(x as varchar)",
        "cast(x as numeric)",
        "cast(x as decimal(10))",
        "avg(x)",
        "a / 7",
        "cast(sum(a) as decimal(18, 2)) / 7",
        "cast(2.7 as integer)",
        "cast(a / 7 as integer)",
        "due_on - issued_on",
        "(select a.as_of from asked as a) - due_on",
        "issued_on + interval '1' month",
        "extract(epoch from x) + age(x)",
        "generate_series(1, 2)",
        "string_agg(x, ',' order by x)",
        "array[1, 2]",
        "width_bucket(x, 1, 2, 3)",
        "now()",
        "current_date",
        "current_timestamp",
        "x at time zone 'UTC'",
        "lag(x) ignore nulls over (order by x)",
        '"Quoted"',
        "'back\\slash'",
        "%(as_of)s",
        "$1",
        "percentile_cont(0.5) within group (order by x)",
        "random()",
        "every(x)",
    ],
)
def test_what_engines_understand_differently_is_refused(expression: str) -> None:
    assert complaints(f"select {expression} as y from t")  # noqa: S608 -- only parsed


@pytest.mark.parametrize(
    "text",
    [
        "select distinct on (a) a, b from t",
        "select a from t qualify row_number() over (order by a) = 1",
        "select a from t order by a fetch first 3 rows only",
    ],
)
def test_statements_of_one_engine_are_refused(text: str) -> None:
    assert complaints(text)


@pytest.mark.parametrize(
    "expression",
    [
        "cast(a as double) / nullif(cast(b as double), 0)",
        "cast(floor(cast(a as double) / 7) as integer)",
        "cast(date_trunc('month', created_at) as date)",
        "cast(m.month + interval '1' month as date)",
        "cast(due_on - issued_on as integer)",
        "count(*) filter (where a > 1)",
        "sum(a) over (partition by b order by c)",
    ],
)
def test_what_engines_understand_alike_passes(expression: str) -> None:
    assert complaints(f"select {expression} as y from t") == []  # noqa: S608 -- only parsed
