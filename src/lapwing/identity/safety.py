"""What the web part refuses to start with."""

from django.conf import settings

from lapwing.core.errors import Refused
from lapwing.core.secret_key import FILE_NAME
from lapwing.identity.queries import organisation

SHORTEST_KEY = 40


def refuse_unsafe_settings() -> None:
    """Raises Refused `debug_on`, `any_host`, `default_key`; a sandbox may debug, but not the rest."""
    if settings.DEBUG and not organisation().is_sandbox:
        raise Refused("debug_on", "DEBUG is on, which shows settings to strangers; switch it off")
    if any(host in {"*", "."} for host in settings.ALLOWED_HOSTS):
        raise Refused("any_host", "LAPWING_HOSTS allows any host; name those under which Lapwing is reached")
    key = settings.SECRET_KEY
    if len(key) < SHORTEST_KEY or key.startswith("django-insecure") or len(set(key)) < 10:
        raise Refused("default_key", "the secret key is a default or too short; lapwing init makes one")
    if not (settings.HOME / FILE_NAME).exists():
        raise Refused("default_key", f"there is no {FILE_NAME} in {settings.HOME}; lapwing init makes one")
