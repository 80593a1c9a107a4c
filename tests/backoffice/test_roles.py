"""Every URL of the map × every role, as a written matrix says; a URL that is not in it fails."""

import pytest
from django.test import Client

from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.permissions import GRANTS, Permission, Role
from tests.backoffice.urls_of_the_map import example_of, names

VIEWER, OPERATOR, APPROVER = Role.VIEWER, Role.OPERATOR, Role.APPROVER
BILLING, PROVISIONING, ADMINISTRATOR = Role.BILLING_MANAGER, Role.PROVISIONING_MANAGER, Role.ADMINISTRATOR
ALL = set(Role)

# Who may ask for it. `ANYBODY` needs no sign-in; `SIGNED_IN` needs no role.
ANYBODY, SIGNED_IN = "anybody", "signed in"
MATRIX: dict[str, object] = {
    "home": ALL,
    "search": ALL,
    "healthz": ANYBODY,
    "jobs": ALL,
    "job": ALL,
    "job_steps": {OPERATOR, BILLING, PROVISIONING, ADMINISTRATOR},
    "job_types": ALL,
    "job_type_switch": {OPERATOR, BILLING, PROVISIONING, ADMINISTRATOR},
    "scheduler_switch": {OPERATOR, ADMINISTRATOR},
    "runs": ALL,
    "run": ALL,
    "run_live": ALL,
    "run_items": ALL,
    "run_step": {OPERATOR, ADMINISTRATOR},  # asked with the step undo
    "definitions": ALL,
    "definition": ALL,
    "definition_preview": ALL,
    "definition_explain": ALL,
    "definition_step": {OPERATOR, ADMINISTRATOR},  # asked with the step start
    "definition_edit": {OPERATOR, ADMINISTRATOR},
    "definition_versions": ALL,
    "new_definition": {OPERATOR, ADMINISTRATOR},
    "draft_live": {OPERATOR, ADMINISTRATOR},
    "draft_explain": {OPERATOR, ADMINISTRATOR},
    "draft_choices": ALL,
    "subscriptions": ALL,
    "subscription": ALL,
    "subscription_step": {OPERATOR, PROVISIONING, ADMINISTRATOR},
    "home_live": ALL,
    "palette": ALL,
    "job_causes": ALL,
    "job_health": ALL,
    "job_health_live": ALL,
    "job_limit": {OPERATOR, BILLING, PROVISIONING, ADMINISTRATOR},
    "preferences": ALL,
    "saved_filter": ALL,
    "accounts": ALL,
    "account": ALL,
    "customers": ALL,
    "customer": ALL,
    "providers": ALL,
    "provider": ALL,
    "provider_accounts": ALL,
    "provider_new": {PROVISIONING, ADMINISTRATOR},
    "provider_edit": {PROVISIONING, ADMINISTRATOR},
    "scheduled_changes": ALL,
    "step": {OPERATOR, BILLING, ADMINISTRATOR},  # asked with the step hold of an account
    "admin:index": ALL,
    "admin:app_list": ALL,
    "admin:jsi18n": ALL,
    # administration
    "users": {ADMINISTRATOR},
    "user": {ADMINISTRATOR},
    "user_new": {ADMINISTRATOR},
    "user_step": {ADMINISTRATOR},
    "settings": {ADMINISTRATOR},
    "email_templates": {ADMINISTRATOR},
    "email_template_new": {ADMINISTRATOR},
    "email_template": {ADMINISTRATOR},
    "email_template_step": {ADMINISTRATOR},
    "email_template_preview": {ADMINISTRATOR},
    "email_template_preview_html": {ADMINISTRATOR},
    "audit": ALL,
    "audit_entry": ALL,
    "audit_chain": ALL,
    "audit_check": {ADMINISTRATOR},
    "imports": {BILLING, ADMINISTRATOR},
    "import": {BILLING, ADMINISTRATOR},
    "import_live": {BILLING, ADMINISTRATOR},
    "import_errors_csv": {BILLING, ADMINISTRATOR},
    "import_step": {BILLING, ADMINISTRATOR},
    "my_sign_in": ALL,
    "my_sessions_end": ALL,
    "my_password": ALL,
    "choose_password": ANYBODY,
    "openid_connect_login": ANYBODY,
    "openid_connect_callback": ANYBODY,
    # end of administration
    "account_login": ANYBODY,
    "account_logout": ANYBODY,
    "account_inactive": ANYBODY,
    "account_reauthenticate": SIGNED_IN,
    "mfa_authenticate": ANYBODY,
    "mfa_index": SIGNED_IN,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    **{
        f"admin:{model}_{view}": ALL
        for model in (
            *("catalog_subscriptiontype", "catalog_priceplan", "catalog_billingtermscheme"),
            *("catalog_billingfrequency", "catalog_bindingperiod", "catalog_product", "catalog_provider"),
            *("catalog_actiontype", "catalog_subactiontype"),
            *("receivables_classification", "receivables_creditrating"),
        )
        for view in ("changelist", "change")
    },
}


