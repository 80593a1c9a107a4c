"""The app of the operators' screens."""

from django.apps import AppConfig


class BackOffice(AppConfig):
    name = "lapwing.backoffice"
    label = "backoffice"

    def ready(self) -> None:
        from lapwing.backoffice.records import register

        register()
