"""The five feeds as assets: one step takes what waits in the inbox and lands it.

Belongs here: the seam between Dagster and the door. Does not belong here: reading a file (`pipelines.feeds`).
"""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from pipelines.feeds.results import Delivery
from pipelines.home import Home
from pipelines.orchestration.checks import conservation, door_check_specs, refusals
from pipelines.orchestration.manifest import PreparedProject
from pipelines.orchestration.resources import BuildSession

Door = Callable[[Home, Callable[[str], None]], Sequence[Delivery]]


def open_door(home: Home, progress: Callable[[str], None]) -> Sequence[Delivery]:
    """Take every file that waits in the inbox."""
    # The door reads files with polars and pyarrow: half a second that loading the definitions does not need.
    from pipelines.feeds import take_all

    return take_all(home, progress)


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
        check_specs=[spec for key in keys.values() for spec in door_check_specs(key)],
    )
    def ingest_inbox(
        context: dg.AssetExecutionContext, session: BuildSession
    ) -> Iterator[dg.MaterializeResult]:
        deliveries = door(session.home, context.log.info)
        for delivery in deliveries:
            if delivery.is_refused:
                context.log.warning("\n".join(delivery.sentences))
        for feed, key in keys.items():
            own = [count for delivery in deliveries for count in delivery.counts if count.feed == feed]
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "rows_read": sum(count.rows_read for count in own),
                    "dagster/row_count": sum(count.rows_loaded for count in own),
                    "rows_quarantined": sum(count.rows_quarantined for count in own),
                },
                check_results=[conservation(key, own), refusals(key, feed, deliveries)],
            )

    return ingest_inbox
