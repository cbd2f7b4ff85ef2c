"""Text from outside is shown letter by letter."""

from __future__ import annotations

import pytest

from dashboards.texts import inert


@pytest.mark.parametrize(
    "text", ["**b**", "[l](http://x)", "<b>", "`c`", "$x$", ":red[x]", "# h", "a_b_c", "&lt;"]
)
def test_markdown_from_outside_is_escaped_sign_by_sign(text: str) -> None:
    shown = inert(text)
    assert shown.replace("\\", "") == text
    for sign in "*[]()<>`$:#_&":
        assert shown.count(sign) == shown.count("\\" + sign)
