"""Who may import what: a wall per folder, and for each wall a proof that breaking it is noticed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.home import PROJECT_DIR

# Besides the standard library and itself, a folder (or one file) may import these and nothing else.
WALLS: dict[str, set[str]] = {
    "pipelines/feeds": {
        "duckdb", "numpy", "pyarrow", "pydantic", "python_calamine", "yaml", "pipelines.errors",
        "pipelines.home", "pipelines.locks", "pipelines.privacy", "pipelines.sql", "pipelines.state",
        "xlsxwriter",
    },
    "pipelines/privacy": {"phonenumbers", "stdnum"},
    "pipelines/erasure": {
        "duckdb", "yaml", "pipelines.backup", "pipelines.errors", "pipelines.feeds", "pipelines.home",
        "pipelines.state",
    },
    "pipelines/reliability": {"numpy", "scipy", "pipelines.errors", "pipelines.limits"},
    "pipelines/lifetimes": {
        "duckdb", "numpy", "polars", "yaml", "pipelines.home", "pipelines.months", "pipelines.reliability",
    },
    "pipelines/expectations": {
        "duckdb", "numpy", "polars", "yaml", "pipelines.home", "pipelines.lifetimes", "pipelines.reliability",
    },
    "pipelines/signals": {
        "duckdb", "numpy", "polars", "scipy", "yaml", "pipelines.errors", "pipelines.home",
        "pipelines.lifetimes", "pipelines.reliability", "pipelines.state",
    },
    "pipelines/simulation": {
        "numpy", "polars", "pyarrow", "yaml", "pipelines.errors", "pipelines.feeds", "pipelines.home",
        "pipelines.months",
    },
    "pipelines/queries": {
        "duckdb", "numpy", "polars", "scipy", "yaml", "pipelines.errors", "pipelines.home",
        "pipelines.limits", "pipelines.months", "pipelines.replay", "pipelines.sql",
    },
    "pipelines/replay": {
        "duckdb", "numpy", "polars", "scipy", "pipelines.errors", "pipelines.home", "pipelines.queries",
    },
    "pipelines/reports": {
        "jinja2", "markupsafe", "polars", "typst", "xlsxwriter", "pipelines.errors", "pipelines.home",
        "pipelines.queries", "pipelines.signals",
    },
    "pipelines/delivery": {
        "apprise", "polars", "pydantic", "yaml", "pipelines.errors", "pipelines.home", "pipelines.mail",
        "pipelines.queries", "pipelines.reports", "pipelines.roles", "pipelines.signals", "pipelines.state",
        "pipelines.status",
    },
    "pipelines/state": {"duckdb", "pipelines.errors", "pipelines.home"},
    "pipelines/commands": {
        "click", "pipelines.analysts", "pipelines.backup", "pipelines.delivery", "pipelines.dictionary",
        "pipelines.erasure",
        "pipelines.errors", "pipelines.feeds", "pipelines.home", "pipelines.orchestration",
        "pipelines.queries", "pipelines.replay", "pipelines.reports", "pipelines.roles", "pipelines.serving",
        "pipelines.signals", "pipelines.simulation", "pipelines.status", "pipelines.summary",
        "pipelines.terminal", "pipelines.web",
    },
    "pipelines/dictionary": {"jinja2", "markupsafe", "yaml", "pipelines.errors", "pipelines.home"},
    "pipelines/orchestration": {
        "dagster", "dagster_dbt", "dbt", "dbt_common", "duckdb", "pydantic", "pipelines.errors",
        "pipelines.feeds", "pipelines.home", "pipelines.lifetimes", "pipelines.mail", "pipelines.publishing",
        "pipelines.reports", "pipelines.signals", "pipelines.state", "pipelines.terminal",
        "pipelines.delivery", "pipelines.erasure", "pipelines.expectations", "pipelines.locks",
        "pipelines.troubles",
    },
    "pipelines/spark": {
        "click", "dbt", "duckdb", "polars", "pyspark", "pipelines.errors", "pipelines.feeds",
        "pipelines.home", "pipelines.lifetimes", "pipelines.signals", "pipelines.simulation",
        "pipelines.expectations",
    },
    "pipelines/analysts": {
        "duckdb", "mcp", "polars", "pyarrow", "pipelines.errors", "pipelines.home", "pipelines.queries",
    },
    "pipelines/web": {
        "click", "dagster", "dagster_webserver", "itsdangerous", "starlette", "streamlit", "uvicorn",
        "pipelines.errors", "pipelines.home", "pipelines.roles", "pipelines.serving", "pipelines.state",
        "pipelines.status",
    },
    "dashboards": {
        "altair", "numpy", "polars", "streamlit", "xlsxwriter", "yaml", "pipelines.delivery",
        "pipelines.errors", "pipelines.home", "pipelines.queries", "pipelines.roles", "pipelines.signals",
        "pipelines.saved_views", "pipelines.troubles",
    },
    # A second reader of the policy, so that it can contradict the first.
    "tests/policy/oracle.py": set(),
    "tests/policy/clerk.py": {"oracle"},
}  # fmt: skip
# For each wall, what would be most tempting to reach through it.
TEMPTATIONS: dict[str, tuple[str, ...]] = {
    "pipelines/feeds": ("dagster", "polars", "pipelines.orchestration", "pipelines.queries"),
    "pipelines/privacy": ("duckdb", "pipelines.feeds", "pipelines.home"),
    "pipelines/erasure": ("dagster", "pipelines.orchestration", "pipelines.queries"),
    "pipelines/reliability": ("dagster", "polars", "streamlit", "duckdb", "pipelines.lifetimes"),
    "pipelines/lifetimes": ("dagster", "streamlit", "pipelines.queries"),
    "pipelines/expectations": ("dagster", "streamlit", "pipelines.queries", "pipelines.signals"),
    "pipelines/signals": ("dagster", "streamlit", "pipelines.queries", "pipelines.publishing"),
    "pipelines/simulation": ("dagster", "duckdb", "pipelines.lifetimes", "pipelines.reliability"),
    "pipelines/queries": ("dagster", "streamlit", "pipelines.reliability", "pipelines.publishing"),
    "pipelines/replay": ("dagster", "streamlit", "pipelines.orchestration"),
    "pipelines/reports": ("dagster", "streamlit", "duckdb", "pipelines.lifetimes", "pipelines.delivery"),
    "pipelines/delivery": ("dagster", "streamlit", "duckdb", "pipelines.orchestration"),
    "pipelines/state": ("dagster", "pipelines.queries"),
    "pipelines/commands": ("dagster", "dbt", "duckdb", "polars", "streamlit", "pipelines.publishing"),
    "pipelines/dictionary": ("dagster", "duckdb", "pipelines.queries", "dashboards"),
    "pipelines/orchestration": ("streamlit", "pipelines.queries", "pipelines.simulation"),
    "pipelines/spark": ("dagster", "streamlit", "pipelines.orchestration"),
    "pipelines/analysts": ("dagster", "streamlit", "pipelines.web", "pipelines.publishing"),
    "pipelines/web": ("duckdb", "pipelines.orchestration", "pipelines.queries", "dashboards"),
    "dashboards": ("dagster", "duckdb", "pipelines.replay", "pipelines.lifetimes", "pipelines"),
    "tests/policy/oracle.py": ("pipelines.home", "pipelines"),
    "tests/policy/clerk.py": ("pipelines.replay", "duckdb"),
}


def imported(code: str, package: str) -> Iterator[str]:
    """Every module that a file names in an import, wherever in the file, however it is written."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) + 1 - node.level]
                base = ".".join([*above, base]).rstrip(".")
            # `from pipelines import replay` reaches pipelines.replay.
            is_bare = base == "pipelines"
            yield from (f"{base}.{alias.name}" for alias in node.names) if is_bare else (base,)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value


