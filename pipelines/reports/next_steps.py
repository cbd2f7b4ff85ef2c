"""What is to be done about an issue, from what people did so far: sentences, the most urgent first.

Belongs here: which step follows which state. Does not belong here: the ledger, any figure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date
from functools import partial

from pipelines.queries import formats
from pipelines.queries.evidence import Issue
from pipelines.reports.names import Names, part_of, slug_of
from pipelines.signals import Alert


def next_steps(issue: Issue, alert: Alert | None, as_of: date, names: Names) -> list[str]:
    """The steps of an open issue; none of one that is closed."""
    if issue.signal["status"] == "closed":
        return []
    return list(_steps(issue, alert, as_of, names))


def _steps(issue: Issue, alert: Alert | None, as_of: date, names: Names) -> Iterator[str]:
    t, number = names.t, partial(formats.number, language=names.language)
    # It may be copied into a shell, and a lot is called as the supplier likes.
    part, slug = shlex.quote(part_of(issue.signal)), slug_of(issue.signal)
    actions = alert.open_actions if alert else []
    late = [act for act in actions if act.until is not None and act.until < as_of]
    if late:
        yield t("step_late", actions="; ".join(act.note for act in late))
    if alert is None or alert.owner is None:
        yield t("step_owner", command=f"savoir alert assign {part} …")
    if issue.is_coding:
        yield t("step_coding", file=f"evidence-{slug}.zip")
        return
    is_confirmed = issue.signal["status"] == "confirmed"
    if is_confirmed:
        owed = float(sum(issue.recovery["claimable_eur"])) if issue.recovery.height else 0.0
        yield t("step_supplier", file=f"8d-{slug}.pdf")
        if owed:
            yield t("step_recover", amount=formats.euros(owed, names.language))
    yield t("step_contain", units=number(issue.machines.height), file=f"containment-{slug}.xlsx")
    if not is_confirmed:
        yield t("step_examine", file=f"evidence-{slug}.zip", command=f"savoir alert confirm {part}")
        return
    if not actions:
        yield t("step_plan", command=f"savoir alert assign {part} … --action … --due …")
    yield t("step_close", command=f"savoir alert close {part} --fixed-on …")
