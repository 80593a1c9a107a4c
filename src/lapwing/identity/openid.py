"""Sign-in by an OpenID provider (Keycloak, Entra ID, Google …), from the environment; off where none is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PROVIDER = "openid"  # the one that the URLs name
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
VARIABLES = ("URL", "CLIENT", "SECRET", "NAME", "USER_CLAIM", "ROLES_CLAIM", "ROLE_PREFIX", "CREATE_USERS")


@dataclass(frozen=True)
class OpenID:
    """`roles_claim` empty: roles are given by hand. A role there is `role_prefix` and our name of it."""

    url: str  # the issuer
    client: str
    secret: str
    name: str
    user_claim: str
    roles_claim: str
    role_prefix: str
    create_users: bool

    @property
    def origin(self) -> str:
        """Where a browser is sent to; a form may lead there."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def providers(self) -> dict[str, Any]:
        """As allauth wants it: with proof keys (PKCE), the application from here and not from the database."""
        app = {
            "provider_id": PROVIDER,
            "name": self.name,
            "client_id": self.client,
            "secret": self.secret,
            "settings": {"server_url": self.url, "uid_field": "sub"},
        }
        return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}


def openid_settings(environment: Mapping[str, str]) -> OpenID | None:
    """Raises ValueError for settings that are incomplete or would send secrets in clear."""
    given = {name: environment.get(f"LAPWING_OIDC_{name}", "").strip() for name in VARIABLES}
    if not given["URL"]:
        return None
    parts = urlsplit(given["URL"])
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in LOOPBACK):
        raise ValueError(f"LAPWING_OIDC_URL is {given['URL']!r}, expected an issuer with https://")
    if not given["CLIENT"]:
        raise ValueError("LAPWING_OIDC_URL is set, but LAPWING_OIDC_CLIENT is not (the client id there)")
    return OpenID(
        url=given["URL"].rstrip("/"),
        client=given["CLIENT"],
        secret=given["SECRET"],
        name=given["NAME"] or "OpenID Connect",
        user_claim=given["USER_CLAIM"] or "preferred_username",
        roles_claim=given["ROLES_CLAIM"],
        role_prefix=given["ROLE_PREFIX"],
        create_users=given["CREATE_USERS"] == "1",
    )
