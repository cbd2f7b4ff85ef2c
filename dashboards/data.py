"""The pages' only door to data: the newest snapshot, and cached answers of the query layer.

Every run of a page resolves the published link once, so a page left open shows a new snapshot at its next
rerun, and no page shows two; answers are cached per snapshot file and grant, so an old answer can never be
shown for a new file, nor one person's for another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import streamlit as st

from pipelines.home import Home
from pipelines.queries.grants import Grant
from pipelines.queries.snapshot import Snapshot, open_file, snapshot_path
from pipelines.roles import PERSON_HEADER, Person, person


# One per grant beside the one of everything: a few of each of two snapshots.
@st.cache_resource(max_entries=12, show_spinner=False, on_release=lambda snapshot: snapshot.close())
def _opened(path: str, grant: Grant | None) -> Snapshot:
    return open_file(Path(path), grant)


def visitor() -> Person:
    """Who looks at this page, by the roles as they are now. The guard before the pages names them."""
    name = st.context.headers.get(PERSON_HEADER)
    return person(Home.at(), None if name is None else unquote(name))


def begin_run() -> None:
    """Called once per run of a page: what it asks is asked of the file that is published now."""
    st.session_state.pop("snapshot", None)


def snapshot() -> Snapshot:
    """The snapshot that was published when this run first asked, as far as the visitor may see it."""
    if "snapshot" not in st.session_state:
        st.session_state["snapshot"] = str(snapshot_path(Home.at()))
    return _opened(st.session_state["snapshot"], visitor().grant)


# 300 answers of some kilobytes each; the byte limit holds when somebody opens very long lists.
@st.cache_data(max_entries=300, max_size="300MB", show_spinner=False)
def _answered(
    path: str, grant: Grant | None, question: str, arguments: tuple[Any, ...], _ask: Callable[[], Any]
) -> Any:
    return _ask()


def ask(question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of one function of the query layer (`question(snapshot, *arguments)`), cached."""
    source = snapshot()
    name = f"{question.__module__}.{getattr(question, '__qualname__', question)}"
    return _answered(str(source.path), source.grant, name, arguments, lambda: question(source, *arguments))
