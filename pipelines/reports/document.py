"""A subscription's defect report as a list of blocks: what changed first, a page only for what changed.

Belongs here: order and words. Does not belong here: a figure (`pipelines.queries.digest`), a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from pipelines.queries import formats
from pipelines.queries.digest import Digest
from pipelines.queries.grants import Grant
from pipelines.reports.blocks import Block, Column, Document, Heading, PageBreak, Text, table_of
from pipelines.reports.changes import Change, Memory
from pipelines.reports.counts import SECTIONS
from pipelines.reports.expectations import expectations
from pipelines.reports.issue_pages import issue_page
from pipelines.reports.names import AGAINST_EXPECTED, Names, against_expected
from pipelines.reports.next_steps import next_steps
from pipelines.signals import Alert

STEPS_SHOWN = 2
_SCOPES = {"family": "scope_families", "supplier": "scope_suppliers", "center": "scope_centers"}


def digest_document(
    digest: Digest,
    grant: Grant | None,
    found: Sequence[Change],
    last: Memory | None,
    ledger: Sequence[Alert],
    names: Names,
    minimum_severity: float = 0.0,
    base_url: str = "",
) -> Document:
    """The report in one language. `last`: what the report before it said, None where there was none."""
    t = names.t
    period = digest.period
    day = partial(formats.day, language=names.language)
    own = {alert.signal_id: alert for alert in ledger}
    changed = {change.subject for change in found} if last is not None else set(digest.issues)
    paged = [
        issue
        for signal_id, issue in digest.issues.items()
        if signal_id in changed and (issue.signal["ratio"] or 0) >= minimum_severity
    ]
    blocks: list[Block] = []
    if not digest.is_complete:
        blocks.append(Text(t("incomplete", as_of=day(digest.facts.as_of)), "note"))
    blocks += _changed(digest, found, last, names)
    blocks += _emerging(digest, own, names, minimum_severity)
    blocks += _to_do(digest, own, names)
    blocks += _actions(digest, own, names)
    blocks += expectations(digest, names)
    for section in SECTIONS:
        blocks += section(digest, names)
    for issue in paged:
        alert = own.get(issue.signal["signal_id"])
        blocks += [PageBreak(), *issue_page(issue, alert, names, digest.facts.as_of, base_url)]
    blocks += _definitions(digest, names)
    return Document(
        title=t("title"),
        subtitle=f"{scope_in_words(grant, names)} · "
        + t("period", name=period.name, from_on=day(period.from_on), until_on=day(period.until_on)),
        footer=t("footer", as_of=day(digest.facts.as_of), build=digest.facts.build_id),
        language=names.language,
        made_at=digest.facts.finished_at,
        blocks=tuple(blocks),
    )


def scope_in_words(grant: Grant | None, names: Names) -> str:
    """What the report covers."""
    if grant is None:
        return names.t("everything")
    parts = []
    for kind, values in grant.by_kind().items():
        shown = [names.code(value) if kind == "family" else value for value in values]
        parts.append(names.t(_SCOPES[kind], values=", ".join(shown)))
    return "; ".join(parts)


def _changed(digest: Digest, found: Sequence[Change], last: Memory | None, names: Names) -> Iterator[Block]:
    t = names.t
    yield Heading(t("changed"))
    if last is None:
        yield Text(t("first_report"))
        return
    told = {"period": last["period"], "as_of": formats.day(date.fromisoformat(last["as_of"]), names.language)}
    is_news = any(change.is_news for change in found)
    yield Text(t("since" if is_news else "nothing_changed", **told))
    for change in found:
        yield Text(_in_words(change, digest, names), "bullet")


def _in_words(change: Change, digest: Digest, names: Names) -> str:
    number = partial(formats.number, language=names.language)
    if change.kind == "matured":
        values = {"nodes": number(digest.declared.watched), "before": number(change.before)}
        return names.t("change_matured", after=number(change.after), **values)
    if change.kind == "restated":
        label = digest.figures["claims"].measure.label(names.language)
        values = {"before": number(change.before), "after": number(change.after)}
        return names.t("change_restated", period=change.subject, label=label, **values)
    if change.kind == "rules":
        before, after = (", ".join(rules) or formats.UNKNOWN for rules in (change.before, change.after))
        return names.t("change_rules", before=before, after=after)
    issue = digest.issues.get(change.subject)
    what = names.node(issue.signal) if issue else names.node(_parsed(change.subject))
    return names.t(f"change_{change.kind}", what=what)


def _parsed(signal_id: str) -> dict[str, Any]:
    """What an id says of a signal that is no longer there."""
    return dict(part.partition("=")[::2] for part in signal_id.split("|"))


def _emerging(
    digest: Digest, own: Mapping[str, Alert], names: Names, minimum_severity: float
) -> Iterator[Block]:
    t, number = names.t, partial(formats.number, language=names.language)
    yield Heading(t("emerging"))
    watch = digest.declared
    if digest.signals.is_empty():
        is_watching = watch.nodes > 0
        yield Text(
            t("no_signal", nodes=number(watch.watched), visible=number(watch.shows_thrice))
            if is_watching
            else t("no_watch")
        )
        return
    columns = [
        Column(t("what"), width=44),
        Column(t("status"), width=11),
        Column(t("since_day"), "day", 12),
        *against_expected(names),
        Column(t("units_out"), "integer", 10),
        Column(t("to_come"), "decimal", 10),
        Column(t("at_risk"), "euros", 12),
        Column(t("owner"), width=16),
    ]
    rows = [
        (
            names.node(row), t(f"status_{row['status']}"), row["first_signal_on"],
            *(row[key] for key in AGAINST_EXPECTED), row["units_under_warranty"], row["expected_claims"],
            row["cost_at_risk_eur"],
            own[row["signal_id"]].owner if row["signal_id"] in own else None,
        )
        for row in digest.signals.iter_rows(named=True)
    ]  # fmt: skip
    yield table_of(t("emerging"), columns, rows, shown=60, brief=(0, 3, 4, 10))
    yield Text(t("declared", rate=number(digest.declared.false_alerts)), "soft")
    if minimum_severity and any((row["ratio"] or 0) < minimum_severity for row in digest.signals.to_dicts()):
        yield Text(t("below_severity", limit=number(minimum_severity, decimals=1)), "soft")


def _to_do(digest: Digest, own: Mapping[str, Alert], names: Names) -> Iterator[Block]:
    """The most urgent steps of each issue that is open; its page has all."""
    t = names.t
    rows = []
    for signal_id, issue in digest.issues.items():
        if steps := next_steps(issue, own.get(signal_id), digest.facts.as_of, names):
            rows.append((names.node(issue.signal), " ".join(steps[:STEPS_SHOWN])))
    if rows:
        yield Heading(t("to_do"))
        yield table_of(
            t("to_do"), [Column(t("what"), width=40), Column(t("next_step"), width=80)], rows, shown=60
        )


def _actions(digest: Digest, own: Mapping[str, Alert], names: Names) -> Iterator[Block]:
    t = names.t
    yield Heading(t("actions"))
    rows = []
    for signal_id, issue in digest.issues.items():
        alert = own.get(signal_id)
        for act in alert.open_actions if alert else ():
            is_late = act.until is not None and act.until < digest.facts.as_of
            what = names.node(issue.signal)
            rows.append(
                (act.note, what, alert.owner if alert else None, act.until, t("is_late") if is_late else "")
            )
    if not rows:
        yield Text(t("no_actions"))
        return
    columns = [
        Column(t("action"), width=44),
        Column(t("what"), width=40),
        Column(t("owner"), width=16),
        Column(t("due"), "day", 12),
        Column(t("late"), width=10),
    ]
    rows.sort(key=lambda row: (row[3] or date.max, row[0]))
    yield table_of(t("actions"), columns, rows, brief=(0, 2, 3, 4))


def _definitions(digest: Digest, names: Names) -> Iterator[Block]:
    yield Heading(names.t("definitions"))
    for key in ("def_alert", "def_units_out", "def_to_come"):
        yield Text(names.t(key), "bullet")
    for each in digest.definitions:
        yield Text(f"{each.label(names.language)}{names.colon} {names.sentence(each.definition)}", "bullet")
