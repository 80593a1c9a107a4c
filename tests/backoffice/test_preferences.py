"""The user's zone and language; filters that he keeps."""

import pytest

from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions import saved_filters
from lapwing.identity.actions.saved_filters import delete_filter, rename_filter, save_filter
from lapwing.identity.actions.set_preferences import set_preferences
from lapwing.identity.models import SavedFilter, User
from tests.backoffice.conftest import signed_in


def test_times_are_in_the_organisations_zone_until_the_user_chooses_his(base):
    client = signed_in("root")
    path = f"/jobs/{base['job']}/"
    before = client.get(path).content.decode()
    assert "Times in UTC" in before and "10 Mar 2015 12:00" in before
    client.post("/preferences/", {"time_zone": "Asia/Tokyo", "language": ""})
    after = client.get(path).content.decode()
    assert "Times in Asia/Tokyo" in after and "10 Mar 2015 21:00" in after


def test_a_files_times_are_in_the_users_zone(base):
    with acting_as("root"):
        set_preferences(time_zone="Asia/Tokyo", language="")
    answer = signed_in("root").get("/jobs/?format=csv")
    assert "2015-03-10T21:00:00+09:00" in b"".join(answer.streaming_content).decode()


def test_days_of_a_filter_are_days_of_the_users_zone(base):
    with acting_as("root"):
        set_preferences(
            time_zone="Pacific/Kiritimati", language=""
        )  # 14 hours ahead: noon is the day after there
    client = signed_in("root")
    found = lambda day: client.get(f"/jobs/?from={day}&to={day}").context["page"].rows  # noqa: E731
    assert not found("2015-03-10") and found("2015-03-11")


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Olympus"), ("language", "xx"), ("time_zone", "../etc/passwd")]
)
def test_what_is_not_known_is_said_beside_the_field_and_kept(field: str, value: str, sandbox):
    answer = signed_in("root").post("/preferences/", {"time_zone": "", "language": "", field: value})
    assert field in answer.context["errors"] and answer.context["given"][field] == value
    assert User.objects.get(username="root").time_zone == ""


def test_a_filter_is_saved_used_renamed_and_deleted(base):
    client = signed_in("root")
    client.post("/saved-filters/jobs/", {"step": "save", "name": "Broken", "query": "status=failed&below=7"})
    saved = SavedFilter.objects.get()
    assert (saved.query, saved.list) == ("status=failed", "jobs")
    assert b'href="/jobs/?status=failed"' in client.get("/jobs/").content
    client.post("/saved-filters/jobs/", {"step": "rename", "number": saved.pk, "name": "All broken"})
    assert b"All broken" in client.get("/jobs/").content
    client.post("/saved-filters/jobs/", {"step": "delete", "number": saved.pk})
    assert not SavedFilter.objects.exists()


def test_the_same_name_again_takes_the_place_of_the_one_before(sandbox):
    save_filter("jobs", "mine", "status=failed")
    save_filter("jobs", " mine ", "status=waiting")
    assert [each.query for each in SavedFilter.objects.all()] == ["status=waiting"]


def test_nobody_sees_or_changes_anothers_filter(client_of, base):
    with acting_as("root"):
        saved = save_filter("jobs", "secret plan", "status=failed")
    operator = client_of("operator")
    assert b"secret plan" not in operator.get("/jobs/").content
    for act in (lambda: delete_filter(saved.pk), lambda: rename_filter(saved.pk, "taken")):
        with acting_as("olga"), pytest.raises(Refused, match="unknown_filter"):
            act()


def test_names_and_numbers_of_filters_have_limits(sandbox, monkeypatch):
    monkeypatch.setattr(saved_filters, "AT_MOST", 1)
    first = save_filter("jobs", "one", "")
    for act, code in (
        (lambda: save_filter("jobs", "two", ""), "too_many_filters"),
        (lambda: save_filter("jobs", "  ", ""), "bad_filter_name"),
        (lambda: save_filter("jobs", "x" * 61, ""), "bad_filter_name"),
        (lambda: save_filter("jobs", "one", "x" * 1001), "filter_too_long"),
    ):
        with pytest.raises(Refused, match=code):
            act()
    save_filter("runs", "one", "")  # another list
    monkeypatch.setattr(saved_filters, "AT_MOST", 2)
    second = save_filter("jobs", "two", "")
    with pytest.raises(Refused, match="filter_name_used"):
        rename_filter(second.pk, first.name)


@pytest.mark.parametrize(
    "given", [{"step": "none"}, {"step": "delete", "number": "x"}, {"step": "rename", "number": "9" * 30}]
)
def test_senseless_steps_are_not_found(given: dict, sandbox):
    assert signed_in("root").post("/saved-filters/jobs/", given).status_code == 404
    assert signed_in("root").post("/saved-filters/no-such-list/", given).status_code == 404
