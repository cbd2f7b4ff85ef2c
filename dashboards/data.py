"""The pages' only door to data: the newest snapshot, and cached answers of the query layer.

Every interaction resolves the published link again, so a page left open shows a new snapshot at its next
rerun; answers are cached per snapshot file, so an old answer can never be shown for a new file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pipelines.home import Home
from pipelines.queries.snapshot import Snapshot, open_file, snapshot_path


@st.cache_resource(max_entries=3, show_spinner=False, on_release=lambda snapshot: snapshot.close())
def _opened(path: str) -> Snapshot:
    return open_file(Path(path))


def snapshot() -> Snapshot:
    """The snapshot that is published now."""
    return _opened(str(snapshot_path(Home.at())))


# 300 answers of some kilobytes each; the byte limit holds when somebody opens very long lists.
@st.cache_data(max_entries=300, max_size="300MB", show_spinner=False)
def _answered(path: str, question: str, arguments: tuple[Any, ...], _ask: Callable[[], Any]) -> Any:
    return _ask()


def ask(question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of one function of the query layer (`question(snapshot, *arguments)`), cached."""
    source = snapshot()
    name = f"{question.__module__}.{getattr(question, '__qualname__', question)}"
    return _answered(str(source.path), name, arguments, lambda: question(source, *arguments))
