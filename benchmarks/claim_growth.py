"""Ten times the subscriptions, the same share of them selected: time per item and peak memory grow by at most 1.2.

`ours` is the large base, `peer` the small one. Memory is the peak of the process that carries the run out.
"""

from benchmarks.report import Row
from benchmarks.trials import Trials, median, whole, whole_cpu

BAR, MEMORY_MB = 1.2, 100.0


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    large, small = trials.runs(engine, size), trials.runs(engine, size // 10)
    us = [median(found["ours"], lambda one: 1e6 * whole(one) / one["items"]) for found in (large, small)]
    hand = [median(found["hand"], lambda one: 1e6 * whole(one) / one["items"]) for found in (large, small)]
    cpu = [median(found["ours"], lambda one: 1e6 * whole_cpu(one) / one["items"]) for found in (large, small)]
    mb = [median(found["ours"], "rss_mb") for found in (large, small)]
    return [
        Row("time per item, tenfold base", engine, us[0], us[1], us[0] / us[1], "µs", BAR),
        Row("... in processor time", engine, cpu[0], cpu[1], cpu[0] / cpu[1], "CPU µs"),
        Row("... of the script by hand", engine, hand[0], hand[1], hand[0] / hand[1], "µs"),
        Row("peak memory, tenfold base", engine, mb[0], mb[1], mb[0] / mb[1], "MB", BAR),
        Row("peak memory / 100 MB", engine, mb[0], MEMORY_MB, mb[0] / MEMORY_MB, "MB", 1.0),
    ]


if __name__ == "__main__":
    from benchmarks.run_all import one_claim

    one_claim(rows)
