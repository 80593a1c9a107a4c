"""The cheapest loop: each object loaded, changed and saved through the ORM, with its action row, in autocommit.

`python -m benchmarks.peers.loop [--objects N]`
"""

import argparse
import json
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_500)
    arguments = parser.parse_args()

    import django

    django.setup()
    from benchmarks.base import DAY, NOON, OPERATOR
    from lapwing.core import clock
    from lapwing.core.context import acting_as
    from lapwing.subscriptions.models import Subscription, SubscriptionAction

    clock.stand_at(NOON)
    right = Subscription.objects.filter(life_cycle_state="effective", grace_open=True)
    keys = list(right.order_by("pk").values_list("pk", flat=True)[: arguments.objects * 4 : 4])
    with acting_as(OPERATOR):
        before = time.perf_counter()
        for key in keys:
            subscription = Subscription.objects.get(pk=key)
            subscription.life_cycle_state = "not_effective"
            subscription.grace_open = False
            subscription.revision += 1
            subscription.save()
            SubscriptionAction.objects.create(
                subscription_id=key,
                revision=subscription.revision,
                behaviour="deactivate_subscription",
                state="executed",
                from_state="effective",
                to_state="not_effective",
                grace_was_open=True,
                quantity=subscription.quantity,
                reason_code="debt",
                requested_by=OPERATOR,
                requested_at=NOON,
                executed_at=NOON,
                executed_on=DAY,
            )
        took = time.perf_counter() - before
    assert len(keys) == arguments.objects, len(keys)
    print(json.dumps({"objects": len(keys), "seconds": took}))


if __name__ == "__main__":
    main()
