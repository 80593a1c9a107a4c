"""The map of all URLs."""

from django.urls import include, path

urlpatterns = [path("", include("lapwing.backoffice.urls"))]
