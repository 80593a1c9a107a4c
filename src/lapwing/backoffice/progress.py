"""The progress bar of a run."""


def parts(now: dict[str, int]) -> list[tuple[str, float, float]]:
    """Outcome, where its part begins and how wide it is, of 100."""
    found, start = [], 0.0
    for name in ("done", "skipped", "errors"):
        width = 100 * now[name] / now["selected"] if now["selected"] else 0.0
        if width:
            found.append((name, round(start, 2), round(width, 2)))
        start += width
    return found
