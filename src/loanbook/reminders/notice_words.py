"""The words of notices to operators, by language."""

from __future__ import annotations

from collections.abc import Mapping

NOTICES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "day_title": "The day {day} failed",
        "day_meaning": (
            "Not every step did all it should. If the book was not accepted, it still stands at "
            "an earlier day, and clients are not reminded."
        ),
        "day_command": "loanbook run --as-of {day}",
        "gate_title": "No reminders on {day}: the gate is closed",
        "gate_meaning": (
            "The day was done, but reminders of it would rest on data that are not sound. Nothing "
            "goes out to clients until that is mended and the day is run again."
        ),
        "gate_command": "loanbook quarantine list",
        "since": "Met first at {since}, the lender's time.",
        "why": "What failed",
        "look": "Where to look",
        "once": "This failure is told once, even if the day is tried again and fails the same way.",
    },
    "pt-BR": {
        "day_title": "O dia {day} falhou",
        "day_meaning": (
            "Nem toda etapa fez o que devia. Se a carteira não foi aceita, ela continua em um "
            "dia anterior, e os clientes não são lembrados."
        ),
        "day_command": "loanbook run --as-of {day}",
        "gate_title": "Sem lembretes em {day}: a trava está fechada",
        "gate_meaning": (
            "O dia foi feito, mas seus lembretes se apoiariam em dados que não são confiáveis. "
            "Nada sai para os clientes até que isso seja corrigido e o dia rode de novo."
        ),
        "gate_command": "loanbook quarantine list",
        "since": "Visto primeiro em {since}, hora da financeira.",
        "why": "O que falhou",
        "look": "Onde olhar",
        "once": "Esta falha é avisada uma vez, mesmo que o dia rode de novo e falhe igual.",
    },
}
