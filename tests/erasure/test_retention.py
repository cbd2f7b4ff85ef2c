"""The nightly purge takes what is older than declared, and nothing else."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.erasure.retention import RetentionError, purge, retention
from pipelines.feeds import take_all
from pipelines.feeds.landing import feed_files, files_sql
from pipelines.home import Home
from pipelines.state import entries, record

TODAY = date(2026, 10, 31)
TICKETS = (
    "ticket_id,channel,requested_at,description\n"
    "OLD,phone,2021-10-30,la lame est tordue\nNEW,phone,2021-11-02,le moteur cale\n"
    "BAD,phone,never,ne tourne plus\n"
)
ORDERS = (
    "order_id,line_number,contract_at,sku,quantity,unit_price_eur,postal_code\n"
    "O1,1,2015-03-01,S,1,5,75011\nO2,1,2024-03-01,S,1,5,69002\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").make()
    for source, text in (("tickets", TICKETS), ("orders", ORDERS)):
        (home.inbox / source).mkdir()
        (home.inbox / source / "a.csv").write_text(text)
    take_all(home)
    return home


def rows(home: Home, table: str, columns: str) -> list[tuple]:
    with duckdb.connect() as connection:
        query = f"select {columns} from {files_sql(feed_files(home, table))} order by all"
        return connection.execute(query).fetchall()


def test_words_and_places_go_with_their_age(home: Home) -> None:
    gone = purge(home, TODAY)
    assert rows(home, "tickets", "ticket_id, description") == [("NEW", "le moteur cale"), ("OLD", None)]
    assert rows(home, "orders", "order_id, postal_code") == [("O1", None), ("O2", "690")]
    assert (gone["text_days"], gone["place_days"]) == (1, 1)
    assert purge(home, TODAY) == dict.fromkeys(gone, 0)


def test_copies_reports_and_log_go_with_theirs(home: Home) -> None:
    week = home.reports / "2019-W01"
    week.mkdir(parents=True)
    (week / "report.html").write_text("old")
    copies = list(home.archive.glob("*/*"))
    record(home, "sign_in", "now")
    for path in (week, *copies):
        os.utime(path, (0, 0))
    gone = purge(home, TODAY)
    assert gone["report_days"] == 1
    assert gone["archive_days"] == len(copies) > 0
    assert not week.exists()
    assert not list(home.archive.glob("*/*"))
    assert [entry.detail for entry in entries(home, "sign_in")] == ["now"]


def test_refused_rows_keep_their_reasons(home: Home) -> None:
    assert rows(home, "quarantine", "record")[0][0] is not None
    purge(home, date(2099, 1, 1))
    ((record_, reasons),) = rows(home, "quarantine", "record, reasons")
    assert record_ is None
    assert "requested_at" in reasons


def test_each_kind_has_a_line_in_the_log(home: Home) -> None:
    gone = purge(home, TODAY)
    assert [entry.detail.split()[0] for entry in entries(home, "purge")] == list(gone)


def test_a_home_declares_its_own_days(home: Home) -> None:
    (home.root / "retention.yml").write_text("text_days: 30\n")
    assert retention(home).text_days == 30
    assert retention(home).place_days == 3650
    purge(home, TODAY)
    assert {row[0] for row in rows(home, "tickets", "description")} == {None}


@pytest.mark.parametrize("wrong", ["text_days: soon", "texts: 3", "text_days: 0", "- 3"])
def test_a_wrong_line_is_a_sentence_and_purges_nothing(home: Home, wrong: str) -> None:
    (home.root / "retention.yml").write_text(wrong + "\n")
    with pytest.raises(RetentionError, match="no retention"):
        purge(home, TODAY)
    assert ("OLD", "la lame est tordue") in rows(home, "tickets", "ticket_id, description")
