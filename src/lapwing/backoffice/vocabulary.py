"""Words that tables and enumerations of the domain bring to the screens: here they are found for the catalogues.

The screens translate them with the filters `words` and `translated`; a test compares this list with the enumerations.
"""

from django.utils.translation import gettext_noop as _

WORDS = (
    # jobs
    _("waiting"), _("dispatched"), _("in progress"), _("retry"), _("failed"), _("succeeded"),
    _("not applicable"), _("cancelled"), _("later"), _("given back"), _("lost"),
    # runs, definitions and their items
    _("draft"), _("awaiting approval"), _("paused"), _("completed"),
    _("done"), _("skipped"), _("error"), _("errors"), _("pending"),
    # subscriptions and what becomes of them
    _("effective"), _("not effective"), _("short term effective"), _("short term not effective"),
    _("resting"), _("regretted"), _("replaced"), _("scheduled"), _("executed"), _("rejected"),
    # provisioning and scheduled changes
    _("awaiting"), _("provisioned"), _("merged"), _("merge failed"),
    # accounts and payments
    _("active"), _("suspended"), _("terminated"), _("posted"), _("reversed"), _("disputed"), _("settled"),
    # subjects
    _("subscription"), _("account"), _("customer"), _("run"), _("run batch"), _("provider"), _("user"),
    # roles
    _("viewer"), _("operator"), _("approver"), _("billing manager"), _("provisioning manager"),
    _("administrator"),
    # permissions
    _("view"), _("change accounts"), _("post payments"), _("change subscriptions"), _("edit definitions"),
    _("conduct runs"), _("approve runs"), _("steer jobs"), _("provision"), _("import"), _("administer"),
    # codes of runs
    _("by person"), _("canary"), _("safety brake"), _("approval required"), _("approval expired"),
    _("superseded"), _("definition not effective"), _("selection failed"), _("batch failed"),
    _("database lost"), _("quiet time"),
    # why a job is silent
    _("is due for more than an hour"), _("lost its worker and nobody took it back"),
    # labels of types of jobs
    _("Carry out a batch of a run"), _("Check the chain of the audit"), _("Check a provider"),
    _("Compare with a provider"), _("Confirm customer acceptance of provider agreement"),
    _("Check or import files"), _("Remind a manual provider"), _("Merge a scheduled license change"),
    _("Send e-mail"), _("Tell the provider of a license change"),
    # steps of the table of states
    _("activate subscription"), _("deactivate subscription"), _("extend grace period"),
    _("rest subscription"), _("end subscription resting"), _("short term deactivate"),
    _("end short term deactivation"), _("short term activate"), _("end short term activation"),
    _("cancel subscription"), _("regret subscription"), _("replace subscription"), _("amend billing term"),
    _("change quantity"), _("swap product"), _("change account"),
    # the shell that django-unfold gives, which brings no German
    _("Light"), _("Dark"),
)  # fmt: skip
