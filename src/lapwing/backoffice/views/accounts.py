"""Accounts: the list with its filters; one with its money, what protects it, and its subscriptions."""

from functools import partial
from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, decimal_amount, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, page_of, written
from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import offers
from lapwing.backoffice.steps.accounts import ACCOUNT_STEPS
from lapwing.backoffice.steps.invoices import INVOICE_STEPS
from lapwing.backoffice.steps.payments import PAYMENT_STEPS
from lapwing.backoffice.timeline import KINDS_OF_ACCOUNT, account_timeline
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables import queries
from lapwing.receivables.models import Account, AccountState, Classification, CreditRating
from lapwing.subscriptions.queries import search_subscriptions

SHOWN = 25  # of each table of one account
CODES_AT_MOST = 200
COLUMNS: Columns = {
    "account": "number",
    "customer": "customer.number",
    "customer_name": "customer.name",
    "state": "life_cycle_state",
    "currency": "currency",
    "balance": lambda each: decimal_amount(each.balance_minor, each.currency),
    "classification": lambda each: each.classification and each.classification.code,
    "credit_rating": lambda each: each.credit_rating and each.credit_rating.code,
    "on_hold_until": "on_hold_until",
    "promise_until": "promise_until",
    "promise": lambda each: decimal_amount(each.promise_minor, each.currency),
}


@screen(Permission.VIEW)
def account_list(request: HttpRequest) -> HttpResponse:
    codes = {
        name: list(model.objects.order_by("code").values_list("code", flat=True)[:CODES_AT_MOST])
        for name, model in (("classification", Classification), ("credit_rating", CreditRating))
    }
    day = today()
    filters = {
        "text": written(request, "q"),
        "state": chosen(request, "state", AccountState.values),
        "classification": chosen(request, "classification", codes["classification"]),
        "credit_rating": chosen(request, "rating", codes["credit_rating"]),
        "marked": chosen(request, "marked", list(queries.MARKS)),
    }
    if file := exported(
        request, "accounts", COLUMNS, in_chunks(partial(_with_balances, filters), attrgetter("number"))
    ):
        return file
    found = queries.search_accounts(**filters, after=written(request, "after"), limit=PAGE + 1)
    page = page_of(request, found, "after", lambda each: each.number)
    balances = queries.balances_of(list(page.rows))
    return render(
        request,
        "backoffice/accounts.html",
        {
            "title": _("Accounts"),
            "page": page,
            "rows": [(each, balances.get(each.pk, 0)) for each in page.rows],
            "filters": filters,
            "states": AccountState.values,
            "marks": list(queries.MARKS),
            "today": day,
            **codes,
        },
    )


def _with_balances(filters: dict[str, Any], after: str | None, limit: int) -> list[Account]:
    found = queries.search_accounts(**filters, after=after or "", limit=limit)
    balances = queries.balances_of(found)
    for each in found:
        each.balance_minor = balances.get(each.pk, 0)
    return found


@screen(Permission.VIEW)
def account_detail(request: HttpRequest, number: str) -> HttpResponse:
    found, day = queries.account(number), today()
    kind = chosen(request, "kind", KINDS_OF_ACCOUNT)
    subscriptions = search_subscriptions(account=found.number, limit=SHOWN + 1)
    return render(
        request,
        "backoffice/account.html",
        {
            "title": _("Account %(number)s") % {"number": found.number},
            "account": found,
            "customer": found.customer,
            "today": day,
            "figures": queries.figures(found, day),
            "pending": queries.pending_minor(found),
            "credit": queries.credit_minor(found),
            "offers": offers(ACCOUNT_STEPS, found, request.permissions),
            "subscriptions": subscriptions[:SHOWN],
            "more_subscriptions": len(subscriptions) > SHOWN,
            "entries": account_timeline(found, kind),
            "kinds": KINDS_OF_ACCOUNT,
            "kind": kind,
            **_money(found, request.permissions),
        },
    )


def _money(account: Account, permissions: set[Permission]) -> dict[str, Any]:
    """Invoices and payments with what may be done to each, and which payment settled which invoice."""
    unsettled = list(queries.open_items_of(account)[: SHOWN + 1])
    settled = list(queries.settled_items_of(account)[:SHOWN])
    payments = list(queries.payments_of(account)[: SHOWN + 1])
    for record in (*unsettled, *settled, *payments):
        record.account = account  # its steps need no look-up of their own
    return {
        "unsettled": [(item, offers(INVOICE_STEPS, item, permissions)) for item in unsettled[:SHOWN]],
        "settled": settled,
        "payments": [(each, offers(PAYMENT_STEPS, each, permissions)) for each in payments[:SHOWN]],
        "more_unsettled": len(unsettled) > SHOWN,
        "more_payments": len(payments) > SHOWN,
        "settlements": queries.settlements(payments[:SHOWN], [*unsettled[:SHOWN], *settled]),
    }
