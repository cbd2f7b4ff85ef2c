from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.spark.comparison import compare


@pytest.fixture
def mart() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ticket_id": ["a", "b", "b", None],
            "on": [date(2024, 2, 29), None, None, date(2024, 1, 31)],
            "cost_eur": [Decimal("1.10"), Decimal("-3.00"), Decimal("-3.00"), None],
            "share": [0.1, 1 / 3, None, float("nan")],
            "units": [1, 2, 2, 3],
        },
        schema_overrides={"cost_eur": pl.Decimal(18, 2)},
    ).with_columns(share=pl.col("share").fill_nan(0.5))


def planted(mart: pl.DataFrame, **changed: pl.Expr) -> pl.DataFrame:
    return mart.with_columns(**changed)


def test_the_same_rows_in_another_order_and_another_width_are_equal(mart: pl.DataFrame) -> None:
    other = mart.reverse().with_columns(pl.col("units").cast(pl.Int32), pl.col("share") + 1e-12)
    assert compare("m", mart, other).differences == 0


def test_one_cent_is_a_difference(mart: pl.DataFrame) -> None:
    cent = (
        pl.when(pl.col("ticket_id") == "a").then(pl.col("cost_eur") + Decimal("0.01")).otherwise("cost_eur")
    )
    result = compare("m", mart, planted(mart, cost_eur=cent.cast(pl.Decimal(18, 2))))
    assert (result.only_left, result.only_right) == (1, 1)


@pytest.mark.parametrize("column", ["on", "share", "units", "ticket_id", "cost_eur"])
def test_one_null_is_a_difference(mart: pl.DataFrame, column: str) -> None:
    null = pl.when(pl.col("ticket_id") == "a").then(None).otherwise(column)
    assert compare("m", mart, planted(mart, **{column: null})).differences > 0


def test_one_row_more_is_a_difference_even_where_it_repeats_another(mart: pl.DataFrame) -> None:
    assert compare("m", mart, pl.concat([mart, mart[1:2]])).only_right == 1
    assert compare("m", mart, mart[:-1]).only_left == 1


def test_a_double_beyond_the_tolerance_is_a_difference(mart: pl.DataFrame) -> None:
    assert compare("m", mart, planted(mart, share=pl.col("share") + 1e-8)).doubles_apart == 3


def test_another_type_or_a_missing_column_is_named(mart: pl.DataFrame) -> None:
    assert "units" in compare("m", mart, mart.drop("units")).note
    assert "units" in compare("m", mart, planted(mart, units=pl.col("units").cast(pl.String))).note
