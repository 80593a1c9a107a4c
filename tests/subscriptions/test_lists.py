"""The lists that people page through find by each filter what is there, and nothing else."""

from datetime import date

import pytest

from lapwing.catalog.models import Provider
from lapwing.core.context import acting_as
from lapwing.customers.models import Contact, Customer, ProviderAccount, ProviderAgreement
from lapwing.customers.proposals import proposals
from lapwing.customers.queries import search_customers, search_provider_accounts
from lapwing.receivables.actions.hold_account import hold_account
from lapwing.receivables.actions.promise_payment import promise_payment
from lapwing.receivables.models import Account, CreditRating
from lapwing.receivables.queries import (
    Figures,
    balances_by_currency,
    balances_of,
    figures,
    search_accounts,
)
from lapwing.subscriptions.models import LicenseChangeLog, Subscription
from lapwing.subscriptions.queries import search_subscriptions
from tests.conftest import R
from tests.world import make_account, make_subscription, make_term, owe


@pytest.fixture(autouse=True)
def three(sandbox) -> None:
    """Three customers with an account and a subscription each."""
    provider = Provider(code="acme", kind="manual")
    provider.save()
    for position, plan in enumerate(("basic", "gold", "gold"), 1):
        make_account(f"A{position}")
        make_subscription(
            f"S{position}",
            f"A{position}",
            state="resting" if position == 3 else "effective",
            grace_end=date(2015, 3, 9 + position) if position < 3 else None,
            subscription_type="dsl" if position == 2 else "fibre",
            provider=provider if position == 2 else None,
        )
        make_term(f"S{position}", price_plan=plan)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "S1 S2 S3"),
        ({"text": "S2"}, "S2"),
        ({"text": "a3"}, "S3"),
        ({"text": "c-a1"}, "S1"),
        ({"text": "customer a2"}, "S2"),
        ({"text": "nobody"}, ""),
        ({"state": "resting"}, "S3"),
        ({"subscription_type": "dsl"}, "S2"),
        ({"price_plan": "gold"}, "S2 S3"),
        ({"price_plan": "none"}, ""),
        ({"account": "A1"}, "S1"),
        ({"provider": "acme"}, "S2"),
        ({"provisioning": "failed"}, "S2"),
        ({"provisioning": "awaiting"}, ""),
        ({"grace_from": date(2015, 3, 11)}, "S2"),
        ({"grace_to": date(2015, 3, 10)}, "S1"),
        ({"grace_from": date(2015, 3, 10), "grace_to": date(2015, 3, 11)}, "S1 S2"),
        ({"price_plan": "gold", "state": "effective"}, "S2"),
        ({"after": "S1", "limit": 1}, "S2"),
    ],
    ids=str,
)
def test_subscriptions_are_found_by(filters, expected):
    LicenseChangeLog.objects.filter(subscription__number="S2").update(provisioning_status="failed")
    assert " ".join(each.number for each in search_subscriptions(**filters)) == expected


def test_a_plan_counts_while_its_term_is_valid():
    Subscription.objects.get(number="S1").billing_terms.update(valid_to=date(2015, 3, 9))
    assert search_subscriptions(price_plan="basic") == []


