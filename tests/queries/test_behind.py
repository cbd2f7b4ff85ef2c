"""Behind every figure stand exactly the rows that make it, for every measure, scope and group."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.home import Home
from pipelines.queries.behind import COUNTED, FIRST, KEYS, LIST_LIMIT, condition, names_behind, rows_behind
from pipelines.queries.measures import declared_measures, measure
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot, open_snapshot


@pytest.fixture(scope="module")
def demo(demo_home: Home) -> Any:
    snapshot = open_snapshot(demo_home)
    yield snapshot
    snapshot.close()


def scopes(demo: Snapshot) -> list[Scope]:
    """A scope of each kind, where the most happens."""
    family, sku, supplier, center = demo.rows(
        "select mode(family_code), mode(sku), mode(supplier_id), mode(service_center_id) "
        "from marts.fct_claims"
    ).row(0)
    return [
        Scope(),
        Scope(family_code=family),
        Scope(sku=sku),
        Scope(supplier_id=supplier),
        Scope(service_center_id=center),
        Scope(from_on=date(2025, 3, 1), until_on=date(2026, 2, 28)),
    ]


def figures(demo: Snapshot, name: str, scope: Scope, extra: str = "true") -> tuple[float, float]:
    """Numerator and denominator of a measure, asked without the module under test."""
    mart, short = name.split(".")
    declared = measure(demo, mart, short)
    told, parameters = where(mart, scope)
    row = demo.rows(
        f"select cast({declared.numerator} as double), cast({declared.denominator or 'null'} as double) "
        f"from marts.{mart} where {told} and {extra}",
        parameters,
    ).row(0)
    return row[0] or 0.0, row[1] or 0.0


def test_every_measure_of_facts_has_rows_behind_it(demo: Snapshot) -> None:
    known = set(names_behind(demo))
    without = {each.mart for each in declared_measures(demo) if f"{each.mart}.{each.name}" not in known}
    assert without == {
        *("dim_policy_rules", "fct_forecast_scores", "fct_forecasts", "fct_reliability_fits"),
        *("fct_supplier_recovery", "fct_warranty_exposure"),
    }


def test_the_rows_behind_a_measure_are_those_that_it_counts(demo: Snapshot) -> None:
    checked = 0
    for name in set(names_behind(demo)) - {FIRST}:
        mart, short = name.split(".")
        declared = measure(demo, mart, short)
        for scope in scopes(demo):
            if mart in ("fct_order_lines", "fct_nevada") and scope.service_center_id:
                continue
            source, told, parameters = condition(demo, name, scope, {})
            numerator, denominator = figures(demo, name, scope)
            found = rows_behind(demo, name, scope)
            assert found.frame.height == min(found.total, LIST_LIMIT)
            if mart in COUNTED:
                units = "sum(watched_units)" if mart == "fct_nevada" else "count(*)"
                counted = (
                    demo.rows(f"select {units} from marts.{source} where {told}", parameters).item() or 0
                )
                assert counted == numerator, (name, scope)
            else:
                # The rows make the whole figure, each of them adds to it, and no other row does.
                again = demo.rows(
                    f"select cast({declared.numerator} as double) from marts.{source} where {told}",
                    parameters,
                ).item()
                assert (again or 0.0) == pytest.approx(numerator, abs=1e-6), (name, scope)
                if declared.kind in ("count", "share") and mart != "fct_order_lines":
                    assert found.total == numerator, (name, scope)
                if declared.kind == "mean" and (declared.denominator or "").startswith("count("):
                    assert found.total == denominator, (name, scope)
            checked += found.total > 0
    assert checked > 200


def test_the_failures_behind_a_rate_are_those_of_the_life_table(demo: Snapshot) -> None:
    rates = demo.rows(
        "select scope_type, scope_id, age_month, cumulative_events from marts.fct_life_table "
        "where cohort is null and cause = 'defect' and age_month in (3, 12, 24) and cumulative_events > 0 "
        "and (scope_type <> 'sku' or scope_id < 'SKU-00008')"
    )
    assert rates.height > 60
    columns = {"sku": "sku", "family": "family_code", "supplier": "supplier_id"}
    for scope_type, scope_id, month, events in rates.iter_rows():
        scope = Scope(**{columns[scope_type]: scope_id}) if scope_type in columns else Scope()
        assert rows_behind(demo, FIRST, scope, (("by_month", month),)).total == events, (scope_id, month)


@pytest.mark.parametrize(
    ("name", "group", "column"),
    [
        ("fct_claims.claims", "cause", "cause"),
        ("fct_claims.failures", "fault", "fault_code"),
        ("fct_claims.claims", "outcome", "actual_outcome"),
        ("fct_claims.claims", "policy", "policy_outcome"),
        ("fct_claims.claims", "legal", "legal_outcome"),
        ("fct_claims.misuse_refusals", "category", "category"),
        ("fct_claims.claims", "delivered", "delivery_month"),
        ("fct_claims.open_claims", "due", "remedy_due_on"),
        ("fct_audit_findings.findings", "violation", "violation_code"),
        ("fct_remedy_costs.claims", "chosen", "actual_remedy"),
        ("fct_remedy_costs.claims", "cheapest", "cheapest_remedy"),
    ],
)
def test_groups_share_the_rows_out(demo: Snapshot, name: str, group: str, column: str) -> None:
    mart, short = name.split(".")
    numerator = measure(demo, mart, short).numerator
    cells = demo.rows(f"select {column}, {numerator} from marts.{mart} group by 1 having {numerator} > 0")
    assert cells.height > 1
    for value, count in cells.head(40).iter_rows():
        asked = "-" if value is None else value
        assert rows_behind(demo, name, groups=((group, asked),)).total == count, value


def test_the_list_honours_every_filter(demo: Snapshot) -> None:
    family, center = demo.rows(
        "select family_code, service_center_id from marts.fct_claims "
        "where actual_outcome = 'rejected_misuse' and cause = 'misuse' "
        "and service_center_id is not null limit 1"
    ).row(0)
    found = rows_behind(
        demo,
        scope=Scope(family_code=family, service_center_id=center),
        groups=(("cause", "misuse"), ("outcome", "rejected_misuse")),
    )
    assert found.frame.height == found.total > 0
    for column, value in (
        ("family_code", family),
        ("cause", "misuse"),
        ("actual_outcome", "rejected_misuse"),
    ):
        assert set(found.frame[column]) == {value}


def test_the_search_takes_wildcards_as_letters(demo: Snapshot) -> None:
    ticket = rows_behind(demo).frame["ticket_id"][0]
    assert rows_behind(demo, text=f" {ticket.lower()} ").frame["ticket_id"].to_list() == [ticket]
    assert rows_behind(demo, text="%").total == 0


def test_a_row_has_one_key(demo: Snapshot) -> None:
    for mart, keys in KEYS.items():
        told = ", ".join(keys)
        assert demo.rows(f"select count(*) = count(distinct ({told})) from marts.{mart}").item()
