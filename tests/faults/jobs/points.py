"""The named points of jobs, at which trials kill (docs/faults.md tells what lies between them)."""

CLAIM = ("jobs.claim.after_commit",)
EXECUTE = ("jobs.execute.before_conclude", "jobs.execute.before_commit", "jobs.execute.after_commit")
CONCLUDE = ("jobs.conclude.after_status", "jobs.conclude.before_commit")
OUTSIDE = ("jobs.outside.after_prepare", "jobs.outside.before_call", "jobs.outside.after_call")
RESCUE = ("jobs.rescue.before_conclude",)
DISPATCH = ("jobs.dispatch.before_publish", "jobs.dispatch.after_publish")
CHUNK = ("jobs.chunk.received", "jobs.chunk.begun")
LOCAL = CLAIM + EXECUTE + CONCLUDE + OUTSIDE + RESCUE
CELERY_WORKER = CHUNK + EXECUTE + CONCLUDE + OUTSIDE
ALL = LOCAL + DISPATCH + CHUNK
