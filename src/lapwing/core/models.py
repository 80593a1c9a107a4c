"""What every entity keeps: its log information."""

from django.db import models


class Logged(models.Model):
    """Log information: who wrote it and when, who changed it last and when (business time)."""

    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(editable=False)
    updated_by = models.CharField(max_length=150, editable=False)

    class Meta:
        abstract = True

    def save(self, *args, **kwargs) -> None:
        self.stamp()
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "updated_at", "updated_by"}
        super().save(*args, **kwargs)

    def stamp(self) -> "Logged":
        """Sets the log information; `bulk_create` does not call save."""
        from lapwing.core import clock
        from lapwing.core.context import actor

        self.updated_at, self.updated_by = clock.now(), actor()
        if self.created_at is None:
            self.created_at, self.created_by = self.updated_at, self.updated_by
        return self
