"""The worked examples of the cost model, and the SQL of the remedies against its formulas."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import duckdb
import jinja2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pipelines.home import DBT_DIR
from tests.money.cost_model import Machine, crossing

MOWER = Machine(price=500, freight=35, later_claim=120)
TRIMMER = Machine(price=100, freight=15, later_claim=45)
RIDE_ON = Machine(price=2000, freight=140, later_claim=320)


@cache
def macro(file: str, name: str) -> Callable[..., str]:
    """A dbt macro that needs nothing but Jinja."""
    source = (DBT_DIR / "macros" / file).read_text()
    return getattr(jinja2.Environment(autoescape=False).from_string(source).module, name)  # noqa: S701


def sql(expression: str) -> object:
    """The value of one SQL expression."""
    row = duckdb.sql(f"select {expression}").fetchone()
    assert row is not None
    return row[0]


def break_even_of(machine: Machine) -> float:
    """The break-even by the SQL macro, from the amounts in whole cents."""
    before_work = round(machine.repair(0), 2)
    before_salvage = round(machine.replacement(0) + machine.salvage(0), 2)
    scrap = round(machine.scrap_share * machine.landed, 2)
    resold = min(machine.landed, machine.resale_factor * machine.price * (1 - machine.fee))
    resale = round(resold - machine.reconditioning, 2)
    amounts = [f"cast({amount} as decimal(18,2))" for amount in (before_work, before_salvage, scrap, resale)]
    return float(str(sql(macro("remedies.sql", "break_even_work_eur")(*amounts))))


def test_the_naive_rule_breaks_even_at_93_and_the_right_one_at_301_for_the_worked_mower() -> None:
    # Citation: cost_model.md, worked example; 93.20 and 300.70 before rounding.
    assert crossing(MOWER, naive=True) == pytest.approx(93.2, abs=0.005)
    assert crossing(MOWER) == pytest.approx(300.7, abs=0.005)
    assert break_even_of(MOWER) == pytest.approx(300.7, abs=0.001)


def test_at_200_of_work_the_naive_rule_replaces_and_loses_about_100() -> None:
    assert MOWER.repair(200) > MOWER.naive_replacement()
    assert MOWER.replacement(200) - MOWER.repair(200) == pytest.approx(100.7, abs=0.005)


@pytest.mark.parametrize(("machine", "percent"), [(TRIMMER, 38), (MOWER, 50), (RIDE_ON, 53)])
def test_break_even_over_the_price_with_vat_is_as_published(machine: Machine, percent: int) -> None:
    # Citation: cost_model.md, whole percents.
    assert round(100 * break_even_of(machine) / (1.2 * machine.price)) == percent


@settings(max_examples=150, deadline=None)
@given(
    price=st.integers(20, 6000),
    freight=st.integers(0, 200),
    later_claim=st.integers(0, 900),
    landed_share=st.sampled_from([0.05, 0.3, 0.7, 1.1]),
    resale_factor=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    reconditioning=st.sampled_from([0, 40, 400]),
    scrap_share=st.sampled_from([0.0, 0.05, 0.5]),
)
def test_the_closed_form_finds_the_crossing_wherever_the_kink_lies(
    price: int,
    freight: int,
    later_claim: int,
    landed_share: float,
    resale_factor: float,
    reconditioning: int,
    scrap_share: float,
) -> None:
    machine = Machine(
        price=price,
        freight=freight,
        later_claim=later_claim,
        landed_share=landed_share,
        resale_factor=resale_factor,
        reconditioning=reconditioning,
        scrap_share=scrap_share,
    )
    # The SQL works in cents: a difference within two cents of zero may fall on either side.
    at_zero = machine.repair(0) - machine.replacement(0)
    if abs(at_zero) < 0.02:
        return
    assert break_even_of(machine) == pytest.approx(crossing(machine), abs=0.03)


def test_the_normal_share_is_exact_to_fourteen_digits() -> None:
    share = macro("euros.sql", "normal_share_below")("z")
    points = np.concatenate([np.linspace(-12, 12, 4001), [-45.0, -37.5, 37.5, 45.0, 7.0709, 7.0711]])
    values = duckdb.sql(
        f"select {share} from (select unnest({[float(point) for point in points]}::double[]) as z) order by z"
    ).fetchall()
    assert np.allclose([value for (value,) in values], norm.cdf(np.sort(points)), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(
    ("minutes", "rate", "cents"),
    [
        (37, "55.00", 3392),
        (3, "50.10", 251),
        (1, "50.70", 85),
        (0, "50", 0),
        (4800, "1000", 8000000),
        (7, "0.0001", 0),
    ],
)
def test_minutes_at_a_rate_round_half_a_cent_up_without_a_double(minutes: int, rate: str, cents: int) -> None:
    dividend = f"{minutes} * cast({rate} as decimal(18,4))"
    euros = macro("euros.sql", "euros_of_quotient")(dividend, 60)
    assert sql(f"cast({euros} * 100 as bigint)") == cents
