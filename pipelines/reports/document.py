"""The HTML report: one self-contained, printable file per family, and the week's index."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.queries import formats
from pipelines.queries.build_facts import BuildFacts
from pipelines.queries.defects import BASELINE_WEEKS, DefectWeek
from pipelines.queries.words import code_label, say
from pipelines.reports.drawings import weekly_rates

HERE = Path(__file__).parent
CATALOGUE = HERE / "texts.yml"

# Everything is escaped, whatever the file's name; a missing name is an error, not an empty cell.
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

# The HTML stays readable; the workbook holds all.
CLAIMS_SHOWN = 200


def report_page(report: DefectWeek, facts: BuildFacts, faults: Mapping[str, str], language: str) -> str:
    """The report of one family."""
    t = partial(_say, language)
    chart = weekly_rates(report.by_week, t("chart_alt"), language)
    return _TEMPLATES.get_template("defect_report.html.j2").render(
        **_surroundings(language, facts),
        report=report,
        family=family_label(report.family_code, language),
        chart=chart,
        fault=lambda code: fault_label(code, faults, language),
        shown=report.claims.head(CLAIMS_SHOWN),
        n=BASELINE_WEEKS,
    )


def index_page(reports: list[tuple[str, DefectWeek]], facts: BuildFacts, language: str) -> str:
    """The list of a week's reports with their first figures."""
    return _TEMPLATES.get_template("index.html.j2").render(
        **_surroundings(language, facts),
        reports=[(name, family_label(each.family_code, language), each) for name, each in reports],
        week=reports[0][1].week,
    )


def family_label(family_code: str | None, language: str) -> str:
    """The family's name; the whole range where there is none."""
    return _say(language, "all_families") if family_code is None else code_label(family_code, language)


def fault_label(code: str | None, faults: Mapping[str, str], language: str) -> str:
    """Code and name of a fault, or that nobody has diagnosed it."""
    if code is None:
        return _say(language, "not_diagnosed")
    return f"{code} · {faults[code]}" if code in faults else code


def _say(language: str, key: str, /, **values: object) -> str:
    return say(CATALOGUE, key, language, **values)


def _surroundings(language: str, facts: BuildFacts) -> dict[str, object]:
    return {
        "language": language,
        "facts": facts,
        "t": partial(_say, language),
        "code": lambda value: code_label(value, language),
        "number": lambda value, decimals=0: formats.number(value, language, decimals),
        "per_units": lambda rate: formats.per_units(rate, language),
        "percent": lambda share: formats.percent(share, language, 0),
        "euros": lambda amount: formats.euros(amount, language, 2),
        "day": lambda value: formats.day(value, language),
        "ratio": lambda *limits: formats.ratio_span(*limits, language),
    }
