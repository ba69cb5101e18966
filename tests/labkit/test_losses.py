"""Losses against PyTorch, central differences and their own limits."""

import json
from pathlib import Path

import numpy as np
import pytest

from labkit import losses
from labkit.gradcheck import check_loss
from labkit.losses import binary_cross_entropy, cross_entropy, sigmoid_cross_entropy, softmax_cross_entropy, squared_error

REFERENCE = json.loads((Path(__file__).parent / "references" / "torch.json").read_text())["losses"]


def case(name):
    return getattr(losses, name.removesuffix("_soft")), np.array(REFERENCE[name]["Y"]), np.array(REFERENCE[name]["T"])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", REFERENCE)
def test_agrees_with_pytorch(name, reduction):
    loss, Y, T = case(name)
    value, gradient = loss(Y, T, reduction)
    np.testing.assert_allclose(value, REFERENCE[name][reduction]["value"], rtol=1e-12)
    np.testing.assert_allclose(gradient, REFERENCE[name][reduction]["gradient"], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", REFERENCE)
def test_gradient_agrees_with_central_differences(name):
    loss, Y, T = case(name)
    check_loss(loss, Y, T, tolerance=1e-6)


@pytest.mark.parametrize("name", REFERENCE)
def test_float32_stays_float32_and_agrees(name):
    loss, Y, T = case(name)
    value, gradient = loss(Y.astype(np.float32), T)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(value, REFERENCE[name]["mean"]["value"], rtol=1e-5)


def test_labels_mean_the_same_as_rows_with_a_one():
    Z, labels = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])
    rows = np.eye(3)[labels]
    for loss, Y in ((softmax_cross_entropy, Z), (cross_entropy, np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))):
        (a, da), (b, db) = loss(Y, labels), loss(Y, rows)
        np.testing.assert_allclose(a, b, rtol=1e-13)
        np.testing.assert_allclose(da, db, rtol=1e-13)


def test_the_feedback_is_what_was_said_less_what_was_right():
    _, gradient = softmax_cross_entropy(np.log([[0.3, 0.7]]), [0])
    np.testing.assert_allclose(gradient, [[-0.7, 0.7]], rtol=1e-12)


def test_confident_scores_cost_much_and_not_infinitely_much():
    value, gradient = softmax_cross_entropy(np.array([[1e4, 0.0]]), [1])
    assert value == 1e4 and gradient.tolist() == [[1.0, -1.0]]
    value, gradient = sigmoid_cross_entropy(np.array([[-1e4]]), np.array([[1.0]]))
    assert value == 1e4 and gradient.tolist() == [[-1.0]]
    for value, gradient in (cross_entropy(np.array([[1.0, 0.0]]), [1]), binary_cross_entropy(np.array([[1.0]]), np.array([[0.0]]))):
        assert np.isfinite(value) and value > 30 and np.isfinite(gradient).all()


@pytest.mark.parametrize("columns", [1, 5, 64])
@pytest.mark.parametrize("loss", [cross_entropy, binary_cross_entropy, sigmoid_cross_entropy])
def test_float32_keeps_its_digits_near_certainty(loss, columns):
    """Each row against float64, with as many columns as are computed side by side, and fewer."""
    ends = np.geomspace(np.finfo(np.float32).eps, 0.5, 100)
    Y = np.linspace(-40, 40, 300) if loss is sigmoid_cross_entropy else np.clip(np.concatenate([ends, 1 - ends]), ends[0], 1 - ends[0])
    Y = np.float32(np.repeat(Y[:, None], columns, axis=1))
    T = np.float32(np.eye(columns)[np.arange(len(Y)) % columns] if loss is cross_entropy else np.resize([1, 0, 0.5], Y.shape))
    for y, t in zip(Y, T, strict=True):
        (value, gradient), (right, slope) = loss(y[None], t[None]), loss(y[None].astype(float), t[None])
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(value, right, rtol=2e-6)
        np.testing.assert_allclose(gradient, slope, rtol=2e-6, atol=1e-7)


def test_a_loss_of_what_is_no_number_is_none():
    for loss in (cross_entropy, binary_cross_entropy, sigmoid_cross_entropy, softmax_cross_entropy):
        for dtype in (np.float32, np.float64):
            value, _ = loss(np.array([[np.nan, 0.5]], dtype), np.array([[1, 0]], dtype))
            assert np.isnan(value), loss


