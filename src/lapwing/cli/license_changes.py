"""subscription: changes, retry, provisioned, schedule, scheduled, unschedule; with what `subscriptions` declares."""

from datetime import date
from typing import Any

import click

from lapwing.cli.output import format_option, show_list, show_one
from lapwing.cli.session import DAY, command
from lapwing.cli.subscriptions import subscription_command

__all__ = ["subscription_command"]


@click.argument("number", metavar="SUB")
@format_option
def _changes(number: str, form: str) -> None:
    """The license changes of a subscription, and whether its provider has them.

    \b
    Example: lapwing subscription changes S-1001
    """
    from lapwing.subscriptions.queries import subscription

    records = [
        {
            "change": each.pk,
            "on": each.effective_on.isoformat(),
            "event": str(each.event),
            "delta": each.quantity_delta,
            "quantity": each.quantity,
            "source": each.source,
            "status": str(each.provisioning_status),
            "code": each.provisioning_code or None,
            "message": each.provisioning_message or None,
        }
        for each in subscription(number).license_changes.order_by("pk")
    ]
    columns = ["change", "on", "event", "quantity", "source", "status", "code"]
    show_list(records, form, columns if form == "table" else [*columns, "delta", "message"])
    if form == "table":
        for each in records:
            if each["message"]:
                click.echo(f"change {each['change']}: {each['message']}")


command(subscription_command, "changes", help=_changes.__doc__)(_changes)


@click.argument("number", metavar="SUB")
def _retry(number: str) -> None:
    """Run the failed provider jobs of a subscription again, in their order.

    \b
    Example: lapwing subscription retry S-1001
    """
    from lapwing.subscriptions.actions.retry_provisioning import retry_provisioning

    jobs = retry_provisioning(number)
    if jobs:
        click.echo(f"{len(jobs)} jobs of subscription {number} run again")
    else:
        click.echo(f"no job of subscription {number} failed; see: lapwing job list --subject {number}")


command(subscription_command, "retry", help=_retry.__doc__)(_retry)


@click.argument("change", type=int)
@click.option("--reference", default="", help="The provider's own number of it.")
def _provisioned(change: int, reference: str) -> None:
    """Say that a change at a manual provider is done.

    \b
    Example: lapwing subscription provisioned 4711
    """
    from lapwing.subscriptions.actions.mark_provisioned import mark_provisioned

    mark_provisioned(change, reference=reference)
    click.echo(f"license change {change} is provisioned")


command(subscription_command, "provisioned", help=_provisioned.__doc__)(_provisioned)


@click.argument("number", metavar="SUB")
@click.argument("change", type=click.Choice(["quantity", "price", "activate", "deactivate"]))
@click.option("--on", "day", type=DAY, required=True, help="The day on which it takes effect.")
@click.option("--to", "value", default="", help="The new quantity, or the new unit price.")
@click.option("--reason", default="", help="Why.")
@format_option
def _schedule(number: str, change: str, day: date, value: str, reason: str, form: str) -> None:
    """Plan a license change for a day to come; a job merges it then.

    \b
    Example: lapwing subscription schedule S-1001 quantity --to 5 --on 2015-04-01
    """
    from lapwing.subscriptions.actions.schedule_change import schedule_change

    show_one(_record(schedule_change(number, change, value=value, on=day, reason=reason)), form)


command(subscription_command, "schedule", help=_schedule.__doc__)(_schedule)


@click.argument("number", metavar="SUB")
@format_option
def _scheduled(number: str, form: str) -> None:
    """The scheduled license changes of a subscription, and what became of them.

    \b
    Example: lapwing subscription scheduled S-1001
    """
    from lapwing.subscriptions.queries import subscription

    found = subscription(number).scheduled_changes.order_by("effective_on", "pk")
    show_list(
        [_record(each) for each in found],
        form,
        ["scheduled_change", "on", "change", "to", "status", "message"],
    )


command(subscription_command, "scheduled", help=_scheduled.__doc__)(_scheduled)


@click.argument("scheduled_change", type=int)
@click.option("--reason", default="", help="Why.")
@format_option
def _unschedule(scheduled_change: int, reason: str, form: str) -> None:
    """Take a scheduled license change back.

    \b
    Example: lapwing subscription unschedule 12
    """
    from lapwing.subscriptions.actions.cancel_scheduled_change import cancel_scheduled_change

    show_one(_record(cancel_scheduled_change(scheduled_change, reason=reason)), form)


command(subscription_command, "unschedule", help=_unschedule.__doc__)(_unschedule)


def _record(scheduled: Any) -> dict[str, Any]:
    return {
        "scheduled_change": scheduled.pk,
        "on": scheduled.effective_on.isoformat(),
        "change": str(scheduled.change),
        "to": scheduled.value or None,
        "status": str(scheduled.status),
        "message": scheduled.message or None,
    }
