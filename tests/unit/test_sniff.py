"""Sniffing: what a foreign file seems to be, and what that is unsure of."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, LOANS, csv_text
from tests.foreign import delivered, typed, xlsx, zipped

from loanbook import settings
from loanbook.errors import FormatRefused
from loanbook.sources import toml
from loanbook.sources.sniff import Proposal, sniff

if TYPE_CHECKING:
    from pathlib import Path


def sniffed(folder: Path, text: str | bytes, name: str = "file.csv") -> Proposal:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    [found] = sniff(path)
    return found


def doubts(found: Proposal) -> dict[str, str]:
    return dict(found.unsure)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "csv.zst", "zip", "xlsx", "ndjson", "parquet"])
@pytest.mark.parametrize(
    ("kind", "lines"), [("clients", CLIENTS), ("contacts", CONTACTS), ("loans", LOANS)]
)
def test_files_like_ours_are_known_in_any_shape(
    form: str, kind: str, lines: tuple[object, ...], tmp_path: Path
) -> None:
    [found] = sniff(delivered(form, tmp_path, kind, lines))  # type: ignore[arg-type]
    assert (found.kind, found.is_ours, found.left) == (kind, True, [])


def test_portuguese_names_commas_codes_and_cents(tmp_path: Path) -> None:
    found = sniffed(
        tmp_path,
        "Nr. Contrato;Cod. Cliente;Dt. Emissao;Vencimento;Quitado em;Situacao;Valor Principal;"
        "IOF (centavos);Total Devido;Valor Pago;Loja\n"
        "1;7;25/01/2024;24/04/2024;;AB;1.000,50;1118;1.100,00;0,00;Centro\n"
        "2;8;13/12/2023;12/03/2024;20/02/2024;QT;500,00;559;550,00;550,00;Norte\n",
    )
    assert (found.kind, found.decimal, found.dates) == ("loans", ",", ["%d/%m/%Y"])
    assert found.columns == {
        "user_id": "Cod. Cliente", "loan_id": "Nr. Contrato", "created_at": "Dt. Emissao",
        "due_at": "Vencimento", "paid_at": "Quitado em", "status": "Situacao",
        "loan_amount": "Valor Principal", "tax": "IOF (centavos)", "due_amount": "Total Devido",
        "amount_paid": "Valor Pago",
    }  # fmt: skip
    assert (found.units, found.left) == ({"tax": "cents"}, ["Loja"])
    assert found.codes == {"status": {"AB": "ongoing", "QT": ""}}
    assert doubts(found)["status"].startswith("what does QT mean")


def test_doubts_are_told(tmp_path: Path) -> None:
    found = sniffed(
        tmp_path,
        "customer;registered;state;limit;annual rate\nK-1;01/02/2023;Y;250000;0.2\n"
        "K-2;03/04/2023;Z;300000;0.35\n",
    )
    told = doubts(found)
    assert (found.kind, found.ids, found.units) == (
        "clients",
        "mapped",
        {"interest_rate": "fraction"},
    )
    assert told[""] == "no date tells whether the day or the month comes first"
    assert "cents?" in told["credit_limit"]
    assert "a part of 1" in told["interest_rate"]
    assert "what does Z mean" in told["status"]
    assert found.constants == {"batch": "1", "denied_reason": "", "denied_at": ""}


def test_the_line_of_names_is_found_under_a_title(tmp_path: Path) -> None:
    text = "Report of the shop\nas of today\n" + csv_text("contacts", CONTACTS)
    found = sniffed(tmp_path, text)
    assert (found.reading, found.kind) == ({"header": 3}, "contacts")


def test_each_sheet_and_each_file_of_an_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        zipped(
            {
                "x/people.csv": csv_text("contacts", CONTACTS).encode(),
                "loans.xlsx": xlsx(typed("loans", LOANS)),
            }
        )
    )
    assert [one.kind for one in sniff(path)] == ["contacts", "loans"]


def test_what_is_proposed_is_settings_whatever_the_names_are(tmp_path: Path) -> None:
    found = sniffed(tmp_path, 'Cód "Cliente";Nome\\Social;E-mail;#\n1;Ana;a@example.com;x\n')
    text = toml.written([found], "shop", 'a "b"\\c', "*.csv")
    (tmp_path / "loanbook.toml").write_text(text, "utf-8")
    read = settings.load(tmp_path, {}).sources["shop"]
    assert read.layouts["contacts"].columns["user_id"] == ('Cód "Cliente"',)
    assert tomllib.loads(text)["sources"]["shop"]["folder"] == 'a "b"\\c'


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xd0\xcf\x11\xe0" + b"\0" * 99])
def test_what_cannot_be_read_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FormatRefused, match="x cannot be read as"):
        sniff(tmp_path / "x")
