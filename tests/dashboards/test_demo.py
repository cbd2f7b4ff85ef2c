"""The pages and reports on a built demo: every mart they name is there, and the figures are the marts'."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.delivery.sending import preview
from pipelines.delivery.subscriptions import DEFAULT
from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.formats import by_format, euros, number, percent
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.queries.words import code_label

Open = Callable[..., AppTest]
PAGES = sorted(path.stem for path in (PROJECT_DIR / "dashboards" / "app_pages").glob("*.py"))


@pytest.fixture(scope="module")
def snapshot(demo_home: Home) -> Iterator[Snapshot]:
    opened = open_snapshot(demo_home)
    yield opened
    opened.close()


def metrics(app: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_on_the_marts(open_page: Open, demo_home: Home, page: str, language: str) -> None:
    app = open_page(page, demo_home, lang=language)
    assert not app.exception
    assert "savoir build" not in [each.value for each in app.code], "the page asks for another build"
    assert len(app.title) == 1


def test_the_overviews_figures_equal_an_independent_count(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    shown = metrics(open_page("overview", demo_home))
    as_of = snapshot.rows("select as_of from meta.build").item()
    units = snapshot.rows(
        "select sum(units)::bigint from marts.fct_order_lines "
        "where delivered_on <= ? and (cancelled_on is null or cancelled_on > delivered_on)",
        [as_of],
    ).item()
    tickets, claims, failures, opened, linked = snapshot.rows(
        """
        select count(*), count(*) filter (is_claim), count(*) filter (is_claim and cause = 'defect'),
               count(*) filter (is_claim and (closed_on is null or closed_on > ?)),
               count(*) filter (order_id <> '')
        from marts.fct_claims
        """,
        [as_of],
    ).row(0)
    assert shown["Units in service"] == number(units, "en")
    assert shown["Claims"] == number(claims, "en")
    assert shown["Failures"] == number(failures, "en")
    assert shown["Open claims"] == number(opened, "en")
    assert shown["Linked to a sale"] == percent(linked / tickets, "en")
    for month in (3, 12, 24):
        survival = 1.0
        steps = snapshot.rows(
            "select events, at_risk, censored from marts.fct_life_table "
            "where scope_type = 'all' and cohort is null and cause = 'defect' and age_month <= ?",
            [month],
        )
        for events, at_risk, censored in steps.iter_rows():
            survival *= 1 - events / (at_risk - censored / 2)
        assert shown[f"Failed within {month} months"] == percent(1 - survival, "en")


def test_the_audits_figures_equal_an_independent_count(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    shown = metrics(open_page("audit", demo_home))
    findings, amount = snapshot.rows(
        "select count(*), sum(amount_at_risk_eur) from marts.fct_audit_findings"
    ).row(0)
    assert shown["Findings"] == number(findings, "en")
    assert shown["Amount at risk"] == euros(float(amount), "en")


def test_the_misuse_pages_refusals_are_the_claims_refused(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    shown = metrics(open_page("misuse", demo_home))
    refused = snapshot.rows(
        "select count(*) from marts.fct_claims where is_claim and resolution = 'rejected_misuse'"
    )
    assert shown["Misuse refusals"] == number(refused.item(), "en")


def test_the_money_pages_figures_equal_an_independent_count(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    shown = metrics(open_page("money", demo_home))
    # From the parts of the costs, and from the orders' prices: not from the columns that the measures add up.
    paid, back, units, sales = snapshot.rows(
        """
        with claims as (select ticket_id from marts.fct_claims where is_claim)
        select
            (select sum(amount_eur)::double from marts.fct_claim_costs semi join claims using (ticket_id)
             where cost_kind = 'paid'),
            (select sum(amount_eur)::double from marts.fct_claim_costs semi join claims using (ticket_id)
             where component in ('customer_charge', 'resale_proceeds')),
            sum(units)::double, sum(units * unit_price_eur)::double
        from marts.fct_order_lines
        """
    ).row(0)
    assert shown["Net cost of claims"] == euros(paid - back, "en")
    assert shown["Recovered"] == euros(back, "en")
    assert shown["Recovered over paid"] == percent(back / paid, "en")
    linked = snapshot.rows(
        "select sum(net_cost_eur)::double from marts.fct_claims "
        "where is_claim and (order_id, line_number) in "
        "(select (order_id, line_number) from marts.fct_order_lines)"
    ).item()
    assert shown["Claim cost per unit sold"] == by_format(linked / units, "eur", "en")
    assert shown["Claim cost over sales"] == percent(linked / sales, "en")


def test_repair_or_replaces_figures_equal_an_independent_count(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    shown = metrics(open_page("remedies", demo_home))
    regret, deviation, is_right, priced = snapshot.rows(
        """
        select sum(expected_regret_eur)::double, sqrt(sum(regret_variance)::double),
            avg(case when (actual_remedy = 'repair') = (repair_cost_eur < replacement_cost_eur) then 1.0
                else 0 end) filter (is_priced and actual_remedy in ('repair', 'replacement')),
            count(repair_cost_eur + replacement_cost_eur)::double / count(*)
        from marts.fct_remedy_costs
        """
    ).row(0)
    assert shown["Expected regret"] == euros(regret, "en")
    assert deviation > 0
    assert shown["Cheaper remedy taken"] == percent(float(is_right), "en")
    assert shown["Priced"] == percent(float(priced), "en")


def test_the_forecasts_figures_equal_an_independent_count(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    shown = metrics(open_page("forecast", demo_home))
    # The whole range from its families, month by month.
    claims, cost = snapshot.rows(
        "select sum(expected_claims), sum(expected_cost_eur)::double from marts.fct_forecasts "
        "where scope_type = 'family' and as_of = (select as_of from meta.build)"
    ).row(0)
    assert shown["Claims in the next 24 months"] == number(claims, "en")
    assert float(re.sub(r"[^\d.]", "", shown["Reserve"])) == pytest.approx(cost, abs=10)
    held, made = snapshot.rows(
        "select count(*) filter (actual_claims between low and high), count(*) from marts.fct_forecasts "
        "where scope_type = 'all' and as_of < (select as_of from meta.build) and actual_claims is not null"
    ).row(0)
    assert shown["Past forecasts that held"] == percent(held / made, "en")


def test_a_claim_of_the_demo_opens_with_both_verdicts(
    open_page: Open, demo_home: Home, snapshot: Snapshot
) -> None:
    ticket = snapshot.rows(
        "select min(ticket_id) from marts.fct_claims "
        "where is_judged and repairs > 0 and closed_on is not null"
    ).item()
    app = open_page("claims", demo_home, claim=ticket)
    assert not app.exception
    shown = "\n".join(each.value for each in app.markdown)
    assert "The policy says" in shown
    assert "The law says" in shown


def test_the_report_of_the_demo_counts_the_marts_claims(demo_home: Home, snapshot: Snapshot) -> None:
    report = preview(demo_home, DEFAULT, "2026-W30")
    assert report is not None
    book = openpyxl.load_workbook(io.BytesIO(report.files["report.xlsx"]), read_only=True)
    rows = list(book["All comparisons of the week"].iter_rows(min_row=2, values_only=True))
    claimed = {family: machines for family, counted, machines, *_ in rows if counted == "Machines claimed"}
    monday = date(2026, 7, 20)
    for family, claims in snapshot.rows(
        "select family_code, sum(watched_units) from marts.fct_claims "
        "where is_claim and coalesce(defect_appeared_on, requested_on) between ? and ? group by 1",
        [monday, monday + timedelta(days=6)],
    ).iter_rows():
        assert claimed.pop(code_label(family, "en")) == claims
    assert claimed.pop("All families") > 0
    assert set(claimed.values()) <= {0}
    snapshot.close()
