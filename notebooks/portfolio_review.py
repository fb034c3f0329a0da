# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Portfolio review
#
# A lender issues loans of 90 days without instalments: clients pay at the pace that suits them, and
# what a loan costs is fixed when it is issued. This is the story of the operation as its book tells
# it: what the data are, the six questions that the operation asked, and what to take away.
#
# Nothing here is typed in. Each figure comes from one SQL text of `src/loanbook/sql/questions`, asked
# of a snapshot of the book by DuckDB, without a database server. `loanbook snapshot` writes the
# snapshot; `make notebook` runs this page anew.

# %%
import os
from pathlib import Path

from IPython.display import Image, Markdown, display

from loanbook.portfolio import answers, catalogue, charts, lake, pictures, wording

snapshot = Path(os.environ.get("LOANBOOK_LAKE", "../workspace/lake"))
money = wording.Money("BRL")
opened = lake.opened(snapshot)
book = opened.__enter__()
findings = {}


def say(text):
    """Markdown, in which a currency sign begins no formula."""
    display(Markdown(text.replace("$", "\\$")))


def table(rows):
    """Rows as a table."""
    names = list(rows[0]) if rows else []
    lines = [names, ["---"] * len(names), *([str(v) for v in row.values()] for row in rows)]
    say("\n".join("| " + " | ".join(line) + " |" for line in lines))


def answer(name):
    """A question: its definition, its picture, what was tested, what to mind."""
    told = answers.ask(book, catalogue.find(name))
    picture = charts.draw(told, money)
    findings[name] = picture.finding
    say(f"*{told.question.definition}*")
    display(Image(pictures.png(picture.wide, scale=1), alt=picture.text))
    said = [told.comparison.sentence] if told.comparison else []
    say("\n\n".join([*said, *told.notes]))
    return told


say(f"The book as of **{wording.day(book.as_of)}**: what happened before that day counts.")

# %% [markdown]
# ## The data
#
# Two tables: clients, won in batches, each with a credit limit and an interest rate; and their loans,
# each paid, ongoing or in default. Times are the lender's wall time. There are no names in a snapshot.

# %%
table(
    book.rows("""
    select
        c.status,
        coalesce(c.denied_reason, '') as denied_reason,
        count(*) as clients,
        min(c.batch) as first_batch,
        max(c.batch) as last_batch
    from clients as c
    group by 1, 2
    order by 1, 2
    """)
)

# %%
table(
    book.rows("""
    select
        l.status,
        count(*) as loans,
        count(l.paid_at) as with_paid_at,
        min(l.issued_on) as first_issued,
        max(l.issued_on) as last_issued,
        cast(sum(l.loan_amount) as decimal(18, 2)) as loan_amount,
        cast(sum(l.amount_paid) as decimal(18, 2)) as amount_paid
    from loans as l
    group by 1
    order by 1
    """)
)

# %% [markdown]
# ### What is odd about them
#
# Some reasons of denial are spelled as the source spells them, and stay so. `paid_at` is blank on all
# loans that are not paid. A default denies the client, so loans of denied clients are no error: the
# denial came later. Two more oddities decide how the questions must be asked: many clients never
# borrowed, so a join would lose them; and no loan that is not yet due has been paid at all, so the
# latest months hold neither repayments nor defaults.

# %%
table(
    book.rows("""
    select 'clients without a loan' as what, count(*) as how_many
    from clients as c
    where not exists (select 1 from loans as l where l.user_id = c.user_id)
    union all
    select 'loans of clients that are denied by now', count(*)
    from loans as l
    where exists (select 1 from clients as c where c.user_id = l.user_id and c.status = 'denied')
    union all
    select 'loans without paid_at', count(*) from loans as l where l.paid_at is null
    union all
    select 'loans due on the day asked or later', count(*)
    from loans as l cross join asked as a where l.due_on >= a.as_of
    union all
    select 'of these, paid', count(*)
    from loans as l cross join asked as a where l.due_on >= a.as_of and l.status = 'paid'
    union all
    select 'loans above the limit of the client', count(*)
    from loans as l inner join clients as c on l.user_id = c.user_id
    where l.loan_amount > c.credit_limit
    """)
)

# %% [markdown]
# ## At a glance

# %%
glance = answer("book_at_a_glance")

# %% [markdown]
# ## 1. Which month was best for issuing loans?
#
# Told by number and by amount. The month in which the book stands is not over: it is pale and dashed,
# and must not be read as a decline.

# %%
months = answer("issuance_by_month")

# %% [markdown]
# ## 2. Which batch had the best adherence?
#
# Adherence means clients that got loans. Of which clients, has to be said: of all, or of those that
# are approved today. Both are shown, each with its interval; a ratio of borrowers to approved clients
# can pass 100 % and is no share.

# %%
batches = answer("adherence_by_batch")

# %% [markdown]
# ## 3. Do different interest rates lead to different default rates?
#
# A loan that is still open cannot have defaulted. The rate of issued loans, as the operation defines
# it, is therefore low by as much as is open; the rate of matured loans beside it is not.

# %%
rates = answer("default_by_interest_rate")

# %% [markdown]
# ## 4. The ten best and the ten worst clients
#
# The score is money: what a client brought in on closed loans, and what early repayment is worth. Its
# parts are shown, ties are broken by number, and it can be computed again by anyone.

# %%
clients = answer("client_ranking")

# %% [markdown]
# ## 5. The default rate by month and batch
#
# Each cell says of how many loans it speaks: a cell of three loans is an anecdote. Seasons that still
# have open loans get no colour, because their 0 % is not an improvement.

# %%
seasons_and_batches = answer("default_by_month_and_batch")

# %% [markdown]
# ## 6. Is the operation profitable, and how did that develop?
#
# Repaid principal is no revenue, the tax is the state's, and part payments on open loans are neither
# gain nor loss. So profit is told on the closed book: by the month in which its loans were issued, and
# by the month in which they closed.

# %%
profit = answer("profitability_timeline")

# %% [markdown]
# ## What a lender asks next
#
# How much of what is owed is late, what became of it within a month, how seasons mature, whether money
# comes in as it falls due, and how much hangs on few clients.

# %%
arrears = answer("portfolio_at_risk")

# %%
rolled = answer("roll_rates")

# %%
seasons = answer("seasons")

# %%
collections = answer("collections_by_month")

# %%
concentration = answer("concentration")

# %% [markdown]
# ## What to take away

# %%
lines = [f"- {finding.title}." for finding in findings.values()]
say("\n".join(lines))
cautions = [f"- {finding.caution}" for finding in findings.values() if finding.caution]
say("What must be kept in mind with it:\n\n" + "\n".join(cautions))
_ = opened.__exit__(None, None, None)

# %% [markdown]
# Whether lending pays is answered by the closed book; how many default, by loans that have matured;
# and differences between batches or rates are only worth acting on where a test finds them and their
# size matters. What the book cannot tell is the cost of funds and of running the operation: both come
# off the gain above.
