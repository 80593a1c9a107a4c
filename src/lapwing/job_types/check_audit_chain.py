"""Proves the audit's chain in the background, a piece at a time."""

from django.db import transaction

from lapwing.audit.actions.prove import begin_proof, prove_some
from lapwing.audit.models import AuditProof
from lapwing.core import clock
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job
from lapwing.jobs.outcomes import Failed, Later, Outcome, Succeeded
from lapwing.jobs.types import BULK, DatabaseType, HeldJob, job_types

CHECK = "check_audit_chain"


class CheckAuditChain(DatabaseType):
    """A break ends the job failed, where it needs a person."""

    name = CHECK
    label = "Check the chain of the audit"
    priority = BULK

    def perform(self, job: HeldJob) -> Outcome | None:
        proof = prove_some()
        if proof.state == AuditProof.State.BROKEN:
            return Failed("chain_broken", proof.fault)
        if proof.state == AuditProof.State.PROVING:
            return Later(clock.now(), "under_way", f"{proof.position:,} of {proof.until:,} entries proved")
        return Succeeded(f"{proof.position:,} entries proved")


@transaction.atomic
def ask_for_chain_check() -> Job:
    """From the first entry on. Raises Refused `not_permitted`."""
    require(Permission.ADMINISTER)
    begin_proof()
    return enqueue(CHECK, subject_kind="audit", subject_id=None, subject="audit", key=CHECK)


job_types.register(CheckAuditChain())
