"""Walks along the chain and proves each entry against the one before it."""

from dataclasses import dataclass, replace

from lapwing.audit.chain import FIELDS, entry_hash
from lapwing.audit.models import AuditChain, AuditEntry


@dataclass(frozen=True)
class Walked:
    """Proved up to and with `position`, whose entry has this hash; `fault` is the first break, in words."""

    position: int
    hash: str
    fault: str = ""


START = Walked(0, "0" * 64)


def walk(begin: Walked, head: AuditChain, *, at_most: int | None = None) -> Walked:
    """From behind `begin` to the head, or so many entries far."""
    until = head.position if at_most is None else min(head.position, begin.position + at_most)
    sealed = AuditEntry.objects.filter(seal_position__gt=begin.position, seal_position__lte=until)
    walked = begin
    entries = sealed.order_by("seal_position").values("seal_position", "seal_hash", *FIELDS)
    for entry in entries.iterator():
        position = walked.position + 1
        if entry["seal_position"] != position:
            fault = f"audit entry at position {position} is missing, found position {entry['seal_position']}"
            return replace(walked, fault=fault)
        expected = entry_hash(walked.hash, position, entry)
        if entry["seal_hash"] != expected:
            fault = f"audit entry {entry['id']} (position {position}) was changed after it was sealed"
            return replace(walked, fault=fault)
        walked = Walked(position, expected)
    return _against_head(walked, until, head)


def _against_head(walked: Walked, until: int, head: AuditChain) -> Walked:
    short = walked.position < until
    if short or (walked.position == head.position and walked.hash != head.hash):
        fault = (
            f"the chain ends at position {walked.position}, expected {head.position}: "
            "entries at the end are missing"
        )
        return replace(walked, fault=fault)
    return walked
