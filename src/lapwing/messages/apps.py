"""The app's name for Django: `messages` alone would be that of django.contrib.messages."""

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "lapwing.messages"
    label = "lapwing_messages"
