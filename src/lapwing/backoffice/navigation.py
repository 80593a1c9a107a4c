"""The side bar, by the operators' work."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lapwing.identity.permissions import Permission

PARTS = ("live", "items", "step", "new", "entry", "edit", "versions")  # pages below one's own
GROUPS = (
    ("", ((_("Home"), "home", "home"),)),
    (
        _("Billing"),
        (
            (_("Run definitions"), "rule", "definitions"),
            (_("Runs"), "play_circle", "runs"),
            (_("Subscriptions"), "router", "subscriptions"),
            (_("Accounts"), "account_balance_wallet", "accounts"),
            (_("Customers"), "person", "customers"),
            (_("Scheduled changes"), "event_upcoming", "scheduled_changes"),
        ),
    ),
    (
        _("Provisioning"),
        (
            (_("Providers"), "cloud_sync", "providers"),
            (_("Provider accounts"), "link", "provider_accounts"),
        ),
    ),
    (
        _("Operations"),
        (
            (_("Jobs"), "checklist", "jobs"),
            (_("Failed jobs by cause"), "error", "job_causes"),
            (_("Types of jobs"), "tune", "job_types"),
            (_("Health of jobs"), "monitor_heart", "job_health"),
        ),
    ),
)
RECORDS = (
    (
        _("Catalogue"),
        (
            (_("Subscription types"), "category", "catalog_subscriptiontype"),
            (_("Price plans"), "sell", "catalog_priceplan"),
        ),
        Permission.VIEW,
    ),
)
# Administration: label, icon, URL, who may.
ADMINISTRATION = (
    (_("E-mail templates"), "mail", "email_templates", Permission.ADMINISTER),
    (_("Import"), "upload_file", "imports", Permission.IMPORT),
    (_("Audit"), "history", "audit", Permission.VIEW),
    (_("Users and roles"), "group", "users", Permission.ADMINISTER),
    (_("Settings"), "settings", "settings", Permission.ADMINISTER),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of entries; the one whose pages one is on is lit."""
    here = getattr(request.resolver_match, "url_name", "") or ""
    return (
        [
            {
                "title": title,
                "separator": bool(title),
                "items": [_entry(label, icon, name, here) for label, icon, name in entries],
            }
            for title, entries in GROUPS
        ]
        + [
            {"title": title, "separator": True, "items": [_record(*each, here) for each in entries]}
            for title, entries, permission in RECORDS
            if permission in request.permissions
        ]
        + [_administration(request, here)]
    )


def _administration(request: HttpRequest, here: str) -> dict[str, Any]:
    permitted = (each for each in ADMINISTRATION if each[-1] in request.permissions)
    entries = [_entry(label, icon, name, here) for label, icon, name, _permission in permitted]
    return {"title": _("Administration"), "separator": True, "items": entries}


def _entry(label: str, icon: str, name: str, here: str) -> dict[str, Any]:
    singular = name.removesuffix("s")
    return {
        "title": label,
        "icon": icon,
        "link": reverse(name),
        "active": here in (name, singular, f"new_{singular}", *(f"{singular}_{part}" for part in PARTS)),
    }


def _record(label: str, icon: str, model: str, here: str) -> dict[str, Any]:
    link = reverse(f"admin:{model}_changelist")
    return {"title": label, "icon": icon, "link": link, "active": here.startswith(model)}
