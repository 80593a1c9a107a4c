"""Adds or changes a provider as one who saw it on a screen: never another than he saw, nor over another's change."""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from lapwing.catalog.actions.set_provider import SHOWN, provider_of, set_provider
from lapwing.catalog.models import Provider
from lapwing.core.errors import Refused
from lapwing.core.marks import mark
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require

CODE = r"\w[\w.-]{0,99}"


class Settings(TypedDict, total=False):
    """As `set_provider` takes them."""

    name: str
    connector: str
    configuration: Mapping[str, Any]
    needs_account: bool
    responsible_email: str
    remind_every_days: int
    state: str


def create_provider(code: str, kind: str, **settings: Unpack[Settings]) -> Provider:
    """A provider that exists is never touched. Raises as `set_provider`, and Refused `bad_code`, `code_in_use`."""
    taken = Refused("code_in_use", f"there is a provider {code} already: open it to change it")
    try:
        with transaction.atomic():
            require(Permission.PROVISION)
            if not re.fullmatch(CODE, code):
                raise Refused("bad_code", f"{code[:40]!r} is no code: letters, digits and . - _ only")
            if Provider.objects.filter(code=code).exists():
                raise taken
            return set_provider(code, kind, **settings)
    except IntegrityError as error:
        raise taken from error


@transaction.atomic
def edit_provider(
    code: str, kind: str, *, seen: str, keep: Collection[str] = (), **settings: Unpack[Settings]
) -> Provider:
    """`seen` is its mark from when it was shown; secrets named in `keep` stay as they are.

    Raises as `set_provider`, and Refused `unknown_provider`, `edited_meanwhile`.
    """
    require(Permission.PROVISION)
    provider = Provider.objects.select_for_update().get(pk=provider_of(code).pk)
    if seen != seen_as(provider):
        raise Refused(
            "edited_meanwhile",
            f"provider {code} was changed by {provider.updated_by} meanwhile; nothing was saved: open it again and "
            "look at it as it is now",
        )
    return set_provider(code, kind, keep=keep, **settings)


def seen_as(provider: Provider) -> str:
    """A short mark of what its settings are now; another after every change of them, the sealed secrets included."""
    return mark([*(getattr(provider, field) for field in SHOWN), provider.sealed_secrets])
