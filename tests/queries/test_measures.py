"""Measures: the declared SQL, divided once, with the declared interval and the minimum."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.queries.intervals import poisson, wilson
from pipelines.queries.measures import MeasureMissingError, measure, values, values_by
from pipelines.queries.scopes import Scope, ScopeError
from pipelines.queries.snapshot import Snapshot


def test_a_share_is_its_numerator_over_its_denominator_with_wilsons_interval(snapshot: Snapshot) -> None:
    linked, tickets = snapshot.rows("select count(*) filter (is_linked), count(*) from marts.fct_claims").row(
        0
    )
    value = values(snapshot, "fct_claims", ["linked_share"])["linked_share"]
    assert (value.events, value.n, value.value) == (linked, tickets, linked / tickets)
    assert (value.low, value.high) == wilson(linked, tickets)
    assert value.is_enough


def test_a_rate_has_the_exact_poisson_interval_over_its_exposure(snapshot: Snapshot) -> None:
    claims, units = snapshot.rows(
        "select sum(claim_events)::bigint, sum(units) filter (is_in_service)::bigint "
        "from marts.fct_order_lines"
    ).row(0)
    value = values(snapshot, "fct_order_lines", ["claims_per_1000"])["claims_per_1000"]
    assert value.value == pytest.approx(claims / units, rel=1e-12)
    assert (value.low, value.high) == pytest.approx(poisson(claims, units))


def test_a_scope_filters_numerator_and_denominator_alike(snapshot: Snapshot) -> None:
    scope = Scope(family_code="chainsaw", from_on=date(2026, 1, 1), until_on=date(2026, 3, 31))
    expected = snapshot.rows(
        "select count(*) filter (is_claim) from marts.fct_claims where family_code = 'chainsaw' "
        "and requested_on between date '2026-01-01' and date '2026-03-31'"
    ).item()
    assert expected > 0
    assert values(snapshot, "fct_claims", ["claims"], scope)["claims"].value == expected


def test_groups_add_up_to_the_whole(snapshot: Snapshot) -> None:
    parts = values_by(snapshot, "fct_claims", ["claims", "linked_share"], ["family_code"])
    whole = values(snapshot, "fct_claims", ["claims", "linked_share"])
    for name, value in whole.items():
        part = parts.filter(pl.col("measure") == name)
        assert part["events"].sum() == value.events
    assert parts.filter(pl.col("measure") == "linked_share")["n"].sum() == whole["linked_share"].n


def test_below_the_minimum_there_is_too_little_to_say(snapshot: Snapshot) -> None:
    by_lot = values_by(snapshot, "fct_claims", ["failure_share"], ["requested_on"])
    assert by_lot.height > 100
    assert by_lot.filter(pl.col("n") < 30)["is_enough"].any() is False
    whole = values(snapshot, "fct_claims", ["failure_share"])["failure_share"]
    assert whole.n is not None
    assert whole.n >= 30
    assert whole.is_enough


def test_an_empty_scope_has_no_value_and_no_interval(snapshot: Snapshot) -> None:
    value = values(snapshot, "fct_claims", ["linked_share"], Scope(family_code="nothing"))["linked_share"]
    assert (value.value, value.events, value.n, value.low, value.high, value.is_enough) == (
        None,
        0,
        0,
        None,
        None,
        False,
    )


def test_an_unknown_measure_says_to_build_again(snapshot: Snapshot) -> None:
    with pytest.raises(MeasureMissingError, match=r"fct_claims\.nonsense"):
        measure(snapshot, "fct_claims", "nonsense")


def test_a_filter_that_the_mart_cannot_honour_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(ScopeError, match="fct_order_lines has no service_center_id"):
        values(snapshot, "fct_order_lines", ["units"], Scope(service_center_id="SC1"))


def test_a_filter_value_is_never_sql(snapshot: Snapshot) -> None:
    scope = Scope(family_code="x' or '1' = '1")
    assert values(snapshot, "fct_claims", ["tickets"], scope)["tickets"].value == 0
