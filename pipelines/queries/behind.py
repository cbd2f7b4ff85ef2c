"""The rows behind a figure: those that a declared measure counts or adds up, within a scope and a group.

A measure's numerator is additive SQL over one mart, so a row is behind it exactly when the numerator of that
row alone is not zero. A mart whose rows are counts already is read through the claims that were counted.
Belongs here: which rows. Does not belong here: how they are shown, or any formula of a measure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from pipelines.queries.measures import Measure, declared_measures, measure
from pipelines.queries.scopes import EVERYTHING, Scope, where
from pipelines.queries.snapshot import Snapshot

# What is listed where nothing else is asked.
CLAIMS = "fct_claims.claims"
# The first failure of each machine's life: what failure rates count. No measure, but rows of the life table.
FIRST = "fct_life_table.first_failures"
# A page lists at most this many rows; the count beside it is of all.
LIST_LIMIT = 1000
# The marts of facts: the key of a row, and the columns by which it is listed, newest first.
KEYS = {
    "fct_claims": ("ticket_id",),
    "fct_remedy_costs": ("ticket_id",),
    "fct_repairs": ("repair_id",),
    "fct_order_lines": ("order_id", "line_number"),
    "fct_audit_findings": ("finding_id",),
}
# How the columns that fct_misuse_rejections counts read on a claim and its product.
_MANUAL = "sku in (select sku from marts.dim_products where has_french_manual)"
_DIAGNOSED = "ticket_id in (select ticket_id from marts.fct_repairs where is_diagnosed)"
_REFUSED = "resolution = 'rejected_misuse'"


def _verdict(told: str) -> str:
    """What the verdict of a claim says, as a condition on the claim."""
    return f"ticket_id in (select ticket_id from marts.fct_claim_verdicts where {told})"


_PROVEN = _verdict("cause_basis = 'proven_misuse'")
_MISUSE = {
    "claims": "true",
    "diagnosed": _DIAGNOSED,
    "misuse_verdicts": "cause = 'misuse'",
    "misuse_rejections": _REFUSED,
    "diagnosed_rejections": f"{_REFUSED} and {_DIAGNOSED}",
    "with_evidence": f"{_REFUSED} and cause = 'misuse' and evidence_grade in ('A', 'B')",
    "with_manual": f"{_REFUSED} and {_MANUAL}",
    "proven_rejections": f"{_REFUSED} and {_PROVEN}",
    "unproven_rejections": f"{_REFUSED} and not {_PROVEN}",
    "overturned": f"{_REFUSED} and is_overturned",
    "rejections_presumed": f"{_REFUSED} and {_verdict('is_presumption_running')}",
    "failures": "is_failure",
    "failures_if_unproven_wrong": f"is_failure or ({_REFUSED} and not {_PROVEN})",
    "failures_if_all_wrong": f"is_failure or {_REFUSED}",
}
_NEVADA = {"claims": "watched_units > 0", "failures": "watched_units > 0 and is_failure"}
# Marts of counts: what their columns read on a claim.
COUNTED = {"fct_misuse_rejections": _MISUSE, "fct_nevada": _NEVADA}
# What a group can be named by beside a scope: the table and the column of a claim.
GROUPS = {
    "cause": ("fct_claims", "cause"),
    "outcome": ("fct_claims", "actual_outcome"),
    "fault": ("fct_claims", "fault_code"),
    "category": ("fct_claims", "category"),
    "resolution": ("fct_claims", "resolution"),
    "delivered": ("fct_claims", "delivery_month"),
    "due": ("fct_claims", "remedy_due_on"),
    "by_month": ("fct_claims", "age_month"),
    "policy": ("fct_claims", "policy_outcome"),
    "legal": ("fct_claims", "legal_outcome"),
    "violation": ("fct_audit_findings", "violation_code"),
    "chosen": ("fct_remedy_costs", "actual_remedy"),
    "cheapest": ("fct_remedy_costs", "cheapest_remedy"),
}
# The value that stands for "none known": an empty one could not be told from a filter that is off.
NONE = "-"


@dataclass(frozen=True)
class Rows:
    """What is listed: a mart's rows (the newest LIST_LIMIT), how many there are, and the mart."""

    mart: str
    frame: pl.DataFrame
    total: int


def is_behind(declared: Measure) -> bool:
    """Whether rows can be listed behind this measure: a forecast has none."""
    if declared.mart in COUNTED:
        return _column(declared) in COUNTED[declared.mart]
    return declared.mart in KEYS


def listed_mart(declared: Measure) -> str:
    """The mart whose rows stand behind the measure."""
    return "fct_claims" if declared.mart in COUNTED else declared.mart


