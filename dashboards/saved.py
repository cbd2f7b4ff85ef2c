"""The menu of saved views: name the view as it stands, open one, forget one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import streamlit as st

from dashboards.data import visitor
from dashboards.texts import inert, language, t
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.saved_views import SavedView, forget, save, saved


def menu(pages: set[str]) -> None:
    """The visitor's views, and a field that saves this one. Drawn once the page has written its address."""
    home = Home.at()
    try:
        person = visitor().name
    except SavoirError:
        # The page says it.
        return
    with st.popover(t("saved_views"), icon=":material/bookmark:", type="tertiary"):
        name = st.text_input(t("saved_name"), max_chars=80, key="saved_name")
        if st.button(t("saved_save"), icon=":material/bookmark_add:", key="saved_save"):
            query = urlencode({key: text for key, text in st.query_params.to_dict().items() if key != "lang"})
            try:
                save(home, person, SavedView(name, st.session_state["page"], query))
            except SavoirError as error:
                st.warning(str(error))
        try:
            views = saved(home, person)
        except SavoirError as error:
            st.warning(str(error))
            return
        for place, view in enumerate(each for each in views if each.page in pages):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.page_link(
                    f"app_pages/{view.page}.py",
                    label=inert(view.name),
                    query_params={"lang": language(), "exact": "1", **dict(parse_qsl(view.query))},
                )
                st.button(
                    t("saved_forget"),
                    icon=":material/delete:",
                    type="tertiary",
                    key=f"saved_forget_{place}",
                    on_click=forget,
                    args=(home, person, view.name),
                )
