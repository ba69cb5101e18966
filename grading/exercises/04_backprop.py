"""Lab 04: the two backward rules, the loss's gradient, a whole network's gradients, and the central difference that checks them."""

import math

import numpy as np

from grading.exercise import Exercise, Tolerance, call
from labkit.outcomes import Ref

# Meet a matrix


def sums_of_products(dZ, X, W):
    """Every gradient written out as the sum that it is."""
    n, units, inputs = len(dZ), len(W[0]), len(W)
    dX = [[math.fsum(dZ[r, u] * W[i, u] for u in range(units)) for i in range(inputs)] for r in range(n)]
    dW = [[math.fsum(X[r, i] * dZ[r, u] for r in range(n)) for u in range(units)] for i in range(inputs)]
    return np.array(dX), np.array(dW), np.array([math.fsum(dZ[:, u]) for u in range(units)])


def layers(rng):
    for n, inputs, units in ((1, 1, 1), (1, 3, 2), (2, 1, 3), (5, 4, 1), (3, 3, 3), (4, 4, 2), (7, 2, 5), (2, 2, 2), (30, 3, 5), (6, 6, 6)):
        for scale in (1.0, 4.0):
            yield call(rng.normal(size=(n, units)) * scale, rng.normal(size=(n, inputs)), rng.normal(size=(inputs, units)) / scale)
    yield call(np.zeros((3, 2)), np.ones((3, 4)), rng.normal(size=(4, 2)))


dense_backward = Exercise(
    "dense_backward", points=3, right=sums_of_products,
    public=[
        call(np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.0625]]), np.array([[2.0, 0.0, 1.0], [1.0, -1.0, 0.5], [0.0, 4.0, -3.0]]),
             np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]])),
        call(np.array([[2.0, 1.0], [-1.0, 3.0]]), np.array([[1.0, 4.0], [0.5, -2.0]]), np.array([[3.0, -1.0], [2.0, 5.0]])),
        call(np.array([[2.0, -3.0, 1.0]]), np.array([[4.0]]), np.array([[0.5, 1.5, -2.0]])),
        call(np.array([[2.0], [-1.0]]), np.array([[1.0, 0.5], [3.0, -2.0]]), np.array([[0.5], [4.0]])),
    ],
    hidden=layers,
    hints=("Let the shapes lead you: dX must have the shape of X, dW that of W, db that of b.",
           "X is (n, inputs) and dZ is (n, units). Which product of the two, one of them transposed, is (inputs, units)?",
           "dX is dZ times W transposed; dW is X transposed times dZ; the bias reached every example, so db adds dZ up over the rows."),
)


@dense_backward.solution
def matrix_products(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)


@dense_backward.solution
def one_example_after_another(dZ, X, W):
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for r in range(len(X)):
        dX[r] = W @ dZ[r]
        dW += np.outer(X[r], dZ[r])
        db += dZ[r]
    return dX, dW, db


@dense_backward.solution
def with_einsum(dZ, X, W):
    return np.einsum("nu,iu->ni", dZ, W), np.einsum("ni,nu->iu", X, dZ), np.ones(len(dZ)) @ dZ


dense_backward.solution("""
class Backwards:
    def __call__(self, dY, X, W):
        one_more = np.hstack([X, np.ones((len(X), 1))])
        *dW, db = np.tensordot(one_more, dY, axes=(0, 0))
        return [W @ d for d in dY], dW, db


dense_backward = Backwards()
""")


@dense_backward.misconception(why="The matrix is used forwards again; where it is square nothing complains.",
                              hint="dX multiplies by W as it stands. Backwards, each unit hands its error to the inputs it was fed by: "
                                   "multiply by W transposed.")
def not_transposed(dZ, X, W):
    return dZ @ W, X.T @ dZ, dZ.sum(axis=0)


@dense_backward.misconception(why="Products of square matrices fit in any order.",
                              hint="Your dW is transposed: row i of dW belongs to input i, as in W. Put X transposed first: X.T @ dZ.")
def the_weights_gradient_transposed(dZ, X, W):
    return dZ @ W.T, dZ.T @ X, dZ.sum(axis=0)


@dense_backward.misconception(why="The mean over the examples is the habit of later libraries.",
                              hint="You take the mean over the examples. Here E is a sum over the examples, so its gradients are sums as well.")
def mean_over_examples(dZ, X, W):
    return dZ @ W.T, X.T @ dZ / len(X), dZ.mean(axis=0)


@dense_backward.misconception(why="db is thought to need one number an example, like dZ.",
                              hint="The same bias was added in every row, so its gradient adds up what the rows say: sum dZ over the "
                                   "examples, axis 0.")
