"""HTTP and JSON of the sandbox provider.

GET  /services, /services/S, /counts, /agreements/I, /ping; PUT /services/S with an Idempotency-Key.
Control, as its own people would: POST /control/rules {mode, service, seconds, times, methods}, DELETE /control/rules,
POST /control/forget_keys, PUT /control/agreements/I {state}, PUT /control/services/S {active, quantity, product}.
"""

import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from lapwing.connectors.sandbox_provider.books import Books
from lapwing.connectors.sandbox_provider.misbehaviour import Rule, Rules

LARGEST_BODY = 100_000  # bytes
Reply = tuple[int, dict[str, Any]]


class Server(ThreadingHTTPServer):
    """On loopback only."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, books: Books, token: str = "") -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.books = books
        self.rules = Rules()
        self.token = token

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # seconds of silence

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""

    def _serve(self) -> None:
        path = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        body = self._body()
        if body is None:
            self.close_connection = True
            return self._answer(400, {"error": "invalid", "message": "expected a JSON object"})
        if path[0] == "control":
            return self._answer(*self._control(path[1:], body))
        if not self._let_in():
            return self._answer(401, {"error": "unauthorized", "message": "wrong token"})
        rule = self.server.rules.take(path[1] if len(path) > 1 else "", self.command)
        self._behave(rule, path, body)

    def _behave(self, rule: Rule | None, path: list[str], body: dict[str, Any]) -> None:
        """Acts and answers; or what the rule says instead."""
        mode, seconds = (rule.mode, rule.seconds) if rule else ("", 0.0)
        if self.command == "PUT" and path[0] == "services" and len(path) == 2:
            self.server.books.received(
                path[1], {"key": self._key(), "revision": body.get("revision"), "mode": mode}
            )
        if mode == "slow":
            time.sleep(seconds)
        early = {
            "refuse": (422, {"error": "refused", "message": "told to refuse"}),
            "error_before": (500, {"error": "broken", "message": "told to break"}),
            "busy": (429, {"error": "busy", "message": "told to be busy"}),
            "redirect": (302, {"error": "moved", "message": "told to redirect"}),
        }
        if mode in early:
            return self._answer(*early[mode], seconds=seconds)
        if mode == "hang_up_before":
            return self._hang_up()
        status, answer = self._act(path, body, half=mode == "half")
        if mode == "late":
            time.sleep(seconds)
        if mode == "hang_up_after":
            return self._hang_up()
        if mode == "error_after":
            status, answer = 500, {"error": "broken", "message": "told to break afterwards"}
        self._answer(status, answer, nonsense=mode == "nonsense")

    def _act(self, path: list[str], body: dict[str, Any], *, half: bool) -> Reply:
        books = self.server.books
        match (self.command, *path):
            case ("PUT", "services", service):
                if not self._key():
                    return 422, {"error": "invalid", "message": "expected an Idempotency-Key"}
                return books.change(service, self._key(), body, half=half)
            case ("GET", "services", service):
                return _found(books.service(service))
            case ("GET", "services"):
                return 200, books.services()
            case ("GET", "counts"):
                return 200, books.counts()
            case ("GET", "agreements", identity):
                state = books.agreement(identity)
                return _found({"identity": identity, "state": state} if state else None)
            case ("GET", "ping"):
                return 200, {"pong": True}
        return _found(None)

    def _control(self, path: list[str], body: dict[str, Any]) -> Reply:
        books, rules = self.server.books, self.server.rules
        match (self.command, *path):
            case ("POST", "rules"):
                wrong = rules.add(body)
                return (422, {"error": "invalid", "message": wrong}) if wrong else (200, {})
            case ("DELETE", "rules"):
                rules.clear()
            case ("POST", "forget_keys"):
                books.forget_keys()
            case ("PUT", "agreements", identity):
                books.set_agreement(identity, str(body.get("state", "pending")))
            case ("PUT", "services", service):
                given = {name: body[name] for name in ("active", "quantity", "product") if name in body}
                books.set_by_hand(service, given)
            case _:
                return _found(None)
        return 200, {}

    def _let_in(self) -> bool:
        given = self.headers.get("Authorization", "").encode()
        return not self.server.token or hmac.compare_digest(given, f"Bearer {self.server.token}".encode())

    def _key(self) -> str:
        return self.headers.get("Idempotency-Key", "")

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return None
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _hang_up(self) -> None:
        self.close_connection = True

    def _answer(
        self, status: int, answer: dict[str, Any], *, nonsense: bool = False, seconds: float = 0.0
    ) -> None:
        content = b"<html>?</html" if nonsense else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", f"{seconds:.0f}")
        if status == 302:
            self.send_header("Location", "http://169.254.169.254/latest/")
        self.end_headers()
        self.wfile.write(content)


def _found(thing: dict[str, Any] | None) -> Reply:
    return (200, thing) if thing is not None else (404, {"error": "not_found", "message": "nothing there"})
