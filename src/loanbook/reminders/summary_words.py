"""The words of the weekly summary and of notices, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What the summary says in one language.

    Attributes:
        locale: of its figures and dates.
        parts: headings by part of the letter.
        figures: by name of a figure, what it is called and what it means.
        pictures: by name of a picture, its heading.
        said: sentences and labels by name.
    """

    locale: str
    parts: Mapping[str, str]
    figures: Mapping[str, tuple[str, str]]
    pictures: Mapping[str, str]
    said: Mapping[str, str]


_ENGLISH = Words(
    locale="en",
    parts={
        "lending": "New lending",
        "money": "Money",
        "default": "Defaults",
        "book": "Open book",
        "operation": "Operation",
    },
    figures={
        "loans": ("Loans issued", "Loans issued in the week."),
        "principal": ("Principal lent", "Principal of the loans issued in the week."),
        "adherence": ("Adherence", "Clients with at least one loan, of all clients."),
        "amount_received": (
            "Received in cash",
            "Money that came in, by the day from which it counts; money without a day is left out.",
        ),
        "paid_loans": ("Loans paid off", "Loans paid in full in the week."),
        "on_time_share": ("Paid on time", "Of these loans, those paid by their due day."),
        "net_gain": (
            "Realised profit",
            "What the gain of the closed book (paid less principal and tax) grew by.",
        ),
        "default_loans": (
            "Newly defaulted",
            "Loans that fell due in the week and are in default.",
        ),
        "default_principal": ("Their principal", "Principal of the newly defaulted loans."),
        "default_balance": ("Unpaid of them", "What is still owed on the newly defaulted loans."),
        "matured_default_rate": (
            "Default rate, matured",
            "Defaulted of all loans issued in months of which no loan is open any more.",
        ),
        "ongoing_loans": ("Open loans", "Loans open at the end of the week."),
        "ongoing_balance": ("Open balance", "What is owed on the open loans."),
        "coming_loans": ("Due next 7 days", "Open loans due in the seven days after the week."),
        "coming_balance": ("Their balance", "What is owed on the loans due in these days."),
        "letters_sent": ("Letters sent", "Letters to clients that were handed over."),
        "letters_bounced": ("Letters bounced", "Of these letters, those that came back."),
        "letters_suppressed": (
            "Letters suppressed",
            "Letters held back, because the address is refused.",
        ),
        "quarantined_lines": (
            "Lines in quarantine",
            "Lines of files that were refused and not settled by the end of the week.",
        ),
        "failed_runs": ("Runs that failed", "Days of the week whose run failed at least once."),
    },
    pictures={
        "principal": "Principal lent",
        "amount_received": "Received in cash",
        "default_balance": "Unpaid of newly defaulted",
        "net_gain": "Realised profit",
    },
    said={
        "subject": "Loanbook: week {number} of {year}",
        "title": "Week {number} of {year}",
        "headline": (
            "{loans} loans were issued for {principal}; {amount_received} came in; {default_loans} "
            "loans defaulted; the realised profit is {net_gain}."
        ),
        "partial": (
            "The book stands at {stands}; what happened from that day on is not in these figures."
        ),
        "week": "Week",
        "figure": "Figure",
        "week_before": "before",
        "year_ago": "year ago",
        "year_ago_of": "Year ago: week {week}",
        "line": "8 weeks",
        "line_alt": "{first} to {last}",
        "n": "of {n}",
        "axis": "ISO week (dashed: a year ago)",
        "picture_alt": "{name}: {value} this week, {before} the week before, {ago} a year ago.",
        "attached": ("Attached: the full report at the end of the week, and these figures as CSV."),
        "meanings": "What the figures mean",
        "how": (
            "Weeks run from Monday to Sunday. Amounts are in {symbol}; mi means million. Figures "
            "are by what the book knows now."
        ),
        "none": "none",
    },
)
_PORTUGUESE = Words(
    locale="pt_BR",
    parts={
        "lending": "Novos empréstimos",
        "money": "Dinheiro",
        "default": "Inadimplência",
        "book": "Carteira aberta",
        "operation": "Operação",
    },
    figures={
        "loans": ("Empréstimos", "Empréstimos concedidos na semana."),
        "principal": ("Principal concedido", "Principal dos empréstimos concedidos na semana."),
        "adherence": ("Adesão", "Clientes com ao menos um empréstimo, entre todos os clientes."),
        "amount_received": (
            "Recebido em caixa",
            "Dinheiro que entrou, pelo dia em que conta; valores sem data ficam de fora.",
        ),
        "paid_loans": ("Quitados", "Empréstimos quitados na semana."),
        "on_time_share": ("Quitados em dia", "Destes, os quitados até o vencimento."),
        "net_gain": (
            "Lucro realizado",
            "Quanto cresceu o ganho da carteira encerrada (pago menos principal e imposto).",
        ),
        "default_loans": (
            "Novos inadimplentes",
            "Empréstimos que venceram na semana e estão inadimplentes.",
        ),
        "default_principal": ("Principal deles", "Principal dos novos inadimplentes."),
        "default_balance": ("Não pago deles", "Quanto ainda se deve dos novos inadimplentes."),
        "matured_default_rate": (
            "Taxa das safras encerradas",
            "Inadimplentes entre os empréstimos dos meses em que nenhum continua aberto.",
        ),
        "ongoing_loans": ("Em aberto", "Empréstimos abertos no fim da semana."),
        "ongoing_balance": ("Saldo em aberto", "Quanto se deve dos empréstimos abertos."),
        "coming_loans": (
            "Vencem em 7 dias",
            "Empréstimos abertos que vencem nos sete dias após a semana.",
        ),
        "coming_balance": ("Saldo deles", "Quanto se deve dos que vencem nesses dias."),
        "letters_sent": ("Cartas enviadas", "Cartas a clientes que foram entregues ao correio."),
        "letters_bounced": ("Cartas devolvidas", "Destas, as que voltaram."),
        "letters_suppressed": (
            "Cartas suprimidas",
            "Cartas retidas porque o endereço é recusado.",
        ),
        "quarantined_lines": (
            "Linhas em quarentena",
            "Linhas de arquivos recusadas e não resolvidas até o fim da semana.",
        ),
        "failed_runs": (
            "Rodadas com falha",
            "Dias da semana cuja rodada falhou ao menos uma vez.",
        ),
    },
    pictures={
        "principal": "Principal concedido",
        "amount_received": "Recebido em caixa",
        "default_balance": "Inadimplência nova",
        "net_gain": "Lucro realizado",
    },
    said={
        "subject": "Loanbook: semana {number} de {year}",
        "title": "Semana {number} de {year}",
        "headline": (
            "{loans} empréstimos concedidos, no total de {principal}; entraram {amount_received}; "
            "{default_loans} ficaram inadimplentes; o lucro realizado é de {net_gain}."
        ),
        "partial": (
            "A carteira está em {stands}; o que houve desse dia em diante não está nestes números."
        ),
        "week": "Semana",
        "figure": "Indicador",
        "week_before": "anterior",
        "year_ago": "há um ano",
        "year_ago_of": "Há um ano: semana {week}",
        "line": "8 semanas",
        "line_alt": "{first} a {last}",
        "n": "de {n}",
        "axis": "semana ISO (tracejado: há um ano)",
        "picture_alt": "{name}: {value} nesta semana, {before} na anterior, {ago} há um ano.",
        "attached": (
            "Em anexo: o relatório completo no fim da semana (em inglês) e estes números em CSV."
        ),
        "meanings": "O que os números significam",
        "how": (
            "As semanas vão de segunda a domingo. Valores em {symbol}; mi significa milhões. Os "
            "números seguem o que a carteira sabe agora."
        ),
        "none": "nenhum",
    },
)
_LANGUAGES = {"en": _ENGLISH, "pt-BR": _PORTUGUESE}


def words(language: str) -> Words:
    """The words of a language of loanbook.toml."""
    return _LANGUAGES[language]
