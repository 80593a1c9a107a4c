"""Tells the sandbox provider that it has been delivering every subscription of a file: switch_on.py URL FILE."""

import csv
import json
import sys
from urllib.parse import quote
from urllib.request import Request, urlopen


def main(url: str, path: str) -> None:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        service = {"active": True, "quantity": int(row["quantity"]), "product": row["product"]}
        request = Request(
            f"{url}/control/services/{quote(row['number'], safe='')}",
            data=json.dumps(service).encode(),
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        urlopen(request, timeout=10).close()
    print(f"{len(rows)} services are on at the provider")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
