"""What decides how the watch judges: the variables of the dbt project, as the build published them.

Belongs here: their names and types. Does not belong here: a value. Their one home is `dbt/dbt_project.yml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import yaml

from pipelines.errors import SavoirError
from pipelines.home import DBT_DIR


class SettingMissingError(SavoirError):
    """The build declares no value for something that the watch needs."""


@dataclass(frozen=True)
class Settings:
    """Each is the dbt variable `watch_<name>`; dbt_project.yml says what it decides."""

    declared_false_alerts: float
    bound_over_realised: float
    ordinary_ratio: float
    product_spread: float
    family_spread: float
    center_spread: float
    lag_months: float
    minimum_units: float
    minimum_claims: float
    minimum_diagnoses: float
    false_discovery_share: float

    @classmethod
    def of(cls, thresholds: Mapping[str, float]) -> Settings:
        """From names and values as in `meta.thresholds`. SettingMissingError where one lacks."""
        names = [field.name for field in fields(cls)]
        missing = [f"watch_{name}" for name in names if f"watch_{name}" not in thresholds]
        if missing:
            raise SettingMissingError(
                f"The build declares no {', '.join(missing)}: add it to the variables of dbt_project.yml and "
                "to meta_thresholds.sql."
            )
        return cls(**{name: float(thresholds[f"watch_{name}"]) for name in names})

    @classmethod
    def of_project(cls) -> Settings:
        """As `dbt_project.yml` has them now: for simulations, which build nothing."""
        project = yaml.safe_load((DBT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
        return cls.of({name: value for name, value in project["vars"].items() if name.startswith("watch_")})
