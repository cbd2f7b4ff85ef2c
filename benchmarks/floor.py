"""The floor: the least work that any implementation must do on the same files, written by hand for DuckDB.

CSV as text -> typed and hashed Parquet -> latest version per key -> fct_order_lines and fct_life_table;
nothing else: no refusals, no duplicates, no findings, no tests, no policy, no money. `python -m
benchmarks.floor` runs it alone; `benchmarks.build` compares Savoir with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import duckdb
import yaml

from pipelines.home import DBT_DIR

FEEDS = ("products", "orders", "tickets", "repairs")


@dataclass(frozen=True)
class Floor:
    """Seconds of each of the three stages."""

    land: float
    latest: float
    marts: float

    @property
    def total(self) -> float:
        """Seconds of all three."""
        return self.land + self.latest + self.marts


def run_floor(files: Path, out: Path, as_of: str) -> Floor:
    """Do the unavoidable work on `files/<feed>/*.csv*`, leaving Parquet and one DuckDB file in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    contract = yaml.safe_load((DBT_DIR / "models" / "staging" / "_sources.yml").read_text())
    tables = {table["name"]: table for table in contract["sources"][0]["tables"]}
    with duckdb.connect(str(out / "floor.duckdb")) as con:
        con.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        times = [time.monotonic()]
        for feed in FEEDS:
            con.execute(landing_sql(tables[feed], files / feed, out / f"{feed}.parquet"))
        times.append(time.monotonic())
        for feed in FEEDS:
            keys = ", ".join(tables[feed]["config"]["meta"]["key"])
            con.execute(LATEST.format(feed=feed, keys=keys, file=out / f"{feed}.parquet"))
        times.append(time.monotonic())
        con.execute(ORDER_LINES.format(as_of=as_of))
        con.execute(LIFE_TABLE.format(as_of=as_of))
        times.append(time.monotonic())
    return Floor(*(later - earlier for earlier, later in pairwise(times)))


def landing_sql(table: dict, folder: Path, target: Path) -> str:
    """Text to the contract's types, a hash of the whole row, the person hashed."""
    names = [column["name"] for column in table["columns"]]
    typed = ", ".join(typed_sql(column["name"], column["data_type"]) for column in table["columns"])
    content = ", ".join(f"coalesce({name}, '')" for name in names)
    return f"""
        copy (
            select {typed}, md5(concat_ws(chr(31), {content})) as _content_hash
            from read_csv('{folder}/*.csv*', all_varchar = true, header = true, delim = ',', quote = '"')
        ) to '{target}' (format parquet)
    """


def typed_sql(name: str, data_type: str) -> str:
    """One column, from text."""
    if name == "customer_id":
        return f"sha256('a key of the benchmark' || {name}) as {name}"
    if data_type == "timestamp":
        return f"timezone('UTC', timezone('Europe/Paris', try_cast({name} as timestamp))) as {name}"
    return f"try_cast({name} as {data_type}) as {name}"


LATEST = """
    create or replace table {feed} as
    select * exclude (version)
    from (
        select *, row_number() over (
            partition by {keys} order by updated_at desc nulls last, _content_hash desc
        ) as version
        from read_parquet('{file}')
    )
    where version = 1
"""

