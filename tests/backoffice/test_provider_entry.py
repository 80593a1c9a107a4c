"""New and Edit of a provider: what its connector declares is asked; secrets go in and never come out."""

import json
from urllib.parse import urlencode

import pytest

from lapwing.audit.models import AuditEntry
from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.connectors.opening import open_connector
from lapwing.connectors.port import connectors
from lapwing.core.context import acting_as
from lapwing.jobs.models import Job
from tests.backoffice.conftest import signed_in, submitted

SECRET, OTHER = "canary-5ecret", "canary-0ther"
URL = "https://scim.example/v2"
FILLED = {
    "scim": {"url": URL, "token": SECRET},
    "sandbox": {"url": "http://127.0.0.1:9", "token": SECRET},
    "ldap": {
        **{"url": "ldaps://ldap.example", "bind_dn": "cn=x", "bind_password": SECRET, "base_dn": "ou=x"},
        **{"start_tls": "on", "object_classes": "inetOrgPerson\r\n top ", "quantity_attribute": "title"},
        **{"name_attribute": "uid", "active_attribute": "a", "active_value": "1", "inactive_value": "0"},
        "revision_attribute": "b",
    },
    "radius": {"host": "nas.example", "secret": SECRET, "change_attributes": "Class = gold={product}"},
}


def form(connector: str = "scim", **changes: str) -> dict[str, str]:
    values = {**FILLED[connector], **changes}
    of_connector = {f"setting.{name}": value for name, value in values.items()}
    return {"code": "acme", "name": "Acme", "state": "effective", **of_connector}


def way(kind: str = "automatic", connector: str = "scim") -> str:
    return "?" + urlencode({"kind": kind, "connector": connector})


def acme() -> Provider:
    return Provider.objects.get(code="acme")


def secrets_of(provider: Provider) -> list[str]:
    found = open_connector(provider.connector, provider.configuration, provider.sealed_secrets)
    return [text for text in found.secrets if text]


@pytest.fixture
def stored(sandbox) -> Provider:
    with acting_as("root"):
        return set_provider(
            "acme", "automatic", connector="scim", configuration=FILLED["scim"], needs_account=True
        )


def edit(client=None, query: str = "", **fields: str):
    given = {**form(), "needs_account": "on", "setting.token": "", **fields}
    return submitted(client or signed_in("root"), f"/provider-settings/acme/{query}", given)


@pytest.mark.parametrize("connector", FILLED)
def test_a_provider_of_each_connector_is_made_and_its_secret_is_nowhere(connector: str, sandbox):
    client = signed_in("root")
    answer = submitted(client, f"/new-provider/{way(connector=connector)}", form(connector))
    assert answer["Location"] == "/steps/provider/check/?of=acme"
    assert (acme().kind, acme().connector, secrets_of(acme())) == ("automatic", connector, [SECRET])
    assert SECRET not in acme().sealed_secrets + json.dumps(acme().configuration)
    entry = AuditEntry.objects.get(action="provider.set")
    assert entry.after["secrets_changed"] is True and SECRET not in json.dumps(entry.after)
    for path in ("/provider-settings/acme/", "/providers/acme/", f"/audit/{entry.pk}/", answer["Location"]):
        assert SECRET not in client.get(path).content.decode(), path
    assert not Job.objects.exists()  # nobody was asked


def test_lists_pairs_ticks_and_empty_fields_become_what_the_connector_takes(sandbox):
    client = signed_in("root")
    submitted(client, f"/new-provider/{way(connector='ldap')}", form("ldap"))
    found = acme().configuration
    assert found["object_classes"] == ["inetOrgPerson", "top"] and found["start_tls"] is True
    assert (found["quantity_attribute"], found["product_attribute"], found["time_limit_s"]) == (
        "title",
        None,
        10,
    )
    page = client.get("/provider-settings/acme/").content.decode()
    assert "inetOrgPerson\ntop</textarea>" in page and 'value="title"' in page and " checked" in page
    submitted(client, f"/new-provider/{way(connector='radius')}", {**form("radius"), "code": "nas"})
    assert Provider.objects.get(code="nas").configuration["change_attributes"] == {"Class": "gold={product}"}


