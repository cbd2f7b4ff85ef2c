"""One claim in full: the verdict in words, its timeline, its facts and its repairs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, fields
from dashboards.data import ask
from dashboards.figures import fact
from dashboards.tables import grid, with_codes_read, with_labels, with_texts
from dashboards.texts import inert, language, sentence, t
from pipelines.queries.build_facts import build_facts
from pipelines.queries.claim_context import findings, others, remedies_priced
from pipelines.queries.claims import claim, fault_labels, repairs_of, timeline
from pipelines.queries.formats import day, euros, number
from pipelines.queries.words import code_label

_LIFE_EVENTS = ("contract", "paid", "shipped", "delivered", "warranty_end")
_CAUSE_BADGES: dict[str, Any] = {
    "defect": "red",
    "misuse": "orange",
    "wear": "violet",
    "no_fault": "green",
    "transit": "blue",
}


def show(ticket_id: str) -> None:
    """Draw the claim, or say that there is none of this key."""
    facts = ask(claim, ticket_id)
    if facts is None:
        st.warning(t("claim_missing"))
        st.text(ticket_id)
        return
    lang = language()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(inert(ticket_id), anchor=False, width="content")
        st.badge(code_label(facts["cause"], lang), color=_CAUSE_BADGES.get(facts["cause"], "gray"))
        st.badge(code_label(facts["actual_outcome"], lang), color="primary")
        if facts["is_in_warranty"] is not None:
            st.badge(t("in_warranty") if facts["is_in_warranty"] else t("out_of_warranty"), color="gray")
    _due_next(facts, lang)
    _verdicts(facts, lang)
    _timeline(ticket_id, facts, lang)
    _facts(facts, lang)
    _remedies(ticket_id, lang)
    _repairs(ticket_id, lang)
    _findings(ticket_id, lang)
    _others(ticket_id)


def _due_next(facts: dict[str, Any], lang: str) -> None:
    """What an open claim waits for, and by when."""
    if not facts["is_open"] or facts["remedy_due_on"] is None:
        return
    left = (facts["remedy_due_on"] - ask(build_facts).as_of).days
    said = {"outcome": code_label(facts["policy_outcome"], lang), "day": day(facts["remedy_due_on"], lang)}
    key = "due_overdue" if left < 0 else "due_next"
    st.warning(t(key, days=number(abs(left), lang), **said), icon=":material/alarm:")


def _remedies(ticket_id: str, lang: str) -> None:
    """Both remedies priced, whichever was taken."""
    priced = ask(remedies_priced, ticket_id)
    if priced is None:
        return
    with st.container(border=True):
        st.subheader(t("remedies_priced"), anchor=False)
        if priced["unpriced_reason"]:
            st.text(sentence(priced["unpriced_reason"]))
            return
        shown = {
            "money_repair_cost": euros(priced["repair_cost_eur"], lang, 2),
            "money_replacement_cost": euros(priced["replacement_cost_eur"], lang, 2),
            "money_cheapest": code_label(priced["cheapest_remedy"], lang),
            "actual_outcome": code_label(priced["actual_remedy"], lang),
            "money_actual_cost": euros(priced["actual_cost_eur"], lang, 2),
            "money_regret": euros(priced["regret_eur"], lang, 2),
        }
        for column, (key, value) in zip(st.columns(len(shown)), shown.items(), strict=True):
            with column:
                fact(t(key), value)


def _findings(ticket_id: str, lang: str) -> None:
    """What the audit found on this claim."""
    found = ask(findings, ticket_id)
    if found.is_empty():
        return
    with st.container(border=True):
        st.subheader(t("claim_findings"), anchor=False)
        grid(
            with_codes_read(with_texts(found, "severity", "severity_", "severity"), f"evidence_{lang}"),
            {
                "violation_code": t("audit_code"),
                "severity": t("audit_severity"),
                f"meaning_{lang}": fields.text(t("audit_meaning"), "large"),
                f"evidence_{lang}": fields.text(t("audit_evidence"), "large"),
                "amount_at_risk_eur": fields.euro(t("audit_amount")),
            },
            t("claim_findings"),
        )


def _others(ticket_id: str) -> None:
    """Other claims of the same unit, order or lot; picking one opens it."""
    related = ask(others, ticket_id)
    if related.is_empty():
        return
    with st.container(border=True):
        st.subheader(t("claim_others"), anchor=False)
        st.caption(t("worklist_pick"))
        labelled = with_labels(
            with_texts(related, "relation", "relation_", "relation"), "cause", "actual_outcome"
        )
        picked = grid(
            labelled,
            {
                "relation": t("claim_relation"),
                "ticket_id": t("axis_ticket"),
                "requested_on": fields.day(t("axis_requested")),
                "sku": t("sku"),
                "cause": t("axis_cause"),
                "fault_code": t("axis_fault"),
                "actual_outcome": t("axis_outcome"),
            },
            t("claim_others"),
            key=f"others_{ticket_id}",
        )
    if picked is not None:
        st.query_params["claim"] = related["ticket_id"][picked]
        st.rerun()


def _verdicts(facts: dict[str, Any], lang: str) -> None:
    verdicts = [name for name in ("policy_outcome", "legal_outcome", "actual_outcome") if facts.get(name)]
    with st.container(border=True):
        for column, name in zip(st.columns(3), verdicts, strict=False):
            with column:
                fact(t(name), code_label(facts[name], lang))
        reason = facts.get(f"reason_{lang}")
        if reason:
            st.text(reason)


def _timeline(ticket_id: str, facts: dict[str, Any], lang: str) -> None:
    events = ask(timeline, ticket_id)
    labels = {event: t(f"event_{event}") for event in events["event"].unique()}
    lanes = {"warranty": t("lane_unit"), "remedy": t("lane_ticket"), "workshop": t("lane_workshop")}
    lane_of = pl.when(pl.col("repair_id").is_not_null()).then(pl.lit(lanes["workshop"]))
    lane_of = lane_of.when(pl.col("event").is_in(_LIFE_EVENTS)).then(pl.lit(lanes["warranty"]))
    events = events.with_columns(
        label=pl.col("event").replace_strict(labels, return_dtype=pl.String),
        lane=lane_of.otherwise(pl.lit(lanes["remedy"])),
        is_future=pl.col("day") > ask(build_facts).as_of,
    )
    spans = pl.DataFrame(
        _spans(ticket_id, facts, lanes),
        schema={"kind": pl.String, "lane": pl.String, "start": pl.Date, "end": pl.Date},
        orient="row",
    )
    words = {key: t(f"axis_{key}") for key in ("span", "from", "until", "event", "day", "since")}
    is_life = pl.col("lane") == lanes["warranty"]
    asked = pl.col("event") == "requested"
    with st.container(border=True):
        st.subheader(t("timeline_title"), anchor=False)
        # The years of the warranty and the weeks of the claim need a scale each.
        life = events.filter(is_life | asked).with_columns(lane=pl.lit(lanes["warranty"]))
        charts.show(charts.timeline(life, spans.filter(is_life), words), t("timeline_alt"), lang, height=70)
        claim_itself = charts.timeline(events.filter(~is_life), spans.filter(~is_life), words)
        charts.show(claim_itself, t("timeline_alt"), lang, height=110)
        grid(
            events.rename({"label": "what"}),
            {
                "day": fields.day(t("axis_day")),
                "what": fields.text(t("axis_event"), "medium"),
                "days_since_request": fields.number(t("axis_since"), is_signed=True),
                "repair_id": t("axis_repair"),
            },
            t("timeline_title"),
        )


def _spans(ticket_id: str, facts: dict[str, Any], lanes: dict[str, str]) -> list[tuple]:
    spans = []
    if facts["delivered_on"] and facts["warranty_end_on"]:
        spans.append(("warranty", lanes["warranty"], facts["delivered_on"], facts["warranty_end_on"]))
    if facts["remedy_due_on"]:
        spans.append(("remedy", lanes["remedy"], facts["requested_on"], facts["remedy_due_on"]))
    as_of = ask(build_facts).as_of
    for repair in ask(repairs_of, ticket_id).iter_rows(named=True):
        # A bar of one day stays visible.
        end = max(repair["returned_on"] or as_of, repair["received_on"] + timedelta(days=1))
        spans.append(("workshop", lanes["workshop"], repair["received_on"], end))
    return spans


def _facts(facts: dict[str, Any], lang: str) -> None:
    codes = ask(fault_labels, lang)
    fault = facts["fault_code"]
    shown = {
        "family": code_label(facts["family_code"], lang),
        "sku": facts["sku"],
        "axis_lot": facts["lot_code"],
        "axis_serial": facts["serial_number"],
        "supplier": facts["supplier_id"],
        "axis_order": facts["order_id"],
        "axis_linked": facts["is_linked"],
        "axis_age": number(facts["age_months"], lang, 1),
        "axis_category": code_label(facts["category"], lang),
        "axis_remedy": code_label(facts["requested_remedy"], lang),
        "axis_fault": f"{fault} {codes.get(fault, '')}" if fault else None,
        "axis_evidence": facts["evidence_grade"],
        "centre": facts["service_center_id"],
        "axis_cost": euros(facts["net_cost_eur"], lang, 2),
    }
    with st.container(border=True):
        st.subheader(t("facts_title"), anchor=False)
        columns = st.columns(4)
        for position, (key, value) in enumerate(shown.items()):
            with columns[position % 4]:
                fact(t(key), value)
        if facts["description"]:
            st.markdown(f":gray[{t('axis_words')}]")
            st.text(facts["description"])


def _repairs(ticket_id: str, lang: str) -> None:
    repairs = ask(repairs_of, ticket_id)
    if repairs.is_empty():
        return
    labelled = with_labels(repairs, "cause", "outcome")
    with st.container(border=True):
        st.subheader(t("repairs_title"), anchor=False)
        grid(
            labelled,
            {
                "repair_id": t("axis_repair"),
                "service_center_id": t("centre"),
                "fault_code": t("axis_fault"),
                "cause": t("axis_cause"),
                "evidence_grade": t("axis_evidence"),
                "outcome": t("axis_outcome"),
                "turnaround_days": fields.number(t("axis_turnaround")),
                "total_cost_eur": fields.euro(t("axis_cost")),
                "customer_charge_eur": fields.euro(t("axis_charge")),
                "is_repeat": fields.flag(t("axis_repeat")),
            },
            t("repairs_title"),
        )
