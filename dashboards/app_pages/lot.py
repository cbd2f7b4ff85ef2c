"""One lot in full: its failures against the other lots of its product, money, faults, claims."""

import polars as pl
import streamlit as st

from dashboards import portraits
from dashboards.data import ask
from dashboards.figures import header
from dashboards.guard import end_page
from dashboards.navigation import go_to
from dashboards.texts import inert, language, t
from dashboards.url_state import OneOf, named
from pipelines.queries import overview, products
from pipelines.queries.build_facts import lots
from pipelines.queries.formats import number
from pipelines.queries.scopes import Scope

header(t("page_lot"), t("lot_subtitle"))
lang = language()
if st.button(t("lots_back"), icon=":material/arrow_back:", type="tertiary"):
    go_to("products", rank="lot_code")
code = named("lot", OneOf(ask(lots)))
if code is None:
    st.info(t("lot_none"))
    end_page()
own = Scope(lot_code=code)
st.subheader(inert(code), anchor=False)
skus = ask(products.grouped, "sku", own)
for sku in skus["sku"]:
    others = ask(products.grouped, "lot_code", Scope(sku=sku))
    like = others.filter((pl.col("lot_code") != code) & pl.col("is_enough"))["failures_per_1000"]
    mine = others.filter(pl.col("lot_code") == code)["failures_per_1000"]
    if like.len() and mine.len() and mine[0] is not None:
        told = {"own": mine[0] * 1000, "like": (like.median() or 0) * 1000}
        st.markdown(
            t(
                "lot_line",
                sku=inert(sku),
                n=like.len(),
                **{key: number(v, lang, 1) for key, v in told.items()},
            )
        )
portraits.alert_lines(own)
portraits.cards([*ask(overview.per_unit, own).values()], own)
portraits.cost(own)
portraits.units_by("sku", own)
left, right = st.columns(2, gap="medium")
with left:
    portraits.faults(own)
with right:
    portraits.centers(own)
portraits.words_of_customers(own)
portraits.claims_of(own)
