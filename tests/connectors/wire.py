"""A TCP line between a connector and a server that counts the changes on it and fails when it is told to."""

import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

# What happens to a change, or (deaf, babble, drip) to everything.
MODES = ("pass", "hang_before", "hang_after", "cut_before", "cut_after", "nonsense", "deaf", "babble", "drip")
NONSENSE = b"\x00\x01HTTP? no: \xff\xfe<<<>>>\r\n\r\n" * 3


class Wire:
    """`is_change` tells from the first bytes of a message whether it changes something at the server."""

    def __init__(self, target: int, is_change: Callable[[bytes], bool]) -> None:
        self.target, self.is_change = target, is_change
        self.mode = "pass"
        self.changes = 0
        self.heard = b""  # everything the connector sent
        self.meanwhile: Callable[[], None] | None = None  # done once, while a change is on the line
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        self.mode, self.changes, self.heard, self.meanwhile = "pass", 0, b"", None

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.mode == "deaf":
                return _wait_until_gone(client)
            if self.mode in ("babble", "drip"):
                return self._babble(client)
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                Line(self, client, server).carry()

    def _babble(self, client: socket.socket) -> None:
        client.recv(65536)
        if self.mode == "babble":
            client.sendall(NONSENSE)
            return
        begun = b"HTTP/1.1 200 OK\r\nX: " if self.is_http else b"\x30\x84\x00\x00\xff\xff"
        for byte in begun + b"y" * 60:
            client.sendall(bytes([byte]))
            time.sleep(0.1)

    is_http = True


class Line:
    """One connection."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self.wire, self.client, self.server = wire, client, server
        self.fate = "pass"

    def carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.client, selectors.EVENT_READ)
            selector.register(self.server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(60):
                    to_server = key.fileobj is self.client
                    if not (self._to_server() if to_server else self._to_client()):
                        return

    def _to_server(self) -> bool:
        content = self.client.recv(65536)
        if not content:
            return False
        self.wire.heard += content
        if self.wire.is_change(content):
            self.wire.changes += 1
            self.fate = self.wire.mode
            meanwhile, self.wire.meanwhile = self.wire.meanwhile, None
            if meanwhile:
                meanwhile()
        if self.fate == "cut_before":
            _reset(self.client)
            return False
        if self.fate != "hang_before":
            self.server.sendall(content)
        return True

    def _to_client(self) -> bool:
        content = self.server.recv(65536)
        if self.fate in ("hang_after", "hang_before"):
            _wait_until_gone(self.client)
            return False
        if self.fate == "cut_after":
            _reset(self.client)
            return False
        if self.fate == "nonsense":
            self.client.sendall(NONSENSE)
            return False
        if content:
            self.client.sendall(content)
        return bool(content)


def changes_http(content: bytes) -> bool:
    return content.startswith((b"PUT ", b"POST ", b"PATCH ", b"DELETE "))


def changes_ldap(content: bytes) -> bool:
    """modifyRequest or addRequest: the tag after the message's length and number (RFC 4511, 4.1.1)."""
    if len(content) < 6 or content[0] != 0x30:
        return False
    at = 2 + (content[1] & 0x7F if content[1] & 0x80 else 0)
    return content[at] == 2 and content[at + 2 + content[at + 1]] in (0x66, 0x68)


def _wait_until_gone(client: socket.socket) -> None:
    client.settimeout(60)
    while client.recv(65536):
        pass


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
