"""What sample jobs did, one row each time: no unique key, so that a second effect is seen."""

from django.db import models


class Effect(models.Model):
    job_id = models.BigIntegerField()
    attempt = models.IntegerField()
    what = models.CharField(max_length=100, default="")
