"""Every URL of the map with an example of each: the one source of the matrix of roles, attacks, browser, pictures."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver

# Arguments of a path; {…} stands for a key of the base.
ARGUMENTS: dict[str, list[str]] = {
    "saved_filter": ["jobs"],
    "job": ["{job}"],
    "job_limit": ["type"],
    "job_type_switch": ["type", "pause"],
    "scheduler_switch": ["run"],
    "run_step": ["{run}", "undo"],
    "definition_step": ["{code}", "start"],
    "draft_live": ["deactivate_in_grace"],
    "draft_explain": ["deactivate_in_grace"],
    "draft_choices": ["deactivate_in_grace"],
    "subscription": ["{subscription}"],
    "subscription_step": ["rest_subscription"],
    "step": ["account", "hold"],
    "provider_edit": ["{provider}"],
    **{name: [f"{{{name}}}"] for name in ("account", "customer", "provider", "user")},
    # administration
    "user_step": ["{user}", "sign-out"],
    "email_template": ["{template}.{language}"],
    "email_template_step": ["{template}.{language}", "effective"],
    "email_template_preview": ["{template}"],
    "email_template_preview_html": ["{template}"],
    "audit_entry": ["{entry}"],
    "import": ["{import}"],
    "import_live": ["{import}"],
    "import_errors_csv": ["{import}"],
    "import_step": ["{import}", "start"],
    "choose_password": ["MQ", "none"],
    # end of administration
}
OF_ONE = {"run": ["{run}"], "definition": ["{code}"]}  # and all whose names begin so
QUERIES = {
    "subscription_step": "?number={subscription}",
    "step": "?of={account}",
    "job_limit": "?name=book",
    "email_template_new": "?event={template}",
    "draft_choices": "?input=criteria.subscription_types",
}


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
    beginning = name.split("_")[0]
    wanted = ARGUMENTS.get(name, OF_ONE.get(beginning, []))
    arguments = [each.format_map(base) for each in wanted]
    return reverse(name, args=arguments) + QUERIES.get(name, "").format_map(
        {key: quote(str(value)) for key, value in base.items()}
    )


def examples(base: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Names with an example each, as far as the base has something to show under them."""
    for name in names():
        try:
            yield name, example_of(name, base)
        except KeyError:
            continue
