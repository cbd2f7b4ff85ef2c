"""A forgotten person is in no file any more, stays forgotten, and nobody else's row has changed."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest

from pipelines.backup import back_up
from pipelines.erasure.forgetting import ForgetError, forget
from pipelines.erasure.search import search
from pipelines.feeds import quarantined, take_all
from pipelines.feeds.landing import feed_files, files_sql
from pipelines.feeds.personal import keyed_hash
from pipelines.home import Home
from pipelines.publishing import content_hashes
from pipelines.state import entries

KEY = "a key that only tests know"
ORDERS = (
    "order_id,line_number,contract_at,sku,quantity,unit_price_eur,customer_id,postal_code,serial_numbers\n"
    "O1,1,2024-03-01,S,2,5,C1,75011,SN-1111|SN-1112\n"
    "O2,1,2024-03-02,S,1,5,C2,69002,SN-2222\n"
)
TICKETS = (
    "ticket_id,customer_id,order_id,serial_number,channel,requested_at,description,quantity\n"
    "T1,C1,O1,SN-1111,phone,2024-05-01,la poignée rouge est fendue en deux,1\n"
    "T2,C2,O2,SN-2222,phone,2024-05-02,le moteur cale au bout de dix minutes,1\n"
    "T3,,O1,SN-1112,phone,2024-05-03,le second appareil siffle dans les montées,1\n"
    "T4,C1,O1,SN-1111,phone,2024-05-04,quantité nulle et refus de la ligne,0\n"
)
REPAIRS = (
    "repair_id,ticket_id,serial_number,received_at,technician_notes\n"
    "R1,T1,SN-1111,2024-05-10,poignée remplacée par une neuve\n"
    "R2,T2,SN-2222,2024-05-11,carburateur nettoyé et réglé\n"
)
FILES = {"orders": ORDERS, "tickets": TICKETS, "repairs": REPAIRS}
THEIRS = (
    keyed_hash("C1", KEY.encode()),
    "SN-1111",
    "SN-1112",
    "poignée rouge",
    "second appareil",
    "poignée remplacée",
    "quantité nulle",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with two customers and their cases."""
    monkeypatch.setenv("SAVOIR_CUSTOMER_KEY", KEY)
    home = Home(tmp_path / "home").make()
    send(home, "one.csv")
    return home


def send(home: Home, name: str, end: str = "") -> None:
    for source, text in FILES.items():
        (home.inbox / source).mkdir(exist_ok=True)
        (home.inbox / source / name).write_text(text + end)
    take_all(home)


def forgotten(home: Home, customer: str = "C1"):
    return forget(home, customer, rebuild=lambda: True)


