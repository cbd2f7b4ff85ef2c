"""No page breaks where there is nothing to show: filters without rows, homes without a feed, old files."""

from __future__ import annotations

import csv
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.snapshot import open_snapshot

Open = Callable[..., AppTest]
PAGES = sorted(path.stem for path in (PROJECT_DIR / "dashboards" / "app_pages").glob("*.py"))
# Homes built from a part of a retailer's files; the one claim has no repair either.
KINDS = ("empty", "no_tickets", "one_claim")


def stands(app: AppTest) -> None:
    """No traceback, and no sentence about a page that could not be drawn."""
    assert not app.exception
    assert not app.error
    assert len(app.title) == 1


@pytest.fixture(scope="module")
def nowhere(demo_home: Home) -> list[dict[str, str]]:
    """Filters of the demo that find no misuse, no repair, no finding, no claim or no sale."""
    snapshot = open_snapshot(demo_home)
    never = (
        "select min(sku) from marts.dim_products where sku not in (select sku from marts.{} where sku is {})"
    )
    skus = [
        snapshot.rows(never.format(mart, "not null")).item()
        for mart in ("fct_misuse_rejections", "fct_audit_findings", "fct_claims", "fct_repairs")
    ]
    center = snapshot.rows(
        "select min(service_center_id) from marts.dim_service_centers where service_center_id not in "
        "(select service_center_id from marts.fct_misuse_rejections where service_center_id is not null)"
    ).item()
    pair = snapshot.rows(
        "select p.family_code, c.service_center_id "
        "from (select distinct family_code from marts.dim_products) as p "
        "cross join (select distinct service_center_id from marts.dim_service_centers) as c "
        "anti join marts.fct_claims as f using (family_code, service_center_id) order by all limit 1"
    ).row(0)
    snapshot.close()
    scopes = [{"sku": sku} for sku in dict.fromkeys(skus) if sku is not None]
    scopes += [{"centre": center}] if center is not None else []
    return [
        *scopes,
        {"family": pair[0], "centre": pair[1]},
        {"from": "2021-01-01", "until": "2021-01-02"},
    ]


@pytest.mark.parametrize("page", PAGES)
def test_a_filter_that_finds_nothing_says_so(
    open_page: Open, demo_home: Home, nowhere: list[dict[str, str]], page: str
) -> None:
    assert len(nowhere) >= 4
    for filters in nowhere:
        stands(open_page(page, demo_home, **filters))


@pytest.fixture(scope="module")
def whole_files(savoir: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inbox of a small retailer."""
    home = Home.at(tmp_path_factory.mktemp("whole"))
    assert savoir(home, "simulate", "--lines", "1500", "--seed", "2", "--end", "2026-10-31").returncode == 0
    return home.inbox


@pytest.fixture(scope="module", params=KINDS)
def sparse_home(
    request: pytest.FixtureRequest,
    savoir: Callable[..., Any],
    whole_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Home:
    """A home built by the commands from a part of those files. Slow."""
    home = Home.at(tmp_path_factory.mktemp(request.param))
    dropped = {"no_tickets": ("tickets", "repairs"), "one_claim": ("repairs",)}
    tickets = 0
    for path in sorted(whole_files.rglob("*.csv")) if request.param != "empty" else []:
        feed = path.parent.name
        if feed in dropped[request.param]:
            continue
        target = home.inbox / path.relative_to(whole_files)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if (request.param, feed) == ("one_claim", "tickets"):
            with path.open(encoding="utf-8", newline="") as file:
                head, *rows = csv.reader(file)
            kept = [row for row in rows if row[head.index("category")] == "breakdown"][: 1 - tickets]
            tickets += len(kept)
            with target.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([head, *kept])
    home.inbox.mkdir(parents=True, exist_ok=True)
    done = savoir(home, "build", "--as-of", "2026-10-31")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return home


@pytest.mark.parametrize("page", PAGES)
def test_a_home_that_lacks_a_feed_has_every_page(open_page: Open, sparse_home: Home, page: str) -> None:
    for parameters in ({}, {"lang": "fr", "family": "chainsaw"}):
        stands(open_page(page, sparse_home, **parameters))


@pytest.fixture(scope="module")
def older_home(small_home_builder: Any, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose file has neither the tables of money and policy nor a column that claims have today."""
    home = Home.at(tmp_path_factory.mktemp("older"))
    path = small_home_builder.make(home.root)
    with duckdb.connect(str(path)) as con:
        con.execute("drop table marts.fct_remedy_costs; drop table marts.fct_nevada")
        con.execute("drop table marts.fct_audit_findings; drop table marts.fct_misuse_rejections")
        con.execute("alter table marts.fct_claims drop column net_cost_eur")
        con.execute("delete from meta.measures where name = 'claims_per_1000'")
    return home


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_file_of_another_version_is_a_sentence(open_page: Open, older_home: Home, language: str) -> None:
    told = {"en": "built by another version", "fr": "construit par une autre version"}[language]
    for page in ("overview", "claims", "money", "remedies", "failures", "audit", "misuse"):
        app = open_page(page, older_home, lang=language)
        stands(app)
        assert any(told in each.value for each in app.text), page


def test_a_shop_without_fault_codes_is_told_what_a_diagnosis_would_add(
    open_page: Open, small_home_builder: Any, tmp_path: Path
) -> None:
    home = Home.at(tmp_path)
    path = small_home_builder.make(home.root)
    told = {"en": "No repair here names a fault", "fr": "Aucune réparation n'indique de panne"}
    for page in ("failures", "misuse"):
        assert not any(told["en"] in each.value for each in open_page(page).info), page
    with duckdb.connect(str(path)) as con:
        con.execute("update marts.fct_repairs set fault_code = null")
    for page in ("failures", "misuse"):
        for language, sentence in told.items():
            app = open_page(page, home, lang=language)
            stands(app)
            assert any(sentence in each.value for each in app.info), (page, language)


def test_a_file_that_cannot_be_read_is_a_sentence(open_page: Open, tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.published.mkdir()
    (home.published / "savoir-1.duckdb").write_bytes(b"no database")
    home.current.symlink_to("savoir-1.duckdb")
    app = open_page("overview", home, lang="fr")
    stands(app)
    assert any("est illisible" in each.value for each in app.text)


def test_what_nobody_foresaw_is_a_sentence_with_a_number_in_the_log(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr("pipelines.queries.claims.open_claims", breaks)
    with caplog.at_level(logging.ERROR, logger="savoir.pages"):
        app = open_page("worklist")
    assert not app.exception
    number = app.error[0].value.split("number ")[1].split(".")[0]
    assert "secret" not in app.error[0].value
    logged = next(record for record in caplog.records if number in record.getMessage())
    assert "a secret of the inside" in str(logged.exc_info)
