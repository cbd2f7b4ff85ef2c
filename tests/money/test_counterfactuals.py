"""Estimates against what the simulator knows: prices to the cent, coverage of hidden work, total regret."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import polars as pl
import pytest
from scipy.integrate import quad
from scipy.stats import binom, norm

from tests.money.conftest import Workshop


@pytest.fixture(scope="module")
def priced(workshop: Workshop) -> pl.DataFrame:
    """Priced claims beside what was hidden: true_work_eur is the work as billed, else as drawn."""
    rows = workshop.rows(
        """
        select f.*, c.replacement_before_salvage_eur, c.repair_before_work_eur, w.decision_log_mean,
            w.decision_log_spread, w.cell_log_mean, w.cell_log_spread, r.discernment_share
        from marts.fct_remedy_costs as f
        inner join intermediate.int_claims__priced as c using (ticket_id)
        inner join intermediate.int_claims__work_estimated as w using (ticket_id)
        left join intermediate.int_claims__regretted as r using (ticket_id)
        where f.is_priced
        """
    )
    hidden = workshop.repairs.filter(pl.col("labour_minutes").is_not_null()).select(
        "ticket_id",
        "is_hidden",
        billed_eur=(
            pl.col("labour_minutes").cast(pl.Float64)
            * pl.col("labour_rate_eur_per_hour").cast(pl.Float64)
            / 60
            + pl.col("parts_cost_eur").cast(pl.Float64)
        ),
    )
    truth = workshop.truth.select(
        "ticket_id",
        drawn_eur=(
            pl.col("quote_eur") + pl.col("true_repair_cost_eur") - pl.col("decision_repair_cost_eur")
        ).cast(pl.Float64),
    )
    return (
        pl.DataFrame(rows, infer_schema_length=None)
        .join(hidden.unique("ticket_id", keep="last"), on="ticket_id", how="left")
        .join(truth, on="ticket_id", how="left")
        .with_columns(true_work_eur=pl.coalesce("billed_eur", "drawn_eur"))
    )


def _numbers(frame: pl.DataFrame, column: str) -> list[float]:
    return [float(value) for value in frame[column]]


def test_every_priced_claim_follows_the_formulas_to_the_cent(priced: pl.DataFrame) -> None:
    assert len(priced) > 500
    for row in priced.iter_rows(named=True):
        salvage = max(row["scrap_eur"], row["resale_before_work_eur"] - row["work_eur"])
        repair = row["repair_before_work_eur"] + row["work_eur"]
        replacement = row["replacement_before_salvage_eur"] - salvage
        assert (row["salvage_eur"], row["repair_cost_eur"], row["replacement_cost_eur"]) == (
            salvage,
            repair,
            replacement,
        )
        assert row["cheapest_remedy"] == ("repair" if repair < replacement else "replacement")
        if row["actual_remedy"] in ("repair", "replacement"):
            taken = repair if row["actual_remedy"] == "repair" else replacement
            assert row["regret_eur"] == taken - min(repair, replacement)


def test_hidden_work_lies_in_its_interval_as_often_as_declared(priced: pl.DataFrame) -> None:
    held_out = priced.filter((pl.col("work_basis") == "cell") & (pl.col("actual_remedy") == "repair"))
    n = len(held_out)
    assert n >= 120
    covered = held_out.filter(
        (pl.col("work_low_eur").cast(pl.Float64) <= pl.col("true_work_eur"))
        & (pl.col("true_work_eur") <= pl.col("work_high_eur").cast(pl.Float64))
    )
    # 95 % declared: within what a binomial of n gives 99.9 % of the time. An interval may be too wide, too.
    assert binom.ppf(0.0005, n, 0.95) <= len(covered) <= binom.ppf(0.9995, n, 0.95)


def test_hidden_work_is_right_on_average(priced: pl.DataFrame) -> None:
    held_out = priced.filter((pl.col("work_basis") == "cell") & (pl.col("actual_remedy") == "repair"))
    estimated, true = _numbers(held_out, "work_eur"), _numbers(held_out, "true_work_eur")
    errors = [one - other for one, other in zip(estimated, true, strict=True)]
    mean = sum(errors) / len(errors)
    deviation = math.sqrt(sum((error - mean) ** 2 for error in errors) / (len(errors) - 1))
    assert abs(mean) <= 3 * deviation / math.sqrt(len(errors))


def test_a_cell_is_better_than_one_mean_for_all(priced: pl.DataFrame) -> None:
    held_out = priced.filter((pl.col("work_basis") == "cell") & (pl.col("actual_remedy") == "repair"))
    true = _numbers(held_out, "true_work_eur")
    mean = sum(true) / len(true)
    cell_error = sum(
        abs(one - other) for one, other in zip(_numbers(held_out, "work_eur"), true, strict=True)
    )
    assert cell_error < 0.7 * sum(abs(mean - value) for value in true)


def test_the_expected_regret_is_the_integral_over_the_unknown_work(priced: pl.DataFrame) -> None:
    unknown = (
        priced.filter(
            pl.col("work_basis").is_in(["cell", "own_quote"])
            & pl.col("actual_remedy").is_in(["repair", "replacement"])
        )
        .sort("ticket_id")
        .head(50)
    )
    assert set(unknown["work_basis"]) == {"cell", "own_quote"}
    assert set(unknown["actual_remedy"]) == {"repair", "replacement"}
    for row in unknown.iter_rows(named=True):
        loss = _loss(row)
        # Blind: as one who knows only machines like it; how much better it went is the discernment share.
        look = "decision" if row["work_basis"] == "own_quote" else "cell"
        mean, spread = row[f"{look}_log_mean"], row[f"{look}_log_spread"]
        # Kinks as break points, so that the quadrature sees them.
        points = sorted(
            (math.log(max(value, 1e-9)) - mean) / spread
            for value in (_kink(row), float(row["break_even_repair_eur"]))
        )
        edges = [-9.0, *[point for point in points if -9 < point < 9], 9.0]

        def moment(power: int, loss=loss, mean=mean, spread=spread, edges=edges) -> float:
            return sum(
                quad(
                    lambda z: loss(math.exp(mean + spread * z)) ** power * norm.pdf(z), low, high, epsabs=1e-6
                )[0]
                for low, high in pairwise(edges)
            )

        if row["work_basis"] == "own_quote":
            first, second = moment(1), moment(2)
            assert float(row["expected_regret_eur"]) == pytest.approx(first, abs=0.011)
            assert float(row["regret_variance"]) == pytest.approx(second - first**2, rel=1e-4, abs=0.01)
        else:
            assert float(row["expected_regret_eur"]) == pytest.approx(
                row["discernment_share"] * moment(1), abs=0.011
            )


def test_total_regret_of_known_true_costs_lies_in_its_interval(priced: pl.DataFrame) -> None:
    taken = priced.filter(
        pl.col("actual_remedy").is_in(["repair", "replacement"]) & pl.col("true_work_eur").is_not_null()
    )
    true = sum(_loss(row)(row["true_work_eur"]) for row in taken.iter_rows(named=True))
    expected = sum(_numbers(taken, "expected_regret_eur"))
    deviation = math.sqrt(sum(_numbers(taken, "regret_variance")))
    assert deviation > 0
    assert abs(true - expected) <= 1.96 * deviation


def test_the_right_choice_probability_is_that_of_work_below_the_break_even(priced: pl.DataFrame) -> None:
    decided = priced.filter(pl.col("right_choice_probability").is_not_null())
    assert len(decided) > 500
    for row in decided.iter_rows(named=True):
        break_even = float(row["break_even_repair_eur"])
        cheaper = (
            norm.cdf((math.log(break_even) - row["decision_log_mean"]) / row["decision_log_spread"])
            if break_even > 0
            else 0.0
        )
        chance = cheaper if row["actual_remedy"] == "repair" else 1 - cheaper
        assert row["right_choice_probability"] == pytest.approx(chance, abs=1e-12)


def test_as_many_right_choices_are_foretold_as_come_true(priced: pl.DataFrame) -> None:
    decided = priced.filter(
        pl.col("right_choice_probability").is_not_null() & pl.col("true_work_eur").is_not_null()
    )
    right = [_loss(row)(row["true_work_eur"]) <= 0.01 for row in decided.iter_rows(named=True)]
    chances = _numbers(decided, "right_choice_probability")
    spread = math.sqrt(sum(chance * (1 - chance) for chance in chances))
    # Two-sided: a promise kept more often than said is a wrong promise too.
    assert abs(sum(chances) - sum(right)) <= 3.3 * spread
    # And where it matters: choices that were no safe bet.
    doubtful = [(c, r) for c, r in zip(chances, right, strict=True) if 0.3 < c < 0.8]
    assert len(doubtful) >= 40
    spread = math.sqrt(sum(chance * (1 - chance) for chance, _ in doubtful))
    assert abs(sum(chance - came for chance, came in doubtful)) <= 3.3 * spread


def test_a_claim_names_what_is_observed_and_what_is_assumed(priced: pl.DataFrame) -> None:
    for row in priced.iter_rows(named=True):
        observed = set((row["observed_inputs"] or "").split("|"))
        assumed = set(row["assumed_inputs"].split("|"))
        assert not observed & assumed
        assert ("work" in assumed) == (row["work_basis"] == "cell")
        assert 0 < row["assumed_share"] < 1


def test_cells_without_overlap_are_named(priced: pl.DataFrame) -> None:
    estimated = priced.filter(pl.col("work_basis") == "cell")
    assert estimated["cell"].null_count() == 0
    for row in estimated.iter_rows(named=True):
        both = row["cell_repaired_claims"] > 0 and row["cell_replaced_claims"] > 0
        assert row["has_overlap"] == both
        assert row["family_code"] in row["cell"]


def _kink(row: dict[str, Decimal]) -> float:
    return max(float(row["resale_before_work_eur"] - row["scrap_eur"]), 0.0)


def _loss(row: dict[str, Decimal]) -> Callable[[float], float]:
    """What the remedy taken lost against the cheaper one, as a function of the work."""
    before_work, before_salvage = (
        float(row["repair_before_work_eur"]),
        float(row["replacement_before_salvage_eur"]),
    )
    scrap, resale = float(row["scrap_eur"]), float(row["resale_before_work_eur"])
    sign = 1 if row["actual_remedy"] == "replacement" else -1

    def loss(work: float) -> float:
        difference = before_salvage - max(scrap, resale - work) - before_work - work
        return max(0.0, sign * difference)

    return loss
