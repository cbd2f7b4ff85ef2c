"""Nothing is kept longer than declared: the nightly purge, per kind of data.

Belongs here: what is purged and when, and the line in the log. Does not belong here: the clock that starts it
(`pipelines.orchestration`), taking out one person (`forgetting`).

Snapshots need no rule: publishing keeps the last three, and the next build leaves out what was purged.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml

from pipelines.errors import SavoirError
from pipelines.feeds import landing, sql
from pipelines.feeds.engine import Engine, engine
from pipelines.home import Home
from pipelines.state import purged_log, record

DECLARED = Path(__file__).with_suffix(".yml")
_OWN = "retention.yml"
_WAIT_SECONDS = 600
# Which columns of which feed are emptied, and the column that says how old a row is.
_EMPTIED = (
    ("text_days", "tickets", ("description",), "requested_at"),
    ("text_days", "repairs", ("technician_notes",), "received_at"),
    ("place_days", "orders", ("postal_code",), "contract_at"),
)


class RetentionError(SavoirError):
    """The home's own retention.yml says something that nobody can follow."""


@dataclass(frozen=True)
class Retention:
    """Days that each kind is kept."""

    text_days: int
    place_days: int
    quarantine_days: int
    archive_days: int
    report_days: int
    log_days: int
    dagster_run_days: int


def retention(home: Home) -> Retention:
    """What is declared, with the home's own lines in place of the packaged ones."""
    declared = yaml.safe_load(DECLARED.read_text())
    own = home.root / _OWN
    told = yaml.safe_load(own.read_text()) or {} if own.exists() else {}
    known = {each.name for each in fields(Retention)}
    for name, days in told.items() if isinstance(told, dict) else [(str(told), None)]:
        if name not in known or type(days) is not int or days < 1:
            raise RetentionError(
                f"{own}: {name}: {days} is no retention: write one of {', '.join(sorted(known))}, and days "
                "from 1."
            )
    return Retention(**{**declared, **told})


def purge(home: Home, today: date | None = None) -> dict[str, int]:
    """Purge what is older than declared; how much went, by kind. Each kind has a line in the log."""
    rules = retention(home)
    today = today or datetime.now(UTC).date()
    gone: dict[str, int] = {}
    with landing.locked(home, _WAIT_SECONDS), engine(home, may_make_key=False) as running:
        for kind, feed, columns, age in _EMPTIED:
            cutoff = _cutoff(today, getattr(rules, kind))
            emptied = sum(
                _emptied(running, path, columns, f"{age} < timestamp '{cutoff} 00:00:00'")
                for path in landing.feed_files(home, feed)
            )
            gone[kind] = gone.get(kind, 0) + emptied
        cutoff = _cutoff(today, rules.quarantine_days)
        gone["quarantine_days"] = sum(
            _emptied(running, path, ("record",), "true")
            for path in landing.feed_files(home, "quarantine")
            if path.parent.name < f"{cutoff:%Y%m%d}"
        )
        gone["archive_days"] = _removed(home.archive, "*/*", today, rules.archive_days)
        # A week's pages, and the periods of a subscription, whose own folder is as young as its last report.
        gone["report_days"] = sum(
            _removed(home.reports, pattern, today, rules.report_days) for pattern in ("*/*", "*")
        )
    gone["log_days"] = purged_log(home, _cutoff(today, rules.log_days))
    for kind, count in gone.items():
        record(home, "purge", f"{kind} {getattr(rules, kind)}: {count}", "retention")
    return gone


def _cutoff(today: date, days: int) -> date:
    return today - timedelta(days=days)


def _emptied(running: Engine, path: Path, columns: tuple[str, ...], where: str) -> int:
    """Empty columns of the rows of one file; how many rows had something."""
    reader = f"read_parquet({sql.path(path)})"
    present = {row[0] for row in running.connection.execute(f"describe select * from {reader}").fetchall()}
    asked = [column for column in columns if column in present]
    if not asked:
        return 0
    has_any = " or ".join(f"{sql.name(column)} is not null" for column in asked)
    rows = running.number(f"select count(*) from {reader} where ({where}) and ({has_any})")
    if rows:
        kept = ", ".join(
            f"case when not coalesce({where}, false) then {sql.name(column)} end as {sql.name(column)}"
            for column in asked
        )
        landing.write_again(running.connection, f"select * replace ({kept}) from {reader}", path)
    return rows


def _removed(folder: Path, pattern: str, today: date, days: int) -> int:
    """Delete files and folders that were written before the cutoff."""
    before = datetime.combine(_cutoff(today, days), datetime.min.time(), UTC).timestamp()
    old = [path for path in folder.glob(pattern) if path.stat().st_mtime < before]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(old)
