"""Where each user is signed in: noted for the list of sessions, and told in words."""

from collections.abc import Callable
from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

NOTED_EVERY = timedelta(minutes=10)
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


class NoteSessions:
    """Writes at most every ten minutes: a page that is only looked at must not wait for a writer."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not self._is_noted(request):
            _note(request)
        return self.respond(request)

    def _is_noted(self, request: HttpRequest) -> bool:
        since = timezone.now() - NOTED_EVERY
        key = request.session.session_key
        return UserSession.objects.filter(session_key=key, last_seen_at__gt=since).exists()


def _note(request: HttpRequest) -> None:
    """In one statement; two pages that are asked for at once do not meet."""
    longest = UserSession._meta.get_field("user_agent").max_length
    seen = UserSession(
        user=request.user,
        session_key=request.session.session_key,
        ip=get_adapter().get_client_ip(request),
        user_agent=request.headers.get("User-Agent", "")[:longest],
        last_seen_at=timezone.now(),
    )
    UserSession.objects.bulk_create(
        [seen],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "ip", "user_agent", "last_seen_at"],
    )


def device(user_agent: str) -> str:
    """Firefox on Linux; as far as a browser tells of itself."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), _("Another browser"))
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser
