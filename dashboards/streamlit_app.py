"""The dashboards (`streamlit run dashboards/streamlit_app.py`, home in SAVOIR_HOME): only navigation.

A new page is one file in `app_pages/` and one line in `PAGES`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards import guard
from dashboards.data import begin_run
from dashboards.navigation import link_button, search_box
from dashboards.saved import menu
from dashboards.texts import t
from dashboards.url_state import OneOf, bound, only_named, page_opened
from pipelines.queries.words import LANGUAGES

HERE = Path(__file__).parent
APP_PAGES = HERE / "app_pages"
ASSETS = HERE / "assets"

# Section, then (file and URL, icon) in reading order.
PAGES = {
    "nav_watch": [
        ("decisions", ":material/lightbulb:"),
        ("emerging", ":material/notification_important:"),
        ("overview", ":material/monitoring:"),
        ("changed", ":material/compare_arrows:"),
        ("products", ":material/inventory_2:"),
        ("centres", ":material/home_repair_service:"),
        ("weekly", ":material/event_note:"),
        ("failures", ":material/show_chart:"),
        ("forecast", ":material/trending_up:"),
        ("reports", ":material/outgoing_mail:"),
    ],
    "nav_work": [("worklist", ":material/inbox:"), ("claims", ":material/search:")],
    "nav_money": [("money", ":material/payments:"), ("remedies", ":material/build:")],
    "nav_policy": [
        ("audit", ":material/fact_check:"),
        ("misuse", ":material/report:"),
        ("rules", ":material/gavel:"),
        ("policy_lab", ":material/science:"),
    ],
    "nav_data": [("health", ":material/sensors:")],
}

# A Material icon here would be fetched from the network: the browser's tab takes a file.
st.set_page_config(page_title="Savoir", page_icon=str(ASSETS / "savoir.svg"), layout="wide")
st.logo(str(ASSETS / "savoir_wordmark.svg"), icon_image=str(ASSETS / "savoir.svg"), size="large")

begin_run()
st.html(ASSETS / "pages.css")
bar = st.container(horizontal=True, horizontal_alignment="right")
notices = st.container()
with st.sidebar, guard.speaking(notices):
    st.selectbox(
        "Language · Langue",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        label_visibility="collapsed",
        icon=":material/translate:",
        **bound("lang", OneOf(LANGUAGES), "en", is_sticky=True),
    )


def opened(name: str, icon: str) -> st.Page:
    """One page, under the name that the reader's language gives it."""
    return st.Page(APP_PAGES / f"{name}.py", title=t(f"page_{name}"), icon=icon, url_path=name)


def start() -> None:
    """The app's own address leads to the first page; the default page itself has no address of its own."""
    st.switch_page(first, query_params=st.query_params.to_dict())


sections = {t(section): [opened(name, icon) for name, icon in pages] for section, pages in PAGES.items()}
first = next(iter(sections.values()))[0]
hidden = [
    st.Page(start, title="Savoir", default=True, visibility="hidden"),
    *(
        st.Page(APP_PAGES / f"{name}.py", title=t(f"page_{name}"), url_path=name, visibility="hidden")
        for name in ("search", "supplier", "lot")
    ),
]
# Folded, the menu would say so in English.
page = st.navigation({"": hidden, **sections}, expanded=True)

page_opened(page.url_path)
if st.query_params.pop("exact", None):
    only_named()
with bar:
    search_box()
with guard.speaking(notices):
    try:
        page.run()
    finally:
        # A page that stops early has a link too.
        with bar, guard.speaking(notices):
            menu({path.stem for path in APP_PAGES.glob("*.py")})
            link_button()
