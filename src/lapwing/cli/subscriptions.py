"""subscription: show, why, protect, unprotect, do."""

from datetime import date
from typing import Any

import click

from lapwing.cli.output import console, format_option, show_fields, show_list, show_one
from lapwing.cli.session import DAY, command
from lapwing.core.money import to_words


@click.group("subscription")
def subscription_command() -> None:
    """Subscriptions and the actions that are their history.

    \b
    Example: lapwing subscription why S-1001
    """


def _record(number: str) -> dict[str, Any]:
    from lapwing.identity.queries import today
    from lapwing.subscriptions.queries import effective_term, subscription

    found = subscription(number)
    term = effective_term(found.pk, today())
    return {
        "subscription": found.number,
        "account": found.account.number,
        "customer": found.account.customer.name,
        "type": found.subscription_type.code,
        "product": found.product.code if found.product else None,
        "quantity": found.quantity,
        "provider": found.provider.code if found.provider else None,
        "state": found.life_cycle_state,
        "services_on": found.services_on,
        "until": found.until_on.isoformat() if found.until_on else None,
        "free": found.free,
        "never_disconnect": found.never_disconnect_reason or None,
        "grace": f"{found.grace_start_on} to {found.grace_end_on}" if found.grace_open else None,
        "price_plan": term.price_plan.code if term else None,
        "frequency": term.frequency.code if term else None,
        "binding": f"{term.binding_start_on} to {term.binding_end_on or 'open'}"
        if term and term.binding_start_on
        else None,
        "revision": found.revision,
    }


@click.argument("number", metavar="SUB")
@format_option
def _show(number: str, form: str) -> None:
    """What a subscription is now.

    \b
    Example: lapwing subscription show S-1001
    """
    show_one(_record(number), form)


command(subscription_command, "show", help=_show.__doc__)(_show)


@click.argument("number", metavar="SUB")
@format_option
def _why(number: str, form: str) -> None:
    """Why it is in its state: the action, the run, the version, the debt of that day.

    \b
    Example: lapwing subscription why S-1001
    """
    from lapwing.run_kinds.why import why

    told = why(number)
    if form != "table":
        show_one(told, form)
        return
    click.echo(f"{told['subscription']} of {told['customer']} is {told['state']}.")
    click.echo(f"{told['because']}.")
    run = told["action"]["run"] if told["action"] else None
    if run and run["debt"]:
        currency = run["currency"]
        click.echo(f"The debt of that day, {to_words(run['amount_minor'], currency)}:")
        debt = [{**each, "unsettled": to_words(each["unsettled_minor"], currency)} for each in run["debt"]]
        show_list(debt, "table", ["invoice", "due_on", "unsettled"])
    history = [
        {
            "on": each["on"],
            "action": each["behaviour"].replace("_", " "),
            "from": each["from_state"].replace("_", " "),
            "to": each["to_state"].replace("_", " "),
            "run": each["run"]["run"] if each["run"] else None,
            "by": each["requested_by"],
        }
        for each in told["history"]
    ]
    show_list(history, "table", ["on", "action", "from", "to", "run", "by"])
    if told["planned"]:
        console().print("planned:")
        show_list(told["planned"], "table", ["on", "behaviour", "requested_by"])


command(subscription_command, "why", help=_why.__doc__)(_why)


@click.argument("number", metavar="SUB")
@click.option("--reason", required=True, help="Medical, emergency line, court …")
@format_option
def _protect(number: str, reason: str, form: str) -> None:
    """Flag a subscription as one that no run may ever disconnect.

    \b
    Example: lapwing subscription protect S-1001 --reason "dialysis at home"
    """
    from lapwing.subscriptions.actions.protect import protect

    protect(number, reason=reason)
    show_one(_record(number), form)


command(subscription_command, "protect", help=_protect.__doc__)(_protect)


@click.argument("number", metavar="SUB")
@format_option
def _unprotect(number: str, form: str) -> None:
    """Take that flag off.

    \b
    Example: lapwing subscription unprotect S-1001
    """
    from lapwing.subscriptions.actions.protect import unprotect

    unprotect(number)
    show_one(_record(number), form)


command(subscription_command, "unprotect", help=_unprotect.__doc__)(_unprotect)


@click.argument("number", metavar="SUB")
@click.argument("behaviour")
@click.option("--on", "day", type=DAY, help="Day to come on which it is executed; default now.")
@click.option("--until", type=DAY, help="Last day of grace, rest or a short-term state.")
@click.option("--to", default="", help="New quantity, product, account or billing term.")
@click.option("--type", "action_type", default="", help="Action type of your own.")
@click.option("--sub-type", "sub_action_type", default="", help="Sub-action type.")
@click.option("--reason", default="", help="Why.")
@format_option
def _do(
    number: str,
    behaviour: str,
    day: date | None,
    until: date | None,
    to: str,
    action_type: str,
    sub_action_type: str,
    reason: str,
    form: str,
) -> None:
    """Perform an action now, or plan it for a day to come.

    \b
    Examples: lapwing subscription do S-1001 extend_grace_period --until 2015-03-20
              lapwing subscription do S-1001 cancel_subscription --on 2015-04-01
    """
    from lapwing.subscriptions.actions.perform import perform

    action = perform(
        number,
        behaviour,
        on=day,
        until=until,
        to=to,
        action_type=action_type,
        sub_action_type=sub_action_type,
        reason=reason,
    )
    record = {
        "action": action.pk,
        "behaviour": action.behaviour,
        "action_state": action.state,
        "scheduled_on": action.scheduled_on.isoformat() if action.scheduled_on else None,
        **_record(number),
    }
    if form == "table":
        show_fields(record)
    else:
        show_one(record, form)


command(subscription_command, "do", help=_do.__doc__)(_do)


@click.argument("action", type=click.IntRange(1, 10**18))
@click.option("--reason", default="", help="Why.")
@format_option
def _cancel_action(action: int, reason: str, form: str) -> None:
    """Take a planned action back before its day; `subscription do` told its number.

    \b
    Example: lapwing subscription cancel-action 17
    """
    from lapwing.subscriptions.actions.cancel_planned import cancel_planned

    cancelled = cancel_planned(action, reason=reason)
    show_one(
        {"action": cancelled.pk, "behaviour": cancelled.behaviour, "action_state": cancelled.state}, form
    )


command(subscription_command, "cancel-action", help=_cancel_action.__doc__)(_cancel_action)
