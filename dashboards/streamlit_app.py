"""The dashboards (`streamlit run dashboards/streamlit_app.py`, home in SAVOIR_HOME): only navigation.

A new page is one file in `app_pages/` and one line in `PAGES`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards.texts import language, t
from dashboards.url_state import bound, one_of, page_opened
from pipelines.errors import SavoirError
from pipelines.queries.words import LANGUAGES

HERE = Path(__file__).parent
APP_PAGES = HERE / "app_pages"
ASSETS = HERE / "assets"

# Section, then (file and URL, icon) in reading order.
PAGES = {
    "nav_watch": [
        ("overview", ":material/monitoring:"),
        ("weekly", ":material/event_note:"),
        ("failures", ":material/show_chart:"),
        ("forecast", ":material/trending_up:"),
    ],
    "nav_work": [("worklist", ":material/inbox:"), ("claims", ":material/search:")],
    "nav_money": [("money", ":material/payments:"), ("remedies", ":material/build:")],
    "nav_policy": [
        ("audit", ":material/fact_check:"),
        ("misuse", ":material/report:"),
        ("rules", ":material/gavel:"),
        ("policy_lab", ":material/science:"),
    ],
}

# A Material icon here would be fetched from the network: the browser's tab takes a file.
st.set_page_config(page_title="Savoir", page_icon=str(ASSETS / "savoir.svg"), layout="wide")
st.logo(str(ASSETS / "savoir_wordmark.svg"), icon_image=str(ASSETS / "savoir.svg"), size="large")

with st.sidebar:
    st.selectbox(
        "Language · Langue",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        label_visibility="collapsed",
        icon=":material/translate:",
        **bound("lang", one_of(LANGUAGES), "en", is_sticky=True),
    )

page = st.navigation(
    {
        t(section): [
            st.Page(
                APP_PAGES / f"{name}.py",
                title=t(f"page_{name}"),
                icon=icon,
                url_path=name,
                default=name == "overview",
            )
            for name, icon in pages
        ]
        for section, pages in PAGES.items()
    }
)

page_opened(page.url_path)
try:
    page.run()
except SavoirError as error:
    # Written for people: a missing or unreadable snapshot says which command to run.
    with st.container(border=True):
        st.markdown(f"#### :material/hourglass_empty: {t('nothing_to_show')}")
        st.text(str(error))
        st.code("savoir build", language="bash")
        st.caption(t("nothing_hint", language=LANGUAGES[language()]))
