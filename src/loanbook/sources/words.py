"""What others call our columns and codes, in Portuguese and English: for guesses only."""

from __future__ import annotations

import re
import unicodedata

# Our columns → words by which others call them; the surest first.
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "clients": {
        "user_id": ("codigo cliente", "cod cliente", "id cliente", "cliente id", "client id",
                    "customer id", "customer number", "matricula", "cliente", "client", "customer",
                    "codigo", "cod", "id"),
        "created_at": ("data cadastro", "dt cadastro", "cadastrado em", "cadastro", "registered",
                       "registered at", "registration date", "data inclusao", "created", "data"),
        "status": ("situacao", "status cliente", "estado", "state", "client status"),
        "batch": ("safra", "lote", "onda", "coorte", "cohort", "turma", "campanha", "wave"),
        "credit_limit": ("limite credito", "limite", "limite aprovado", "limit", "credit line"),
        "interest_rate": ("taxa juros", "juros", "taxa", "taxa anual", "juros ano", "rate",
                          "annual rate", "interest"),
        "denied_reason": ("motivo negativa", "motivo", "motivo recusa", "motivo bloqueio",
                          "denial reason", "reason"),
        "denied_at": ("data negativa", "data recusa", "negado em", "data bloqueio", "bloqueado em",
                      "denied", "denial date", "blocked at"),
    },
    "contacts": {
        "user_id": ("codigo cliente", "cod cliente", "id cliente", "client id", "customer id",
                    "matricula", "cliente", "client", "customer", "codigo", "cod", "id"),
        "name": ("nome completo", "nome", "full name", "razao social", "nome cliente"),
        "email": ("e mail", "correio eletronico", "endereco eletronico", "mail"),
        "tax_id": ("cpf", "cnpj", "cpf cnpj", "documento", "tax number", "document"),
        "locale": ("idioma", "lingua", "language"),
        "phone": ("telefone", "celular", "fone", "telephone", "mobile", "cell"),
        "opted_out_at": ("descadastro", "optout", "opt out", "data descadastro", "unsubscribed"),
    },
    "loans": {
        "user_id": ("codigo cliente", "cod cliente", "id cliente", "client id", "customer id",
                    "cliente", "client", "customer", "tomador", "borrower", "matricula"),
        "loan_id": ("numero contrato", "contrato", "codigo contrato", "cod contrato", "id contrato",
                    "contract", "contract number", "emprestimo", "loan", "operacao", "loan number"),
        "created_at": ("data emissao", "emissao", "data contrato", "data contratacao", "issued",
                       "contratado em", "issue date", "start date", "liberado em", "data"),
        "due_at": ("vencimento", "data vencimento", "vence em", "due", "due date", "maturity"),
        "paid_at": ("data pagamento", "pago em", "quitado em", "data quitacao", "quitacao",
                    "pagamento", "paid", "payment date", "paid on"),
        "status": ("situacao", "estado", "state", "situacao contrato", "loan status"),
        "loan_amount": ("valor principal", "principal", "valor emprestado", "valor emprestimo",
                        "valor", "valor contrato", "amount"),
        "tax": ("iof", "imposto", "valor iof", "taxes"),
        "due_amount": ("valor devido", "total devido", "valor total", "total", "valor vencimento",
                       "amount due", "total due"),
        "amount_paid": ("valor pago", "pago", "total pago", "recebido", "valor recebido", "paid",
                        "paid amount", "amount received"),
    },
}  # fmt: skip

CODES: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("clients", "status"): {
        "approved": ("a", "ap", "s", "sim", "1", "ativo", "aprovado", "aprovada", "liberado", "ok",
                     "active", "approved", "yes", "y"),
        "denied": ("n", "ne", "nao", "0", "negado", "negada", "recusado", "bloqueado", "b",
                   "reprovado", "denied", "rejected", "blocked", "inativo", "no"),
    },
    ("loans", "status"): {
        "ongoing": ("a", "ab", "aberto", "em aberto", "ativo", "vigente", "em dia", "em andamento",
                    "open", "active", "ongoing", "current"),
        "paid": ("p", "q", "pg", "pago", "quitado", "liquidado", "paid", "settled", "closed"),
        "default": ("i", "d", "inadimplente", "atrasado", "em atraso", "vencido", "default",
                    "defaulted", "overdue"),
        "cancelled": ("c", "cancelado", "estornado", "cancelled", "canceled"),
        "written_off": ("w", "pr", "prejuizo", "baixado", "perda", "written off", "lost"),
    },
    ("clients", "denied_reason"): {
        "defaulter": ("inadimplente", "inadimplencia", "defaulter", "default"),
        "criminal_profile": ("fraude", "perfil criminal", "fraud", "criminal profile"),
    },
}  # fmt: skip
CENTS = ("centavos", "centavo", "cents", "cent", "ctvs")


def told(name: str) -> str:
    """A name in plain small words, so that names can be compared."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)
    words = re.sub(r"[^a-z0-9]+", " ", apart.lower()).split()
    return " ".join(
        word for word in words if word not in {"de", "do", "da", "dt", "of", "the", "r"}
    )
