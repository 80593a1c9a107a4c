"""Checks or imports the files of one import: all of it or nothing, in the transaction that ends the job."""

import tempfile
import zlib
from pathlib import Path

from lapwing.core.context import SYSTEM, acting_as
from lapwing.core.errors import Refused
from lapwing.exchange.actions.steer_import import close_import, refuse_import
from lapwing.exchange.actions.upload_files import IMPORT_FILES
from lapwing.exchange.import_files import import_directory
from lapwing.exchange.models import FileImport, ImportState
from lapwing.exchange.progress import forget_progress, keep_progress
from lapwing.exchange.queries import file_import
from lapwing.jobs.outcomes import Failed, NotApplicable, Outcome, Succeeded
from lapwing.jobs.types import BULK, DatabaseType, HeldJob, Parameters, job_types

UNDER_WAY = {True: ImportState.CHECKING, False: ImportState.IMPORTING}


class ImportParameters(Parameters):
    file_import: int
    dry_run: bool


class ImportFiles(DatabaseType):
    """It keeps one worker busy as long as it lasts."""

    name = IMPORT_FILES
    label = "Check or import files"
    Parameters = ImportParameters
    priority = BULK
    pool = "run"  # claimed by itself: it holds up no other job of its chunk
    time_limit_s = 4 * 3600

    def perform(self, job: HeldJob) -> Outcome | None:
        number, dry_run = job.parameters["file_import"], job.parameters["dry_run"]
        found = file_import(number)
        if found.state != UNDER_WAY[dry_run]:
            return NotApplicable("not_now", f"import {number} is {found.state}")
        try:
            with tempfile.TemporaryDirectory(prefix=f"import-{number}-") as folder:
                _unpack(found, Path(folder))
                report = keep_progress(number)
                result = import_directory(Path(folder), dry_run=dry_run, report=report)
        except Refused as refusal:
            _close(number, refusal)
            text = f"nothing was imported: {refusal.message}"[:2000]
            return Succeeded(text, "refused") if dry_run else Failed(refusal.code, text)
        finally:
            forget_progress(number)
        close_import(number, result)
        created = sum(counts["created"] for counts in result.files.values())
        return Succeeded(f"{created:,} rows {'would be' if dry_run else 'were'} created")

    def on_failed(self, job: HeldJob, code: str, text: str) -> None:
        found = file_import(job.parameters["file_import"])
        if found.state in UNDER_WAY.values():
            _close(found.pk, Refused(code, text or code))


def _close(number: int, refusal: Refused) -> None:
    """Also where whoever asked may not import any more: his files do not stay under way for good."""
    with acting_as(SYSTEM):
        refuse_import(number, refusal)


def _unpack(found: FileImport, folder: Path) -> None:
    for name in found.files:
        with (folder / name).open("wb") as file:
            for part in found.parts.filter(file=name).order_by("position").iterator(chunk_size=16):
                file.write(zlib.decompress(part.body))


job_types.register(ImportFiles())
