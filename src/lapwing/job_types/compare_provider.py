"""Compares our states with those of a provider, so many subscriptions at a time, and keeps each difference."""

import time
from dataclasses import dataclass

from lapwing.catalog.actions.set_provider import provider_of
from lapwing.catalog.provider_calls import Line, line_to, outcome_of_call
from lapwing.connectors.errors import ConnectorError
from lapwing.core import clock
from lapwing.job_types.check_provider import ProviderParameters
from lapwing.jobs.outcomes import Later, NotApplicable, Outcome, Succeeded
from lapwing.jobs.types import HeldJob, OutsideType, job_types
from lapwing.subscriptions.actions.compare_provider import COMPARE
from lapwing.subscriptions.comparison import Answer, answer_of, keep, to_compare
from lapwing.subscriptions.models import ProviderComparison, Subscription

AT_ONCE = 200
SLICE_S = 15.0  # then what is known is kept, and others have their turn


@dataclass(frozen=True)
class Intent:
    """Whom to ask, and about which subscriptions."""

    numbers: list[str]
    line: Line


class CompareProvider(OutsideType):
    """Each slice keeps what it found; the next one goes on after the last number, whoever takes it."""

    name = COMPARE
    label = "Compare with a provider"
    leaves_doubt = False  # it only asks
    Parameters = ProviderParameters
    time_limit_s = 120  # a slice, and one call that takes as long as a connector may

    def prepare(self, job: HeldJob) -> Intent | Outcome:
        provider = provider_of(job.parameters["provider"])
        comparison = ProviderComparison.objects.filter(provider=provider).first()
        if not provider.connector or comparison is None:
            return NotApplicable("no_connector", f"provider {provider.code} is {provider.kind}")
        return Intent([each.number for each in to_compare(comparison, AT_ONCE)], line_to(provider))

    def call(self, job: HeldJob, intent: Intent, deadline: float) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        until = min(deadline, time.monotonic() + SLICE_S)
        with intent.line.open() as connector:
            for number in intent.numbers:
                if time.monotonic() >= until:
                    break
                found[number] = answer_of(connector, number)
        silent = [each for each in found.values() if isinstance(each, ConnectorError)]
        if silent and len(silent) == len(found):
            raise silent[0]  # it is not this or that service that it does not tell
        return found

    def settle(self, job: HeldJob, intent: Intent, answer: dict[str, Answer]) -> Outcome:
        provider = provider_of(job.parameters["provider"])
        comparison = ProviderComparison.objects.select_for_update().get(provider=provider)
        asked = Subscription.objects.filter(number__in=answer).select_related("product")
        for subscription in asked.order_by("pk"):
            keep(subscription, answer[subscription.number], clock.now())
        comparison.asked += len(answer)
        comparison.reached = next(reversed(answer), comparison.reached)  # in the order of the database
        going_on = to_compare(comparison, 1).exists()
        comparison.ended_at = None if going_on else clock.now()
        comparison.save()
        told = f"{comparison.asked:,} subscriptions compared"
        return Later(clock.now(), "goes_on", told) if going_on else Succeeded(told)

    def settle_failure(self, job: HeldJob, intent: Intent, error: Exception) -> Outcome:
        return outcome_of_call(error)


job_types.register(CompareProvider())
