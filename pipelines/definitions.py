"""Dagster's entry: `dagster dev -m pipelines.definitions`, or `savoir serve`, which sets the environment."""

from __future__ import annotations

from pipelines.home import Home
from pipelines.orchestration.code_location import build_defs
from pipelines.orchestration.instance import prepare_instance

_home = Home.at()
prepare_instance(_home)
defs = build_defs(_home)
