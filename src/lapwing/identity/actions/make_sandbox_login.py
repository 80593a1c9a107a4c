"""A sandbox comes with a login for its screens; its password is made at random and lies beside the database."""

import os
import secrets
from pathlib import Path

from django.db import transaction

from lapwing.core.context import actor
from lapwing.identity.actions.set_password import set_password

FILE_NAME = "sandbox-login"


def make_sandbox_login(home: Path) -> None:
    """For the administrator, and for the approver whom a sandbox has. An existing login is left alone."""
    try:
        descriptor = os.open(home / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    password = secrets.token_urlsafe(12)
    with os.fdopen(descriptor, "w", encoding="ascii") as file, transaction.atomic():
        for name in (actor(), "approver"):
            set_password(name, password)
            file.write(f"{name} {password}\n")
