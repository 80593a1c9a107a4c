"""A user chooses the zone and the language of his screens."""

from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.models import User


@transaction.atomic
def set_preferences(*, time_zone: str, language: str) -> User:
    """Of the present actor, for whom '' is the organisation's zone and the browser's language.

    Raises Refused `unknown_time_zone`, `unknown_language`, `unknown_user`.
    """
    if time_zone and time_zone not in available_timezones():
        raise Refused("unknown_time_zone", f"{time_zone[:64]!r} is no time zone; try Europe/London")
    known = [code for code, _ in settings.LANGUAGES]
    if language and language not in known:
        raise Refused(
            "unknown_language", f"{language[:10]!r} is no language of the screens: {', '.join(known)}"
        )
    user = User.objects.select_for_update().filter(username=actor()).first()
    if user is None:
        raise Refused("unknown_user", f"there is no user {actor()!r}; lapwing user list shows all")
    before = {"time_zone": user.time_zone, "language": user.language}
    user.time_zone, user.language = time_zone, language
    user.save(update_fields=["time_zone", "language"])
    after = {"time_zone": time_zone, "language": language}
    record(
        "user.preferences", kind="user", subject_id=user.pk, subject=user.username, before=before, after=after
    )
    return user
