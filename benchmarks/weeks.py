"""How often a week is called higher, or a workshop strict, though nothing is: `python -m benchmarks.weeks`.

Retailers are simulated with growth, a sharp season and no bad lot; weeks and cases are laid out from the
feeds and the truth beside them, without a build, so that many seeds take minutes. Belongs here: that layout,
the shares. Does not belong here: expectations and tests (`pipelines.expectations`, as a build calls them);
what a whole build says is in `benchmarks.truth`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb
import polars as pl
import yaml

from pipelines import expectations
from pipelines.expectations import Weeks, center_rows, declared

END = date(2026, 10, 31)
BANDS = (0, 31, 92, 183, 366, 548)
AGES = ["sku", "family_code", "age_from_days", "week"]


def simulated(home: Path, seed: int, lines: int, strictness: float) -> duckdb.DuckDBPyConnection:
    """A retailer's feeds and truth as views orders, tickets, repairs, truth, skus, centres."""
    scenario = home.with_suffix(".yml")
    parameters: dict[str, Any] = {"yearly_growth": 0.6, "restart_multiplier": 6}
    parameters["centre_strict_share"] = f"0.0|{strictness}"
    scenario.write_text(yaml.safe_dump({"bad_lots": [], "parameters": parameters}), encoding="utf-8")
    words = ["simulate", "--lines", str(lines), "--seed", str(seed), "--end", END.isoformat()]
    savoir = str(Path(sys.executable).with_name("savoir"))
    subprocess.run(
        [savoir, "--home", str(home), *words, "--scenario", str(scenario)], check=True, capture_output=True
    )
    con = duckdb.connect()
    for feed in ("orders", "tickets", "repairs"):
        files = f"'{home}/inbox/{feed}/*.csv'"
        con.execute(f"create view {feed} as from read_csv({files}, all_varchar = true, union_by_name = true)")
    for name, table in (("truth", "tickets"), ("skus", "skus"), ("centres", "centres")):
        con.execute(f"create view {name} as from '{home}/truth/{table}.parquet'")
    return con


def weeks_of(con: duckdb.DuckDBPyConnection) -> Weeks:
    """Machines by week and age, and the claims in warranty; a machine is taken to be watched to its end."""
    lines = con.sql(
        "select distinct on (order_id, line_number) sku, family_code, try_cast(quantity as bigint) as units, "
        "try_cast(left(delivered_at, 10) as date) as entered from orders join skus using (sku) "
        "where delivered_at is not null"
    ).pl()
    lines = lines.drop_nulls().filter(pl.col("entered") <= END)
    last = pl.min_horizontal(pl.lit(END), pl.col("entered").dt.offset_by("24mo")).dt.truncate("1w")
    parts = []
    for place, days in enumerate(BANDS):
        stop = last
        if place + 1 < len(BANDS):
            stop = pl.min_horizontal(last, _band(BANDS[place + 1]) - pl.duration(days=7))
        spans = lines.select("sku", "family_code", "units", start=_band(days), stop=stop)
        spans = spans.filter(pl.col("start") <= pl.col("stop"))
        weeks = spans.with_columns(week=pl.date_ranges("start", "stop", "1w")).explode("week")
        counted = weeks.group_by("sku", "family_code", "week").agg(unit_weeks=pl.col("units").sum())
        parts.append(counted.with_columns(age_from_days=pl.lit(days, pl.Int64)))
    units = pl.concat(parts).select(*AGES, "unit_weeks").sort(AGES)
    claims = con.sql(
        """
        select truth.sku, truth.family_code, delivered_on::date as entered, appeared_on::date as appeared_on,
            true_cause, recorded_fault_code as fault_code, resolution, asked_on
        from truth
        join (
            select ticket_id, max(left(requested_at, 10))::date as asked_on from tickets group by 1
        ) using (ticket_id)
        where is_in_warranty and true_cause <> 'none'
            and appeared_on::date between delivered_on::date and asked_on
        """
    ).pl()
    age = pl.lit(0, pl.Int64)
    for days in BANDS[1:]:
        age = pl.when(_band(days) <= pl.col("week")).then(pl.lit(days, pl.Int64)).otherwise(age)
    claims = claims.with_columns(week=pl.col("appeared_on").dt.truncate("1w")).with_columns(age_from_days=age)
    claims = claims.join(units.select(*AGES), on=AGES, how="semi")
    counted = claims.group_by(*AGES, "fault_code").agg(
        claims=pl.len().cast(pl.Int64),
        failures=(pl.col("true_cause") == "defect").sum().cast(pl.Int64),
        misuse_refusals=(pl.col("resolution") == "rejected_misuse").sum().cast(pl.Int64),
    )
    delays = pl.concat(
        claims.select(
            measure=pl.lit(measure),
            appeared_on="appeared_on",
            delay_days=(pl.col("asked_on") - pl.col("appeared_on")).dt.total_days(),
            claims=pl.lit(1, pl.Int64),
        )
        for measure in ("claims", "failures", "faults", "misuse_refusals")
    )
    return Weeks(units, counted.sort(*AGES, "fault_code"), delays, {})


