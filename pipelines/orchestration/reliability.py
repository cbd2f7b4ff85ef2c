"""Fits, forecasts and signals as assets: one step between intermediate tables and the marts that show them.

Belongs here: the seam between Dagster and `pipelines.lifetimes`, `pipelines.signals`,
`pipelines.expectations`. Does not belong here:
computing.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.orchestration.manifest import PreparedProject
from pipelines.orchestration.models import SavoirTranslator
from pipelines.orchestration.resources import BuildSession

# What Python reads of the build file: the reading.py of pipelines/lifetimes, signals and expectations.
READ = (
    "int_lifetimes__by_age",
    "int_lifetimes__by_day",
    "int_lifetimes__by_month",
    "int_claims__at_ages",
    "int_claims__by_month",
    "int_claims__cost_by_month",
    "int_units__by_lot",
    "int_claims__by_lot",
    "int_claims__by_center",
    "int_lifetimes__by_week",
    "int_claims__by_week",
    "int_claims__by_delay",
    "int_claims__by_case_mix",
)
FRESHNESS = dg.AssetKey(["meta", "freshness"])


def build_reliability(project: PreparedProject) -> tuple[dg.AssetsDefinition, ...]:
    """The step that computes dbt's sources `reliability`; none where the project declares no such source."""
    sources = sorted(
        (source for source in project.manifest["sources"].values() if source["source_name"] == "reliability"),
        key=lambda source: source["name"],
    )
    if not sources:
        return ()
    translator = SavoirTranslator()
    keys = {source["name"]: translator.get_asset_key(source) for source in sources}

    @dg.multi_asset(
        name="fit_lifetimes",
        specs=[
            dg.AssetSpec(
                keys[source["name"]],
                deps=[*(dg.AssetKey(["intermediate", name]) for name in READ), FRESHNESS],
                group_name="reliability",
                description=source["description"],
                kinds={"parquet"},
            )
            for source in sources
        ],
    )
    def fit_lifetimes(
        context: dg.AssetExecutionContext, session: BuildSession
    ) -> Iterator[dg.MaterializeResult]:
        # scipy: a quarter of a second that loading the definitions does not need.
        from pipelines import expectations, lifetimes, signals

        rows = lifetimes.compute(session.home, session.as_of_on, context.log.info).rows
        rows |= signals.compute(session.home, session.as_of_on, context.log.info, session.known_at)
        rows |= expectations.compute(session.home, session.as_of_on, context.log.info)
        for name, key in keys.items():
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows[name]})

    return (fit_lifetimes,)
