"""The latest version of a row, by (updated_at, content hash): never by arrival, only among what was known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.home import Home
from pipelines.publishing import Build as PublishedBuild
from pipelines.publishing import publish

from .conftest import Built, Row, land

Build = Callable[..., Built]

SEEN = "select sku, brand, version_count, is_version_conflict from staging.stg_feeds__products order by sku"


def deliveries(rows: Sequence[tuple[str, str]]) -> list[Row]:
    """Journal rows: delivery and when it was received."""
    return [
        {"delivery_id": key, "source": "products", "feed": "products", "file_sha256": key, "received_at": at}
        | dict.fromkeys(("rows_read", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_skipped"), 0)
        for key, at in rows
    ]


def product(sku: str, brand: str, updated_at: str | None, content: str) -> Row:
    return {
        "sku": sku,
        "family_code": "saw",
        "brand": brand,
        "updated_at": updated_at,
        "_content_hash": content,
    }


FIRST = [
    product("A", "newest", "2026-03-01 10:00:00", "00"),
    product("B", "dated", "2026-01-01 10:00:00", "00"),
    product("C", "greater hash", None, "ff"),
    product("D", "greater hash, same instant", "2026-01-01 10:00:00", "ff"),
    product("E", "alone", None, "00"),
    product("F", "two old ones tie", "2026-01-01 10:00:00", "aa"),
]
SECOND = [
    product("A", "older", "2026-02-01 10:00:00", "ff"),
    product("B", "undated", None, "ff"),
    product("C", "smaller hash", None, "0a"),
    product("D", "smaller hash", "2026-01-01 10:00:00", "0a"),
    product("F", "two old ones tie", "2026-01-01 10:00:00", "bb"),
    product("F", "newest", "2026-01-02 10:00:00", "00"),
]
LATEST: list[tuple[Any, ...]] = [
    ("A", "newest", 2, False),
    ("B", "dated", 2, False),
    ("C", "greater hash", 2, True),
    ("D", "greater hash, same instant", 2, True),
    ("E", "alone", 1, False),
    ("F", "newest", 3, False),
]


def test_the_latest_version_does_not_depend_on_the_order_of_arrival(build: Build, tmp_path: Path) -> None:
    for name, first, second in (("forth", FIRST, SECOND), ("back", SECOND, FIRST)):
        home = Home.at(tmp_path / name).make()
        land(home, "d1", "products", first)
        land(home, "d2", "products", second)
        assert build(name, "stg_feeds__products").rows(SEEN) == LATEST


def test_known_on_reads_only_what_had_been_delivered(build: Build, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "known").make()
    land(home, "d1", "products", SECOND)
    land(home, "d2", "products", FIRST)
    land(home, "d1", "deliveries", deliveries([("d1", "2026-05-01 12:00:00")]))
    land(home, "d2", "deliveries", deliveries([("d2", "2026-05-02 12:00:00")]))
    built = build("known", "stg_feeds__products", "stg_feeds__deliveries", known_on="2026-05-02T11:59:59Z")
    assert built.rows(SEEN) == [
        ("A", "older", 1, False),
        ("B", "undated", 1, False),
        ("C", "smaller hash", 1, False),
        ("D", "smaller hash", 1, False),
        ("F", "newest", 2, False),
    ]
    assert built.rows("select delivery_id from staging.stg_feeds__deliveries") == [("d1",)]


def test_a_folder_still_being_written_is_not_read(build: Build, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "half").make()
    land(home, "d1", "products", FIRST[:1])
    land(home, ".tmp-d2", "products", SECOND[1:2])
    assert build("half", "stg_feeds__products").rows(SEEN) == [("A", "newest", 1, False)]


def exported(sku: str, brand: str, month: int, content: str, updated_at: str | None = None) -> Row:
    return {**product(sku, brand, updated_at, content), "_exported_at": f"2026-{month:02}-28 12:00:00"}


def journal(delivery: str, source: str, month: int, **known: Any) -> Row:
    (row,) = deliveries([(delivery, f"2026-06-{month:02} 12:00:00")])
    return {**row, "source": source, "exported_at": f"2026-{month:02}-28 12:00:00", **known}


def test_without_updated_at_the_later_export_wins_and_a_complete_one_says_what_is_gone(
    build: Build, tmp_path: Path
) -> None:
    march = [
        exported("A", "of March", 3, "ff"),
        exported("B", "gone in April", 3, "ff"),
        exported("C", "dated later than any export", 3, "ff", "2026-09-01 10:00:00"),
    ]
    april = [exported("A", "of April", 4, "00"), exported("C", "of April", 4, "00")]
    partial = [exported("D", "a partial export says nothing of it", 3, "00")]
    for name, first, second in (("forth", "m", "a"), ("back", "a", "m")):
        home = Home.at(tmp_path / name).make()
        for place, month in enumerate((first, second), 1):
            number = {"m": 3, "a": 4}[month]
            land(home, f"d{place}", "products", march if month == "m" else april)
            land(
                home,
                f"d{place}",
                "deliveries",
                [journal(f"d{place}", "shop", number, is_complete_export=True)],
            )
        land(home, "d3", "products", partial)
        land(home, "d3", "deliveries", [journal("d3", "other", 3), journal("d4", "other", 5)])
        assert build(name, "stg_feeds__products").rows(SEEN) == [
            ("A", "of April", 2, False),
            ("C", "dated later than any export", 2, False),
            ("D", "a partial export says nothing of it", 1, False),
        ]


def test_a_complete_export_with_refused_rows_does_not_say_what_is_gone(build: Build, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "refused").make()
    land(home, "d1", "products", [exported("A", "still there", 3, "ff")])
    land(home, "d2", "products", [exported("B", "new", 4, "ff")])
    told = {"is_complete_export": True, "rows_quarantined": 1}
    land(home, "d1", "deliveries", [journal("d1", "shop", 3, is_complete_export=True)])
    land(home, "d2", "deliveries", [journal("d2", "shop", 4, **told)])
    assert len(build("refused", "stg_feeds__products").rows(SEEN)) == 2


def test_a_retired_delivery_counts_only_for_what_was_known_before(build: Build, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "retired").make()
    land(home, "d1", "products", [product("A", "wrong", None, "ff")])
    land(home, "d2", "products", [product("A", "right", None, "00")])
    land(home, "d1", "deliveries", deliveries([("d1", "2026-05-01 12:00:00")]))
    land(home, "d2", "deliveries", deliveries([("d2", "2026-05-02 12:00:00")]))
    gone = {"retired_delivery_id": "d1", "retired_at": "2026-05-02 12:00:00", "reason": "corrected_rules"}
    land(home, "d2", "retirements", [gone])
    assert build("retired", "stg_feeds__products").rows(SEEN) == [("A", "right", 1, False)]
    before = build("retired", "stg_feeds__products", known_on="2026-05-01T18:00:00Z")
    assert before.rows(SEEN) == [("A", "wrong", 1, False)]


def test_sources_of_a_home_of_any_name_are_its_own_and_its_tables_are_published(
    build: Build, tmp_path: Path
) -> None:
    """The name holds every mark that a pattern, a shell, SQL or a template would take for its own."""
    odd = 'h[1] * {a,b} l\'été "x" 100 %; ~$(x) {{ y }}\n🚜'
    for name, brand in (("h1", "other"), (odd, "own")):
        land(Home(tmp_path / name), "d1", "products", [product("S1", brand, None, "a")])
        land(Home(tmp_path / name), "d1", "deliveries", deliveries([("d1", "2026-01-01T00:00:00")]))
    built = build(odd, "stg_feeds__products")
    assert built.rows("select sku, brand from staging.stg_feeds__products") == [("S1", "own")]
    day = datetime(2026, 10, 31)
    manifest = {
        "metadata": {"project_name": "savoir"},
        "docs": {},
        "nodes": {
            "m": {
                "resource_type": "model",
                "schema": "marts",
                "alias": "dim_products",
                "columns": {},
                "config": {},
            }
        },
    }
    with duckdb.connect(str(built.home.build_file)) as con:
        con.execute("create schema if not exists marts")
        con.execute("create table marts.dim_products as select * from staging.stg_feeds__products")
    path = publish(built.home, manifest, PublishedBuild("b1", day.date(), None, None, day, day, 0, 0))
    with duckdb.connect(str(built.home.current.resolve()), read_only=True) as con:
        assert con.execute("select brand from marts.dim_products").fetchall() == [("own",)]
    assert path.parent == tmp_path / odd / "published"
