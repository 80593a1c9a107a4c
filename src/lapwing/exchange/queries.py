"""Reads of imports through the screens."""

from lapwing.core.errors import Refused
from lapwing.exchange.models import FileImport


def file_import(number: int) -> FileImport:
    """Raises Refused `unknown_import`."""
    found = FileImport.objects.filter(pk=number).first()
    if found is None:
        raise Refused("unknown_import", f"there is no import {number}")
    return found


def newest_imports(*, below: int | None, limit: int) -> list[FileImport]:
    """Without what is long: the wrong cells."""
    found = FileImport.objects.defer("wrong").order_by("-pk")
    return list((found.filter(pk__lt=below) if below is not None else found)[:limit])
