"""Which host keys we trust: those of a known_hosts file, or those whose fingerprint is named."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import asyncssh

Known = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]


class Guard:
    """Asked for the keys of the hosts that we connect to.

    Attributes:
        problem: why the last host was not trusted, in a sentence, or blank.
    """

    def __init__(self, key: str, file: Path | None, fingerprints: Collection[str]) -> None:
        """Read what is known.

        Args:
            key: of the source's settings, for messages.
            file: known_hosts, as ssh writes it.
            fingerprints: of keys to trust whatever the file says.

        Raises:
            OSError, ValueError: the file cannot be read.
        """
        self._key = key
        self._known = asyncssh.read_known_hosts(str(file)) if file else None
        self._fingerprints = frozenset(fingerprints)
        self._expected: list[str] = []
        self.problem = ""

    def known(self, host: str, addr: str, port: int | None) -> Known:
        """The keys that the file has for a host: trusted, for authorities, and revoked."""
        if self._known is None:
            return [], [], []
        trusted, authorities, revoked, *_ = self._known.match(host, addr, port)
        self._expected = [one.get_fingerprint() for one in trusted]
        return list(trusted), list(authorities), list(revoked)

    def judge(self, host: str, key: asyncssh.SSHKey) -> bool:
        """Whether a key is right that the file does not vouch for."""
        shown = key.get_fingerprint()
        if shown in self._fingerprints:
            return True
        algorithm = key.get_algorithm()
        self.problem = f"the host key of {host} is {algorithm} {shown}, "
        if self._expected:
            self.problem += f"but known_hosts has {', '.join(self._expected)} for it"
        else:
            self.problem += (
                f"which neither known_hosts nor {self._key}.fingerprints knows; ask whoever runs"
                " the server whether it is right"
            )
        return False


class Client(asyncssh.SSHClient):
    """Our side of a connection."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Asked for a key that known_hosts does not vouch for."""
        del addr, port
        return self._guard.judge(host, key)
