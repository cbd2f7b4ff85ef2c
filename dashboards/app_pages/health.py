"""Data health: is each feed alive, what came in and was refused, what the data says against itself."""

import polars as pl
import streamlit as st

from dashboards import fields
from dashboards.data import ask
from dashboards.figures import header
from dashboards.tables import grid, with_labels, with_texts
from dashboards.texts import language, t
from pipelines.queries import freshness
from pipelines.queries.build_facts import build_facts
from pipelines.queries.formats import day, number

header(t("page_health"), t("health_subtitle"))
lang = language()
build = ask(build_facts)
st.caption(
    t(
        "health_build",
        build=build.build_id,
        day=day(build.finished_at, lang),
        at=f"{build.finished_at:%H:%M}",
        checks=number(build.checks_passed, lang),
    )
)

with st.container(border=True):
    st.subheader(t("health_feeds"), anchor=False)
    st.caption(t("health_feeds_caption"))
    feeds = with_texts(with_texts(ask(freshness.feeds), "feed", "feed_", "name"), "state", "state_", "told")
    grid(
        feeds,
        {
            "name": t("health_feed"),
            "told": t("health_state"),
            "last_event_on": fields.day(t("health_last_event")),
            "days_quiet": fields.number(t("health_days_quiet")),
            "usual_gap_days": fields.number(t("health_usual_gap"), 1),
            "last_received_at": fields.day(t("health_last_delivery")),
        },
        t("health_feeds"),
        name="feeds",
    )

with st.container(border=True):
    st.subheader(t("health_deliveries"), anchor=False)
    came = ask(freshness.deliveries)
    if came.is_empty():
        st.info(t("health_nothing_came"))
    else:
        broken = came.filter(~pl.col("is_conserved"))
        if broken.is_empty():
            st.success(t("health_conserved", n=number(came.height, lang)), icon=":material/check:")
        else:
            st.error(t("health_not_conserved", n=number(broken.height, lang)), icon=":material/error:")
        grid(
            with_labels(came, "feed", "source"),
            {
                "received_at": fields.day(t("health_received")),
                "source": t("health_source"),
                "feed": t("health_feed"),
                "rows_read": fields.number(t("health_read")),
                "rows_loaded": fields.number(t("health_loaded")),
                "rows_duplicate": fields.number(t("health_duplicate")),
                "rows_quarantined": fields.number(t("health_refused")),
                "rows_skipped": fields.number(t("health_skipped")),
                "is_conserved": fields.flag(t("health_conserved_short")),
            },
            t("health_deliveries"),
            name="deliveries",
        )
        if came["rows_quarantined"].sum():
            st.caption(t("health_quarantine"))
            st.code("savoir quarantine", language="bash")

left, right = st.columns([3, 2], gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("health_findings"), anchor=False)
    st.caption(t("health_findings_caption"))
    found = ask(freshness.findings)
    if found.is_empty():
        st.info(t("health_no_findings"))
    else:
        grid(
            with_labels(found, "feed"),
            {
                "feed": t("health_feed"),
                "rows": fields.number(t("health_rows")),
                f"sentence_{lang}": fields.text(t("health_reading"), "large"),
            },
            t("health_findings"),
            name="findings",
        )
with right, st.container(border=True, height="stretch"):
    st.subheader(t("health_completeness"), anchor=False)
    st.caption(t("health_completeness_caption"))
    known = with_texts(ask(freshness.completeness), "part", "known_", "told").with_columns(
        share=pl.when(pl.col("of") > 0).then(pl.col("known") / pl.col("of"))
    )
    grid(
        known,
        {
            "told": t("health_known"),
            "share": fields.percent(t("share_share")),
            "known": fields.number(t("health_with_it")),
            "of": fields.number(t("axis_claims")),
        },
        t("health_completeness"),
        name="completeness",
    )
