"""The root of the command line. Groups are imported when they are called, so that help needs no set-up."""

import importlib
import sys
from typing import Any

import click

COMMANDS = {
    "init": ("setup", "Create the database; again does no harm."),
    "migrate": ("setup", "Bring the database up to date."),
    "verify": ("setup", "Recompute every stored sum and invariant."),
    "import": ("files", "Import CSV files, all or nothing."),
    "export": ("files", "Export the same files."),
    "definition": ("definitions", "Run definitions: apply, list, show, diff, submit, delete."),
    "run": ("runs", "Runs: preview, explain, start, watch, approve, pause, undo."),
    "scheduler": ("scheduler", "The scheduler: status, stand-by, run, tick, serve."),
    "account": ("receivables", "Accounts: show, hold, release, promise, remind, state."),
    "invoice": ("receivables", "Invoices: dispute, undispute."),
    "payment": ("payments", "Payments: announce, post, fail, reverse."),
    "subscription": ("license_changes", "Subscriptions: show, why, protect, do, changes, schedule."),
    "customer": ("customers", "Customers: hold-credit, release-credit, request-agreement."),
    "provider": ("providers", "Providers: set, list, check, compare, accounts, map."),
    "email": ("emails", "E-mails: templates, preview, list, show."),
    "organisation": ("organisation", "The organisation's settings."),
    "action-type": ("organisation", "Action types of your own."),
    "user": ("users", "Users, their roles and passwords."),
    "job": ("job_steps", "Jobs: list, show, run-now, cancel, settle, pause, limit, work."),
    "serve": ("service", "Run the screens, the scheduler and workers here until Ctrl-C."),
    "web": ("web", "Serve the screens until Ctrl-C."),
    "worker": ("service", "Take jobs from the ledger or the broker until Ctrl-C."),
}


class Lazy(click.Group):
    """Knows names and short helps; imports a command's module only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lapwing.cli.{COMMANDS[cmd_name][0]}")
        return getattr(module, f"{cmd_name.replace('-', '_')}_command")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="lapwing")
def root() -> None:
    """Lapwing runs the operations of a subscription business.

    Every command has --help with an example. Exit code 0: done; 1: refused or failed, with one line saying why;
    2: wrong usage.
    """


def main(arguments: list[str] | None = None) -> Any:
    """The entry point: turns what may go wrong into one line and an exit code."""
    try:
        sys.exit(root.main(args=arguments, prog_name="lapwing", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        _say("not done: nobody confirmed it (not_confirmed)")
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
    except KeyboardInterrupt:
        _say("interrupted; what was done stays done (interrupted)")
    except BrokenPipeError:
        sys.stderr.close()
    except Exception as error:
        from lapwing.cli.session import as_line

        _say(as_line(error))
    sys.exit(1)


def _say(line: str) -> None:
    click.echo(line, err=True)