def rows(home: Home, feed: str, columns: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(
            f"select {columns} from {files_sql(feed_files(home, feed))} order by all"
        ).fetchall()


def test_the_search_finds_the_person_before(home: Home) -> None:
    for needle in THEIRS:
        assert search(home, [needle]).places, needle


def test_nothing_of_the_person_is_found_after(home: Home) -> None:
    done = forgotten(home)
    assert (done.orders, done.tickets, done.serials) == (1, 2 + 1, 2)
    outside = [path for path in search(home, list(THEIRS)).places if path != home.state]
    assert outside == []
    assert search(home, list(THEIRS[1:]), [home.state]).places == ()


def test_words_that_another_case_holds_too_are_no_find(home: Home) -> None:
    other = "T9,C2,O2,SN-2222,phone,2024-06-02,Bonjour. la poignée rouge est fendue en deux,1\n"
    (home.inbox / "tickets" / "later.csv").write_text(TICKETS.partition("\n")[0] + "\n" + other)
    take_all(home)
    forgotten(home)
    assert ("Bonjour. la poignée rouge est fendue en deux",) in rows(home, "tickets", "description")


def test_rows_links_and_everybody_else_stay(home: Home) -> None:
    others = [
        rows(home, "orders", "*")[1:],
        [row for row in rows(home, "tickets", "*") if row[0] == "T2"],
        [row for row in rows(home, "repairs", "*") if row[0] == "R2"],
    ]
    done = forgotten(home)
    assert [
        rows(home, "orders", "*")[1:],
        [row for row in rows(home, "tickets", "*") if row[0] == "T2"],
        [row for row in rows(home, "repairs", "*") if row[0] == "R2"],
    ] == others
    ((customer, place, numbers),) = [
        row[1:]
        for row in rows(home, "orders", "order_id, customer_id, postal_code, serial_numbers")
        if row[0] == "O1"
    ]
    assert (customer, place) == (done.surrogate, None)
    serial_of_case = dict(rows(home, "tickets", "ticket_id, serial_number"))
    assert numbers.split("|") == [serial_of_case["T1"], serial_of_case["T3"]]
    assert dict(rows(home, "repairs", "ticket_id, serial_number"))["T1"] == serial_of_case["T1"]
    assert [row[0] for row in rows(home, "tickets", "ticket_id")] == ["T1", "T2", "T3"]
    assert [refusal.file_row for refusal in quarantined(home)] == [5]


def test_the_same_rows_sent_again_bring_nothing_back(home: Home) -> None:
    forgotten(home)
    send(home, "two.csv", end="\n")
    outside = [path for path in search(home, list(THEIRS)).places if path != home.state]
    assert outside == []
    assert len(set(rows(home, "orders", "order_id, customer_id"))) == 2


def test_an_unknown_customer_is_a_sentence_and_changes_nothing(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.landing.rglob("*.parquet")}
    with pytest.raises(ForgetError, match="No order and no case"):
        forgotten(home, "C99")
    assert {path: path.read_bytes() for path in home.landing.rglob("*.parquet")} == before


def test_it_may_be_done_twice_and_keeps_its_surrogate(home: Home) -> None:
    assert forgotten(home).surrogate == forgotten(home).surrogate
    assert len(entries(home, "forget")) == 2


def test_backups_reports_and_dagster_are_seen_to(home: Home, tmp_path: Path) -> None:
    made = back_up(home, tmp_path / "b.tar")
    week = home.reports / "2024-W18"
    week.mkdir(parents=True)
    (week / "report.html").write_text("<p>SN-1111</p>")
    with sqlite3.connect(home.dagster / "index.db") as connection:
        connection.execute("create table event_logs (id integer primary key, event text)")
        connection.execute("insert into event_logs (event) values ('row SN-1111 failed'), ('another row')")
    said: list[str] = []
    done = forget(home, "C1", rebuild=lambda: True, say=said.append)
    assert [path for path, _ in done.backups] == [made.path]
    assert not week.exists()
    assert [line for line in said if "2024-W18" in line and "savoir report writes it again" in line]
    with sqlite3.connect(home.dagster / "index.db") as connection:
        assert connection.execute("select event from event_logs").fetchall() == [("another row",)]
    assert b"SN-1111" not in (home.dagster / "index.db").read_bytes()


def test_a_subscribers_report_that_holds_the_person_goes_whole_and_others_stay(home: Home) -> None:
    told, other = home.reports / "saws" / "2024-W18", home.reports / "saws" / "2024-W19"
    for folder in (told, other):
        folder.mkdir(parents=True)
        (folder / "report.pdf").write_bytes(b"%PDF")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", "<t>SN-1111</t>")
    with zipfile.ZipFile(told / "evidence-1.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("evidence.xlsx", inner.getvalue())
    forget(home, "C1", rebuild=lambda: True)
    assert (told.exists(), other.exists()) == (False, True)


def test_a_text_is_found_as_html_and_xml_write_it(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    (tmp_path / "a.html").write_text("<p>plus d&#39;&#34;étincelle&#34; &amp; rien</p>")
    assert search(home, ['plus d\'"étincelle" & rien']).places == (tmp_path / "a.html",)


def test_a_whole_home_forgets_a_customer_and_no_rate_moves(
    little_home: Home, savoir: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    made = savoir(little_home, "backup", str(tmp_path / "little.tar"))
    assert made.returncode == 0, made.stderr
    home = Home(tmp_path / "copy")
    assert savoir(home, "restore", str(tmp_path / "little.tar")).returncode == 0
    with duckdb.connect() as connection:
        hashed = connection.execute(
            f"select customer_id from {files_sql(feed_files(home, 'tickets'))} where customer_id is not null "
            "group by 1 order by count(*) desc, 1 limit 1"
        ).fetchone()
    assert hashed is not None
    before = content_hashes(home.current)
    done = savoir(home, "forget", _customer_of(home, hashed[0]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 found" in done.stdout
    after = content_hashes(home.current)
    assert after["marts.fct_life_table"] == before["marts.fct_life_table"]
    assert after["marts.fct_nevada"] == before["marts.fct_nevada"]
    assert after["marts.fct_reliability_fits"] == before["marts.fct_reliability_fits"]
    assert search(home, [hashed[0]], [home.landing, home.archive, home.published]).places == ()


def _customer_of(home: Home, hashed: str) -> str:
    """The id that the simulator gave: it numbers its customers."""
    key = home.customer_key.read_text().strip().encode()
    return next(name for number in range(200_000) if keyed_hash(name := f"C{number:09d}", key) == hashed)
