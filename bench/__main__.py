"""`python -m bench`: the main questions over a generated log, beside the bare scan of the same columns."""

from __future__ import annotations

from bench.speed import main

if __name__ == "__main__":
    main()
