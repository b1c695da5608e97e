"""What words look like on a terminal: by what they mean, and only where a terminal shows it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, TextIO

Role = Literal["title", "heading", "quiet", "good", "warning", "error", "info"]
Style = Callable[[str, Role], str]
"""Text as it is printed; its visible characters never change."""

_LOOKS: dict[Role, dict[str, object]] = {
    "title": {"bold": True},
    "heading": {"fg": "cyan", "bold": True},
    "quiet": {"dim": True},
    "good": {"fg": "green"},
    "warning": {"fg": "yellow"},
    "error": {"fg": "red", "bold": True},
    "info": {"fg": "blue"},
}


def plain(text: str, role: Role) -> str:
    """The style of files, pipes and tests."""
    return text


def coloured(text: str, role: Role) -> str:
    """The style of terminals."""
    import click

    return click.style(text, **_LOOKS[role])  # type: ignore[arg-type]  # the looks are keywords of click.style


def style_for(stream: TextIO) -> Style:
    """Colours where the stream is a terminal that wants them (https://no-color.org, TERM=dumb)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return coloured if wanted and stream.isatty() else plain