Y = np.zeros((3, 2))


@pytest.mark.parametrize("loss, outputs, T, error, words", [
    (squared_error, np.zeros((3, 1)), np.zeros(3), ValueError,
     "the targets have shape (3,) but the outputs (3, 1); pass T.reshape(-1, 1)."),
    (squared_error, Y, np.zeros((2, 2)), ValueError, "the targets have shape (2, 2) but the outputs (3, 2)"),
    (squared_error, Y, [["a", "b"]] * 3, TypeError, "T holds text, but numbers are expected"),
    (softmax_cross_entropy, Y, [0, 1, 2], ValueError, "labels run from 0 to 2, but 2 outputs have labels 0 to 1"),
    (softmax_cross_entropy, Y, [0, -1, 1], ValueError, "labels run from -1 to 1"),
    (softmax_cross_entropy, Y, [0, 1], ValueError, "there are 2 labels for 3 rows of outputs"),
    (softmax_cross_entropy, Y, [[0], [1, 0], [1]], ValueError, "T has rows of different lengths"),
    (softmax_cross_entropy, Y, [0.0, 1.0, 0.5], TypeError, "labels are float64, but whole numbers 0 to 1 are expected"),
    (softmax_cross_entropy, Y, np.ones((3, 2)), ValueError, "the targets of a row have to add up to 1"),
    (softmax_cross_entropy, Y, [[2, -1], [0, 1], [1, 0]], ValueError, "the targets run from -1 to 2, but have to be numbers from 0 to 1"),
    (softmax_cross_entropy, np.zeros((0, 2)), [], ValueError, "there are no examples to compute a loss of"),
    (sigmoid_cross_entropy, Y, 2 * np.eye(3, 2) - 1, ValueError, "the targets run from -1 to 1, but have to be numbers from 0 to 1"),
    (binary_cross_entropy, Y, np.full((3, 2), 255), ValueError, "the targets run from 255 to 255, but have to be numbers from 0 to 1"),
    (squared_error, np.zeros(3), np.zeros(3), ValueError, "Y has shape (3,), but a table (n_examples, n_columns) is expected"),
    (squared_error, Y.astype(np.float16), Y, TypeError, "Y is float16"),
])
def test_bad_input_is_refused_in_words(loss, outputs, T, error, words):
    with pytest.raises(error) as caught:
        loss(outputs, T)
    assert str(caught.value).startswith(words)


def test_an_unknown_reduction_is_refused_in_words():
    with pytest.raises(ValueError, match="reduction is 'median' but has to be 'mean' or 'sum'"):
        squared_error(Y, Y, reduction="median")


def test_inputs_are_left_alone():
    Y, T = np.asfortranarray(np.random.default_rng(0).normal(size=(4, 3))), np.full((4, 3), 0.5)
    for a in (Y, T):
        a.flags.writeable = False
    before = Y.copy()
    squared_error(Y, T)
    sigmoid_cross_entropy(Y, T)
    np.testing.assert_array_equal(Y, before)


@pytest.mark.parametrize("offset", [0, 1e4, -1e4])
@pytest.mark.parametrize("soft", [False, True])
def test_large_scores_keep_the_digits_of_their_differences(offset, soft):
    """In compiled code too: enough rows that it runs there. In float32 numbers near 10,000 lie 0.001 apart."""
    rng = np.random.default_rng(0)
    Z = (rng.normal(size=(300, 10)) + offset).astype(np.float32)
    T = rng.dirichlet(np.ones(10), 300) if soft else rng.integers(0, 10, 300)
    for row in range(0, 300, 60):
        mask = np.zeros(300, np.float32)
        mask[row] = 1
        exact, _ = softmax_cross_entropy(Z[row:row + 1].astype(float), T[row:row + 1])
        Y = np.where(mask[:, None], Z, np.where(np.arange(10) == 0, np.float32(offset + 500), np.float32(offset)))
        others = np.where(mask[:, None], T, np.eye(10)[0]) if soft else np.where(mask, T, 0).astype(int)
        value, _ = softmax_cross_entropy(Y.astype(np.float32), others, reduction="sum")     # every other row is right, at no loss
        np.testing.assert_allclose(value, exact, rtol=3e-6)
