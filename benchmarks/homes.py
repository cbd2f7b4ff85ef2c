"""Homes that are simulated and modelled for a benchmark, without what it does not read.

A whole build fits, watches for emerging defects, checks and publishes; here the door takes the files and dbt
makes the models that are named, and no test of them. Does not belong here: what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
import yaml

from pipelines.feeds import take_all
from pipelines.home import DBT_DIR, Home
from pipelines.simulation import simulate

END = date(2026, 10, 31)


def modelled(
    folder: Path, scenario: dict[str, Any], seed: int, lines: int, models: Sequence[str], as_of: date = END
) -> Home:
    """A home whose build file holds the models (and what they are made from), with the truth beside it."""
    home = Home.at(folder / "home").make()
    file = folder / "scenario.yml"
    file.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    simulate(home, lines, seed, END, file, lambda _: None)
    take_all(home, lambda _: None)
    home.warehouse.mkdir(parents=True, exist_ok=True)
    target = folder / "target"
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "--no-version-check", "--no-use-colors", "build"),
            *("--select", *(f"+{name}" for name in models)),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR)),
            *("--target-path", str(target), "--log-path", str(target)),
            *("--vars", json.dumps({"as_of": as_of.isoformat(), "known_on": ""})),
        ],
        env={"PATH": "/usr/bin:/bin", "SAVOIR_HOME": str(home.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(f"dbt could not build {', '.join(models)}:\n{done.stdout[-4000:]}")
    return home
