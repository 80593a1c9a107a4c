"""The installation's secret key: made by `lapwing init`, readable by its owner alone."""

import os
import secrets
from pathlib import Path

FILE_NAME = "secret-key"


def secret_key(home: Path) -> str:
    """The stored key; before `init`, one that lives as long as this process."""
    try:
        return (home / FILE_NAME).read_text("ascii").strip()
    except FileNotFoundError:
        return secrets.token_urlsafe(50)


def make_secret_key(home: Path) -> None:
    """Writes a new key with mode 600; an existing one is left alone."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(home / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(50))
