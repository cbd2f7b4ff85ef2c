"""Data health: is each feed alive, what came in and was refused, what the data says against itself."""

import polars as pl
import streamlit as st

from dashboards import fields
from dashboards.data import ask, visitor
from dashboards.figures import header
from dashboards.tables import grid, with_labels, with_texts
from dashboards.texts import language, t
from pipelines.home import Home
from pipelines.queries import freshness
from pipelines.queries.build_facts import build_facts
from pipelines.queries.formats import day, number
from pipelines.troubles import last_failure, refused


def refusals() -> None:
    """The refused rows that are still missing: by reason, then one by one, to be taken away."""
    every = pl.DataFrame(
        [
            {
                "feed": each.feed,
                "source": each.source,
                "file": each.file_name,
                "line": each.file_row,
                "reason": reason,
            }
            for each in refused(Home.at())
            for reason in each.reasons
        ],
        schema={
            "feed": pl.String,
            "source": pl.String,
            "file": pl.String,
            "line": pl.Int64,
            "reason": pl.String,
        },
    )
    st.subheader(t("health_refusals"), anchor=False)
    if every.is_empty():
        st.info(t("health_no_refusals"))
        return
    columns = {"feed": t("health_feed"), "reason": fields.text(t("health_reason"), "large")}
    counted = {"rows": fields.number(t("health_rows")), "first": fields.text(t("health_first"), "medium")}
    # What a sentence says of one row (a value between quotes, a number) is left out: rows alike are one line.
    by_reason = (
        every.with_columns(told=pl.col("reason").str.replace_all(r"'[^']*'|\"[^\"]*\"|“[^”]*”|\d+", "…"))
        .group_by("feed", "told")
        .agg(
            rows=pl.len(),
            reason=pl.col("reason").first(),
            first=pl.col("file").first() + ":" + pl.col("line").first().cast(pl.String),
        )
        .sort("rows", "feed", "reason", descending=[True, False, False])
    )
    grid(with_labels(by_reason, "feed"), columns | counted, t("health_refusals"))
    with st.expander(t("health_each"), icon=":material/table_rows:"):
        one = {
            "source": t("health_source"),
            "file": t("health_file"),
            "line": fields.number(t("health_line")),
        }
        grid(
            with_labels(every, "feed", "source"),
            columns | one,
            t("health_each"),
            height=420,
            name="refused_rows",
        )


def replaced() -> None:
    """What changed when this file replaced the one before."""
    found = ask(freshness.changes)
    with st.container(border=True):
        st.subheader(t("health_changes"), anchor=False)
        if found.is_empty():
            st.info(t("health_no_changes"))
            return
        unusual = found.filter("is_unusual").height
        before = found["replaced_build_id"][0]
        st.caption(t("health_changes_caption", build=before, n=number(found.height, lang)))
        if unusual:
            st.warning(t("health_unusual", n=number(unusual, lang)), icon=":material/difference:")
        told = found.with_columns(
            label=pl.when(pl.col("kind") == "rows")
            .then(pl.lit(t("health_rows_of")) + " " + pl.col("name"))
            .otherwise(pl.coalesce(f"label_{lang}", "name"))
        )
        shown = {
            "label": fields.text(t("health_what"), "large"),
            "value_before": fields.number(t("health_before"), 3),
            "value_now": fields.number(t("health_now"), 3),
            "step": fields.percent(t("health_step")),
            "usual_step": fields.percent(t("health_usual_step")),
            "is_unusual": fields.flag(t("health_is_unusual")),
        }
        grid(told, shown, t("health_changes"), height=360, name="changes")


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

failed = last_failure(Home.at(), build.finished_at) if visitor().grant is None else None
if failed is not None:
    st.error(
        t("health_failed", day=day(failed[0], lang), at=f"{failed[0]:%H:%M}"),
        icon=":material/running_with_errors:",
    )
    st.text(failed[1])

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
            "usual_gap_days": fields.number(t("health_usual_gap")),
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
        if came["rows_quarantined"].sum() and visitor().grant is None:
            refusals()

replaced()
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
