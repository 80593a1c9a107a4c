from django.apps import AppConfig


class FaultJobs(AppConfig):
    name = "tests.faults.jobs"
    label = "fault_jobs"
