"""E-mail templates, and each e-mail as it was intended and what became of it."""

from django.db import models
from django.db.models import Q

from lapwing.core.models import Logged
from lapwing.messages.states import EmailStatus


class TemplateState(models.TextChoices):
    EFFECTIVE = "effective"
    NOT_EFFECTIVE = "not_effective"


class EmailTemplate(Logged):
    """What an event says in one language. The names it may use are those its event declares (`events.py`)."""

    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    event = models.CharField(max_length=64)
    language = models.CharField(max_length=10)  # a tag like en or de-AT
    subject_line = models.TextField()
    body_text = models.TextField()
    body_html = models.TextField(blank=True, default="")  # empty: text only
    life_cycle_state = models.CharField(
        max_length=16, choices=TemplateState.choices, default=TemplateState.NOT_EFFECTIVE
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "language"],
                condition=Q(life_cycle_state="effective"),
                name="template_effective_once",
            ),
            models.CheckConstraint(
                condition=Q(life_cycle_state__in=TemplateState.values), name="template_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Email(Logged):
    """One e-mail to one recipient about one event: written before it is sent, kept as the copy of what was sent.

    `key` names what happened (invoice_issued INV-1), so that it is mailed to a mailbox once, whoever asks and however
    often. Everything that the mail consists of is in the row: built again, it is the same bytes.
    """

    event = models.CharField(max_length=64)
    key = models.CharField(max_length=120)
    recipient = models.CharField(max_length=254)
    mailbox = models.CharField(max_length=254)  # the recipient without the difference of upper and lower case
    message_id = models.CharField(max_length=330, unique=True)
    sender = models.CharField(max_length=400)  # with or without a name: Acme <billing@example.com>
    cc = models.JSONField(default=list, blank=True)  # addresses
    template = models.CharField(max_length=100)
    language = models.CharField(max_length=10)  # of the template
    subject_line = models.CharField(max_length=250)
    body_text = models.TextField()
    body_html = models.TextField(blank=True, default="")
    status = models.CharField(max_length=8, choices=EmailStatus.choices, default=EmailStatus.PREPARED)
    prepared_at = models.DateTimeField()  # business time; the Date of the mail
    sent_at = models.DateTimeField(null=True)  # business time at which the server took it
    result_code = models.CharField(max_length=64, blank=True, default="")
    smtp_answer = models.CharField(max_length=500, blank=True, default="")
    # What it is about, as the audit names it.
    subject_kind = models.CharField(max_length=32, blank=True, default="")
    subject_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=200, blank=True, default="")
    job_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "mailbox"], name="email_once_per_key_and_mailbox"),
            models.CheckConstraint(condition=Q(status__in=EmailStatus.values), name="email_status_known"),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False)
                | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="email_sent_at_when_sent",
            ),
        ]
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="email_by_subject")]

    def __str__(self) -> str:
        return self.message_id