def test_every_url_of_the_map_is_in_the_matrix_and_no_other():
    assert sorted(set(names())) == sorted(MATRIX)


@pytest.mark.parametrize("role", [*Role.values, "nothing"])
def test_who_may_ask_for_what(role: str, client_of, base):
    client = client_of(role)
    wrong = []
    for name, allowed in MATRIX.items():
        if not isinstance(allowed, set):
            continue
        answer = client.get(example_of(name, base))
        admitted = answer.status_code != 403 and "/account/login/" not in answer.get("Location", "")
        if admitted != (role in allowed):
            wrong.append((name, role, answer.status_code))
    assert wrong == []


def test_a_stranger_gets_the_sign_in_page_and_nothing_else(base):
    client, wrong = Client(), []
    for name, allowed in MATRIX.items():
        answer = client.get(example_of(name, base))
        sent_away = answer.status_code in (302, 401, 403) and "/account/" in answer.get(
            "Location", "/account/"
        )
        if allowed != ANYBODY and not sent_away:
            wrong.append((name, answer.status_code))
    assert wrong == []


STEPS = {
    "run": {
        "approve": Permission.APPROVE_RUNS,
        **dict.fromkeys(("resume", "pause", "cancel", "undo", "delete"), Permission.CONDUCT_RUNS),
    },
    "definition": {
        **dict.fromkeys(("start", "submit"), Permission.CONDUCT_RUNS),
        **dict.fromkeys(("effective", "not-effective", "delete"), Permission.EDIT_DEFINITIONS),
    },
}


@pytest.mark.parametrize("role", Role.values)
def test_steps_are_refused_to_roles_that_may_not_take_them(role: str, client_of, base):
    client, wrong = client_of(role), []
    for sort, key in (("run", base["held"]), ("definition", base["code"])):
        for step, needed in STEPS[sort].items():
            answer = client.get(f"/{sort}s/{key}/steps/{step}/")
            if (answer.status_code == 200) != (needed in GRANTS[role]):
                wrong.append((sort, step, role, answer.status_code))
    assert wrong == []


def test_the_table_of_steps_is_complete():
    from lapwing.backoffice.definition_steps import STEPS as definition_steps
    from lapwing.backoffice.offers import RUN_STEPS

    assert set(STEPS["run"]) == set(RUN_STEPS)
    assert set(STEPS["definition"]) == set(definition_steps)


def test_what_a_role_may_not_do_is_not_offered(client_of, base):
    viewer, operator = client_of("viewer"), client_of("operator")
    for path, offer in (
        (f"/runs/{base['run']}/", b"/steps/undo/"),
        ("/definitions/NGC/", b"/steps/start/"),
        (f"/jobs/{base['job']}/", b'value="run_now"'),
    ):
        assert offer in operator.get(path).content
        assert offer not in viewer.get(path).content


def test_who_submitted_a_run_is_not_offered_its_approval(client_of, base):
    from tests.backoffice.conftest import signed_in

    grant_role("olga", "approver")  # she submitted it, and might approve those of others
    path = f"/runs/{base['held']}/"
    assert b"/steps/approve/" not in signed_in("olga").get(path).content
    assert b"/steps/approve/" in client_of("approver").get(path).content
