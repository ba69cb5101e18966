"""Lab 05: a step down a slope, the feedback of a softmax, mini-batches, an epoch, the learning-rate finder, a descent a thread."""

import math

import numpy as np

from grading.exercise import Exercise, Tolerance, call
from labkit.emulator import cuda

# One step down


def downhill(w, slope, learning_rate):
    flat = [a - learning_rate * g for a, g in zip(w.ravel().tolist(), slope.ravel().tolist(), strict=True)]
    return np.array(flat).reshape(w.shape)


def places(rng):
    for shape in ((1,), (2,), (2,), (5,), (3, 2), (1, 4), (40,)):
        for rate in (0.01, 0.5, 2.0):
            yield call(rng.normal(size=shape), rng.normal(size=shape) * 3, rate)
    yield call(rng.normal(size=3), np.zeros(3), 0.7)
    yield call(rng.normal(size=2), rng.normal(size=2) * 1e4, 0.02)       # as steep as a cliff: no slope is cut off


gd_step = Exercise(
    "gd_step", points=1, right=downhill,
    public=[
        call(np.array([-0.37, 1.14]), np.array([-1.5, 0.8]), 0.3),
        call(np.array([2.0, 0.0, -1.0]), np.array([4.0, -3.0, 0.525]), 0.1),
        call(np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[0.0, 20.0], [-1.0, 4.0]]), 0.5),
    ],
    hidden=places,
    hints=("The slope says which way is up. You want to go the other way.",
           "How far: the slope times the learning rate. A steep slope makes a long step.",
           "Subtract learning_rate * slope from w and return the result as a new array."),
)


@gd_step.solution
def all_at_once(w, slope, learning_rate):
    return w - learning_rate * slope


@gd_step.solution
def on_a_copy(w, slope, learning_rate):
    new = w.copy()
    for place in np.ndindex(w.shape):
        new[place] = new[place] - learning_rate * slope[place]
    return new


@gd_step.solution
def after_asking_what_came(w, slope, learning_rate):
    if not learning_rate > 0 or np.shape(w) != np.shape(slope):
        raise ValueError("a rate above 0, and a slope for each weight")
    return np.asarray(w, dtype=float) - float(learning_rate) * np.nan_to_num(slope)


@gd_step.misconception(why="The slope is taken for the direction to go.",
                       hint="this goes up the mountain: the slope points where the height grows. Go against it.")
def uphill(w, slope, learning_rate):
    return w + learning_rate * slope


@gd_step.misconception(why="Each step is thought of as equally long, in the direction of the slope.",
                       hint="your steps all have the same length, however steep it is. The slope itself sets the length: do not divide by "
                            "its size.")
def always_the_same_length(w, slope, learning_rate):
    length = np.sqrt(np.sum(slope**2))
    return w - learning_rate * slope / length if length > 0 else w + 0.0


@gd_step.misconception(why="Only the direction along each axis is kept.",
                       hint="this uses only the sign of each slope. A steep direction should move more than a flat one.")
def signs_only(w, slope, learning_rate):
    return w - learning_rate * np.sign(slope)


@gd_step.misconception(why="The step is computed and taken for the new place.",
                       hint="this is the step by itself. Return where it leads: the old w with the step added.")
def the_step_alone(w, slope, learning_rate):
    return -learning_rate * slope


@gd_step.misconception(why="The learning rate is an argument that is easily overlooked.",
                       hint="the learning rate plays no part here, so the step is the whole slope. Multiply the slope by it.")
def without_the_rate(w, slope, learning_rate):
    return w - slope


@gd_step.misconception(why="w -= ... looks like w = w - ..., but it writes into the caller's array.",
                       hint="w -= ... changes the array that you were given, so the caller loses the old place. Write w - ... and return it.")
def in_place(w, slope, learning_rate):
    w -= learning_rate * slope
    return w


# The feedback of a softmax


def probabilities_less_targets(Z, classes):
    rows = []
    for z, answer in zip(np.asarray(Z, float).tolist(), classes.tolist(), strict=True):
        top = max(z)
        powers = [math.exp(score - top) for score in z]
        total = math.fsum(powers)
        rows.append([(power / total - (k == answer)) / len(Z) for k, power in enumerate(powers)])
    return np.array(rows)


def scores(rng):
    for n, k in ((1, 2), (1, 5), (2, 3), (3, 3), (5, 2), (8, 10), (20, 4)):
        for size, shift in ((0.1, 0.0), (1.5, 0.0), (4.0, 50.0)):
            yield call(rng.normal(size=(n, k)) * size + shift, rng.integers(0, k, n))
    yield call(rng.normal(size=(3, 4)) + 2000.0, rng.integers(0, 4, 3))
    yield call(rng.normal(size=(2, 3)) - 2000.0, rng.integers(0, 3, 2))
    yield call(np.zeros((4, 3)), np.array([0, 1, 2, 1]))
    yield call(np.array([[900.0, -900.0], [-900.0, 900.0]]), np.array([1, 0]))      # not the first's, not the right class's score is the largest
    yield call(rng.normal(size=(3, 4)) + np.array([[800.0], [0.0], [-800.0]]), rng.integers(0, 4, 3))


