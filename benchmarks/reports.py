"""How long reports take, and how much memory: `python -m benchmarks.reports --home HOME`.

Subscriptions of every kind (everything, one family, one supplier, one centre, some families), in turn, in
English and French, are made in one process, as a schedule makes them: all files, none written or sent. A home
of some size comes from `savoir simulate --lines N` and `savoir build`.
"""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from pipelines.delivery.reports import last_week, report_of
from pipelines.delivery.subscriptions import Subscription
from pipelines.home import Home
from pipelines.queries.build_facts import families, service_centers, suppliers
from pipelines.queries.snapshot import open_snapshot


def subscriptions(home: Home) -> Iterator[Subscription]:
    """One after another without an end: each family, supplier and centre comes round."""
    snapshot = open_snapshot(home)
    codes = {
        "families": families(snapshot),
        "suppliers": suppliers(snapshot),
        "centers": service_centers(snapshot)["service_center_id"].to_list(),
    }
    snapshot.close()
    for number in itertools.count():
        name, language = f"s{number}", ("en", "fr")[number % 2]
        kind = (*codes, "several", "everything")[number % 5]
        scope = {kind: (codes[kind][number // 5 % len(codes[kind])],)} if kind in codes else {}
        if kind == "several":
            scope = {"families": tuple(codes["families"][:3])}
        yield Subscription.model_validate({"name": name, "language": language, **scope})


def kind_of(subscription: Subscription) -> str:
    """How the table names it."""
    kinds = [each for each in ("families", "suppliers", "centers") if getattr(subscription, each)]
    return f"{len(getattr(subscription, kinds[0]))} {kinds[0]}" if kinds else "everything"


@click.command()
@click.option("--home", "root", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--subscriptions", "count", default=200)
def main(root: Path, count: int) -> None:
    """Make the reports of the last week and print seconds and peak memory by kind of subscription."""
    home = Home.at(root)
    seconds: dict[str, list[float]] = {}
    processor, sizes = time.process_time(), []
    for subscription in itertools.islice(subscriptions(home), count):
        begun = time.perf_counter()
        snapshot = open_snapshot(home, subscription.grant)
        report = report_of(home, snapshot, subscription, last_week(snapshot))
        snapshot.close()
        seconds.setdefault(kind_of(subscription), []).append(time.perf_counter() - begun)
        sizes.append(sum(len(content) for content in report.files.values()))
    processor = time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    click.echo("| reports | of | seconds each, median | slowest |\n|---|---|---|---|")
    for kind, each in seconds.items():
        click.echo(f"| {len(each)} | {kind} | {np.median(each):.2f} | {max(each):.2f} |")
    whole = sum(map(sum, seconds.values()))
    click.echo(
        f"\n{count} reports: {whole:.0f} s, {processor / count:.2f} s of processor each, peak memory "
        f"{peak:.2f} GB, {np.median(sizes) / 1e6:.2f} MB of files each (median)"
    )


if __name__ == "__main__":
    main()
