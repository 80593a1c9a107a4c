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
    # kinds of runs
    _("Activate settled subscriptions"), _("Deactivate subscriptions in grace"),
    _("Execute scheduled actions"), _("Merge scheduled license changes"),
    # mails, and to whom they go
    _("Agreement accepted"), _("Agreement request"), _("Deactivated"), _("Failed jobs, digest"),
    _("Grace granted"), _("Invoice issued"), _("Invoice reminder, first"), _("Invoice reminder, second"),
    _("Invoice reminder, last"), _("Manual provider action"), _("Payment declined"),
    _("Payment profile expiring"), _("Payment profile request"), _("Portal invitation"), _("Reactivated"),
    _("Run awaiting approval"), _("Run finished"), _("Run paused"), _("Usage threshold"), _("internal"),
    _("partner"),
    # fields of a definition
    _("0 switches it off."), _("0: on the run's date itself."),
    _("A country like GB; organisation; or customer for each customer's own. Empty: none."),
    _("Accounts receivable criteria"), _("Action type"), _("Also counts what falls due until then."),
    _("At most at once"), _("Balance"), _("Below this amount."), _("Billing frequencies"),
    _("Billing term schemes"), _("Binding periods"), _("Binding state"), _("Canary"), _("Classifications"),
    _("Code"), _("Counts only what was due before then."), _("Credit ratings"),
    _("Days since the grace period ended, at most"), _("Debt that counts"), _("Description"),
    _("Due days ago"), _("Due in days"), _("Empty: the initials of the name."),
    _("Empty: the organisation's limit."), _("Every run needs somebody else's approval"),
    _("From the first time, up to the second; it may span midnight."), _("From this amount on."),
    _("Less than"), _("More than"), _("Name"), _("Nothing between"), _("Nothing on public holidays of"),
    _("Nothing on these weekdays"), _("Of all effective ones. Empty: the organisation's limit."),
    _("On the run's date."), _("One of these; none is no restriction."),
    _("Only together with the binding state in binding."), _("Outstanding amount"),
    _("Overdue: nothing overdue protects. Unsettled: any debt will do."), _("Price plans"),
    _("Settled when nothing is"), _("So many first, then the run pauses for a look. Empty: none."),
    _("Spare whom a person reactivated within so many days"),
    _("Spare whom no reminder was sent to within the grace period"), _("Stop above an amount at stake"),
    _("Stop above so many"), _("Stop above so many percent"), _("Sub-action type"),
    _("Subscription criteria"), _("Subscription types"),
    _("Then it waits, counted from the end of the batch."), _("Unit"), _("Wait"),
    # choices in it
    _("any"), _("in binding"), _("out of binding"), _("overdue"), _("unsettled"), _("seconds"), _("minutes"),
    _("hours"), _("days"), _("weeks"), _("months"), _("years"), _("mon"), _("tue"), _("wed"), _("thu"),
    _("fri"), _("sat"), _("sun"), _("Mo"), _("Tu"), _("We"), _("Th"), _("Fr"), _("Sa"), _("Su"),
    # what codes of runs and items mean
    _("a person paused or cancelled the run"), _("the canary is done and waits for a look"),
    _("a limit would be passed, so nothing was changed"), _("the definition requires approval for every run"),
    _("nobody approved it within 24 hours"), _("a later version of the definition was submitted"),
    _("the definition was not effective when the time came"),
    _("the list could not be made; nothing was changed"),
    _("the job of a batch failed six times; what was done stays done"),
    _("the database went away and did not come back in time"),
    _("it has changed since the run that is being undone; it was left alone"),
    _("the change itself failed; nothing of it was kept"), _("the account is suspended or terminated"),
    _("flagged as never to be disconnected, with a reason"),
    _("the account is on hold, or a promise to pay is not due yet"), _("all debt that counts is in dispute"),
    _("nothing undisputed is overdue above the tolerance"), _("pending payments would cover the debt"),
    _("reactivated by a person or an undo only days ago"), _("no reminder was sent within the grace period"),
    _("the account has settled everything since the list was made"),
    _("the grace period is another than when the list was made"), _("it no longer meets the criteria"),
    _("what was planned took place or was cancelled meanwhile"),
    _("a free subscription is never disconnected by a run"),
    _("an earlier planned action of the subscription is still open"),
    _("a job that merges the scheduled change is open already"),
    _("the planned action is not legal any more"),
    # codes of items, and what is looked at
    _("changed since"), _("action failed"), _("account not active"), _("on hold"), _("nothing overdue"),
    _("payment in flight"), _("recently reactivated"), _("not warned"), _("settled since selection"),
    _("grace changed"), _("no longer matches"), _("no longer scheduled"), _("earlier action first"),
    _("already asked"), _("action rejected"),
    # what happened, on the line of time
    _("action"), _("license change"), _("invoice"), _("invoice due"), _("payment"), _("job"), _("e-mail"),
    _("reminder"), _("change"),
    # steps on an account, as the line of time tells them
    _("hold"), _("release"), _("promise"), _("end promise"), _("state"), _("on hold until"),
    _("promise until"), _("hold reason"), _("life cycle state"),
    # license changes
    _("create"), _("update"), _("activate"), _("deactivate"), _("price"), _("quantity"), _("opening"),
    # provider accounts
    _("mapped"), _("proposed"),
    # connectors, and the fields of their settings
    _("By hand"), _("LDAP directory"), _("RADIUS dynamic authorization"), _("Sandbox provider"), _("SCIM 2.0"),
    _("Account (DN)"), _("Address"), _("Attribute of active or not"), _("Attribute of the customer's identity"),
    _("Attribute of the last order"), _("Attribute of the name"), _("Attribute of the product"),
    _("Attribute of the quantity"), _("Attributes of a change"), _("Base (DN)"), _("Begin with StartTLS"),
    _("Dictionary file"), _("File of authorities"), _("Host"), _("Instructions"),
    _("Its value when active"), _("Its value when not active"), _("Object classes"),
    _("Password of the account"), _("Port"), _("Shared secret"), _("Time limit"), _("Token"),
    _("Total time limit"), _("User name of the check"), _("a user that has no session"),
    _("as https://provider.example/v2"), _("as ldaps://directory.example:636"),
    _("below it are the entries"), _("empty where it asks for none"),
    _("in FreeRADIUS' format, for vendors' attributes"), _("it must be single-valued"),
    _("PEM on this machine; empty trusts the usual authorities"),
    _("seconds for all exchanges of one call"), _("seconds for one exchange, connecting included"),
    _("values may hold {product}, {quantity} and {service}"),
    # kinds of providers and customers
    _("automatic"), _("manual"), _("none"), _("person"), _("organisation"),
    # states of imports
    _("checking"), _("checked"), _("importing"), _("imported"), _("refused"), _("discarded"),
    # parts of a definition
    _("alternative code"), _("approval"), _("at"), _("balance"), _("balance: less than"),
    _("balance: more than"), _("between"), _("billing frequencies"), _("billing term schemes"),
    _("binding periods"), _("binding state"), _("classifications"), _("credit ratings"), _("criteria"),
    _("debt guard"), _("description"), _("end"), _("every"), _("grace period end"),
    _("grace period end days"), _("holidays"), _("max affected"), _("max affected percent"), _("max amount"),
    _("max batch size"), _("method"), _("name"), _("outstanding"), _("outstanding: due days ago"),
    _("outstanding: due in days"), _("outstanding: less than"), _("outstanding: more than"), _("price plans"),
    _("quiet times"), _("recently reactivated days"), _("require warning"), _("rule"), _("safety"),
    _("schedule"), _("start"), _("start again after: unit"), _("start again after: value"),
    _("sub action type"), _("action type"), _("subscription types"), _("throttle"), _("unit"), _("weekdays"),
    _("main"), _("type"), _("plan"), _("rating"), _("classification"),
    # the shell that django-unfold gives, which brings no German
    _("Light"), _("Dark"),
)  # fmt: skip
