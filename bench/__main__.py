"""`python -m bench [NAME…]` measures; `python -m bench report FILE.json --docs PAGE.md` shows what was measured."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final

import click

from bench.plots import plots
from bench.report import fill, markdown
from bench.results import Options, Results, progress, this_machine
from bench.rooms import measure
from bench.ways import WAYS

FIGURES: Final = {
    "drift": "Drift of many rooms",
    "start": "Start of the provider",
    "load": "The served Rooms API on LiveKit under load",
}
ROOMS: Final = "30,100,300,1000,3000,10000"


def _numbers(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return tuple(int(one) for one in value.split(","))
    except ValueError:
        raise click.BadParameter(f"numbers with commas between them, not {value!r}") from None


def _ways(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    here = [name for name, way in WAYS.items() if way.is_here]
    asked = value.split(",") if value else here
    if unknown := [one for one in asked if one not in here]:
        raise click.BadParameter(f"there is no {', '.join(unknown)} here; there are {', '.join(here)}")
    return tuple(one for one in here if one in asked)


_plots = click.option("--plots", "folder", type=click.Path(path_type=Path), help="Write plots into this folder.")
_docs = click.option(
    "--docs", type=click.Path(exists=True, path_type=Path), help="Fill this page, and the folder beside it with plots."
)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["rooms", *FIGURES]))
@click.option("--rooms", default=ROOMS, show_default=True, callback=_numbers, help="How many, each a measurement.")
@click.option("--ways", callback=_ways, help=f"Some of: {', '.join(WAYS)}.")
@click.option("--latency", "latencies", default="0,20", show_default=True, callback=_numbers, help="Of the API, in ms.")
@click.option("--rounds", type=int, help="How often.  [default: 3 of up to 30 rooms without latency, else 1]")
@click.option("--uncapped", is_flag=True, help="Also ways whose time grows with the square, however many rooms.")
@click.option("--seconds", default=10.0, show_default=True, help="Of each run of `load`.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write what was measured.")
@_plots
@_docs
def run(names: tuple[str, ...], file: Path | None, folder: Path | None, docs: Path | None, **asked: Any) -> None:
    """Measure all, or what is named: rooms, drift, start, load."""
    options, results = Options(**asked), Results(this_machine())
    for name in names or ("rooms", *FIGURES):
        if name == "rooms":
            for one in measure(options):
                results.runs.append(one)
                if file:  # so that a run of an hour which ends early has not been for nothing
                    results.save(file)
        else:
            progress(FIGURES[name])
            results.figures[FIGURES[name]] = [*importlib.import_module(f"bench.{name}").measure(options)]
    if file:
        results.save(file)
    _show(results, folder, docs)
    if failed := [f"{one.way} {one.phase}" for one in results.runs if one.failed]:
        sys.exit(f"Failed: {', '.join(failed)}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@_plots
@_docs
def report(file: Path, folder: Path | None, docs: Path | None) -> None:
    """Show what was measured before."""
    _show(Results.read(file), folder, docs)


def _show(results: Results, folder: Path | None, docs: Path | None) -> None:
    print(markdown(results))
    if docs:
        fill(docs, results)
    for title, plot in plots(results, folder) if folder else ():
        print(f"{title}: {plot}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["report"]:
        report(sys.argv[2:], prog_name="python -m bench report")
    else:
        run(prog_name="python -m bench")
