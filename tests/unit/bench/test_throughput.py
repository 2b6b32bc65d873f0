"""Rates as upstream's throughput collector counts them."""

import pytest

from kfast.bench.scheduling.throughput import percentile, samples, throughput


def test_first_look_that_finds_pods_is_where_counting_begins():
    # Nothing by 1 s; 10 by 2 s: the baseline. Then 20 and 5 in a second each; the rest of 4.5 s is left out.
    points = [(0.0, 0), (1.5, 10), (2.5, 30), (3.9, 35), (4.5, 100)]
    assert samples(points, 1.0) == [(3.0, 20.0), (4.0, 5.0)]


def test_empty_seconds_are_merged_into_the_next_and_repeated():
    points = [(0.0, 0), (0.5, 1), (3.5, 31), (5.0, 32)]
    assert samples(points, 1.0) == [(2.0, 10.0), (3.0, 10.0), (4.0, 10.0), (5.0, 1.0)]


def test_pods_bound_before_the_measurement_are_no_throughput():
    assert samples([(7.0, 100), (8.0, 110), (9.0, 130)], 1.0) == [(9.0, 20.0)]


@pytest.mark.parametrize(
    ("n", "percent", "at"), [(1, 50, 0), (2, 50, 0), (3, 50, 1), (10, 90, 8), (10, 95, 9), (200, 99, 197)]
)
def test_percentiles_are_taken_at_the_ceiling(n, percent, at):
    assert percentile(range(n), percent) == at


def test_short_runs_are_looked_at_more_often():
    points = [(n / 1000, n) for n in range(1, 2001)]
    result = throughput(points)
    assert result.interval == 0.1
    assert result.average == pytest.approx(1000)
    assert result.overall == pytest.approx(1000)
    assert throughput([(float(n), n) for n in range(20)]).interval == 1.0


def test_nothing_measured_has_no_rates():
    assert throughput([]).average is None
    assert throughput([(1.0, 5)]).p99 is None
