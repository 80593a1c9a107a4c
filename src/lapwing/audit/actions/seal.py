"""Chains the entries that are not yet sealed, in the order in which they became visible."""

from django.db import transaction

from lapwing.audit.chain import FIELDS, entry_hash
from lapwing.audit.models import AuditChain, AuditEntry

ENTRIES_AT_ONCE = 1000


def seal() -> int:
    """Returns how many entries were sealed. Two sealers wait for each other at the head of the chain."""
    sealed = 0
    while count := _seal_some():
        sealed += count
    return sealed


@transaction.atomic
def _seal_some() -> int:
    if not AuditEntry.objects.filter(seal_position__isnull=True).exists():
        return 0
    AuditChain.objects.get_or_create(pk=1)
    head = AuditChain.objects.select_for_update().get(pk=1)
    waiting = AuditEntry.objects.filter(seal_position__isnull=True).order_by("pk").values(*FIELDS)
    entries = list(waiting[:ENTRIES_AT_ONCE])
    for entry in entries:
        head.position += 1
        head.hash = entry_hash(head.hash, head.position, entry)
        AuditEntry.objects.filter(pk=entry["id"]).update(seal_position=head.position, seal_hash=head.hash)
    head.save()
    return len(entries)
