"""The geometry of charts: an axis that fits what it shows, and no label beyond the edge."""

import pytest

from lapwing.backoffice.charts import WIDTH, stacked, top


@pytest.mark.parametrize(
    ("value", "end"),
    [
        (0, 2),
        (1, 2),
        (3, 4),
        (7, 8),
        (11, 20),
        (130, 150),
        (145, 150),
        (4100, 5000),
        (420_000, 500_000),
        (999, 1000),
    ],
)
def test_an_axis_ends_at_a_round_even_number_not_far_above(value: int, end: int):
    assert top(value) == end


def test_the_half_of_an_axis_is_a_whole_number():
    assert all(top(value) % 2 == 0 and value <= top(value) <= 2 * max(value, 1) for value in range(3000))


def test_the_label_of_the_last_column_ends_where_the_chart_ends():
    days = {f"{day} Jun": {"effective": day} for day in range(1, 37)}
    ticks = stacked(days, {"effective": "effective"}, unit="subscriptions", every=5).x_ticks
    assert (ticks[-1].at, ticks[-1].anchor) == (WIDTH, "end")
    assert {tick.anchor for tick in ticks[:-1]} == {"middle"}
