"""Carries out one run on the database of LAPWING_DATABASE_URL: of the definition that is named, or of a small one that
it makes, so that the screens of runs have something to show.
"""

import sys

from benchmarks.base import DEFINITION, NOON, OPERATOR

SMALL = {
    **DEFINITION,
    "name": "Small grace cut",
    "alternative_code": "SMALL",
    "criteria": {"price_plans": ["plan1"], "subscription_types": ["type1"], "grace_period_end_days": 1},
}


def main(code: str) -> None:
    import django

    django.setup()
    from lapwing.core import clock
    from lapwing.core.context import acting_as
    from lapwing.runs.actions.apply_definition import apply_definition
    from lapwing.runs.actions.start_run import start_run
    from lapwing.runs.execution import conduct

    clock.stand_at(NOON)
    with acting_as(OPERATOR):
        if code == SMALL["alternative_code"]:
            apply_definition(SMALL)
        conduct(start_run(code).pk)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["SMALL"])
