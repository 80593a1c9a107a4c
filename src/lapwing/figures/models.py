"""One number of a chart."""

from django.db import models


class Figure(models.Model):
    """Of the chart `name`: how high the series stands in a column, and when that was counted."""

    name = models.CharField(max_length=40)
    column = models.CharField(max_length=40)  # a day, an hour, an age, a provider
    series = models.CharField(max_length=64)  # a state, a status, a currency, a code
    value = models.BigIntegerField()  # a count, or minor units of the currency that the series names
    kept_at = models.DateTimeField()  # business time

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "column", "series"], name="one_figure_a_series")
        ]
