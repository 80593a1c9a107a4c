"""`lapwing web`: the screens, served by gunicorn until it is stopped."""

import os
import socket
import sys
from collections.abc import Callable
from typing import Any

import click

from lapwing.cli.session import command
from lapwing.cli.watching import WATCHED, end_with_parent

THREADS = 8
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port_option = click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))


@click.group()
def _root() -> None:
    pass


def listen_options(function: Callable[..., Any]) -> Callable[..., Any]:
    return host_option(port_option(function))


def free_port(host: str, port: int) -> int:
    """The port itself or, for 0, one that is free. Raises Refused `port_in_use`."""
    from lapwing.core.errors import Refused

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                "port_in_use",
                f"nothing can listen on {host} port {port} ({error.strerror}); choose another: --port",
            ) from None
        return probe.getsockname()[1]


def gunicorn_arguments(host: str, port: int) -> list[str]:
    """The command line of the web server: one process with threads, since SQLite has one writer anyhow."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        *(sys.executable, "-m", "gunicorn", "lapwing.conf.wsgi:application"),
        *("--bind", address, "--threads", str(THREADS)),
        *("--workers", os.environ.get("LAPWING_WEB_PROCESSES", "1")),
        *("--forwarded-allow-ips", ""),  # whose word counts is decided in one place, the product's own
        *("--no-control-socket", "--worker-tmp-dir", _fast_folder(), "--log-level", "warning"),
    ]


def _fast_folder() -> str:
    """Where gunicorn's heartbeat does not wait for a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"


@listen_options
def _web(host: str, port: int) -> None:
    """Serve the screens until Ctrl-C; what is asked already is answered first.

    \b
    Example: lapwing web --port 8000
    """
    from lapwing.identity.safety import refuse_unsafe_settings

    refuse_unsafe_settings()
    port = free_port(host, port)
    if os.environ.get(WATCHED):
        end_with_parent()
    else:
        click.echo(f"the screens are at http://{host}:{port}/; Ctrl-C stops them", err=True)
    os.execv(sys.executable, gunicorn_arguments(host, port))


web_command = command(_root, "web", help=_web.__doc__)(_web)
