"""The side bar, by the operators' work."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from lapwing.identity.permissions import Permission
from lapwing.runs.kinds import kinds

PARTS = ("live", "items", "step", "new", "entry", "edit", "versions")  # pages below one's own
GROUPS = (
    ("", ((_("Home"), "home", "home"),)),
    (
        _("Billing"),
        (
            (_("Subscriptions"), "router", "subscriptions"),
            (_("Scheduled changes"), "event_upcoming", "scheduled_changes"),
            (_("Accounts"), "account_balance_wallet", "accounts"),
            (_("Customers"), "person", "customers"),
        ),
    ),
    (
        _("Runs on subscriptions"),  # and an entry for each kind of run
        (
            (_("Runs"), "play_circle", "runs"),
            (_("Run definitions"), "rule", "definitions"),
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
    kind = _asked_kind(request) if here == "definitions" else ""
    groups = [
        *(
            (title, [item for each in entries for item in _items(each, here, kind)])
            for title, entries in GROUPS
        ),
        *(
            (title, [_record(*each, here) for each in entries])
            for title, entries, permission in RECORDS
            if permission in request.permissions
        ),
        (
            _("Administration"),
            [
                _entry(label, icon, name, here)
                for label, icon, name, permission in ADMINISTRATION
                if permission in request.permissions
            ],
        ),
    ]
    return [{"title": title, "separator": bool(title), "items": items} for title, items in groups]


def _asked_kind(request: HttpRequest) -> str:
    asked = request.GET.get("kind", "")
    return asked if asked in {each.name for each in kinds} else ""


def _items(entry: tuple[Any, str, str], here: str, kind: str) -> Iterator[dict[str, Any]]:
    """An entry; below that of the definitions one for each kind of run, whatever kinds there are."""
    if entry[-1] != "definitions":
        yield _entry(*entry, here)
        return
    yield _entry(*entry, "" if kind else here)
    for each in kinds:
        yield {
            "title": translated(each.label),
            "icon": "subdirectory_arrow_right",
            "link": f"{reverse('definitions')}?{urlencode({'kind': each.name})}",
            "active": each.name == kind,
        }


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
