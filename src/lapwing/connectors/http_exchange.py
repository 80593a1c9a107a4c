"""JSON over HTTP with another system, and what each way of failing means. Redirects are not followed.

A question that fails has done nothing. A change that was sent and not answered is unknown, and so is one answered with
a server's error or with something unreadable.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator

from lapwing.connectors.errors import (
    Busy,
    ConnectorError,
    CredentialsRefused,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from lapwing.connectors.http_transport import BoundedTransport, Bounds
from lapwing.connectors.limits import NEVER, Patience
from lapwing.connectors.port import ConnectorConfiguration
from lapwing.connectors.words import quoted

LARGEST_ANSWER = 1_000_000  # bytes


class HttpConfiguration(ConnectorConfiguration):
    """A system that is reached at one address with one bearer token ('' where it asks for none)."""

    url: str = Field(title="Address", description="as https://provider.example/v2")
    token: SecretStr = Field(SecretStr(""), title="Token", description="empty where it asks for none")
    ca_file: str = Field(
        "",
        title="File of authorities",
        description="PEM on this machine; empty trusts the usual authorities",
    )

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address like https://provider.example/v2")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("expected an address without name, password, query and fragment")
        return url.rstrip("/")

    @field_validator("token")
    @classmethod
    def _fit_for_a_header(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if not text.isascii() or any(not 32 < ord(letter) < 127 for letter in text):
            raise ValueError("expected a token of printable ASCII without blanks")
        return token


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One exchange. `expected` are the statuses that the caller understands; others are raised as errors."""

    method: str
    path: str
    expected: Collection[int] = (200,)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    says_why: Callable[[dict[str, Any]], tuple[str, str]] = lambda body: (
        "",
        "",
    )  # (code, words) of a refusal

    @property
    def changes(self) -> bool:
        return self.method != "GET"


class HttpExchange:
    """The connection of one connector to one system. `system` names it in messages."""

    def __init__(self, system: str, configuration: HttpConfiguration) -> None:
        self._system = f"{system} at {urlsplit(configuration.url).netloc}"
        self._token = configuration.token.get_secret_value()
        self._bounds = Bounds()
        self._client = httpx.Client(
            base_url=configuration.url,
            transport=BoundedTransport(self._bounds, configuration.ca_file),
            headers={"Accept-Encoding": "identity", **self._authorization()},
            trust_env=False,
            follow_redirects=False,
        )

    def send(self, call: Call, patience: Patience, *, deadline: float = NEVER) -> Answer:
        """The answer. From `deadline` on nothing of a change is sent. Raises the errors of `connectors/errors.py`."""
        self._bounds.ends = patience.exchange_ends()
        self._bounds.deadline = deadline if call.changes else NEVER
        status, headers, content = self._exchange(call)
        if status in call.expected:
            return Answer(status, self._read(call, content))
        raise self._failure(call, status, headers, _json(content) or {})

    def close(self) -> None:
        self._client.close()

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _exchange(self, call: Call) -> tuple[int, httpx.Headers, bytes]:
        try:
            with self._client.stream(
                call.method, call.path, params=dict(call.query), json=call.body, headers=dict(call.headers)
            ) as response:
                content = b""
                for piece in response.iter_raw():
                    content += piece
                    if len(content) > LARGEST_ANSWER:
                        raise httpx.ReadError(f"the answer is larger than {LARGEST_ANSWER} bytes")
                return response.status_code, response.headers, content
        except httpx.ConnectError as error:
            raise Unreachable(f"{self._system} cannot be reached: {error}; nothing was sent") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise self._unanswered(call, str(error)) from None

    def _unanswered(self, call: Call, why: str) -> ConnectorError:
        if call.changes:
            return OutcomeUnknown(
                f"{self._system} was sent {call.method} {call.path}: {why}; look before it is repeated"
            )
        return Unreachable(
            f"{self._system} did not answer {call.method} {call.path}: {why}; nothing was done"
        )

    def _read(self, call: Call, content: bytes) -> dict[str, Any]:
        if not content:
            return {}
        body = _json(content)
        if body is None:
            raise self._unanswered(call, "expected an answer as a JSON object, found something else")
        return body

    def _failure(
        self, call: Call, status: int, headers: httpx.Headers, body: dict[str, Any]
    ) -> ConnectorError:
        asked = f"{self._system}: {call.method} {call.path}"
        code, words = call.says_why(body)
        said = quoted(words, [self._token])
        if status in (401, 403):
            return CredentialsRefused(
                f"{asked} was not allowed ({status}), it said {said}; correct the token"
            )
        if status == 404:
            return NotFound(f"{asked}: nothing is there (404), it said {said}; correct the address")
        if status in (429, 503):
            wait_s = _retry_after_s(headers)
            return Busy(f"{asked}: it is busy ({status}), come back in {wait_s:g} s", retry_after_s=wait_s)
        if 300 <= status < 400:
            return Rejected(
                "redirected", f"{asked}: answered with a redirect ({status}); enter the final address"
            )
        if status == 408 or not 400 <= status < 500:
            return self._unanswered(call, f"it answered {status}, {said}")
        reason = quoted(code, [self._token]).strip("'") if code else str(status)
        return Rejected(reason, f"{asked} was refused ({status}), it said {said}")


def _json(content: bytes) -> dict[str, Any] | None:
    """A JSON object, or None for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _retry_after_s(headers: httpx.Headers) -> float:
    """Seconds, from a number or a date; 30 where nothing usable is said; at most an hour."""
    text = headers.get("Retry-After", "")
    try:
        wait_s = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time()
    except (ValueError, TypeError, OverflowError):
        return 30.0
    return min(max(wait_s, 1.0), 3600.0)
