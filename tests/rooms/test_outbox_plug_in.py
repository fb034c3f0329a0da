"""The carrier that the documents show, against a provider that is a web server."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.crew import free_port
from tests.rooms.test_outbox_crew import address, letters, rendered, sent, states

from loanbook.errors import CarrierUnavailable
from loanbook.outbox.crew import Crew
from loanbook.outbox.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "send-letters.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Interface(BaseHTTPRequestHandler):
    """A provider's interface; its server says what to answer."""

    server: Provider

    def do_POST(self) -> None:
        """Take a letter, or answer as told."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        self.server.asked.append(key)
        code = self.server.codes.get(key, 202)
        if code == 0:
            self.close_connection = True
            return
        if code < 300:
            self.server.taken[key] = content
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Provider(ThreadingHTTPServer):
    """A provider.

    Attributes:
        codes: what letters are answered with, by key; 0: nothing at all.
        asked: keys of all requests.
        taken: letters it took, by key.
    """

    def __init__(self, codes: dict[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Interface)
        self.codes = codes
        self.asked: list[str] = []
        self.taken: dict[str, bytes] = {}


@contextmanager
def provider(codes: dict[int, int]) -> Iterator[Provider]:
    made = Provider({f"<{number}@loanbook.example>": code for number, code in codes.items()})
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture
def example() -> dict[str, Any]:
    """What the example of the documents defines."""
    [code] = EXAMPLE.findall(PAGE.read_text("utf-8"))
    defined: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), defined)  # noqa: S102 -- a document of ours
    return defined


def test_the_example_carries_letters(example: dict[str, Any]) -> None:
    with provider({2: 422, 3: 503, 4: 0}) as server:
        way = example["Provider"](f"http://127.0.0.1:{server.server_port}/messages", "key")
        fates = sent(Crew(way, rendered, 2, Pace(0)), 12)
        assert states(fates) == {"sent": 9, "suppressed": 1, "failed": 1, "unknown": 1}
        assert [fates[number].state for number in (2, 3, 4)] == ["suppressed", "failed", "unknown"]
        assert len(server.asked) == 12
        [first, *_] = letters(1)
        assert server.taken["<1@loanbook.example>"] == rendered(first).content
        assert address(1) == first.address


def test_the_example_stops_when_its_key_is_refused_or_nobody_is_there(
    example: dict[str, Any],
) -> None:
    with provider(dict.fromkeys(range(1, 13), 401)) as server:
        way = example["Provider"](f"http://127.0.0.1:{server.server_port}/messages", "key")
        crew = Crew(way, rendered, 2, Pace(0))
        assert states(sent(crew, 12)) == {"planned": 12}
        assert isinstance(crew.trouble, CarrierUnavailable)
    crew = Crew(
        example["Provider"](f"http://127.0.0.1:{free_port()}/messages", "key"),
        rendered,
        2,
        Pace(0),
    )
    assert states(sent(crew, 12)) == {"planned": 12}
    assert "no connection" in str(crew.trouble)
