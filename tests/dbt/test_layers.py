"""The layers look one way only, and every model says what one row of it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.home import DBT_DIR

LAYERS = ("staging", "intermediate", "marts", "meta")


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def parents(manifest: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    known = {**manifest["nodes"], **manifest["sources"]}
    return [known[each] for each in node["depends_on"]["nodes"]]


def _code(node: dict[str, Any]) -> str:
    """A model's SQL without comments and literals."""
    text = (DBT_DIR / node["original_file_path"]).read_text(encoding="utf-8")
    return re.sub(r"--[^\n]*|\{#.*?#\}|'[^'\n]*'", "", text, flags=re.DOTALL)


def test_dbt_parses_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")), "--warn-error", "--no-version-check", "parse",
            "--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR),
            "--target-path", str(tmp_path), "--log-path", str(tmp_path), "--vars", "{as_of: 2026-10-31}",
        ],
        env={**os.environ, "SAVOIR_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_model_lives_in_a_layer_named_like_its_schema(manifest: dict[str, Any]) -> None:
    assert len(models(manifest)) > 20
    for node in models(manifest):
        assert node["schema"] in LAYERS, f"{node['name']} has the schema {node['schema']}"
        assert node["original_file_path"].split("/")[1] == node["schema"], node["name"]


def test_only_staging_reads_the_feeds_and_only_marts_what_python_computed(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        for parent in parents(manifest, node):
            if parent["resource_type"] == "source":
                allowed = {"raw": ("staging",), "reliability": ("marts",)}[parent["source_name"]]
                assert node["schema"] in allowed, f"{node['name']} reads source {parent['name']}"


def test_marts_never_read_staging_and_nothing_looks_back(manifest: dict[str, Any]) -> None:
    may_read = {
        "staging": {"staging"},
        "intermediate": {"staging", "intermediate", "seeds"},
        "marts": {"intermediate", "marts", "seeds", "reliability"},
        "meta": {"staging", "intermediate", "marts", "seeds"},
    }
    for node in models(manifest):
        for parent in parents(manifest, node):
            if parent["schema"] != "raw":
                assert parent["schema"] in may_read[node["schema"]], f"{node['name']} reads {parent['name']}"


def test_every_mart_has_an_enforced_contract_and_describes_every_column(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        if node["schema"] == "marts":
            assert node["config"]["contract"]["enforced"], node["name"]
        if node["schema"] in ("marts", "meta"):
            bare = [name for name, column in node["columns"].items() if not column["description"].strip()]
            assert not bare, f"{node['name']} does not describe {bare}"
            assert node["columns"], f"{node['name']} declares no column"


def test_every_mart_promises_a_key_that_is_its_grain(manifest: dict[str, Any]) -> None:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node["test_metadata"]["name"] == "rows_are_sound"
        and node["test_metadata"]["kwargs"].get("key")
    }
    marts = {node["unique_id"] for node in models(manifest) if node["schema"] == "marts"}
    assert marts
    assert not marts - keyed


def test_every_model_and_seed_begins_its_description_with_the_grain(manifest: dict[str, Any]) -> None:
    grainless = {
        node["name"]: node["description"].strip()[:60]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        and not node["description"].strip().startswith("One row per")
    }
    assert not grainless


def test_models_have_twin_files(manifest: dict[str, Any]) -> None:
    alone = [
        node["original_file_path"]
        for node in models(manifest)
        if not (DBT_DIR / node["original_file_path"]).with_suffix(".yml").exists()
    ]
    assert not alone


def test_names_say_the_layer(manifest: dict[str, Any]) -> None:
    prefixes = {"staging": "stg_", "intermediate": "int_", "marts": ("dim_", "fct_"), "meta": "meta_"}
    for node in models(manifest):
        assert node["name"].startswith(prefixes[node["schema"]]), node["name"]


def test_no_python_model_and_no_wall_clock(manifest: dict[str, Any]) -> None:
    clock = re.compile(
        r"\b(now|today|current_date|current_timestamp|getdate|localtimestamp)\b", re.IGNORECASE
    )
    for node in models(manifest):
        assert node["language"] == "sql", node["name"]
        assert not clock.search(_code(node)), f"{node['name']} asks the clock"


def test_every_exposure_names_marts_that_exist(manifest: dict[str, Any]) -> None:
    assert manifest["exposures"]
    for exposure in manifest["exposures"].values():
        schemas = {manifest["nodes"][each]["schema"] for each in exposure["depends_on"]["nodes"]}
        assert schemas <= {"marts", "meta"}, exposure["name"]


DIALECT = {
    "a cast with ::": r"::",
    "qualify": r"\bqualify\b",
    "exclude": r"\bexclude\s*\(",
    "an interval literal": r"\binterval\b",
    "date arithmetic with datediff or dateadd": r"\b(datediff|dateadd|date_add|date_sub)\s*\(",
    "a list or struct function": r"\b(list_|struct_|unnest|explode|array_agg|string_agg)\w*\s*\(",
    "max_by or arg_max": r"\b(max_by|min_by|arg_max|arg_min)\s*\(",
    "group by all": r"\bgroup\s+by\s+all\b",
    "concat, which skips a null on one engine and becomes null on the other; write ||": r"\bconcat\s*\(",
}


@pytest.mark.parametrize("name", sorted(DIALECT))
def test_models_are_free_of_one_engines_dialect(manifest: dict[str, Any], name: str) -> None:
    for node in models(manifest):
        found = re.search(DIALECT[name], _code(node), re.IGNORECASE)
        assert not found, (
            f"{node['name']} uses {name}: {found and found[0]!r}. Put it behind a macro in dbt/macros."
        )


def macro_files() -> list[Path]:
    return sorted((DBT_DIR / "macros").rglob("*.sql"))


def test_every_dispatched_macro_says_its_purpose_parameters_and_usage() -> None:
    found = 0
    for file in macro_files():
        text = file.read_text(encoding="utf-8")
        for match in re.finditer(r"\{%-?\s*macro (\w+)\(", text):
            if f"adapter.dispatch('{match[1]}'" not in text:
                continue
            found += 1
            before = text[: match.start()].rstrip()
            comment = before[before.rfind("{#") :] if before.endswith("#}") else ""
            for word in ("Purpose:", "Parameters:", "Usage:"):
                assert word in comment, f"{file.name}: {match[1]} has no {word}"
    assert found >= 5


def test_every_dispatched_macro_exists_for_both_engines() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in macro_files())
    for name in re.findall(r"adapter\.dispatch\('(\w+)'", text):
        for engine in ("duckdb", "spark"):
            has = re.search(rf"macro ({engine}|default)__{name}\(", text)
            assert has, f"{name} has no {engine}__ variant"


def test_no_macro_reads_a_model_that_its_caller_does_not_name() -> None:
    for file in macro_files():
        code = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"\bref\(", code), f"{file.name} hides a ref: take the relation as a parameter"


ROAD = ("sales", "cases", "rules", "warranty", "costs", "verdicts", "audit", "lifetimes")


def test_the_intermediate_layer_lies_in_folders_by_the_road_a_case_travels(
    manifest: dict[str, Any],
) -> None:
    folders = {
        node["original_file_path"].split("/")[2]
        for node in models(manifest)
        if node["schema"] == "intermediate"
    }
    assert folders == set(ROAD)
