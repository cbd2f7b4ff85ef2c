"""Facts about the snapshot itself: when it was built, as of which day, what came in, what its words mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot


@dataclass(frozen=True)
class BuildFacts:
    """The build behind a snapshot. Times are UTC."""

    build_id: str
    as_of: date
    started_at: datetime
    finished_at: datetime
    git_commit: str | None
    checks_passed: int


def build_facts(snapshot: Snapshot) -> BuildFacts:
    """The build that made this snapshot."""
    row = snapshot.rows(
        "select build_id, as_of, started_at, finished_at, git_commit, checks_passed from meta.build "
        "order by finished_at desc limit 1"
    ).row(0, named=True)
    return BuildFacts(**row)


def glossary(snapshot: Snapshot) -> dict[str, str]:
    """What each term means."""
    return dict(snapshot.rows("select term, text from meta.glossary order by term").iter_rows())


def definitions(snapshot: Snapshot, language: str) -> list[tuple[str, str]]:
    """Every measure by its label and every term of the glossary, with what it means."""
    label = "label_fr" if language == "fr" else "label_en"
    measures = snapshot.rows(f"select {label}, definition from meta.measures order by 1, 2")
    return [*measures.unique(maintain_order=True).iter_rows(), *glossary(snapshot).items()]


def families(snapshot: Snapshot) -> list[str]:
    """Every product family, by name."""
    found = snapshot.rows("select distinct family_code from marts.dim_products order by family_code")
    return found["family_code"].to_list()


def product_names(snapshot: Snapshot) -> dict[str, str]:
    """The name of each product that has one."""
    return dict(
        snapshot.rows(
            "select sku, max(product_name) as name from marts.dim_products where product_name is not null "
            "group by sku order by sku"
        ).iter_rows()
    )


def products(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """sku, product_name and family_code of every product of the family, listed or sold, most sold first."""
    condition, parameters = where("fct_order_lines", Scope(family_code=scope.family_code))
    listed = "family_code = ?" if scope.family_code is not None else "true"
    return snapshot.rows(
        f"""
        with sold as (
            select sku, family_code, sum(units) as units
            from marts.fct_order_lines
            where {condition}
            group by sku, family_code
        ),
        listed as (
            select sku, product_name, family_code from marts.dim_products where {listed}
        )
        select
            coalesce(listed.sku, sold.sku) as sku, listed.product_name,
            coalesce(listed.family_code, sold.family_code) as family_code
        from listed
        full join sold on sold.sku = listed.sku
        order by sold.units desc nulls last, 1
        """,
        [*parameters, *parameters],
    )


def suppliers(snapshot: Snapshot) -> list[str]:
    """Every supplier of a product."""
    found = snapshot.rows(
        "select distinct supplier_id from marts.dim_products where supplier_id is not null order by 1"
    )
    return found["supplier_id"].to_list()


def lots(snapshot: Snapshot) -> list[str]:
    """Every lot that was sold."""
    found = snapshot.rows(
        "select distinct lot_code from marts.fct_order_lines where lot_code is not null order by 1"
    )
    return found["lot_code"].to_list()


def service_centers(snapshot: Snapshot) -> pl.DataFrame:
    """service_center_id and name of every centre."""
    return snapshot.rows(
        "select distinct service_center_id, name from marts.dim_service_centers order by service_center_id"
    )


def deliveries(snapshot: Snapshot) -> pl.DataFrame:
    """What came in: one row per feed, with rows read, loaded, duplicate, quarantined and skipped."""
    counts = ("rows_read", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_skipped")
    sums = ", ".join(f"cast(sum({name}) as bigint) as {name}" for name in counts)
    return snapshot.rows(
        f"select feed, count(*) as deliveries, {sums} from meta.deliveries group by feed order by feed"
    )
