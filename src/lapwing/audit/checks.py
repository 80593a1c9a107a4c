"""What must be so of the audit: the chain is whole, and no sealed entry was changed."""

from collections.abc import Iterator

from lapwing.audit.chain import FIELDS, entry_hash
from lapwing.audit.models import AuditChain, AuditEntry
from lapwing.core.invariants import invariant

GENESIS = "0" * 64


@invariant("each sealed entry's hash follows from what it says and from the entry before it")
def audit_chain_is_whole() -> Iterator[str]:
    head = AuditChain.objects.filter(pk=1).first()
    position, previous = 0, GENESIS
    sealed = AuditEntry.objects.filter(seal_position__isnull=False).order_by("seal_position")
    for entry in sealed.values("seal_position", "seal_hash", *FIELDS).iterator():
        position += 1
        if entry["seal_position"] != position:
            yield f"audit entry at position {position} is missing, found position {entry['seal_position']}"
            return
        expected = entry_hash(previous, position, entry)
        if entry["seal_hash"] != expected:
            yield f"audit entry {entry['id']} (position {position}) was changed after it was sealed"
            return
        previous = expected
    if head and (head.position, head.hash) != (position, previous):
        yield f"the chain ends at position {position}, expected {head.position}: entries at the end are missing"


def unsealed() -> int:
    """Entries that the sealer has not chained yet; they are no fault."""
    return AuditEntry.objects.filter(seal_position__isnull=True).count()
