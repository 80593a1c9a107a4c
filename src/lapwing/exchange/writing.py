"""Writes checked rows: codes, customers, accounts, terms, and subscriptions with their first action and change."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Model

from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import CatalogEntry
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.customers.models import Customer
from lapwing.exchange.progress import Report, batches
from lapwing.exchange.sheets import ACCOUNTS, BILLING_TERMS, CREATED, CUSTOMERS, SHEETS, SUBSCRIPTIONS
from lapwing.exchange.stored_rows import chunks
from lapwing.exchange.tables import Table
from lapwing.receivables.models import Account
from lapwing.subscriptions.license_changes import log_creations
from lapwing.subscriptions.models import BillingTerm, Subscription, SubscriptionAction

Codes = dict[type[CatalogEntry], dict[str, int]]


def stamps() -> dict[str, Any]:
    """The log information of all rows of one import."""
    now, name = clock.now(), actor()
    return {"created_at": now, "created_by": name, "updated_at": now, "updated_by": name}


def keys(model: type[Model], field: str, numbers: Iterable[str]) -> dict[str, int]:
    """Primary keys by number."""
    found: dict[str, int] = {}
    for chunk in chunks(set(numbers)):
        found.update(model._default_manager.filter(**{f"{field}__in": chunk}).values_list(field, "pk"))
    return found


def create_codes(tables: dict[str, Table]) -> dict[str, list[str]]:
    """Makes the catalogue entries that new rows name and that do not exist; returns their codes by model."""
    created: dict[str, list[str]] = {}
    for model in CREATED:
        named = {
            row.values[column]
            for table in tables.values()
            for column, of in table.sheet.codes.items()
            if of is model
            for row in table.new()
        } - {""}
        missing = sorted(named - set(model.objects.values_list("code", flat=True)))
        common = stamps()
        model.objects.bulk_create([model(code=code, name=code, **common) for code in missing])
        if missing:
            created[model.__name__] = missing
    return created


def codes() -> Codes:
    """Primary keys of every catalogue by code; the empty code has none."""
    models = {model for sheet in SHEETS for model in sheet.codes.values()}
    return {model: dict(model.objects.values_list("code", "pk")) for model in models}


def write_customers(table: Table, report: Report | None) -> None:
    common = stamps()
    for batch in batches(table.new(), CUSTOMERS.file, report):
        Customer.objects.bulk_create([Customer(**row.values, **common) for row in batch])


def write_accounts(table: Table, known: Codes, report: Report | None) -> None:
    common = stamps()
    models = ACCOUNTS.codes
    for batch in batches(table.new(), ACCOUNTS.file, report):
        customers = keys(Customer, "number", (row.values["customer"] for row in batch))
        Account.objects.bulk_create(
            Account(
                number=values["number"],
                customer_id=customers[values["customer"]],
                currency=values["currency"],
                classification_id=known[models["classification"]].get(values["classification"]),
                credit_rating_id=known[models["credit_rating"]].get(values["credit_rating"]),
                credit_limit_minor=values["credit_limit"],
                life_cycle_state=values["state"],
                on_hold_until=values["on_hold_until"],
                **common,
            )
            for values in (row.values for row in batch)
        )


def write_subscriptions(table: Table, known: Codes, today: date, report: Report | None) -> None:
    """Each with an executed opening action, so that its state follows from its actions like any other's."""
    for batch in batches(table.new(), SUBSCRIPTIONS.file, report):
        accounts = keys(Account, "number", (row.values["account"] for row in batch))
        written = Subscription.objects.bulk_create(
            [_subscription(row.values, accounts, known) for row in batch]
        )
        SubscriptionAction.objects.bulk_create([_opening(subscription, today) for subscription in written])
        log_creations(
            Subscription.objects.filter(pk__in=[subscription.pk for subscription in written]), today
        )


def _subscription(values: dict[str, Any], accounts: dict[str, int], known: Codes) -> Subscription:
    models = SUBSCRIPTIONS.codes
    in_grace = values["grace_end"] is not None
    return Subscription(
        number=values["number"],
        account_id=accounts[values["account"]],
        subscription_type_id=known[models["type"]][values["type"]],
        product_id=known[models["product"]].get(values["product"]),
        provider_id=known[models["provider"]].get(values["provider"]),
        quantity=values["quantity"],
        free=values["free"],
        life_cycle_state=values["state"],
        grace_start_on=values["grace_start"],
        grace_end_on=values["grace_end"],
        grace_open=in_grace,
        grace_revision=1 if in_grace else None,
        revision=1,
        **stamps(),
    )


def _opening(subscription: Subscription, today: date) -> SubscriptionAction:
    return SubscriptionAction(
        subscription=subscription,
        revision=subscription.revision,
        behaviour=Behaviour.OPENING,
        state="executed",
        to_state=subscription.life_cycle_state,
        grace_open=subscription.grace_open,
        grace_start_on=subscription.grace_start_on,
        grace_end_on=subscription.grace_end_on,
        quantity=subscription.quantity,
        reason_code="opening",
        requested_by=subscription.created_by,
        requested_at=subscription.created_at,
        executed_at=subscription.created_at,
        executed_on=today,
    )


def write_terms(table: Table, known: Codes, report: Report | None) -> None:
    common = stamps()
    models = BILLING_TERMS.codes
    for batch in batches(table.new(), BILLING_TERMS.file, report):
        subscriptions = keys(Subscription, "number", (row.values["subscription"] for row in batch))
        BillingTerm.objects.bulk_create(
            BillingTerm(
                subscription_id=subscriptions[values["subscription"]],
                scheme_id=known[models["scheme"]][values["scheme"]],
                price_plan_id=known[models["price_plan"]][values["price_plan"]],
                frequency_id=known[models["frequency"]][values["frequency"]],
                binding_period_id=known[models["binding_period"]].get(values["binding_period"]),
                binding_start_on=values["binding_start"],
                binding_end_on=values["binding_end"],
                valid_from=values["valid_from"],
                valid_to=values["valid_to"],
                **common,
            )
            for values in (row.values for row in batch)
        )
