"""The named points of runs, at which trials kill (docs/faults.md tells what lies between them)."""

FREEZE = ("runs.freeze.after_items", "runs.freeze.after_batches", "runs.freeze.after_commit")
BATCH = (
    "runs.batch.after_claim",
    "runs.batch.after_locks",
    "runs.batch.after_actions",
    "runs.batch.after_audit",
    "runs.batch.before_commit",
    "runs.batch.after_commit",
)
END = ("runs.before_complete",)
FIRE = ("runs.fire.after_start", "runs.fire.before_commit")
RUN = FREEZE + BATCH + END
