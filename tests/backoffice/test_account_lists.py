"""Lists of accounts, customers and provider accounts as files, and what a page says of what it shows."""

from lapwing.catalog.models import Provider
from lapwing.customers.models import Customer
from lapwing.jobs.models import Job
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import LicenseChangeLog, ProviderDifference, Subscription
from tests.backoffice.conftest import signed_in


def lines(path: str) -> list[str]:
    answer = signed_in("root").get(path)
    return b"".join(answer.streaming_content).decode().splitlines()


def test_accounts_are_a_file_with_their_balance(base):
    assert lines("/accounts/?q=A2&format=csv") == [
        "account,customer,customer_name,state,currency,balance,classification,credit_rating,on_hold_until,"
        "promise_until,promise",
        "A2,C-A2,Customer A2,active,EUR,50.00,,,,,",
    ]


def test_customers_are_a_file_safe_for_spreadsheets(base):
    Customer.objects.filter(number="C-A2").update(name="=1+1")
    assert lines("/customers/?q=C-A2&format=csv")[1] == "C-A2,'=1+1,person,,,,,,False"


def test_provider_accounts_are_a_file(base):
    assert lines("/provider-accounts/?format=csv")[1] == "C-PA1,Customer PA1,byhand,,proposed"
    assert lines("/provider-accounts/?state=mapped&format=csv")[1:] == []


def test_why_leads_to_the_run_its_item_and_the_debt_of_that_day(base):
    page = signed_in("root").get("/subscriptions/S1/").content.decode()
    key = Subscription.objects.get(number="S1").pk
    assert f"/runs/{base['run']}/items/?after={key - 1}" in page
    assert "I-A1-2015-03-01-5000" in page and "€50.00" in page


def test_the_line_of_time_shows_one_kind_alone(base):
    client = signed_in("root")
    everything = {entry.sort for entry in client.get("/subscriptions/S1/").context["entries"]}
    assert {"action", "run", "invoice due", "payment", "job"} <= everything
    assert {entry.sort for entry in client.get("/subscriptions/S1/?kind=run").context["entries"]} == {"run"}


def test_the_provider_s_word_stands_beside_ours(base):
    subscription = Subscription.objects.get(number="PS1")
    ProviderDifference.objects.create(
        subscription=subscription, ours="on, 3", theirs="on, 77", seen_at="2015-03-10T10:00Z"
    )
    client = signed_in("root")
    assert "on, 77" in client.get("/subscriptions/PS1/").content.decode()


def test_what_failed_at_a_provider_is_told_with_its_reason_and_its_job(base):
    LicenseChangeLog.objects.filter(pk=base["license-change"]).update(
        provisioning_status="failed", provisioning_message="no such tariff"
    )
    Job.objects.filter(subject="PS1", type="manual_provider_reminder").update(status="failed")
    page = signed_in("root").get("/providers/byhand/?status=failed").content.decode()
    assert "no such tariff" in page and "/jobs/" in page and "Retry what failed" in page
    assert "Tell the provider again" in signed_in("root").get("/subscriptions/PS1/").content.decode()


def test_secrets_of_a_provider_are_not_shown(base, acme):
    Provider.objects.filter(code="acme").update(sealed_secrets="what-is-sealed")
    page = signed_in("root").get("/providers/acme/").content.decode()
    assert "127.0.0.1:9" in page and "secrets are sealed and never shown" in page
    assert "what-is-sealed" not in page


def test_a_final_state_offers_no_action(base):
    perform("S1", "cancel_subscription")
    page = signed_in("root").get("/subscriptions/S1/")
    assert page.context["behaviours"] == [] and "Its state is final." in page.content.decode()


def test_search_finds_accounts_and_customers(base):
    found = {each["sort"] for each in signed_in("root").get("/search/?q=Customer+A").context["found"]}
    assert {"Subscription", "Account", "Customer"} <= found