def test_every_field_that_any_connector_declares_is_asked_for(sandbox):
    client = signed_in("root")
    for each in connectors:
        if each.done_by_person:
            continue
        asked = client.get(f"/new-provider/{way(connector=each.name)}").context["form"].fields
        assert {f"setting.{name}" for name in each.Configuration.model_fields} <= set(asked)


@pytest.mark.parametrize(
    ("connector", "changes", "field", "said"),
    [
        ("scim", {"url": "ftp://x"}, "setting.url", "expected an address like"),
        ("scim", {"url": ""}, "setting.url", "Field required"),
        ("scim", {"token": "a b"}, "setting.token", "printable ASCII"),
        ("scim", {"time_limit_s": "long"}, "setting.time_limit_s", "valid number"),
        ("scim", {"time_limit_s": "60"}, "setting.time_limit_s", "less than 60"),
        ("ldap", {"bind_password": ""}, "setting.bind_password", "Field required"),
        ("ldap", {"object_classes": ""}, "setting.object_classes", "at least 1 item"),
        ("ldap", {"active_attribute": "a=b"}, "setting.active_attribute", "match pattern"),
        ("radius", {"port": "70000"}, "setting.port", "less than or equal to 65535"),
        ("radius", {"change_attributes": "gold"}, "setting.change_attributes", "name = value"),
        ("radius", {"change_attributes": "a\0=b"}, "setting.change_attributes", "cannot be stored"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_saved(
    connector, changes, field, said, sandbox
):
    answer = submitted(
        signed_in("root"), f"/new-provider/{way(connector=connector)}", form(connector, **changes)
    )
    assert said in " ".join(answer.context["form"].errors[field])
    assert SECRET not in answer.content.decode() and 'value="Acme"' in answer.content.decode()
    assert not Provider.objects.exists() and not AuditEntry.objects.filter(action="provider.set").exists()


def test_what_concerns_no_single_field_is_told_at_the_top(sandbox):
    answer = submitted(
        signed_in("root"), f"/new-provider/{way()}", form(time_limit_s="20", total_limit_s="5")
    )
    assert "total_limit_s must be at least time_limit_s" in answer.content.decode()


def test_a_secret_that_was_typed_is_asked_for_again_when_nothing_was_saved(stored):
    page = edit(**{"setting.token": OTHER, "setting.time_limit_s": "x"})
    assert page.context["form"].errors["setting.token"] == ["nothing was saved: enter it once more"]
    assert OTHER not in page.content.decode() and secrets_of(acme()) == [SECRET]


@pytest.mark.parametrize(
    ("code", "said"), [("acme", "there is a provider acme already"), ("a b", "is no code"), ("", "required")]
)
def test_a_code_that_is_taken_or_none_is_refused_beside_it(code: str, said: str, stored):
    answer = submitted(
        signed_in("root"), f"/new-provider/{way()}", {**form(url="https://x.example"), "code": code}
    )
    assert said in " ".join(answer.context["form"].errors["code"])
    assert acme().configuration["url"] == URL


def test_an_empty_secret_is_kept_and_the_audit_says_that_it_did_not_change(stored):
    page = signed_in("root").get("/provider-settings/acme/").content.decode()
    assert "is set, and never shown; empty keeps it" in page and SECRET not in page
    edit(**{"setting.time_limit_s": "5"})
    assert (secrets_of(acme()), acme().configuration["time_limit_s"]) == ([SECRET], 5)
    assert AuditEntry.objects.filter(action="provider.set").latest("pk").after["secrets_changed"] is False


def test_a_secret_is_replaced(stored):
    edit(**{"setting.token": OTHER})
    assert secrets_of(acme()) == [OTHER]
    entry = AuditEntry.objects.filter(action="provider.set").latest("pk")
    assert entry.after["secrets_changed"] is True and OTHER not in json.dumps([entry.before, entry.after])


def test_an_optional_secret_is_taken_away_by_its_tick_and_a_needed_one_has_none(stored):
    assert (
        'name="setting.without-token"' in signed_in("root").get("/provider-settings/acme/").content.decode()
    )
    edit(**{"setting.without-token": "on"})
    assert acme().sealed_secrets == ""
    page = signed_in("root").get("/provider-settings/acme/").content.decode()
    assert "none is set" in page and "without-token" not in page
    submitted(
        signed_in("root"), f"/new-provider/{way(connector='radius')}", {**form("radius"), "code": "nas"}
    )
    assert "without-" not in signed_in("root").get("/provider-settings/nas/").content.decode()


def test_a_kept_secret_is_never_sent_to_another_address(stored):
    page = edit(**{"setting.url": "https://mallory.example"})
    assert "enter it again: url changed" in " ".join(page.context["form"].errors["setting.token"])
    assert acme().configuration["url"] == URL
    edit(**{"setting.url": "https://moved.example", "setting.token": OTHER})
    assert (acme().configuration["url"], secrets_of(acme())) == ("https://moved.example", [OTHER])


def test_another_connector_begins_without_the_secrets_of_the_former(stored):
    page = signed_in("root").get(f"/provider-settings/acme/{way(connector='sandbox')}").content.decode()
    assert "of its present connector scim" in page and "none is set" in page
    edit(query=way(connector="sandbox"))
    assert (acme().connector, acme().sealed_secrets) == ("sandbox", "")


def test_secrets_that_cannot_be_opened_any_more_are_entered_again(stored, settings):
    settings.SECRET_KEY = "x" * 60
    assert "none is set" in signed_in("root").get("/provider-settings/acme/").content.decode()
    edit(**{"setting.token": OTHER})
    assert secrets_of(acme()) == [OTHER]


def test_a_provider_by_hand_has_somebody_responsible(sandbox):
    client, given = signed_in("root"), {"code": "colo", "name": "", "state": "effective"}
    path = f"/new-provider/{way('manual', '')}"
    page = submitted(client, path, {**given, "responsible_email": "nobody", "remind_every_days": "0"})
    assert "give the e-mail" in " ".join(page.context["form"].errors["responsible_email"])
    page = submitted(
        client, path, {**given, "responsible_email": "ops@example.com", "remind_every_days": "0"}
    )
    assert "from 1 to 365" in " ".join(page.context["form"].errors["remind_every_days"])
    answer = submitted(
        client, path, {**given, "responsible_email": "ops@example.com", "remind_every_days": "5"}
    )
    assert answer["Location"] == "/providers/colo/"  # there is no system to be asked
    found = Provider.objects.get()
    assert (found.kind, found.connector, found.name, found.remind_every_days) == ("manual", "", "colo", 5)


def test_a_provider_becomes_not_effective_and_is_offered_no_more(stored):
    edit(**{"state": "not_effective"})
    assert acme().life_cycle_state == "not_effective"
    from tests.world import make_account

    make_account("A1")
    assert "acme" not in signed_in("root").get("/steps/customer/map/?of=C-A1").content.decode()
    with acting_as("root"):  # the command line says nothing of the state
        set_provider("acme", "none")
    assert acme().life_cycle_state == "not_effective"


def test_a_page_of_before_another_change_saves_nothing(stored):
    client = signed_in("root")
    old = client.get("/provider-settings/acme/").context["seen"]
    with acting_as("root"):
        another = {"url": URL, "token": OTHER}  # nothing but the secret is another
        set_provider("acme", "automatic", connector="scim", configuration=another, needs_account=True)
    answer = client.post("/provider-settings/acme/", {**form(time_limit_s="7"), "seen": old})
    assert "edited_meanwhile" in answer.content.decode()
    assert (secrets_of(acme()), acme().configuration["time_limit_s"]) == ([OTHER], 10)


def test_who_may_not_provision_cannot_post_either(client_of, stored):
    for path in ("/provider-settings/acme/", f"/new-provider/{way()}"):
        assert client_of("operator").post(path, {**form(), "code": "b"}).status_code == 403
    pages = [
        client_of(role).get("/providers/acme/").content.decode() for role in ("operator", "administrator")
    ]
    assert ["/provider-settings/acme/" in page for page in pages] == [False, True]


@pytest.mark.parametrize("query", [way(connector="pigeon"), way("carrier", ""), way("manual", "scim")])
def test_a_way_that_is_not_there_is_not_found(query: str, sandbox):
    assert signed_in("root").get(f"/new-provider/{query}").status_code == 404


def test_after_saving_the_check_is_offered_and_a_job_asks(stored):
    client = signed_in("root")
    page = client.get(edit(client)["Location"]).content.decode()
    assert "Provider acme is saved." in page and "whether it can be reached" in page
    client.post("/steps/provider/check/?of=acme")
    assert Job.objects.get().type == "check_provider"
