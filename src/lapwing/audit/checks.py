"""What must be so of the audit: the chain is whole, and no sealed entry was changed."""

from collections.abc import Iterator

from lapwing.audit.models import AuditChain, AuditEntry
from lapwing.audit.walking import START, walk
from lapwing.core.invariants import invariant


@invariant("each sealed entry's hash follows from what it says and from the entry before it")
def audit_chain_is_whole() -> Iterator[str]:
    head = AuditChain.objects.filter(pk=1).first()
    if head is None:
        if AuditEntry.objects.filter(seal_position__isnull=False).exists():
            yield "the chain has no head, but entries are sealed"
        return
    walked = walk(START, head)
    if walked.fault:
        yield walked.fault
    elif AuditEntry.objects.filter(seal_position__gt=head.position).exists():
        yield f"entries are sealed behind the chain's end at position {head.position}"


def unsealed() -> int:
    """Entries that the sealer has not chained yet; they are no fault."""
    return AuditEntry.objects.filter(seal_position__isnull=True).count()
