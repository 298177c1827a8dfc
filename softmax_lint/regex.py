"""Regular expressions that are compiled with their first use: most runs do without most of them."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Late:
    def __init__(self, text: Any, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)  # it costs no more than a method of the pattern itself from now on
        return found


def late(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but for errors: they show with the first use."""
    return cast("re.Pattern[AnyStr]", _Late(text, flags))
