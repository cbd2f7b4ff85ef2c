"""Ways from one page to another: to a claim and back to where one came from, and the address to send."""

from __future__ import annotations

import streamlit as st

from dashboards.texts import language, t
from dashboards.url_state import link

APP_PAGES = "app_pages"


def go_to(page: str, **parameters: str) -> None:
    """Open a page with these parameters; filters that the parameters do not name stay as they were."""
    st.switch_page(f"{APP_PAGES}/{page}.py", query_params={"lang": language(), **parameters})


def open_claim(ticket_id: str) -> None:
    """Open one claim; its way back leads to the page that runs now."""
    go_to("claims", claim=ticket_id, back=st.session_state["page"])


def way_back(known_pages: set[str]) -> None:
    """The button that leads from a claim to where one came from, else to the list of claims."""
    back = st.query_params.get("back", "")
    is_elsewhere = back in known_pages and back != "claims"
    label = t("back_to_page", page=t(f"page_{back}")) if is_elsewhere else t("back_to_list")
    if not st.button(label, icon=":material/arrow_back:", type="tertiary"):
        return
    if is_elsewhere:
        go_to(back)
    st.query_params.pop("claim", None)
    st.query_params.pop("back", None)
    st.rerun()


def search_box() -> None:
    """The box that finds a ticket, order, serial, repair, product, lot, supplier or centre from any page."""
    key = "search_box"

    def asked() -> None:
        # The box is cleared here: what is looked for stands in the address of the page that answers.
        st.session_state["asked"], st.session_state[key] = st.session_state[key], ""

    st.text_input(
        t("search"),
        placeholder=t("search_all"),
        icon=":material/search:",
        label_visibility="collapsed",
        key=key,
        on_change=asked,
        width=360,
    )
    text = st.session_state.pop("asked", "").strip()
    if text:
        go_to("search", find=text)


def link_button() -> None:
    """The address of the view as it stands, ready to be copied. Drawn once the page has written its URL."""
    with st.popover(t("copy_link"), icon=":material/link:", type="tertiary", help=t("copy_link_help")):
        st.code(link(), language=None, wrap_lines=True)
