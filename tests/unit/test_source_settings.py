"""Settings of sources: what may stand there, and how a message names what may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loanbook import settings
from loanbook.errors import BadSetting
from loanbook.sources.registry import transport

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT = """
[sources.shop.layouts.people]
kind = "contacts"
[sources.shop.layouts.people.columns]
user_id = "Nr"
name = ["First", "Last"]
email = "Mail"
"""


def read(home: Path, text: str) -> settings.Settings:
    (home / "loanbook.toml").write_text(text, "utf-8")
    return settings.load(home, {})


def test_a_source_says_where_how_and_what(tmp_path: Path) -> None:
    text = (
        '[sources.shop]\nfolder = "from/shop"\nfiles = "*.csv"\nfull = ["clients"]\n'
        'expected_by = "07:30"\nrequired = true\nids = "mapped"\nrange = [500, 600]\n' + LAYOUT
    )
    found = read(tmp_path, text).sources
    assert set(found) == {"main", "shop"}
    shop = found["shop"]
    assert shop.where is not None
    assert (shop.where.kind, shop.where.options, shop.where.key) == (
        "folder", {"address": "from/shop"}, "sources.shop.folder",
    )  # fmt: skip
    assert (shop.full, shop.taking.range, shop.taking.required) == (
        frozenset({"clients"}),
        (500, 600),
        True,
    )
    assert shop.layouts["people"].columns["name"] == ("First", "Last")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("sources = 1", "sources"),
        ("[sources.Shop]", "sources.Shop"),
        ("[sources.loanbook]", "sources.loanbook"),
        ('[sources.shop]\nfull = ["people"]', "sources.shop.full"),
        ("[sources.shop]\nfolder = 1", "sources.shop.folder"),
        ('[sources.shop]\nfolder = "a"\nurl = "b"', "sources.shop"),
        ("[sources.shop]\nsettle = -1", "sources.shop.settle"),
        ('[sources.shop]\nexpected_by = "7"', "sources.shop.expected_by"),
        ('[sources.shop]\ndated = "%d%m"', "sources.shop.dated"),
        ('[sources.shop]\nids = "mapped"', "sources.shop.range"),
        ("[sources.shop]\nrange = [9, 1]", "sources.shop.range"),
        ("[sources.a]\nrange = [1, 9]\n[sources.b]\nrange = [9, 20]", "sources.b.range"),
        ("[sources.shop]\nlargest = 0", "sources.shop.largest"),
        ("[sources.shop.layouts]\np = 1", "sources.shop.layouts.p"),
        ("[sources.shop.layouts.p]", "sources.shop.layouts.p.kind"),
        ('[sources.shop.layouts.p]\nkind = "people"', "sources.shop.layouts.p.kind"),
        (
            '[sources.shop.layouts.p]\nkind = "loans"\ndecimal = "x"',
            "sources.shop.layouts.p.decimal",
        ),
        ('[sources.shop.layouts.p]\nkind = "contacts"', "sources.shop.layouts.p.columns"),
        (LAYOUT + 'nickname = "N"', "sources.shop.layouts.people.columns.nickname"),
        (LAYOUT + "phone = 3", "sources.shop.layouts.people.columns.phone"),
        (
            LAYOUT + '[sources.shop.layouts.people.units]\nemail = "cents"',
            "sources.shop.layouts.people.units.email",
        ),
        (
            LAYOUT + '[sources.shop.layouts.people.codes]\nlocale = "x"',
            "sources.shop.layouts.people.codes.locale",
        ),
    ],
)
def test_a_message_names_the_key(text: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refused:
        read(tmp_path, text)
    assert refused.value.facts["key"] == key


def test_a_place_that_nobody_knows_is_named_when_it_is_used(tmp_path: Path) -> None:
    where = read(tmp_path, '[sources.shop]\npigeon = "loft"').sources["shop"].where
    assert where is not None
    with pytest.raises(BadSetting, match=r"sources\.shop\.pigeon .* places are .*folder"):
        transport(where)


def test_a_folder_has_to_be_named(tmp_path: Path) -> None:
    where = read(tmp_path, "[sources.shop.folder]\ndeep = false").sources["shop"].where
    assert where is not None
    with pytest.raises(BadSetting, match=r"sources\.shop\.folder"):
        transport(where)


def test_a_place_is_not_shown(tmp_path: Path) -> None:
    text = '[sources.shop]\nfolder = { address = "hidden place" }'
    where = read(tmp_path, text).sources["shop"].where
    assert where is not None
    assert "hidden" not in repr(where)