ORDER_LINES = """
    create or replace table ticket_facts as
    select
        t.order_id, t.line_number, t.ticket_id, t.requested_at,
        coalesce(r.fault_code like 'D%', t.resolution in (
            'repaired', 'replaced', 'refunded', 'spare_part_shipped'
        ), false) as is_failure
    from tickets as t
    left join (
        select ticket_id, arg_max(fault_code, (diagnosed_at, repair_id)) as fault_code
        from repairs where fault_code is not null group by ticket_id
    ) as r on r.ticket_id = t.ticket_id
    where t.requested_at::date <= date '{as_of}' and t.category <> 'withdrawal';

    create or replace table fct_order_lines as
    with delays as (
        select country_code, median(date_diff('day', shipped_at, delivered_at)) as lag_days
        from orders where delivered_at is not null group by country_code
    ),
    claimed as (
        select order_id, line_number, count(*) as tickets, count_if(is_failure) as failures
        from ticket_facts where order_id is not null group by all
    )
    select
        o.order_id, o.line_number, o.sku, p.family_code, p.supplier_id, o.lot_code, o.quantity as units,
        coalesce(o.delivered_at, o.shipped_at + to_days(d.lag_days::integer))::date as delivered_on,
        (delivered_on + interval 24 months)::date as base_warranty_end_on,
        coalesce(c.tickets, 0) as tickets, coalesce(c.failures, 0) as failures
    from orders as o
    left join products as p on p.sku = o.sku
    left join delays as d on d.country_code is not distinct from o.country_code
    left join claimed as c on c.order_id = o.order_id and c.line_number = o.line_number
    where o.contract_at::date <= date '{as_of}'
"""

LIFE_TABLE = """
    create or replace table fct_life_table as
    with failed as (
        select order_id, line_number, requested_at::date as failed_on,
            row_number() over (partition by order_id, line_number order by requested_at, ticket_id) as unit
        from ticket_facts where is_failure and order_id is not null
    ),
    lines as (
        select *, least(date '{as_of}', base_warranty_end_on) as censored_on,
            date_trunc('month', delivered_on)::date as delivery_month
        from fct_order_lines where delivered_on <= date '{as_of}'
    ),
    exits as (
        select sku, family_code, supplier_id, delivery_month,
            failed_on - delivered_on as days, 1 as units, 1 as events
        from failed join lines using (order_id, line_number) where unit <= units and failed_on <= censored_on
        union all
        select sku, family_code, supplier_id, delivery_month, censored_on - delivered_on, units - failures, 0
        from lines where units > failures
    ),
    grouped as (
        select
            case when grouping(sku) = 0 then 'sku' when grouping(family_code) = 0 then 'family'
                when grouping(supplier_id) = 0 then 'supplier' else 'all' end as scope_type,
            coalesce(sku, family_code, supplier_id, 'all') as scope_id,
            delivery_month as cohort,
            greatest(1, least(24, floor(days / 30.4375)::integer + 1)) as age_month,
            sum(units) as leaving, sum(units * events) as events
        from exits
        group by grouping sets (
            (sku, age_month), (supplier_id, age_month), (family_code, age_month),
            (family_code, delivery_month, age_month), (age_month), (delivery_month, age_month)
        )
    ),
    spine as (
        select scope_type, scope_id, cohort, unnest(range(1, 25)) as age_month
        from (select distinct scope_type, scope_id, cohort from grouped)
    ),
    counted as (
        select s.*, coalesce(g.events, 0) as events,
            coalesce(g.leaving, 0) - coalesce(g.events, 0) as censored,
            sum(coalesce(g.leaving, 0)) over (
                partition by s.scope_type, s.scope_id, s.cohort order by s.age_month desc
            ) as at_risk
        from spine as s
        left join grouped as g
            on g.scope_type = s.scope_type and g.scope_id = s.scope_id
            and g.cohort is not distinct from s.cohort and g.age_month = s.age_month
    ),
    rated as (
        select *, events / nullif(at_risk - censored / 2, 0) as hazard from counted
    )
    select *, 1 - exp(sum(ln(greatest(1 - hazard, 1e-12))) over curve) as cumulative,
        sum(hazard / nullif((1 - hazard) * at_risk, 0)) over curve as variance
    from rated
    window curve as (partition by scope_type, scope_id, cohort order by age_month)
"""


@click.command()
@click.argument("files", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--as-of", default="2026-10-31", show_default=True)
def main(files: Path, out: Path, as_of: str) -> None:
    """Run the floor on FILES/<feed>/*.csv, leaving its result in OUT."""
    floor = run_floor(files, out, as_of)
    click.echo(f"land {floor.land:.2f} s, latest {floor.latest:.2f} s, marts {floor.marts:.2f} s")


if __name__ == "__main__":
    main()
