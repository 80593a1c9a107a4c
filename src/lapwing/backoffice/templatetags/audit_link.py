"""The link from any page of one subject to all that was done to it."""

from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()
# The page of one subject by the name of its URL: its kind in the audit. Its number stands in the URL.
KINDS = {
    "subscription": "subscription",
    "account": "account",
    "customer": "customer",
    "definition": "definition",
    "job": "job",
    "email_template": "email_template",
}


@register.simple_tag(takes_context=True)
def audit_link(context: template.Context) -> str | SafeString:
    """Nothing on a page that is not of one subject."""
    match = getattr(context.get("request"), "resolver_match", None)
    if match is None or len(match.kwargs) != 1:
        return ""
    number = str(next(iter(match.kwargs.values())))
    if match.url_name == "run":
        asked = {"run": number}
    elif match.url_name in KINDS:
        asked = {"kind": KINDS[match.url_name], "subject": number}
    else:
        return ""
    return format_html(
        '· <a class="lw-link" href="{}?{}">{}</a>', reverse("audit"), urlencode(asked), _("Audit")
    )
