"""The book of a shop, as foreign as they come: docs/examples, which a how-to page brings in.

It is the smallest demo portfolio in one workbook: Portuguese names and codes, decimal commas in
texts, IOF in cents, dates that are dates of Excel on one sheet and texts on another, and a title
above the names of the columns.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl

from loanbook.demo import write

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = {"approved": "A", "denied": "N"}
LOAN = {"ongoing": "Em aberto", "paid": "Quitado", "default": "Em cobrança"}
REASON = {
    "": "",
    "defaulter": "Inadimplência",
    "criminal_profile": "Perfil suspeito",
    "money_loundry": "Lavagem de dinheiro",
    "acccount_take_over": "Conta tomada",
}


def main(folder: Path) -> Path:
    """Write the workbook into a folder."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), scale=0.001)
        rows = {
            kind: list(_read(Path(name) / f"{kind}.csv"))
            for kind in ("clients", "contacts", "loans")
        }
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    book.properties.created = book.properties.modified = datetime(2024, 1, 25)  # noqa: DTZ001
    page = book.create_sheet("Clientes")
    page.append(["Loja do Bairro: carteira de clientes"])
    page.append([
        "Cód. Cliente", "Data de Cadastro", "Situação", "Grupo", "Limite de Crédito",
        "Taxa Anual", "Motivo da Negativa", "Data da Negativa", "Vendedor",
    ])  # fmt: skip
    for row in rows["clients"]:
        page.append([
            int(row["user_id"]), _date(row["created_at"]), STATUS[row["status"]], int(row["batch"]),
            _comma(row["credit_limit"]), _comma(row["interest_rate"]), REASON[row["denied_reason"]],
            _date(row["denied_at"]), "balcão",
        ])  # fmt: skip
    page = book.create_sheet("Contatos")
    page.append(["Cód. Cliente", "Nome Completo", "E-mail", "CPF", "Idioma", "Celular"])
    for row in rows["contacts"]:
        page.append([
            int(row["user_id"]),
            *(row[name] for name in ("name", "email", "tax_id", "locale", "phone")),
        ])  # fmt: skip
    page = book.create_sheet("Contratos")
    page.append([
        "Contrato", "Cód. Cliente", "Emissão", "Vencimento", "Data de Quitação", "Situação",
        "Valor Principal", "IOF (centavos)", "Valor Devido", "Valor Pago",
    ])  # fmt: skip
    for row in rows["loans"]:
        page.append([
            int(row["loan_id"]), int(row["user_id"]), _text(row["created_at"]),
            _text(row["due_at"]), _text(row["paid_at"]),
            LOAN[row["status"]], _comma(row["loan_amount"]),
            int(Decimal(row["tax"]) * 100), _comma(row["due_amount"]), _comma(row["amount_paid"]),
        ])  # fmt: skip
    path = folder / "loja-2024-01-25.xlsx"
    folder.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def _read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _date(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%d/%m/%Y %H:%M:%S") if text else ""


def _comma(text: str) -> str:
    whole, _, decimals = f"{Decimal(text):,.2f}".partition(".")
    return f"{whole.replace(',', '.')},{decimals}"


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(__file__).parent / 'examples')}\n")
