"""Objects come from a server that understands S3; of the other clouds only the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.servers import asked
from tests.servers.bucket import BUCKET, REGION, Lake, bucket_server
from tests.servers.web import web_server
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
from loanbook.sources.transports import bucket

BODY = b"".join(b"%d;a line of a file\n" % number for number in range(300_000))


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    with bucket_server() as made:
        made.put("out/loans.csv", BODY)
        monkeypatch.setenv("LAKE_SECRET", made.secret)
        yield made


def where(lake: Lake, home: Path, options: Mapping[str, object]) -> Where:
    given: dict[str, object] = {
        "address": f"s3://{BUCKET}/out", "region": REGION, "endpoint": lake.endpoint, "timeout": 5,
        "key_id": lake.key_id, "secret_env": "LAKE_SECRET",
    }  # fmt: skip
    return asked.where("bucket", home, given | dict(options))


def offered(lake: Lake, home: Path, /, **options: object) -> list[Offer]:
    return asked.offered(bucket.make, where(lake, home, options))


def fetched(lake: Lake, home: Path, offer: Offer, /, **options: object) -> bytes:
    return asked.fetched(bucket.make, where(lake, home, options), offer)


def test_objects_below_an_address(lake: Lake, tmp_path: Path) -> None:
    lake.put("out/2024-01-25/a b#1%ç.csv", b"1")
    lake.put("outside.csv", b"2")
    found = {offer.name: offer for offer in offered(lake, tmp_path)}
    assert set(found) == {"loans.csv", "2024-01-25/a b#1%ç.csv"}
    offer = found["loans.csv"]
    assert offer.size == len(BODY)
    assert offer.changed_at is not None
    assert fetched(lake, tmp_path, offer) == BODY
    (tmp_path / "part").unlink()
    assert fetched(lake, tmp_path, found["2024-01-25/a b#1%ç.csv"]) == b"1"


def test_a_whole_bucket_and_an_empty_object(lake: Lake, tmp_path: Path) -> None:
    lake.put("out/loans.csv", b"")
    [offer] = offered(lake, tmp_path, address=f"s3://{BUCKET}")
    assert offer.name == "out/loans.csv"
    assert fetched(lake, tmp_path, offer, address=f"s3://{BUCKET}/") == b""


def test_a_cut_object_is_fetched_to_its_end_without_a_double_byte(
    lake: Lake, tmp_path: Path
) -> None:
    with wire_to(lake.port) as wire:
        endpoint = f"http://127.0.0.1:{wire.port}"
        [offer] = offered(lake, tmp_path, endpoint=endpoint)
        reached = [0]
        wire.budgets = [3_000_000, 100_000, 100_000]
        while True:
            try:
                assert fetched(lake, tmp_path, offer, endpoint=endpoint) == BODY
                break
            except SourceUnavailable:
                reached.append((tmp_path / "part").stat().st_size)
                wire.budgets = [2_000_000, 100_000, 100_000][: 3 if len(reached) < 3 else 0]
        assert reached == sorted(reached)
        assert wire.budgets == []


def test_a_server_that_keeps_cutting_is_given_up(lake: Lake, tmp_path: Path) -> None:
    with wire_to(lake.port) as wire:
        endpoint = f"http://127.0.0.1:{wire.port}"
        [offer] = offered(lake, tmp_path, endpoint=endpoint)
        wire.budgets = [100_000] * 50
        with pytest.raises(SourceUnavailable, match=r"cut|no connection"):
            fetched(lake, tmp_path, offer, endpoint=endpoint)
        assert wire.budgets


@pytest.mark.parametrize("content", [BODY[::-1], BODY + b"more", b""])
def test_an_object_replaced_before_it_was_fetched_is_not_taken(
    lake: Lake, tmp_path: Path, content: bytes
) -> None:
    [offer] = offered(lake, tmp_path)
    (tmp_path / "part").write_bytes(BODY[:1000])
    lake.put("out/loans.csv", content)
    with pytest.raises(OfferGone, match="replaced"):
        fetched(lake, tmp_path, offer)
    assert (tmp_path / "part").read_bytes() == b""


def test_an_object_that_is_gone(lake: Lake, tmp_path: Path) -> None:
    [offer] = offered(lake, tmp_path)
    lake.take("out/loans.csv")
    with pytest.raises(OfferGone, match="no such object"):
        fetched(lake, tmp_path, offer)
    assert offered(lake, tmp_path) == []
    with pytest.raises(SourceUnavailable, match="NoSuchBucket"):
        offered(lake, tmp_path, address="s3://another-bucket")


def test_a_listing_of_ten_thousand_objects(lake: Lake, tmp_path: Path) -> None:
    lake.put_many([f"out/loans_{number:05}.csv" for number in range(10_000)])
    found = offered(lake, tmp_path)
    assert len({offer.name for offer in found}) == len(found) == 10_001


def test_wrong_credentials(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake.guarded():
        assert offered(lake, tmp_path)
        monkeypatch.setenv("LAKE_SECRET", "wrong one")
        with pytest.raises(SourceDenied, match="403") as denied:
            offered(lake, tmp_path)
        assert "wrong one" not in f"{denied.value}{denied.value!r}"
        with pytest.raises(SourceDenied, match="InvalidAccessKeyId"):
            offered(lake, tmp_path, key_id="nobody")
        (tmp_path / "secret").write_text(f"{lake.secret}\n", "utf-8")
        assert offered(lake, tmp_path, secret_env=None, secret_file="secret")


def test_a_server_that_is_down(lake: Lake, tmp_path: Path) -> None:
    with wire_to(lake.port) as wire:
        gone = wire.port
    with pytest.raises(SourceUnavailable, match="no connection"):
        offered(lake, tmp_path, endpoint=f"http://127.0.0.1:{gone}")
    with pytest.raises(SourceUnavailable, match="nobody knows"):
        offered(lake, tmp_path, endpoint="https://nobody.invalid")


def test_a_certificate_that_nobody_vouches_for(lake: Lake, tmp_path: Path) -> None:
    with web_server(tmp_path / "tls") as site:
        endpoint = f"https://127.0.0.1:{site.port}"
        with pytest.raises(SourceUntrusted, match="certificate"):
            offered(lake, tmp_path, endpoint=endpoint)
        assert site.asked == []
        with pytest.raises(SourceUnavailable, match="404"):
            offered(lake, tmp_path, endpoint=endpoint, ca_file=str(site.ca))


def test_a_server_that_says_nothing(lake: Lake, tmp_path: Path) -> None:
    with wire_to(lake.port) as wire:
        wire.silent.set()
        with pytest.raises(SourceUnavailable, match="no answer in time"):
            offered(lake, tmp_path, endpoint=f"http://127.0.0.1:{wire.port}", timeout=1)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"address": None}, "address"),
        ({"address": "s3://key:secret@bucket/x"}, "address"),
        ({"address": "https://bucket/x"}, "address"),
        ({"address": "file:///etc"}, "address"),
        ({"endpoint": "http://example.org"}, "endpoint"),
        ({"endpoint": "https://key:secret@example.org"}, "endpoint"),
        ({"secret_env": "NOT_SET"}, "secret_env"),
        ({"secret": "secret"}, "secret"),
        ({"key_file": "nowhere"}, "key_file"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    lake: Lake, tmp_path: Path, options: dict[str, object], key: str
) -> None:
    with pytest.raises(BadSetting, match=rf"sources.partner.bucket.{key}\b") as refused:
        bucket.make(where(lake, tmp_path, options))
    assert ":secret" not in str(refused.value)


def test_settings_of_the_other_clouds_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server of theirs is here: this shows the settings and their refusals only."""
    monkeypatch.setenv("ACCOUNT_KEY", "c2VjcmV0")
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account", "private_key": key.decode(), "private_key_id": "1",
        "client_email": "reader@example.org", "client_id": "1",
        "token_uri": "https://127.0.0.1:1/token",
    }  # fmt: skip
    (tmp_path / "key.json").write_text(json.dumps(account), "utf-8")
    places: list[dict[str, object]] = [
        {"address": "gs://lake/out", "key_file": "key.json"},
        {"address": "gs://lake/out", "anonymous": True},
        {"address": "az://lake/out", "account": "partner", "secret_env": "ACCOUNT_KEY"},
        {"address": "az://lake/out", "account": "partner", "anonymous": True},
    ]
    for options in places:
        with web_server(tmp_path / "tls") as site:
            options |= {"endpoint": f"https://127.0.0.1:{site.port}", "timeout": 2}
            made = bucket.make(asked.where("bucket", tmp_path, options))
            with pytest.raises((SourceUntrusted, SourceUnavailable)):
                list(made.offers())
    with pytest.raises(BadSetting, match=r"sources\.partner\.bucket"):
        bucket.make(asked.where("bucket", tmp_path, {"address": "az://lake/out"}))
