"""Lives that went wrong once, cut down to the steps that mattered. Each is compared after every step."""

import pytest

from tests.lives.steps import Taken, replay

pytestmark = pytest.mark.usefixtures("world")


def content(**others):
    return {
        "days": 3,
        "debt_guard": "overdue",
        "schedule": {"method": "now"},
        "throttle": None,
        "max_affected": 1000,
        "approval": False,
        "canary": None,
        "recently": 3,
        **others,
    }


def created(**others) -> Taken:
    return "create", {
        "actor": "olga",
        "name": "Nightly grace cut",
        "code": "ALPHA",
        "content": content(**others),
    }


HELD: list[Taken] = [created(approval=True), ("start", {"actor": "olga", "place": 0}), ("tick", {})]
APPROVED_BY_ROOT: Taken = ("approve_ones_own", {"place": 0, "actor": "root"})


def test_a_run_submitted_for_now_keeps_its_date_when_it_fires_late():
    replay([created(canary=1), ("submit", {"actor": "olga", "place": 0}), ("tick_later", {"hours": 29})])


def test_protection_after_reactivation_can_be_switched_off_also_for_a_run_of_an_earlier_date():
    replay(
        [
            created(recently=0),
            ("start", {"actor": "root", "place": 0}),
            ("tick", {}),
            ("start", {"actor": "root", "place": 0}),
            ("lose_the_database", {}),
            ("extend_grace", {"place": 1, "days": 0}),
            ("start", {"actor": "root", "place": 0}),
            ("lose_the_database", {}),
            ("tick_later", {"hours": 18}),
            ("activate_by_hand", {"place": 0}),
            ("resume", {"actor": "olga", "place": 0}),
            ("tick", {}),
        ]
    )


def test_who_renamed_a_definition_cannot_approve_although_another_made_it_not_effective_since():
    renamed = ("rename", {"actor": "root", "place": 0, "name": "Weekly sweep"})
    replay([*HELD, renamed, ("make_not_effective", {"place": 0}), APPROVED_BY_ROOT])


def test_who_wrote_the_next_version_cannot_approve_a_run_of_the_one_before():
    replay([*HELD, ("edit", {"actor": "root", "place": 0, "content": content(days=1)}), APPROVED_BY_ROOT])


def test_who_only_made_a_definition_effective_may_approve():
    effective = [("make_not_effective", {"place": 0}), ("make_effective", {"actor": "root", "place": 0})]
    replay([*HELD, *effective, APPROVED_BY_ROOT])


def test_an_undo_waits_for_nobody_although_the_definition_requires_approval():
    undo = [("approve", {"place": 0}), ("tick", {}), ("undo", {"actor": "olga", "place": 0}), ("tick", {})]
    replay([*HELD, *undo])
