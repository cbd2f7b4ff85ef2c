"""The exposures name every table that a page or report reads, and no other: derived from the code."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
import yaml

from pipelines.dictionary.reads import page_reads, pages, tables_read
from pipelines.home import DBT_DIR, PROJECT_DIR

EXPOSURES = DBT_DIR / "models" / "exposures.yml"
OTHERS = {
    "defect_reports": ("pipelines.delivery.reports", "report_of"),
    "build_summary": ("pipelines.summary", "summary"),
}
# Written when publishing, so that no model stands behind them.
WRITTEN_LATE = {"meta.build", "meta.changes", "meta.columns", "meta.glossary", "meta.measures"}


def models_read(name: str) -> list[str]:
    tables = tables_read(*OTHERS[name]) if name in OTHERS else page_reads(name)
    return sorted(table.replace("meta.", "meta_") for table in tables - WRITTEN_LATE)


def new_page(name: str) -> str:
    """The exposure of a page that has none yet; its owner is for a person to correct."""
    code = (PROJECT_DIR / "dashboards" / "app_pages" / f"{name}.py").read_text(encoding="utf-8")
    said = (ast.get_docstring(ast.parse(code)) or name).splitlines()[0].partition(": ")
    what = said[2] or said[0]
    return (
        f"  - name: {name}\n    label: {name.replace('_', ' ').capitalize()} page\n    type: dashboard\n"
        "    maturity: high\n    owner: {name: After-sales, email: after-sales@example.org}\n"
        f'    description: "{what[:1].upper()}{what[1:]}"\n    depends_on: []\n'
    )


def rewritten(text: str) -> str:
    """The same file with the lists of tables that the code reads."""
    head, *blocks = re.split(r"(?m)^(?=  - name: )", text)
    out = [head]
    for page in [page for page in pages() if not re.search(rf"(?m)^  - name: {page}$", text)]:
        blocks.append(new_page(page))
    for block in blocks:
        name = re.findall(r"- name: (\w+)", block)[0]
        kept = block[: block.index("    depends_on:")]
        out.append(f"{kept}    depends_on:\n" + "".join(f"      - ref('{m}')\n" for m in models_read(name)))
    return "".join(out)


def test_exposures_are_what_pages_and_reports_read() -> None:
    if os.environ.get("SAVOIR_UPDATE_EXPECTED"):
        EXPOSURES.write_text(rewritten(EXPOSURES.read_text(encoding="utf-8")), encoding="utf-8")
    listed = yaml.safe_load(EXPOSURES.read_text(encoding="utf-8"))["exposures"]
    found = {each["name"]: [ref[5:-2] for ref in each["depends_on"]] for each in listed}
    assert found == {name: models_read(name) for name in [*pages(), *OTHERS]}, (
        "A page or report reads other tables than its exposure says. Write them down with "
        "SAVOIR_UPDATE_EXPECTED=1 python -m pytest tests/dbt/test_exposures.py; look at the difference."
    )


def test_a_table_that_a_page_reads_through_another_module_is_found() -> None:
    assert {"fct_policy_measures", "dim_policy_conditions"} <= page_reads("policy_lab")
    assert "fct_repairs" in page_reads("claims")
    assert "fct_nevada" not in page_reads("overview")


@pytest.mark.parametrize("page", pages())
def test_every_table_that_is_read_is_published(page: str, demo_tables: set[str]) -> None:
    assert page_reads(page) <= demo_tables


@pytest.fixture(scope="module")
def demo_tables() -> set[str]:
    """Every mart and table of meta, by the files that make them."""
    marts = {path.stem for path in Path(DBT_DIR / "models" / "marts").rglob("*.sql")}
    meta = {path.stem.replace("meta_", "meta.") for path in Path(DBT_DIR / "models" / "meta").glob("*.sql")}
    return marts | meta | WRITTEN_LATE
