"""The house keeps its rules: layers, style, migrations, downward relations, no billing words in the mechanism."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# From the bottom up; an app may point at itself and below.
FLOORS = [
    "core",
    "audit",
    "identity",
    "runs",
    "catalog",
    "customers",
    "receivables",
    "subscriptions",
    "run_kinds",
]


@pytest.mark.parametrize(
    "command",
    [["lint-imports"], ["ruff", "check", "src", "tests", "examples", "benchmarks"]],
    ids=lambda command: command[0],
)
def test_checker_is_content(command):
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_relations_point_downwards():
    floors = {name: height for height, name in enumerate(FLOORS)}
    for model in apps.get_models():
        if model._meta.app_label not in floors:
            continue
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model._meta.app_label in floors:
                assert floors[field.related_model._meta.app_label] <= floors[model._meta.app_label], field


def test_mechanism_says_no_word_of_billing():
    billing = re.compile(
        r"invoice|payment|subscription|grace|billing|receivable|deactivat|dunning", re.IGNORECASE
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "src/lapwing/runs").rglob("*.py"))
        for line in path.read_text().splitlines()
        if billing.search(line)
    ]
    assert found == []


def test_help_needs_no_set_up():
    """Under half a second when warm follows from importing neither Django nor the tables' library."""
    program = (
        "import sys; from lapwing.cli.main import root; from click.testing import CliRunner; "
        "result = CliRunner().invoke(root, ['--help']); assert result.exit_code == 0 and 'scheduler' in result.output; "
        "assert not {'django', 'rich', 'pydantic'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_function_has_its_first_line():
    """Public functions and classes of the package say what they do, or are as short as their name."""
    import ast

    silent = []
    for path in sorted((ROOT / "src/lapwing").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree) and tree.body:
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_generated_pages_are_up_to_date():
    import importlib.util

    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages().items():
        assert (ROOT / "docs" / name).read_text() == text, f"docs/{name}: run make docs"


def test_every_code_that_the_source_tells_is_in_the_table():
    from lapwing.run_kinds.protections import ERROR_CODES
    from lapwing.runs.codes import all_codes

    known = {each.code for each in all_codes()}
    source = "".join(
        path.read_text()
        for folder in ("runs", "run_kinds")
        for path in (ROOT / "src/lapwing" / folder).rglob("*.py")
    )
    told = set(re.findall(r'Value\("([a-z]+_[a-z_]+)"\)', source)) - {"not_effective"}
    told |= set(re.findall(r'code="([a-z_]+)"', source)) | set(
        re.findall(r'Protection\(\s*"([a-z_]+)"', source)
    )
    assert told - {"error", "skipped", "debt"} <= known
    assert known >= ERROR_CODES
