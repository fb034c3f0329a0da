"""The settings that the page on transports shows are understood, and it tells of each key."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from loanbook import settings
from loanbook.sources import registry
from loanbook.sources.transports import bucket, database, sftp, url

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "source-transports.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
SECRETS = ("PARTNER_PASSWORD", "PARTNER_PASSPHRASE", "LAKE_SECRET", "CORE_PASSWORD")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with all that the page names."""
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("LAKE_SAS", "sv=2024&sig=c2VjcmV0")
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in ("partner", "partner-password", "minio-secret"):
        (keys / name).write_text("secret", "utf-8")
    (keys / "known_hosts").write_text("", "utf-8")
    authority = trustme.CA()
    mine = authority.issue_cert("lender")
    mine.cert_chain_pems[0].write_to_path(str(keys / "lender.pem"))
    mine.private_key_pem.write_to_path(str(keys / "lender.key"))
    for name in ("bureau-ca.pem", "minio-ca.pem"):
        authority.cert_pem.write_to_path(str(keys / name))
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = f'{{"private_key": {key.decode()!a}, "private_key_id": "1", "client_email": "r@x"}}'
    (keys / "service-account.json").write_text(account.replace("'", '"'), "utf-8")
    (tmp_path / "queries" / "core").mkdir(parents=True)
    (tmp_path / "queries" / "core" / "clients.sql").write_text("select 1 as user_id", "utf-8")
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=lambda text: text.split("\n")[0])
def test_the_settings_of_the_page_are_understood(block: str, home: Path) -> None:
    (home / "loanbook.toml").write_text(block, "utf-8")
    sources = settings.load(home, {}).sources.values()
    [where] = [source.where for source in sources if source.where is not None]
    with closing(registry.transport(where)):
        pass  # nothing is asked yet


@pytest.mark.parametrize("module", [bucket, database, sftp, url])
def test_the_page_tells_of_each_key(module: object) -> None:
    text = PAGE.read_text("utf-8")
    options = getattr(module, "Options")  # noqa: B009 -- of each module its own
    missing = [field.name for field in fields(options) if field.name not in text]
    assert missing == []