def condition(
    snapshot: Snapshot, name: str, scope: Scope, groups: Mapping[str, str | date], text: str = ""
) -> tuple[str, str, list[Any]]:
    """The mart, and the condition with its parameters that the rows behind `mart.measure` meet.

    `text` is looked for, as it is, in the keys of a row.
    """
    declared = None if name == FIRST else measure(snapshot, *name.split("."))
    source = "fct_claims" if declared is None else listed_mart(declared)
    conditions, parameters = [], []
    within, values = where(source, scope)
    conditions.append(f"({within})")
    parameters += values
    for group, value in groups.items():
        told, values = _group(source, group, value)
        conditions.append(told)
        parameters += values
    if text.strip():
        searched = [f"contains(lower(coalesce({column}, '')), ?)" for column in _SEARCHED[source]]
        conditions.append(f"({' or '.join(searched)})")
        parameters += [text.strip().lower()] * len(searched)
    if declared is None:
        conditions.append(_FIRST)
    elif declared.mart in COUNTED:
        conditions += ["is_claim", f"({COUNTED[declared.mart][_column(declared)]})"]
    else:
        conditions.append(_contributes(declared))
    return source, " and ".join(conditions), parameters


def names_behind(snapshot: Snapshot) -> list[str]:
    """Every measure, as `mart.measure`, behind which rows can be listed."""
    declared = [f"{each.mart}.{each.name}" for each in declared_measures(snapshot) if is_behind(each)]
    return [FIRST, *declared]


def group_codes(snapshot: Snapshot, group: str) -> list[str]:
    """The values that a group can be named by, as an address writes them; NONE where some have none."""
    table, column = GROUPS[group]
    found = snapshot.rows(f"select distinct {column} as code from marts.{table} order by code")
    return [NONE if code is None else str(code) for code in found["code"].to_list()]


def rows_behind(
    snapshot: Snapshot,
    name: str = CLAIMS,
    scope: Scope = EVERYTHING,
    groups: tuple[tuple[str, str | date], ...] = (),
    text: str = "",
) -> Rows:
    """The rows behind the measure `mart.measure` in a scope and groups, as (name, value) pairs."""
    source, told, parameters = condition(snapshot, name, scope, dict(groups), text)
    total = snapshot.rows(f"select count(*) from marts.{source} where {told}", parameters).item()
    frame = snapshot.rows(
        f"select {_LISTED[source]} from marts.{source} where {told} {_ORDER[source]} limit {LIST_LIMIT}",
        parameters,
    )
    return Rows(source, frame, total)


_FIRST = """is_failure and is_linked and ticket_id in (
    select arg_min(ticket_id, (appeared_on, ticket_id)) from marts.fct_claims
    where is_failure and is_linked group by order_id, line_number, unit_number, lifetime_number
)"""
_CLAIM = """
    ticket_id, requested_on, sku, family_code, lot_code, service_center_id, category, cause, fault_code,
    is_failure, age_months, is_in_warranty, resolution, actual_outcome, closed_on, remedy_due_on,
    turnaround_days, net_cost_eur
"""
_LISTED = {
    "fct_claims": _CLAIM,
    "fct_remedy_costs": "ticket_id, requested_on, sku, family_code, fault_code, actual_remedy, "
    "cheapest_remedy, repair_cost_eur, replacement_cost_eur, regret_eur",
    "fct_repairs": "repair_id, ticket_id, received_on, sku, service_center_id, fault_code, cause, outcome, "
    "turnaround_days, total_cost_eur",
    "fct_order_lines": "order_id, line_number, contract_on, delivered_on, sku, lot_code, units, claims, "
    "failures, claim_cost_eur",
    "fct_audit_findings": "finding_id, ticket_id, order_id, repair_id, happened_on, sku, violation_code, "
    "severity, amount_at_risk_eur",
}
_SEARCHED = {
    "fct_claims": ("ticket_id", "order_id", "lot_code"),
    "fct_remedy_costs": ("ticket_id",),
    "fct_repairs": ("repair_id", "ticket_id"),
    "fct_order_lines": ("order_id", "lot_code"),
    "fct_audit_findings": ("ticket_id", "order_id", "repair_id"),
}
_ORDER = {
    "fct_claims": "order by requested_on desc, ticket_id",
    "fct_remedy_costs": "order by requested_on desc, ticket_id",
    "fct_repairs": "order by received_on desc nulls last, repair_id",
    "fct_order_lines": "order by contract_on desc nulls last, order_id, line_number",
    "fct_audit_findings": "order by happened_on desc nulls last, finding_id",
}


def _column(declared: Measure) -> str:
    found = re.fullmatch(r"sum\((\w+)\)", declared.numerator.strip())
    return found[1] if found else ""


def _contributes(declared: Measure) -> str:
    """Rows whose own numerator is not zero; of a mean over rows, those that it is taken over."""
    keys = ", ".join(KEYS[declared.mart])
    is_of_rows = declared.kind == "mean" and declared.mart != "fct_order_lines"
    told = declared.denominator if is_of_rows else declared.numerator
    return f"({keys}) in (select ({keys}) from marts.{declared.mart} group by {keys} having {told} <> 0)"


def _group(source: str, group: str, value: str | date) -> tuple[str, list[Any]]:
    table, column = GROUPS[group]
    if group == "by_month":
        return f"{column} <= ?", [int(str(value))]
    told, values = (f"{column} is null", []) if value == NONE else (f"{column} = ?", [value])
    if table == source:
        return told, values
    if source == "fct_order_lines":
        lines = f"select (order_id, line_number) from marts.{table} where {told}"
        return f"(order_id, line_number) in ({lines})", values
    return f"ticket_id in (select ticket_id from marts.{table} where {told})", values
