"""What the figures claim against what is true: `python -m benchmarks.truth --seeds 201,202 --scenarios null`.

Each home is simulated with the truth beside it, built and published as a user would, and its published file
is held against the truth. Shares are pooled over the homes of a scenario; a total is held by its own interval
or not. Belongs here: scenarios, the comparison. Does not belong here: any estimate of our own.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb
import yaml

from pipelines.home import Home

END = date(2026, 10, 31)
AGES = (3, 6, 12, 18, 24)
BINS = 10
PUBLISHED_WITH_REFUSALS = 3
Z = 1.959963984540054

NO_BAD_LOT: dict[str, Any] = {"bad_lots": []}
SCENARIOS: dict[str, dict[str, Any]] = {
    "null": NO_BAD_LOT,
    "breaches": NO_BAD_LOT
    | {"parameters": {"breach_rate": {"VR06": 0.9, "VR17": 0.4, "VR23": 0.8, "VL14": 0.2}}},
    "slow_workshop": NO_BAD_LOT
    | {
        "parameters": {
            "slow_workshop_share": 0.7,
            "stage_days": {"diagnosis": "4|25", "repair": "5|40", "return": "2|10"},
        }
    },
    "narrow_quotes": NO_BAD_LOT | {"parameters": {"quote_spread": 0.05}},
    "wide_quotes": NO_BAD_LOT | {"parameters": {"quote_spread": 0.4}},
    "growth": NO_BAD_LOT | {"parameters": {"yearly_growth": 0.6}},
    "season": NO_BAD_LOT | {"parameters": {"restart_multiplier": 6}},
    "season_growth": NO_BAD_LOT | {"parameters": {"yearly_growth": 0.6, "restart_multiplier": 6}},
    "drifting_delay": NO_BAD_LOT | {"parameters": {"reporting_delay_yearly_factor": 1.5}},
    "stopped_feed": NO_BAD_LOT | {"parameters": {"feed_stop_days": {"tickets": 30, "repairs": 30}}},
    "strict_centers": NO_BAD_LOT | {"parameters": {"center_strict_share": "0.0|0.35"}},
}


@dataclass(frozen=True)
class Share:
    """How often something came true, pooled over homes."""

    name: str
    hits: float
    of: float
    aim: str

    def __str__(self) -> str:
        said = f"{self.hits / self.of:.1%} of {self.of:,.0f}" if self.of else "nothing to count"
        return f"{self.name:52}{said:>24}   {self.aim}"


def build(folder: Path, scenario: dict[str, Any], seed: int, lines: int) -> Home:
    """A published home with its truth."""
    home = Home.at(folder / "home")
    file = folder / "scenario.yml"
    file.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    savoir = str(Path(sys.executable).with_name("savoir"))
    for words in (
        (
            "simulate",
            "--lines",
            str(lines),
            "--seed",
            str(seed),
            "--end",
            END.isoformat(),
            "--scenario",
            str(file),
        ),
        ("build", "--as-of", END.isoformat()),
    ):
        done = subprocess.run(
            [savoir, "--home", str(home.root), *words], capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, PUBLISHED_WITH_REFUSALS):
            raise click.ClickException(f"savoir {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return home


def opened(home: Home) -> duckdb.DuckDBPyConnection:
    """The published file as it is read by others, and the truth as views true_<name>."""
    con = duckdb.connect()
    con.execute(
        f"attach '{str(home.current.resolve()).replace(chr(39), chr(39) * 2)}' as published (read_only)"
    )
    con.execute("use published")
    for path in home.truth.glob("*.parquet"):
        con.execute(f"create temp view true_{path.stem} as from '{str(path).replace(chr(39), chr(39) * 2)}'")
    return con


def failure_rates(con: duckdb.DuckDBPyConnection) -> list[Share]:
    """Families at several ages: does the band hold the expected share of units with a first defect?"""
    rows = con.execute(
        f"""
        with truth as (
            select family_code, age_month, sum(cumulative * units) / sum(units) as share, sum(units) as units
            from true_hazards join true_skus using (sku) group by all
        )
        select cumulative, cumulative_low, cumulative_high, cumulative_at_least, cumulative_at_most,
            cumulative_expected, truth.share, truth.units
        from marts.fct_life_table as t
        join truth on t.scope_id = truth.family_code and t.age_month = truth.age_month
        where scope_type = 'family' and cohort is null and cause = 'defect' and is_enough
            and t.age_month in {AGES}
        """
    ).fetchall()
    held = sum(at_least <= true <= at_most for *_, at_least, at_most, _, true, _ in rows)
    sampled = sum(low is not None and low <= true <= high for _, low, high, *_, true, _ in rows)
    middle = sum(row[5] * row[7] for row in rows)
    known = sum(row[0] * row[7] for row in rows)
    truth = sum(row[6] * row[7] for row in rows)
    return [
        Share("failure rates: truth within at least … at most", held, len(rows), ">= 95 %"),
        Share("failure rates: truth within sampling limits alone", sampled, len(rows), "for comparison"),
        Share("failure rates: middle estimate over truth", middle, truth, "near 100 %"),
        Share("failure rates: known causes over truth", known, truth, "for comparison"),
    ]


def money(con: duckdb.DuckDBPyConnection) -> list[Share]:
    """Total regret against its interval; the probability of a right choice by bin."""
    rows = con.execute(
        """
        select actual_remedy, expected_regret_eur::double, regret_variance::double, right_choice_probability,
            true_repair_cost_eur::double, true_replacement_cost_eur::double
        from marts.fct_remedy_costs join true_tickets using (ticket_id)
        where is_priced and actual_remedy in ('repair', 'replacement') and true_repair_cost_eur is not null
        """
    ).fetchall()
    said, variance, true = 0.0, 0.0, 0.0
    bins = [[0.0, 0.0, 0] for _ in range(BINS)]
    for remedy, regret, spread, chance, repair, replacement in rows:
        taken, other = (repair, replacement) if remedy == "repair" else (replacement, repair)
        said, variance, true = said + (regret or 0), variance + (spread or 0), true + max(0.0, taken - other)
        if chance is not None:
            place = bins[min(BINS - 1, int(chance * BINS))]
            place[0], place[1], place[2] = place[0] + chance, place[1] + (taken <= other + 0.01), place[2] + 1
    held = abs(said - true) <= Z * math.sqrt(variance)
    out = [
        Share("regret: true total within its 95 % interval", held, 1, ">= 90 % of homes"),
        Share("regret: said over true", said, true, "near 100 %"),
    ]
    for number, (foretold, came, count) in enumerate(bins):
        if count:
            out.append(Share(f"right choice, bin {number}: foretold", foretold, count, ""))
            out.append(Share(f"right choice, bin {number}: came true", came, count, "within 3 points of it"))
    return out


def centers(con: duckdb.DuckDBPyConnection) -> list[Share]:
    """Centres called high or low where nothing is wrong with them; strict centres found."""
    rows = con.execute(
        """
        select status, strictness > 0 as is_strict from marts.fct_misuse_centers
        join true_centers using (service_center_id) where status <> 'too_few'
        """
    ).fetchall()
    sound = [status for status, is_strict in rows if not is_strict]
    strict = [status for status, is_strict in rows if is_strict]
    power = con.execute(
        "select sum(power_at_twice), count(*) from marts.fct_misuse_centers where is_enough"
    ).fetchone() or (0, 0)
    return [
        Share(
            "centres: sound ones called high or low",
            sum(s != "in_line" for s in sound),
            len(sound),
            "few",
        ),
        Share("centres: homes with a sound one called high", "high" in sound, 1, "as declared: 5 %"),
        Share("centres: homes with a sound one called low", "low" in sound, 1, "as declared: 5 %"),
        Share("centres: power at twice the odds, as printed", power[0] or 0, power[1], "the power"),
        Share("centres: strict ones found", sum(s == "high" for s in strict), len(strict), "the power"),
    ]


def weeks(con: duckdb.DuckDBPyConnection) -> list[Share]:
    """Weeks in which anything in the whole table is called higher, or lower; without a bad lot, by chance."""
    rows = con.execute(
        """
        select bool_or(verdict = 'higher'), bool_or(verdict = 'lower')
        from marts.fct_weekly_counts
        where verdict in ('higher', 'lower', 'no_difference')
        group by week
        """
    ).fetchall()
    declared = con.execute(
        "select limit_value from meta.thresholds where threshold = 'weekly_false_alarm_share'"
    ).fetchone()
    aim = f"<= {declared[0] + 0.02:.0%}" if declared else ""
    return [
        Share("weeks: any count called higher", sum(higher for higher, _ in rows), len(rows), aim),
        Share("weeks: any count called lower", sum(lower for _, lower in rows), len(rows), aim),
    ]


def audit(con: duckdb.DuckDBPyConnection) -> list[Share]:
    """Euros at risk, each once: the audit's total over the largest finding of each subject."""
    total, once = con.execute(
        """
        select sum(amount_at_risk_eur)::double, (
            select sum(most)::double from (
                select max(amount_by_formula_eur) as most from marts.fct_audit_findings
                group by coalesce(ticket_id, repair_id, order_id || '/' || line_number),
                    violation_code in ('VR19a', 'VR19c', 'VL21')
            )
        ) from marts.fct_audit_findings
        """
    ).fetchone() or (0, 0)
    return [Share("audit: total over each subject's largest finding", total or 0, once or 0, "100 %")]


