"""One signal: what it is in words, its evidence over time, its like side by side, its machines and claims.

Belongs here: how a row of `fct_signals` is read out and drawn. Does not belong here: which rows (the page),
what people do about an alert (alert_acts).
"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import alert_acts, charts, fields, signal_charts
from dashboards.data import ask
from dashboards.navigation import go_to, open_claim
from dashboards.tables import behind, grid, with_labels
from dashboards.texts import inert, language, sentence, t
from pipelines.queries import emerging
from pipelines.queries.claims import fault_labels
from pipelines.queries.formats import day, euros, month, number, percent
from pipelines.queries.issues import RAISED
from pipelines.queries.words import code_label

MOST_DOTS = 25


def named(row: dict[str, Any], labels: dict[str, str]) -> str:
    """What a node is: its parts from the narrowest, and the fault. Letter by letter from outside."""
    lang = language()
    parts = []
    if row["service_center_id"]:
        parts.append(t("signal_of_centre", code=row["service_center_id"]))
    if row["lot_code"]:
        parts.append(t("signal_of_lot", code=row["lot_code"]))
    if row["delivery_month"]:
        parts.append(t("signal_of_month", month=month(row["delivery_month"], lang)))
    if row["sku"]:
        parts.append(row["sku"])
    if row["supplier_id"]:
        parts.append(t("signal_of_supplier", code=row["supplier_id"]))
    fault = row["fault_code"]
    of_fault = f"{fault} {labels.get(fault, '')}".strip() if fault else t("signal_any_fault")
    return f"{', '.join(parts)} · {of_fault}"


def sentence_of(row: dict[str, Any], labels: dict[str, str]) -> str:
    """An alert in one sentence with its numbers."""
    lang = language()
    key = "signal_sentence_coding" if row["method"] == "coding" else "signal_sentence"
    return t(
        key,
        node=inert(named(row, labels)),
        family=inert(code_label(row["family_code"], lang)) if row["family_code"] else "",
        observed=number(row["observed"], lang),
        expected=number(row["expected"], lang, 1),
        ratio=number(row["ratio"], lang, 1),
        low=number(row["ratio_low"], lang, 1),
        first=day(row["first_signal_on"], lang),
        units=number(row["units_under_warranty"], lang),
        to_come=number(row["expected_claims"], lang),
        at_risk=euros(row["cost_at_risk_eur"], lang),
        status=t(f"signal_status_{row['status']}"),
    )


def power_in_words(row: dict[str, Any]) -> str:
    """What the watch of a node can see by now, and when twice its rate would be seen."""
    lang = language()
    if row["power_at_twice"] is None:
        return ""
    values = {
        "units": number(row["units_under_warranty"], lang),
        "chance": percent(row["power_at_twice"], lang, 0),
        "from": number(row["visible_ratio"], lang, 1),
        "month": month(row["twice_visible_on"], lang),
    }
    if row["power_at_twice"] >= 0.8:
        return t("power_seen", **values)
    beyond = "" if row["visible_ratio"] is None else " " + t("power_from", **values)
    if row["twice_visible_on"] is None:
        return t("power_never", **values) + beyond
    return t("power_later", **values) + beyond


def show(row: dict[str, Any]) -> None:
    """All that is known of one signal."""
    lang = language()
    labels = ask(fault_labels, lang)
    st.subheader(inert(named(row, labels)), anchor=False)
    st.markdown(sentence_of(row, labels) if row["first_signal_on"] else t("signal_watched", **_watched(row)))
    if not row["is_watchable"]:
        st.info(sentence(row["not_watchable_reason"]))
        return
    if row["method"] != "comparison":
        st.warning(t(f"signal_method_{row['method']}"), icon=":material/info:")
    if row["explained_by"]:
        st.info(t("signal_explained"))
        if st.button(t("signal_open_cause"), icon=":material/arrow_forward:"):
            go_to("emerging", signal=row["explained_by"])
    _cards(row)
    if row["status"] in RAISED:
        alert_acts.show(row)
    _over_time(row)
    _side_by_side(row)
    if row["method"] != "coding":
        _containment(row)
    _claims(row, labels)
    others = ask(emerging.explained, row["signal_id"])
    if others.height:
        st.subheader(t("signal_explains"), anchor=False)
        node = pl.Series([named(each, labels) for each in others.iter_rows(named=True)], dtype=pl.String)
        shown = {
            "node": fields.text(t("signal_node"), "large"),
            "observed": fields.number(t("signal_observed")),
            "expected": fields.number(t("signal_expected"), 1),
            "ratio": fields.number(t("signal_ratio"), 1),
        }
        grid(others.with_columns(node=node), shown, t("signal_explains"))


def _watched(row: dict[str, Any]) -> dict[str, str]:
    lang = language()
    return {
        "observed": number(row["observed"], lang),
        "expected": number(row["expected"], lang, 1),
        "power": power_in_words(row),
    }


def _cards(row: dict[str, Any]) -> None:
    lang = language()
    evidence, limit = row["statistic"], row["signal_limit"]
    told = [
        (t("signal_ratio"), f"× {number(row['ratio'], lang, 1)}",
         t("interval", limits=f"{number(row['ratio_low'], lang, 1)} – {number(row['ratio_high'], lang, 1)}")),
        (t("signal_evidence"), _large(evidence), t("signal_limit", limit=_large(limit))),
    ]  # fmt: skip
    if row["method"] != "coding":
        told += [
            (
                t("axis_units_warranty"),
                number(row["units_under_warranty"], lang),
                t("signal_sold", n=number(row["units_sold"], lang)),
            ),
            (
                t("signal_to_come"),
                number(row["expected_claims"], lang, 1),
                t("signal_at_risk_note", cost=euros(row["cost_at_risk_eur"], lang)),
            ),
        ]
    for column, (label, value, note) in zip(st.columns(len(told)), told, strict=True):
        with column, st.container(border=True, height="stretch", gap="xxsmall"):
            st.metric(label, value)
            st.caption(note)
    st.caption(
        t(
            "signal_basis",
            comparison=sentence(row["comparison"]) or "",
            batch=t("yes") if row["is_batch_finding"] else t("no"),
            online=t("yes") if row["is_online_finding"] else t("no"),
        )
    )


def _large(value: float | None) -> str:
    """An e-value: past a million only its size tells."""
    if value is None:
        return "–"
    return number(value, language()) if value < 1e6 else f"{value:.0e}".replace("e+", " · 10^")


def _over_time(row: dict[str, Any]) -> None:
    lang = language()
    months = ask(emerging.history, row["signal_id"])
    with st.container(border=True):
        st.subheader(t("signal_over_time"), anchor=False)
        if months.height < 2:
            st.info(t("signal_no_history"))
            return
        words = {key: t(f"signal_{key}") for key in signal_charts.WORDS}
        chart = signal_charts.observed_expected(months, row["first_signal_on"], words)
        charts.show(chart, t("signal_over_time_alt"), lang, 300)
        columns = {
            "month": fields.month(t("axis_month")),
            "observed": fields.number(t("signal_observed")),
            "expected": fields.number(t("signal_expected"), 1),
            "ratio": fields.number(t("signal_ratio"), 2),
            "ratio_low": fields.number(t("axis_low"), 2),
            "ratio_high": fields.number(t("axis_high"), 2),
            "statistic": fields.number(t("signal_evidence"), 1),
            "signal_limit": fields.number(t("signal_limit_column"), 1),
            "units_under_warranty": fields.number(t("axis_units_warranty")),
        }
        behind(months, columns, "signal_history", t("signal_over_time"))


def _side_by_side(row: dict[str, Any]) -> None:
    lang = language()
    words = {key: t(f"signal_{key}") for key in signal_charts.WORDS}
    found = {level: ask(emerging.beside, row, level) for level in emerging.BESIDE}
    shown = {level: frame for level, frame in found.items() if frame.height > 1}
    by_centre = pl.DataFrame() if row["method"] == "coding" else ask(emerging.by_center, row)
    if not shown and by_centre.height < 2:
        return
    st.subheader(t("signal_beside"), anchor=False)
    st.caption(t("signal_beside_caption"))
    titles = [t(f"signal_beside_{level}") for level in shown]
    if by_centre.height > 1:
        titles.append(t("signal_beside_centre"))
    tabs = st.tabs(titles)
    columns = {
        "name": fields.text(t("signal_name")),
        "observed": fields.number(t("signal_observed")),
        "expected": fields.number(t("signal_expected"), 1),
        "ratio": fields.number(t("signal_ratio"), 2),
        "ratio_low": fields.number(t("axis_low"), 2),
        "ratio_high": fields.number(t("axis_high"), 2),
        "units_sold": fields.number(t("axis_units")),
        "units_under_warranty": fields.number(t("axis_units_warranty")),
    }
    for tab, (level, frame) in zip(tabs, shown.items(), strict=False):
        with tab:
            drawn = pl.concat([frame.filter("is_own"), frame.filter(~pl.col("is_own")).head(MOST_DOTS)])
            drawn = drawn.sort("ratio", descending=True)
            charts.show(
                signal_charts.ratio_dots(drawn, words), t("signal_beside_alt"), lang, 60 + 24 * drawn.height
            )
            behind(frame, columns, f"signal_beside_{level}", t(f"signal_beside_{level}"))
    if by_centre.height > 1:
        with tabs[-1]:
            st.caption(t("signal_centre_caption"))
            centre_columns = {
                "centre": fields.text(t("centre")),
                "claims": fields.number(t("axis_claims")),
                "expected": fields.number(t("signal_centre_expected"), 1),
            }
            named_centres = by_centre.with_columns(centre=pl.coalesce("name", "service_center_id"))
            grid(named_centres, centre_columns, t("signal_beside_centre"), name="signal_by_centre")


def _containment(row: dict[str, Any]) -> None:
    lang = language()
    if row["status"] not in ("alert", "confirmed"):
        return
    machines = ask(emerging.containment, row["signal_id"])
    with st.container(border=True):
        st.subheader(t("signal_containment"), anchor=False)
        if machines.is_empty():
            st.info(t("signal_containment_none"))
            return
        counts = {
            "n": number(machines.height, lang),
            "orders": number(machines["order_id"].n_unique(), lang),
            "serials": number(machines["serial_number"].drop_nulls().len(), lang),
            "claimed": number(int(machines["has_claimed"].sum()), lang),
        }
        st.caption(t("signal_containment_caption", **counts))
        columns = {
            "serial_number": fields.text(t("axis_serial")),
            "order_id": fields.text(t("axis_order")),
            "line_number": fields.text(t("signal_line")),
            "unit_number": fields.number(t("signal_unit")),
            "sku": t("sku"),
            "lot_code": t("axis_lot"),
            "country_code": t("signal_country"),
            "delivered_on": fields.day(t("signal_delivered")),
            "base_warranty_end_on": fields.day(t("signal_warranty_end")),
            "has_claimed": fields.flag(t("signal_has_claimed")),
        }
        grid(machines, columns, t("signal_containment"), height=300, name="containment")


def _claims(row: dict[str, Any], labels: dict[str, str]) -> None:
    lang = language()
    claims, total = ask(emerging.claims_behind, row)
    with st.container(border=True):
        st.subheader(t("signal_claims"), anchor=False)
        if claims.is_empty():
            st.info(t("no_claims"))
            return
        counts = {"shown": number(claims.height, lang), "total": number(total, lang)}
        st.caption(t("signal_claims_caption", **counts))
        texts = claims["description"].drop_nulls().unique(maintain_order=True).head(emerging.TEXTS)
        if texts.len():
            with st.expander(t("signal_texts"), icon=":material/format_quote:", expanded=True):
                for text in texts:
                    st.markdown(f"- {inert(text)}")
        parameters, is_exact = emerging.claims_link(row)
        if st.button(t("signal_claims_link" if is_exact else "signal_claims_link_wider"),
                     icon=":material/search:"):  # fmt: skip
            go_to("claims", **parameters)
        columns = {
            "ticket_id": t("axis_ticket"),
            "requested_on": fields.day(t("axis_requested")),
            "sku": t("sku"),
            "lot_code": t("axis_lot"),
            "age_months": fields.number(t("axis_age"), 1),
            "cause": t("axis_cause"),
            "fault_code": t("axis_fault"),
            "actual_outcome": t("axis_outcome"),
            "net_cost_eur": fields.euro(t("axis_cost")),
        }
        picked = grid(
            with_labels(claims, "cause", "actual_outcome"),
            columns,
            t("signal_claims"),
            key="signal_claims",
            height=320,
            name="signal_claims",
        )
    if picked is not None:
        open_claim(claims["ticket_id"][picked])
