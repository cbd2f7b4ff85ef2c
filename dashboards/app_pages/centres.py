"""Service centres: days away with open jobs counted, first-time fix, cost, reach; one in full."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, map_charts, portraits
from dashboards.data import ask
from dashboards.figures import header
from dashboards.filters import scope as scope_filter
from dashboards.navigation import go_to
from dashboards.tables import behind, grid, with_texts
from dashboards.texts import inert, language, t
from pipelines.queries import centers, misuse
from pipelines.queries.formats import number, percent
from pipelines.queries.measures import values
from pipelines.queries.scopes import Scope


def days_card(scope: Scope) -> None:
    """Days until half and nine tenths of the machines are back, those still away counted."""
    found = ask(centers.days_away, scope)
    with st.container(border=True, height="stretch", gap="xxsmall"):
        row = found.row(0, named=True) if found.height else {"median_days": None, "late_days": None, "n": 0}
        half, late = (number(row[name], lang) if row[name] is not None else "–" for name in DAYS)
        st.metric(t("centre_days"), half, help=t("centre_days_help"))
        st.caption(t("centre_days_late", days=late))
        st.caption(t("centre_days_n", n=number(row["n"], lang), open=number(row.get("open", 0), lang)))


def reach(scope: Scope, chosen: str | None) -> None:
    """Where claims come from and whether a centre for them is near."""
    with st.container(border=True):
        st.subheader(t("centre_reach"), anchor=False)
        st.caption(t("centre_reach_caption", km=centers.NEAR_KM))
        claimed = ask(centers.reached, scope.without_center())
        if claimed.is_empty():
            st.info(t("no_claims"))
            return
        near = claimed["near"].sum() / claimed["claims"].sum()
        st.markdown(
            t("centre_reach_said", share=percent(near, lang), n=number(claimed["claims"].sum(), lang))
        )
        places = ask(centers.places).with_columns(is_chosen=pl.col("service_center_id") == (chosen or ""))
        of_chosen = places.filter("is_chosen")
        if of_chosen.height:
            row = of_chosen.row(0, named=True)
            own = centers.distances(row["latitude"], row["longitude"]).filter(pl.col("km") <= centers.NEAR_KM)
            reached = claimed.filter(pl.col("department").is_in(own["department"].to_list()))
            told = number(reached["claims"].sum(), lang)
            st.markdown(t("centre_reach_own", departments=number(own.height, lang), claims=told))
        words = {key: t(f"map_{key}") for key in map_charts.WORDS}
        charts.show(map_charts.reach(claimed, places, words), t("centre_reach_alt"), lang, 520)
        shown = {
            "department": t("map_department"),
            "claims": fields.number(t("axis_claims")),
            "near": fields.number(t("map_near")),
            "share": fields.percent(t("map_share")),
        }
        behind(claimed.sort("claims", descending=True), shown, "reach", t("centre_reach"))


DAYS = ("median_days", "late_days")
header(t("page_centres"), t("centres_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "centre"))
lang = language()
found = with_texts(ask(centers.ranked, scope), "status", "status_", "verdict").with_columns(
    label=pl.coalesce("name", "service_center_id")
)
if scope.service_center_id is not None:
    if st.button(t("centres_back"), icon=":material/arrow_back:", type="tertiary"):
        go_to("centres", centre="")
    row = found.row(0, named=True) if found.height else {"label": scope.service_center_id, "verdict": None}
    st.subheader(inert(f"{scope.service_center_id} · {row['label']}"), anchor=False)

shown = ask(values, "fct_repairs", centers.MEASURES, scope)
columns = st.columns(3)
with columns[0]:
    days_card(scope)
for column, name in zip([*columns[1:], *st.columns(3)], centers.MEASURES, strict=True):
    with column:
        portraits.measure_card(shown[name], scope=scope)

if scope.service_center_id is None:
    st.caption(t("centres_pick"))
    picked = grid(
        found,
        {
            "label": fields.text(t("centre"), "medium"),
            "repairs": fields.number(t("centre_repairs")),
            "median_days": fields.number(t("centre_days")),
            "late_days": fields.number(t("centre_late")),
            "open": fields.number(t("centre_open")),
            "first_time_fix_share": fields.percent(t("centre_fixed")),
            "low": fields.percent(t("axis_low")),
            "high": fields.percent(t("axis_high")),
            "repeat_share": fields.percent(t("centre_repeats")),
            "no_fault_share": fields.percent(t("centre_no_fault")),
            "repair_cost": fields.euro(t("centre_cost")),
            "verdict": t("centre_misuse"),
        },
        t("page_centres"),
        key="rank_centres",
        height=520,
        name="centres",
    )
    if picked is not None:
        go_to("centres", centre=found["service_center_id"][picked])
reach(scope, scope.service_center_id)
if scope.service_center_id is not None:
    st.header(t("page_misuse"), anchor=False)
    refused = ask(misuse.headline, scope)
    portraits.cards(
        [refused[name] for name in ("misuse_verdict_share", *misuse.SHARES[:1], "evidence_share")], scope
    )
    left, right = st.columns(2, gap="medium")
    with left:
        portraits.faults(scope)
    with right, st.container(border=True, height="stretch"):
        st.subheader(t("centre_verdict"), anchor=False)
        st.markdown(f"**{row['verdict'] or t('status_too_few')}**")
        st.page_link("app_pages/misuse.py", label=t("page_misuse"), query_params={"lang": lang})
    portraits.words_of_customers(scope)
    portraits.claims_of(scope)
