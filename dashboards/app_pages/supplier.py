"""One supplier in full: its rates and curve against all, money, products, lots, faults, claims."""

import streamlit as st

from dashboards import portraits
from dashboards.data import ask
from dashboards.figures import header
from dashboards.guard import end_page
from dashboards.navigation import go_to
from dashboards.texts import inert, t
from dashboards.url_state import OneOf, named
from pipelines.queries.build_facts import suppliers
from pipelines.queries.scopes import EVERYTHING, Scope

header(t("page_supplier"), t("supplier_subtitle"))
if st.button(t("suppliers_back"), icon=":material/arrow_back:", type="tertiary"):
    go_to("products", rank="supplier_id")
code = named("supplier", OneOf(ask(suppliers)))
if code is None:
    st.info(t("supplier_none"))
    end_page()
own = Scope(supplier_id=code)
st.subheader(inert(code), anchor=False)
portraits.alert_lines(own)
portraits.rates(own)
portraits.cost(own)
portraits.curve({code: own, t("curve_everything"): EVERYTHING})
portraits.units_by("sku", own)
portraits.units_by("lot_code", own)
left, right = st.columns(2, gap="medium")
with left:
    portraits.faults(own)
with right:
    portraits.centers(own)
portraits.words_of_customers(own)
portraits.claims_of(own)
