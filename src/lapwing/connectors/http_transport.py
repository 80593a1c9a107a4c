"""HTTP connections for connectors: checked addresses, a limit on each whole exchange, nothing sent after a deadline.

httpx limits each read, not their sum: a server that sends a byte now and then would hold a worker for ever. So the
limit sits at the socket.
"""

import logging
import ssl
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any

import httpcore
import httpx

from lapwing.connectors.addresses import addresses_of
from lapwing.connectors.limits import NEVER, in_time
from lapwing.connectors.words import quoted

# It logs every address asked, and a filter in one names the customer.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Bounds:
    """The limits of the exchange under way; set anew before each."""

    ends = NEVER  # monotonic; the exchange must be over
    deadline = NEVER  # monotonic; no byte of a change is sent from then on

    def left(self, out_of_time: type[Exception]) -> float:
        left = self.ends - monotonic()
        if left <= 0:
            raise out_of_time("the time limit of the exchange is over")
        return left


class BoundedTransport(httpx.BaseTransport):
    """Raises httpx.ConnectError where nothing was sent, httpx.ReadError where something may have been."""

    def __init__(self, bounds: Bounds, ca_file: str = "") -> None:
        trusted = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._pool = httpcore.ConnectionPool(ssl_context=trusted, network_backend=_Backend(bounds))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(request.method, url, headers=request.headers.raw, content=request.read())
        try:
            answer = self._pool.handle_request(asked)
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise httpx.ConnectError(_why(error)) from None
        except _BROKEN as error:
            raise httpx.ReadError(_why(error)) from None
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


_BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


def _why(error: Exception) -> str:
    """Our words, because errors on the wire may quote headers; while connecting there are none yet."""
    if isinstance(error, httpcore.TimeoutException):
        return "no answer within the time limit"
    if isinstance(error, httpcore.ConnectError):
        return f"no connection, {quoted(error)}"
    if isinstance(error, httpcore.ProtocolError):
        return "the answer is not HTTP, or the connection was closed before it"
    return "the connection broke"


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.iter_stream()
        except _BROKEN as error:
            raise httpx.ReadError(_why(error)) from None

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Resolves, checks, and connects to what was checked."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # as httpcore has it
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses_of(host, port, until=self._bounds.ends):
            try:
                left = self._bounds.left(httpcore.ConnectTimeout)
                stream = self._real.connect_tcp(address, port, left, local_address, socket_options)
                return _Stream(stream, self._bounds)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    def __init__(self, real: httpcore.NetworkStream, bounds: Bounds) -> None:
        self._real = real
        self._bounds = bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._real.read(max_bytes, self._bounds.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        in_time(self._bounds.deadline)
        self._real.write(buffer, self._bounds.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._real.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._bounds.left(httpcore.ConnectTimeout)
        return _Stream(self._real.start_tls(ssl_context, server_hostname, left), self._bounds)

    def get_extra_info(self, info: str) -> object:
        return self._real.get_extra_info(info)
