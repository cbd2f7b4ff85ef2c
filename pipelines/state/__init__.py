"""State: what a home remembers and no file or build can make again, in one SQLite file for its owner alone.

Belongs here: opening the file, its migrations, the log of what people and schedules did. Each concept
(alert ledger, outbox, suppression list, …) declares its own tables beside its own code and opens them here.
Does not belong here: anything that a build computes (DuckDB), or the meaning of any table.
"""

from pipelines.state.log import Entry, entries, purged_log, record
from pipelines.state.store import StateError, Tables, opened

__all__ = ["Entry", "StateError", "Tables", "entries", "opened", "purged_log", "record"]
