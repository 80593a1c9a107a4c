"""A small OpenID provider on loopback: one person, authorization code with proof key, RS256."""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "lapwing", "a secret"


def _number(value: int) -> str:
    return (
        base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
    )


@dataclass
class Provider:
    """`claims` is what it tells of whoever signs in; `url` its issuer."""

    claims: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] | None = None  # of the user's record, where it differs
    refuses: bool = False
    url: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def start(self) -> ThreadingHTTPServer:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                return None

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self.answer(*provider.get(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(*provider.token({k: v[0] for k, v in parse_qs(body).items()}))

            def answer(self, status: int, told: Any) -> None:
                self.send_response(status)
                if isinstance(told, str):
                    self.send_header("Location", told)
                    told = {}
                body = json.dumps(told).encode()
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def get(self, path: str, asked: dict[str, str]) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/keys":
            numbers = self.key.public_key().public_numbers()
            key = {"kty": "RSA", "kid": "1", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
            return 200, {"keys": [key]}
        if path == "/userinfo":
            return 200, self.record or self.claims
        if path == "/authorize" and asked["client_id"] == CLIENT and asked["response_type"] == "code":
            back = {"state": asked["state"]}
            if self.refuses:
                return 302, f"{asked['redirect_uri']}?{urlencode({**back, 'error': 'access_denied'})}"
            code = f"code-{len(self.codes)}"
            self.codes[code] = asked
            return 302, f"{asked['redirect_uri']}?{urlencode({**back, 'code': code})}"
        return 404, {}

    def token(self, asked: dict[str, str]) -> tuple[int, Any]:
        given = self.codes.pop(asked.get("code", ""), None)
        proof = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        proved = given and base64.urlsafe_b64encode(proof).rstrip(b"=").decode() == given["code_challenge"]
        if not proved or (asked["client_id"], asked["client_secret"]) != (CLIENT, SECRET):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        said = {**self.claims, "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300}
        token = jwt.encode(said, self.key, algorithm="RS256", headers={"kid": "1"})
        return 200, {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "id_token": token}
