"""Asks every connector, and the broker, now and then whether they are reached; Home tells of those that are not."""

from django.conf import settings

from lapwing.catalog.models import Provider
from lapwing.catalog.provider_calls import line_to
from lapwing.connectors.errors import ConnectorError
from lapwing.core.errors import Refused
from lapwing.figures.charts import Columns

WELL = "well"
AWAY = "away"


def broker_check() -> Columns:
    """The same of the broker, where the engine has one."""
    if settings.ENGINE == "local":
        return {}
    from lapwing.jobs.engines.celery import CeleryEngine, celery_app

    return {settings.ENGINE: {AWAY if CeleryEngine(celery_app(settings.BROKER_URL)).health() else WELL: 1}}


def connector_checks() -> Columns:
    """By provider: 1 under the code of what its check ended with. May take a minute for each that does not answer."""
    providers = Provider.objects.exclude(connector="").order_by("code")
    return {provider.code: {_check(provider): 1} for provider in providers}


def _check(provider: Provider) -> str:
    try:
        with line_to(provider).open() as connector:
            connector.check()
    except (ConnectorError, Refused) as error:
        return error.code
    except Exception as error:  # an adapter's own defect is a failed check, not the end of the others'
        return type(error).__name__
    return WELL
