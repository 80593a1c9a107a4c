"""The form of a provider: who delivers, and the settings that its connector declares."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.entry import settings
from lapwing.backoffice.templatetags.lapwing import translated, words
from lapwing.catalog.models import LifeCycle, Provider, ProviderKind
from lapwing.connectors.opening import secrets_set
from lapwing.connectors.port import connectors
from lapwing.core.errors import Invalid, Refused

SETTING = "setting."  # before the names of the connector's own fields
PLACES_OF_REFUSALS = {
    "bad_code": "code",
    "code_in_use": "code",
    "responsible_missing": "responsible_email",
    "bad_interval": "remind_every_days",
    "unknown_state": "state",
}


@dataclass(frozen=True)
class Way:
    """How a provider's services are delivered: by a kind and, where it is automatic, a connector."""

    kind: str
    connector: str
    label: str


def ways(provider: Provider | None = None) -> list[Way]:
    """Those that can be chosen, and the one that the provider has."""
    present = provider.connector if provider else ""
    automatic = [
        Way(ProviderKind.AUTOMATIC, each.name, translated(each.label))
        for each in connectors
        if not each.done_by_person or each.name == present
    ]
    by_hand = Way(ProviderKind.MANUAL, "", _("By a person"))
    return [*automatic, by_hand, Way(ProviderKind.NONE, "", _("By nobody outside"))]


def wide() -> forms.TextInput:
    return forms.TextInput(attrs=settings.WIDE)


class ProviderForm(forms.Form):
    """What is asked hangs on the way of delivery; what is allowed the action and the connector say."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=100, widget=wide())
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False, widget=wide())
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        help_text=gettext_lazy("one that is not effective is not offered for new customers"),
    )
    needs_account = forms.BooleanField(
        label=gettext_lazy("Customers need an account there, which a person maps"), required=False
    )
    responsible_email = forms.CharField(
        label=gettext_lazy("E-mail of who is responsible"), max_length=254, widget=wide()
    )
    remind_every_days = forms.IntegerField(label=gettext_lazy("Days between reminders"), initial=3)

    def __init__(self, data: Any, *, way: Way, provider: Provider | None = None) -> None:
        self.way, self.provider = way, provider
        self.configuration = connectors.get(way.connector).Configuration if way.connector else None
        goes_on = provider is not None and way.connector == provider.connector
        self.secrets = secrets_set(provider.sealed_secrets) if provider and goes_on else frozenset()
        super().__init__(data, initial=_initial(provider))
        self.fields["state"].choices = [(each, words(each)) for each in LifeCycle.values]
        for name in _not_asked(way, provider):
            del self.fields[name]
        if self.configuration:
            stored = provider.configuration if provider and goes_on else {}
            for name, field in settings.fields_of(self.configuration, stored, self.secrets):
                self.fields[SETTING + name] = field

    def head(self) -> Iterable[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith(SETTING)]

    def of_connector(self) -> Iterable[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(SETTING)]

    def given(self) -> tuple[dict[str, Any], set[str]]:
        """What was typed, as the actions take it, and the secrets that stay as they are."""
        typed = {name: value for name, value in self.cleaned_data.items() if not name.startswith(SETTING)}
        typed.pop("code", None)
        if self.provider and "needs_account" not in typed:
            typed["needs_account"] = self.provider.needs_account
        if self.configuration is None:
            return typed, set()
        of_connector = {
            name.removeprefix(SETTING): value
            for name, value in self.cleaned_data.items()
            if name.startswith(SETTING)
        }
        values, kept = settings.read(self.configuration, of_connector, self.secrets)
        return {**typed, "connector": self.way.connector, "configuration": values}, kept

    def tell(self, refusal: Refused) -> None:
        """Beside the field that it is about, or else at the top."""
        if isinstance(refusal, Invalid):
            for problem in refusal.problems:
                place = SETTING + problem.field.split(".")[0]
                self.add_error(place if place in self.fields else None, problem.message)
            return
        place = PLACES_OF_REFUSALS.get(refusal.code)
        self.add_error(place if place in self.fields else None, refusal.message if place else str(refusal))

    def ask_secrets_again(self) -> None:
        """A secret that was typed does not come back with the page: without a word it would be taken for kept."""
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.PasswordInput) and self.data.get(name):
                self.add_error(name, _("nothing was saved: enter it once more"))


def _initial(provider: Provider | None) -> dict[str, Any]:
    if provider is None:
        return {}
    fields = ("name", "needs_account", "responsible_email", "remind_every_days")
    return {"state": provider.life_cycle_state, **{name: getattr(provider, name) for name in fields}}


def _not_asked(way: Way, provider: Provider | None) -> list[str]:
    """The code is fixed once it is given; accounts stop nothing but a connector; reminders go to a person."""
    asked = {
        "code": provider is None,
        "needs_account": way.kind == ProviderKind.AUTOMATIC,
        "responsible_email": way.kind == ProviderKind.MANUAL,
        "remind_every_days": way.kind == ProviderKind.MANUAL,
    }
    return [name for name, is_asked in asked.items() if not is_asked]
