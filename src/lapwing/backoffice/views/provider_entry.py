"""New and Edit of a provider: the form that its connector declares. Nobody outside is asked; a job may, afterwards."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lapwing.backoffice.entry.provider import ProviderForm, Way, ways
from lapwing.backoffice.screen import screen
from lapwing.catalog.actions.enter_provider import create_provider, edit_provider, seen_as
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.catalog.models import Provider
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission


@screen(Permission.PROVISION)
def provider_new(request: HttpRequest) -> HttpResponse:
    """`kind` and `connector` of the address say how it delivers."""
    choices = ways()
    form = ProviderForm(_posted(request), way=_chosen(request, choices, choices[0]))

    def create() -> Provider:
        given, _kept = form.given()
        return create_provider(form.cleaned_data["code"], form.way.kind, **given)

    if request.method == "POST" and (saved := _saved(form, create)):
        return _told(request, saved)
    return _page(request, form, choices, _("New provider"))


@screen(Permission.PROVISION)
def provider_edit(request: HttpRequest, code: str) -> HttpResponse:
    """The same for one that is there; another way of delivery begins with empty settings."""
    provider = provider_of(code)
    choices = ways(provider)
    present = _way(choices, provider.kind, provider.connector) or choices[0]
    form = ProviderForm(_posted(request), way=_chosen(request, choices, present), provider=provider)
    seen = request.POST.get("seen", "") if request.method == "POST" else seen_as(provider)

    def edit() -> Provider:
        given, kept = form.given()
        return edit_provider(code, form.way.kind, seen=seen, keep=kept, **given)

    if request.method == "POST" and (saved := _saved(form, edit)):
        return _told(request, saved)
    title = _("Edit provider %(code)s") % {"code": code}
    loses = provider.connector if form.way != present else ""
    return _page(request, form, choices, title, seen=seen, loses=loses)


def _chosen(request: HttpRequest, choices: list[Way], otherwise: Way) -> Way:
    kind, connector = request.GET.get("kind", ""), request.GET.get("connector", "")
    if not kind and not connector:
        return otherwise
    if (found := _way(choices, kind, connector)) is None:
        raise Http404
    return found


def _way(choices: list[Way], kind: str, connector: str) -> Way | None:
    return next((way for way in choices if (way.kind, way.connector) == (kind, connector)), None)


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _saved(form: ProviderForm, action: Callable[[], Provider]) -> Provider | None:
    """None where something is wrong; the form then says what."""
    if form.is_valid():
        try:
            return action()
        except Refused as refusal:
            if refusal.code == "not_permitted":
                raise
            form.tell(refusal)
    form.ask_secrets_again()
    return None


def _told(request: HttpRequest, saved: Provider) -> HttpResponse:
    """Where there is somebody to ask, the next page offers to ask him."""
    messages.success(request, _("Provider %(code)s is saved.") % {"code": saved.code})
    if not saved.connector:
        return redirect("provider", saved.code)
    return redirect(f"{reverse('step', args=['provider', 'check'])}?{urlencode({'of': saved.code})}")


def _page(
    request: HttpRequest,
    form: ProviderForm,
    choices: list[Way],
    title: str,
    *,
    seen: str = "",
    loses: str = "",
) -> HttpResponse:
    context = {"title": title, "form": form, "ways": choices, "seen": seen, "loses": loses}
    return render(request, "backoffice/provider_entry.html", context)
