"""Steps on accounts, payments, invoices, customers, providers and subscriptions: what each does, who may take it, and
how a refusal is told.
"""

from datetime import date

import pytest

from lapwing.backoffice.views.steps import SORTS
from lapwing.catalog.models import Provider
from lapwing.customers.models import Customer, ProviderAccount, ProviderAgreement
from lapwing.identity.permissions import GRANTS, Permission, Role
from lapwing.jobs.models import Job
from lapwing.receivables.models import Account, OpenItem, Payment, Reminder
from lapwing.subscriptions.models import (
    LicenseChangeLog,
    ProviderComparison,
    ScheduledLicenseChangeLog,
    Subscription,
    SubscriptionAction,
)
from tests.backoffice.conftest import signed_in, submitted
from tests.conftest import NOON

CHANGE_ACCOUNTS, POST_PAYMENTS = Permission.CHANGE_ACCOUNTS, Permission.POST_PAYMENTS
CHANGE, PROVISION = Permission.CHANGE_SUBSCRIPTIONS, Permission.PROVISION
NEEDED = {
    "account": {
        **dict.fromkeys(("post_payment", "announce_payment"), POST_PAYMENTS),
        **dict.fromkeys(("promise", "end_promise", "hold", "release", "remind"), CHANGE_ACCOUNTS),
        **dict.fromkeys(("suspend", "reactivate", "terminate"), CHANGE_ACCOUNTS),
    },
    "payment": dict.fromkeys(("arrived", "fail", "reverse"), POST_PAYMENTS),
    "invoice": dict.fromkeys(("dispute", "undispute"), CHANGE_ACCOUNTS),
    "customer": {
        **dict.fromkeys(("hold_credit", "release_credit"), CHANGE_ACCOUNTS),
        **dict.fromkeys(("request_agreement", "map"), PROVISION),
    },
    "provider": {**dict.fromkeys(("check", "compare"), PROVISION), "retry": CHANGE},
    "provider-account": dict.fromkeys(("map", "unmap"), PROVISION),
    "license-change": {"provisioned": PROVISION},
    "subscription": dict.fromkeys(("schedule_change", "retry", "protect", "unprotect"), CHANGE),
    "planned-action": {"cancel": CHANGE},
    "scheduled-change": dict.fromkeys(("cancel", "retry"), CHANGE),
}


def test_the_table_of_steps_is_complete():
    assert {sort: set(steps) for sort, steps in NEEDED.items()} == {
        name: set(sort.steps) for name, sort in SORTS.items()
    }


@pytest.mark.parametrize("role", Role.values)
def test_steps_are_refused_to_roles_that_may_not_take_them(role: str, client_of, base):
    client, wrong = client_of(role), []
    for sort, steps in NEEDED.items():
        for step, needed in steps.items():
            answer = client.get(f"/steps/{sort}/{step}/", {"of": base[sort]})
            if (answer.status_code == 200) != (needed in GRANTS[role]):
                wrong.append((sort, step, role, answer.status_code))
    assert wrong == []


def test_a_role_that_may_not_take_a_step_cannot_post_it_either(client_of, base):
    answer = client_of("viewer").post(
        "/steps/account/hold/?of=A2", {"until": "2015-04-01", "reason": "because"}
    )
    assert answer.status_code == 403
    assert Account.objects.get(number="A2").on_hold_until is None


