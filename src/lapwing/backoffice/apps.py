"""The app of the operators' screens."""

from django.apps import AppConfig


class BackOffice(AppConfig):
    name = "lapwing.backoffice"
    label = "backoffice"
