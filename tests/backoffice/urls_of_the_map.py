"""Every URL of the map with an example of each: the one source of the matrix of roles, attacks, browser, pictures."""

from collections.abc import Iterator, Mapping

from django.urls import URLPattern, URLResolver, get_resolver

SWITCHES = {
    "saved_filter": ["jobs"],
    "job_limit": ["type"],
    "subscription_step": ["rest_subscription"],
    "job_type_switch": ["type", "pause"],
    "scheduler_switch": ["run"],
    # administration
    "user": ["olga"],
    "user_step": ["olga", "sign-out"],
    "email_template_new": [],
    "email_template": ["grace_granted.en"],
    "email_template_step": ["grace_granted.en", "effective"],
    "email_template_preview": ["grace_granted"],
    "email_template_preview_html": ["grace_granted"],
    "audit_entry": [1],
    "import": [1],
    "import_live": [1],
    "import_errors_csv": [1],
    "import_step": [1, "start"],
    "choose_password": ["MQ", "none"],
    "openid_connect_login": [],
    "openid_connect_callback": [],
    # end of administration
}
STEP = {"run_step": "undo", "definition_step": "start"}


def names() -> Iterator[str]:
    """The names of all URLs; a URL without a name goes by its pattern."""
    yield from _names(get_resolver().url_patterns, "")


def _names(patterns: list, space: str) -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from _names(each.url_patterns, f"{each.namespace}:" if each.namespace else space)
        elif isinstance(each, URLPattern):
            yield f"{space}{each.name or each.pattern}"


def example_of(name: str, base: Mapping[str, object]) -> str:
    """A path under this name that leads to something that is there."""
    from django.urls import reverse

    if name.startswith("admin:") and name.endswith(("_history", "_delete", "_change")):
        return reverse(name, args=[1])
    if name == "admin:app_list":
        return "/records/catalog/"
    if ":" in name or name.startswith(("account_", "mfa_")):
        return reverse(name)
    if name == "subscription_step":
        return reverse(name, args=SWITCHES[name]) + f"?number={base['subscription']}"
    if name == "step":
        return reverse(name, args=["account", "hold"]) + f"?of={base['account']}"
    if name.startswith("draft_"):
        query = "?input=criteria.subscription_types" if name == "draft_choices" else ""
        return reverse(name, args=["deactivate_in_grace"]) + query
    arguments: list[object] = [*SWITCHES.get(name, [])]
    if name.startswith("run_") or name == "run":
        arguments = [base["run"]]
    elif name.startswith("definition_") or name == "definition":
        arguments = [base["code"]]
    elif name in {"job", "subscription", "account", "customer", "provider"}:
        arguments = [base[name]]
    return reverse(name, args=[*arguments, *([STEP[name]] if name in STEP else [])])


def examples(base: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Names with an example each, as far as the base has something to show under them."""
    for name in names():
        try:
            yield name, example_of(name, base)
        except KeyError:
            continue