def do(sort: str, step: str, of: object, user: str = "root", **fields: object) -> str:
    """Takes a step as a browser does, from its page; returns the page that follows."""
    answer = submitted(signed_in(user), f"/steps/{sort}/{step}/?of={of}", fields, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def account(number: str = "A2") -> Account:
    return Account.objects.get(number=number)


def test_an_account_is_held_and_released(base):
    page = do("account", "hold", "A2", "olga", until="2015-04-01", reason="in talks")
    assert account().on_hold_until == date(2015, 4, 1) and "on hold until 1 Apr 2015" in page
    assert "End the hold" in page
    do("account", "release", "A2", "olga")
    assert account().on_hold_until is None


def test_a_promise_to_pay_is_made_and_ended(base):
    page = do("account", "promise", "A2", "olga", until="2015-04-01", amount="12.30")
    assert (account().promise_minor, account().promise_until) == (1230, date(2015, 4, 1))
    assert "€12.30 until 1 Apr 2015" in page
    do("account", "end_promise", "A2", "olga", reason="broken")
    assert (account().promise_minor, account().promise_until) == (None, None)


def test_a_refusal_stands_beside_its_field_and_what_was_typed_is_kept(base):
    page = do("account", "promise", "A2", until="2015-03-01", amount="12,30")
    assert "that day has passed" in page and 'value="12,30"' in page and 'value="2015-03-01"' in page
    page = do("account", "promise", "A2", until="2015-04-01", amount="12,30")
    assert "is not an amount" in page
    assert account().promise_until is None


def test_a_refusal_of_no_field_is_told_with_its_code(base):
    page = do("account", "reactivate", "A2")
    assert "illegal_transition" in page and "it will probably be refused" in page


def test_an_account_goes_through_its_states(base):
    do("account", "suspend", "A2", reason="fraud")
    assert account().life_cycle_state == "suspended"
    do("account", "reactivate", "A2")
    assert account().life_cycle_state == "active"
    assert "Terminate" not in do("account", "terminate", "A2", reason="closed")
    assert account().life_cycle_state == "terminated"


def test_a_payment_is_posted_and_reversed(base):
    form = {"amount": "60", "reference": "BANK-2", "received_on": "2015-03-10", "invoice": ""}
    page = do("account", "post_payment", "A2", **form)
    assert "€50.00 settled, €10.00 left as credit" in page
    assert OpenItem.objects.get(account=account()).unsettled_minor == 0
    do("payment", "reverse", "BANK-2", reason="returned debit")
    assert OpenItem.objects.get(account=account()).unsettled_minor == 5000


def test_a_payment_under_a_reference_in_use_is_refused_beside_it(base):
    form = {"amount": "60", "reference": "BANK-1", "received_on": "2015-03-10", "invoice": ""}
    assert "give this one its own reference" in do("account", "post_payment", "A2", **form)
    assert Payment.objects.filter(account=account()).count() == 0


@pytest.mark.parametrize(
    ("step", "fields", "state", "unsettled"),
    [("arrived", {"received_on": "2015-03-10"}, "posted", 3000), ("fail", {"reason": ""}, "failed", 5000)],
)
def test_an_announced_payment_arrives_or_does_not(step, fields, state, unsettled, base):
    do("account", "announce_payment", "A2", amount="20", reference="DD-1", invoice="")
    assert Payment.objects.get(reference="DD-1").state == "pending"
    do("payment", step, "DD-1", **fields)
    assert Payment.objects.get(reference="DD-1").state == state
    assert OpenItem.objects.get(account=account()).unsettled_minor == unsettled


def test_an_invoice_is_disputed_and_not_any_more(base):
    do("invoice", "dispute", base["invoice"], reason="wrong tariff")
    assert OpenItem.objects.get(number=base["invoice"]).disputed
    do("invoice", "undispute", base["invoice"])
    assert not OpenItem.objects.get(number=base["invoice"]).disputed


def test_a_reminder_is_noted(base):
    do("account", "remind", "A2", sent_on="2015-03-09", level="2")
    assert Reminder.objects.get().level == 2


def test_a_customer_is_put_on_credit_hold_and_taken_off(base):
    assert "credit hold" in do("customer", "hold_credit", "C-A2", reason="unpaid")
    assert Customer.objects.get(number="C-A2").credit_hold
    do("customer", "release_credit", "C-A2")
    assert not Customer.objects.get(number="C-A2").credit_hold


def test_a_customer_is_asked_to_accept_an_agreement(base, acme):
    form = {"provider": "acme", "identity": "anna@example.com", "partner_email": ""}
    do("customer", "request_agreement", "C-A2", **form)
    assert ProviderAgreement.objects.get().identity == "anna@example.com"
    assert Job.objects.filter(type="confirm_provider_agreement", subject="C-A2").exists()


def test_a_proposed_account_is_mapped_to_what_is_proposed_and_unmapped(base):
    Customer.objects.filter(number="C-PA1").update(email="pa1@example.com")
    page = (
        signed_in("root").get(f"/steps/provider-account/map/?of={base['provider-account']}").content.decode()
    )
    assert "pa1@example.com (e-mail of the customer)" in page and " checked" not in page
    do("provider-account", "map", base["provider-account"], proposed="pa1@example.com", identity="")
    assert ProviderAccount.objects.get().identity == "pa1@example.com"
    do("provider-account", "unmap", base["provider-account"], reason="it is his wife's")
    assert ProviderAccount.objects.get().identity == ""


def _mapped_already(base) -> int:
    """The account of a customer who is mapped, so that the page has his identity in its field of text."""
    Customer.objects.filter(number="C-PA1").update(email="pa1@example.com")
    ProviderAccount.objects.update(identity="old@example.com")
    page = signed_in("root").get(f"/steps/provider-account/map/?of={base['provider-account']}")
    assert 'value="old@example.com"' in page.content.decode() and b" checked" not in page.content
    return base["provider-account"]


@pytest.mark.parametrize("written", ["old@example.com", "typed@example.com"])
def test_the_proposal_that_was_chosen_wins_over_the_text_beside_it(written: str, base):
    do("provider-account", "map", _mapped_already(base), proposed="pa1@example.com", identity=written)
    assert ProviderAccount.objects.get().identity == "pa1@example.com"


@pytest.mark.parametrize("chosen", [{}, {"proposed": " "}])
def test_the_text_counts_where_no_proposal_is_chosen_or_none_is_right(chosen: dict, base):
    do("provider-account", "map", _mapped_already(base), identity="typed@example.com", **chosen)
    assert ProviderAccount.objects.get().identity == "typed@example.com"


@pytest.mark.parametrize(
    ("kind", "needs_account", "said"),
    [
        ("automatic", True, "Nothing more is switched on or changed"),
        ("automatic", False, "this provider needs no account. It is told of his 1 live subscriptions"),
        ("manual", True, "no system is told under this identity"),
        ("none", False, "no system is told under this identity"),
    ],
)
def test_unmap_promises_what_is_true_for_the_provider(kind: str, needs_account: bool, said: str, base):
    ProviderAccount.objects.update(identity="old@example.com")
    Provider.objects.filter(code="byhand").update(kind=kind, needs_account=needs_account)
    address = f"/steps/provider-account/%s/?of={base['provider-account']}"
    assert said in signed_in("root").get(address % "unmap").content.decode()
    held_up = kind == "automatic" and needs_account
    page = do("provider-account", "map", base["provider-account"], identity="new@example.com")
    assert ("what waited is asked again" in page) is held_up


def test_an_identity_of_another_customer_is_not_proposed_and_refused(base):
    do("customer", "map", "C-A2", provider="byhand", identity="C-PA1")
    page = do("provider-account", "map", base["provider-account"], identity="C-PA1")
    assert "is customer C-A2 already" in page and 'type="radio"' not in page
    assert "is C-A2 already" in signed_in("root").get("/provider-accounts/?state=proposed").content.decode()


def test_nothing_is_mapped_where_nothing_was_chosen(base):
    assert "needs an identity" in do("provider-account", "map", base["provider-account"], identity="")


def test_a_change_done_by_hand_is_marked_provisioned(base):
    page = do("license-change", "provisioned", base["license-change"], reference="T-1")
    assert LicenseChangeLog.objects.get(pk=base["license-change"]).provisioning_status == "provisioned"
    assert "It has everything." in page


def test_planned_things_are_cancelled(base):
    do("planned-action", "cancel", base["planned-action"], "olga", reason="not wanted")
    assert SubscriptionAction.objects.get(pk=base["planned-action"]).state == "cancelled"
    do("scheduled-change", "cancel", base["scheduled-change"], "olga")
    assert ScheduledLicenseChangeLog.objects.get().status == "cancelled"


def test_a_license_change_is_scheduled_or_its_value_refused_beside_it(base):
    form = {"change": "quantity", "value": "many", "on": "2015-05-01", "reason": ""}
    assert "a quantity is a whole number" in do("subscription", "schedule_change", "S1", **form)
    do("subscription", "schedule_change", "S1", **{**form, "value": "9"})
    assert ScheduledLicenseChangeLog.objects.get(subscription__number="S1").value == "9"


def test_a_subscription_is_protected_and_not_any_more(base):
    do("subscription", "protect", "S1", reason="medical need")
    assert Subscription.objects.get(number="S1").never_disconnect
    do("subscription", "unprotect", "S1")
    assert not Subscription.objects.get(number="S1").never_disconnect


def test_check_compare_and_retry_leave_the_work_to_jobs(base, acme):
    do("provider", "check", "acme")
    do("provider", "compare", "acme")
    assert "0 jobs of provider acme run again" in do("provider", "retry", "acme")
    assert sorted(Job.objects.filter(subject="acme").values_list("type", flat=True)) == [
        "check_provider",
        "compare_provider",
    ]


def test_a_subscription_says_whether_its_provider_was_ever_compared(base):
    subscription = Subscription.objects.get(number="PS1")
    address, client = f"/subscriptions/{subscription.number}/", signed_in("root")
    assert "not compared yet" in client.get(address).content.decode()
    ProviderComparison.objects.create(
        provider=subscription.provider, started_at=NOON, ended_at=NOON, reached="PS1", asked=1
    )
    page = client.get(address).content.decode()
    assert "no difference is known" in page and "not compared yet" not in page


def test_a_provider_without_a_connector_is_not_asked(base):
    assert "no_connector" in do("provider", "check", "byhand")


@pytest.mark.parametrize("address", ["/steps/none/hold/?of=A1", "/steps/account/none/?of=A1"])
def test_a_step_that_is_not_there_is_not_found(address, base):
    assert signed_in("root").get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/steps/account/hold/?of=none", "/steps/planned-action/cancel/?of=999999", "/steps/payment/fail/"],
)
def test_a_record_that_is_not_there_is_not_found(address, base):
    assert signed_in("root").get(address).status_code == 404
