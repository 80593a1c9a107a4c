"""Starts an import whose dry run found nothing wrong, or discards it; ends it as its job found."""

from dataclasses import asdict

from django.db import transaction

from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.exchange.actions.upload_files import ask
from lapwing.exchange.import_files import ImportResult
from lapwing.exchange.models import FILE_IMPORT, FileImport
from lapwing.exchange.problems import ImportRefused
from lapwing.exchange.queries import file_import
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require


@transaction.atomic
def start_import(number: int) -> FileImport:
    """Everything is checked again when it is imported; all or nothing.

    Raises Refused `not_permitted`, `unknown_import`, `illegal_transition`.
    """
    found = _locked(number, "start")
    found.job_id = ask(found, dry_run=False).pk
    found.save()
    return found


@transaction.atomic
def discard_import(number: int) -> FileImport:
    """Raises Refused `not_permitted`, `unknown_import`, `illegal_transition`."""
    found = _locked(number, "discard")
    return _end(found)


@transaction.atomic
def close_import(number: int, result: ImportResult) -> FileImport:
    """What the job read was right: it was imported, or may be."""
    found = _locked(number, "pass" if result.dry_run else "finish")
    found.counts, found.created_codes = result.files, result.created_codes
    if result.dry_run:
        found.save()
        return found
    return _end(found)


@transaction.atomic
def refuse_import(number: int, refusal: Refused) -> FileImport:
    """Nothing was imported, and why."""
    found = _locked(number, "refuse")
    found.refusal = str(refusal)
    if isinstance(refusal, ImportRefused):
        found.wrong, found.wrong_total = [asdict(cell) for cell in refusal.wrong], refusal.total
    return _end(found)


def _locked(number: int, event: str) -> FileImport:
    """Locked, and in the state after the event."""
    require(Permission.IMPORT)
    file_import(number)
    found = FileImport.objects.select_for_update().get(pk=number)
    found.state = FILE_IMPORT.target(found.state, event, str(number))
    return found


def _end(found: FileImport) -> FileImport:
    found.parts.all().delete()
    found.ended_at = clock.now()
    found.save()
    return found
