"""Secrets at rest: sealed with a key derived from Django's SECRET_KEY, so that a copy of the database tells nothing."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lapwing.core.errors import Refused

# Part of the key: a key for another purpose, derived from the same secret, opens nothing sealed here.
PURPOSE = b"lapwing: secrets at rest, 1"


def seal(text: str) -> str:
    """The text, encrypted and authenticated, as ASCII; twice the same text gives two different results."""
    return _keys().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """The text again; what was sealed under one of SECRET_KEY_FALLBACKS opens too.

    Raises Refused `sealed_text_unreadable` where the key is another one or the text was damaged.
    """
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Refused(
            "sealed_text_unreadable",
            "a sealed secret cannot be opened: expected one sealed with this installation's secret key, found one "
            "sealed with another key or damaged; put the former key back, or enter the secret again",
        ) from None


def _keys() -> MultiFernet:
    """The present key first: it seals; the former ones only open."""
    return MultiFernet(
        [Fernet(_derive(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derive(secret_key: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(hkdf.derive(secret_key.encode()))
