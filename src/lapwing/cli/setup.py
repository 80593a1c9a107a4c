"""init, migrate, verify."""

import getpass
import os

import click

from lapwing.cli.output import console, format_option, show_list
from lapwing.cli.session import command, configure, set_clock


@click.group()
def _setup() -> None:
    pass


@_setup.command("init")
@click.option("--sandbox", is_flag=True, help="Make a sandbox: its clock can be set, --as works.")
def init_command(sandbox: bool) -> None:
    """Create the database, the organisation and its administrator (you).

    \b
    Run again it changes nothing.
    Example: LAPWING_TIME_ZONE=Europe/London lapwing init --sandbox
    """
    configure()
    from django.conf import settings

    from lapwing.catalog.seed import seed_frequencies
    from lapwing.core.context import acting_as
    from lapwing.core.errors import Refused
    from lapwing.core.secret_key import make_secret_key
    from lapwing.identity.actions.init_organisation import init_organisation
    from lapwing.identity.actions.make_sandbox_login import make_sandbox_login
    from lapwing.messages.seed import seed_templates
    from lapwing.receivables.seed import seed_ratings

    sandbox = sandbox or os.environ.get("LAPWING_SANDBOX", "0") == "1"
    make_secret_key(settings.HOME)
    _migrate()
    from lapwing.identity.models import Organisation

    existing = Organisation.objects.filter(pk=1).first()
    if existing and sandbox and not existing.is_sandbox:
        raise Refused(
            "not_a_sandbox", "this database is no sandbox and cannot become one; use another LAPWING_HOME"
        )
    set_clock(sandbox=existing.is_sandbox if existing else sandbox)
    with acting_as(getpass.getuser()):
        own = init_organisation(administrator=getpass.getuser(), sandbox=sandbox, **settings.ORGANISATION)
        seed_frequencies()
        seed_ratings()
        seed_templates()
        if own.is_sandbox:
            make_sandbox_login(settings.HOME)
    kind = "sandbox" if own.is_sandbox else "organisation"
    again = "is there already" if existing else "made"
    click.echo(f"{kind} {again}: {own.currency}, {own.time_zone}, administrator {getpass.getuser()}")
    if not existing:
        step = f"the screens' login is in {settings.HOME / 'sandbox-login'}"
        if not own.is_sandbox:
            step = f"to sign in to the screens, set a password: lapwing user password {getpass.getuser()}"
        click.echo(step)


@_setup.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date with this version.

    Example: lapwing migrate
    """
    configure()
    _migrate()
    click.echo("the database is up to date")


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


@format_option
def _verify(form: str) -> int:
    """Recompute every stored sum and every invariant from the rows.

    Exit code 1 when anything differs. Entries of the audit that are not sealed yet are named; they are no fault.

    \b
    Example: lapwing verify
    """
    from lapwing.audit.checks import unsealed
    from lapwing.core.invariants import SHOWN, all_invariants
    from lapwing.core.sql import one_snapshot

    records, faults = [], 0
    with one_snapshot():
        for each in all_invariants():
            found = list(each.find())
            faults += len(found)
            records.append({"invariant": each.name, "holds": not found, "differences": found[:SHOWN]})
    if form == "table":
        for record in records:
            mark = "[green]ok[/]  " if record["holds"] else "[red]FAULT[/]"
            console().print(f"{mark} {record['invariant'].replace('_', ' ')}")
            for difference in record["differences"]:
                console().print(f"      {difference}", markup=False)
        waiting = unsealed()
        note = f"; {waiting} audit entries wait for the sealer" if waiting else ""
        click.echo(f"{len(records)} invariants, {faults} differences{note}")
    else:
        show_list(records, form, ["invariant", "holds", "differences"])
    return 1 if faults else 0


verify_command = command(_setup, "verify", help=_verify.__doc__)(_verify)
