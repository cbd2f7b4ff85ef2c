"""How fast and how large a build is: `python -m benchmarks.build --lines N`.

Each stage runs in a process of its own, so that its peak memory is its own, and is timed inside, so that
start-up (Python, Dagster, dbt, the prepared manifest) stands apart. The ratio compares ingest + dbt + publish
with the floor of the same run, so that it holds on any machine. The floor makes two marts of 23: a second
ratio takes only the models and checks behind those two. Fits and forecasts stand apart: the floor has nothing
like them. A whole `savoir build` that finds no new files is timed at the end.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.floor import run_floor
from pipelines.errors import SavoirError
from pipelines.home import PROJECT_DIR, Home

END = date(2026, 10, 31)
SEED = 1
WORK = ("ingest", "dbt", "publish")
LIKE_FOR_LIKE = ("ingest", "two_marts", "publish")
FLOOR_MARTS = ("fct_order_lines", "fct_life_table")
# The ratio of processor seconds holds on a machine that does other work too.
UNITS = ("seconds", "cpu_seconds", "peak_gb")


def simulate(home: Home, lines: int) -> None:
    """The files of a simulated retailer."""
    from pipelines.simulation import simulate as simulate_retailer

    simulate_retailer(home, lines, SEED, END)


def floor(home: Home, _: int) -> None:
    """The hand-written least."""
    run_floor(home.inbox, home.root / "floor", END.isoformat())


def ingest(home: Home, _: int) -> None:
    """The door."""
    from pipelines.feeds import take_all

    take_all(home)


def two_marts(home: Home, _: int) -> None:
    """The models that the floor makes too, with all that they read and every check of it."""
    from pipelines.orchestration.manifest import prepared

    home.build_file.unlink(missing_ok=True)
    nodes = prepared().manifest["nodes"]
    behind = {key for key, node in nodes.items() if node["name"] in FLOOR_MARTS}
    while found := {parent for key in behind for parent in _parents(nodes[key]) if parent in nodes} - behind:
        behind |= found
    checks = {
        key
        for key, node in nodes.items()
        if node["resource_type"] == "test" and behind.issuperset(set(_parents(node)) & nodes.keys())
    }
    _run_nodes(home, selected=tuple(nodes[key]["name"] for key in behind | checks))


def dbt(home: Home, _: int) -> None:
    """Seeds, models and tests, up to what Python computes."""
    home.build_file.unlink(missing_ok=True)
    _run_nodes(home, excluded=_behind_fits())


def fits(home: Home, _: int) -> None:
    """Fits and forecasts from the build file, and the marts that show them."""
    from pipelines.lifetimes import compute

    compute(home, END)
    _run_nodes(home, selected=_behind_fits())


def _behind_fits() -> tuple[str, ...]:
    """The nodes that read dbt's source `reliability`: the second command of a build."""
    from pipelines.orchestration.manifest import prepared

    manifest = prepared().manifest
    nodes = manifest["nodes"]
    behind = {key for key in manifest["sources"] if ".reliability." in key}
    while found := {key for key, node in nodes.items() if key not in behind and behind & set(_parents(node))}:
        behind |= found
    return tuple(nodes[key]["name"] for key in behind if key in nodes)


def _parents(node: Mapping[str, Any]) -> list[str]:
    return node["depends_on"].get("nodes", [])


def _run_nodes(home: Home, **chosen: tuple[str, ...]) -> None:
    from pipelines.orchestration.dbt_run import DbtCommand, run_dbt
    from pipelines.orchestration.manifest import prepared

    variables = {"as_of": END.isoformat(), "known_on": ""}
    command = DbtCommand(prepared(), home.warehouse / "dbt", variables, **chosen)
    red = [result for result in run_dbt(command) if result.is_red]
    if red:
        raise SavoirError("\n".join(f"{result.unique_id}: {result.message}" for result in red))


