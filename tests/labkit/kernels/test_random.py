"""Philox gives the numbers that its authors publish, the same to every run whatever the swarm's size."""

import numpy as np
import pytest

from labkit.kernels import random

# Counter, key and output, from the file kat_vectors of the authors' library Random123 (philox4x32, 10 rounds).
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0], [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN)
def test_known_answers(counter, key, output):
    words = [np.uint64(word) for word in counter + key]
    assert [int(word) for word in random.philox(*words)] == output
    assert [int(word) for word in random.philox_cpu(*words)] == output


def test_the_unit_interval_is_exact_at_its_ends():
    assert random.signed_unit(np.uint64(0)) == -1
    assert random.signed_unit(np.uint64(0xFFFFFFFF)) == np.float32(1 - 2.0**-23)


def test_a_small_swarm_is_the_beginning_of_a_large_one():
    np.testing.assert_array_equal(random.draws(10, 9, 1, seed=5), random.draws(1000, 9, 1, seed=5)[:, :10])
    np.testing.assert_array_equal(random.draws(10, 3, 1, seed=5), random.draws(10, 9, 1, seed=5)[:3])


def test_seeds_streams_and_runs_differ():
    one = random.draws(50, 8, 1, seed=5)
    assert len(np.unique(one)) == one.size
    for other in (random.draws(50, 8, 1, seed=6), random.draws(50, 8, 1, seed=5 + 2**32), random.draws(50, 8, 1, seed=5, stream=9)):
        assert (other != one).all()


def test_draws_are_uniform():
    values = random.draws(100_000, 6, 2, seed=1)
    assert values.min() >= -2 and values.max() < 2
    share = np.histogram(values, 20, (-2, 2))[0] / values.size
    assert abs(share - 0.05).max() < 5 * np.sqrt(0.05 * 0.95 / values.size)
    rows = np.corrcoef(values)
    assert abs(rows - np.eye(6)).max() < 5 / np.sqrt(100_000)


def test_orders_are_permutations_and_every_place_is_equally_likely():
    orders = random.orders(6000, 5, seed=2)
    assert orders.dtype == np.int32 and (np.sort(orders, axis=1) == np.arange(5)).all()
    places = np.array([np.bincount(orders[:, k], minlength=5) for k in range(5)]) / 6000
    assert abs(places - 0.2).max() < 5 * np.sqrt(0.16 / 6000)
