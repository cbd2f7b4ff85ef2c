"""The five feeds as assets: one step takes what waits in the inbox and lands it.

Belongs here: the seam between Dagster and the door. Does not belong here: reading a file (`pipelines.feeds`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from pipelines.home import Home
from pipelines.orchestration.checks import CONSERVED, conservation
from pipelines.orchestration.manifest import PreparedProject
from pipelines.orchestration.resources import BuildSession


class FeedCounts(Protocol):
    """What became of one feed's rows in one delivery."""

    @property
    def feed(self) -> str: ...
    @property
    def rows_read(self) -> int: ...
    @property
    def rows_loaded(self) -> int: ...
    @property
    def rows_duplicate(self) -> int: ...
    @property
    def rows_quarantined(self) -> int: ...
    @property
    def rows_skipped(self) -> int: ...


Door = Callable[[Home, Callable[[str], None]], Sequence[FeedCounts]]


def open_door(home: Home, progress: Callable[[str], None]) -> Sequence[FeedCounts]:
    """Take every file that waits in the inbox."""
    # The door reads files with polars and pyarrow: half a second that loading the definitions does not need.
    from pipelines.feeds import ingest

    return ingest(home, progress)


def build_feeds(
    project: PreparedProject, translator: DagsterDbtTranslator, door: Door
) -> dg.AssetsDefinition:
    """One step for all feeds, since one file may feed several; its keys are those of dbt's sources `raw`."""
    sources = [source for source in project.manifest["sources"].values() if source["source_name"] == "raw"]
    keys = {source["name"]: translator.get_asset_key(source) for source in sources}

    @dg.multi_asset(
        name="ingest_inbox",
        specs=[
            dg.AssetSpec(
                keys[source["name"]],
                group_name="raw",
                description=source["description"],
                kinds={"parquet"},
            )
            for source in sources
        ],
        check_specs=[
            dg.AssetCheckSpec(
                CONSERVED,
                asset=keys[source["name"]],
                blocking=True,
                description="read = loaded + duplicate + quarantined + skipped, in each delivery of this run.",
            )
            for source in sources
        ],
    )
    def ingest_inbox(
        context: dg.AssetExecutionContext, session: BuildSession
    ) -> Iterator[dg.MaterializeResult]:
        counts = door(session.home, context.log.info)
        for name, key in keys.items():
            own = [count for count in counts if count.feed == name]
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "rows_read": sum(count.rows_read for count in own),
                    "dagster/row_count": sum(count.rows_loaded for count in own),
                    "rows_quarantined": sum(count.rows_quarantined for count in own),
                },
                check_results=[conservation(key, own)],
            )

    return ingest_inbox