softmax_feedback = Exercise(
    "softmax_feedback", points=3, right=probabilities_less_targets,
    public=[
        call(np.array([[math.log(0.3), math.log(0.7)]]), np.array([0])),
        call(np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 1.5]]), np.array([1, 0])),
        call(np.array([[2.0, 0.0, 1.0, -1.0], [0.0, 0.0, 0.0, 0.0], [1.0, 3.0, -2.0, 0.5]]), np.array([3, 2, 3])),
        call(np.array([[-1500.0, 1001.0, 1000.0, -1500.0], [-1000.0, -1002.0, -1001.0, -1500.0]]), np.array([0, 1])),
    ],
    hidden=scores,
    hints=("First the probabilities: exp of each score, divided by the sum of its row. Then compare them with the right answers.",
           "The right answer of a row is 1 in the column of its class and 0 elsewhere: P[np.arange(len(P)), classes] reaches those places.",
           "Subtract each row's largest score before exp: the probabilities stay the same and nothing overflows. At the end divide by the "
           "number of rows."),
)


@softmax_feedback.solution
def with_arrays(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    P[np.arange(len(Z)), classes] -= 1
    return P / len(Z)


@softmax_feedback.solution
def row_after_row(Z, classes):
    result = np.zeros(np.shape(Z))
    for i in range(len(Z)):
        powers = np.exp(Z[i] - np.max(Z[i]))
        p = powers / np.sum(powers)
        y = np.zeros(len(p))
        y[classes[i]] = 1
        result[i] = (p - y) / len(Z)
    return result


@softmax_feedback.solution
def with_logarithms(Z, classes):
    top = np.max(Z, axis=1)[:, None]
    P = np.exp(Z - top - np.log(np.sum(np.exp(Z - top), axis=1))[:, None])
    return (P - np.eye(Z.shape[1])[classes]) / len(P)


@softmax_feedback.solution
def by_differences(Z, classes):
    P = 1 / np.exp(Z[:, None, :] - Z[:, :, None]).sum(axis=2)
    return (P - (np.arange(Z.shape[1]) == classes[:, None])) / Z.shape[0]


@softmax_feedback.solution
def class_by_class(Z, classes):
    powers = np.exp(Z.T - Z.T.max(axis=0))
    P = (powers / powers.sum(axis=0)).T
    here = classes[:, None]
    np.put_along_axis(P, here, np.take_along_axis(P, here, 1) - 1, 1)
    return P * (1 / Z.shape[0])


@softmax_feedback.solution
def guarded_everywhere(Z, classes):
    shifted = np.clip(Z - np.max(Z, axis=-1, keepdims=True), -500, 500)
    powers = np.exp(shifted)
    P = np.clip(powers / (np.sum(powers, axis=-1, keepdims=True) + 1e-12), 1e-7, 1 - 1e-7)
    onehot = np.zeros_like(P)
    onehot[np.arange(Z.shape[0]), np.asarray(classes, dtype=int)] = 1.0
    return np.nan_to_num((P - onehot) / max(len(Z), 1))


@softmax_feedback.misconception(why="Feedback is thought of as what is still missing: target minus answer.",
                                hint="the sign is the other way round: this is y - p. The slope of the loss is p - y, and gd_step subtracts it.")
def what_is_missing(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    return (np.eye(Z.shape[1])[classes] - P) / len(Z)


@softmax_feedback.misconception(why="The mean over the batch is forgotten.",
                                hint="this is the feedback for the sum of the losses. For their mean each row counts one n-th: divide by the "
                                     "number of rows, or a batch twice as large makes steps twice as long.")
def summed(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[classes]


@softmax_feedback.misconception(why="A mean is wanted, so the mean is taken, and the rows are gone.",
                                hint="this averages the rows into one. Each example keeps its own row of feedback; only its size is divided "
                                     "by n.")
def averaged_into_one_row(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return np.mean(powers / powers.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[classes], axis=0)


@softmax_feedback.misconception(why="axis=0 in place of axis=1.",
                                hint="your probabilities add up to 1 down the columns. An example is a row: its classes share the 1, so sum "
                                     "along axis=1.")
def along_the_columns(Z, classes):
    powers = np.exp(Z - Z.max(axis=0, keepdims=True))
    return (powers / powers.sum(axis=0, keepdims=True) - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="np.sum without an axis adds up the whole table.",
                                hint="your probabilities add up to 1 over the whole table. In each row they have to: divide by "
                                     "powers.sum(axis=1, keepdims=True), each row by its own sum.")
def one_sum_for_all_rows(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return (powers / powers.sum() - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="Neither np.max nor np.sum is given an axis.",
                                hint="the largest score and the sum are those of the whole table here. Each row has its own: give both axis=1 and "
                                     "keepdims=True.")
def one_sum_and_one_largest(Z, classes):
    powers = np.exp(Z - Z.max())
    return (powers / powers.sum() - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="The formula is written down for the whole table, as if that were one example.",
                                hint="your probabilities add up to 1 over the whole table, and exp of a score of 1000 overflows. From each row "
                                     "subtract its largest score, and divide the row by its own sum: axis=1, keepdims=True.")
def the_formula_for_the_table(Z, classes):
    powers = np.exp(Z)
    return (powers / powers.sum() - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="exp is applied to the scores as they are, as the formula says.",
                                hint="for scores around 1000 exp overflows, and infinity over infinity is no number. Subtract each row's "
                                     "largest score first: the probabilities do not change.")
def overflowing(Z, classes):
    powers = np.exp(Z)
    return (powers / powers.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="np.max without an axis is the largest of the whole table.",
                                hint="you subtract one number, the largest of the whole table, or the largest size in each row. A row far below "
                                     "becomes nothing but zeros: subtract from each row its own largest score, Z.max(axis=1, keepdims=True).")
def largest_of_the_table(Z, classes):
    powers = np.exp(Z - Z.max())
    return (powers / powers.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="Any number may be subtracted; the mean of the row seems a natural one.",
                                hint="you subtract a number that need not be a row's largest score: its mean, its smallest, its first or that of "
                                     "the right class. A score far above it still overflows. With the row's largest no power is above 1.")
def shifted_by_the_mean(Z, classes):
    powers = np.exp(Z - Z.mean(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[classes]) / len(Z)


@softmax_feedback.misconception(why="The class with the highest probability is taken for the right one.",
                                hint="1 is subtracted at the class that the network itself thinks most likely. Subtract it at the right class: "
                                     "it stands in `classes`.")
def its_own_favourite(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    P[np.arange(len(P)), P.argmax(axis=1)] -= 1
    return P / len(Z)


@softmax_feedback.misconception(why="P[:, classes] is taken for one place in each row.",
                                hint="P[:, classes] reaches those columns in every row. To reach one place in each row give both: "
                                     "P[np.arange(len(P)), classes].")
def whole_columns(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    P[:, classes] -= 1
    return P / len(Z)


@softmax_feedback.misconception(why="The derivative of a sigmoid, p (1 - p), is remembered from squared error.",
                                hint="there is a factor p (1 - p) too much. It belongs to the squared error; with softmax and cross-entropy it "
                                     "cancels and p - y is all that is left.")
def with_the_sigmoids_factor(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    return (P - np.eye(Z.shape[1])[classes]) * P * (1 - P) / len(Z)


@softmax_feedback.misconception(why="np.mean's divisor: the number of all entries.",
                                hint="this divides by the number of entries, rows times classes. The mean is over the examples: divide by the "
                                     "number of rows.")
def over_all_entries(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[classes]) / Z.size


@softmax_feedback.misconception(why="classes is taken for the y of p - y.",
                                hint="the number of the class is subtracted in its whole row. y is 1 at the right class and 0 at the others: "
                                     "subtract 1 at one place of each row.")
def numbers_of_classes_for_y(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True) - classes[:, None]) / len(Z)


@softmax_feedback.misconception(why="classes is taken for the y of p - y, and shapes are not thought of.",
                                hint="classes is not the y of p - y: it holds a number for each row. y is 1 at the right class and 0 at the others: "
                                     "subtract 1 at one place of each row.")
def classes_for_y(Z, classes):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True) - classes) / len(Z)


# Mini-batches


def pieces(order, size):
    remaining, cut = order.tolist(), []
    while remaining:
        cut.append(np.array(remaining[:size]))
        remaining = remaining[size:]
    return cut


def shuffles(rng):
    for n, size in ((1, 1), (2, 1), (5, 2), (6, 2), (7, 7), (7, 10), (9, 4), (12, 4), (13, 5), (30, 8), (50, 1), (64, 32), (11, 10)):
        yield call(rng.permutation(n), size)
    yield call(rng.permutation(100)[:17] + 40, 6)


minibatches = Exercise(
    "minibatches", points=2, right=pieces,
    public=[
        call(np.array([7, 2, 9, 0, 4, 1, 8, 3, 6, 5]), 4),
        call(np.array([5, 0, 3, 1, 4, 2]), 3),
        call(np.array([2, 0, 1]), 5),
        call(np.array([12, 30, 21, 17, 25, 11, 19]), 2),
    ],
    hidden=shuffles,
    hints=("order[0:size] is the first batch. Where does the next one begin?",
           "The beginnings are 0, size, 2 * size, ...: range(0, len(order), size) counts them.",
           "A slice that reaches beyond the end is simply shorter, which is what the last batch should be. Collect the slices in a list."),
)


@minibatches.solution
def by_slices(order, size):
    return [order[start:start + size] for start in range(0, len(order), size)]


@minibatches.solution
def by_splitting(order, size):
    return np.split(order, np.arange(size, len(order), size))


@minibatches.solution
def one_by_one(order, size):
    batches, batch = [], []
    for row in order:
        batch.append(row)
        if len(batch) == size:
            batches.append(np.array(batch))
            batch = []
    if len(batch) > 0:
        batches.append(np.array(batch))
    return batches


@minibatches.solution
def whole_ones_and_a_rest(order, size):
    whole = len(order) // size
    batches = list(order[:whole * size].reshape(whole, size))
    return batches + [order[whole * size:]] if len(order) % size else batches


@minibatches.solution
def by_the_number_of_the_batch(order, size):
    batch = np.arange(len(order)) // size
    return tuple(order[batch == k].tolist() for k in range(batch[-1] + 1))


@minibatches.misconception(why="Only whole batches are counted: len(order) // size.",
                           hint="the rows at the end that do not fill a batch are lost, and never learned from. The last batch may be shorter.")
def whole_ones_only(order, size):
    return [order[k * size:(k + 1) * size] for k in range(len(order) // size)]


@minibatches.misconception(why="One more batch is always cut for what is left over.",
                           hint="where size divides the number of rows there is an empty batch at the end. Nothing is left over then: go on "
                                "only while there are rows.")
def an_empty_one_at_the_end(order, size):
    return [order[k * size:(k + 1) * size] for k in range(len(order) // size + 1)]


@minibatches.misconception(why="np.array_split's second argument is a number of pieces.",
                           hint="this cuts the order into `size` pieces. size says how many rows a batch has, not how many batches there are.")
def so_many_pieces(order, size):
    return np.array_split(order, size)


@minibatches.misconception(why="The batches are made as equal as possible.",
                           hint="your batches are as equal as possible. Asked for is: every batch has `size` rows, and only the last may have "
                                "fewer.")
def as_equal_as_possible(order, size):
    return np.array_split(order, -(-len(order) // size))


@minibatches.misconception(why="Positions are cut, and the order is forgotten.",
                           hint="these are positions 0, 1, 2, ...: the order that you were given plays no part. Cut `order` itself.")
def positions(order, size):
    return [np.arange(start, min(start + size, len(order))) for start in range(0, len(order), size)]


@minibatches.misconception(why="The window is moved by one place, as in a moving average.",
                           hint="your batches overlap: each begins one place after the last. Every row belongs to exactly one batch; move on by "
                                "`size`.")
def overlapping(order, size):
    return [order[start:start + size] for start in range(len(order))]


@minibatches.misconception(why="The rows are sorted 'to be tidy'.",
                           hint="the rows come in growing order here. The order was shuffled on purpose: keep it.")
def sorted_first(order, size):
    rows = np.sort(order)
    return [rows[start:start + size] for start in range(0, len(rows), size)]


@minibatches.misconception(why="The list is made an array, as results mostly are.",
                           hint="np.array makes a table, whose rows are equally long, and the last batch may be shorter. Return the list itself.")
def in_one_table(order, size):
    return np.array([order[start:start + size] for start in range(0, len(order), size)])


# An epoch


def mean_slope(W, X, classes):
    Z = X @ W
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    P[np.arange(len(P)), classes] -= 1
    return X.T @ P / len(P)


def batch_after_batch(W, X, classes, batches, learning_rate):
    for rows in batches:
        W = W - learning_rate * mean_slope(W, X[rows], classes[rows])
    return W


def epochs(rng):
    for n, f, k, size in ((1, 1, 2, 1), (4, 2, 2, 1), (6, 3, 2, 4), (9, 3, 4, 2), (12, 4, 3, 5), (20, 5, 3, 20)):
        for rate in (0.2, 1.0):
            order = rng.permutation(n)
            yield call(rng.normal(size=(f, k)) * 0.5, rng.normal(size=(n, f)), rng.integers(0, k, n),
                       [order[start:start + size] for start in range(0, n, size)], rate)
    yield call(np.zeros((3, 4)), rng.normal(size=(10, 3)), rng.integers(0, 4, 10), [np.array([3, 1, 1]), np.array([8]), np.array([0, 9])], 0.5)
    X = rng.normal(size=(6, 3))
    X[2] = 0.0                                          # a batch that asks for nothing is no reason to stop
    yield call(rng.normal(size=(3, 2)), X, rng.integers(0, 2, 6), [np.array([0, 4]), np.array([2]), np.array([5, 1, 3])], 0.5)


ROWS = np.array([[1.0, 0.5, 1.0], [-0.5, 1.0, 1.0], [0.0, -1.0, 1.0], [2.0, 0.0, 1.0], [-1.0, -0.5, 1.0]])
ANSWERS = np.array([0, 1, 1, 0, 1])
BEGIN = np.array([[0.2, -0.1], [0.0, 0.3], [-0.2, 0.1]])

sgd_epoch = Exercise(
    "sgd_epoch", points=3, right=batch_after_batch,
    public=[
        call(BEGIN, ROWS, ANSWERS, [np.array([3, 0]), np.array([4, 1]), np.array([2])], 0.8),
        call(np.zeros((3, 2)), 20 * ROWS, ANSWERS, [np.array([1]), np.array([3, 1, 3]), np.array([0])], 0.02),
        call(BEGIN, ROWS, ANSWERS, [np.array([0, 1, 2, 3, 4])], 1.0),
    ],
    hidden=epochs,
    hints=("A loop over the batches. In each: the slope for the rows of this batch, then a step.",
           "slope(W, X[rows], classes[rows]) gives the slope for these rows at the weights W of this moment.",
           "Give the new weights the old name, W = W - learning_rate * ..., so that the next batch starts from them. Return W behind the loop."),
)


@sgd_epoch.solution
def loop(W, X, classes, batches, learning_rate):
    for rows in batches:
        Z = X[rows] @ W
        powers = np.exp(Z - Z.max(axis=1, keepdims=True))
        P = powers / powers.sum(axis=1, keepdims=True)
        P[np.arange(len(P)), classes[rows]] -= 1
        W = W - learning_rate * X[rows].T @ P / len(P)
    return W


@sgd_epoch.solution
def example_by_example(W, X, classes, batches, learning_rate):
    W = W.copy()
    for rows in batches:
        total = np.zeros(W.shape)
        for i in rows:
            powers = np.exp(X[i] @ W - np.max(X[i] @ W))
            p = powers / np.sum(powers)
            p[classes[i]] = p[classes[i]] - 1
            total += np.outer(X[i], p)
        W -= learning_rate * total / len(rows)
    return W


@sgd_epoch.solution
def every_row_by_its_share(W, X, classes, batches, learning_rate):
    targets = np.eye(W.shape[1])[classes]
    for rows in batches:
        share = np.bincount(rows, minlength=len(X)) / len(rows)
        powers = np.exp(X @ W - (X @ W).max(axis=1, keepdims=True))
        W = W - learning_rate * np.einsum("n,ni,nk->ik", share, X, powers / powers.sum(axis=1, keepdims=True) - targets)
    return W


SLOPE = """
def slope(W, X, classes):
    Z = X @ W
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    P[np.arange(len(P)), classes] -= 1
    return X.T @ P / len(P)

"""


def mistaken_epoch(body, name, why, hint):
    """A wrong epoch, from its lines; it has `slope`, as the lab's first cell gives it."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    sgd_epoch.misconception(why, hint, f"{SLOPE}\ndef sgd_epoch(W, X, classes, batches, learning_rate):\n{lines}\n", name)


mistaken_epoch("""
start = W
for rows in batches:
    W = W - learning_rate * slope(start, X[rows], classes[rows])
return W
""", "all_slopes_at_the_start", "The slopes are computed beforehand, at the first weights.",
               "every slope is taken at the weights that the epoch began with. That is one long step; the point of SGD is that each batch "
               "looks from where the last one arrived.")
mistaken_epoch("""
for rows in batches:
    new = W - learning_rate * slope(W, X[rows], classes[rows])
return new
""", "only_the_last_batch", "The new weights get a new name, and every batch starts from the old ones.",
               "each batch starts again from the first weights, so only the last one counts. The next batch has to start where this one "
               "arrived.")
mistaken_epoch("""
new = W.copy()
for rows in batches:
    new = new - learning_rate * slope(new, X[rows], classes[rows])
return W
""", "the_weights_as_they_were", "A copy is trained, and the weights that were copied are returned.",
               "these are the weights that the epoch began with. Return the ones that your steps have led to.")
mistaken_epoch("""
return W - learning_rate * slope(W, X, classes)
""", "one_step_for_all", "The whole table is used, as in full-batch descent.",
               "this is one step with the slope of all examples. Take a step for each batch, with the slope of its rows only.")
mistaken_epoch("""
for rows in batches:
    W = W - learning_rate * slope(W, X, classes)
return W
""", "all_rows_every_time", "The rows of the batch are not picked out.",
               "there is a step for each batch, but each looks at all examples. Pick the batch's rows: X[rows], classes[rows].")
mistaken_epoch("""
for rows in batches:
    W = W - learning_rate * slope(W, X[rows], classes)
return W
""", "rows_of_x_alone", "The rows are picked out of X, and classes is handed over whole.",
               "X and classes do not have the same rows here. A batch's classes are picked out like its examples: X[rows], classes[rows].")
mistaken_epoch("""
for rows in batches:
    W = W - learning_rate * slope(W, X[rows], classes[rows])
    return W
""", "return_in_the_loop", "The return is indented too far.",
               "only the first batch is used: the return stands inside the loop. Move it behind the loop.")
mistaken_epoch("""
for rows in batches:
    W = W - learning_rate * len(rows) * slope(W, X[rows], classes[rows])
return W
""", "summed_over_the_batch", "The batch's examples are added up and not averaged.",
               "your steps grow with the size of the batch. slope() is already the mean over its rows: do not multiply by how many there are.")
mistaken_epoch("""
for rows in batches:
    W = W - learning_rate * slope(W, X[rows], classes[rows]) / len(rows)
return W
""", "mean_of_the_mean", "The batch's slope is averaged once more.",
               "your steps shrink with the size of the batch. slope() is already the mean over its rows: do not divide by how many there are.")
mistaken_epoch("""
for rows in batches:
    for i in rows:
        W = W - learning_rate * slope(W, X[[i]], classes[[i]])
return W
""", "a_step_for_each_example", "Each example of a batch gets a step of its own.",
               "there is a step for each example here. A batch makes one step, with the mean slope of its rows: slope(W, X[rows], classes[rows]).")
mistaken_epoch("""
begin = 0
for rows in batches:
    piece = slice(begin, begin + len(rows))
    W = W - learning_rate * slope(W, X[piece], classes[piece])
    begin += len(rows)
return W
""", "rows_in_their_old_order", "The batches are counted through, as if the rows had never been shuffled.",
               "your batches have the right sizes, but take the rows in the order of the table. Which rows belong to a batch stands in it: X[rows].")
mistaken_epoch("""
for rows in batches:
    W = W + learning_rate * slope(W, X[rows], classes[rows])
return W
""", "up_the_slope", "The slope is added.", "this climbs. Subtract the slope.")
mistaken_epoch("""
for rows in batches:
    W -= learning_rate * slope(W, X[rows], classes[rows])
return W
""", "writes_into_w", "W -= ... changes the array that was handed over.",
               "W -= ... changes the weights that you were given. Write W = W - ..., which makes a new array.")


# The learning-rate finder


def tenth_of_the_best(rates, losses):
    lowest, best = None, None
    for rate, loss in zip(rates.tolist(), losses.tolist(), strict=True):
        if not math.isfinite(loss) or (lowest is not None and loss > 4 * lowest):
            break
        if lowest is None or loss < lowest:
            lowest, best = loss, rate
    return best / 10


def records(rng):
    for n in (2, 5, 12, 40):
        for end in ("calm", "blown", "nan", "inf", "false calm"):
            rates = np.geomspace(0.01, 10.0, n)
            losses = 2.3 - np.linspace(0, 1.5, n) + 0.25 * rng.random(n)
            cut = int(rng.integers(1, n))
            if end == "blown":
                losses[cut:] = losses[0] * np.geomspace(10, 1000, n - cut)
            elif end in ("nan", "inf"):
                losses[cut:] = float(end)
            elif end == "false calm":
                losses[cut] = 30.0
                losses[cut + 1:] = 0.05 + 0.01 * rng.random(n - cut - 1)
            yield call(rates, losses)
    for times in (3.6, 4.4):                            # just within four times the lowest, just beyond; for low and for high losses
        for lowest in (0.3, 3.0):
            yield call(np.array([0.02, 0.05, 0.2, 0.9]), lowest * np.array([1.5, 1.0, times, 0.5]))
    yield call(np.array([0.02, 0.05, 0.2, 0.9]), np.array([0.5, 1.5, 1.9, 2.5]))
    for end in (6e5, math.nan):                         # losses of any size: summed over images they are far above 100
        yield call(np.array([0.02, 0.05, 0.2, 0.9]), np.array([5e4, 3e4, end, 2e4]) * float(rng.uniform(0.5, 2)))
    yield call(np.array([0.02, 0.05, 0.2, 0.9, 2.0]), np.array([2.0, 1.0, 3.0, 0.4, 1.7]))
    yield call(np.array([0.02, 0.05, 0.2, 0.9]), np.array([1.0, 30.0, 0.5, 0.3]))       # over at once, and low again
    for end in (2.5, math.nan, math.inf):               # out of reach in small steps, or all at once; low again afterwards
        yield call(np.geomspace(0.01, 1, 6), np.array([1.0, 0.5, 1.1, end, 0.3, 0.2]) * float(rng.uniform(0.5, 2)))


find_rate = Exercise(
    "find_rate", points=2, right=tenth_of_the_best, tolerance=Tolerance(rtol=1e-4, atol=1e-8),
    public=[
        call(np.array([0.01, 0.1, 0.5, 2.0, 5.0]), np.array([2.3, 2.1, 1.5, 1.2, 1.4])),
        call(np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0]), np.array([2.3, 2.0, 1.2, 0.8, 9.9, 0.5])),
        call(np.array([0.02, 0.05, 0.2, 0.6, 2.0]), np.array([1000.0, 600.0, 700.0, np.nan, 200.0])),
        call(np.array([0.01, 0.04, 0.2, 0.5, 1.0, 4.0]), np.array([2.0, 2.1, 1.0, 2.6, 0.7, 20.0])),
        call(np.array([0.03, 0.1, 0.4, 1.0, 3.0]), np.array([2.0, 0.4, 1.0, 4.1, 0.3])),
        call(np.array([0.02, 0.085, 0.3, 1.0, 5.0]), np.array([2.4, 0.5, 1.3, 4.6, 0.4])),
        call(np.array([0.1, 0.5, 2.0]), np.array([0.9, 1.4, 3.0])),
        call(np.array([0.02, 0.05, 0.2, 0.9]), np.array([1.0, 0.5, 2.0, 0.25])),     # four times is not yet larger; exact in binary
    ],
    hidden=records,
    hints=("Go through the record from the left, and remember the smallest loss so far and its rate.",
           "Stop at the first loss that is not finite (np.isfinite) or above four times the smallest so far: after it the weights are ruined.",
           "What you remembered when you stopped, or at the end, is the rate of the smallest loss. Return a tenth of that rate."),
)


@find_rate.solution
def from_left_to_right(rates, losses):
    lowest, best = losses[0], rates[0]
    for rate, loss in zip(rates, losses, strict=True):
        if not np.isfinite(loss) or loss > 4 * lowest:
            break
        if loss < lowest:
            lowest, best = loss, rate
    return best / 10


@find_rate.solution
def with_running_minima(rates, losses):
    known = np.where(np.isfinite(losses), losses, np.inf)
    bad = ~np.isfinite(losses)
    bad[1:] |= known[1:] > 4 * np.minimum.accumulate(known)[:-1]
    end = np.argmax(bad) if bad.any() else len(losses)
    return rates[np.argmin(losses[:end])] / 10


@find_rate.solution
def all_that_came_before(rates, losses):
    end = 1
    while end < len(losses) and losses[end] <= 4 * min(losses[:end]):
        end += 1
    return 0.1 * rates[list(losses).index(min(losses[:end]))]


@find_rate.solution
def step_by_step(rates, losses, best=0, k=1):
    if k == len(losses) or np.isnan(losses[k]) or losses[k] > 4 * losses[best]:
        return rates[best] / 10
    return find_rate(rates, losses, k if losses[k] < losses[best] else best, k + 1)


@find_rate.solution
def from_infinity(rates, losses):
    lowest, best = float("inf"), None
    for rate, loss in zip(rates, losses, strict=True):
        if not np.isfinite(loss) or loss > 4 * lowest + 1e-12:
            break
        if loss < lowest - 1e-12:
            lowest, best = loss, rate
    return np.float32(best) / 10


@find_rate.misconception(why="The lowest point looks like the best place to train.",
                         hint="this is the rate of the smallest loss itself. There the curve is about to turn up, and a whole training at that "
                              "rate is close to blowing up: take a tenth of it.")
def the_lowest_itself(rates, losses):
    known = np.where(np.isfinite(losses), losses, np.inf)
    bad = ~np.isfinite(losses)
    bad[1:] |= known[1:] > 4 * np.minimum.accumulate(known)[:-1]
    end = np.argmax(bad) if bad.any() else len(losses)
    return rates[np.argmin(losses[:end])]


@find_rate.misconception(why="The smallest loss is looked for in the whole record.",
                         hint="this looks at the whole record. What comes after a blow-up says nothing about a rate: the weights were already "
                              "ruined. Stop there.")
def in_the_whole_record(rates, losses):
    return rates[np.nanargmin(losses)] / 10


@find_rate.misconception(why="np.argmin is asked for the whole record, and for it a loss that is nan is the smallest.",
                         hint="this looks at the whole record, and for np.argmin a nan in it is the smallest number. What comes after a blow-up says "
                              "nothing about a rate: the weights were already ruined. Stop there.")
def argmin_of_it_all(rates, losses):
    return rates[np.argmin(losses)] / 10


@find_rate.misconception(why="The largest rate that still worked is taken for the best.",
                         hint="this is a tenth of the last rate before the blow-up, where the loss had often begun to rise again. Take the rate "
                              "with the smallest loss.")
def the_last_before_the_end(rates, losses):
    known = np.where(np.isfinite(losses), losses, np.inf)
    bad = ~np.isfinite(losses)
    bad[1:] |= known[1:] > 4 * np.minimum.accumulate(known)[:-1]
    end = np.argmax(bad) if bad.any() else len(losses)
    return rates[end - 1] / 10


@find_rate.misconception(why="No comparison stops at a nan, and nothing is equal to it.",
                         hint="a nan gets through here: it is neither larger nor smaller than any number, and not even == np.nan. Ask np.isfinite.")
def nan_gets_through(rates, losses):
    best = 0
    for k in range(1, len(losses)):
        if losses[k] > 4 * losses[best]:
            break
        if losses[k] < losses[best]:
            best = k
    return rates[best] / 10


@find_rate.misconception(why="The search ends at the first rise.",
                         hint="you stop at the first loss that is larger than the one before. Losses of small batches are noisy: only a loss "
                              "above four times the smallest ends the record.")
def until_the_first_rise(rates, losses):
    best = 0
    for k in range(1, len(losses)):
        if not losses[k] < losses[k - 1]:
            break
        best = k
    return rates[best] / 10


@find_rate.misconception(why="Four times is measured from the first loss.",
                         hint="you compare with the first loss. By then the loss may have fallen a lot: compare with the smallest one so far.")
def measured_from_the_first(rates, losses):
    lowest, best = losses[0], rates[0]
    for rate, loss in zip(rates, losses, strict=True):
        if not np.isfinite(loss) or loss > 4 * losses[0]:
            break
        if loss < lowest:
            lowest, best = loss, rate
    return best / 10


@find_rate.misconception(why="Four times is measured from the loss just before.",
                         hint="you compare each loss with the one just before. A loss that climbs in steps gets away with it: compare with the "
                              "smallest one so far.")
def measured_from_the_one_before(rates, losses):
    lowest, best, before = losses[0], rates[0], losses[0]
    for rate, loss in zip(rates, losses, strict=True):
        if not np.isfinite(loss) or loss > 4 * before:
            break
        if loss < lowest:
            lowest, best = loss, rate
        before = loss
    return best / 10


@find_rate.misconception(why="Only nan and inf are taken for the end.",
                         hint="your record ends only at a loss that is not finite. A loss above four times the smallest so far ends it as well.")
def until_nothing_is_finite(rates, losses):
    end = next((k for k, loss in enumerate(losses) if not np.isfinite(loss)), len(losses))
    return rates[np.argmin(losses[:end])] / 10


@find_rate.misconception(why="The search for a smallest number begins at one that seems large.",
                         hint="you begin with a number that you took for a large loss, and the losses of some records lie far above it. Begin "
                              "with losses[0], which is always finite, or with infinity.")
def from_a_number_that_seems_large(rates, losses):
    lowest, best = 100, 0
    for rate, loss in zip(rates, losses, strict=True):
        if not np.isfinite(loss) or loss > 4 * lowest:
            break
        if loss < lowest:
            lowest, best = loss, rate
    return best / 10


@find_rate.misconception(why="The loss is returned in place of the rate.",
                         hint="this is a tenth of the smallest loss. The answer is a learning rate: look up which rate that loss belongs to.")
def a_tenth_of_the_loss(rates, losses):
    lowest = losses[0]
    for loss in losses:
        if not np.isfinite(loss) or loss > 4 * lowest:
            break
        lowest = min(lowest, loss)
    return lowest / 10


# One descent a thread


def walk_down(x, y, rates, steps):
    ends = []
    for a, b, rate in zip(x.tolist(), y.tolist(), rates.tolist(), strict=True):
        for _ in range(steps):
            a, b = a - rate * (a**3 - b), b - rate * (b - a)
        ends.append((a, b))
    return tuple(np.array(ends, np.float32).reshape(-1, 2).T)


def descents(x, y, rates, steps, grid, block):
    return call(np.array(x, np.float32), np.array(y, np.float32), np.array(rates, np.float32), steps, grid=grid, block=block, writes=(0, 1))


def starts(rng):
    for n, grid, block, steps in ((1, 1, 1, 3), (5, 1, 8, 4), (8, 2, 4, 1), (10, 3, 4, 6), (33, 2, 32, 3), (7, 7, 1, 5), (16, 3, 8, 9),
                                  (12, 3, 4, 0)):
        yield descents(rng.uniform(-1.4, 1.4, n), rng.uniform(-1.4, 1.4, n), rng.uniform(0.02, 0.3, n), steps, grid, block)


descend_kernel = Exercise(
    "descend_kernel", points=3, kind="kernel", right=walk_down, tolerance=Tolerance(rtol=1e-3, atol=1e-4),
    public=[
        descents([0.5, -1.2, 0.1, 1.3, -0.4, 0.9, -0.8, 1.1, 0.3, -1.0], [1.0, 0.2, -0.9, -1.1, 0.6, -0.3, 1.2, 0.4, -0.5, -0.2],
                 [0.1, 0.2, 0.05, 0.3, 0.1, 0.25, 0.15, 0.2, 0.1, 0.3], 5, 3, 4),
        descents([1.0, -0.5, 0.8], [-1.0, 0.7, 0.1], [0.2, 0.1, 0.3], 2, 1, 4),
        descents([0.6, -0.9, 1.2, -0.2], [-0.7, 0.4, 0.9, -1.1], [0.3, 0.1, 0.2, 0.25], 7, 2, 2),
    ],
    hidden=starts,
    hints=("The first two lines are those of every kernel: which descent is mine, and is there one for me?",
           "Inside the guard a loop of `steps` steps. Each step needs both slopes at the place where the walker stands now.",
           "Compute both slopes before you move: dx and dy from x[i] and y[i], then x[i] -= rates[i] * dx and y[i] -= rates[i] * dy."),
)


@descend_kernel.solution
@cuda.jit
def both_slopes_first(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] -= rates[i] * dx
            y[i] -= rates[i] * dy


@descend_kernel.solution
@cuda.jit
def in_registers(x, y, rates, steps):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i >= x.shape[0]:
        return
    a = x[i]
    b = y[i]
    for _ in range(steps):
        a, b = a - rates[i] * (a**3 - b), b - rates[i] * (b - a)
    x[i] = a
    y[i] = b


descend_kernel.solution("""
@cuda.jit(device=True)
def along_x(a, b):
    return a * a * a - b


@cuda.jit
def descend_kernel(x, y, rates, steps):
    for i in range(cuda.grid(1), len(rates), cuda.gridsize(1)):
        for _ in range(steps):
            old = x[i]
            x[i] -= rates[i] * along_x(old, y[i])
            y[i] -= rates[i] * (y[i] - old)
""")


@descend_kernel.misconception(why="The launches in the text often fit exactly, so the guard seems superfluous.",
                              hint="some threads have no descent: they read and write outside the arrays. Ask whether i is smaller than x.size "
                                   "before the first x[i], y[i] or rates[i] (with <= one thread still gets through).")
@cuda.jit
def no_guard(x, y, rates, steps):
    i = cuda.grid(1)
    for _ in range(steps):
        dx = x[i] * x[i] * x[i] - y[i]
        dy = y[i] - x[i]
        x[i] -= rates[i] * dx
        y[i] -= rates[i] * dy


@descend_kernel.misconception(why="x is moved first, and y's slope is then taken at the new x.",
                              hint="x has already moved when you compute the slope along y. Both slopes belong to one place: compute both, then "
                                   "move.")
@cuda.jit
def one_after_the_other(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        for _ in range(steps):
            x[i] -= rates[i] * (x[i] * x[i] * x[i] - y[i])
            y[i] -= rates[i] * (y[i] - x[i])


@descend_kernel.misconception(why="threadIdx looks like the thread's number.",
                              hint="threadIdx.x counts from 0 again in every block, so only the first descents move. cuda.grid(1) counts through all "
                                   "blocks.")
@cuda.jit
def first_block_only(x, y, rates, steps):
    i = cuda.threadIdx.x
    if cuda.blockIdx.x == 0 and i < x.size:
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] -= rates[i] * dx
            y[i] -= rates[i] * dy


@descend_kernel.misconception(why="threadIdx looks like the thread's number, in every block.",
                              hint="threadIdx.x counts from 0 again in every block, so threads of different blocks move the same walkers. "
                                   "cuda.grid(1) counts through all blocks.")
@cuda.jit
def number_within_the_block(x, y, rates, steps):
    i = cuda.threadIdx.x
    if i < x.size:
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] -= rates[i] * dx
            y[i] -= rates[i] * dy


@descend_kernel.misconception(why="On a CPU the loop over the walkers is the program; that every thread runs it is overlooked.",
                              hint="several threads move the same walker, all over each other. One walker for each thread: i = cuda.grid(1), and "
                                   "no loop over the walkers. Or is i used again inside, as in `for i in range(steps)`? Give the step another "
                                   "name.")
@cuda.jit
def every_walker(x, y, rates, steps):
    for i in range(x.size):
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] -= rates[i] * dx
            y[i] -= rates[i] * dy


@descend_kernel.misconception(why="The place is kept in variables of the thread and lost with it.",
                              hint="x and y are as they were: what a thread does not write to memory is gone when it ends. Store the place reached "
                                   "in x[i] and y[i].")
@cuda.jit
def not_written_back(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        a = x[i]
        b = y[i]
        for _ in range(steps):
            a, b = a - rates[i] * (a**3 - b), b - rates[i] * (b - a)


@descend_kernel.misconception(why="The slopes are computed once, before the loop.",
                              hint="the slopes of the start are used for every step. The ground changes on the way: compute both slopes inside the "
                                   "loop.")
@cuda.jit
def slopes_of_the_start(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        dx = x[i] * x[i] * x[i] - y[i]
        dy = y[i] - x[i]
        for _ in range(steps):
            x[i] -= rates[i] * dx
            y[i] -= rates[i] * dy


@descend_kernel.misconception(why="The threads are taken for the steps: each does one.",
                              hint="every walker takes one step only. The threads are the walkers; each has to loop over all its steps itself.")
@cuda.jit
def a_single_step(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        dx = x[i] * x[i] * x[i] - y[i]
        dy = y[i] - x[i]
        x[i] -= rates[i] * dx
        y[i] -= rates[i] * dy


@descend_kernel.misconception(why="One learning rate is used for all.",
                              hint="all walkers use the first learning rate. Walker i has its own: rates[i].")
@cuda.jit
def one_rate_for_all(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] -= rates[0] * dx
            y[i] -= rates[0] * dy


@descend_kernel.misconception(why="The slopes are added.", hint="the walkers climb. Subtract the slopes.")
@cuda.jit
def climbing(x, y, rates, steps):
    i = cuda.grid(1)
    if i < x.size:
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] += rates[i] * dx
            y[i] += rates[i] * dy


guess_glance = Exercise("guess_glance", points=1, kind="prediction", choices=("a", "b", "c"))
guess_sharp = Exercise("guess_sharp", points=1, kind="prediction", choices=("a", "b", "c"))
