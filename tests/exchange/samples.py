"""A small valid set of files, ways to write and change it, and a count of everything in the database."""

import csv
import io
from pathlib import Path

from django.apps import apps

from lapwing.core.sql import rows, table

FILES = {
    "customers": '''\
number,name,kind,email,country,language,tax_id
C1,Ada Byron,person,ada@example.org,GB,en,
C2,"Grönland, Søn & ""Co""",organisation,,DK,da,DK123
''',
    "accounts": """\
number,customer,currency,classification,credit_rating,credit_limit,state,on_hold_until
A1,C1,EUR,home,AAA,100.5,active,
A2,C2,JPY,,CA,,suspended,2014-12-31
""",
    "subscriptions": """\
number,account,type,state,product,quantity,provider,free,grace_start,grace_end
S1,A1,fibre,effective,router,1,,false,2015-03-01,2015-03-10
S2,A1,tv,resting,,3,,true,,
S3,A2,fibre,not_effective,,1,,,,
""",
    "billing_terms": """\
subscription,scheme,price_plan,frequency,binding_period,binding_start,binding_end,valid_from,valid_to
S1,postpaid,basic,monthly,one_year,2014-06-01,2015-05-31,2014-06-01,2015-05-31
S1,postpaid,plus,annual,,,,2015-06-01,
S2,postpaid,basic,monthly,,2015-01-01,,2015-01-01,
""",
    "invoices": """\
number,account,issued_on,due_on,currency,total,disputed
I1,A1,2015-02-01,2015-03-01,EUR,100,false
I2,A1,2015-03-01,2015-03-25,EUR,60,true
I3,A2,2015-03-10,2015-03-10,JPY,500,
""",
    "payments": """\
reference,account,received_on,currency,amount,invoice
P1,A1,2015-02-20,EUR,60,I1
P2,A2,2015-03-10,JPY,700,
""",
}
HEADERS = {name: text.splitlines()[0].split(",") for name, text in FILES.items()}


def write(directory: Path, files: dict[str, str | bytes] | None = None) -> Path:
    """Writes the files given by name without .csv, or the whole sample."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in (FILES if files is None else files).items():
        raw = content if isinstance(content, bytes) else content.encode()
        (directory / f"{name}.csv").write_bytes(raw)
    return directory


def changed(file: str, row: int, cells: dict[str, str]) -> dict[str, str]:
    """The sample with some cells of one row (from 1) of one file changed."""
    found = list(csv.DictReader(io.StringIO(FILES[file])))
    found[row - 1].update(cells)
    return {**FILES, file: as_csv(file, found)}


def as_csv(name: str, of_one: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADERS[name], lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(of_one)
    return out.getvalue()


def everything() -> dict[str, int]:
    """The number of rows of every table."""
    counts = " UNION ALL ".join(
        f"SELECT '{model.__name__}', count(*) FROM {table(model)}" for model in apps.get_models()
    )
    return dict(rows(counts))


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}
