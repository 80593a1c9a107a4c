"""What may be done to a subscription besides its behaviours, and to what is planned for it."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.fields import WithNeededReason, WithReason, day, reason, text
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.identity.permissions import Permission
from lapwing.subscriptions.actions.cancel_planned import cancel_planned
from lapwing.subscriptions.actions.cancel_scheduled_change import cancel_scheduled_change
from lapwing.subscriptions.actions.protect import protect, unprotect
from lapwing.subscriptions.actions.retry_merge import retry_merge
from lapwing.subscriptions.actions.retry_provisioning import retry_provisioning
from lapwing.subscriptions.actions.schedule_change import Change, schedule_change
from lapwing.subscriptions.models import ScheduledLicenseChangeLog, Subscription, SubscriptionAction
from lapwing.subscriptions.states import ACTION, LIVE, SCHEDULED_CHANGE


class ScheduleForm(StepForm):
    """What changes, to what, on which day."""

    change = forms.ChoiceField(label=gettext_lazy("Change"), choices=Change.choices)
    value = text(
        pgettext_lazy("new value", "To"),
        required=False,
        longest=40,
        help_text=gettext_lazy("the new quantity, or the new unit price"),
    )
    on = day(gettext_lazy("Takes effect on"))
    reason = reason()


def _of_subscription(words: Any) -> Any:
    return lambda subscription: (
        words
        % {
            "number": subscription.number,
            "customer": subscription.account.customer.name,
            "quantity": subscription.quantity,
        }
    )


def _of_planned(words: Any) -> Any:
    return lambda action: (
        words
        % {
            "behaviour": action.behaviour.replace("_", " "),
            "number": action.subscription.number,
            "on": in_words(action.scheduled_on),
        }
    )


def _of_scheduled(words: Any) -> Any:
    return lambda scheduled: (
        words
        % {
            "change": f"{scheduled.change} {scheduled.value}".strip(),
            "number": scheduled.subscription.number,
            "on": in_words(scheduled.effective_on),
            "message": scheduled.message,
        }
    )


def _protect(subscription: Subscription, *, reason: str) -> str:
    protect(subscription.number, reason=reason)
    return _("No run disconnects %(number)s.") % {"number": subscription.number}


def _unprotect(subscription: Subscription) -> str:
    unprotect(subscription.number)
    return _("Runs may disconnect %(number)s again.") % {"number": subscription.number}


def _retry(subscription: Subscription) -> str:
    jobs = retry_provisioning(subscription.number)
    if not jobs:
        return _("No job of %(number)s has failed; nothing was run again.") % {"number": subscription.number}
    told = ngettext(
        "%(count)s job of %(number)s runs again.",
        "%(count)s jobs of %(number)s run again, in their order.",
        len(jobs),
    )
    return told % {"count": len(jobs), "number": subscription.number}


def _schedule(subscription: Subscription, *, change: str, value: str, on: date, reason: str) -> str:
    schedule_change(subscription.number, change, value=value, on=on, reason=reason)
    return _("%(change)s of %(number)s planned for %(on)s.") % {
        "change": f"{change} {value}".strip().capitalize(),
        "number": subscription.number,
        "on": in_words(on),
    }


def _cancel_planned(action: SubscriptionAction, *, reason: str) -> str:
    cancel_planned(action.pk, reason=reason)
    return _("The planned action is cancelled.")


def _cancel_scheduled(scheduled: ScheduledLicenseChangeLog, *, reason: str) -> str:
    cancel_scheduled_change(scheduled.pk, reason=reason)
    return _("The scheduled change is cancelled.")


def _retry_merge(scheduled: ScheduledLicenseChangeLog, *, reason: str) -> str:
    retry_merge(scheduled.pk, reason=reason)
    return _("The scheduled change is tried again.")


CHANGE = Permission.CHANGE_SUBSCRIPTIONS
SUBSCRIPTION_STEPS = {
    step.name: step
    for step in (
        Step(
            "schedule_change",
            gettext_lazy("Schedule a license change"),
            CHANGE,
            _of_subscription(
                gettext_lazy(
                    "Plan a license change of %(number)s of %(customer)s for a day to come? Its quantity is "
                    "%(quantity)s now."
                )
            ),
            _schedule,
            ScheduleForm,
            possible=lambda subscription: subscription.life_cycle_state in LIVE,
            beside={
                "unknown_change": "change",
                "in_the_past": "on",
                "bad_quantity": "value",
                "bad_price": "value",
                "value_not_expected": "value",
            },
        ),
        Step(
            "retry",
            gettext_lazy("Tell the provider again"),
            CHANGE,
            _of_subscription(
                gettext_lazy(
                    "Run the failed provider jobs of %(number)s of %(customer)s again, in the order of its changes?"
                )
            ),
            _retry,
            possible=lambda subscription: subscription.license_changes.filter(
                provisioning_status="failed"
            ).exists(),
        ),
        Step(
            "protect",
            gettext_lazy("Never disconnect"),
            CHANGE,
            _of_subscription(
                gettext_lazy(
                    "Let no run ever disconnect %(number)s of %(customer)s: medical need, emergency line, court?"
                )
            ),
            _protect,
            WithNeededReason,
            possible=lambda subscription: not subscription.never_disconnect,
            beside={"reason_missing": "reason"},
        ),
        Step(
            "unprotect",
            gettext_lazy("End never disconnect"),
            CHANGE,
            _of_subscription(gettext_lazy("Let runs disconnect %(number)s of %(customer)s again?")),
            _unprotect,
            possible=lambda subscription: subscription.never_disconnect,
            tone="danger",
        ),
    )
}

PLANNED_ACTION_STEPS = {
    "cancel": Step(
        "cancel",
        gettext_lazy("Cancel the planned action"),
        CHANGE,
        _of_planned(gettext_lazy("Take back the %(behaviour)s of %(number)s that is planned for %(on)s?")),
        _cancel_planned,
        WithReason,
        possible=lambda action: "cancel" in ACTION.events(action.state),
        tone="danger",
    )
}

SCHEDULED_CHANGE_STEPS = {
    step.name: step
    for step in (
        Step(
            "cancel",
            gettext_lazy("Cancel"),
            CHANGE,
            _of_scheduled(
                gettext_lazy("Take back the change (%(change)s) of %(number)s that is planned for %(on)s?")
            ),
            _cancel_scheduled,
            WithReason,
            possible=lambda scheduled: "cancel" in SCHEDULED_CHANGE.events(scheduled.status),
            tone="danger",
        ),
        Step(
            "retry",
            gettext_lazy("Retry the merge"),
            CHANGE,
            _of_scheduled(
                gettext_lazy(
                    "Try the change (%(change)s) of %(number)s for %(on)s again? It failed: %(message)s"
                )
            ),
            _retry_merge,
            WithReason,
            possible=lambda scheduled: "retry" in SCHEDULED_CHANGE.events(scheduled.status),
        ),
    )
}
