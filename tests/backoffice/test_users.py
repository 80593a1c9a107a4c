"""Users and roles through the screens: what an administrator may do, and what nobody may."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.actions.end_sessions import end_session, end_sessions
from lapwing.identity.actions.reset_password import reset_password
from lapwing.identity.actions.set_active import activate_user, deactivate_user
from lapwing.identity.actions.set_password import set_password
from lapwing.identity.actions.set_roles import set_roles
from lapwing.identity.models import User
from lapwing.identity.queries import permissions_of
from lapwing.identity.users import roles_of, user_named
from tests.backoffice.conftest import signed_in

GOOD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_rates_of_another_test(db) -> None:
    cache.clear()


def told(name: str) -> list[str]:
    return list(AuditEntry.objects.filter(subject=name).order_by("pk").values_list("action", flat=True))


def sign_in(name: str, password: str = GOOD) -> Client:
    client = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    client.post("/account/login/", {"login": name, "password": password})
    return client


def test_a_user_is_added_with_his_roles(sandbox):
    client = signed_in("root")
    client.post("/new-user/", {"name": "eva", "role": ["viewer", "approver"]})
    assert roles_of(user_named("eva")) == ["approver", "viewer"]
    assert "eva" in client.get("/users/").content.decode()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "olga", "role": "viewer"}, "There is a user of this name already."),
        ({"name": "eva"}, "Choose at least one role."),
        ({"name": "not a name", "role": "viewer"}, "is not a user name"),
        ({"name": "eva", "role": "king"}, "there is no role"),
    ],
)
def test_what_is_wrong_with_a_new_user_is_told_beside_the_field(form: dict, said: str, sandbox):
    page = signed_in("root").post("/new-user/", form).content.decode()
    assert said in page and f'value="{form["name"]}"' in page
    assert not User.objects.filter(username="eva").exists()


def test_roles_are_exactly_those_ticked_and_hold_at_once(sandbox):
    client = signed_in("root")
    client.post("/users/olga/", {"role": ["viewer", "approver"]})
    assert roles_of(user_named("olga")) == ["approver", "viewer"]
    entry = AuditEntry.objects.get(action="user.roles")
    assert (entry.actor, entry.before, entry.after) == (
        "root",
        {"roles": ["operator"]},
        {"roles": ["approver", "viewer"]},
    )
    client.post("/users/olga/", {"role": ["viewer", "approver"]})
    assert AuditEntry.objects.filter(action="user.roles").count() == 1


def test_nobody_changes_his_own_roles_or_access(sandbox):
    with acting_as("root"):
        for change in (lambda: set_roles("root", ["viewer"]), lambda: deactivate_user("root")):
            with pytest.raises(Refused, match="own_user"):
                change()
    page = signed_in("root").get("/users/root/").content.decode()
    assert "another administrator changes them" in page and "/steps/deactivate/" not in page


def test_the_last_active_administrator_stays(sandbox):
    grant_role("carl", "administrator")
    with acting_as("carl"):
        set_roles("root", ["viewer"])
    with acting_as("system"):  # whoever it is
        for change in (lambda: set_roles("carl", ["viewer"]), lambda: deactivate_user("carl")):
            with pytest.raises(Refused, match="last_administrator"):
                change()
        set_roles("carl", ["administrator", "viewer"])


def test_a_deactivated_user_is_out_at_once_and_comes_back_as_he_was(sandbox):
    set_password("olga", GOOD)
    client = sign_in("olga")
    assert client.get("/").status_code == 200
    signed_in("root").post("/users/olga/steps/deactivate/")
    assert client.get("/").status_code == 302 and permissions_of("olga") == set()
    assert sign_in("olga").get("/").status_code == 302
    signed_in("root").post("/users/olga/steps/activate/")
    assert sign_in("olga").get("/").status_code == 200
    assert told("olga")[-2:] == ["user.deactivate", "user.activate"]


@pytest.mark.parametrize("action", [deactivate_user, activate_user, end_sessions, reset_password])
def test_only_an_administrator_does_it_to_another(action, sandbox):
    with pytest.raises(Refused, match="not_permitted"):
        action("anna")


def link_of(client: Client, name: str) -> str:
    page = client.post(f"/users/{name}/steps/reset-password/").content.decode()
    return re.search(r'value="http://testserver(/account/password/[^"]+)"', page)[1]


def test_a_password_link_works_once_and_the_old_password_no_more(sandbox):
    set_password("olga", GOOD)
    old = sign_in("olga")
    link = link_of(signed_in("root"), "olga")
    assert old.get("/").status_code == 302 and sign_in("olga").get("/").status_code == 302
    page = Client().post(link, {"password": "short", "again": "short"}).content.decode()
    assert "is refused" in page
    assert "differ" in Client().post(link, {"password": GOOD, "again": "other"}).content.decode()
    new = "another horse battery"
    assert Client().post(link, {"password": new, "again": new})["Location"] == "/account/login/"
    assert sign_in("olga", new).get("/").status_code == 200
    assert Client().get(link).status_code == 409
    assert link.split("/")[-2] not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("link", ["/account/password/MQ/none/", "/account/password/%00/x/"])
def test_a_made_up_link_opens_nothing(link: str, sandbox):
    answer = Client().get(link)
    assert answer.status_code in (404, 409) and b'name="password"' not in answer.content


def test_a_link_to_a_user_who_was_deactivated_is_void(sandbox):
    link = link_of(signed_in("root"), "olga")
    with acting_as("root"):
        deactivate_user("olga")
    assert Client().get(link).status_code == 409


def test_a_lost_second_factor_is_reset_by_another_administrator(sandbox):
    set_password("olga", GOOD)
    client = signed_in("root")
    assert "/steps/reset-second-factor/" not in client.get("/users/olga/").content.decode()
    TOTP.activate(User.objects.get(username="olga"), generate_totp_secret())
    assert "/steps/reset-second-factor/" in client.get("/users/olga/").content.decode()
    client.post("/users/olga/steps/reset-second-factor/")
    assert not Authenticator.objects.exists() and told("olga")[-1] == "user.second_factor_reset"
    assert sign_in("olga").get("/").status_code == 200


def test_sessions_are_listed_and_ended_one_or_all_others(sandbox):
    set_password("olga", GOOD)
    here, there, elsewhere = sign_in("olga"), sign_in("olga"), sign_in("olga")
    page = here.get("/my/sign-in/").content.decode()
    assert page.count("Firefox on Linux") == 3 and page.count(">here<") == 1
    other = UserSession.objects.get(session_key=there.session.session_key)
    here.post("/my/sessions/end/", {"session": other.pk})
    assert there.get("/").status_code == 302 and elsewhere.get("/").status_code == 200
    here.post("/my/sessions/end/")
    assert elsewhere.get("/").status_code == 302 and here.get("/").status_code == 200
    assert told("olga")[-2:] == ["user.sessions_ended"] * 2


def test_nobody_ends_the_session_of_another(sandbox):
    with acting_as("root"):
        set_password("anna", GOOD)
    theirs = sign_in("anna")
    theirs.get("/")
    session = UserSession.objects.get(user__username="anna")
    with pytest.raises(Refused, match="unknown_session"):
        end_session("olga", session.pk)
    assert theirs.get("/").status_code == 200


def test_ones_own_password_is_changed_and_only_this_session_goes_on(sandbox):
    set_password("olga", GOOD)
    here, there = sign_in("olga"), sign_in("olga")
    new = "another horse battery"
    here.post("/account/reauthenticate/", {"password": GOOD})
    assert "differ" in here.post("/my/password/", {"password": new, "again": GOOD}).content.decode()
    assert here.post("/my/password/", {"password": new, "again": new})["Location"] == "/my/sign-in/"
    assert here.get("/").status_code == 200 and there.get("/").status_code == 302


def test_a_password_is_not_changed_without_saying_who_one_is(sandbox):
    set_password("olga", GOOD)
    assert "/account/reauthenticate/" in signed_in("olga").get("/my/password/")["Location"]


def test_a_user_may_be_called_new(sandbox):
    client = signed_in("root")
    client.post("/new-user/", {"name": "new", "role": ["viewer"]})
    assert b"new" in client.get("/users/new/").content and client.get("/users/new/").status_code == 200
