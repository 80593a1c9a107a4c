"""Celery as the engine, over RabbitMQ or Redis: messages are hints, so they are acknowledged early, never retried,
never delayed, and nobody keeps a result.
"""

from collections.abc import Sequence

from celery import Celery, signals
from django.conf import settings
from kombu.exceptions import OperationalError

from lapwing.jobs.chunks import carry_out_chunk, sign_off, sign_on
from lapwing.jobs.engines.engine import EngineAway

TASK = "lapwing.chunk"
CONNECT_S = 4


def celery_app(broker_url: str) -> Celery:
    """The application that dispatchers and workers share; nothing connects before it must."""
    app = Celery("lapwing", broker=broker_url, set_as_current=False, fixups=[])
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=False,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=settings.QUEUE,
        task_default_delivery_mode="transient",
        worker_prefetch_multiplier=16,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_timeout=CONNECT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_connect_timeout": CONNECT_S, "socket_timeout": 30},
    )
    app.task(name=TASK, ignore_result=True)(carry_out_chunk)
    return app


@signals.worker_process_init.connect
def _begin_process(**_: object) -> None:
    from django.db import connections

    connections.close_all()  # a forked process must not share its parent's
    sign_on("celery")


@signals.worker_process_shutdown.connect
def _end_process(**_: object) -> None:
    sign_off()


class CeleryEngine:
    """Publishes chunks, asks and empties the broker."""

    name = "celery"

    def __init__(self, app: Celery) -> None:
        self._app = app

    def publish(self, ids: Sequence[int], token: str) -> None:
        try:
            self._app.send_task(TASK, args=[list(ids), token], ignore_result=True, retry=False)
        except Exception as error:  # a broker refuses in many ways, and each leaves the jobs in the ledger
            raise EngineAway(f"the broker does not take messages: {type(error).__name__}") from error

    def health(self) -> str:
        try:
            with self._app.connection_for_write() as broker:
                broker.ensure_connection(max_retries=1, timeout=CONNECT_S)
        except (OperationalError, OSError) as error:
            return f"the broker does not answer: {type(error).__name__}"
        return ""

    def purge(self) -> int:
        with self._app.connection_for_write() as broker:
            return broker.default_channel.queue_purge(settings.QUEUE) or 0
