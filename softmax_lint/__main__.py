"""``python -m softmax_lint``."""

from __future__ import annotations

import sys

from softmax_lint.start import main

if __name__ == "__main__":
    sys.exit(main())
