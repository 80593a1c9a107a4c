"""Takes the files of an import in, and asks for their dry run."""

import zlib
from collections.abc import Iterable, Mapping

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.exchange.models import FileImport, ImportPart
from lapwing.exchange.sheets import FILES
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job

IMPORT_FILES = "import_files"
FASTEST = 1  # of zlib: files of tables shrink to a fifth of their size all the same
BEGINNINGS = (
    (b"PK", "is a spreadsheet or an archive; save the table as CSV (UTF-8) and choose that file"),
    (b"\xff\xfe", "is written in UTF-16; save it as CSV (UTF-8)"),
    (b"\xfe\xff", "is written in UTF-16; save it as CSV (UTF-8)"),
)


@transaction.atomic
def upload_files(files: Mapping[str, Iterable[bytes]]) -> FileImport:
    """`files` are pieces of bytes by the name of one of the six files.

    Raises Refused `not_permitted`, `nothing_to_import`, `unknown_file`, `not_csv`.
    """
    require(Permission.IMPORT)
    organisation()
    if not files:
        raise Refused("nothing_to_import", "choose at least one file")
    found = FileImport()
    found.save()
    for name, pieces in files.items():
        if name not in FILES:
            raise Refused("unknown_file", f"{name[:60]!r} is none of the files {', '.join(FILES)}")
        found.files[name] = _write(found, name, pieces)
    job = ask(found, dry_run=True)
    found.job_id = job.pk
    found.save(update_fields=["files", "job_id"])
    return found


def ask(found: FileImport, *, dry_run: bool) -> Job:
    """The job that reads the files: to check them, or to import them."""
    return enqueue(
        IMPORT_FILES,
        subject_kind="import",
        subject_id=found.pk,
        subject=str(found.pk),
        parameters={"file_import": found.pk, "dry_run": dry_run},
        key=f"{found.pk}",
    )


def _write(found: FileImport, name: str, pieces: Iterable[bytes]) -> int:
    """Returns the bytes written."""
    size = 0
    for position, piece in enumerate(pieces):
        if not position:
            _refuse_what_is_no_csv(name, piece)
        size += len(piece)
        body = zlib.compress(piece, FASTEST)
        ImportPart.objects.create(file_import=found, file=name, position=position, body=body)
    return size


def _refuse_what_is_no_csv(name: str, piece: bytes) -> None:
    for beginning, reason in BEGINNINGS:
        if piece.startswith(beginning):
            raise Refused("not_csv", f"{name} {reason}")
