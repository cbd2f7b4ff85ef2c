"""Policy lab: another rule set over every past claim, what flips, what it would have cost."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, share_charts
from dashboards.data import ask
from dashboards.figures import header
from dashboards.guard import end_page
from dashboards.navigation import open_claim
from dashboards.tables import grid, matrix_or_table, with_labels, with_sentences
from dashboards.texts import inert, language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries.formats import euros, number
from pipelines.queries.policy_lab import (
    MOST_BYTES,
    Estimate,
    MalformedRulesError,
    in_force,
    replayed,
    seed,
    versions,
)

LIST_LIMIT = 1000
MONEY = ("cost", "deferred", "exposure")
CARDS_PER_ROW = 3

header(t("page_policy_lab"), t("lab_subtitle"))
lang = language()
sources = ("seed", "upload")
source = st.segmented_control(
    t("lab_source"),
    sources,
    required=True,
    format_func={code: t(f"lab_source_{code}") for code in sources}.__getitem__,
    **bound("source", OneOf(sources), "seed"),
)
rules, numbers = seed()
if source == "upload":
    megabytes = MOST_BYTES // 1_000_000
    file = st.file_uploader(t("lab_upload", megabytes=megabytes), type="csv", max_upload_size=megabytes)
    number_file = st.file_uploader(t("lab_upload_numbers"), type="csv", max_upload_size=megabytes)
    if file is None:
        st.info(t("lab_upload_hint"))
        end_page()
    rules = file.getvalue(), file.name
    numbers = (number_file.getvalue(), number_file.name) if number_file else None


def malformed(error: MalformedRulesError) -> None:
    st.error(t("lab_malformed"), icon=":material/rule:")
    # The sentences quote the file: shown letter by letter.
    for sentence in error.sentences:
        st.text(sentence)
    end_page()


try:
    names = ask(versions, rules)
    # The page opens on the first version, drafts first, that has something to say.
    with st.spinner(t("lab_running")):
        telling = (name for name in names if ask(replayed, rules, numbers, name).moved.height)
        opening = next(telling, names[0])
    version = st.selectbox(t("lab_version"), names, **bound("version", OneOf(names), opening))
    with st.spinner(t("lab_running")):
        done = ask(replayed, rules, numbers, version)
except MalformedRulesError as error:
    malformed(error)
if (now := ask(in_force)) is not None:
    st.caption(t("lab_compared", version=inert(version), now=inert(now)))
for each in done.numbers:
    key = "lab_number" if each.is_replayed else "lab_number_ignored"
    now, here = each.in_force or "–", each.here or "–"
    st.caption(t(key, number=each.parameter, unit=each.unit, now=now, here=here))


def written(estimate: Estimate, value: float | None) -> str:
    if estimate.name in MONEY:
        return euros(value, lang)
    return number(value, lang, 1 if estimate.name == "repeat_repairs" else 0)


def card(estimate: Estimate) -> None:
    with st.container(border=True, height="stretch", gap="xxsmall"):
        sign = "+" if estimate.name != "flips" and estimate.change > 0 else ""
        st.metric(
            t(f"lab_{estimate.name}"),
            sign + written(estimate, estimate.change),
            help=t(f"lab_{estimate.name}_help"),
        )
        if estimate.low != estimate.high:
            limits = t(
                "lab_limits", low=written(estimate, estimate.low), high=written(estimate, estimate.high)
            )
            st.caption(t("interval", limits=limits))
        if estimate.before is not None:
            before, after = written(estimate, estimate.before), written(estimate, estimate.after)
            st.caption(t("lab_before_after", before=before, after=after))
        st.caption(t("lab_rests_on", n=number(estimate.claims, lang)))


for first in range(0, len(done.estimates), CARDS_PER_ROW):
    row = done.estimates[first : first + CARDS_PER_ROW]
    for column, estimate in zip(st.columns(CARDS_PER_ROW), row, strict=False):
        with column:
            card(estimate)
st.caption(t("lab_intervals"))
if not done.moved.height:
    st.success(t("lab_nothing_moves", n=number(done.claims, lang)), icon=":material/check:")

money_column = fields.euro(t("lab_change"))
with st.container(border=True):
    st.subheader(t("lab_matrix"), anchor=False)
    st.caption(t("lab_matrix_caption"))
    labelled = with_labels(done.matrix, "before_outcome", "after_outcome")
    cells = labelled.select("claims", policy="before_outcome", practice="after_outcome")
    words = {key: t(f"share_{key}") for key in share_charts.WORDS}
    words |= {"policy": t("lab_before"), "practice": t("lab_after")}
    height = 90 + 30 * cells["policy"].n_unique()
    counted = fields.number(t("axis_claims"))
    shown = {"before_outcome": t("lab_before"), "after_outcome": t("lab_after"), "claims": counted}
    shown |= {"change_eur": money_column}
    with matrix_or_table(labelled, shown, "replay_matrix", t("lab_matrix")):
        charts.show(share_charts.verdict_matrix(cells, words), t("lab_matrix_alt"), lang, height)

if done.unpriced.height:
    with st.container(border=True):
        st.subheader(t("lab_unpriced"), anchor=False)
        st.caption(t("lab_unpriced_caption"))
        grid(
            with_sentences(done.unpriced, "reason"),
            {"claims": counted, "reason": t("lab_reason")},
            t("lab_unpriced"),
        )

if done.moved.height:
    st.subheader(t("lab_list"), anchor=False)
    open_flips, payers = number(done.open_flips, lang), number(done.payer_changes, lang)
    st.caption(t("lab_list_caption", open=open_flips, payers=payers))
    dearest = done.moved.sort(
        pl.col("change_eur").abs(), "ticket_id", descending=[True, False], nulls_last=True
    )
    listed = dearest.head(LIST_LIMIT)
    if done.moved.height > LIST_LIMIT:
        st.caption(t("lab_list_cut", shown=number(LIST_LIMIT, lang), all=number(done.moved.height, lang)))
    labelled = with_labels(
        with_sentences(dearest, "unpriced_reason"),
        "family_code",
        "before_outcome",
        "after_outcome",
        "legal_outcome",
        "actual_outcome",
    )
    picked = grid(
        labelled.head(LIST_LIMIT),
        {
            "ticket_id": t("axis_ticket"),
            "requested_on": fields.day(t("axis_requested")),
            "family_code": t("family"),
            "before_outcome": t("lab_before"),
            "after_outcome": t("lab_after"),
            "change_eur": money_column,
            "change_margin_eur": fields.euro(t("lab_margin")),
            "legal_outcome": t("legal_outcome"),
            "is_after_below": fields.flag(t("lab_is_below")),
            "actual_outcome": t("actual_outcome"),
            "before_rule": t("lab_rule_before"),
            "after_rule": t("lab_rule_after"),
            "unpriced_reason": t("lab_reason"),
        },
        t("lab_list"),
        key="replay_rows",
        height=460,
        name="replay",
        whole=labelled,
    )
    if picked is not None:
        open_claim(listed["ticket_id"][picked])
