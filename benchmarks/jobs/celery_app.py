"""Lapwing's own Celery application with a queue of the benchmark's own, so that it meets no other installation."""

import os

from lapwing.conf.celery_app import app

app.conf.task_default_queue = os.environ["LAPWING_BENCH_QUEUE"]
