"""What people do about an alert: its owner, notes and open actions, and the forms that add an act.

Belongs here: reading and adding to the ledger from a page. Does not belong here: what an act may be
(`pipelines.signals.ledger`), whose rows a visitor sees (the grant behind the page).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards.data import ask, snapshot, visitor
from dashboards.texts import inert, language, t
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.build_facts import build_facts
from pipelines.queries.effectiveness import around
from pipelines.queries.formats import day, number
from pipelines.signals.ledger import Alert, act, alerts, close

# An analyst looks; those who answer for machines act.
ACTING_ROLES = ("manager", "quality", "admin")
KINDS = (
    "acknowledged",
    "note",
    "owner",
    "action",
    "action_done",
    "snoozed",
    "confirmed",
    "closed",
    "reopened",
)


def show(row: dict[str, Any]) -> None:
    """The alert in the ledger, and the form for roles that may act."""
    lang = language()
    found = next((each for each in alerts(Home.at()) if each.signal_id == row["signal_id"]), None)
    with st.container(border=True):
        st.subheader(t("acts_title"), anchor=False)
        if found is None:
            st.caption(t("acts_not_in_ledger"))
            return
        today = ask(build_facts).as_of
        parts = [t("acts_status", status=t(f"signal_status_{found.status}"), fired=day(found.fired_on, lang))]
        parts.append(t("acts_owner", owner=inert(found.owner)) if found.owner else t("acts_no_owner"))
        if found.is_snoozed(today):
            parts.append(t("acts_snoozed"))
        st.markdown(" · ".join(parts))
        for each in found.open_actions:
            due = day(each.until, lang) if each.until else t("acts_no_date")
            st.markdown(f"- {t('acts_to_do')} {inert(each.note)} ({due})")
        if found.acts:
            with st.expander(t("acts_history"), icon=":material/history:"):
                for each in found.acts:
                    said = f": {inert(each.note)}" if each.note else ""
                    st.markdown(
                        f"- {day(each.at, lang)} · {t(f'act_{each.kind}')} · {inert(each.actor)}{said}"
                        + _effect(each.detail)
                    )
        if visitor().role in ACTING_ROLES:
            _form(found)
        else:
            st.caption(t("acts_not_yours"))


def _effect(detail: dict[str, float]) -> str:
    """What an effectiveness test found."""
    if "ratio" not in detail:
        return ""
    lang = language()
    values = {name: number(detail[name], lang, 2) for name in ("ratio", "ratio_low", "ratio_high")}
    proven = "acts_effect" if detail["ratio_high"] < 1 else "acts_effect_unproven"
    return "  \n  " + t(proven, **values)


def _form(alert: Alert) -> None:
    """One act at a time; the form asks for what the act needs."""
    labels = {kind: t(f"act_{kind}") for kind in KINDS}
    kind = st.selectbox(t("acts_do"), KINDS, format_func=labels.__getitem__, key="act_kind")
    today = ask(build_facts).as_of
    with st.form("act", border=False, clear_on_submit=True):
        until = None
        if kind == "action_done":
            note = st.selectbox(t("act_action"), [each.note for each in alert.open_actions], key="act_done")
        else:
            note = st.text_input(
                t(f"acts_note_{kind}" if kind in ("owner", "action") else "acts_note"), key="act_note"
            )
        if kind in ("snoozed", "action", "closed"):
            first = today + timedelta(days=0 if kind == "closed" else 30)
            until = st.date_input(t(f"acts_day_{kind}"), value=first, format="DD/MM/YYYY", key="act_until")
        sent = st.form_submit_button(t("acts_send"), icon=":material/add:")
    if not sent:
        return
    who = visitor().name
    try:
        if kind == "closed" and isinstance(until, date):
            counted = around(snapshot(), alert.signal_id, until)
            close(
                Home.at(),
                alert.signal_id,
                before=counted.before,
                after=counted.after,
                actor=who,
                note=note or "",
            )
        else:
            act(Home.at(), alert.signal_id, kind, actor=who, note=note or "", until=until)
    except SavoirError as error:
        st.error(t("acts_refused"))
        st.text(str(error))
        return
    st.rerun()
