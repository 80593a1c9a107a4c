"""The codes with which the kinds of this folder skip or refuse an item."""

from lapwing.runs.codes import Code

CODES = (
    Code("account_not_active", "item", "the account is suspended or terminated",
         "decide what becomes of the account; its subscriptions are not touched by runs"),
    Code("never_disconnect", "item", "flagged as never to be disconnected, with a reason",
         "nothing; lapwing subscription unprotect SUB when the reason has gone"),
    Code("on_hold", "item", "the account is on hold, or a promise to pay is not due yet",
         "nothing until that day; lapwing account release ACCOUNT ends a hold early"),
    Code("disputed", "item", "all debt that counts is in dispute",
         "settle the dispute: lapwing invoice undispute INVOICE"),
    Code("nothing_overdue", "item", "nothing undisputed is overdue above the tolerance",
         "nothing; the debt guard `unsettled` would count invoices that are not due yet"),
    Code("payment_in_flight", "item", "pending payments would cover the debt", "wait until they arrive or fail"),
    Code("recently_reactivated", "item", "reactivated by a person or an undo only days ago",
         "nothing; it can be selected again after the days set in the definition"),
    Code("not_warned", "item", "no reminder was sent within the grace period",
         "send one and extend the grace, or do not require warnings"),
    Code("settled_since_selection", "item", "the account has settled everything since the list was made",
         "nothing: the payment saved the subscription"),
    Code("grace_changed", "item", "the grace period is another than when the list was made",
         "nothing; the new grace period counts"),
    Code("no_longer_matches", "item", "it no longer meets the criteria", "nothing; run explain tells which"),
    Code("no_longer_scheduled", "item", "what was planned took place or was cancelled meanwhile", "nothing"),
    Code("free", "item", "a free subscription is never disconnected by a run", "nothing"),
    Code("earlier_action_first", "item", "an earlier planned action of the subscription is still open",
         "nothing; the next run executes it after the earlier one"),
    Code("already_asked", "item", "a job that merges the scheduled change is open already",
         "nothing; lapwing job list --type merge_scheduled_license_change_log shows it"),
    Code("action_rejected", "item", "the planned action is not legal any more",
         "read the description; plan another action if one is needed"),
)  # fmt: skip
