"""A subscription's defect report as a list of blocks: what changed first, a page only for what changed.

Belongs here: order and words. Does not belong here: a figure (`pipelines.queries.digest`), a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from pipelines.queries import formats
from pipelines.queries.digest import PARETO_DAYS, Digest
from pipelines.queries.grants import Grant
from pipelines.reports.blocks import (
    Block,
    Cards,
    Chart,
    Column,
    Document,
    Heading,
    PageBreak,
    Table,
    Text,
    table_of,
)
from pipelines.reports.changes import Change, Memory
from pipelines.reports.issue_pages import Names, issue_page
from pipelines.signals import Alert

_SCOPES = {"family": "scope_families", "supplier": "scope_suppliers", "center": "scope_centers"}


def digest_document(
    digest: Digest,
    grant: Grant | None,
    found: Sequence[Change],
    last: Memory | None,
    ledger: Sequence[Alert],
    faults: Mapping[str, str],
    language: str,
    minimum_severity: float = 0.0,
    base_url: str = "",
) -> Document:
    """The report in one language. `last`: what the report before it said, None where there was none."""
    names = Names(language, faults)
    t = names.t
    period = digest.period
    day = partial(formats.day, language=language)
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
    blocks += _actions(digest, own, names)
    blocks += _figures(digest, names)
    blocks += _pareto(digest, names)
    blocks += _misuse(digest, names)
    regret = digest.regret
    if regret.n:
        euros = partial(formats.euros, language=language)
        sentence = t(
            "regret_line",
            value=euros(regret.value), low=euros(regret.low), high=euros(regret.high),
            n=formats.number(regret.n, language),
        )  # fmt: skip
        blocks += [Heading(t("regret")), Text(sentence)]
    blocks += _recovery(digest, names)
    for issue in paged:
        blocks += [PageBreak(), *issue_page(issue, own.get(issue.signal["signal_id"]), names, base_url)]
    blocks += [PageBreak() if paged else Text(""), *_definitions(digest, names)]
    return Document(
        title=t("title"),
        subtitle=f"{scope_in_words(grant, names)} · "
        + t("period", name=period.name, from_on=day(period.from_on), until_on=day(period.until_on)),
        footer=t("footer", as_of=day(digest.facts.as_of), build=digest.facts.build_id),
        language=language,
        made_at=digest.facts.finished_at,
        blocks=tuple(block for block in blocks if block != Text("")),
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
        Column(t("observed"), "integer", 10),
        Column(t("expected"), "decimal", 10),
        Column(t("ratio"), "decimal", 10),
        Column(t("low"), "decimal", 9),
        Column(t("high"), "decimal", 9),
        Column(t("units_out"), "integer", 10),
        Column(t("to_come"), "decimal", 10),
        Column(t("at_risk"), "euros", 12),
        Column(t("owner"), width=16),
    ]
    rows = [
        (
            names.node(row), t(f"status_{row['status']}"), row["first_signal_on"], row["observed"],
            row["expected"], row["ratio"], row["ratio_low"], row["ratio_high"], row["units_under_warranty"],
            row["expected_claims"], row["cost_at_risk_eur"],
            own[row["signal_id"]].owner if row["signal_id"] in own else None,
        )
        for row in digest.signals.iter_rows(named=True)
    ]  # fmt: skip
    yield table_of(t("emerging"), columns, rows, shown=60)
    yield Text(t("declared", rate=number(digest.declared.false_alerts)), "soft")
    if minimum_severity and any((row["ratio"] or 0) < minimum_severity for row in digest.signals.to_dicts()):
        yield Text(t("below_severity", limit=number(minimum_severity, decimals=1)), "soft")


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
    yield table_of(t("actions"), columns, sorted(rows, key=lambda row: (row[3] or date.max, row[0])))


def _figures(digest: Digest, names: Names) -> Iterator[Block]:
    t, day = names.t, partial(formats.day, language=names.language)
    from_on, until_on = digest.period.before
    shown = [
        (digest.figures[name], digest.before[name])
        for name in ("claims", "failures", "misuse_refusals", "claims_without_cause", "net_cost")
    ]
    yield Heading(t("figures"))
    yield Cards(
        tuple(
            (
                now.measure.label(names.language),
                formats.by_format(now.events, now.measure.format, names.language),
                t("period_before", from_on=day(from_on), until_on=day(until_on))
                + f"{names.colon} "
                + formats.by_format(before.events, before.measure.format, names.language),
            )
            for now, before in shown
        )
    )
    columns = [
        Column(t("figure"), width=34),
        Column(t("this_period", name=digest.period.name), "decimal", 14),
        Column(t("period_before", from_on=day(from_on), until_on=day(until_on)), "decimal", 26),
    ]
    rows = [(now.measure.label(names.language), now.events, before.events) for now, before in shown]
    yield table_of(t("figures"), columns, rows, is_drawn=False)
    yield Text(t("figures_note"), "soft")


def _pareto(digest: Digest, names: Names) -> Iterator[Block]:
    t, language = names.t, names.language
    yield Heading(t("pareto"))
    if digest.pareto.is_empty():
        yield Text(t("no_pareto"))
    else:
        columns = [
            Column(t("fault"), width=40),
            Column(t("claims"), "integer", 10),
            Column(t("cumulative"), "percent", 10),
            Column(t("rate"), "decimal", 12),
            Column(t("low"), "decimal", 10),
            Column(t("high"), "decimal", 10),
            Column(t("cost"), "euros", 12),
            Column(t("cost_share"), "percent", 12),
        ]
        keys = ("claims", "cumulative_share", "per_1000_years", "low", "high", "net_cost", "cost_share")
        rows = [
            (names.fault(row["fault_code"]), *(row[key] for key in keys))
            for row in digest.pareto.iter_rows(named=True)
        ]
        table = table_of(t("pareto"), columns, rows, shown=15)
        yield Chart(t("pareto"), t("pareto_alt"), table, 0, (1,))
        yield table
    yield Text(
        t(
            "pareto_note" if digest.machine_years else "pareto_no_rate",
            days=PARETO_DAYS,
            until_on=formats.day(digest.period.until_on, language),
            years=formats.number(digest.machine_years, language),
        ),
        "soft",
    )
    columns = [
        Column(t("cause"), width=34),
        Column(t("claims"), "integer", 10),
        Column(t("cost"), "euros", 12),
    ]
    rows = [
        (
            t("presumed_defect") if row["cause"] == "presumed_defect" else names.code(row["cause"]),
            row["claims"],
            row["net_cost"],
        )
        for row in digest.apart.iter_rows(named=True)
    ]
    yield Heading(t("apart"), 2)
    yield table_of(t("apart"), columns, rows) if rows else Text(t("no_rows"))


def _misuse(digest: Digest, names: Names) -> Iterator[Block]:
    t, language = names.t, names.language
    yield Heading(t("misuse"))
    found = digest.misuse
    yield Text(
        t(
            "misuse_line",
            refused=formats.number(found["misuse_rejections"].events, language),
            diagnosed=formats.number(found["rejection_share"].n, language),
            proven=formats.number(found["proven_share"].events, language),
            overturned=formats.number(found["overturned_share"].events, language),
        )
    )
    if not digest.refusals.is_empty():
        yield claims_table(digest.refusals.iter_rows(named=True), t("refusals"), names)


def _recovery(digest: Digest, names: Names) -> Iterator[Block]:
    t = names.t
    if digest.recovery.is_empty():
        return
    columns = [
        Column(t("supplier"), width=24),
        Column(t("confirmed_claims"), "integer", 14),
        Column(t("without_terms"), "integer", 14),
        Column(t("claimable"), "euros", 14),
    ]
    keys = ("supplier_id", "confirmed_claims", "without_terms", "claimable")
    rows = [tuple(row[key] for key in keys) for row in digest.recovery.iter_rows(named=True)]
    yield Heading(t("recovery"))
    yield table_of(t("recovery"), columns, rows, shown=10)
    yield Text(t("recovery_note"), "soft")


def claims_table(claims: Any, title: str, names: Names, shown: int = 20) -> Table:
    """Claims one by one."""
    t = names.t
    columns = [
        Column(t("ticket"), width=19),
        Column(t("requested"), "day", 16),
        Column(t("sku"), width=18),
        Column(t("lot"), width=16),
        Column(t("fault"), width=26),
        Column(t("outcome"), width=20),
        Column(t("cost"), "euros", 11),
        Column(t("words"), width=50),
    ]
    rows = [
        (
            row["ticket_id"], row["requested_on"], row["sku"], row["lot_code"],
            names.fault(row["fault_code"]), names.code(row["actual_outcome"]), row["net_cost_eur"],
            row["description"],
        )
        for row in claims
    ]  # fmt: skip
    return table_of(title, columns, rows, shown)


def _definitions(digest: Digest, names: Names) -> Iterator[Block]:
    yield Heading(names.t("definitions"))
    for key in ("def_alert", "def_units_out", "def_to_come"):
        yield Text(names.t(key), "bullet")
    for each in digest.definitions:
        yield Text(f"{each.label(names.language)}{names.colon} {names.sentence(each.definition)}", "bullet")
