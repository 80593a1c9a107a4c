"""Keeps the figures: counted anew every few minutes by the service, and read by Home."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction

from lapwing.core import clock
from lapwing.figures.charts import CHARTS, STATE_DAYS, Columns, states_before, states_today
from lapwing.figures.connector_checks import broker_check, connector_checks
from lapwing.figures.models import Figure
from lapwing.identity.queries import today

log = logging.getLogger("lapwing.figures")
STATES = "subscriptions_by_state"
CHECKS = "connector_checks"
BROKER = "broker"
COUNTED = "counted"  # that the charts were counted, also where there was nothing to count
FIGURES_EVERY_S = 120.0
CHECKS_EVERY_S = 600.0


def keep_until(stop: threading.Event) -> None:
    """Counts until it is told to stop. What goes wrong with it keeps nobody from working."""
    checked_ago_s = CHECKS_EVERY_S
    while not stop.is_set():
        _try(keep_figures)
        if checked_ago_s >= CHECKS_EVERY_S:
            _try(keep_checks)
            checked_ago_s = 0.0
        stop.wait(FIGURES_EVERY_S)
        checked_ago_s += FIGURES_EVERY_S
    connection.close()


def _try(keep: Callable[[], None]) -> None:
    try:
        keep()
    except (OperationalError, InterfaceError) as error:
        log.warning("the database is away, figures are kept later: %s", type(error).__name__)
        connection.close()
    except Exception as error:
        log.error("%s: %s", keep.__name__, " ".join(f"{type(error).__name__}: {error}".split())[:300])


def keep_figures() -> None:
    """Every chart anew, and today's column of the states."""
    for name, counted in CHARTS.items():
        _replace(name, counted())
    _keep_states()
    _replace(BROKER, broker_check())
    _replace(COUNTED, {"": {"": 1}})


def keep_checks() -> None:
    _replace(CHECKS, connector_checks())


def _keep_states() -> None:
    """Days that are over stay as they were kept; the first time, they are worked out from the actions."""
    day = today()
    now = states_today()
    if not Figure.objects.filter(name=STATES).exists():
        now = {**states_before(now[day.isoformat()], day), **now}
    with transaction.atomic():
        old = (day - timedelta(days=STATE_DAYS)).isoformat()
        Figure.objects.filter(name=STATES, column__lt=old).delete()
        Figure.objects.filter(name=STATES, column__in=list(now)).delete()
        _write(STATES, now)


@transaction.atomic
def _replace(name: str, columns: Columns) -> None:
    Figure.objects.filter(name=name).delete()
    _write(name, columns)


def _write(name: str, columns: Columns) -> None:
    now = clock.now()
    Figure.objects.bulk_create(
        [
            Figure(name=name, column=column, series=series, value=value, kept_at=now)
            for column, by_series in columns.items()
            for series, value in by_series.items()
        ],
        ignore_conflicts=True,  # another service counted at the same moment
    )
