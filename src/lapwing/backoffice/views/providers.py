"""Providers: whether they answer, what they do not have yet, what they have otherwise; and who customers are there."""

from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.entry.settings import shown
from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, number, page_of, written
from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import offers
from lapwing.backoffice.steps.customers import PROVIDER_ACCOUNT_STEPS
from lapwing.backoffice.steps.providers import CHANGE_STEPS, PROVIDER_STEPS
from lapwing.catalog.actions.check_provider import last_check
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.catalog.models import Provider
from lapwing.connectors.port import connectors
from lapwing.core.sql import capped_count
from lapwing.customers.models import ProviderAccount
from lapwing.customers.proposals import proposals
from lapwing.customers.queries import search_provider_accounts
from lapwing.identity.permissions import Permission
from lapwing.jobs.queries import newest_jobs
from lapwing.subscriptions.actions.compare_provider import COMPARE
from lapwing.subscriptions.comparison import comparison_with, differences_at
from lapwing.subscriptions.models import LicenseChangeLog
from lapwing.subscriptions.provider_jobs import UNTOLD
from lapwing.subscriptions.provider_queue import jobs_of, open_changes, open_counts

PROVIDERS_AT_MOST = 200
CHECKS_AT_MOST = 20  # beyond so many providers the list leaves the last check to the page of each
MAPPING = ("proposed", "mapped")
PROVIDER_COLUMNS: Columns = {
    "provider": lambda row: row["provider"].code,
    "name": lambda row: row["provider"].name,
    "kind": lambda row: row["provider"].kind,
    "connector": lambda row: row["provider"].connector,
    "check": lambda row: row["check"] and (row["check"].result_code or row["check"].status),
    **{str(status): lambda row, status=status: row[str(status)] for status in UNTOLD},
}
ACCOUNT_COLUMNS: Columns = {
    "customer": "customer.number",
    "customer_name": "customer.name",
    "provider": "provider.code",
    "identity": "identity",
    "state": lambda each: "mapped" if each.is_mapped else "proposed",
}


@screen(Permission.VIEW)
def provider_list(request: HttpRequest) -> HttpResponse:
    found = list(Provider.objects.order_by("code")[:PROVIDERS_AT_MOST])
    counts = open_counts()
    rows = [
        {
            "provider": each,
            "check": last_check(each.code) if position < CHECKS_AT_MOST and each.connector else None,
            **counts.of(each.pk),
        }
        for position, each in enumerate(found)
    ]
    if file := exported(request, "providers", PROVIDER_COLUMNS, rows):
        return file
    return render(request, "backoffice/providers.html", {"title": _("Providers"), "rows": rows})


@screen(Permission.VIEW)
def provider_detail(request: HttpRequest, code: str) -> HttpResponse:
    found = provider_of(code)
    status = chosen(request, "status", list(UNTOLD))
    changes = open_changes(found.pk, status=status, after=_after(request), limit=PAGE + 1)
    page = page_of(request, changes, "after", lambda each: f"{each.subscription_id}-{each.pk}")
    proposed = ProviderAccount.objects.filter(provider=found, identity="")
    return render(
        request,
        "backoffice/provider.html",
        {
            "title": _("Provider %(code)s") % {"code": found.code},
            "provider": found,
            "settings": _settings(found),
            "check": last_check(found.code) if found.connector else None,
            "counts": open_counts().of(found.pk),
            "proposed": capped_count(proposed),
            "statuses": list(UNTOLD),
            "status": status,
            "page": page,
            "rows": _changes(list(page.rows), found, request.permissions),
            "offers": offers(PROVIDER_STEPS, found, request.permissions),
            **_comparison(found),
        },
    )


def _settings(provider: Provider) -> list[tuple[str, Any]]:
    if not provider.connector:
        return []
    return shown(connectors.get(provider.connector).Configuration, provider.configuration)


def _after(request: HttpRequest) -> tuple[int, int]:
    subscription, _dash, change = written(request, "after").partition("-")
    keys = [
        int(part) for part in (subscription, change) if part.isascii() and part.isdigit() and len(part) < 19
    ]
    return (keys[0], keys[1]) if len(keys) == 2 else (0, 0)


def _changes(
    changes: list[LicenseChangeLog], provider: Provider, permissions: set[Permission]
) -> list[dict[str, Any]]:
    jobs = jobs_of(changes)
    return [
        {"change": each, "job": jobs.get(each.pk), "offers": offers(CHANGE_STEPS, each, permissions)}
        for each in changes
    ]


def _comparison(provider: Provider) -> dict[str, Any]:
    """How far the latest comparison is, and the first page of what it found."""
    comparison = comparison_with(provider.pk)
    if comparison is None:
        return {"comparison": None}
    found = differences_at(provider.code, limit=PAGE + 1)
    return {
        "comparison": comparison,
        "comparison_job": next(iter(newest_jobs(job_type=COMPARE, subject=provider.code, limit=1)), None),
        "differences": found[:PAGE],
        "more_differences": len(found) > PAGE,
    }


@screen(Permission.VIEW)
def provider_account_list(request: HttpRequest) -> HttpResponse:
    """Who customers are at the providers; for those nobody has mapped yet, who they may be."""
    codes = list(Provider.objects.order_by("code").values_list("code", flat=True)[:PROVIDERS_AT_MOST])
    filters = {
        "provider": chosen(request, "provider", codes),
        "state": chosen(request, "state", MAPPING),
        "text": written(request, "q"),
    }
    rows = in_chunks(
        lambda after, limit: search_provider_accounts(**filters, after=after or 0, limit=limit),
        attrgetter("pk"),
    )
    if file := exported(request, "provider-accounts", ACCOUNT_COLUMNS, rows):
        return file
    found = search_provider_accounts(**filters, after=number(request, "after") or 0, limit=PAGE + 1)
    page = page_of(request, found, "after", lambda each: each.pk)
    proposed = proposals([each for each in page.rows if not each.is_mapped])
    return render(
        request,
        "backoffice/provider_accounts.html",
        {
            "title": _("Provider accounts"),
            "page": page,
            "rows": [
                (each, proposed.get(each.pk, []), offers(PROVIDER_ACCOUNT_STEPS, each, request.permissions))
                for each in page.rows
            ],
            "filters": filters,
            "providers": codes,
            "states": MAPPING,
        },
    )
