"""A user keeps what he looks for in a list, under a name; nobody else sees it, so the audit keeps nothing of it."""

from django.db import IntegrityError, transaction

from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.models import SavedFilter, User

AT_MOST = 30  # of one list
NAME_AT_MOST = 60
QUERY_AT_MOST = 1000


@transaction.atomic
def save_filter(list_name: str, name: str, query: str) -> SavedFilter:
    """The same name again takes the place of the one before. Raises Refused `bad_filter_name`, `filter_too_long`,
    `too_many_filters`.
    """
    name = _checked(name)
    if len(query) > QUERY_AT_MOST:
        raise Refused(
            "filter_too_long", f"this filter is longer than {QUERY_AT_MOST} characters; take some out"
        )
    user = User.objects.select_for_update().get(username=actor())
    own = user.saved_filters.filter(list=list_name)
    saved = own.filter(name=name).first() or SavedFilter(user=user, list=list_name, name=name)
    if saved.pk is None and own.count() >= AT_MOST:
        raise Refused("too_many_filters", f"a list keeps {AT_MOST} filters; delete one first")
    saved.query = query
    saved.save()
    return saved


@transaction.atomic
def rename_filter(number: int, name: str) -> SavedFilter:
    """Raises Refused `bad_filter_name`, `filter_name_used`, `unknown_filter`."""
    saved = _own(number)
    saved.name = _checked(name)
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError:
        raise Refused("filter_name_used", f"this list has a filter {saved.name!r} already") from None
    return saved


@transaction.atomic
def delete_filter(number: int) -> str:
    """The name it had. Raises Refused `unknown_filter`."""
    saved = _own(number)
    saved.delete()
    return saved.name


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_AT_MOST:
        raise Refused(
            "bad_filter_name", f"a filter's name has 1 to {NAME_AT_MOST} characters, found {len(name)}"
        )
    return name


def _own(number: int) -> SavedFilter:
    saved = SavedFilter.objects.select_for_update().filter(pk=number, user__username=actor()).first()
    if saved is None:
        raise Refused("unknown_filter", f"you have no saved filter {number}")
    return saved
