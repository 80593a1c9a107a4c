from django.apps import AppConfig


class JobsBenchmark(AppConfig):
    """Brings job types of its own."""

    name = "benchmarks.jobs"
    label = "benchmarks_jobs"
