"""What a page says when it cannot show what was asked: always a sentence in the reader's language.

Belongs here: the sentences for an unknown value in the URL, for a home without a readable snapshot, and for
what nobody foresaw. Does not belong here: what a page says about an empty answer.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NoReturn

import streamlit as st

from dashboards.texts import inert, language, t
from dashboards.url_state import UnknownValueError, forget
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.measures import MeasureMissingError
from pipelines.queries.snapshot import SnapshotMissingError, SnapshotOutdatedError
from pipelines.queries.thresholds import ThresholdMissingError
from pipelines.queries.words import LANGUAGES

# The file was built by another version.
OUTDATED = (SnapshotOutdatedError, MeasureMissingError, ThresholdMissingError)
LOG = logging.getLogger("savoir.pages")


class PageEndError(Exception):
    """A page has said all that it can. After Streamlit's own stop nothing more could be drawn: no link."""


def end_page() -> NoReturn:
    """Leave the page here."""
    raise PageEndError


@contextmanager
def speaking(notices: Any) -> Generator[None]:
    """Run a part of a page; what goes wrong in it becomes a sentence in `notices`, above the page."""
    try:
        yield
    except PageEndError:
        return
    except UnknownValueError as error:
        with notices:
            _unknown(error)
    except (SnapshotMissingError, *OUTDATED) as error:
        with notices:
            _without_data(error)
    except SavoirError as error:
        with notices:
            st.warning(t("not_possible"), icon=":material/info:")
            st.text(str(error))
    except Exception:
        # The reader gets a number to quote; what happened is in the log under it.
        number = secrets.token_hex(4)
        LOG.exception("page %s, error %s", st.session_state.get("page", "?"), number)
        with notices:
            st.error(t("unexpected", number=number), icon=":material/error:")


def _unknown(error: UnknownValueError) -> None:
    with st.container(border=True):
        st.markdown(f"#### :material/link_off: {t('unknown_title')}")
        for each in error.refused:
            asked = inert(f"{each.key} = {each.shown}")
            st.markdown(t("unknown_value", asked=f"**{asked}**"))
            if each.nearest:
                st.markdown(t("unknown_nearest", names=", ".join(inert(name) for name in each.nearest)))
        st.button(
            t("unknown_go_on"),
            icon=":material/filter_alt_off:",
            on_click=forget,
            args=([each.key for each in error.refused],),
            key="unknown_go_on",
        )


def _without_data(error: SavoirError) -> None:
    home = Home.at()
    if not home.current.exists():
        key = "no_snapshot"
    elif isinstance(error, SnapshotMissingError):
        key = "unreadable_snapshot"
    else:
        LOG.warning("%s", error)
        key = "outdated_snapshot"
    with st.container(border=True):
        st.markdown(f"#### :material/hourglass_empty: {t('nothing_to_show')}")
        st.text(t(key, home=home.root))
        st.code("savoir build", language="bash")
        st.caption(t("nothing_hint", language=LANGUAGES[language()]))
