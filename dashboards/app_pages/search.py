"""Search: what a key begins, by kind; one exact hit opens at once."""

import streamlit as st

from dashboards.data import ask
from dashboards.figures import header
from dashboards.guard import end_page
from dashboards.navigation import go_to, open_claim
from dashboards.texts import inert, language, t
from pipelines.queries.search import HITS, found

# Where a hit of a kind leads: the page, and the parameter that its key goes into.
WAYS = {
    "ticket": ("claims", "claim"),
    "order": ("claims", "q"),
    "serial": ("claims", "claim"),
    "repair": ("claims", "claim"),
    "sku": ("products", "sku"),
    "lot": ("lot", "lot"),
    "supplier": ("supplier", "supplier"),
    "centre": ("centres", "centre"),
}


def way(kind: str, key: str, beside: str | None) -> tuple[str, dict[str, str]]:
    """The page of a hit and its parameters: serials and repairs lead to their ticket."""
    page, parameter = WAYS[kind]
    return page, {parameter: beside if kind in ("serial", "repair") and beside else key}


header(t("page_search"), t("search_subtitle"))
text = st.query_params.get("find", "")
hits = ask(found, text)
exact = hits.filter("is_exact")
if exact.height == 1:
    kind, key, beside, _ = exact.row(0)
    page, parameters = way(kind, key, beside)
    if "claim" in parameters:
        open_claim(parameters["claim"])
    go_to(page, **parameters)
if hits.is_empty():
    st.info(t("search_nothing"))
    st.text(text)
    end_page()
for kind in hits["kind"].unique(maintain_order=True):
    of_kind = hits.filter(hits["kind"] == kind)
    with st.container(border=True):
        st.subheader(t(f"kind_{kind}"), anchor=False)
        for _, key, beside, _ in of_kind.iter_rows():
            page, parameters = way(kind, key, beside)
            st.page_link(
                f"app_pages/{page}.py",
                label=inert(f"{key} · {beside}" if beside else key),
                query_params={"lang": language(), **parameters},
            )
        if of_kind.height == HITS:
            st.caption(t("search_more", n=HITS))
