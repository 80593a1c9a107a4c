"""The organisation (one row), users with roles, and the calendar of public holidays."""

from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.db import models

from lapwing.core.models import Logged
from lapwing.identity.permissions import Role


class Organisation(Logged):
    """The one company whose subscriptions these are, with its defaults. Written by `init`."""

    name = models.CharField(max_length=200, default="")
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="EUR")
    country = models.CharField(max_length=2, blank=True, default="")
    is_sandbox = models.BooleanField(default=False)
    # The safety brake where a definition gives no limit of its own.
    max_affected = models.PositiveIntegerField(default=1000)
    max_affected_percent = models.DecimalField(max_digits=5, decimal_places=2, default=2)
    # Debt up to this much, per currency in minor units, does not count as overdue.
    tolerance_minor = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_organisation")]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class User(AbstractUser):
    """A person who operates Lapwing. What he may do follows from his roles."""

    time_zone = models.CharField(max_length=64, blank=True, default="")  # '' is the organisation's
    language = models.CharField(max_length=10, blank=True, default="")  # '' is what his browser asks for

    class Meta:
        db_table = "identity_user"


class UserRole(Logged):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=32, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="user_role_once")]


class SavedFilter(Logged):
    """What a user looks for in a list again and again: a name for a query string."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_filters")
    list = models.CharField(max_length=60)  # the name of the list's URL
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "list", "name"], name="saved_filter_once_a_list")
        ]


class Holiday(models.Model):
    """A public holiday of a country, frozen into this table when it is first asked for."""

    country = models.CharField(max_length=2)
    day = models.DateField()
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country", "day"], name="holiday_once")]


class Remembered(models.Model):
    """What the processes of the screens remember together until `ends_at` (machine time)."""

    key = models.CharField(max_length=255, unique=True)
    value = models.JSONField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "identity_remembered"
