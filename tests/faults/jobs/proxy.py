"""A line between a worker and PostgreSQL that can be cut: in one direction, in both, or around a COMMIT.

A COMMIT travels in a message of its own, so a cut before or after it is a cut at a known place: before it the change
must not be there, after it the change is there and nobody was told.
"""

import socket
import threading
from contextlib import suppress

from tests.faults.jobs.servers import free_port

COMMIT = b"COMMIT\0"


class Proxy:
    """Listens on a port of its own and hands everything on to `port`, unless told otherwise."""

    def __init__(self, port: int) -> None:
        self.port, self._to = free_port(), port
        self._commits_until_cut = 0  # 0: none is cut
        self._cut_after_sending = True
        self.cuts = 0
        self._open = {"up": threading.Event(), "down": threading.Event()}
        for way in self._open.values():
            way.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._listen, daemon=True).start()

    def cut_at_commit(self, *, nth: int, after_sending: bool) -> None:
        """The n-th COMMIT from now is sent on and its answer dropped, or is not sent at all; the line is cut."""
        with self._lock:
            self._commits_until_cut, self._cut_after_sending = nth, after_sending

    def hold(self, way: str) -> None:
        """Nothing passes `up` (to the database) or `down` (from it) any more; the other way stays open."""
        self._open[way].clear()

    def let_pass(self) -> None:
        """What was held is lost: the lines that were open are cut, new ones work."""
        self.cut_all()
        for way in self._open.values():
            way.set()

    def cut_all(self) -> None:
        for each in list(self._sockets):
            _close(each)

    def close(self) -> None:
        self._listener.close()
        self.let_pass()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            _close(near)
            return
        pair = {near, far}
        self._sockets |= pair
        for each in pair:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=self._pass_on, args=(far, near, "down"), daemon=True)
        back.start()
        self._pass_on(near, far, "up")
        back.join()
        self._sockets -= pair

    def _pass_on(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open[way].wait()
                if way == "up" and data.endswith(COMMIT) and self._is_its_turn():
                    self.cuts += 1
                    if self._cut_after_sending:
                        target.sendall(data)
                        _close(source)  # the answer finds nobody
                        _wait_for_answer(target)
                    break
                target.sendall(data)
        _close(source)
        _close(target)

    def _is_its_turn(self) -> bool:
        with self._lock:
            if not self._commits_until_cut:
                return False
            self._commits_until_cut -= 1
            return not self._commits_until_cut


def _wait_for_answer(server: socket.socket) -> None:
    """So that the COMMIT is done before the database sees that its client is gone."""
    server.settimeout(2)
    with suppress(OSError):
        server.recv(1)


def _close(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        each.close()
