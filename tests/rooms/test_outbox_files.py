"""Letters as files, and carriers that other packages bring."""

from __future__ import annotations

import stat
from contextlib import contextmanager
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest

from loanbook.errors import BadSetting, CarrierUnavailable
from loanbook.outbox.carriers import carrier, names
from loanbook.outbox.letter import Fate, Message
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def message(number: int, text: str = "Olá.") -> Message:
    content = f"Message-ID: <{number}@x>\r\nSubject: Aviso\r\n\r\n{text}\r\n".encode()
    return Message(number, f"<{number}@x>", "us@example.com", "ana@example.com", content)


def test_without_configuration_letters_become_files(tmp_path: Path) -> None:
    with carrier(Settings(home=tmp_path), {}).open() as session:
        assert session.send(message(42)) == Fate(42, "sent", "<42@x>")
        assert session.send(message(7)) == Fate(7, "sent", "<7@x>")
    outbox = tmp_path / "outbox"
    assert sorted(path.name for path in outbox.iterdir()) == [
        "letter-000000007.eml",
        "letter-000000042.eml",
    ]
    written = outbox / "letter-000000042.eml"
    assert written.read_bytes() == message(42).content
    assert message_from_bytes(written.read_bytes())["Subject"] == "Aviso"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o700


def test_a_letter_written_twice_is_one_file_even_after_a_kill_in_the_middle(
    tmp_path: Path,
) -> None:
    outbox = tmp_path / "outbox"
    with carrier(Settings(home=tmp_path), {}).open() as session:
        session.send(message(42, "half of a longer text"))
        # What a kill between two writes leaves.
        (outbox / ".letter-000000042.eml.new").write_bytes(b"half of a much longer text" * 100)
        session.send(message(42))
    assert [path.name for path in outbox.iterdir()] == ["letter-000000042.eml"]
    assert (outbox / "letter-000000042.eml").read_bytes() == message(42).content


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with (
        pytest.raises(CarrierUnavailable, match="outbox: "),
        carrier(Settings(home=tmp_path), {}).open(),
    ):
        pass


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    with carrier(Settings(home=tmp_path), {}).open() as session:
        (tmp_path / "outbox").rmdir()
        with pytest.raises(CarrierUnavailable, match="No such file"):
            session.send(message(1))


PLUG_IN = '''
from contextlib import contextmanager
from loanbook.outbox.letter import Fate

class Provider:
    """Hands letters to a provider's interface; here to a list."""

    name = "provider"

    def __init__(self, url):
        self.url = url
        self.handed = []

    @contextmanager
    def open(self):
        yield self

    def send(self, message):
        self.handed.append(message.letter_id)
        return Fate(message.letter_id, "sent", message.message_id)

def make(settings):
    return Provider(f"https://{settings.letters.mail.host}/send")
'''


@contextmanager
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> Iterator[None]:
    """A package with a carrier, as pip leaves it."""
    (folder / "provider_carrier.py").write_text(PLUG_IN, "utf-8")
    about = folder / "provider_carrier-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: provider-carrier\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[loanbook.carriers]\nprovider = {target}\n")
    monkeypatch.syspath_prepend(str(folder))
    yield


def test_a_package_brings_a_carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = Mail(carrier="provider", host="api.example.com")
    settings = Settings(home=tmp_path, letters=Letters(mail=mail))
    with installed(tmp_path, monkeypatch, "provider_carrier:make"):
        assert names() == ("files", "smtp", "provider")
        made = carrier(settings, {})
        with made.open() as session:
            assert session.send(message(5)).state == "sent"
    assert made.name == "provider"
    assert vars(made) == {"url": "https://api.example.com/send", "handed": [5]}


def test_a_carrier_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, letters=Letters(mail=Mail(carrier="provider")))
    with (
        installed(tmp_path, monkeypatch, "provider_carrier:absent"),
        pytest.raises(BadSetting, match="carrier provider cannot be loaded"),
    ):
        carrier(settings, {})
