"""What the user wants done with fixes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from softmax_lint.config import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do with fixes. `diff` shows them and writes nothing; `only` reports nothing that is left."""

    fix: bool | None = None
    unsafe: bool | None = None
    diff: bool = False
    only: bool = False
    show: bool | None = None

    @property
    def applies(self) -> bool:
        return bool(self.fix) or self.diff or self.only

    def under(self, settings: Settings) -> Wish:
        """The wish with what the configuration says where the command line said nothing."""
        return replace(
            self,
            fix=settings.fix if self.fix is None else self.fix,
            unsafe=settings.unsafe_fixes if self.unsafe is None else self.unsafe,
            show=settings.show_fixes if self.show is None else self.show,
        )
