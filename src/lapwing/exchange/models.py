"""An import through the screens: its files until they are read, and what became of it."""

from django.db import models
from django.db.models import Q

from lapwing.core.models import Logged
from lapwing.core.states import StateMachine


class ImportState(models.TextChoices):
    CHECKING = "checking"
    CHECKED = "checked"  # the dry run found nothing wrong
    IMPORTING = "importing"
    IMPORTED = "imported"
    REFUSED = "refused"  # nothing was imported; what is wrong is kept
    DISCARDED = "discarded"


FILE_IMPORT = StateMachine(
    what="import",
    table={
        ("checking", "pass"): "checked",
        ("checking", "refuse"): "refused",
        ("checked", "start"): "importing",
        ("checking", "discard"): "discarded",
        ("checked", "discard"): "discarded",
        ("importing", "discard"): "discarded",
        ("importing", "finish"): "imported",
        ("importing", "refuse"): "refused",
    },
)


class FileImport(Logged):
    """`counts` tells rows created and unchanged by file, after a dry run what would be; `wrong` has the first wrong
    cells, `wrong_total` counts all.
    """

    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.CHECKING)
    files = models.JSONField(default=dict)  # bytes by name
    job_id = models.BigIntegerField(null=True)
    counts = models.JSONField(default=dict)
    created_codes = models.JSONField(default=dict)  # catalogue codes by model
    wrong = models.JSONField(default=list)
    wrong_total = models.BigIntegerField(default=0)
    refusal = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField(null=True)  # business time

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="file_import_state_known")
        ]


class ImportPart(models.Model):
    """A piece of a file, compressed by zlib. All are gone when the import has ended."""

    file_import = models.ForeignKey(FileImport, on_delete=models.CASCADE, related_name="parts")
    file = models.CharField(max_length=40)
    position = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file_import", "file", "position"], name="import_part_once")
        ]
