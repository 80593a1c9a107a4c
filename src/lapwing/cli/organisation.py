"""organisation: show, set; action-type: list, add."""

from typing import Any

import click

from lapwing.cli.output import format_option, show_list, show_one
from lapwing.cli.session import command


@click.group("organisation")
def organisation_command() -> None:
    """The organisation's settings.

    \b
    Example: lapwing organisation show
    """


@format_option
def _show(form: str) -> None:
    """Zone, currency, country, the default brake, the tolerance for overdue debt.

    \b
    Example: lapwing organisation show
    """
    from lapwing.identity.queries import organisation

    show_one(_record(organisation()), form)


command(organisation_command, "show", help=_show.__doc__)(_show)


@click.option("--name", help="What the organisation is called in mails.")
@click.option("--time-zone", help="Like Europe/London; planned instants stay, the next ones follow it.")
@click.option("--currency", help="The one that is offered first, like EUR.")
@click.option("--country", help="Whose public holidays are kept, like GB.")
@click.option("--max-affected", type=click.IntRange(0, 10**9), help="Default brake: so many subjects.")
@click.option("--max-affected-percent", help="Default brake: so many per cent of the effective base.")
@click.option(
    "--tolerance", multiple=True, metavar="CUR=AMOUNT", help="Overdue debt up to this does not count."
)
@format_option
def _set(tolerance: tuple[str, ...], form: str, **given: Any) -> None:
    """Change settings; what is not named stays.

    \b
    Example: lapwing organisation set --max-affected 500 --tolerance EUR=5.00
    """
    from lapwing.identity.actions.set_organisation import set_organisation

    pairs = (each.partition("=") for each in tolerance)
    amounts = {currency: amount for currency, _, amount in pairs}
    show_one(_record(set_organisation(tolerance=amounts, **given)), form)


command(organisation_command, "set", help=_set.__doc__)(_set)


def _record(own: Any) -> dict[str, Any]:
    return {
        "name": own.name or None,
        "time_zone": own.time_zone,
        "currency": own.currency,
        "country": own.country or None,
        "sandbox": own.is_sandbox,
        "max_affected": own.max_affected,
        "max_affected_percent": f"{own.max_affected_percent:f}",
        "tolerance_minor": own.tolerance_minor,
    }


@click.group("action-type")
def action_type_command() -> None:
    """Action types of your own, by behaviour.

    \b
    Example: lapwing action-type list
    """


@format_option
def _list(form: str) -> None:
    """All action types with their sub-types.

    \b
    Example: lapwing action-type list
    """
    from lapwing.catalog.models import ActionType

    records = [
        {
            "code": each.code,
            "name": each.name,
            "behaviour": each.behaviour,
            "sub_types": sorted(each.sub_types.values_list("code", flat=True)),
        }
        for each in ActionType.objects.order_by("code")
    ]
    show_list(records, form, ["code", "name", "behaviour", "sub_types"])


command(action_type_command, "list", help=_list.__doc__)(_list)


@click.argument("code")
@click.argument("behaviour")
@click.option("--name", default="", help="What people call it.")
@click.option("--sub-type", "sub_types", multiple=True, help="A sub-action type of it; may be repeated.")
def _add(code: str, behaviour: str, name: str, sub_types: tuple[str, ...]) -> None:
    """Add one; from then on definitions of that behaviour must choose.

    \b
    Example: lapwing action-type add non_payment deactivate_subscription --sub-type end_of_grace
    """
    from lapwing.catalog.actions.add_action_type import add_action_type

    add_action_type(code, behaviour, name=name, sub_types=sub_types)
    click.echo(f"action type {code} is for {behaviour}")


command(action_type_command, "add", help=_add.__doc__)(_add)