def publish(home: Home, _: int) -> None:
    """The snapshot."""
    from pipelines.orchestration.manifest import prepared
    from pipelines.publishing import Build
    from pipelines.publishing import publish as publish_build

    moment = datetime(2026, 10, 31, 5)
    publish_build(home, prepared().manifest, Build("benchmark", END, None, None, moment, moment, 0, 0))


def startup(home: Home, _: int) -> None:
    """All that `savoir build` does before its first step: imports, manifest, definitions."""
    from pipelines.orchestration.code_location import build_defs
    from pipelines.orchestration.job import BUILD

    build_defs(home).resolve_job_def(BUILD)


STAGES: dict[str, Callable[[Home, int], None]] = {
    "simulate": simulate,
    "floor": floor,
    "startup": startup,
    "ingest": ingest,
    "two_marts": two_marts,
    "dbt": dbt,
    "fits": fits,
    "publish": publish,
}


def measured(stage: str, home: Home, lines: int) -> dict[str, float]:
    """Seconds, processor seconds and peak gigabytes of one stage, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.build", "--lines", str(lines), "--stage", stage]
    run = subprocess.run(
        [*command, "--folder", str(home.root)],
        cwd=PROJECT_DIR,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if run.returncode:
        raise click.ClickException(f"{stage} failed: see above.")
    return json.loads(run.stdout.splitlines()[-1])


def rebuild_seconds(home: Home) -> float:
    """A whole `savoir build` that finds nothing new, start-up included."""
    began = time.monotonic()
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.cli",
            "--home",
            str(home.root),
            "build",
            "--as-of",
            END.isoformat(),
        ],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise click.ClickException(f"The rebuild failed:\n{run.stderr}")
    return time.monotonic() - began


def cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def run_stage(stage: str, home: Home, lines: int) -> None:
    """What the fresh process does: work, then tell what it took."""
    os.environ["SAVOIR_HOME"] = str(home.root)
    # Importing is start-up, unless start-up is what is measured.
    if stage in ("two_marts", "dbt", "fits", "publish", "ingest"):
        import dbt.cli.main  # noqa: F401

        import pipelines.feeds
        import pipelines.orchestration.manifest  # noqa: F401
    began, began_cpu = time.monotonic(), cpu()
    STAGES[stage](home, lines)
    seconds = time.monotonic() - began
    if (reading := sys.modules.get("pipelines.feeds.reading")) is not None:
        reading.end_child()  # the system tells what a child took once it has ended
    cpu_seconds = cpu() - began_cpu
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    click.echo(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_gb": peak / 1e6}))


@click.command()
@click.option("--lines", default=100_000, show_default=True, type=click.IntRange(min=1))
@click.option("--folder", type=click.Path(path_type=Path), help="Where to work. Default: a temporary folder.")
@click.option("--stage", type=click.Choice(list(STAGES)), hidden=True)
def main(lines: int, folder: Path | None, stage: str | None) -> None:
    """Seconds and peak memory of each stage for N order lines, and the ratio to the floor."""
    if stage and folder:
        run_stage(stage, Home.at(folder), lines)
        return
    with tempfile.TemporaryDirectory(prefix="savoir-benchmark-") as temporary:
        home = Home.at(folder or temporary).make()
        click.echo(f"{lines:,} order lines, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        click.echo(f"{'stage':10}{'seconds':>10}{'cpu s':>10}{'peak GB':>10}")
        told = {}
        for name in STAGES:
            told[name] = measured(name, home, lines)
            click.echo(f"{name:10}" + "".join(f"{told[name][unit]:>10.2f}" for unit in UNITS))
        for stages in (WORK, LIKE_FOR_LIKE):
            for unit in UNITS[:2]:
                work = sum(told[name][unit] for name in stages)
                ratio = work / told["floor"][unit]
                click.echo(f"{' + '.join(stages)}: {work:.1f} {unit} = {ratio:.1f} x the floor")
        click.echo(f"savoir build without new files, start-up included: {rebuild_seconds(home):.1f} s")


if __name__ == "__main__":
    main()
