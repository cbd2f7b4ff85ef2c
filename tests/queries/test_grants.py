"""What a grant lets through, table by table, on the demo: all of its own rows, none of another's."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.grants import WHOLE, Grant, open_granted
from pipelines.queries.snapshot import Snapshot, SnapshotOutdatedError, open_snapshot


@pytest.fixture(scope="module")
def whole(demo_home: Home) -> Iterator[Snapshot]:
    snapshot = open_snapshot(demo_home)
    yield snapshot
    snapshot.close()


def tables(snapshot: Snapshot) -> list[tuple[str, str]]:
    sql = (
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() order by all"
    )
    return snapshot.rows(sql).rows()


def columns(snapshot: Snapshot, table: str) -> set[str]:
    sql = "select column_name from information_schema.columns where table_schema = 'marts' and table_name = ?"
    return set(snapshot.rows(sql, [table])["column_name"])


def values(snapshot: Snapshot, table: str, column: str) -> list[str]:
    sql = f"select distinct {column} as v from marts.{table} where {column} is not null order by 1"
    return snapshot.rows(sql)["v"].to_list()


def granted(home: Home, kind: str, *codes: str) -> Snapshot:
    return open_snapshot(home, Grant(**{kind: codes}))


def rows(snapshot: Snapshot, schema: str, table: str, condition: str = "true") -> int:
    return snapshot.rows(f"select count(*) as n from {schema}.{table} where {condition}").item()


KINDS = [
    ("families", "family_code", "dim_products"),
    ("suppliers", "supplier_id", "dim_products"),
    ("centers", "service_center_id", "fct_repairs"),
]


@pytest.mark.parametrize(("kind", "column", "source"), KINDS)
def test_every_row_is_seen_by_exactly_whom_it_is_of(
    demo_home: Home, whole: Snapshot, kind: str, column: str, source: str
) -> None:
    """Over all values of a kind, the views of a table that carries it add up to the table's known rows."""
    codes = values(whole, source, column)
    carried = [t for schema, t in tables(whole) if schema == "marts" and column in columns(whole, t)]
    # A signal of no supplier of its own is its product's: told apart below.
    carried = [t for t in carried if t not in ("dim_service_centers", "fct_signals")]
    assert {"families": 7, "suppliers": 4, "centers": 4}[kind] <= len(carried)
    seen = dict.fromkeys(carried, 0)
    for code in codes:
        snapshot = granted(demo_home, kind, code)
        for table in carried:
            assert rows(snapshot, "marts", table, f"{column} is distinct from '{code}'") == 0
            seen[table] += rows(snapshot, "marts", table)
        snapshot.close()
    known = ", ".join(f"'{code}'" for code in codes)
    assert seen == {t: rows(whole, "marts", t, f"{column} in ({known})") for t in carried}


@pytest.mark.parametrize(("kind", "column", "source"), KINDS)
def test_rows_about_cases_without_the_column_follow_their_case_or_product(
    demo_home: Home, whole: Snapshot, kind: str, column: str, source: str
) -> None:
    code = values(whole, source, column)[0]
    snapshot = granted(demo_home, kind, code)
    own = f"select {{key}} from {{source}} where {column} = '{code}'"
    for schema, table in tables(whole):
        names = columns(whole, table)
        if schema != "marts" or column in names or table.startswith("dim_") or "scope_id" in names:
            continue
        if "signal_id" in names:
            continue
        if "sku" in names and kind != "centers":
            condition = f"sku in ({own.format(key='sku', source='marts.dim_products')})"
        elif "ticket_id" in names:
            condition = f"ticket_id in ({own.format(key='ticket_id', source='marts.fct_claims')})"
        else:
            condition = "false"
        expected = whole.rows(f"select count(*) as n from marts.{table} where {condition}").item()
        assert rows(snapshot, "marts", table) == expected, table
    snapshot.close()


def test_signals_are_seen_by_whom_they_are_of_with_their_months(demo_home: Home, whole: Snapshot) -> None:
    for kind, code, condition in (
        ("families", "chainsaw", "family_code = 'chainsaw'"),
        (
            "suppliers",
            (supplier := values(whole, "dim_products", "supplier_id")[0]),
            f"supplier_id = '{supplier}' or (supplier_id is null and sku in "
            f"(select sku from marts.dim_products where supplier_id = '{supplier}'))",
        ),
        (
            "centers",
            (center := values(whole, "fct_repairs", "service_center_id")[0]),
            f"service_center_id = '{center}'",
        ),
    ):
        snapshot = granted(demo_home, kind, code)
        assert rows(snapshot, "marts", "fct_signals") == rows(whole, "marts", "fct_signals", condition) > 0
        own = f"signal_id in (select signal_id from marts.fct_signals where {condition})"
        for table in ("fct_signal_history", "fct_signal_units"):
            assert rows(snapshot, "marts", table) == rows(whole, "marts", table, own), (kind, table)
        snapshot.close()


