"""The side bar, by the operators' work."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from lapwing.identity.permissions import Permission

GROUPS = (
    ("", (("Home", "home", "home"),)),
    (
        "Billing",
        (
            ("Run definitions", "rule", "definitions"),
            ("Runs", "play_circle", "runs"),
            ("Subscriptions", "router", "subscriptions"),
        ),
    ),
    ("Operations", (("Jobs", "checklist", "jobs"), ("Types of jobs", "tune", "job_types"))),
)
RECORDS = (
    (
        "Catalogue",
        (
            ("Subscription types", "category", "catalog_subscriptiontype"),
            ("Price plans", "sell", "catalog_priceplan"),
            ("Providers", "cloud_sync", "catalog_provider"),
        ),
        Permission.VIEW,
    ),
    ("Administration", (("Users", "group", "identity_user"),), Permission.ADMINISTER),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of entries; the one whose pages one is on is lit."""
    here = getattr(request.resolver_match, "url_name", "") or ""
    return [
        {
            "title": title,
            "separator": bool(title),
            "items": [_entry(label, icon, name, here) for label, icon, name in entries],
        }
        for title, entries in GROUPS
    ] + [
        {"title": title, "separator": True, "items": [_record(*each, here) for each in entries]}
        for title, entries, permission in RECORDS
        if permission in request.permissions
    ]


def _entry(label: str, icon: str, name: str, here: str) -> dict[str, Any]:
    singular = name.removesuffix("s")
    return {
        "title": label,
        "icon": icon,
        "link": reverse(name),
        "active": here in (name, f"new_{singular}", singular)
        or here.removeprefix(f"{singular}_") in ("live", "items", "step", "edit", "versions"),
    }


def _record(label: str, icon: str, model: str, here: str) -> dict[str, Any]:
    link = reverse(f"admin:{model}_changelist")
    return {"title": label, "icon": icon, "link": link, "active": here.startswith(model)}
