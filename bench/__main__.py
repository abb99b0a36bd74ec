"""Run every measurement, or those named: `python -m bench drift`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import bench


def main() -> None:
    every = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))
    wanted = sys.argv[1:] or every
    if unknown := set(wanted) - set(every):
        sys.exit(f"No such measurement: {', '.join(sorted(unknown))}. There are: {', '.join(every)}.")
    for name in wanted:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
