from django.apps import AppConfig


class Samples(AppConfig):
    name = "tests.jobs.samples"
    label = "samples"
    default_auto_field = "django.db.models.BigAutoField"
