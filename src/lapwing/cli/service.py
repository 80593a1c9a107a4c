"""`lapwing serve` and `lapwing worker`: the parts that run until they are stopped, each watched by a parent.

The parent starts the service again when it dies, so that a handler that ends its process holds nobody up for long.
"""

import contextvars
import logging
import os
import subprocess
import sys
import threading

import click

from lapwing.cli.session import command
from lapwing.cli.watching import end_with_parent, until_stopped, watched
from lapwing.cli.web import listen_options

TICK_EVERY_S = 1.1
RECONNECT_AFTER_S = 2.0
MEMORY_MB = 2048


@click.group()
def _root() -> None:
    pass


def _serve() -> None:
    """Run the screens, the scheduler and a worker here, until Ctrl-C; what is under way is finished first.

    \\b
    Example: lapwing serve --port 8000
    """
    stop = until_stopped()
    _log_to_stderr()
    as_me = contextvars.copy_context()  # whoever started the service answers for what the scheduler does
    threads = [
        threading.Thread(target=_work, args=(stop,)),
        threading.Thread(target=as_me.run, args=(schedule, stop)),
    ]
    threading.Thread(target=_keep, args=(stop,), daemon=True).start()  # may wait long for a provider
    click.echo("scheduler and worker are running; Ctrl-C stops them in order", err=True)
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if not all(thread.is_alive() for thread in threads) and not stop.is_set():
            stop.set()
            raise click.ClickException("a part of the service ended by itself (part_ended)")
        stop.wait(0.5)
    click.echo("stopped", err=True)


def _keep(stop: threading.Event) -> None:
    from lapwing.figures.keep import keep_until

    keep_until(stop)


def _worker() -> None:
    """Take jobs until Ctrl-C: from the ledger itself or, with LAPWING_ENGINE=celery, from the broker.

    \\b
    Example: lapwing worker
    """
    from django.conf import settings

    stop = until_stopped()
    _log_to_stderr()
    click.echo(f"worker ({settings.ENGINE}) is running; Ctrl-C stops it in order", err=True)
    if settings.ENGINE == "celery":
        _celery_worker(stop)
    else:
        _work(stop)
    click.echo("stopped", err=True)


def _work(stop: threading.Event) -> None:
    """This process's share of carrying out jobs: all of it or, with a broker, handing it out."""
    from django.conf import settings

    if settings.ENGINE == "celery":
        from lapwing.jobs.dispatch import Dispatcher
        from lapwing.jobs.engines.celery import CeleryEngine, celery_app

        Dispatcher(CeleryEngine(celery_app(settings.BROKER_URL))).run(stop=stop.is_set)
    else:
        from lapwing.jobs.worker import LocalWorker

        _limit_memory()
        LocalWorker().run(stop=stop.is_set)


def _celery_worker(stop: threading.Event) -> None:
    """Celery's own worker as a child, and a dispatcher here."""
    arguments = [
        "-A",
        "lapwing.conf.celery_app",
        "worker",
        "--pool=prefork",
        "-O",
        "fair",
        "--loglevel=WARNING",
    ]
    arguments += [
        "--without-gossip",
        "--without-mingle",
        "--concurrency",
        os.environ.get("LAPWING_WORKERS", "2"),
    ]
    child = subprocess.Popen([sys.executable, "-m", "celery", *arguments], preexec_fn=end_with_parent)
    dispatcher = threading.Thread(target=_work, args=(stop,))
    dispatcher.start()
    while not stop.is_set() and child.poll() is None and dispatcher.is_alive():
        stop.wait(0.5)
    ended_by_itself = not stop.is_set()
    stop.set()
    dispatcher.join()
    child.terminate()
    child.wait()
    if ended_by_itself:
        raise click.ClickException("the dispatcher or celery's worker ended by itself (part_ended)")


def schedule(stop: threading.Event) -> None:
    """Fires what is due and hands the batches of open runs to the ledger, once a second."""
    from django.db import InterfaceError, OperationalError, connection

    from lapwing.runs.on_ledger import OnLedger
    from lapwing.runs.scheduling import is_idle, tick

    while not stop.is_set():
        try:
            done = None if is_idle() else tick(stop=stop.is_set, carrier=OnLedger())
        except (OperationalError, InterfaceError) as error:
            click.echo(f"the database is away, trying again: {' '.join(str(error).split())[:200]}", err=True)
            connection.close()
            stop.wait(RECONNECT_AFTER_S)
            continue
        if done:
            _tell(done)
        stop.wait(TICK_EVERY_S)
    connection.close()


def _tell(done: dict) -> None:
    for run_id in done["started"]:
        click.echo(f"run {run_id} started", err=True)
    for ended in done["ended"]:
        click.echo(f"run {ended['run']} {ended['state']} {ended['code'] or ''}".rstrip(), err=True)
    for failed in done["failed"]:
        click.echo(f"run {failed['run']}: {failed['error']}", err=True)


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("lapwing").setLevel(logging.INFO)


def _limit_memory() -> None:
    """A handler that eats memory fails by itself, before it takes the machine with it."""
    import resource

    most = int(os.environ.get("LAPWING_WORKER_MEMORY_MB") or MEMORY_MB) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _with_the_screens(host: str, port: int) -> list[str]:
    """The arguments of the part that serves them. Raises Refused `port_in_use`, and what `lapwing web` refuses."""
    from lapwing.cli.web import free_port
    from lapwing.identity.safety import refuse_unsafe_settings

    refuse_unsafe_settings()
    port = free_port(host, port)
    click.echo(f"the screens are at http://{host}:{port}/", err=True)
    return ["web", "--host", host, "--port", str(port)]


serve_command = command(_root, "serve", help=_serve.__doc__)(
    listen_options(watched(_serve, "conduct_runs", beside=_with_the_screens))
)
worker_command = command(_root, "worker", help=_worker.__doc__)(watched(_worker, "steer_jobs"))
