"""The six files: their columns, what identifies a row, and what its columns refer to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Model

from lapwing.catalog.models import (
    BillingFrequency,
    BillingTermScheme,
    BindingPeriod,
    CatalogEntry,
    PricePlan,
    Product,
    Provider,
    SubscriptionType,
)
from lapwing.customers.models import Customer
from lapwing.exchange.cells import (
    Column,
    amount,
    amount_above_zero,
    boolean,
    choice,
    country,
    currency,
    day,
    number,
    quantity,
    text,
)
from lapwing.receivables.models import (
    Account,
    AccountState,
    Classification,
    CreditRating,
    OpenItem,
    Payment,
)
from lapwing.subscriptions.models import BillingTerm, Subscription
from lapwing.subscriptions.states import State


@dataclass(frozen=True)
class Sheet:
    """One file. `references` maps a column to the file whose rows it names, `codes` one to its catalogue;
    codes of `CREATED` catalogues that do not exist are made. `amount` is in the row's `currency`.
    """

    name: str
    model: type[Model]
    columns: Mapping[str, Column]
    references: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, type[CatalogEntry]] = field(default_factory=dict)
    amount: str = ""

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def key(self) -> str:
        """The first column; it is unique in every file but that of the billing terms."""
        return next(iter(self.columns))


CREATED = (Classification, SubscriptionType, Product, BillingTermScheme, PricePlan, BindingPeriod)

CUSTOMERS = Sheet(
    "customers",
    Customer,
    {
        "number": Column(number),
        "name": Column(text(300), ""),
        "kind": Column(choice(("person", "organisation"), "unknown_kind"), "person"),
        "email": Column(text(254), ""),
        "country": Column(country, ""),
        "language": Column(text(10), ""),
        "tax_id": Column(text(40), ""),
    },
)
ACCOUNTS = Sheet(
    "accounts",
    Account,
    {
        "number": Column(number),
        "customer": Column(number),
        "currency": Column(currency),
        "classification": Column(number, ""),
        "credit_rating": Column(number, ""),
        "credit_limit": Column(amount, None),
        "state": Column(choice(AccountState.values, "unknown_state")),
        "on_hold_until": Column(day, None),
    },
    references={"customer": "customers"},
    codes={"classification": Classification, "credit_rating": CreditRating},
    amount="credit_limit",
)
SUBSCRIPTIONS = Sheet(
    "subscriptions",
    Subscription,
    {
        "number": Column(number),
        "account": Column(number),
        "type": Column(number),
        "state": Column(choice(State.values, "unknown_state")),
        "product": Column(number, ""),
        "quantity": Column(quantity),
        "provider": Column(number, ""),
        "free": Column(boolean, False),
        "grace_start": Column(day, None),
        "grace_end": Column(day, None),
    },
    references={"account": "accounts"},
    codes={"type": SubscriptionType, "product": Product, "provider": Provider},
)
BILLING_TERMS = Sheet(
    "billing_terms",
    BillingTerm,
    {
        "subscription": Column(number),
        "scheme": Column(number),
        "price_plan": Column(number),
        "frequency": Column(number),
        "binding_period": Column(number, ""),
        "binding_start": Column(day, None),
        "binding_end": Column(day, None),
        "valid_from": Column(day),
        "valid_to": Column(day, None),
    },
    references={"subscription": "subscriptions"},
    codes={
        "scheme": BillingTermScheme,
        "price_plan": PricePlan,
        "frequency": BillingFrequency,
        "binding_period": BindingPeriod,
    },
)
INVOICES = Sheet(
    "invoices",
    OpenItem,
    {
        "number": Column(number),
        "account": Column(number),
        "issued_on": Column(day),
        "due_on": Column(day),
        "currency": Column(currency),
        "total": Column(amount),
        "disputed": Column(boolean, False),
    },
    references={"account": "accounts"},
    amount="total",
)
PAYMENTS = Sheet(
    "payments",
    Payment,
    {
        "reference": Column(number),
        "account": Column(number),
        "received_on": Column(day),
        "currency": Column(currency),
        "amount": Column(amount_above_zero),
        "invoice": Column(number, ""),
    },
    references={"account": "accounts", "invoice": "invoices"},
    amount="amount",
)
SHEETS = (CUSTOMERS, ACCOUNTS, SUBSCRIPTIONS, BILLING_TERMS, INVOICES, PAYMENTS)
FILES = [sheet.file for sheet in SHEETS]
