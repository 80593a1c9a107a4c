"""Draws docs/pictures/demo.svg from what commands really print: run `make demo` first, then this file."""

import io
import os
import subprocess
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
HOME = {"LAPWING_HOME": str(ROOT / "var/demo/receivables"), "LAPWING_CLOCK": "2013-05-31T21:00:00+00:00"}
COMMANDS = ("run show 5", "run explain NGC S-5164-VMYWJ-1", "subscription why S-9014-WENVB-1")


def main() -> None:
    console = Console(record=True, width=120, file=io.StringIO())
    for command in COMMANDS:
        done = subprocess.run(
            [ROOT / ".venv/bin/lapwing", *command.split()],
            env={**os.environ, **HOME},
            capture_output=True,
            text=True,
            check=True,
        )
        console.print(Text(f"$ lapwing {command}", style="bold cyan"))
        console.print(Text(done.stdout), no_wrap=True, overflow="ignore", crop=False)
    console.save_svg(str(Path(__file__).with_name("demo.svg")), title="lapwing")


if __name__ == "__main__":
    main()
