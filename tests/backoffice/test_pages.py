"""Each page answers, with data and without, in few queries, and writes what people typed as text."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lapwing.customers.models import Customer
from lapwing.subscriptions.models import Subscription
from tests.backoffice.conftest import signed_in

QUERIES_AT_MOST = 30
EMPTY = [
    "/",
    "/jobs/",
    "/jobs/types/",
    "/jobs/causes/",
    "/jobs/health/",
    "/jobs/?silent=yes",
    "/runs/",
    "/definitions/",
    "/subscriptions/",
    "/search/?q=nothing",
    "/preferences/",
]
EMPTY += ["/accounts/", "/customers/", "/providers/", "/provider-accounts/", "/scheduled-changes/"]
PAGES = [
    *EMPTY,
    "/jobs/?status=failed&type=book&subject=S1&code=error&from=2015-03-01&to=2015-03-31",
    *(
        "/jobs/{job}/",
        "/jobs/{job}/?tab=parameters",
        "/jobs/{job}/?tab=attempts",
        "/jobs/{job}/?tab=links",
        "/jobs/{job}/?tab=subject",
        "/jobs/limits/type/?name=book",
        "/live/",
    ),
    *(
        "/runs/?state=completed",
        "/runs/?definition=NGC",
        "/runs/{run}/",
        "/runs/{run}/live/",
        "/runs/{held}/",
    ),
    *("/runs/{run}/items/", "/runs/{run}/items/?outcome=done", "/runs/{run}/items/?code=on_hold"),
    *("/runs/{run}/items/?format=csv", "/runs/{run}/steps/undo/", "/runs/{held}/steps/cancel/"),
    *("/definitions/NGC/", "/definitions/NGC/?version=1&compare=1", "/definitions/NGC/steps/start/"),
    *("/definitions/NGC/preview/", "/definitions/NGC/preview/?date=2015-03-10"),
    *("/definitions/NGC/explain/?subject=S1", "/definitions/NGC/explain/?subject=none"),
    *("/subscriptions/?q=S&state=not_effective&type=fibre", "/subscriptions/S1/", "/subscriptions/HS1/"),
    "/subscription-steps/extend_grace_period/?number=HS1",
    *("/users/", "/new-user/", "/users/olga/", "/users/olga/steps/deactivate/", "/settings/", "/audit/"),
    *("/audit/?actor=olga&action=user.role_given&kind=user&subject=olga&from=2020-01-01&to=2040-01-01",),
    *("/audit/?run={run}", "/audit/{entry}/", "/audit/chain/", "/imports/", "/my/sign-in/"),
    *("/email-templates/", "/new-email-template/?event=deactivated", "/email-templates/deactivated.en/"),
    # accounts, customers, providers
    "/subscriptions/?plan=basic&provider=byhand&provisioning=awaiting&account=A1&grace_from=2015-03-01",
    *("/subscriptions/PS1/", "/subscriptions/PS1/?kind=action", "/subscriptions/S1/?kind=run"),
    *(
        "/accounts/?q=Cust&state=active&rating=AAA&marked=on_hold",
        "/accounts/A1/",
        "/accounts/A1/?kind=payment",
    ),
    *("/customers/?q=C-&kind=person&credit_hold=yes", "/customers/C-A1/", "/customers/C-PA1/"),
    *(
        "/providers/byhand/",
        "/providers/byhand/?status=failed&after=1-1",
        "/scheduled-changes/?status=pending",
    ),
    *("/provider-accounts/?state=proposed&provider=byhand&q=C-",),
    *("/search/?q=Cust", "/records/catalog/subscriptiontype/"),
    *("/records/receivables/creditrating/", "/records/receivables/creditrating/{rating}/change/"),
]


@pytest.mark.parametrize("path", EMPTY)
def test_page_answers_where_there_is_nothing_yet(path: str, sandbox):
    assert signed_in("root").get(path).status_code == 200


def test_pages_answer_in_few_queries(base):
    client, wrong = signed_in("root"), []
    for pattern in PAGES:
        path = pattern.format(**base)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = client.get(path)
            if answer.streaming:
                b"".join(answer.streaming_content)
        if answer.status_code != 200 or len(asked) > QUERIES_AT_MOST:
            wrong.append((path, answer.status_code, len(asked)))
    assert wrong == []


@pytest.mark.parametrize(
    "path", ["/jobs/999/", "/runs/999/", "/definitions/none/", "/subscriptions/none/", "/runs/1/steps/none/"]
)
def test_what_is_not_there_is_told_in_words(path: str, sandbox):
    assert signed_in("root").get(path).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["below=x", "below=-1", "status=';--", "from=never", "to=9999-12-31", "type[]=a", "below=" + "9" * 30],
)
def test_filters_take_nothing_but_what_they_know(query: str, base):
    assert signed_in("root").get(f"/jobs/?{query}").status_code == 200


def test_lists_go_on_page_by_page_without_gap_or_repetition(sandbox, monkeypatch):
    from lapwing.backoffice.views import jobs
    from tests.jobs.conftest import ask

    monkeypatch.setattr(jobs, "PAGE", 3)
    monkeypatch.setattr("lapwing.backoffice.lists.page_of.__kwdefaults__", {"size": 3})
    asked = [ask("book", subject=f"S{position}").pk for position in range(8)]
    client, path, seen = signed_in("root"), "/jobs/", []
    while path:
        page = client.get(path).context["page"]
        seen += [row["job"].pk for row in page.rows]
        path = f"/jobs/?{page.following}" if page.following else ""
    assert seen == asked[::-1]


CANARY = "<script>alert('canary')</script>\"'><img src=x onerror=alert(1)>"


def test_scripts_in_stored_texts_stay_texts(base):
    Customer.objects.update(name=CANARY)
    Subscription.objects.filter(number="S1").update(never_disconnect=True, never_disconnect_reason=CANARY)
    for model, fields in _texts().items():
        model.objects.update(**dict.fromkeys(fields, CANARY[:60]))
    client = signed_in("root")
    for pattern in PAGES:
        answer = client.get(pattern.format(**base))
        if "html" in answer["Content-Type"]:
            assert b"<script>alert" not in answer.content and b"<img src=x" not in answer.content, pattern


def _texts() -> dict:
    from lapwing.catalog.models import SubscriptionType
    from lapwing.jobs.models import Job
    from lapwing.receivables.models import Account
    from lapwing.runs.models import Run

    return {
        Job: ["result", "result_code", "requested_by"],
        Run: ["description", "reason", "submitted_by"],
        Account: ["hold_reason"],
        SubscriptionType: ["name"],
    }


def test_healthz_tells_a_watchdog(sandbox, client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "database": "ok",
        "scheduler": "running",
        "workers": 0,
        "oldest_due_s": None,
        "silent_jobs": 0,
    }
