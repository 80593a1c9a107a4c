"""The sandbox provider as a process of the test, with its own account of what it was told."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen


class SandboxProvider:
    """The process; `with` stops it."""

    def __init__(self, folder: Path) -> None:
        port_file, self.journal = folder / "port", folder / "journal.jsonl"
        command = [sys.executable, "-m", "lapwing.connectors.sandbox_provider", "--port", "0"]
        command += ["--journal", str(self.journal), "--port-file", str(port_file)]
        self.process = subprocess.Popen(command)
        for _ in range(200):
            if port_file.exists() and port_file.read_text().strip():
                break
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def ask(self, path: str) -> Any:
        with urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def tell(self, method: str, path: str, **body: Any) -> None:
        """What its own people do: /control/…"""
        data = json.dumps(body).encode()
        urlopen(Request(self.url + path, data=data, method=method), timeout=5).close()

    def misbehave(self, mode: str, **rule: Any) -> None:
        self.tell("POST", "/control/rules", mode=mode, **rule)

    def effects(self) -> dict[str, int]:
        return {number: counts["effects"] for number, counts in self.ask("/counts").items()}

    def active(self) -> dict[str, bool]:
        services = self.ask("/services")
        return {number: state["active"] for number, state in services.items()}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(5)

    def __enter__(self) -> "SandboxProvider":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
