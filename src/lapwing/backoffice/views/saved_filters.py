"""Filters that a user keeps above a list: saved, renamed, deleted; used by following their link."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lapwing.backoffice.lists import NOT_KEPT, query
from lapwing.backoffice.screen import screen
from lapwing.identity.actions.saved_filters import delete_filter, rename_filter, save_filter
from lapwing.identity.permissions import Permission


@screen(Permission.VIEW)
@require_POST
def saved_filter(request: HttpRequest, list_name: str) -> HttpResponse:
    """`step` is save (with `name` and `query`), rename (with `number` and `name`) or delete (with `number`)."""
    try:
        path = reverse(list_name)
    except NoReverseMatch:
        raise Http404 from None
    wanted = query(QueryDict(request.POST.get("query", "")[:2000]), **dict.fromkeys(NOT_KEPT, ""))
    request.back_to = f"{path}?{wanted}"
    name = request.POST.get("name", "").replace("\0", "")
    match request.POST.get("step"):
        case "save":
            saved = save_filter(list_name, name, wanted)
            messages.success(request, _("Saved as %(name)s.") % {"name": saved.name})
        case "rename":
            saved = rename_filter(_number(request), name)
            messages.success(request, _("It is called %(name)s now.") % {"name": saved.name})
        case "delete":
            gone = delete_filter(_number(request))
            messages.success(request, _("%(name)s is deleted.") % {"name": gone})
        case _:
            raise Http404
    return redirect(request.back_to)


def _number(request: HttpRequest) -> int:
    given = request.POST.get("number", "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise Http404
    return int(given)
