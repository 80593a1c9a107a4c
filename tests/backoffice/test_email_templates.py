"""E-mail templates: the editor, its refusals beside the field, the preview on real data, versions."""

import pytest

from lapwing.messages.events import EVENTS, event_named
from lapwing.messages.facts import sent_events
from lapwing.messages.models import EmailTemplate
from lapwing.messages.seed import seed_templates
from lapwing.subscriptions.mail_examples import example_of
from tests.backoffice.conftest import signed_in
from tests.world import in_debt

CODE = "deactivated.en"
PATH = f"/email-templates/{CODE}/"
GIVEN = {
    "name": "Cut off",
    "subject_line": "Off: {{ subscription.number }}",
    "body_text": "Dear {{ customer.name }},\r\n{{ debt.amount_minor | money: debt.currency }} is open.",
    "body_html": "<p>Dear {{ customer.name }}</p>",
}


@pytest.fixture
def shipped(sandbox) -> None:
    seed_templates()
    in_debt(1)


def template() -> EmailTemplate:
    return EmailTemplate.objects.get(code=CODE)


def test_a_template_is_saved_and_a_former_version_brought_back(shipped):
    client, before = signed_in("root"), template().body_text
    client.post(PATH, GIVEN)
    assert template().body_text == GIVEN["body_text"].replace("\r\n", "\n")
    client.post(PATH, {**GIVEN, "body_text": "Second"})
    page = client.get(PATH)
    first = page.context["versions"][-1]
    loaded = client.get(f"{PATH}?version={first.pk}")
    assert loaded.context["template"].body_text == GIVEN["body_text"].replace("\r\n", "\n")
    assert template().body_text == "Second"  # nothing is changed until it is saved
    assert client.get(f"{PATH}?version=shipped").context["template"].body_text == before


@pytest.mark.parametrize(
    ("field", "source", "said"),
    [
        ("body_text", "one\n{{ customer.nome }}", "line 2, column 4: there is no"),
        ("body_text", " ", "is empty"),
        ("subject_line", "{{ customer.name", "line 1"),
        ("body_html", "<script>{{ customer.name }}</script>", "line 1"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_was_typed_is_kept(field, source, said, shipped):
    before = template().body_text
    answer = signed_in("root").post(PATH, {**GIVEN, field: source})
    assert said in answer.context["problems"][field]
    assert getattr(answer.context["template"], field) == source
    assert template().body_text == before


def test_an_event_that_nothing_sends_yet_is_marked_and_promises_nothing(shipped):
    client, mark, promise = signed_in("root"), "nothing sends this yet", "It holds from the next mail on"
    listed = client.get("/email-templates/").content.decode()
    assert listed.count(mark) == len(EVENTS) - len(sent_events()) > 0
    for event in EVENTS:
        page = client.get(f"/email-templates/{event}.en/").content.decode()
        assert ((mark in page), (promise in page)) == (event not in sent_events(), event in sent_events()), (
            event
        )


def test_the_preview_is_filled_with_a_customers_own_data(shipped):
    client = signed_in("root")
    for number in ("S1", "A1"):
        form = {**GIVEN, "subject": number, "language": "en"}
        page = client.post("/email-templates/preview/deactivated/", form).content.decode()
        assert "Off: S1" in page and "€50.00 is open" in page
    unknown = client.post("/email-templates/preview/deactivated/", {**GIVEN, "subject": "none"})
    assert "there is no subscription, account or customer" in unknown.content.decode()


def test_the_preview_as_html_stands_in_a_frame_that_may_do_nothing(shipped):
    form = {**GIVEN, "subject": "S1", "body_html": '<p onclick="x()">Dear {{ customer.name }}</p>'}
    answer = signed_in("root").post("/email-templates/preview/deactivated/html/", form)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "script-src" not in policy
    assert "allow-" not in policy and answer["X-Frame-Options"] == "SAMEORIGIN"


def test_a_customers_name_is_text_in_the_preview(shipped):
    from lapwing.customers.models import Customer

    Customer.objects.update(name="<img src=x onerror=alert(1)>")
    client, form = signed_in("root"), {**GIVEN, "subject": "S1"}
    for path in ("/email-templates/preview/deactivated/", "/email-templates/preview/deactivated/html/"):
        assert b"<img" not in client.post(path, form).content


@pytest.mark.parametrize("name", sorted(__import__("lapwing.messages.events", fromlist=["EVENTS"]).EVENTS))
def test_every_shipped_template_can_be_previewed_on_real_data(name: str, shipped):
    from lapwing.messages.compose import preview

    event = event_named(name)
    for number in ("", "A1"):
        example = example_of(event, number)
        for each in EmailTemplate.objects.filter(event=name):
            assert preview(each, example.data).text


def test_an_empty_base_has_the_sample(sandbox):
    example = example_of(event_named("deactivated"), "")
    assert example.about == "" and "customer.name" in example.made_up


def test_a_language_is_added_and_made_effective(shipped):
    client = signed_in("root")
    new = "/new-email-template/?event=deactivated"
    assert template().body_text in client.get(new).context["template"].body_text
    form = {**GIVEN, "event": "deactivated", "code": "deactivated.fr", "language": "fr"}
    assert client.post(new, {**form, "language": "xx-"}).context["problems"].keys() == {"language"}
    assert client.post(new, {**form, "code": CODE}).context["problems"].keys() == {"code"}
    assert client.post(new, form)["Location"] == "/email-templates/deactivated.fr/"
    client.post("/email-templates/deactivated.fr/steps/effective/")
    assert EmailTemplate.objects.get(code="deactivated.fr").life_cycle_state == "effective"
    client.post("/email-templates/deactivated.fr/steps/not-effective/")
    assert EmailTemplate.objects.get(code="deactivated.fr").life_cycle_state == "not_effective"
