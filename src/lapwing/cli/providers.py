"""provider: list, set, check, compare, accounts, map."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from lapwing.cli.output import format_option, show_list, show_one
from lapwing.cli.session import command


@click.group("provider")
def provider_command() -> None:
    """Who delivers services: through a connector, or by hand.

    \b
    Example: lapwing provider check acme
    """


@format_option
def _list(form: str) -> None:
    """All providers, with their connectors; secrets are never shown.

    \b
    Example: lapwing provider list
    """
    from lapwing.catalog.models import Provider

    show_list([_record(each) for each in Provider.objects.order_by("code")], form,
              ["provider", "kind", "connector", "configuration", "needs_account", "responsible"])  # fmt: skip


command(provider_command, "list", help=_list.__doc__)(_list)


def _record(provider: Any) -> dict[str, Any]:
    return {
        "provider": provider.code,
        "kind": str(provider.kind),
        "connector": provider.connector or None,
        "configuration": provider.configuration,
        "secrets": bool(provider.sealed_secrets),
        "needs_account": provider.needs_account,
        "responsible": provider.responsible_email or None,
    }


@click.argument("code", metavar="PROVIDER")
@click.argument("kind", type=click.Choice(["automatic", "manual", "none"]))
@click.option("--name", default="", help="What people call it.")
@click.option("--connector", default="", help="scim, ldap, radius, manual, sandbox.")
@click.option("--configuration", type=click.Path(path_type=Path, allow_dash=True),
              help="A JSON file with the connector's settings, secrets included; - reads standard input.")  # fmt: skip
@click.option(
    "--needs-account", is_flag=True, help="Customers need an identity there before anything is switched on."
)
@click.option("--responsible", default="", help="E-mail of who acts for a manual provider.")
@click.option("--remind-every", type=int, default=3, show_default=True, help="Days between reminders.")
@format_option
def _set(
    code: str,
    kind: str,
    name: str,
    connector: str,
    configuration: Path | None,
    needs_account: bool,
    responsible: str,
    remind_every: int,
    form: str,
) -> None:
    """Add a provider, or change all of its settings.

    \b
    Example: lapwing provider set acme automatic --connector scim --configuration acme.json
    """
    from lapwing.catalog.actions.set_provider import set_provider
    from lapwing.core.errors import Invalid, Refused

    try:
        provider = set_provider(
            code,
            kind,
            name=name,
            connector=connector,
            configuration=_read(configuration),
            needs_account=needs_account,
            responsible_email=responsible,
            remind_every_days=remind_every,
        )
    except Invalid as error:
        if configuration is not None or error.code != "connector_configuration":
            raise
        raise Refused(error.code, f"{error.message}; give them in a file: --configuration FILE") from None
    show_one(_record(provider), form)


command(provider_command, "set", help=_set.__doc__)(_set)


def _read(path: Path | None) -> dict[str, Any]:
    from lapwing.core.errors import Refused

    if path is None:
        return {}
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except FileNotFoundError:
        raise Refused(
            "bad_configuration", f"there is no file {path}; name a JSON file of the connector's settings"
        ) from None
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(
            "bad_configuration", f"{path} is no JSON: line {error.lineno}, column {error.colno}"
        ) from None
    if not isinstance(found, dict):
        raise Refused("bad_configuration", f"{path} must hold one object of settings")
    return found


@click.argument("code", metavar="PROVIDER")
def _check(code: str) -> None:
    """Whether the provider can be reached and lets us in. Changes nothing.

    \b
    Example: lapwing provider check acme
    """
    with _connector(code) as connector:
        connector.check()
    click.echo(f"provider {code} answers")


command(provider_command, "check", help=_check.__doc__)(_check)


def _connector(code: str) -> Any:
    from lapwing.catalog.actions.set_provider import provider_of
    from lapwing.catalog.provider_calls import line_to
    from lapwing.core.errors import Refused

    provider = provider_of(code)
    if not provider.connector:
        raise Refused("no_connector", f"provider {code} is {provider.kind}; it has no connector to ask")
    return line_to(provider).open()


@click.argument("code", metavar="PROVIDER")
@format_option
def _compare(code: str, form: str) -> int:
    """Ask the provider about every subscription and list where it says something else. Exit code 1 where
    no change is under way that is to mend a difference: there is none, it failed, or its job was cancelled.

    \b
    Example: lapwing provider compare acme
    """
    from lapwing.subscriptions.comparison import differences

    with _connector(code) as connector:
        found = list(differences(code, connector))
    if form == "table" and not found:
        click.echo(f"provider {code} has every subscription as we have it")
    else:
        show_list(found, form, ["subscription", "ours", "theirs", "waiting"])
    return int(any(not each["under_way"] for each in found))


command(provider_command, "compare", help=_compare.__doc__)(_compare)


@click.option("--unmapped", is_flag=True, help="Only those that wait for a person.")
@format_option
def _accounts(unmapped: bool, form: str) -> None:
    """Who customers are at the providers; a proposed account waits to be mapped.

    \b
    Example: lapwing provider accounts --unmapped
    """
    from lapwing.customers.models import ProviderAccount

    found = ProviderAccount.objects.select_related("customer", "provider").order_by(
        "provider__code", "customer__number"
    )
    records = [
        {
            "customer": each.customer.number,
            "name": each.customer.name,
            "provider": each.provider.code,
            "identity": each.identity or None,
            "state": "mapped" if each.is_mapped else "proposed",
        }
        for each in found
        if not (unmapped and each.is_mapped)
    ]
    show_list(records, form, ["customer", "name", "provider", "identity", "state"])


command(provider_command, "accounts", help=_accounts.__doc__)(_accounts)


@click.argument("customer")
@click.argument("code", metavar="PROVIDER")
@click.argument("identity")
def _map(customer: str, code: str, identity: str) -> None:
    """Say who a customer is at a provider.

    \b
    Example: lapwing provider map C-1001 acme anna@example.com
    """
    from lapwing.customers.actions.map_provider_account import map_provider_account

    map_provider_account(customer, code, identity)
    click.echo(f"customer {customer} is {identity} at {code}")


command(provider_command, "map", help=_map.__doc__)(_map)
