"""Proves the chain piece by piece, so that neither a request nor a worker is held up; keeps how far it came."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.audit.models import AuditChain, AuditProof
from lapwing.audit.walking import START, Walked, walk
from lapwing.core import clock
from lapwing.core.context import actor

ENTRIES_AT_ONCE = 20_000


@transaction.atomic
def begin_proof() -> AuditProof:
    """From the first entry on; one that is under way goes on instead. Who may ask is decided by whoever calls."""
    AuditProof.objects.get_or_create(pk=1)
    proof = AuditProof.objects.select_for_update().get(pk=1)
    if proof.state == AuditProof.State.PROVING:
        return proof
    head = AuditChain.objects.filter(pk=1).first()
    proof.state, proof.fault = AuditProof.State.PROVING, ""
    proof.position, proof.hash = START.position, START.hash
    proof.until = head.position if head else 0
    proof.begun_at, proof.begun_by, proof.ended_at = clock.now(), actor(), None
    proof.save()
    record("audit.prove", kind="audit", subject_id=None, after={"entries": proof.until})
    return proof


@transaction.atomic
def prove_some(at_most: int = ENTRIES_AT_ONCE) -> AuditProof:
    """The next piece; the state says whether there is another."""
    head = AuditChain.objects.filter(pk=1).first() or AuditChain(pk=1)
    proof = AuditProof.objects.select_for_update().get(pk=1)
    if proof.state != AuditProof.State.PROVING:
        return proof
    walked = walk(Walked(proof.position, proof.hash), head, at_most=at_most)
    proof.position, proof.hash, proof.fault = walked.position, walked.hash, walked.fault
    proof.until = max(proof.until, head.position)
    if walked.fault:
        proof.state, proof.ended_at = AuditProof.State.BROKEN, clock.now()
    elif walked.position >= head.position:
        proof.state, proof.ended_at = AuditProof.State.WHOLE, clock.now()
    proof.save()
    return proof