def forecasts(con: duckdb.DuckDBPyConnection) -> list[Share]:
    """Past forecasts against what came: how many 90 % intervals held."""
    rows = con.execute(
        "select scope_type, sum(covered_forecasts), sum(forecasts) from marts.fct_forecast_scores "
        "group by all order by all"
    ).fetchall()
    return [
        Share(f"forecasts: 90 % intervals that held, {scope}", hits, of, "87-93 %")
        for scope, hits, of in rows
    ]


FIGURES: tuple[Callable[[duckdb.DuckDBPyConnection], list[Share]], ...] = (
    failure_rates, weeks, money, centers, audit, forecasts,
)  # fmt: skip


def measured(scenario: str, seeds: Sequence[int], lines: int) -> list[Share]:
    """The figures of one scenario, pooled over its seeds."""
    pooled: dict[str, Share] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="savoir-truth-") as folder:
            home = build(Path(folder), SCENARIOS[scenario], seed, lines)
            with opened(home) as con:
                for figure in FIGURES:
                    for share in figure(con):
                        before = pooled.get(share.name, Share(share.name, 0, 0, share.aim))
                        pooled[share.name] = Share(
                            share.name, before.hits + share.hits, before.of + share.of, share.aim
                        )
    return list(pooled.values())


@click.command()
@click.option("--seeds", default="201,202", show_default=True, help="Seeds, with commas between.")
@click.option("--scenarios", default="null", show_default=True, help=f"Of {', '.join(SCENARIOS)}; or all.")
@click.option("--lines", default=30_000, show_default=True, help="Order lines of each home.")
def main(seeds: str, scenarios: str, lines: int) -> None:
    """Print the table."""
    names = list(SCENARIOS) if scenarios == "all" else scenarios.split(",")
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise click.ClickException(f"There is no scenario {unknown[0]}: use {', '.join(SCENARIOS)}.")
    for name in names:
        chosen = [int(seed) for seed in seeds.split(",")]
        click.echo(f"\n{name}: {len(chosen)} homes of {lines:,} order lines, seeds {seeds}")
        for share in measured(name, chosen, lines):
            click.echo(str(share))


if __name__ == "__main__":
    main()
