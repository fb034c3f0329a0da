"""Files come from an SFTP server that is known, whole and once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncssh
import pytest
from tests.servers import asked
from tests.servers.sftp import Depot, sftp_server
from tests.servers.wire import wire_to

from loanbook.errors import (
    BadSetting,
    OfferGone,
    SourceDenied,
    SourceUnavailable,
    SourceUntrusted,
)
from loanbook.settings.sources import Where
from loanbook.sources.contract import Offer
from loanbook.sources.transports import sftp

BODY = b"".join(b"%d;a line of a file\n" % number for number in range(100_000))
WHEN = 1_706_180_400


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    with sftp_server(tmp_path / "depot") as made:
        put(made, "out/loans.csv", BODY)
        yield made


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_PASSWORD", "right one")


def put(depot: Depot, name: str, content: bytes, when: int = WHEN) -> None:
    """Put a file there in one move, as a careful partner does."""
    path = depot.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(".fresh")
    fresh.write_bytes(content)
    os.utime(fresh, (when, when))
    fresh.replace(path)


def where(depot: Depot, home: Path, options: Mapping[str, object]) -> Where:
    given = {
        "address": f"sftp://reader@127.0.0.1:{depot.port}/out", "timeout": 5,
        "password_env": "PARTNER_PASSWORD", "fingerprints": [depot.fingerprint],
    }  # fmt: skip
    return asked.where("sftp", home, given | dict(options))


def offered(depot: Depot, home: Path, /, **options: object) -> list[Offer]:
    return asked.offered(sftp.make, where(depot, home, options))


def fetched(depot: Depot, home: Path, offer: Offer, /, **options: object) -> bytes:
    return asked.fetched(sftp.make, where(depot, home, options), offer)


def test_files_of_a_folder_and_its_folders(depot: Depot, tmp_path: Path) -> None:
    put(depot, "out/2024-01-25/a b#1%ç.csv", b"1")
    put(depot, "other.csv", b"2")
    (depot.folder / "out" / "linked.csv").symlink_to("loans.csv")
    (depot.folder / "out" / "nowhere.csv").symlink_to("gone")
    (depot.folder / "out" / "circle").symlink_to(".")
    found = {offer.name: offer for offer in offered(depot, tmp_path)}
    assert set(found) == {"loans.csv", "2024-01-25/a b#1%ç.csv", "linked.csv"}
    offer = found["loans.csv"]
    assert offer.size == len(BODY)
    assert offer.changed_at is not None
    assert offer.changed_at.timestamp() == WHEN
    assert fetched(depot, tmp_path, offer) == BODY
    (tmp_path / "part").unlink()
    assert fetched(depot, tmp_path, found["2024-01-25/a b#1%ç.csv"]) == b"1"


@pytest.mark.parametrize("folder", ["", "/", "//", "//out/", "/out"])
def test_a_folder_is_counted_from_where_it_is_said(
    depot: Depot, tmp_path: Path, folder: str
) -> None:
    address = f"sftp://reader@127.0.0.1:{depot.port}{folder}"
    [offer] = offered(depot, tmp_path, address=address)
    assert offer.name == ("loans.csv" if "out" in folder else "out/loans.csv")
    assert fetched(depot, tmp_path, offer, address=address) == BODY


def test_an_empty_file(depot: Depot, tmp_path: Path) -> None:
    put(depot, "out/loans.csv", b"")
    assert fetched(depot, tmp_path, offered(depot, tmp_path)[0]) == b""


def test_a_cut_file_is_fetched_to_its_end_without_a_double_byte(
    depot: Depot, tmp_path: Path
) -> None:
    body = BODY * 3
    put(depot, "out/loans.csv", body)
    with wire_to(depot.port) as wire:
        address = f"sftp://reader@127.0.0.1:{wire.port}/out"
        [offer] = offered(depot, tmp_path, address=address)
        wire.budgets = [2_500_000, 1_500_000]
        reached = [0]
        for _ in range(2):
            with pytest.raises(SourceUnavailable, match="cut"):
                fetched(depot, tmp_path, offer, address=address)
            reached.append((tmp_path / "part").stat().st_size)
        assert reached == sorted(set(reached))
        assert 0 < reached[-1] < len(body)
        assert fetched(depot, tmp_path, offer, address=address) == body


def test_one_transport_connects_anew_after_a_cut(depot: Depot, tmp_path: Path) -> None:
    with wire_to(depot.port) as wire:
        wire.budgets = [500_000]
        address = f"sftp://reader@127.0.0.1:{wire.port}/out"
        transport = sftp.make(where(depot, tmp_path, {"address": address}))
        [offer] = transport.offers()
        with pytest.raises(SourceUnavailable):
            transport.fetch(offer, tmp_path / "part")
        transport.fetch(offer, tmp_path / "part")
        transport.close()
    assert (tmp_path / "part").read_bytes() == BODY


@pytest.mark.parametrize("content", [BODY[::-1], BODY + b"more", BODY[:-9]])
def test_a_file_replaced_before_it_was_fetched_is_not_taken(
    depot: Depot, tmp_path: Path, content: bytes
) -> None:
    [offer] = offered(depot, tmp_path)
    (tmp_path / "part").write_bytes(BODY[:1000])
    put(depot, "out/loans.csv", content, WHEN + 1)
    with pytest.raises(OfferGone, match="replaced"):
        fetched(depot, tmp_path, offer)
    assert (tmp_path / "part").read_bytes() == b""


def test_a_file_replaced_while_it_is_fetched_is_the_one_that_was_offered(
    depot: Depot, tmp_path: Path
) -> None:
    [offer] = offered(depot, tmp_path)
    depot.midway = lambda: put(depot, "out/loans.csv", BODY[::-1], WHEN + 1)
    assert fetched(depot, tmp_path, offer) == BODY
    assert offered(depot, tmp_path)[0].mark != offer.mark


@pytest.mark.parametrize("mode", ["r+b", "ab", "wb"])
def test_a_file_written_over_while_it_is_fetched_is_not_taken(
    depot: Depot, tmp_path: Path, mode: str
) -> None:
    def write_over() -> None:
        with (depot.folder / "out" / "loans.csv").open(mode) as file:
            file.write(b"another")

    [offer] = offered(depot, tmp_path)
    depot.midway = write_over
    with pytest.raises((OfferGone, SourceUnavailable)):
        fetched(depot, tmp_path, offer)


def test_a_file_that_is_gone(depot: Depot, tmp_path: Path) -> None:
    [offer] = offered(depot, tmp_path)
    (depot.folder / "out" / "loans.csv").unlink()
    with pytest.raises(OfferGone, match="no such file"):
        fetched(depot, tmp_path, offer)
    with pytest.raises(SourceUnavailable, match="no folder"):
        offered(depot, tmp_path, address=f"sftp://reader@127.0.0.1:{depot.port}/in")


def test_a_listing_of_ten_thousand_files(depot: Depot, tmp_path: Path) -> None:
    for number in range(10_000):
        (depot.folder / "out" / f"loans_{number:05}.csv").touch()
    assert len({offer.name for offer in offered(depot, tmp_path)}) == 10_001


def test_wrong_credentials(depot: Depot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_PASSWORD", "wrong one")
    with pytest.raises(SourceDenied) as denied:
        offered(depot, tmp_path)
    assert "wrong one" not in f"{denied.value}{denied.value!r}"
    (tmp_path / "password").write_text("right one\n", "utf-8")
    assert offered(depot, tmp_path, password_env=None, password_file="password")


@pytest.mark.parametrize(
    ("kind", "passphrase"),
    [
        ("ssh-ed25519", None), ("ecdsa-sha2-nistp256", None), ("ssh-rsa", None),
        ("ssh-ed25519", "open it"),
    ],
)  # fmt: skip
def test_a_key(
    depot: Depot, tmp_path: Path, kind: str, passphrase: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    key = asyncssh.generate_private_key(kind)
    key.write_private_key(tmp_path / "id", passphrase=passphrase, rounds=50)
    options: dict[str, object] = {"password_env": None, "key_file": "id"}
    if passphrase:
        with pytest.raises(SourceDenied, match="passphrase"):
            offered(depot, tmp_path, **options)
        monkeypatch.setenv("KEY_PASSPHRASE", passphrase)
        options["passphrase_env"] = "KEY_PASSPHRASE"
    with pytest.raises(SourceDenied):
        offered(depot, tmp_path, **options)
    depot.client_keys.append(key)
    assert offered(depot, tmp_path, **options)


def test_a_file_that_is_no_key(depot: Depot, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("no key", "utf-8")
    with pytest.raises(SourceDenied, match="no private key"):
        offered(depot, tmp_path, key_file="id", password_env=None)


def test_an_unknown_host_is_not_told_the_password(depot: Depot, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(SourceUntrusted, match="fingerprints") as refused:
        offered(depot, tmp_path, fingerprints=[other.get_fingerprint()])
    assert depot.fingerprint in str(refused.value)
    (tmp_path / "hosts").write_text("", "utf-8")
    with pytest.raises(SourceUntrusted, match="neither known_hosts"):
        offered(depot, tmp_path, fingerprints=None, known_hosts="hosts")
    assert depot.logins == 0


def test_a_host_with_another_key_than_known_is_not_told_the_password(
    depot: Depot, tmp_path: Path
) -> None:
    (tmp_path / "hosts").write_text(depot.known_hosts(), "utf-8")
    assert offered(depot, tmp_path, fingerprints=None, known_hosts="hosts")
    other = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "hosts").write_text(depot.known_hosts(other), "utf-8")
    before = depot.logins
    with pytest.raises(SourceUntrusted, match="but known_hosts has"):
        offered(depot, tmp_path, fingerprints=None, known_hosts="hosts")
    assert depot.logins == before


def test_a_host_that_is_down(depot: Depot, tmp_path: Path) -> None:
    with wire_to(depot.port) as wire:
        gone = wire.port
    with pytest.raises(SourceUnavailable, match="no connection"):
        offered(depot, tmp_path, address=f"sftp://reader@127.0.0.1:{gone}/out")
    with pytest.raises(SourceUnavailable, match="nobody knows"):
        offered(depot, tmp_path, address="sftp://reader@nobody.invalid/out")


def test_a_server_that_says_nothing(depot: Depot, tmp_path: Path) -> None:
    with wire_to(depot.port) as wire:
        address = f"sftp://reader@127.0.0.1:{wire.port}/out"
        [offer] = offered(depot, tmp_path, address=address)
        depot.midway = wire.silent.set
        with pytest.raises(SourceUnavailable, match="no answer in time"):
            fetched(depot, tmp_path, offer, address=address, timeout=1)
        with pytest.raises(SourceUnavailable):
            offered(depot, tmp_path, address=address, timeout=1)


def test_patience_has_an_end(depot: Depot, tmp_path: Path) -> None:
    def think() -> None:
        threading.Event().wait(1.2)

    put(depot, "out/loans.csv", BODY * 3)
    [offer] = offered(depot, tmp_path)
    depot.midway = think
    with pytest.raises(SourceUnavailable, match="after 1 seconds"):
        fetched(depot, tmp_path, offer, longest=1)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"address": None}, "address"),
        ({"address": "sftp://reader:secret@127.0.0.1/x"}, "address"),
        ({"address": "ftp://reader@127.0.0.1/x"}, "address"),
        ({"address": "sftp://127.0.0.1/x"}, "address"),
        ({"fingerprints": None}, "known_hosts"),
        ({"fingerprints": ["MD5:00"]}, "fingerprints"),
        ({"known_hosts": "nowhere"}, "known_hosts"),
        ({"password_env": None}, "password_env"),
        ({"password_env": None, "key_file": "nowhere"}, "key_file"),
        ({"password": "secret"}, "password"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    depot: Depot, tmp_path: Path, options: dict[str, object], key: str
) -> None:
    with pytest.raises(BadSetting, match=f"sources.partner.sftp.{key}") as refused:
        sftp.make(where(depot, tmp_path, options))
    assert "secret" not in str(refused.value)
