"""Customers: the list with its filters; one with his accounts, agreements, who he is at the providers, his mails."""

from operator import attrgetter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, page_of, written
from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import offers
from lapwing.backoffice.steps.customers import CUSTOMER_STEPS, PROVIDER_ACCOUNT_STEPS
from lapwing.customers.queries import agreements_of, customer, provider_accounts_of, search_customers
from lapwing.identity.permissions import Permission
from lapwing.jobs.queries import newest_jobs
from lapwing.messages.queries import emails_about
from lapwing.receivables.queries import accounts_of, balances_by_currency, balances_of

KINDS = ("person", "organisation")
SHOWN = 25
COLUMNS: Columns = {
    "customer": "number",
    **{
        name: name
        for name in ("name", "kind", "email", "phone", "country", "tax_id", "language", "credit_hold")
    },
}


@screen(Permission.VIEW)
def customer_list(request: HttpRequest) -> HttpResponse:
    filters = {
        "text": written(request, "q"),
        "kind": chosen(request, "kind", KINDS),
        "credit_hold": bool(chosen(request, "credit_hold", ["yes"])),
    }
    rows = in_chunks(
        lambda after, limit: search_customers(**filters, after=after or "", limit=limit), attrgetter("number")
    )
    if file := exported(request, "customers", COLUMNS, rows):
        return file
    found = search_customers(**filters, after=written(request, "after"), limit=PAGE + 1)
    return render(
        request,
        "backoffice/customers.html",
        {
            "title": _("Customers"),
            "page": page_of(request, found, "after", lambda each: each.number),
            "filters": filters,
            "kinds": KINDS,
        },
    )


@screen(Permission.VIEW)
def customer_detail(request: HttpRequest, number: str) -> HttpResponse:
    found = customer(number)
    accounts = accounts_of(found, SHOWN + 1)
    balances = balances_of(accounts[:SHOWN])
    mapped = list(provider_accounts_of(found)[:SHOWN])
    for account in mapped:
        account.customer = found  # its steps need no look-up of their own
    return render(
        request,
        "backoffice/customer.html",
        {
            "title": _("Customer %(number)s") % {"number": found.number},
            "customer": found,
            "contacts": found.contacts.order_by("pk")[:SHOWN],
            "accounts": [(each, balances.get(each.pk, 0)) for each in accounts[:SHOWN]],
            "more_accounts": len(accounts) > SHOWN,
            "owed": balances_by_currency(found),
            "agreements": agreements_of(found)[:SHOWN],
            "provider_accounts": [
                (each, offers(PROVIDER_ACCOUNT_STEPS, each, request.permissions)) for each in mapped
            ],
            "emails": emails_about("customer", found.pk)[:SHOWN],
            "jobs": [
                job
                for job in newest_jobs(subject=found.number, limit=SHOWN)
                if job.subject_kind == "customer"
            ],
            "offers": offers(CUSTOMER_STEPS, found, request.permissions),
        },
    )