def _band(days: int) -> pl.Expr:
    return (pl.col("entered") + pl.duration(days=days)).dt.truncate("1w")


def cases_of(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Diagnosed claims by workshop and stratum of like cases."""
    return con.sql(
        """
        with latest as (
            select ticket_id, max_by(service_center_id, received_at) as service_center_id,
                max_by(fault_code, received_at) as fault_code
            from repairs where fault_code is not null and ticket_id is not null group by 1
        ),
        asked as (
            select ticket_id, any_value(channel) as channel, any_value(is_unused) as is_unused
            from tickets group by 1
        )
        select service_center_id, family_code, coalesce(lower(is_unused) = 'true', false) as is_unused,
            case when appeared_on::date - delivered_on::date <= 30 then 1
                when appeared_on::date - delivered_on::date <= 91 then 2
                when appeared_on::date - delivered_on::date <= 365 then 3 else 4 end as age_band,
            coalesce(channel, 'other') as channel, count(*)::bigint as diagnosed,
            count(*) filter (fault_code like 'M%')::bigint as misuse_verdicts
        from latest join asked using (ticket_id) join truth using (ticket_id)
        where true_cause <> 'none'
        group by all order by all
        """
    ).pl()


@click.command()
@click.option("--seeds", default="932,933,934,935", show_default=True, help="Seeds, with commas between.")
@click.option("--lines", default=30_000, show_default=True, help="Order lines of each home.")
@click.option("--strictness", default=0.0, show_default=True, help="Defects that strict centres call misuse.")
def main(seeds: str, lines: int, strictness: float) -> None:
    """Print the shares of each seed and of all."""
    of_weeks: list[tuple[bool, bool]] = []
    of_centers: list[tuple[str, bool]] = []
    for seed in seeds.split(","):
        with tempfile.TemporaryDirectory(prefix="savoir-weeks-") as folder:
            con = simulated(Path(folder) / "home", int(seed), lines, strictness)
            counts = expectations.rows(weeks_of(con), END)["weekly_counts"]
            centres = center_rows(cases_of(con), declared).filter(pl.col("status") != "too_few")
            truth = centres.join(con.sql("select * from centres").pl(), on="service_center_id")
            con.close()
        said = counts.filter(pl.col("verdict").is_in(["higher", "lower", "no_difference"]))
        mine = list(
            said.group_by("week")
            .agg(higher=(pl.col("verdict") == "higher").any(), lower=(pl.col("verdict") == "lower").any())
            .select("higher", "lower")
            .iter_rows()
        )
        of_weeks += mine
        of_centers += list(truth.select("status", pl.col("strictness") > 0).iter_rows())
        click.echo(f"{seed}: {sum(up for up, _ in mine)} of {len(mine)} weeks with anything called higher")
    higher, lower = (sum(each[place] for each in of_weeks) / len(of_weeks) for place in (0, 1))
    click.echo(f"weeks with anything called higher: {higher:.1%}, lower: {lower:.1%} of {len(of_weeks)}")
    sound = [status for status, is_strict in of_centers if not is_strict]
    strict = [status for status, is_strict in of_centers if is_strict]
    click.echo(
        f"sound centres called high: {sound.count('high')}, low: {sound.count('low')} of {len(sound)}; "
        f"strict ones found: {strict.count('high')} of {len(strict)}"
    )


if __name__ == "__main__":
    main()