def breaches(root: Path) -> list[str]:
    """A sentence for each import that goes through a wall."""
    found = []
    for place, allowed in WALLS.items():
        itself = place.removesuffix(".py").replace("/", ".")
        path = root / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            package = ".".join(file.relative_to(root).parts[:-1])
            for module in imported(file.read_text(encoding="utf-8"), package):
                if module.split(".")[0] in sys.stdlib_module_names:
                    continue
                if not any(module == each or module.startswith(f"{each}.") for each in (itself, *allowed)):
                    found.append(f"{file.relative_to(root)} imports {module}, which {place} may not.")
    return found


def test_no_import_goes_through_a_wall() -> None:
    assert breaches(PROJECT_DIR) == []


def test_every_folder_of_code_has_a_wall() -> None:
    folders = {f"pipelines/{path.parent.name}" for path in (PROJECT_DIR / "pipelines").glob("*/__init__.py")}
    assert folders | {"dashboards"} == {place for place in WALLS if not place.startswith("tests/")}


@pytest.mark.parametrize("place", WALLS)
def test_an_import_through_each_wall_is_noticed(place: str, tmp_path: Path) -> None:
    assert TEMPTATIONS[place]
    for number, module in enumerate(TEMPTATIONS[place]):
        root = tmp_path / str(number)
        file = root / place if place.endswith(".py") else root / place / "inner" / "planted.py"
        file.parent.mkdir(parents=True)
        top = module.split(".")[0]
        for code in (
            f"import {module}\n", f"from {module} import anything\n",
            f"def later():\n    import {module} as friend\n",
            f'import importlib\nimportlib.import_module("{module}")\n',
        ):  # fmt: skip
            file.write_text(code, encoding="utf-8")
            [said] = breaches(root)
            assert said.startswith(f"{file.relative_to(root)} imports {top}"), code


def test_a_relative_import_and_one_of_the_bare_package_are_followed() -> None:
    assert list(imported("from ..replay import rules", "pipelines.queries")) == ["pipelines.replay"]
    assert list(imported("from . import rates", "pipelines.reliability")) == ["pipelines.reliability"]
    assert list(imported("from pipelines import replay, home", "dashboards")) == [
        "pipelines.replay", "pipelines.home",
    ]  # fmt: skip


def test_loading_what_computes_loads_neither_dagster_nor_dbt_nor_streamlit() -> None:
    code = (
        "import sys, pipelines.feeds, pipelines.reliability, pipelines.simulation, pipelines.queries\n"
        "print([name for name in ('dagster', 'dbt', 'streamlit') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