def test_of_a_whole_only_what_is_ones_own_and_nobodys_total(demo_home: Home, whole: Snapshot) -> None:
    of_scopes = [t for schema, t in tables(whole) if schema == "marts" and "scope_id" in columns(whole, t)]
    assert len(of_scopes) >= 4
    two = granted(demo_home, "families", "chainsaw", "tiller")
    own_skus = "select sku from marts.dim_products where family_code in ('chainsaw', 'tiller')"
    for table in of_scopes:
        own = (
            f"(scope_type = 'sku' and scope_id in ({own_skus})) or "
            "(scope_type = 'family' and scope_id in ('chainsaw', 'tiller'))"
        )
        assert rows(two, "marts", table, f"not ({own})") == 0
        assert rows(two, "marts", table) == rows(whole, "marts", table, own)
    two.close()


def test_who_sees_one_family_sees_it_as_all_there_is(demo_home: Home, whole: Snapshot) -> None:
    one = granted(demo_home, "families", "chainsaw")
    family = whole.rows(
        "select * exclude (scope_type, scope_id) from marts.fct_life_table "
        "where scope_type = 'family' and scope_id = 'chainsaw' order by all"
    )
    everything = one.rows(
        "select * exclude (scope_type, scope_id) from marts.fct_life_table "
        "where scope_type = 'all' order by all"
    )
    assert family.height > 100
    assert everything.equals(family)
    one.close()


def test_two_kinds_narrow_each_other(demo_home: Home, whole: Snapshot) -> None:
    center = values(whole, "fct_repairs", "service_center_id")[0]
    both = open_snapshot(demo_home, Grant(families=("chainsaw",), centers=(center,)))
    condition = f"family_code = 'chainsaw' and service_center_id = '{center}'"
    for table in ("fct_claims", "fct_repairs", "fct_audit_findings"):
        assert rows(both, "marts", table, f"not ({condition})") == 0
        assert rows(both, "marts", table) == rows(whole, "marts", table, condition)
    assert rows(both, "marts", "fct_order_lines") == 0
    assert rows(both, "marts", "fct_life_table") == 0
    both.close()


def test_texts_of_policy_are_everybodys_and_their_counts_nobodys(demo_home: Home, whole: Snapshot) -> None:
    one = granted(demo_home, "families", "chainsaw")
    assert rows(one, "marts", "dim_policy_rules") == rows(whole, "marts", "dim_policy_rules")
    counts = ("claims", "claims_audited", "claims_compliant", "amount_at_risk_eur")
    counted = ", ".join(f"count({name}) as {name}" for name in counts)
    assert one.rows(f"select {counted} from marts.dim_policy_rules").row(0) == (0, 0, 0, 0)
    one.close()


def test_what_the_door_took_and_refused_is_shown_to_nobody_with_a_grant(demo_home: Home) -> None:
    one = granted(demo_home, "families", "chainsaw")
    for table in ("deliveries", "findings", "skips"):
        assert rows(one, "meta", table) == 0
    assert rows(one, "meta", "build") == 1
    one.close()


def test_a_code_that_nobody_has_and_a_code_like_an_attack_show_nothing(demo_home: Home) -> None:
    for code in ("no_such_family", "x') or true --", "'", "%"):
        one = granted(demo_home, "families", code)
        assert rows(one, "marts", "fct_claims") == 0
        assert rows(one, "marts", "fct_life_table") == 0
        one.close()


def test_a_grant_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no grant"):
        open_granted("x", Grant())


def test_neither_the_file_nor_another_can_be_read_around_the_views(demo_home: Home) -> None:
    one = granted(demo_home, "families", "chainsaw")
    for sql in (
        f"select * from read_parquet('{demo_home.landing}/**/*.parquet')",
        f"attach '{demo_home.current}' as other",
        "select * from read_csv('/etc/passwd')",
        "set enable_external_access = true",
    ):
        with pytest.raises((duckdb.Error, SnapshotOutdatedError)):
            one.rows(sql)
    one.close()


def test_no_query_of_ours_names_the_whole_file() -> None:
    naming = [
        path.name
        for folder in ("pipelines", "dashboards")
        for path in (PROJECT_DIR / folder).rglob("*.py")
        if WHOLE in path.read_text()
    ]
    assert naming == ["grants.py"]
