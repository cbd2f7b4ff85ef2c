"""Reports: who gets which defect report, when it last went out, what became of it, and how it looks."""

from __future__ import annotations

import mimetypes
from pathlib import Path

import polars as pl
import streamlit as st

from dashboards.data import snapshot, visitor
from dashboards.figures import header
from dashboards.guard import end_page
from dashboards.tables import grid
from dashboards.texts import inert, t
from pipelines.delivery import outbox
from pipelines.delivery.sending import HERE, overview, preview, send_test
from pipelines.delivery.subscriptions import Subscription
from pipelines.home import Home
from pipelines.queries.words import LANGUAGES
from pipelines.roles import record_download

PERIODS_SHOWN = 6

header(t("page_reports"), t("reports_subtitle"))
home, who = Home.at(), visitor()
# Said once with the whole file at hand: without a snapshot there is nothing to report on.
snapshot()
subscriptions, problems = overview(home, who.grant)
if problems:
    st.warning(t("reports_problems"), icon=":material/edit_note:")
    for problem in problems:
        st.caption(inert(problem))
if not subscriptions:
    st.info(t("reports_none"))
    end_page()


def scope_of(subscription: Subscription) -> str:
    """Families, suppliers and centres by their codes."""
    kinds = (subscription.families, subscription.suppliers, subscription.centers)
    return "; ".join(", ".join(kind) for kind in kinds if kind) or t("reports_everything")


names = [each.name for each in subscriptions]
rows = [row for row in outbox.entries(home) if row.subscription in names]
with st.container(border=True):
    st.subheader(t("reports_subscriptions"), anchor=False)
    told = []
    for each in subscriptions:
        own = [row for row in rows if row.subscription == each.name]
        told.append(
            {
                "name": each.name,
                "scope": scope_of(each),
                "schedule": t(f"reports_{each.schedule}"),
                "language": LANGUAGES[each.language],
                "to": ", ".join(each.recipients) or HERE,
                "last": max((row.changed_at[:16] for row in own if row.state == "sent"), default=None),
                "doubt": sum(row.state in ("unknown", "failed") for row in own),
            }
        )
    titles = ("name", "scope", "schedule", "language", "to", "last", "doubt")
    grid(pl.DataFrame(told), {key: t(f"reports_{key}") for key in titles}, t("reports_subscriptions"))

with st.container(border=True):
    st.subheader(t("reports_one"), anchor=False)
    picked = st.selectbox(t("reports_pick"), names)
    subscription = next(each for each in subscriptions if each.name == picked)
    with st.container(horizontal=True):
        is_previewed = st.button(t("reports_preview"), icon=":material/visibility:")
        is_test = st.button(
            t("reports_test"),
            icon=":material/send:",
            disabled="@" not in who.name,
            help=None if "@" in who.name else t("reports_test_nobody"),
        )
    if is_previewed:
        report = preview(home, subscription)
        if report is None:
            st.info(t("reports_preview_empty"))
        else:
            st.code(report.letter.text, language=None, wrap_lines=True, height=480)
    if is_test:
        outcome = send_test(home, subscription.name, who.name)
        if outcome.state == "sent":
            st.success(t("reports_test_sent", to=inert(who.name)))
        else:
            st.error(t("reports_test_failed", why=inert(outcome.reason)))
    st.caption(t("reports_files"))
    written = home.reports / subscription.name
    found = [path for path in written.glob("*") if path.is_dir() and not path.name.startswith(".")]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    if not found:
        st.caption(t("reports_files_empty"))


def hand_out(path: Path) -> bytes:
    """The bytes of a file, and the line in the log that it left."""
    record_download(home, who, f"{path.parent.parent.name}/{path.parent.name}/{path.name}", 0)
    return path.read_bytes()


for folder in found[:PERIODS_SHOWN]:
    with st.expander(folder.name), st.container(horizontal=True):
        for path in sorted(folder.iterdir()):
            st.download_button(
                path.name,
                data=lambda path=path: hand_out(path),
                file_name=path.name,
                mime=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key=f"file_{folder.name}_{path.name}",
            )

with st.container(border=True):
    st.subheader(t("reports_outbox"), anchor=False)
    st.caption(t("reports_outbox_note"))
    if not rows:
        st.caption(t("reports_outbox_empty"))
        end_page()
    shown = pl.DataFrame(
        {
            "when": [row.changed_at[:16] for row in rows],
            "name": [row.subscription for row in rows],
            "period": [row.period for row in rows],
            "to": [row.recipient for row in rows],
            "state": [t(f"reports_state_{row.state}") for row in rows],
            "why": [row.reason for row in rows],
        }
    )
    grid(shown, {key: t(f"reports_{key}") for key in shown.columns}, t("reports_outbox"), name="outbox")
