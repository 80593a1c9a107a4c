"""Django's settings, all from the environment (see docs/administrators.md)."""

import os
from pathlib import Path

from lapwing.conf.database import database_settings
from lapwing.conf.web import *  # noqa: F403
from lapwing.conf.web import SCREEN_APPS
from lapwing.core.secret_key import secret_key

HOME = Path(os.environ.get("LAPWING_HOME", "var")).absolute()
SECRET_KEY = secret_key(HOME)
DEBUG = False

INSTALLED_APPS = [
    *SCREEN_APPS,
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "lapwing.identity",
    "lapwing.audit",
    "lapwing.jobs",
    "lapwing.connectors",
    "lapwing.runs",
    "lapwing.messages",
    "lapwing.catalog",
    "lapwing.customers",
    "lapwing.receivables",
    "lapwing.subscriptions",
    "lapwing.job_types",
    "lapwing.run_kinds",
    "lapwing.exchange",
    "lapwing.figures",
    # Apps of others that bring job types, run kinds, criteria or connectors in folders of these names.
    *filter(None, os.environ.get("LAPWING_APPS", "").split(",")),
]
AUTH_USER_MODEL = "identity.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": database_settings(
        os.environ.get("LAPWING_DATABASE_URL") or f"sqlite:///{HOME / 'lapwing.sqlite3'}"
    )
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

# What `lapwing init` writes into the organisation.
ORGANISATION = {
    "time_zone": os.environ.get("LAPWING_TIME_ZONE", "UTC"),
    "currency": os.environ.get("LAPWING_CURRENCY", "EUR"),
    "country": os.environ.get("LAPWING_COUNTRY", ""),
}

# How due jobs reach workers: `local`, on the database itself, or `celery` over a broker.
ENGINE = os.environ.get("LAPWING_ENGINE") or "local"
BROKER_URL = os.environ.get("LAPWING_BROKER_URL", "")
QUEUE = os.environ.get("LAPWING_QUEUE") or "lapwing"  # on a broker that several installations share
if ENGINE not in {"local", "celery"}:
    raise ValueError(f"LAPWING_ENGINE is {ENGINE!r}, expected local or celery")
if ENGINE == "celery" and not BROKER_URL:
    raise ValueError("LAPWING_ENGINE is celery, but LAPWING_BROKER_URL is not set (amqp://… or redis://…)")

# Where mail is handed in (smtp://user:password@host:587?tls=starttls), and whom it comes from.
SMTP_URL = os.environ.get("LAPWING_SMTP_URL", "")
MAIL_FROM = os.environ.get("LAPWING_MAIL_FROM", "Lapwing <lapwing@localhost.localdomain>")
