"""What may be done to a provider, and to a change that it does not have."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.fields import text
from lapwing.backoffice.templatetags.lapwing import capped
from lapwing.catalog.actions.check_provider import check_provider
from lapwing.catalog.models import Provider
from lapwing.connectors.port import connectors
from lapwing.core.sql import capped_count
from lapwing.identity.permissions import Permission
from lapwing.subscriptions.actions.compare_provider import compare_provider
from lapwing.subscriptions.actions.mark_provisioned import mark_provisioned
from lapwing.subscriptions.actions.retry_provider import SUBSCRIPTIONS_AT_ONCE, retry_provider
from lapwing.subscriptions.models import LicenseChangeLog, Subscription
from lapwing.subscriptions.provider_jobs import UNTOLD
from lapwing.subscriptions.provider_queue import failed_subscriptions


class ReferenceForm(StepForm):
    """The provider's own number of it, where there is one."""

    reference = text(gettext_lazy("The provider's own number of it"), required=False, longest=200)


def _asks(words: Any) -> Any:
    def question(provider: Provider) -> str:
        return words % {
            "provider": provider.code,
            "subscriptions": capped(capped_count(Subscription.objects.filter(provider=provider))),
            "failed": capped(capped_count(failed_subscriptions(provider.pk))),
            "at_once": SUBSCRIPTIONS_AT_ONCE,
        }

    return question


def _of_change(words: Any) -> Any:
    return lambda change: (
        words
        % {
            "change": change.pk,
            "event": change.event,
            "subscription": change.subscription.number,
            "quantity": change.quantity,
            "services": _("on") if change.active else _("off"),
        }
    )


def _check(provider: Provider) -> str:
    job = check_provider(provider.code)
    return _("Job %(job)s asks provider %(provider)s.") % {"job": job.pk, "provider": provider.code}


def _compare(provider: Provider) -> str:
    job = compare_provider(provider.code)
    return _("Job %(job)s compares with provider %(provider)s; differences are shown as they are found.") % {
        "job": job.pk,
        "provider": provider.code,
    }


def _retry(provider: Provider) -> str:
    jobs = retry_provider(provider.code)
    told = {"count": len(jobs), "provider": provider.code}
    if left := capped_count(failed_subscriptions(provider.pk)):
        return _(
            "%(count)s jobs of provider %(provider)s run again; %(left)s subscriptions are left for the next time."
        ) % {**told, "left": capped(left)}
    return _("%(count)s jobs of provider %(provider)s run again.") % told


def _provisioned(change: LicenseChangeLog, *, reference: str) -> str:
    mark_provisioned(change.pk, reference=reference)
    return _("License change %(change)s is provisioned; what waited for it goes on.") % {"change": change.pk}


def _can_tell(provider: Provider) -> bool:
    return bool(provider.connector) and connectors.get(provider.connector).can_tell_state


PROVIDER_STEPS = {
    step.name: step
    for step in (
        Step(
            "check",
            gettext_lazy("Check now"),
            Permission.PROVISION,
            _asks(
                gettext_lazy(
                    "Ask provider %(provider)s whether it can be reached and lets us in? Nothing is changed."
                )
            ),
            _check,
            possible=lambda provider: bool(provider.connector),
            tone="strong",
        ),
        Step(
            "compare",
            gettext_lazy("Compare"),
            Permission.PROVISION,
            _asks(
                gettext_lazy(
                    "Ask provider %(provider)s about each of its %(subscriptions)s subscriptions, one after the other? "
                    "A job does it; nothing is changed."
                )
            ),
            _compare,
            possible=_can_tell,
        ),
        Step(
            "retry",
            gettext_lazy("Retry what failed"),
            Permission.CHANGE_SUBSCRIPTIONS,
            _asks(
                gettext_lazy(
                    "Tell provider %(provider)s again what failed, of %(failed)s subscriptions, at most %(at_once)s "
                    "at a time? Each one's changes are told in their order."
                )
            ),
            _retry,
            possible=lambda provider: failed_subscriptions(provider.pk).exists(),
        ),
    )
}

CHANGE_STEPS = {
    "provisioned": Step(
        "provisioned",
        gettext_lazy("Mark provisioned"),
        Permission.PROVISION,
        _of_change(
            gettext_lazy(
                "Is license change %(change)s (%(event)s) of subscription %(subscription)s done at its provider: "
                "services %(services)s, quantity %(quantity)s?"
            )
        ),
        _provisioned,
        ReferenceForm,
        possible=lambda change: change.provisioning_status in UNTOLD,
        beside={},
        tone="strong",
    )
}
