"""The organisation's settings, the scheduler's switch, and what the environment decides."""

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.screen import screen
from lapwing.core.errors import Invalid
from lapwing.core.money import to_text
from lapwing.identity.actions.set_organisation import set_organisation
from lapwing.identity.models import Organisation
from lapwing.identity.permissions import Permission
from lapwing.identity.proxies import VARIABLE
from lapwing.identity.queries import organisation
from lapwing.identity.settings import seen_as
from lapwing.runs.scheduling import in_stand_by

LONGEST = 300
TEXTS = ("name", "time_zone", "currency", "country", "max_affected", "max_affected_percent")


@screen(Permission.ADMINISTER)
def settings_form(request: HttpRequest) -> HttpResponse:
    """A POST saves all of it, or tells beside each field what is wrong and keeps what was typed."""
    own = organisation()
    values, tolerance, problems = _values(own), _tolerance(own), {}
    stored = seen_as(own)
    if request.method == "POST":
        request.back_to = request.path
        values = {name: request.POST.get(name, "").strip()[:LONGEST] for name in TEXTS}
        tolerance = _typed(request)
        try:
            set_organisation(
                **values,
                tolerance={**dict.fromkeys(own.tolerance_minor, "0"), **dict(tolerance)},
                seen=request.POST.get("seen", ""),
            )
        except Invalid as refusal:
            problems = {problem.field: problem.message for problem in refusal.problems}
            own.refresh_from_db()
        else:
            messages.success(request, _("The settings are saved."))
            return redirect("settings")
    context: dict[str, Any] = {
        "title": _("Settings"),
        "values": values,
        "problems": problems,
        "stored": stored,
        "tolerance": [
            (code, amount, problems.get(f"tolerance.{code}", "")) for code, amount in [*tolerance, ("", "")]
        ],
        "zones": sorted(available_timezones()),
        "stand_by": in_stand_by(),
        "variables": variables(),
        "own": own,
    }
    return render(request, "backoffice/settings.html", context)


def _values(own: Organisation) -> dict[str, str]:
    return {
        **{name: str(getattr(own, name)) for name in TEXTS},
        "max_affected_percent": f"{own.max_affected_percent:f}",
    }


def _tolerance(own: Organisation) -> list[tuple[str, str]]:
    """By currency, as an amount is typed: 550 minor units of EUR as 5.5."""
    return [(code, to_text(minor, code)) for code, minor in sorted(own.tolerance_minor.items())]


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Rows in which a currency stands; an empty amount means none."""
    codes, amounts = (request.POST.getlist(name)[:50] for name in ("tolerance_currency", "tolerance_amount"))
    pairs = zip(codes, amounts, strict=False)
    return [(code.strip()[:20].upper(), amount.strip()[:40] or "0") for code, amount in pairs if code.strip()]


def variables() -> list[tuple[Any, str, str]]:
    """What is set where the service is started: what, its value, and the variable. No secret is told."""
    return [
        (gettext_lazy("Mail is from"), settings.MAIL_FROM, "LAPWING_MAIL_FROM"),
        (
            gettext_lazy("Mail is handed in"),
            _("yes") if settings.SMTP_URL else _("no: mails wait"),
            "LAPWING_SMTP_URL",
        ),
        (gettext_lazy("Jobs are carried by"), settings.ENGINE, "LAPWING_ENGINE"),
        (
            gettext_lazy("Screens are reached as"),
            ", ".join(settings.HOSTS) or _("this machine only"),
            "LAPWING_HOSTS",
        ),
        (
            gettext_lazy("Proxies that are believed"),
            ", ".join(map(str, settings.TRUSTED_PROXIES)) or _("none"),
            VARIABLE,
        ),
        (
            gettext_lazy("Sign-in by OpenID Connect"),
            settings.OIDC.name if settings.OIDC else _("off"),
            "LAPWING_OIDC_*",
        ),
        (
            gettext_lazy("Largest import"),
            f"{settings.IMPORT_AT_MOST_MB:,} MB",
            "LAPWING_IMPORT_MB",
        ),
    ]
