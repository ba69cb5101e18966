"""Accuracy and confusion against scikit-learn; the margin against a support vector machine; the bound against what happens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import datasets, metrics
from labkit.perceptron import Perceptron


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_accuracy_and_confusion_equal_scikit_learns(pairs):
    from sklearn.metrics import accuracy_score, confusion_matrix

    y, predicted = np.array(pairs).T
    assert metrics.accuracy(y, predicted) == pytest.approx(accuracy_score(y, predicted))
    np.testing.assert_array_equal(metrics.confusion_matrix(y, predicted), confusion_matrix(y, predicted))
    order = [4, 0, 3, 1, 2]
    np.testing.assert_array_equal(
        metrics.confusion_matrix(y, predicted, order), confusion_matrix(y, predicted, labels=order)
    )


def test_confusion_takes_words_and_refuses_strange_ones():
    count = metrics.confusion_matrix(["cat", "dog", "dog"], ["dog", "dog", "cat"], ["dog", "cat"])
    assert count.tolist() == [[1, 1], [1, 0]]
    with pytest.raises(ValueError, match="'fox' is not among the classes"):
        metrics.confusion_matrix(["cat"], ["fox"], ["cat", "dog"])


@pytest.mark.parametrize("y, predicted", [([1, 0], [1]), ([[1]], [[1]]), ([], [])])
def test_predictions_of_another_shape_are_refused(y, predicted):
    for measure in (metrics.accuracy, metrics.confusion_matrix):
        with pytest.raises(ValueError, match="y"):
            measure(y, predicted)


# The margin


def svm_margin(X, y):
    """The same margin by another road: each point and its mirror image, so that the best plane needs no bias of its own."""
    from sklearn.svm import SVC

    X1, t = np.column_stack([X, np.ones(len(X))]), np.where(y == np.max(y), 1, -1)
    return 1 / np.linalg.norm(SVC(kernel="linear", C=1e10, tol=1e-8).fit(np.vstack([X1, -X1]), np.append(t, -t)).coef_)


@pytest.mark.parametrize("seed", range(20))
def test_margin_equals_a_support_vector_machines(seed):
    X, y, *_ = datasets.two_blobs(30, margin=0.3, n_inputs=1 + seed % 5, seed=seed)
    assert metrics.margin(X, y) == pytest.approx(svm_margin(X, y), rel=1e-4)


def test_margin_by_hand():
    # (1, 1) and (-1, 1) are at right angles: the best plane bisects them, and both lie at distance 1.
    assert metrics.margin([[1.0], [-1.0]], [1, 0]) == pytest.approx(1)
    # Now (3, 1) and (1, 1), one of them to be turned round: the shortest difference is 2, halved by the plane between them.
    X, y = np.array([[3.0], [1.0]]), [1, 0]
    nearest = min(np.linalg.norm(a * np.array([3, 1]) - (1 - a) * np.array([1, 1])) for a in np.linspace(0, 1, 100_001))
    assert metrics.margin(X, y) == pytest.approx(nearest, rel=1e-6)


def test_margin_and_bound_where_no_plane_separates():
    for X, y in ((datasets.xor().X, datasets.xor().y), ([[0.0], [1.0], [2.0]], [0, 1, 0]), ([[1.0], [1.0]], [0, 1])):
        assert metrics.margin(X, y) == 0
        assert metrics.novikoff_bound(X, y) == np.inf


@pytest.mark.parametrize("scale", [1e-2, 1, 1e2])
def test_margin_of_small_and_large_inputs(scale):
    X, y, *_ = datasets.two_blobs(40, margin=0.5, seed=1)
    assert metrics.margin(X * scale, y) == pytest.approx(svm_margin(X * scale, y), rel=1e-3)


# Novikoff's theorem: a hundred and more separable problems, never one mistake too many


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(2, 40), d=st.integers(1, 6), margin=st.floats(0.05, 2), seed=st.integers(0, 2**32 - 1),
    rate=st.sampled_from([0.01, 1.0, 7.0]), shuffle=st.booleans(),
)
def test_the_perceptron_never_makes_more_mistakes_than_novikoffs_bound(n, d, margin, seed, rate, shuffle):
    X, y, *_ = datasets.two_blobs(n, margin, d, seed)
    bound = metrics.novikoff_bound(X, y)
    unit = Perceptron(rate, max_epochs=int(bound) + 1, shuffle=shuffle, random_state=seed).fit(X, y)
    assert unit.converged_ and unit.score(X, y) == 1
    assert 1 <= unit.mistakes_ <= bound


def test_the_bound_can_be_reached():
    # Two examples, +x and -x mirrored: one correction settles both, and R equals the margin.
    assert metrics.novikoff_bound([[1.0], [-1.0]], [1, 0]) == pytest.approx(2)
    assert Perceptron().fit([[1.0], [-1.0]], [1, 0]).mistakes_ == 2


# The delta rule's limit: see test_perceptron.py for what happens on its two sides


def test_hessian_limit_is_two_over_the_largest_eigenvalue():
    X = datasets.movies().X
    X1 = np.column_stack([X, np.ones(len(X))])
    largest = np.linalg.eigvalsh(X1.T @ X1 / len(X))[-1]
    assert metrics.hessian_limit(X) == pytest.approx(2 / largest)
    assert metrics.hessian_limit(X, mean=False) == pytest.approx(2 / largest / len(X))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: metrics.margin([[1.0], [2.0]], [1, 1]), "two classes"),
        (lambda: metrics.margin([[1.0], [2.0]], [1, 0, 1]), "each of the 2 rows"),
        (lambda: metrics.margin([[1.0], [2.0], [3.0]], [1, 0, 2]), "3 classes"),
        (lambda: metrics.novikoff_bound([[np.nan], [2.0]], [1, 0]), "NaN"),
        (lambda: metrics.hessian_limit([1.0, 2.0]), "n_examples, n_inputs"),
        (lambda: metrics.hessian_limit(np.empty((0, 3))), "one example or more"),
        (lambda: metrics.hessian_limit(np.ma.masked_array([[1.0], [2.0]], [[True], [False]])), "X is a masked array"),
        (lambda: metrics.hessian_limit([["1"], ["2"]]), "X holds text, but numbers are expected"),
        (lambda: metrics.hessian_limit([[1j], [2]]), "X holds complex numbers"),
        (lambda: metrics.margin([[1.0], [2.0], [3.0]], [1, 0, np.nan]), "Input y contains NaN: the first is in row 2"),
        (lambda: metrics.margin([[1.0], [2.0]], [[1], [1, 2]]), "y has rows of different lengths"),
        (lambda: metrics.confusion_matrix([1, 0], [1, 0], [[1], [1, 2]]), "classes has rows of different lengths"),
        (lambda: metrics.margin([[1.0], [2.0]], [1, np.nan]), "Input y contains NaN"),
        (lambda: metrics.margin([[1.0], [2.0]], np.array([1, "a"], object)), "y mixes text and numbers"),
        (lambda: metrics.accuracy([1, 0], ["1", "0"]), "one is text, the other not; give both one kind of label"),
        (lambda: metrics.accuracy(np.ma.masked_array([1, 0], [True, False]), [1, 0]), "y is a masked array"),
        (lambda: metrics.confusion_matrix(["1", "0"], [1, 0]), "one is text, the other not; give both one kind of label"),
    ],
)
def test_bad_input_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
