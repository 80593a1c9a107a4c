"""The Celery application that `lapwing worker` starts."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lapwing.conf.settings")
django.setup()

from django.conf import settings  # noqa: E402

from lapwing.cli.session import set_clock  # noqa: E402
from lapwing.jobs.engines.celery import celery_app  # noqa: E402

if not settings.BROKER_URL:
    raise ValueError("LAPWING_BROKER_URL is not set (amqp://… or redis://…)")
set_clock()
app = celery_app(settings.BROKER_URL)