def test_a_closed_grace_period_is_not_found():
    Subscription.objects.filter(number="S1").update(grace_open=False)
    assert [each.number for each in search_subscriptions(grace_to=date(2015, 3, 31))] == ["S2"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "A1 A2 A3"),
        ({"text": "a2"}, "A2"),
        ({"text": "Customer A3"}, "A3"),
        ({"state": "suspended"}, "A3"),
        ({"credit_rating": "BAA"}, "A2"),
        ({"marked": "on_hold"}, "A1"),
        ({"marked": "promise_to_pay"}, "A2"),
        ({"marked": "broken_promise"}, "A3"),
        ({"marked": "credit_hold"}, "A3"),
    ],
    ids=str,
)
def test_accounts_are_found_by(filters, expected):
    hold_account("A1", until=R, reason="in talks")
    promise_payment("A2", until=R, amount="5")
    Account.objects.filter(number="A2").update(credit_rating=CreditRating.objects.get(code="BAA"))
    Account.objects.filter(number="A3").update(
        life_cycle_state="suspended", promise_until=date(2015, 3, 9), promise_minor=1
    )
    Customer.objects.filter(number="C-A3").update(credit_hold=True)
    assert " ".join(each.number for each in search_accounts(**filters)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "C-A1 C-A2 C-A3"),
        ({"text": "c-a2"}, "C-A2"),
        ({"text": "CUSTOMER a3"}, "C-A3"),
        ({"text": "anna@"}, "C-A1"),
        ({"kind": "organisation"}, "C-A2"),
        ({"credit_hold": True}, "C-A3"),
        ({"after": "C-A2"}, "C-A3"),
    ],
    ids=str,
)
def test_customers_are_found_by(filters, expected):
    Customer.objects.filter(number="C-A1").update(email="Anna@example.com")
    Customer.objects.filter(number="C-A2").update(kind="organisation")
    Customer.objects.filter(number="C-A3").update(credit_hold=True)
    assert " ".join(each.number for each in search_customers(**filters)) == expected


def test_figures_of_an_account_come_from_the_same_items():
    for minor, due in ((4000, date(2015, 3, 1)), (6000, R), (500, date(2015, 2, 1))):
        owe("A1", minor, due=due, disputed=minor == 500)
    account = Account.objects.get(number="A1")
    assert figures(account, R) == Figures(balance=10500, outstanding=4500, disputed=500)
    assert figures(Account.objects.get(number="A2"), R) == Figures(0, 0, 0)
    assert balances_of([account]) == {account.pk: 10500}


def test_currencies_are_never_added():
    make_account("Y1", currency="JPY")
    Account.objects.filter(number="Y1").update(customer=Customer.objects.get(number="C-A1"))
    owe("A1", 4000)
    owe("Y1", 300)
    assert balances_by_currency(Customer.objects.get(number="C-A1")) == {"EUR": 4000, "JPY": 300}


def proposed(number: str = "C-A1") -> ProviderAccount:
    with acting_as("root"):
        account = ProviderAccount(
            customer=Customer.objects.get(number=number), provider=Provider.objects.get(code="acme")
        )
        account.save()
    return account


def test_proposals_come_from_what_is_known_exactly_the_surest_first():
    Customer.objects.filter(number="C-A1").update(email="anna@example.com")
    account = proposed()
    other = Provider(code="other")
    other.save()
    ProviderAccount(customer=account.customer, provider=other, identity="anna77").save()
    ProviderAgreement(
        customer=account.customer,
        provider=account.provider,
        identity="anna@acme",
        requested_at="2015-03-01T00:00Z",
    ).save()
    Contact(customer=account.customer, role="primary_billing", name="Bill", email="bill@example.com").save()
    found = proposals([ProviderAccount.objects.get(pk=account.pk)])[account.pk]
    assert [each.identity for each in found] == [
        "anna@acme", "anna77", "anna@example.com", "C-A1", "bill@example.com",
    ]  # fmt: skip
    assert {each.taken_by for each in found} == {""}


def test_an_identity_of_somebody_else_is_told():
    account = proposed()
    taken = proposed("C-A2")
    ProviderAccount.objects.filter(pk=taken.pk).update(identity="C-A1")
    found = proposals([account])[account.pk]
    assert [(each.identity, each.taken_by) for each in found] == [("C-A1", "C-A2")]
    assert [each.pk for each in search_provider_accounts(state="proposed")] == [account.pk]
    assert [each.pk for each in search_provider_accounts(state="mapped", provider="acme")] == [taken.pk]
    assert [each.pk for each in search_provider_accounts(text="customer a1")] == [account.pk]
