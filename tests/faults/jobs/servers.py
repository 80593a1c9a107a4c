"""A PostgreSQL, a RabbitMQ and a Redis of the suite's own, on free ports: they are killed, emptied and started again.

Each is stopped by the number of the process that was started here. PostgreSQL keeps fsync on.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.faults.children import PR_SET_PDEATHSIG

READY_WITHIN_S = 60.0
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Missing(RuntimeError):
    """The software is not installed here."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class PostgresqlServer:
    """A cluster in a temporary folder, run by a user who is not root."""

    def __init__(self) -> None:
        self._programs = _postgresql_programs()
        self.port = free_port()
        self._as: dict[str, str | int] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="lapwing-faults-postgresql-"))
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid}
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        self._process: subprocess.Popen | None = None
        subprocess.run(
            [
                self._programs / "initdb",
                "-D",
                self._folder / "data",
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
            ],
            check=True,
            capture_output=True,
            cwd="/",
            **self._as,
        )
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings |= {"fsync": "on", "max_connections": 60, "shared_buffers": "64MB"}
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *given],
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=_die_with_parent,
                **self._as,
            )
        _wait_until(self._answers, f"PostgreSQL in {self._folder}")

    def stop_immediately(self) -> None:
        """As after a power cut: nothing is finished, sessions are dropped, the log is replayed at the next start."""
        _end(self._process, signal.SIGQUIT)

    def restart_immediately(self, *, away_s: float = 0) -> None:
        self.stop_immediately()
        time.sleep(away_s)
        self.start()

    def sessions(self) -> list[int]:
        """Process ids of the clients' sessions, but not of this one."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchall()
        return [pid for (pid,) in found]

    def terminate(self, session: int) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [session])

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            _end(self._process, signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended: {(self._folder / 'log').read_text()[-1000:]}")
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False


class RedisServer:
    """A broker that forgets everything when it stops."""

    name = "Redis"

    def __init__(self) -> None:
        if not shutil.which("redis-server"):
            raise Missing("redis-server is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="lapwing-faults-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            ["redis-server", *options, "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,
        )
        _wait_until(lambda: _listens(self.port), "Redis")

    def ready(self) -> "RedisServer":
        return self

    def kill(self) -> None:
        _end(self._process, signal.SIGKILL)

    def restart(self, *, away_s: float = 0) -> None:
        self.kill()
        time.sleep(away_s)
        self.start()

    def purge(self) -> int:
        """Returns how many messages there were."""
        import redis

        with redis.Redis(port=self.port) as client:
            lying_there = int(client.llen("lapwing"))
            client.flushall()
        return lying_there

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            _end(self._process, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


class RabbitServer:
    """A node of its own beside any other: name, ports, folders, cookie and port mapper."""

    name = "RabbitMQ"

    def __init__(self) -> None:
        if not RABBITMQ.exists():
            raise Missing("RabbitMQ is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="lapwing-faults-rabbitmq-"))
        self.port, self._mapper = free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._node = f"lapwing{self.port}@localhost"
        self._process: subprocess.Popen | None = None
        self.begin()

    def begin(self) -> None:
        """Starts it without waiting: it takes some seconds."""
        environment = {
            **os.environ,
            "HOME": str(self._folder),
            "RUNNING_UNDER_SYSTEMD": "1",  # it becomes this process, without a shell above it
            "ERL_EPMD_PORT": str(self._mapper),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "environment"),
        }
        (self._folder / "plugins").write_text("[].")
        (self._folder / "environment").touch()
        with (self._folder / "output").open("a") as log:
            self._process = subprocess.Popen(
                [RABBITMQ],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def ready(self) -> "RabbitServer":
        _wait_until(self._answers, f"RabbitMQ in {self._folder}")
        return self

    def start(self) -> None:
        self.begin()
        self.ready()

    def kill(self) -> None:
        """With all that it started: the process group is its own."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=30)

    def restart(self, *, away_s: float = 0) -> None:
        self.kill()
        time.sleep(away_s)
        self.start()

    def purge(self) -> int:
        """Returns how many messages there were that no consumer had been sent yet."""
        from kombu import Connection

        with Connection(self.url) as connection:
            return int(connection.default_channel.queue_purge("lapwing") or 0)

    def close(self) -> None:
        self.kill()
        for pid in self._mappers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _mappers(self) -> list[int]:
        """Erlang's port mapper, which the node started beside itself: known by the port that it was given."""
        mine = f"ERL_EPMD_PORT={self._mapper}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mine in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return [pid for pid in found if pid != os.getpid()]

    def _answers(self) -> bool:
        from kombu import Connection

        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"RabbitMQ ended: {(self._folder / 'output').read_text()[-1000:]}")
        if not _listens(self.port):
            return False
        with suppress(Exception), Connection(self.url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1)
            return True
        return False


def _postgresql_programs() -> Path:
    places = [Path(found).parent for found in [shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise Missing("PostgreSQL's server (initdb, postgres) is not installed")


def _die_with_parent() -> None:
    """In the new process: where the tests are killed, no server is left behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _wait_until(answers: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if answers():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{what} did not answer within {READY_WITHIN_S:.0f} s")


def _end(process: subprocess.Popen | None, how: signal.Signals) -> None:
    assert process is not None
    process.send_signal(how)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=30)
