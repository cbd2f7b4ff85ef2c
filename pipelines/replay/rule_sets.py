"""A file of rules, read and checked whole: the versions that can be replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.errors import SavoirError
from pipelines.home import DBT_DIR
from pipelines.replay.coverage import faults
from pipelines.replay.csv_rows import MalformedRulesError, quoted
from pipelines.replay.rules import Rule, rows, rule_of
from pipelines.replay.vocabulary import Vocabulary

SEED = DBT_DIR / "seeds" / "policy_rules.csv"
VERSIONS_NAMED = 20


class UnknownVersionError(SavoirError):
    """The rule set does not hold the version asked for."""


@dataclass(frozen=True)
class RuleSet:
    """Every version of one file, each in order of priority."""

    name: str
    versions: Mapping[str, tuple[Rule, ...]]

    @property
    def starts(self) -> Mapping[str, date | None]:
        """The first day in force of each version; none for a draft."""
        return {version: rules[0].valid_from for version, rules in self.versions.items()}

    def version(self, version: str) -> tuple[Rule, ...]:
        """The rows of one version."""
        if version not in self.versions:
            known = ", ".join(quoted(each) for each in list(self.versions)[:VERSIONS_NAMED])
            raise UnknownVersionError(
                f"{self.name} has no policy version {quoted(version)}. It has: {known}."
            )
        return self.versions[version]


def read_rules(content: bytes, name: str, words: Vocabulary) -> RuleSet:
    """The rule set, or MalformedRulesError with every sentence that can be said about it."""
    rules: list[Rule] = []
    wrong: list[str] = []
    for line, row in rows(content, name, words):
        rule, sentences = rule_of(line, row, words)
        wrong += sentences
        if rule is not None:
            rules.append(rule)
    # A table with unreadable rows would show holes that are not there.
    wrong = wrong or faults(rules, words)
    if wrong:
        raise MalformedRulesError(name, wrong)
    versions: dict[str, list[Rule]] = {}
    for rule in rules:
        versions.setdefault(rule.version, []).append(rule)
    ordered = {key: tuple(sorted(each, key=lambda rule: rule.priority)) for key, each in versions.items()}
    return RuleSet(name, ordered)


def seed_rules(words: Vocabulary) -> RuleSet:
    """The rule sets of the seed, as they stand in the checkout: a draft can be tried before any build."""
    return read_rules(SEED.read_bytes(), SEED.name, words)
