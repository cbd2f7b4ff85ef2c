"""The dbt project as Dagster assets and checks. Does not belong here: how dbt is run (`dbt_run`).

An asset's key is its schema and table, as in the warehouse: `raw/orders`, `staging/stg_feeds__orders`,
`marts/fct_claims`. Every dbt test, those on sources included, is an asset check.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from pipelines.orchestration.alerts import NOT_RUN
from pipelines.orchestration.dbt_run import DbtCommand, NodeResult, failing_rows, run_dbt
from pipelines.orchestration.manifest import PreparedProject
from pipelines.orchestration.resources import BuildSession

DbtEvent = dg.Output[None] | dg.AssetCheckResult
# Long enough to be worth a line to a person who waits.
SLOW_SECONDS = 5.0
# What a build runs of dbt's nodes.
RUN = ("seed", "model", "test")


class SavoirTranslator(DagsterDbtTranslator):
    """Names dbt's nodes as the warehouse does."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """A seed, or a model that reads nothing, waits for the door like the rest.

        The door makes the empty landing that dbt's sources are registered over. And Dagster would run what
        waits for nothing by a dbt command of its own: three seconds more.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("source") or list(spec.deps):
            return spec
        feeds = [source for source in manifest["sources"].values() if source["source_name"] == "raw"]
        return spec.merge_attributes(deps=[self.get_asset_key(source) for source in feeds[:1]])

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and table."""
        name = dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """One group per layer."""
        return dbt_resource_props["schema"]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description alone; the SQL is in the repository."""
        return dbt_resource_props.get("description", "")


def build_models(project: PreparedProject) -> dg.AssetsDefinition:
    """All seeds, models and tests of `project`, run by one dbt command.

    Where a Python asset stands between two models (it reads an intermediate table and writes one of the
    sources that a mart reads), Dagster splits this definition there and calls it once per part, each with its
    own selection.
    """
    translator = SavoirTranslator()

    @dbt_assets(manifest=project.manifest, dagster_dbt_translator=translator, name="dbt_models")
    def dbt_models(context: dg.AssetExecutionContext, session: BuildSession) -> Iterator[DbtEvent]:
        keys = NodeKeys.of(context, project)
        command = DbtCommand(
            project, session.home.warehouse / "dbt", session.dbt_variables, **node_selection(context, project)
        )
        context.log.info(
            f"building {len(context.selected_asset_keys)} models and seeds as of {session.as_of_on}"
        )
        red: list[str] = []
        for result in run_dbt(command):
            rows = failing_rows(session.home.build_file, result.compiled_sql) if result.is_red else []
            if result.is_red:
                red.append(red_sentence(keys.name(result.unique_id), result, rows))
            if result.seconds > SLOW_SECONDS:
                context.log.info(f"{keys.name(result.unique_id)}: {result.seconds:.0f} s")
            yield from dagster_events(keys, result, rows)
        if red:
            raise dg.Failure(description="\n".join(red), metadata={"red": dg.MetadataValue.json(red)})

    return dbt_models


@dataclass(frozen=True)
class NodeKeys:
    """From dbt's unique ids to the assets and checks of one step, and to the names that people know."""

    assets: Mapping[str, dg.AssetKey]
    checks: Mapping[str, dg.AssetCheckKey]
    manifest: Mapping[str, Any]

    @staticmethod
    def of(context: dg.AssetExecutionContext, project: PreparedProject) -> "NodeKeys":
        """The nodes of the step's definition."""
        definition = context.assets_def
        assets = {
            definition.get_asset_spec(key).metadata["dagster_dbt/unique_id"]: key for key in definition.keys
        }
        checks = {spec.metadata["dagster_dbt/unique_id"]: spec.key for spec in definition.check_specs}
        return NodeKeys(assets, checks, project.manifest)

    def name(self, unique_id: str) -> str:
        """`marts.fct_claims` for a model; `rows_are_sound on marts.fct_claims (its name)` for a test."""
        if unique_id in self.assets:
            return ".".join(self.assets[unique_id].path)
        node = self.manifest["nodes"].get(unique_id)
        if node is None:
            return unique_id
        generic = (node.get("test_metadata") or {}).get("name")
        if unique_id not in self.checks or generic is None:
            return node["name"]
        column = [node["column_name"]] if node.get("column_name") else []
        return f"{generic} on {'.'.join([*self.checks[unique_id].asset_key.path, *column])} ({node['name']})"


def dagster_events(keys: NodeKeys, result: NodeResult, rows: list[str]) -> Iterator[DbtEvent]:
    """The asset or the check that a finished node stands for; nothing for one that was skipped or broke."""
    if result.unique_id in keys.assets and result.status == "success":
        yield dg.Output(
            None,
            output_name=keys.assets[result.unique_id].to_python_identifier(),
            metadata={"seconds": round(result.seconds, 3)},
        )
    if result.unique_id in keys.checks and result.status in ("pass", "warn", "fail", "error"):
        check = keys.checks[result.unique_id]
        yield dg.AssetCheckResult(
            passed=result.status == "pass",
            asset_key=check.asset_key,
            check_name=check.name,
            severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
            description=result.message or None,
            metadata={"failing_rows": result.failures, **({"rows": "\n".join(rows)} if rows else {})},
        )


def red_sentence(name: str, result: NodeResult, rows: list[str]) -> str:
    """What a person is told of a red node."""
    if result.status == "fail":
        plural = "row fails" if result.failures == 1 else "rows fail"
        shown = "".join(f"\n    {row}" for row in rows)
        return f"Check {name}: {result.failures} {plural}.{shown}"
    reason = "\n    ".join(line for line in result.message.splitlines() if line.strip())
    return f"{name}{NOT_RUN}{reason}"


def node_selection(context: dg.AssetExecutionContext, project: PreparedProject) -> dict[str, list[str]]:
    """The words for `DbtCommand`: the nodes of this step by name, or all the others, whichever are fewer.

    dbt holds every name against every node: naming the 200 nodes of the first step cost 1.7 seconds.
    """
    keys = NodeKeys.of(context, project)
    checks = context.selected_asset_check_keys
    chosen = {unique_id for unique_id, key in keys.assets.items() if key in context.selected_asset_keys}
    chosen |= {unique_id for unique_id, key in keys.checks.items() if key in checks}
    others = {key for key, node in project.manifest["nodes"].items() if node["resource_type"] in RUN} - chosen
    word, named = ("selected", chosen) if len(chosen) < len(others) else ("excluded", others)
    return {word: sorted(".".join(project.manifest["nodes"][unique_id]["fqn"]) for unique_id in named)}
