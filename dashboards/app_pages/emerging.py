"""What is emerging: alerts by what is at stake, what is watched and what cannot be; one signal in full."""

import polars as pl
import streamlit as st

from dashboards import fields, signal_view
from dashboards.data import ask, visitor
from dashboards.figures import header
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import go_to
from dashboards.tables import grid, with_labels, with_sentences, with_texts
from dashboards.texts import language, t
from dashboards.url_state import Unknown, UnknownValueError
from pipelines.home import Home
from pipelines.queries import emerging
from pipelines.queries.claims import fault_labels
from pipelines.queries.formats import number, percent
from pipelines.queries.scopes import Scope
from pipelines.signals.ledger import alerts as ledger_alerts

SHOWN_IN_FULL = 8


def budget() -> None:
    """What is declared, how much of the range is covered, and what the ledger holds."""
    known = ask(emerging.declared)
    # Who sees a part of the range is told of its alerts alone.
    seen = None if visitor().grant is None else set(ask(emerging.alerts, Scope())["signal_id"])
    fired = [each for each in ledger_alerts(Home.at()) if seen is None or each.signal_id in seen]
    counts = {
        "declared": number(known.false_alerts, lang),
        "nodes": number(known.nodes, lang),
        "watched": number(known.watched, lang),
        "shows": percent(known.shows_thrice / known.watched if known.watched else None, lang),
    }
    st.caption(t("emerging_declared", **counts))
    if fired:
        years = max((known.as_of - min(each.fired_on for each in fired)).days / 365.25, 1.0)
        status = [each.status for each in fired]
        st.caption(
            t(
                "emerging_ledger",
                n=number(len(fired), lang),
                a_year=number(len(fired) / years, lang, 1),
                confirmed=number(status.count("confirmed"), lang),
                closed=number(status.count("closed"), lang),
                open=number(status.count("alert"), lang),
            )
        )
    else:
        st.caption(t("emerging_ledger_empty"))


def names(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with what each row is in words."""
    return frame.with_columns(
        node=pl.Series(
            [signal_view.named(row, labels) for row in frame.iter_rows(named=True)], dtype=pl.String
        )
    )


def listed(frame: pl.DataFrame, columns: dict[str, fields.Field | str], title: str, key: str) -> None:
    """A table of signals; picking a row opens it."""
    shown = with_texts(with_labels(names(frame), "family_code"), "status", "signal_status_", "status_label")
    picked = grid(shown, columns, title, key=key, name=key)
    if picked is not None:
        go_to("emerging", signal=frame["signal_id"][picked])


header(t("page_emerging"), t("emerging_subtitle"))
lang = language()
labels = ask(fault_labels, lang)

opened = st.query_params.get("signal")
if opened:
    row = ask(emerging.signal, opened)
    if row is None:
        raise UnknownValueError([Unknown("signal", opened)])
    if st.button(t("emerging_back"), icon=":material/arrow_back:", type="tertiary"):
        go_to("emerging")
    signal_view.show(row)
    end_page()

scope = scope_filter(("family", "sku"))
budget()
alerts = ask(emerging.alerts, scope)
if alerts.is_empty():
    st.success(t("emerging_none"), icon=":material/check:")
for row in alerts.head(SHOWN_IN_FULL).iter_rows(named=True):
    with st.container(border=True):
        st.markdown(signal_view.sentence_of(row, labels))
        if st.button(t("emerging_open"), icon=":material/arrow_forward:", key=f"open_{row['signal_id']}"):
            go_to("emerging", signal=row["signal_id"])
MEASURES = {
    "observed": fields.number(t("signal_observed")),
    "expected": fields.number(t("signal_expected"), 1),
    "ratio": fields.number(t("signal_ratio"), 1),
    "ratio_low": fields.number(t("axis_low"), 1),
    "ratio_high": fields.number(t("axis_high"), 1),
}
if alerts.height:
    st.subheader(t("emerging_all"), anchor=False)
    columns = {
        "node": fields.text(t("signal_node"), "large"),
        "family_code": t("family"),
        "status_label": t("signal_status"),
        **MEASURES,
        "first_signal_on": fields.day(t("signal_first")),
        "units_under_warranty": fields.number(t("axis_units_warranty")),
        "expected_claims": fields.number(t("signal_to_come"), 1),
        "cost_at_risk_eur": fields.euro(t("signal_at_risk")),
        "is_batch_finding": fields.flag(t("signal_batch")),
        "is_online_finding": fields.flag(t("signal_online")),
    }
    listed(alerts, columns, t("emerging_all"), "emerging_alerts")

st.subheader(t("emerging_watch"), anchor=False)
st.caption(t("emerging_watch_caption"))
watched = ask(emerging.watch_list, scope)
if watched.is_empty():
    st.info(t("emerging_watch_none"))
else:
    told = pl.Series(
        [signal_view.power_in_words(row) for row in watched.iter_rows(named=True)], dtype=pl.String
    )
    columns = {
        "node": fields.text(t("signal_node"), "medium"),
        "told": fields.text(t("signal_power"), "large"),
        **MEASURES,
        "shrunken_ratio_low": fields.number(t("signal_shrunken_low"), 2),
        "units_under_warranty": fields.number(t("axis_units_warranty")),
        "family_code": t("family"),
    }
    listed(watched.with_columns(told=told), columns, t("emerging_watch"), "emerging_watch")

st.subheader(t("emerging_unwatched"), anchor=False)
blind = ask(emerging.not_watched, scope)
if blind.is_empty():
    st.info(t("emerging_unwatched_none"))
else:
    shown = with_texts(with_sentences(blind, "not_watchable_reason"), "level", "signal_level_", "level_label")
    grid(
        shown,
        {
            "level_label": t("signal_level"),
            "not_watchable_reason": fields.text(t("signal_reason"), "large"),
            "nodes": fields.number(t("signal_nodes")),
            "units_sold": fields.number(t("axis_units")),
        },
        t("emerging_unwatched"),
        name="emerging_not_watched",
    )
