"""What an amendment changes: quantity, product, account or billing term. The state stays."""

from datetime import date, timedelta

from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import BillingFrequency, BillingTermScheme, PricePlan, Product
from lapwing.catalog.queries import entry
from lapwing.core.errors import Refused
from lapwing.receivables.models import AccountState
from lapwing.receivables.queries import account
from lapwing.subscriptions.models import BillingTerm, Subscription
from lapwing.subscriptions.queries import effective_term

TERM_PARTS = {
    "price_plan": PricePlan,
    "frequency": BillingFrequency,
    "scheme": BillingTermScheme,
}


def amend(subscription: Subscription, behaviour: str, to: str, day: date) -> None:
    """Changes the locked subscription in memory; the caller saves it. Raises Refused with what is wrong in `to`."""
    if behaviour == Behaviour.CHANGE_QUANTITY:
        subscription.quantity = quantity(to)
    elif behaviour == Behaviour.SWAP_PRODUCT:
        subscription.product = entry(Product, to)
    elif behaviour == Behaviour.CHANGE_ACCOUNT:
        _move(subscription, to)
    else:
        _amend_term(subscription, to, day)


def quantity(to: str) -> int:
    """Raises Refused `bad_quantity`."""
    if not to.isascii() or not to.isdigit() or len(to) > 10 or not 0 < int(to) <= 10**9:
        raise Refused(
            "bad_quantity", f"a quantity is a whole number from 1 to 1,000,000,000, not {to[:40]!r}"
        )
    return int(to)


def _move(subscription: Subscription, to: str) -> None:
    target = account(to)
    if target.currency != subscription.account.currency:
        raise Refused(
            "other_currency",
            f"account {to} is in {target.currency}; subscription {subscription.number} is in "
            f"{subscription.account.currency}",
        )
    if target.life_cycle_state != AccountState.ACTIVE:
        raise Refused("account_not_active", f"account {to} is {target.life_cycle_state}, expected active")
    subscription.account = target


def _amend_term(subscription: Subscription, to: str, day: date) -> None:
    term = effective_term(subscription.pk, day)
    if term is None:
        raise Refused("no_billing_term", f"subscription {subscription.number} has no billing term on {day}")
    changes = _term_changes(to)
    if term.valid_from < day:
        last = term.valid_to
        term.valid_to = day - timedelta(days=1)
        term.save()
        term = BillingTerm(
            subscription=subscription,
            scheme=term.scheme,
            price_plan=term.price_plan,
            frequency=term.frequency,
            binding_period=term.binding_period,
            binding_start_on=term.binding_start_on,
            binding_end_on=term.binding_end_on,
            valid_from=day,
            valid_to=last,
        )
    for part, value in changes.items():
        setattr(term, part, value)
    term.save()


def _term_changes(to: str) -> dict[str, PricePlan | BillingFrequency | BillingTermScheme]:
    """`PLAN`, or `price_plan=…,frequency=…,scheme=…`."""
    words = to.split(",") if "=" in to else [f"price_plan={to}"]
    changes = {}
    for word in words:
        part, _, code = word.strip().partition("=")
        if part not in TERM_PARTS:
            raise Refused("bad_term", f"a billing term has {', '.join(TERM_PARTS)}; found {part[:40]!r}")
        changes[part] = entry(TERM_PARTS[part], code)
    return changes
