"""The web application that gunicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lapwing.conf.settings")
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

from lapwing.cli.session import set_clock  # noqa: E402
from lapwing.identity.safety import refuse_unsafe_settings  # noqa: E402

refuse_unsafe_settings()
set_clock()
application = get_wsgi_application()
