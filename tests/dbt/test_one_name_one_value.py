"""One name, one value: tables of one grain share a column only where they hold the same in it."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.feeds import door
from pipelines.home import DBT_DIR, Home
from pipelines.months import DAYS_PER_MONTH
from pipelines.orchestration.dbt_run import DbtCommand, run_dbt
from pipelines.orchestration.manifest import prepared
from pipelines.spark import hard_rows

MODELS = DBT_DIR / "models"
# Where a table means the same thing within its own bounds, and why.
BOUNDED = {("int_claims__watched", "appeared_on"): "never before its machine's life began"}
MOST_COLUMNS_OF_A_CASE = 75
# What DESIGN fixes for a case, whatever else moves.
OF_A_CASE = {
    "ticket_id", "sku", "family_code", "lot_code", "service_center_id", "requested_on", "age_months",
    "is_claim", "is_linked", "is_in_warranty", "warranty_end_on", "cause", "verdict_cause", "is_failure",
    "policy_rule_id", "policy_outcome", "legal_outcome", "actual_outcome", "is_policy_compliant",
    "net_cost_eur", "turnaround_days",
}  # fmt: skip


def declared() -> dict[str, dict[str, Any]]:
    """Every model's YAML, with its layer."""
    return {
        model["name"]: model | {"layer": path.relative_to(MODELS).parts[0]}
        for path in sorted(MODELS.rglob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    }


def keys() -> dict[tuple[str, ...], list[str]]:
    """The tables of each key, as `rows_are_sound` declares it; of the layers that compute something."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, model in declared().items():
        if model["layer"] not in ("intermediate", "marts"):
            continue
        for test in model.get("data_tests", []):
            arguments = test.get("rows_are_sound", {}).get("arguments", {}) if isinstance(test, dict) else {}
            if arguments.get("key"):
                key = tuple(sorted(arguments["key"]))
                found.setdefault(key, []).append(f"{model['layer']}.{name}")
    return found


@pytest.fixture(scope="module")
def hard_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The hard rows, taken and modelled; what Python computes is not asked for."""
    home = Home.at(tmp_path_factory.mktemp("hard") / "home").make()
    hard_rows.put_into(home.inbox)
    door.take_all(home)
    target = tmp_path_factory.mktemp("target")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAVOIR_HOME", str(home.root))
        known = {"as_of": "2026-10-31", "known_on": ""}
        without = ("source:reliability+",)
        results = list(run_dbt(DbtCommand(prepared(), target, known, ("+path:models/marts",), without)))
    assert len(results) > 50
    assert not [each for each in results if each.is_red]
    return home


def _as(one: dict[str, str], other: dict[str, str], column: str) -> str:
    """The condition that two tables, a and b, say something else in a column."""
    kinds = {one[column], other[column]}
    if len(kinds) == 2 and all(kind.startswith("DECIMAL") for kind in kinds):
        cents = min(kinds, key=lambda kind: int(kind.rstrip(")").split(",")[1]))
        return f"cast(a.{column} as {cents}) is distinct from cast(b.{column} as {cents})"
    return f"a.{column} is distinct from b.{column}"


def apart(home: Home) -> tuple[int, list[str]]:
    """Values compared, and a sentence for each column that two tables of one key do not agree on.

    Feeds give amounts to a hundredth of a cent and marts publish cents: such a pair is compared to the cent.
    """
    with duckdb.connect(str(home.build_file), read_only=True) as tables:
        columns = {
            f"{schema}.{table}": names
            for schema, table, names in tables.execute(
                "select schema_name, table_name, map_from_entries(list((column_name, data_type))) "
                "from duckdb_columns() group by all"
            ).fetchall()
        }
        found, compared = [], 0
        for key, named in keys().items():
            on = " and ".join(f"a.{part} is not distinct from b.{part}" for part in key)
            for one, other in combinations([name for name in named if name in columns], 2):
                bounded = {
                    column for table, column in BOUNDED if table in (one.split(".")[1], other.split(".")[1])
                }
                shared = sorted(set(columns[one]) & set(columns[other]) - set(key) - bounded)
                if not shared:
                    continue
                counts = ", ".join(
                    f"count(*) filter ({_as(columns[one], columns[other], each)})" for each in shared
                )
                row = tables.execute(f"select count(*), {counts} from {one} as a join {other} as b on {on}")
                rows, *different = row.fetchone() or (0,)
                compared += rows * len(shared)
                found += [
                    f"{column}: {one} and {other} differ on {times} of {rows}"
                    for column, times in zip(shared, different, strict=False)
                    if times
                ]
    return compared, found


def test_a_name_that_tables_of_one_grain_share_has_one_value(demo_home: Home) -> None:
    compared, found = apart(demo_home)
    assert compared > 100_000
    assert not found, "\n".join(found)


def test_a_name_has_one_value_on_the_hard_rows_too(hard_home: Home) -> None:
    compared, found = apart(hard_home)
    assert compared > 500
    assert not found, "\n".join(found)


def test_prices_known_by_now_stand_in_one_mart_alone() -> None:
    for column in ("repair_cost_eur", "replacement_cost_eur"):
        having = [
            name
            for name, model in declared().items()
            if model["layer"] == "marts" and column in {each["name"] for each in model["columns"]}
        ]
        assert having == ["fct_remedy_costs"]


def test_a_case_is_one_readable_row() -> None:
    columns = [each["name"] for each in declared()["fct_claims"]["columns"]]
    assert len(columns) <= MOST_COLUMNS_OF_A_CASE
    assert set(columns) >= OF_A_CASE


def test_a_month_of_age_is_as_long_in_sql_as_in_python() -> None:
    macro = (DBT_DIR / "macros" / "lifetimes.sql").read_text(encoding="utf-8")
    [told] = re.findall(r"macro days_per_month\(\) -%}\s*([\d.]+)", macro)
    assert float(told) == DAYS_PER_MONTH
    numbers = [path for path in MODELS.rglob("*.sql") if told in path.read_text(encoding="utf-8")]
    assert numbers == []
