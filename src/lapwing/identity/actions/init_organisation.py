"""Writes the one organisation and its first administrator."""

from zoneinfo import available_timezones

import holidays
from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.core.money import known_currency
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.models import Organisation
from lapwing.identity.permissions import Role


@transaction.atomic
def init_organisation(
    *, administrator: str, time_zone: str, currency: str, country: str, sandbox: bool
) -> Organisation:
    """Raises Refused for an unknown zone, currency or country. An existing organisation is left as it is."""
    if existing := Organisation.objects.filter(pk=1).first():
        return existing
    if time_zone not in available_timezones():
        raise Refused(
            "unknown_time_zone", f"LAPWING_TIME_ZONE {time_zone!r} is no time zone; try Europe/London"
        )
    if not known_currency(currency):
        raise Refused("unknown_currency", f"LAPWING_CURRENCY {currency!r} is no currency; try EUR")
    if country and country not in holidays.list_supported_countries():
        raise Refused(
            "unknown_country", f"LAPWING_COUNTRY {country!r} is no country code with holidays; try GB"
        )
    organisation = Organisation(
        pk=1, time_zone=time_zone, currency=currency, country=country, is_sandbox=sandbox
    )
    organisation.save()
    record("organisation.init", kind="organisation", subject_id=1, after={"sandbox": sandbox})
    grant_role(administrator, Role.ADMINISTRATOR)
    if sandbox:
        # Two pairs of eyes are needed to approve; a sandbox comes with the second.
        grant_role("approver", Role.APPROVER)
    return organisation
