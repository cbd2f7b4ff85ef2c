"""Feeds: files that wait in the inbox become typed, hashed, immutable deliveries in the landing.

Belongs here: the contract, the mappings, the door, the quarantine. Does not belong here: anything that needs
two feeds (dbt), any orchestration (`pipelines.orchestration`).
"""

from pipelines.feeds.contract import Column, Contract, ContractError, Feed, contract
from pipelines.feeds.door import UnknownSourceError, check, take, take_all
from pipelines.feeds.files import FileRefusedError
from pipelines.feeds.inbox import waiting
from pipelines.feeds.landing import DoorBusyError, ensure_empty_landing
from pipelines.feeds.mapping_files import MappingError
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.quarantine import quarantined, replay_quarantine
from pipelines.feeds.results import CheckResult, Delivery, FeedCounts, Refusal, Skip, WaitingFile
from pipelines.feeds.retiring import withdraw
from pipelines.feeds.sources import sources

__all__ = [
    "CheckResult",
    "Column",
    "Contract",
    "ContractError",
    "Delivery",
    "DoorBusyError",
    "Feed",
    "FeedCounts",
    "FileRefusedError",
    "Mapping",
    "MappingError",
    "Refusal",
    "Skip",
    "UnknownSourceError",
    "WaitingFile",
    "check",
    "contract",
    "ensure_empty_landing",
    "quarantined",
    "replay_quarantine",
    "sources",
    "take",
    "take_all",
    "waiting",
    "withdraw",
]
