"""Files come from a web server: whole, the right ones, and only from where they should."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.servers import asked
from tests.servers.web import Site, web_server
from tests.servers.wire import wire_to

from loanbook.errors import (
    BadSetting,
    OfferGone,
    SourceDenied,
    SourceError,
    SourceStrays,
    SourceUnavailable,
    SourceUntrusted,
)
from loanbook.settings.sources import Where
from loanbook.sources.contract import Offer
from loanbook.sources.transports import url

BODY = b"".join(b"%d;a line of a file\n" % number for number in range(100_000))
PATH = "/out/loans.csv"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with web_server(tmp_path / "tls") as made:
        made.files[PATH] = BODY
        yield made


def where(site: Site, home: Path, options: Mapping[str, object], files: str = "*") -> Where:
    given = {"address": f"https://127.0.0.1:{site.port}{PATH}", "timeout": 5}
    return asked.where("url", home, given | {"ca_file": str(site.ca)} | dict(options), files)


def offered(site: Site, home: Path, files: str = "*", /, **options: object) -> list[Offer]:
    return asked.offered(url.make, where(site, home, options, files))


def fetched(site: Site, home: Path, offer: Offer, /, **options: object) -> bytes:
    return asked.fetched(url.make, where(site, home, options), offer)


def test_one_file_is_offered_and_fetched(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    assert (offer.name, offer.size) == ("loans.csv", len(BODY))
    assert offer.changed_at is not None
    assert offer.mark
    assert fetched(site, tmp_path, offer) == BODY


def test_what_the_server_does_not_know_is_left_open(site: Site, tmp_path: Path) -> None:
    site.heads = site.etags = site.dates = False
    [offer] = offered(site, tmp_path)
    assert offer == Offer("loans.csv", len(BODY), "", None)
    assert fetched(site, tmp_path, offer) == BODY


def test_a_file_is_known_by_its_time_of_change(site: Site, tmp_path: Path) -> None:
    site.etags = False
    [offer] = offered(site, tmp_path)
    site.files[PATH] = BODY + b"more"
    assert offered(site, tmp_path)[0].mark != offer.mark
    with pytest.raises(OfferGone, match="replaced"):
        fetched(site, tmp_path, offer)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_file_is_fetched_to_its_end_without_a_double_byte(
    site: Site, tmp_path: Path, *, ranges: bool
) -> None:
    site.ranges = ranges
    with wire_to(site.port) as wire:
        address = f"https://127.0.0.1:{wire.port}{PATH}"
        [offer] = offered(site, tmp_path, address=address)
        wire.budgets = [1_000_000, 700_000]
        for _ in range(2):
            with pytest.raises(SourceUnavailable, match="cut"):
                fetched(site, tmp_path, offer, address=address)
            assert 0 < (tmp_path / "part").stat().st_size < len(BODY)
        assert fetched(site, tmp_path, offer, address=address) == BODY
    parts = [one[2] for one in site.asked if one[0] == "GET"]
    assert parts[0] is None
    assert None not in parts[1:]


def test_a_file_that_was_whole_already_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    (tmp_path / "part").write_bytes(BODY)
    site.asked.clear()
    assert fetched(site, tmp_path, offer) == BODY
    assert site.asked == []


def test_a_beginning_that_is_too_long_is_forgotten(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    (tmp_path / "part").write_bytes(BODY + b"?")
    assert fetched(site, tmp_path, offer) == BODY


def test_a_file_replaced_before_it_was_fetched_is_not_taken(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    site.files[PATH] = BODY[::-1]
    with pytest.raises(OfferGone, match="replaced"):
        fetched(site, tmp_path, offer)
    assert fetched(site, tmp_path, offered(site, tmp_path)[0]) == BODY[::-1]


def test_a_file_replaced_between_two_tries_does_not_become_half_of_each(
    site: Site, tmp_path: Path
) -> None:
    with wire_to(site.port) as wire:
        address = f"https://127.0.0.1:{wire.port}{PATH}"
        [offer] = offered(site, tmp_path, address=address)
        wire.budgets = [500_000]
        with pytest.raises(SourceUnavailable):
            fetched(site, tmp_path, offer, address=address)
        site.files[PATH] = BODY[::-1]
        with pytest.raises(OfferGone):
            fetched(site, tmp_path, offer, address=address)
    assert (tmp_path / "part").read_bytes() == b""


def test_a_file_replaced_while_it_is_sent_is_whole_or_refused(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    site.midway = lambda: site.files.update({PATH: b"short"})
    assert fetched(site, tmp_path, offer) == BODY
    with pytest.raises(OfferGone):
        fetched(site, tmp_path / "..", offer)


def test_a_file_that_is_gone(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    site.files.clear()
    with pytest.raises(OfferGone, match="404"):
        fetched(site, tmp_path, offer)
    with pytest.raises(SourceUnavailable, match="404"):
        offered(site, tmp_path)


def test_an_index_page_is_read(site: Site, tmp_path: Path) -> None:
    site.files |= {"/out/a b#1%.csv": b"1", "/out/deep/c.csv": b"2", "/d.csv": b"3"}
    site.files["/out/"] = site.index("/out/") + b"<a href='https://example.org/e.csv'>e</a>"
    options = {"address": f"https://127.0.0.1:{site.port}/out/", "listing": "index"}
    found = {offer.name: offer for offer in offered(site, tmp_path, **options)}
    assert set(found) == {"loans.csv", "a b#1%.csv"}
    marks = {o.name: o.mark for o in offered(site, tmp_path, "lo*", **options)}
    assert set(marks) == set(found)  # others may be markers, but nobody asked for theirs
    assert [name for name, mark in marks.items() if mark] == ["loans.csv"]
    transport = url.make(where(site, tmp_path, options))
    found = {offer.name: offer for offer in transport.offers()}
    transport.fetch(found["a b#1%.csv"], tmp_path / "part")
    transport.close()
    assert (tmp_path / "part").read_bytes() == b"1"


def sums(files: dict[str, bytes]) -> str:
    return "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items())


def as_json(files: dict[str, bytes]) -> str:
    told = [
        {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in files.items()
    ]
    return json.dumps(told)


@pytest.mark.parametrize("write", [sums, as_json, "\n".join, lambda files: json.dumps(list(files))])
def test_a_manifest_is_read(
    site: Site, tmp_path: Path, write: Callable[[dict[str, bytes]], str]
) -> None:
    files = {"loans.csv": BODY, "days/25 %.csv": b"1"}
    site.files |= {f"/out/{name}": body for name, body in files.items()}
    site.files["/out/list"] = write(files).encode()
    options = {"address": f"https://127.0.0.1:{site.port}/out/list", "listing": "manifest"}
    transport = url.make(where(site, tmp_path, options))
    for offer in transport.offers():
        (tmp_path / "part").unlink(missing_ok=True)
        transport.fetch(offer, tmp_path / "part")
        assert (tmp_path / "part").read_bytes() == files.pop(offer.name)
    transport.close()
    assert files == {}


def test_what_the_manifest_tells_must_be_so(site: Site, tmp_path: Path) -> None:
    site.files["/out/list"] = sums({"loans.csv": b"another"}).encode()
    options = {"address": f"https://127.0.0.1:{site.port}/out/list", "listing": "manifest"}
    [offer] = offered(site, tmp_path, **options)
    with pytest.raises(OfferGone, match="digest"):
        fetched(site, tmp_path, offer, **options)
    site.files["/out/list"] = as_json({"loans.csv": BODY + b"the other half"}).encode()
    [offer] = offered(site, tmp_path, **options)
    with pytest.raises(SourceUnavailable, match="ended after"):
        fetched(site, tmp_path, offer, **options)


def test_a_beginning_of_another_version_is_found_out_by_the_digest(
    site: Site, tmp_path: Path
) -> None:
    site.files["/out/list"] = sums({"loans.csv": BODY}).encode()
    address = f"https://127.0.0.1:{site.port}/out/list"
    transport = url.make(where(site, tmp_path, {"address": address, "listing": "manifest"}))
    [offer] = transport.offers()
    (tmp_path / "part").write_bytes(BODY[:1000][::-1])
    transport.fetch(offer, tmp_path / "part")
    transport.close()
    assert (tmp_path / "part").read_bytes() == BODY


@pytest.mark.parametrize(
    "manifest",
    ["../etc/x.csv", "https://example.org/x.csv", '{"name": "x"}', "[1]", '["x"', "/x.csv", "a//b",
     '[{"name": "x", "size": -1}]', '[{"name": "x", "sha256": "12"}]', "a/./b"],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(site: Site, tmp_path: Path, manifest: str) -> None:
    site.files["/out/list"] = manifest.encode()
    address = f"https://127.0.0.1:{site.port}/out/list"
    with pytest.raises(SourceError, match="its manifest"):
        offered(site, tmp_path, address=address, listing="manifest")


def test_a_listing_of_ten_thousand_files(site: Site, tmp_path: Path) -> None:
    files = {f"loans_{number:05}.csv": b"%d" % number for number in range(10_000)}
    site.files |= {f"/out/{name}": body for name, body in files.items()}
    site.files["/out/list"] = sums(files).encode()
    site.files["/out/"] = site.index("/out/")
    address = f"https://127.0.0.1:{site.port}/out/list"
    found = offered(site, tmp_path, address=address, listing="manifest")
    assert len({offer.name for offer in found}) == len(files)
    address = f"https://127.0.0.1:{site.port}/out/"
    found = offered(site, tmp_path, "loans_0012?.csv", address=address, listing="index")
    assert len([offer for offer in found if offer.mark]) == 10


def test_wrong_credentials(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.login = ("reader", "right one")
    monkeypatch.setenv("PARTNER_PASSWORD", "wrong one")
    with pytest.raises(SourceDenied, match="401") as denied:
        offered(site, tmp_path, user="reader", password_env="PARTNER_PASSWORD")
    assert "wrong one" not in f"{denied.value}{denied.value!r}"
    (tmp_path / "password").write_text("right one\n", "utf-8")
    assert offered(site, tmp_path, user="reader", password_file="password")


def test_a_token(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.token = "abc"
    monkeypatch.setenv("PARTNER_TOKEN", "abc")
    assert offered(site, tmp_path, token_env="PARTNER_TOKEN", token_header="X-Token")
    with pytest.raises(SourceDenied):
        offered(site, tmp_path, token_env="PARTNER_TOKEN")


def test_a_certificate_of_our_own(tmp_path: Path) -> None:
    with web_server(tmp_path / "tls", asks_for_certificate=True) as site:
        site.files[PATH] = BODY
        assert offered(site, tmp_path, certificate_file="tls/client.pem")
        with pytest.raises(SourceUnavailable):
            offered(site, tmp_path)


@pytest.mark.parametrize("status", [403, 407])
def test_a_server_that_does_not_let_us_in(site: Site, tmp_path: Path, status: int) -> None:
    site.status = status
    with pytest.raises(SourceDenied, match=str(status)):
        offered(site, tmp_path)


@pytest.mark.parametrize("status", [418, 429, 500, 503])
def test_a_server_with_troubles_of_its_own(site: Site, tmp_path: Path, status: int) -> None:
    site.status = status
    with pytest.raises(SourceUnavailable, match=str(status)):
        offered(site, tmp_path)


def test_a_host_that_is_down(site: Site, tmp_path: Path) -> None:
    with wire_to(site.port) as wire:
        gone = wire.port
    with pytest.raises(SourceUnavailable, match="no connection"):
        offered(site, tmp_path, address=f"https://127.0.0.1:{gone}/x.csv")
    with pytest.raises(SourceUnavailable, match="nobody knows"):
        offered(site, tmp_path, address="https://nobody.invalid/x.csv")


def test_a_certificate_that_nobody_vouches_for(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SourceUntrusted, match="certificate"):
        offered(site, tmp_path, ca_file=None)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "another.pem"))
    with pytest.raises(SourceUntrusted, match="certificate"):
        offered(site, tmp_path, ca_file="another.pem")
    assert site.asked == []


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    with (
        web_server(tmp_path / "tls", name="files.example.org") as site,
        pytest.raises(SourceUntrusted, match="certificate"),
    ):
        offered(site, tmp_path)


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "http://127.0.0.1/x", "ftp://127.0.0.1/x", "data:,x", "https://[::1/",
     "https://169.254.169.254/latest", "https://10.0.0.1/x", "https://127.0.0.1:1/x"],
)  # fmt: skip
def test_the_server_may_not_lead_us_elsewhere(site: Site, tmp_path: Path, to: str) -> None:
    site.moved[PATH] = to
    with pytest.raises(SourceStrays):
        offered(site, tmp_path)


def test_redirects_within_the_house_are_followed_but_not_for_ever(
    site: Site, tmp_path: Path
) -> None:
    site.files["/new/loans.csv"] = BODY
    site.moved[PATH] = "/new/loans.csv"
    [offer] = offered(site, tmp_path)
    assert fetched(site, tmp_path, offer) == BODY
    site.moved[PATH] = PATH
    with pytest.raises(SourceStrays, match="again and again"):
        offered(site, tmp_path)


def test_a_named_host_may_be_led_to_but_is_told_no_password(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNER_TOKEN", "abc")
    with web_server(tmp_path / "other") as other:
        other.files["/x.csv"] = b"1"
        both = tmp_path / "both.pem"
        both.write_bytes(b"".join(p.read_bytes() for p in (site.ca, other.ca) if p))
        site.moved[PATH] = f"https://127.0.0.1:{other.port}/x.csv"
        options = {
            "ca_file": "both.pem", "token_env": "PARTNER_TOKEN", "token_header": "X-Token",
            "hosts": [f"127.0.0.1:{other.port}"],
        }  # fmt: skip
        [offer] = offered(site, tmp_path, **options)
        assert offer.size == 1
        other.token = "abc"
        with pytest.raises(SourceDenied):
            offered(site, tmp_path, **options)


def test_a_server_that_says_nothing(site: Site, tmp_path: Path) -> None:
    with wire_to(site.port) as wire:
        wire.silent.set()
        with pytest.raises(SourceUnavailable, match=r"no answer in time|timed out"):
            offered(site, tmp_path, address=f"https://127.0.0.1:{wire.port}{PATH}", timeout=1)


def test_a_server_that_drips(site: Site, tmp_path: Path) -> None:
    [offer] = offered(site, tmp_path)
    site.drip = 0.05
    with pytest.raises(SourceUnavailable, match="after 1 seconds"):
        fetched(site, tmp_path, offer, longest=1)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"address": None}, "address"),
        ({"address": "http://127.0.0.1/x"}, "address"),
        ({"address": "file:///etc/passwd"}, "address"),
        ({"address": "https://u:secret@127.0.0.1/x"}, "address"),
        ({"listing": "page"}, "listing"),
        ({"password": "secret"}, "password"),
        ({"user": "u", "password_env": "NOT_SET"}, "password_env"),
        ({"token_file": "nowhere"}, "token_file"),
        ({"password_env": "PATH", "password_file": "x"}, "password_env"),
        ({"ca_file": "nowhere.pem"}, "ca_file"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    site: Site, tmp_path: Path, options: dict[str, Any], key: str
) -> None:
    with pytest.raises(BadSetting, match=f"sources.partner.url.{key}") as refused:
        url.make(where(site, tmp_path, options))
    assert "secret" not in str(refused.value)
