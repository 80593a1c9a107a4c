"""What another system said, made fit for a message of ours: short, printable, without secrets."""

from collections.abc import Iterable

LONGEST = 200


def quoted(text: object, secrets: Iterable[str] = ()) -> str:
    """The text on one line, cut, every secret in it replaced; 'nothing' where there is none."""
    said = str(text)
    for secret in secrets:
        if secret:
            said = said.replace(secret, "***")
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    return f"'{said[:LONGEST]}'" if said else "nothing"
