"""SMTP against a real server that misbehaves on purpose: what each letter comes to, and why."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme
from tests.crew import free_port
from tests.postoffice import Office, office

from loanbook.errors import BadSetting, CarrierUnavailable, SessionLost
from loanbook.outbox.carriers import carrier
from loanbook.outbox.letter import Carrier, Fate, Message
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Mail

ANA, BEA, CAIO = "ana@example.com", "bea@example.com", "caio@example.com"


@dataclass(frozen=True)
class Papers:
    """A certificate of an authority, for 127.0.0.1."""

    server: str
    authority: str


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return issued(tmp_path_factory.mktemp("papers"), "127.0.0.1")


def issued(folder: Path, name: str) -> Papers:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return Papers(str(folder / "server.pem"), str(folder / "authority.pem"))


class Sender:
    """Sends letters to one post office."""

    def __init__(self, home: Path, mail: Mail, password: str) -> None:
        settings = Settings(home=home, letters=Letters(mail=mail))
        self.carrier: Carrier = carrier(settings, {"LOANBOOK_SMTP_PASSWORD": password})

    def __call__(self, *recipients: str, content: bytes | None = None) -> list[Fate]:
        """Send to each, on one session: their fates."""
        with self.carrier.open() as session:
            return [session.send(letter(n, to, content)) for n, to in enumerate(recipients, 1)]


def letter(number: int, to: str, content: bytes | None = None) -> Message:
    message_id = f"<{number}@loanbook.example>"
    text = f"Message-ID: {message_id}\r\nTo: {to}\r\nSubject: Aviso\r\n\r\nOlá.\r\n.\r\n..fim\r\n"
    return Message(number, message_id, "us@example.com", to, content or text.encode())


def at(server: Office, home: Path, papers: Papers | None, **more: object) -> Sender:
    mail = Mail(carrier="smtp", host="127.0.0.1", port=server.port, timeout=5)
    if papers is None:
        mail = replace(mail, security="none")
    else:
        mail = replace(mail, ca_file=papers.authority)
    password = str(more.pop("password", ""))
    return Sender(home, replace(mail, **more), password)  # type: ignore[arg-type]


def states(fates: list[Fate]) -> list[str]:
    return [fate.state for fate in fates]


def test_letters_go_encrypted_after_a_login_on_one_session(tmp_path: Path, papers: Papers) -> None:
    with office(
        tmp_path / "taken", certificate=papers.server, user="us", password="right"
    ) as server:
        send = at(server, tmp_path, papers, user="us", password="right")
        assert send(ANA, BEA) == [
            Fate(1, "sent", "<1@loanbook.example>"),
            Fate(2, "sent", "<2@loanbook.example>"),
        ]
        one, two = server.taken
    assert one["encrypted"]
    assert one["login"]
    assert one["session"] == two["session"]
    assert one["content"].encode("latin-1") == letter(1, ANA).content


@pytest.mark.parametrize(
    ("manners", "mail", "words"),
    [
        ({"certificate": None}, {}, "STARTTLS extension not supported"),
        ({}, {"ca_file": ""}, "certificate is not trusted: "),
        ({}, {"host": "localhost"}, "certificate is not trusted: Hostname mismatch"),
        (
            {"user": "us", "password": "right"},
            {"user": "us", "password": "wrong"},
            "login is refused",
        ),
        ({"user": "us", "password": "é"}, {"user": "us", "password": "é"}, "plain ASCII"),
    ],
    ids=["no TLS", "unknown authority", "other name", "wrong password", "8-bit password"],
)
def test_a_session_that_cannot_be_trusted_is_not_opened(
    tmp_path: Path, papers: Papers, manners: dict[str, object], mail: dict[str, object], words: str
) -> None:
    with office(tmp_path / "taken", **{"certificate": papers.server} | manners) as server:
        send = at(server, tmp_path, papers, **mail)
        with pytest.raises(CarrierUnavailable) as refused:
            send(ANA)
        assert words in str(refused.value)
        assert "right" not in str(refused.value)
        assert "wrong" not in str(refused.value)
        assert server.taken == []


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    mail = Mail(carrier="smtp", host="127.0.0.1", port=free_port(), security="none")
    with pytest.raises(CarrierUnavailable, match="Connection refused"):
        Sender(tmp_path, mail, "")(ANA)


def test_a_server_that_says_nothing(tmp_path: Path) -> None:
    with office(tmp_path / "taken", sleeps=[BEA]) as server:
        send = at(server, tmp_path, None, timeout=1)
        with pytest.raises(SessionLost) as lost:
            send(ANA, BEA)
        assert lost.value.fate.state == "failed"
        assert "timed out" in lost.value.fate.reason
        assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("manners", "state", "words"),
    [
        ({"refuses": {BEA: "550 5.1.1 <bea@example.com> no such user"}}, "suppressed",
         "recipient refused: 550 5.1.1 (address) no such user"),
        ({"refuses": {BEA: "553 unknown"}}, "suppressed", "553 unknown"),
        ({"refuses": {BEA: "552 5.2.2 full"}}, "suppressed", "552 5.2.2 full"),
        ({"refuses": {BEA: "452 4.2.2 full for now"}}, "failed", "452"),
        ({"refuses": {BEA: "550 5.7.1 relaying denied"}}, "failed", "550 5.7.1"),
        ({"refuses": {BEA: "503 5.5.1 first this, then that"}}, "failed", "503"),
        ({"ends": {BEA: "554 5.7.1 looks like advertising"}}, "failed", "message refused: 554"),
        ({"ends": {BEA: "550 5.1.1 nobody"}}, "suppressed", "message refused: 550"),
        ({"ends": {BEA: "451 4.3.0 disk full"}}, "failed", "451"),
        ({"greylists": True}, "failed", "450 4.2.0 greylisted"),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_refusal_means_and_that_others_go_on(
    tmp_path: Path, manners: dict[str, object], state: str, words: str
) -> None:
    with office(tmp_path / "taken", **manners) as server:
        send = at(server, tmp_path, None)
        fates = send(ANA, BEA, CAIO)
        assert fates[1].state == state
        assert words in str(fates[1].reason)
        assert "bea" not in str(fates[1].reason)
        if manners.get("greylists"):
            assert states(fates) == ["failed"] * 3
            assert states(send(ANA, BEA, CAIO)) == ["sent"] * 3
        else:
            assert states(fates) == ["sent", state, "sent"]
            assert [taken["to"] for taken in server.taken] == [ANA, CAIO]


@pytest.mark.parametrize(
    "manners",
    [
        {"senders": {"us@example.com": "550 5.7.1 we do not know you"}},
        {"refuses": {ANA: "530 5.7.0 log in first"}},
        {"refuses": dict.fromkeys((ANA, BEA, CAIO), "554 5.7.1 relaying denied")},
        {"ends": dict.fromkeys((ANA, BEA, CAIO), "554 5.7.1 blocked")},
    ],
    ids=str,
)
def test_what_is_about_us_costs_no_recipient(tmp_path: Path, manners: dict[str, object]) -> None:
    with office(tmp_path / "taken", **manners) as server:
        with pytest.raises(CarrierUnavailable, match="refused: 5"):
            at(server, tmp_path, None)(ANA, BEA, CAIO)
        assert server.taken == []


def test_a_session_that_the_server_ends_costs_nothing_sent(tmp_path: Path) -> None:
    with office(tmp_path / "taken", most=2) as server:
        send = at(server, tmp_path, None)
        with pytest.raises(SessionLost) as lost:
            send(ANA, BEA, CAIO)
        assert lost.value.fate.state == "failed"
        assert "421" in lost.value.fate.reason
        assert len(server.taken) == 2
        assert states(send(CAIO)) == ["sent"]


def test_lost_between_the_last_byte_and_the_reply_is_unknown(tmp_path: Path) -> None:
    with office(tmp_path / "taken", vanishes=[BEA]) as server:
        with pytest.raises(SessionLost) as lost:
            at(server, tmp_path, None)(ANA, BEA)
        assert lost.value.fate.state == "unknown"
        assert lost.value.fate.message_id == "<2@loanbook.example>"
        assert [taken["to"] for taken in server.taken] == [ANA, BEA]


def test_lost_before_the_last_byte_was_surely_not_sent(tmp_path: Path) -> None:
    # More than the buffers of both sides hold, so that the end cannot have been handed over.
    long = letter(1, BEA).content + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 400_000
    with office(tmp_path / "taken", breaks=[BEA]) as server:
        with pytest.raises(SessionLost) as lost:
            at(server, tmp_path, None)(BEA, content=long)
        assert lost.value.fate.state == "failed"
        assert server.taken == []


def test_addresses_beyond_ascii(tmp_path: Path) -> None:
    with office(tmp_path / "taken") as server:
        send = at(server, tmp_path, None)
        assert states(send("joão@exemplo.com.br", "ana@açaí.com.br")) == ["sent", "sent"]
        one, two = server.taken
    assert (one["to"], two["to"]) == ("joão@exemplo.com.br", "ana@xn--aa-4iaz.com.br")
    assert "SMTPUTF8" in one["options"]
    assert "SMTPUTF8" not in two["options"]


def test_a_server_that_takes_ascii_only(tmp_path: Path) -> None:
    with office(tmp_path / "taken", utf8=False) as server:
        [one, two] = at(server, tmp_path, None)("joão@exemplo.com.br", "ana@açaí.com.br")
        assert one.state == "failed"
        assert "SMTPUTF8" in str(one.reason)
        assert two.state == "sent"


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c.de", "a b@c.de", "a@c.de>\r\nRCPT TO:<b@c.de", "a@c.de\n", "é@-é.de"],
)
def test_a_malformed_address_is_the_recipient_s_fault(tmp_path: Path, address: str) -> None:
    with office(tmp_path / "taken") as server:
        [bad, good] = at(server, tmp_path, None)(address, ANA)
        assert bad == Fate(1, "suppressed", reason="the address is malformed")
        assert good.state == "sent"
        assert [taken["to"] for taken in server.taken] == [ANA]


def test_two_sessions_at_once(tmp_path: Path, papers: Papers) -> None:
    with office(tmp_path / "taken", certificate=papers.server) as server:
        send = at(server, tmp_path, papers)
        both = threading.Barrier(2)

        def one() -> None:
            with send.carrier.open() as session:
                both.wait(10)
                assert session.send(letter(1, ANA)).state == "sent"

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {taken["session"] for taken in server.taken} == {1, 2}


@pytest.mark.parametrize(
    ("mail", "key"),
    [
        ({"user": "us", "security": "none"}, "mail.security"),
        ({"user": "us"}, "mail.password_file"),
        ({"user": "us", "password_file": "absent"}, "mail.password_file"),
        ({"ca_file": "absent.pem"}, "mail.ca_file"),
        ({"carrier": "pigeon"}, "mail.carrier"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_used(tmp_path: Path, mail: dict[str, str], key: str) -> None:
    chosen = Mail(**({"carrier": "smtp"} | mail))  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match=key):
        Sender(tmp_path, chosen, "")


def test_a_password_from_a_file(tmp_path: Path, papers: Papers) -> None:
    (tmp_path / "secret").write_text("right\n", "utf-8")
    with office(
        tmp_path / "taken", certificate=papers.server, user="us", password="right"
    ) as server:
        send = at(server, tmp_path, papers, user="us", password_file="secret")
        assert states(send(ANA)) == ["sent"]
