"""The whole run handles at least 70 times as many subjects a second as the cheapest loop through the ORM."""

from benchmarks.report import Row
from benchmarks.trials import Trials, median, whole

BAR = 70


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    ours = median(trials.runs(engine, size)["ours"], lambda one: one["items"] / whole(one))
    loop = median(trials.loop(engine, size), lambda one: one["objects"] / one["seconds"])
    return [
        Row("run / loop through the ORM", engine, ours, loop, ours / loop, "subjects/s", BAR, at_least=True)
    ]


if __name__ == "__main__":
    from benchmarks.run_all import one_claim

    one_claim(rows)