def the_bias_not_summed(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ


@dense_backward.misconception(why="axis=1 is taken for the axis of the examples.",
                              hint="db adds up over the units. It should add up over the examples, axis 0, and have one number a unit.")
def summed_over_the_units(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=1)


@dense_backward.misconception(why="The gradients are listed in the order in which they are used: weights first.",
                              hint="The three are right, but their order is dX, dW, db.")
def weights_first(dZ, X, W):
    return X.T @ dZ, dZ.sum(axis=0), dZ @ W.T


@dense_backward.misconception(why="In a loop over the examples = stands where += is meant.",
                              hint="dW and db are those of the last example alone. Add up what every example says: +=, from zeros.")
def of_the_last_example(dZ, X, W):
    return dZ @ W.T, np.outer(X[-1], dZ[-1]), dZ[-1].copy()


@dense_backward.misconception(why="reshape is taken for the transpose.",
                              hint="reshape only cuts the numbers anew, in the order in which they lie. To turn rows into columns take the "
                                   "transpose: W.T, X.T.")
def reshaped_for_transposed(dZ, X, W):
    return dZ @ W.reshape(W.shape[::-1]), X.reshape(X.shape[::-1]) @ dZ, dZ.sum(axis=0)


@dense_backward.misconception(why="All of dZ is added up.",
                              hint="db is one number here. Each unit has a bias of its own: sum over the examples alone, axis 0.")
def one_bias_for_all(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.sum()


@dense_backward.misconception(why="db = dZ[0] gives the first row a second name, and += writes into it.",
                              hint="db = dZ[0] makes no copy, so db += ... changed dZ itself. Begin with zeros, or use dZ.sum(axis=0).")
def added_into_the_first_row(dZ, X, W):
    dX, dW, db = dZ @ W.T, X.T @ dZ, dZ[0]
    for row in dZ[1:]:
        db += row
    return dX, dW, db


# Meet a function


def through_the_sigmoid(dY, Y):
    slopes = np.array([[y * (1 - y) for y in row] for row in Y.tolist()]).reshape(Y.shape)
    return np.array(dY, float) * slopes


def answers_and_errors(rng):
    for shape in ((1, 1), (1, 4), (3, 1), (2, 2), (5, 3), (12, 6)):
        for low, high in ((0.02, 0.98), (0.3, 0.7)):
            yield call(rng.normal(size=shape) * 3, rng.uniform(low, high, shape))
    yield call(np.zeros((2, 3)), np.full((2, 3), 0.5))
    yield call(np.array([[5.0, -5.0]]), np.array([[0.0, 1.0]]))


sigmoid_backward = Exercise(
    "sigmoid_backward", points=2, right=through_the_sigmoid,
    public=[
        call(np.array([[1.0, -2.0], [0.5, 4.0]]), np.array([[0.5, 0.9], [0.2, 0.75]])),
        call(np.array([[-3.0, 2.0, 1.0]]), np.array([[0.1, 0.6, 0.95]])),
        call(np.array([[5.0, -5.0, 2.0]]), np.array([[0.0, 1.0, 0.25]])),
    ],
    hidden=answers_and_errors,
    hints=("Each number goes its own way here: no matrix product, only multiplication element by element.",
           "Y is what the sigmoid answered. Its slope can be written with y alone: y (1 - y).",
           "Multiply dY by that slope, element by element."),
)


@sigmoid_backward.solution
def from_the_answer(dY, Y):
    return dY * Y * (1 - Y)


@sigmoid_backward.solution
def element_by_element(dY, Y):
    result = np.zeros(Y.shape)
    for place in np.ndindex(Y.shape):
        result[place] = dY[place] * (Y[place] - Y[place] ** 2)
    return result


@sigmoid_backward.solution
def quarter_less_a_square(dY, Y):
    result = np.array(dY)
    result *= 0.25 - (Y - 0.5) ** 2
    return result


sigmoid_backward.solution("""
import operator
from functools import partial


def sigmoid_backward(dY, Y):
    slope = partial(map, lambda y: (1 - (2 * y - 1) ** 2) / 4)
    return [list(map(operator.mul, errors, slope(answers))) for errors, answers in zip(dY, Y)]
""")


@sigmoid_backward.solution
def with_a_guard(dY, Y):
    Y = np.clip(np.asarray(Y, dtype=float), 1e-7, 1 - 1e-7)
    return np.nan_to_num(dY * Y * (1 - Y))


@sigmoid_backward.misconception(why="Y is taken for the sum, and the sigmoid is applied once more.",
                                hint="Y is already what the sigmoid answered. Its slope is Y (1 - Y); do not apply the sigmoid again.")
def applied_again(dY, Y):
    s = 1 / (1 + np.exp(-Y))
    return dY * s * (1 - s)


@sigmoid_backward.misconception(why="The function itself is applied backwards, in place of its derivative.",
                                hint="Forwards the function is applied; backwards the error is multiplied by its *derivative*, Y (1 - Y).")
def the_function_itself(dY, Y):
    return dY * Y


@sigmoid_backward.misconception(why="Rows and columns are there, so a matrix product seems called for.",
                                hint="This is a matrix product. A function acts on each number by itself, and so does its backward rule: use *.")
def a_matrix_product(dY, Y):
    return dY @ (Y * (1 - Y)).T


@sigmoid_backward.misconception(why="Only the slope is returned; the error that arrives is left out.",
                                hint="This is the slope alone. Multiply it by dY, the error that arrives from behind.")
def the_slope_alone(dY, Y):
    return Y * (1 - Y)


@sigmoid_backward.misconception(why="The slope of tanh is remembered.",
                                hint="1 - Y**2 is the slope of tanh. The sigmoid's is Y (1 - Y).")
def the_slope_of_tanh(dY, Y):
    return dY * (1 - Y**2)


@sigmoid_backward.misconception(why="One of the two factors is forgotten.",
                                hint="A factor is missing: the slope is Y (1 - Y), both of them.")
def one_factor_short(dY, Y):
    return dY * (1 - Y)


@sigmoid_backward.misconception(why="Going backwards is taken for undoing.",
                                hint="This divides by the slope, as if the function were to be undone. An error is multiplied by the slopes it "
                                     "passes, in either direction.")
def divided_by_the_slope(dY, Y):
    return dY / (Y * (1 - Y))


@sigmoid_backward.misconception(why="1 - Y is written without parentheses.",
                                hint="Parentheses are missing: dY * Y * 1 - Y subtracts Y in the end. Write (1 - Y).")
def without_parentheses(dY, Y):
    return dY * Y * 1 - Y


@sigmoid_backward.misconception(why="Y - 1 for 1 - Y.", hint="The sign is turned: the sigmoid rises, so its slope Y (1 - Y) is never below 0.")
def slope_below_zero(dY, Y):
    return dY * Y * (Y - 1)


@sigmoid_backward.misconception(why="The sum is found again from the answer, by the logarithm.",
                                hint="To find the sum again you divide by 1 - Y or take the logarithm of Y, and where Y is exactly 0 or 1 that "
                                     "breaks down. The slope needs no sum: Y (1 - Y).")
def by_way_of_the_sum(dY, Y):
    z = np.log(Y / (1 - Y))
    return dY * np.exp(-z) / (1 + np.exp(-z)) ** 2


@sigmoid_backward.misconception(why="The slope is written with the error in place of the answer.",
                                hint="You take the slope from dY. It is found from what the sigmoid answered, Y, and multiplied by dY: "
                                     "dY * Y * (1 - Y).")
def slope_of_the_error(dY, Y):
    return dY * (1 - dY)


@sigmoid_backward.misconception(why="Y *= ... changes the caller's array.",
                                hint="The numbers are right, but the array Y that came in was changed. Write Y * ..., which makes a new one.")
def changes_the_answers(dY, Y):
    Y *= 1 - Y
    return dY * Y


@sigmoid_backward.misconception(why="dY *= ... changes the caller's array.",
                                hint="The numbers are right, but the array dY that came in was changed. Write dY * ..., which makes a new one.")
def changes_the_error(dY, Y):
    dY *= Y * (1 - Y)
    return dY


# Where the error begins


def gradient_of_the_loss(Y, T, loss):
    if loss == "squared":
        return np.array(Y, float) - T
    return np.array(1 - T, float) / (1 - Y) - T / Y


def outputs_and_targets(rng):
    for shape in ((1, 1), (1, 3), (4, 1), (2, 2), (6, 3)):
        for loss in ("squared", "cross-entropy"):
            yield call(rng.uniform(0.03, 0.97, shape), rng.integers(0, 2, shape).astype(float), loss)
            yield call(rng.uniform(0.2, 0.8, shape), rng.uniform(0.1, 0.9, shape), loss)
    yield call(np.array([[0.996, 0.005]]), np.array([[0.0, 1.0]]), "cross-entropy")


loss_gradient = Exercise(
    "loss_gradient", points=2, right=gradient_of_the_loss, tolerance=Tolerance(rtol=5e-4),     # for a guard such as + 1e-6 below the line
    public=[
        call(np.array([[0.5], [0.0625], [0.8]]), np.array([[1.0], [0.0], [1.0]]), "squared"),
        call(np.array([[0.5], [0.25], [0.8]]), np.array([[1.0], [0.0], [1.0]]), "cross-entropy"),
        call(np.array([[0.4, 0.75]]), np.array([[0.0, 0.5]]), "cross-entropy"),
        call(np.array([[0.004, 0.995]]), np.array([[1.0, 0.0]]), "cross-entropy"),
    ],
    hidden=outputs_and_targets,
    hints=("The gradient has one number for each output: how much E rises when that output rises a little.",
           "The half in front of the square is there to cancel the 2 that differentiating brings down.",
           "The slope of log y is 1 / y, that of log(1 - y) is -1 / (1 - y). Mind the minus in front of the sum."),
)


@loss_gradient.solution
def two_formulas(Y, T, loss):
    if loss == "squared":
        return Y - T
    return (Y - T) / (Y * (1 - Y))


@loss_gradient.solution
def term_by_term(Y, T, loss):
    result = np.zeros(Y.shape)
    for place in np.ndindex(Y.shape):
        y, t = Y[place], T[place]
        if loss == "squared":
            result[place] = 0.5 * (2 * y - 2 * t)
        else:
            result[place] = -(t / y) + (1 - t) / (1 - y)
    return result


@loss_gradient.solution
def from_a_table(Y, T, loss):
    return {"squared": Y - T, "cross-entropy": (1 - T) / (1 - Y) - T / Y}[loss]


loss_gradient.solution("""
def loss_gradient(Y, T, loss):
    match loss:
        case "squared":
            return (-np.subtract(T, Y)).tolist()
        case "cross-entropy":
            return np.float32((Y - T) * Y ** -1 * (1 - Y) ** -1)
""")


@loss_gradient.solution
def with_a_guard_below_the_line(Y, T, loss):
    miss = np.asarray(Y, dtype=float) - T
    return miss if loss == "squared" else miss / (Y * (1 - Y) + 1e-6)


@loss_gradient.misconception(why="The loss itself is computed.",
                             hint="These are the losses of the outputs. Asked is their slope: how each changes with its output.")
def the_loss_itself(Y, T, loss):
    if loss == "squared":
        return 0.5 * (Y - T) ** 2
    return -(T * np.log(Y) + (1 - T) * np.log(1 - Y))


@loss_gradient.misconception(why="Target minus output is the error in everyday words, and the rule of lab 01 was written with it.",
                             hint="The sign is turned: the slope of the loss is positive where the output is too large. Descent subtracts it later.")
def target_minus_output(Y, T, loss):
    if loss == "squared":
        return T - Y
    return (T - Y) / (Y * (1 - Y))


@loss_gradient.misconception(why="The 2 of the square is kept, though E has a half in front.",
                             hint="The squared error's gradient is twice too large: E has a half in front, which cancels the 2.")
def twice_too_large(Y, T, loss):
    if loss == "squared":
        return 2 * (Y - T)
    return (Y - T) / (Y * (1 - Y))


@loss_gradient.misconception(why="y - t is known as 'the' gradient of cross-entropy; but that is behind the sigmoid, by its sum.",
                             hint="Y - T is the cross-entropy's gradient by the *sum* that goes into the sigmoid. By the output it is still to be "
                                  "divided by Y (1 - Y).")
def by_the_sum_already(Y, T, loss):
    return Y - T


@loss_gradient.misconception(why="The second half of the cross-entropy, for targets of 0, is forgotten.",
                             hint="-T / Y says nothing where the target is 0. The other half of the loss, (1 - t) log(1 - y), has a slope too.")
def only_the_ones(Y, T, loss):
    if loss == "squared":
        return Y - T
    return -T / Y


@loss_gradient.misconception(why="The gradient is averaged over the examples, as many libraries do.",
                             hint="You divide by the number of examples. Here E is a sum over the examples.")
def averaged(Y, T, loss):
    if loss == "squared":
        return (Y - T) / len(Y)
    return (Y - T) / (Y * (1 - Y)) / len(Y)


@loss_gradient.misconception(why="a / b * c is read as a / (b * c).",
                             hint="(Y - T) / Y * (1 - Y) divides by Y and then multiplies by 1 - Y. Divide by both: (Y - T) / (Y * (1 - Y)).")
def divided_and_multiplied(Y, T, loss):
    if loss == "squared":
        return Y - T
    return (Y - T) / Y * (1 - Y)


@loss_gradient.misconception(why="The slope of log(1 - y) is taken for 1 / (1 - y).",
                             hint="The second half of the cross-entropy has the wrong sign: the slope of log(1 - y) is -1 / (1 - y).")
def second_half_turned(Y, T, loss):
    if loss == "squared":
        return Y - T
    return -T / Y - (1 - T) / (1 - Y)


@loss_gradient.misconception(why="The minus in front of the cross-entropy's sum is overlooked.",
                             hint="The cross-entropy has a minus in front of the whole sum; its gradient has it too.")
def minus_overlooked(Y, T, loss):
    if loss == "squared":
        return Y - T
    return T / Y - (1 - T) / (1 - Y)


@loss_gradient.misconception(why="The half in front of the square is carried along.",
                             hint="The squared error's gradient is half of what it should be: the 2 that differentiating brings down cancels "
                                  "the half.")
def half_of_it(Y, T, loss):
    if loss == "squared":
        return 0.5 * (Y - T)
    return (Y - T) / (Y * (1 - Y))


@loss_gradient.misconception(why="The sigmoid's slope is put in at once.",
                             hint="The sigmoid's slope Y (1 - Y) is in this already. Asked is the gradient by the outputs Y; the sigmoid has a rule "
                                  "of its own.")
def sigmoid_included(Y, T, loss):
    if loss == "squared":
        return (Y - T) * Y * (1 - Y)
    return Y - T


@loss_gradient.misconception(why="The loss itself is computed, added up to one number as the formulas say.",
                             hint="This is the loss, one number for all outputs. Asked is its slope by each output: as many numbers as there are "
                                  "outputs.")
def the_loss_added_up(Y, T, loss):
    if loss == "squared":
        return 0.5 * np.sum((Y - T) ** 2)
    return -np.sum(T * np.log(Y) + (1 - T) * np.log(1 - Y))


@loss_gradient.misconception(why="Y - T is written without parentheses.",
                             hint="Y - T / (Y * (1 - Y)) divides T alone. Take the difference first, in parentheses.")
def only_the_target_divided(Y, T, loss):
    if loss == "squared":
        return Y - T
    return Y - T / (Y * (1 - Y))


@loss_gradient.misconception(why="A target is thought to be 0 or 1, and the two cases are written out.",
                             hint="For targets of 0 and 1 this is right, but a target may lie between them. Add both parts of the formula: the one "
                                  "with t and the one with 1 - t.")
def targets_of_zero_and_one(Y, T, loss):
    if loss == "squared":
        return Y - T
    return np.where(T == 1, -1 / Y, 1 / (1 - Y))


@loss_gradient.misconception(why="Y is kept away from 0 and 1, far enough to be felt.",
                             hint="An output of 0.004 or 0.995 is moved here before its slope is taken, and too small a slope comes out. A guard "
                                  "must not be felt: 1e-12 is enough, and Y lies between 0 and 1 as it is.")
def a_guard_that_is_felt(Y, T, loss):
    if loss == "squared":
        return Y - T
    Y = np.clip(Y, 0.01, 0.99)
    return (Y - T) / (Y * (1 - Y))


@loss_gradient.misconception(why="The two branches change places.",
                             hint='The two losses have changed places: "squared" asks for the slope of the square, "cross-entropy" for that of the '
                                  "logarithms.")
def branches_changed(Y, T, loss):
    if loss == "cross-entropy":
        return Y - T
    return (Y - T) / (Y * (1 - Y))


@loss_gradient.misconception(why="Libraries take the mean of the losses.",
                             hint="You divide by the number of outputs. Here E is a sum over all outputs of all examples.")
def averaged_over_all_outputs(Y, T, loss):
    return (Y - T) / (1 if loss == "squared" else Y * (1 - Y)) / Y.size


# The whole network


def two_layer_gradients(X, T, W1, b1, W2, b2):
    """From the derivation by single units: an example, an output and a hidden unit at a time (Nature 1986, eqs. 1 to 7)."""
    def squash(total):
        return 1 / (1 + math.exp(-total))

    n_in, n_hidden, n_out = len(W1), len(b1), len(b2)
    dW1, db1, dW2, db2 = (np.zeros(a.shape) for a in (W1, b1, W2, b2))
    for x, t in zip(X.tolist(), T.tolist(), strict=True):
        h = [squash(math.fsum(x[i] * W1[i, j] for i in range(n_in)) + b1[j]) for j in range(n_hidden)]
        y = [squash(math.fsum(h[j] * W2[j, k] for j in range(n_hidden)) + b2[k]) for k in range(n_out)]
        e = [(y[k] - t[k]) * y[k] * (1 - y[k]) for k in range(n_out)]
        d = [math.fsum(e[k] * W2[j, k] for k in range(n_out)) * h[j] * (1 - h[j]) for j in range(n_hidden)]
        dW1 += [[x[i] * d[j] for j in range(n_hidden)] for i in range(n_in)]
        dW2 += [[h[j] * e[k] for k in range(n_out)] for j in range(n_hidden)]
        db1, db2 = db1 + d, db2 + e
    return dW1, db1, dW2, db2


def networks(rng):
    for inputs, hidden, outs in ((1, 1, 1), (2, 2, 1), (2, 2, 2), (3, 2, 4), (6, 2, 1), (4, 3, 4), (1, 5, 1), (3, 3, 3)):
        for n, size in ((1, 1.0), (5, 2.0)):
            yield call(rng.normal(size=(n, inputs)), rng.integers(0, 2, (n, outs)).astype(float), rng.uniform(-size, size, (inputs, hidden)),
                       rng.uniform(-size, size, hidden), rng.uniform(-size, size, (hidden, outs)) * 2, rng.uniform(-size, size, outs))
    for gate in ((0, 1, 1, 0), (0, 0, 0, 1)):
        yield call(XOR, np.array(gate, float)[:, None], rng.uniform(-3, 3, (2, 2)), rng.uniform(-1, 1, 2), rng.uniform(-3, 3, (2, 1)),
                   rng.uniform(-1, 1, 1))
    yield call(rng.normal(size=(2, 2)), rng.uniform(1, 2, (2, 1)) * 1e12, rng.uniform(-1, 1, (2, 3)), rng.uniform(-1, 1, 3),
               rng.uniform(-1, 1, (3, 1)), rng.uniform(-1, 1, 1))     # a nudge of a weight is lost in the rounding of E


XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
backprop = Exercise(
    "backprop", points=4, right=two_layer_gradients, tolerance=Tolerance(rtol=1e-4, atol=2e-6), avoid=("dense_backward", "sigmoid_backward"),
    public=[
        call(XOR, np.array([[0.0], [1.0], [1.0], [0.0]]), np.array([[2.0, -3.0], [1.0, 4.0]]), np.array([-1.0, 0.5]), np.array([[3.0], [-5.0]]),
             np.array([0.5])),
        call(np.array([[1.0, -0.5, 2.0], [0.0, 1.5, -1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.5, -1.0], [2.0, 1.0], [-1.5, 0.25]]),
             np.array([0.3, -0.2]), np.array([[2.0, -1.5], [-2.5, 3.0]]), np.array([0.1, -0.6])),
        call(np.array([[2.0]]), np.array([[0.0]]), np.array([[1.0]]), np.array([-1.0]), np.array([[2.0]]), np.array([0.25])),
        call(np.array([[1.0, -0.5]]), np.array([[1e12]]), np.array([[0.5, -1.0], [2.0, 1.0]]), np.array([0.25, -0.5]), np.array([[1.5], [-1.0]]),
             np.array([0.5])),     # E is so large that a nudge is lost in its rounding; the rules do not mind
    ],
    hidden=networks,
    hints=("First run forwards and keep what comes out: H = sigmoid(X W1 + b1), then Y = sigmoid(H W2 + b2).",
           "Then backwards, one rule after the other: the error Y - T; through the sigmoid (times Y (1 - Y)); through the matrix W2.",
           "With dZ2 = (Y - T) Y (1 - Y): dW2 = H.T @ dZ2 and dH = dZ2 @ W2.T. The first layer repeats the last two rules, with H and X in "
           "the places of Y and H."),
)


@backprop.solution
def rule_after_rule(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.solution
def example_by_example(X, T, W1, b1, W2, b2):
    dW1, db1, dW2, db2 = np.zeros(W1.shape), np.zeros(b1.shape), np.zeros(W2.shape), np.zeros(b2.shape)
    for x, t in zip(X, T, strict=True):
        h = 1 / (1 + np.exp(-(x @ W1 + b1)))
        y = 1 / (1 + np.exp(-(h @ W2 + b2)))
        e = (y - t) * y * (1 - y)
        d = W2 @ e * h * (1 - h)
        dW1, db1, dW2, db2 = dW1 + np.outer(x, d), db1 + d, dW2 + np.outer(h, e), db2 + e
    return dW1, db1, dW2, db2


@backprop.solution
def biases_as_a_row_of_weights(X, T, W1, b1, W2, b2):
    V1, V2 = np.vstack([W1, b1]), np.vstack([W2, b2])
    one = np.ones((len(X), 1))
    A = np.hstack([X, one])
    B = np.hstack([0.5 + 0.5 * np.tanh(A @ V1 / 2), one])
    Y = 0.5 + 0.5 * np.tanh(B @ V2 / 2)
    E = (Y - T) * (Y - Y**2)
    G2 = B.T @ E
    G1 = A.T @ ((E @ V2.T) * (B - B**2))[:, :-1]
    return G1[:-1], G1[-1], G2[:-1], G2[-1]


backprop.solution("""
def backprop(X, T, *weights):
    def squash(Z):
        Y = 1 / (1 + np.exp(-Z))
        return Y, lambda dY: dY * Y * (1 - Y)

    def dense(A, W, b):
        return A @ W + b, lambda dZ: (dZ @ W.T, [np.einsum("ni,nu->iu", A, dZ), sum(dZ)])

    way, grads, signal = [], [], X
    for W, b in zip(weights[::2], weights[1::2]):
        for rule in (dense(signal, W, b), squash):
            signal, back = rule(signal) if callable(rule) else rule
            way.append(back)
    signal = signal - T
    while way:
        signal = way.pop()(signal)
        signal, found = way.pop()(signal)
        grads = found + grads
    return grads
""")


@backprop.misconception(why="A gradient can be had without any rule.",
                        hint="This is right for targets of ordinary size, but not for one of 1e12: there E is so large that a nudge of a weight is "
                             "lost in its rounding. Nudging checks the rules, but the rules are what to write here.",
                        unsure=lambda X, T, *_: np.abs(T).max() > 1e6)
def by_nudging(X, T, W1, b1, W2, b2):
    def error(*weights):
        H = 1 / (1 + np.exp(-(X @ weights[0] + weights[1])))
        Y = 1 / (1 + np.exp(-(H @ weights[2] + weights[3])))
        return 0.5 * np.sum((Y - T) ** 2)

    weights, gradients = [W1, b1, W2, b2], []
    for k in range(4):
        gradients.append(np.zeros(weights[k].shape))
        for place in np.ndindex(weights[k].shape):
            nudge = np.zeros(weights[k].shape)
            nudge[place] = 1e-5
            above, below = (error(*weights[:k], weights[k] + side * nudge, *weights[k + 1:]) for side in (1, -1))
            gradients[k][place] = (above - below) / 2e-5
    return gradients


@backprop.misconception(why="At the output Y - T looks final; that the sigmoid stands behind it is forgotten.",
                        hint="The output's sigmoid is left out: Y - T is the error behind it. Multiply by Y (1 - Y) before you meet W2.")
def without_the_output_sigmoid(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = Y - T
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="After meeting W2 the hidden sigmoid is forgotten.",
                        hint="The hidden sigmoid is left out: after W2 transposed the error still has to pass it. Multiply by H (1 - H).")
def without_the_hidden_sigmoid(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = dZ2 @ W2.T
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The slope is written as a function of the sum, s(z) (1 - s(z)), and called with what the sigmoid answered.",
                        hint="The sigmoid is applied once more to H and Y, which are its answers already. Its slope is Y (1 - Y), and H (1 - H).")
def sigmoid_applied_again(X, T, W1, b1, W2, b2):
    def slope(z):
        s = 1 / (1 + np.exp(-z))
        return s * (1 - s)

    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * slope(Y)
    dZ1 = (dZ2 @ W2.T) * slope(H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The error is handed back past W2, as if every hidden unit were equally to blame.",
                        hint="Each hidden unit gets the same error here, whatever its weight to the output. Hand the error back *through* W2: "
                             "multiply by W2 transposed.")
def everyone_equally_to_blame(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = dZ2.sum(axis=1, keepdims=True) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="Target minus output: then a step has to add the gradient.",
                        hint="All signs are turned: the gradient points uphill, so the error is output minus target.")
def downhill(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (T - Y) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="Backwards the last layer comes first, and so it is returned.",
                        hint="The gradients are right, their order is not: dW1, db1, dW2, db2, the order of the weights in the arguments.")
def last_layer_first(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return H.T @ dZ2, dZ2.sum(axis=0), X.T @ dZ1, dZ1.sum(axis=0)


@backprop.misconception(why="The weights are thought to be all there is to learn; the biases' gradients are filled with zeros.",
                        hint="The biases get no gradient here. A bias is a weight whose input is always 1, and it is learned like the others.")
def biases_forgotten(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, np.zeros(b1.shape), H.T @ dZ2, np.zeros(b2.shape)


@backprop.misconception(why="W2 is changed before the error has passed through it, as in a loop that learns on the way.",
                        hint="The error passes a W2 that was moved already. Compute all gradients from the same weights first; steps come later.")
def with_weights_that_moved(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dW2 = H.T @ dZ2
    W2 = W2 - dW2
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), dW2, dZ2.sum(axis=0)


@backprop.misconception(why="The mean over the examples is the habit of later libraries.",
                        hint="You take the mean over the examples. E is a sum over them, and so are its gradients.")
def averaged_over_examples(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y) / len(X)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The 2 of the square is kept.",
                        hint="All gradients are twice too large: E has a half in front, which cancels the 2 of the square.")
def all_twice_too_large(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = 2 * (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The biases are left out on the way forwards.",
                        hint="The way forwards lacks the biases: H = sigmoid(X W1 + b1), Y = sigmoid(H W2 + b2).")
def forwards_without_biases(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1)))
    Y = 1 / (1 + np.exp(-(H @ W2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="In a loop over the examples = stands where += is meant.",
                        hint="These are the gradients of the last example alone. E is a sum over all examples: add theirs up.")
def last_example_only(X, T, W1, b1, W2, b2):
    for x, t in zip(X, T, strict=True):
        h = 1 / (1 + np.exp(-(x @ W1 + b1)))
        y = 1 / (1 + np.exp(-(h @ W2 + b2)))
        e = (y - t) * y * (1 - y)
        d = W2 @ e * h * (1 - h)
    return np.outer(x, d), d, np.outer(h, e), e


@backprop.misconception(why="The step is taken at once.",
                        hint="These are the weights after a step. Return the gradients themselves: the step comes later, with a learning rate.")
def the_weights_after_a_step(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return W1 - X.T @ dZ1, b1 - dZ1.sum(axis=0), W2 - H.T @ dZ2, b2 - dZ2.sum(axis=0)


@backprop.misconception(why="The error goes back through W2 as the signal went forwards.",
                        hint="W2 is multiplied as it stands. Backwards the error passes it the other way, from the outputs to the hidden units: "
                             "W2 transposed.")
def through_w2_forwards(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The error goes on from dY, in front of the output's sigmoid.",
                        hint="Y - T is sent through W2 as it stands. What passes W2 is the error that has gone through the output's sigmoid: "
                             "(Y - T) Y (1 - Y).")
def past_the_output_sigmoid(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = ((Y - T) @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The biases' gradients are left with one row an example.",
                        hint="db1 and db2 have a row for each example here. The same bias was added in every row: sum over the examples, axis 0.")
def biases_not_summed(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1, H.T @ dZ2, dZ2


@backprop.misconception(why="X goes in at the first layer, and is taken for what goes into the second.",
                        hint="dW2 is made with X. What went into the second matrix is H: dW2 = H.T @ dZ2.")
def inputs_for_hidden(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), X.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="Both gradients of the weights are listed first, as in W1, W2, b1, b2.",
                        hint="The gradients are right, their order is not: dW1, db1, dW2, db2, each bias behind its weights.")
def weights_before_biases(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    dZ2 = (Y - T) * Y * (1 - Y)
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, H.T @ dZ2, dZ1.sum(axis=0), dZ2.sum(axis=0)


@backprop.misconception(why="The slopes are written with the sums.",
                        hint="The sigmoid's slope is y (1 - y), from its answer; this has the sums z in its place.")
def slopes_from_the_sums(X, T, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    H = 1 / (1 + np.exp(-Z1))
    Z2 = H @ W2 + b2
    Y = 1 / (1 + np.exp(-Z2))
    dZ2 = (Y - T) * Z2 * (1 - Z2)
    dZ1 = (dZ2 @ W2.T) * Z1 * (1 - Z1)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


@backprop.misconception(why="The output unit is taken for a linear one.",
                        hint="The network's output has no sigmoid here, neither forwards nor backwards: Y = sigmoid(H W2 + b2).")
def linear_output(X, T, W1, b1, W2, b2):
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    dZ2 = H @ W2 + b2 - T
    dZ1 = (dZ2 @ W2.T) * H * (1 - H)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)


# Nudging


def central_differences(f, x, step):
    f = f.resolve() if isinstance(f, Ref) else f
    result = np.zeros(x.shape)
    for k in range(x.size):
        above, below = x.astype(float).ravel(), x.astype(float).ravel()
        above[k], below[k] = above[k] + step, below[k] - step
        result.ravel()[k] = (f(above.reshape(x.shape)) - f(below.reshape(x.shape))) / (2 * step)
    return result


def surfaces_and_points(rng):
    for name in ("cubes", "ripples", "steep", "row_sums"):
        for shape in ((1,), (2,), (5,), (2, 3), (3, 1), (2, 2, 2)):
            yield call(Ref(f"widgets.backprop_rules:{name}"), rng.normal(size=shape), float(rng.choice([0.5, 0.25, 0.125])))
    yield call(Ref("widgets.backprop_rules:cubes"), np.zeros(3), 0.5)
    yield call(Ref("widgets.backprop_rules:ripples"), rng.normal(size=(4, 3)), 0.03125)


numerical_gradient = Exercise(
    "numerical_gradient", points=3, right=central_differences, tolerance=Tolerance(rtol=1e-4, atol=1e-5),
    public=[
        call(Ref("widgets.backprop_rules:cubes"), np.array([2.0, -1.0, 0.5]), 0.25),
        call(Ref("widgets.backprop_rules:ripples"), np.array([[1.0, -2.0], [0.5, 3.0]]), 0.5),
        call(Ref("widgets.backprop_rules:steep"), np.array([0.5, 1.0]), 0.125),
        call(Ref("widgets.backprop_rules:row_sums"), np.array([[[1.0, -2.0]], [[0.5, 3.0]]]), 0.5),
    ],
    hidden=surfaces_and_points,
    hints=("One element at a time: nudge it up, note f; nudge it down, note f; put it back.",
           "for place in np.ndindex(x.shape) visits every element of an array of any shape.",
           "The two values of f are 2 steps apart, so divide their difference by 2 * step. Work on a copy of x, made afresh for each element."),
)


@numerical_gradient.solution
def with_copies(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / (2 * step)
    return gradient


@numerical_gradient.solution
def in_place_and_back(f, x, step):
    slopes = []
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + step
        above = f(x)
        x[place] = kept - step
        below = f(x)
        x[place] = kept
        slopes.append((above - below) / step / 2)
    return np.array(slopes).reshape(x.shape)


@numerical_gradient.solution
def along_the_axes(f, x, step):
    flat = x.ravel()
    slopes = [f((flat + a).reshape(x.shape)) - f((flat - a).reshape(x.shape)) for a in step * np.eye(x.size)]
    return np.reshape(slopes, x.shape) / (2 * step)


@numerical_gradient.solution
def up_twice_down_and_back(f, x, step):
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += step
        above = f(x)
        x[place] -= 2 * step
        gradient[place] = (above - f(x)) / (2 * step)
        x[place] += step
    return gradient


numerical_gradient.solution("""
from itertools import product


def numerical_gradient(f, x, step=1e-5):
    def nudged(place, by):
        return f(np.array([v + by * (at == place) for at, v in np.ndenumerate(x)]).reshape(x.shape))

    slopes = {place: (nudged(place, step) - nudged(place, -step)) / (step + step) for place in product(*map(range, x.shape))}
    return np.reshape(list(slopes.values()), x.shape).tolist()
""")


@numerical_gradient.misconception(why="The definition of the derivative in school has one side only.",
                                  hint="This is the forward difference: 12.006 in place of 12.000. Nudge to both sides and divide by 2 * step.")
def forward_difference(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up = x.copy()
        up[place] += step
        gradient[place] = (f(up) - f(x)) / step
    return gradient


@numerical_gradient.misconception(why="Both sides are nudged, but the distance between them is taken for one step.",
                                  hint="These slopes are twice too large: the two points are 2 steps apart.")
def divided_by_one_step(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / step
    return gradient


@numerical_gradient.misconception(why="x + step nudges every element of an array.",
                                  hint="x + step nudges all elements at once, and f mixes what each of them does. Nudge one, and leave the others.")
def all_at_once(f, x, step):
    return np.full(x.shape, (f(x + step) - f(x - step)) / (2 * step))


@numerical_gradient.misconception(why="up = x gives the same array a second name; what was nudged stays nudged.",
                                  hint="Elements stay where you nudged them, and the later ones are measured elsewhere. up = x makes no copy: "
                                       "write x.copy().")
def never_put_back(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        x[place] += step
        above = f(x)
        x[place] -= 2 * step
        gradient[place] = (above - f(x)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="Down minus up: the order of the two is mixed up.",
                                  hint="The sign is turned: take f after the nudge upwards minus f after the nudge downwards.")
def down_minus_up(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (f(down) - f(up)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="A good step is known by heart, and the argument is not looked at.",
                                  hint="You use a step of your own. Take the one that was passed: sometimes a large step is asked for on purpose.")
def a_step_of_its_own(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += 1e-5
        down[place] -= 1e-5
        gradient[place] = (f(up) - f(down)) / 2e-5
    return gradient


@numerical_gradient.misconception(why="a / 2 * step is read as a / (2 * step).",
                                  hint="/ 2 * step divides by 2 and then multiplies by the step. Divide by both: / (2 * step).")
def divided_and_multiplied_by_it(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / 2 * step
    return gradient


@numerical_gradient.misconception(why="The copies are made once, before the loop.",
                                  hint="The copies are made once, so what was nudged in them stays nudged. Make them afresh for each element, inside "
                                       "the loop.")
def copied_once(f, x, step):
    gradient, up, down = np.zeros(x.shape), x.copy(), x.copy()
    for place in np.ndindex(x.shape):
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="up = x is thought to make a copy.",
                                  hint="up and down are the same array here, so f gives the same value twice. up = x makes no copy: write x.copy().")
def two_names_for_one_array(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x, x
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="The slopes are collected in a list.",
                                  hint="The slopes are right, but they stand in one row. Give them the shape of x: .reshape(x.shape).")
def in_one_row(f, x, step):
    flat = x.ravel()
    return np.array([(f((flat + a).reshape(x.shape)) - f((flat - a).reshape(x.shape))) / (2 * step) for a in step * np.eye(x.size)])


@numerical_gradient.misconception(why="x is made flat, and stays so when f is called.",
                                  hint="f gets a flat array here. It is a function of an array like x, and may depend on its shape: reshape before "
                                       "you call it.")
def a_flat_array_for_f(f, x, step):
    flat = x.ravel()
    return np.array([(f(flat + a) - f(flat - a)) / (2 * step) for a in step * np.eye(x.size)]).reshape(x.shape)


@numerical_gradient.misconception(why="f is thought to act on each element by itself.",
                                  hint="f gets one number at a time here. It is a function of the whole array: change one element in a copy of x, "
                                       "and call f with all of it.")
def a_number_for_f(f, x, step):
    return np.array([(f(v + step) - f(v - step)) / (2 * step) for v in x.flat]).reshape(x.shape)


@numerical_gradient.misconception(why="The last nudge is not taken back.",
                                  hint="The slopes are right, but x is not as it was: take each nudge back, or nudge a copy.")
def left_elsewhere(f, x, step):
    gradient, before = np.zeros(x.shape), x.copy()
    for place in np.ndindex(x.shape):
        x[:] = before
        x[place] += step
        above = f(x)
        x[place] -= 2 * step
        gradient[place] = (above - f(x)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="x is thought of as one row of numbers.",
                                  hint="for i in range(len(x)) nudges a whole row where x is a table. Nudge one element at a time: for place in "
                                       "np.ndindex(x.shape).")
def a_row_at_a_time(f, x, step):
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="x is thought of as one row of numbers, and the gradient as well.",
                                  hint="This has one number for each row of x. It should have one for each element: np.zeros(x.shape), and for place "
                                       "in np.ndindex(x.shape).")
def a_number_for_a_row(f, x, step):
    gradient = np.zeros(len(x))
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="The step is shared between the two sides.",
                                  hint="You nudge by half a step to either side. `step` is how far to nudge to each: the points are 2 steps apart.")
def half_a_step(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step / 2
        down[place] -= step / 2
        gradient[place] = (f(up) - f(down)) / step
    return gradient


@numerical_gradient.misconception(why="The difference is written without parentheses.",
                                  hint="f(up) - f(down) / (2 * step) divides only the second. Take the difference first, in parentheses.")
def only_the_second_divided(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = f(up) - f(down) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="The function ends before the other elements have had their turn.",
                                  hint="Only the first element has its slope: the function returned in the first turn of the loop. Put return behind "
                                       "the loop.")
def returns_after_the_first(f, x, step):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / (2 * step)
        return gradient


@numerical_gradient.misconception(why="The nudge downwards begins where the nudge upwards ended.",
                                  hint="After the nudge upwards you go down by one step only, back to where it began: the second point is x itself. "
                                       "Go down by 2 * step.")
def down_to_where_it_began(f, x, step):
    x, gradient = x.copy(), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        x[place] += step
        above = f(x)
        x[place] -= step
        gradient[place] = (above - f(x)) / (2 * step)
    return gradient


@numerical_gradient.misconception(why="The element that was nudged down is not put back.",
                                  hint="From the second slope on the elements nudged before stand a step too low. Put each back, or make a fresh "
                                       "copy for each.")
def not_put_back(f, x, step):
    x, gradient = x.copy(), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        x[place] += step
        above = f(x)
        x[place] -= 2 * step
        gradient[place] = (above - f(x)) / (2 * step)
    return gradient


guess_step = Exercise("guess_step", points=1, kind="prediction", choices=("a", "b", "c"))
guess_equal = Exercise("guess_equal", points=1, kind="prediction", choices=("a", "b", "c"))
