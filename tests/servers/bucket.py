"""A server that understands S3, on this machine, which asks who comes once it is told to."""

from __future__ import annotations

import json
import logging
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"
BUCKET = "partner-lake"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class Lake:
    """The server and one bucket on it.

    Attributes:
        port: where it listens.
        key_id: of a key that may come in.
        secret: of that key.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._order("reset")
        self._objects = self._client("s3")
        self._objects.create_bucket(Bucket=BUCKET)
        people = self._client("iam")
        people.create_user(UserName="reader")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [ALL]})
        people.put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=policy)
        key = people.create_access_key(UserName="reader")["AccessKey"]
        self.key_id: str = key["AccessKeyId"]
        self.secret: str = key["SecretAccessKey"]

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, name: str, content: bytes) -> None:
        """Put an object into the bucket."""
        self._objects.put_object(Bucket=BUCKET, Key=name, Body=content)

    def put_many(self, names: list[str]) -> None:
        """Put small objects into the bucket, past the wire."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for name in names:
            backend.put_object(BUCKET, name, name.encode())

    def take(self, name: str) -> None:
        """Take an object away."""
        self._objects.delete_object(Bucket=BUCKET, Key=name)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Ask who comes."""
        self._ask_after("0")
        try:
            yield
        finally:
            self._ask_after("inf")

    def _ask_after(self, actions: str) -> None:
        self._order("reset-auth", actions)

    def _order(self, order: str, body: str = "") -> None:
        request = urllib.request.Request(  # noqa: S310 -- http, of this machine
            f"{self.endpoint}/moto-api/{order}",
            data=body.encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()  # noqa: S310 -- the same

    def _client(self, service: str) -> Any:  # noqa: ANN401 -- made at run time
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION,
            aws_access_key_id="maker", aws_secret_access_key="maker",
        )  # fmt: skip


@contextmanager
def bucket_server() -> Iterator[Lake]:
    """A server on this machine with an empty bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield Lake(server.get_host_and_port()[1])
    finally:
        server.stop()
