"""Starts the sandbox provider on loopback and serves until it is told to stop."""

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from lapwing.connectors.sandbox_provider.books import Books
from lapwing.connectors.sandbox_provider.server import Server


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("lapwing.connectors.sandbox_provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--journal", type=Path, required=True, help="append-only file, replayed at the start")
    parser.add_argument("--port-file", type=Path, help="the port is written here once it listens")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    token = os.environ.get("LAPWING_SANDBOX_PROVIDER_TOKEN", "")
    with Server(given.port, Books(given.journal), token) as server:
        port = server.server_address[1]
        if given.port_file:
            _write_whole(given.port_file, str(port))
        print(f"sandbox provider on http://127.0.0.1:{port}", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    return 0


def _write_whole(path: Path, text: str) -> None:
    """So that a reader finds the whole number or no file."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text, "ascii")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
