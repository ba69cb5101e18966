"""Lab 07: the running mean of squares, the steps of RMSprop, Adagrad, Adadelta and Adam, and RMSprop as one fused kernel."""

import math

import numpy as np

from grading.exercise import Exercise, Tolerance, call
from labkit.emulator import cuda


def one_by_one(rule, *arrays):
    """The rule, in plain Python numbers, for each place of arrays of one shape; its results as arrays."""
    flat = [np.asarray(a, float).ravel().tolist() for a in arrays]
    results = [rule(*values) for values in zip(*flat, strict=True)]
    if isinstance(results[0], tuple):
        return tuple(np.array(part).reshape(np.shape(arrays[0])) for part in zip(*results, strict=True))
    return np.array(results).reshape(np.shape(arrays[0]))


def slopes(rng, shape, size=1.0):
    """Gradients of either sign, of very different sizes, one of them zero where there are several."""
    g = size * rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(-1.5, 1.0, shape)
    if g.size > 2:
        g.ravel()[1] = 0.0
    return g


SHAPES = ((1,), (2,), (3,), (7,), (4, 3), (1, 5), (20,))

# The running mean


def remembered(s, g, decay=0.9):
    return one_by_one(lambda a, b: decay * a + (1 - decay) * b * b, s, g)


def means(rng):
    for shape in SHAPES:
        for decay in (0.9, 0.5, float(rng.uniform(0.05, 0.99))):
            yield call(slopes(rng, shape) ** 2, slopes(rng, shape), decay)
    yield call(np.zeros(4), slopes(rng, 4))
    yield call(slopes(rng, 3) ** 2, np.zeros(3))
    yield call(slopes(rng, 2) ** 2, slopes(rng, 2, 100.0))      # no gradient is cut off


mean_square = Exercise(
    "mean_square", points=2, right=remembered,
    public=[call(np.array([4.0, 0.0, 1.0]), np.array([3.0, -2.0, 0.0]), 0.9), call(np.array([2.0]), np.array([-0.5]), 0.8),
            call(np.array([0.0, 9.0]), np.array([20.0, 3.0])), call(np.array([[1.0, 2.0], [0.5, 0.0]]), np.array([[0.5, -3.0], [2.0, 4.0]]), 0.3)],
    hidden=means,
    hints=("What is remembered is a mixture: much of the old mean, a little of the new square.",
           "The two shares add up to 1. With decay = 0.9 they are 0.9 and 0.1. Which belongs to the old mean?",
           "NumPy works on all weights at once: write the formula for one weight, with s, g and decay in it."))


@mean_square.solution
def mixture(s, g, decay=0.9):
    return decay * s + (1 - decay) * g**2


@mean_square.solution
def towards_the_square(s, g, decay=0.9):
    return s + (1 - decay) * (g * g - s)


@mean_square.solution
def weight_by_weight(s, g, decay=0.9):
    new = np.array(s, dtype=float)
    for i in np.ndindex(new.shape):
        new[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
    return new


@mean_square.solution
def weighted_average(s, g, decay=0.9):
    return np.average([s, np.square(g)], axis=0, weights=[decay, 1 - decay])


@mean_square.solution
def two_shares(s, g, decay=0.9):
    return np.tensordot([decay, 1 - decay], np.stack([s, g * g]), axes=1)


@mean_square.solution
def by_logarithms(s, g, decay=0.9):
    with np.errstate(divide="ignore"):
        return np.exp(np.logaddexp(np.log(decay) + np.log(s), np.log1p(-decay) + 2 * np.log(np.abs(g))))


@mean_square.misconception(why="decay sounds like the share that is lost.",
                           hint="the shares have changed places: decay is the share of the old mean that is kept.")
def shares_swapped(s, g, decay=0.9):
    return (1 - decay) * s + decay * g**2


@mean_square.misconception(why="Momentum's running mean of the gradient itself is written down.",
                           hint="this mixes in the gradient, not its square. Without the square, slopes of opposite sign cancel.")
def no_square(s, g, decay=0.9):
    return decay * s + (1 - decay) * g


@mean_square.misconception(why="Momentum's running sum is written down: nothing in front of the new term.",
                           hint="this is a running sum: the new square counts in full. In a mean its share is 1 - decay.")
def running_sum(s, g, decay=0.9):
    return decay * s + g**2


@mean_square.misconception(why="The name says root mean square, so the root is taken at once.",
                           hint="this is already the root. Remember the mean of the squares; the root is taken when the step is made.")
def root_too_early(s, g, decay=0.9):
    return np.sqrt(decay * s + (1 - decay) * g**2)


@mean_square.misconception(why="The mixture is formed first and squared afterwards.",
                           hint="this squares the whole share. Square the gradient alone: (1 - decay) * g**2.")
def share_squared(s, g, decay=0.9):
    return decay * s + ((1 - decay) * g) ** 2


@mean_square.misconception(why="The size of a gradient feels like its absolute value.",
                           hint="this is the running mean of the sizes |g|. Squares are wanted: the root comes later.")
def sizes(s, g, decay=0.9):
    return decay * s + (1 - decay) * np.abs(g)


@mean_square.misconception(why="The default is written into the formula.",
                           hint="the shares are always 0.9 and 0.1 here. Use the argument: decay and 1 - decay.")
def always_nine_tenths(s, g, decay=0.9):
    return 0.9 * s + 0.1 * g**2


@mean_square.misconception(why="The mean is taken over the weights as well.",
                           hint="all weights share one number here. Each weight keeps a mean of its own: no sum, no np.mean.")
def one_for_all(s, g, decay=0.9):
    return decay * s + (1 - decay) * np.mean(g**2)


@mean_square.misconception(why="The old mean is squared like the gradient.",
                           hint="this squares s as well. s is a mean of squares already: decay * s.")
def squares_the_old_mean_too(s, g, decay=0.9):
    return decay * s**2 + (1 - decay) * g**2


# RMSprop's step


def divided(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return one_by_one(lambda a, b, c: a - learning_rate * c / (math.sqrt(b) + epsilon), w, s, g)


def states(rng, shape):
    """Weights, running means and a gradient that can be part of them."""
    g = slopes(rng, shape)
    return 0.3 * rng.normal(size=shape), 0.1 * g**2 + slopes(rng, shape) ** 2, g


def divided_steps(rng):
    for shape in SHAPES:
        for learning_rate, epsilon in ((0.1, 1e-8), (0.5, 0.3), (1.0, 0.02)):
            yield call(*states(rng, shape), learning_rate, epsilon)
    yield call(*states(rng, 5))
    yield call(np.array([0.01, -0.02]), np.array([1e-12, 4e-12]), np.array([1e-6, -1e-6]))     # where 1e-8 counts
    w, s, g = states(rng, 4)
    yield call(w, np.where(np.arange(4) == 2, 0.0, s), np.where(np.arange(4) == 2, 0.0, g), 0.2)
    for size in (1e-3, 1e3):
        g = slopes(rng, 3, size)
        yield call(0.3 * rng.normal(size=3), g**2 * rng.uniform(0.2, 3, 3), g, 0.1)


rmsprop_step = Exercise(
    "rmsprop_step", points=3, right=divided,
    public=[
        call(np.array([1.0, 1.0, -0.5]), np.array([4.0, 0.25, 1.0]), np.array([2.0, -1.0, 0.5]), 0.1),
        call(np.array([0.2, 0.0]), np.array([0.01, 25.0]), np.array([0.1, 10.0]), 0.5, 0.2),
        call(np.array([0.0, 0.5]), np.array([0.0, 4.0]), np.array([0.0, 1.0]), 1.0, 0.05),
        call(np.array([[0.1, -0.2], [0.3, 0.4]]), np.array([[1.0, 9.0], [0.04, 16.0]]), np.array([[-1.0, 3.0], [0.1, -2.0]]), 0.1),
    ],
    hidden=divided_steps,
    hints=("Divide the gradient by the root of its own running mean. What is left is a number of about 1 in size, whatever the slope.",
           "Take the root first, add epsilon to it, divide g by that; then multiply by the learning rate.",
           "Every operation works weight by weight: np.sqrt(s) has the shape of g. The step goes against the gradient."))


@rmsprop_step.solution
def all_at_once(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / (np.sqrt(s) + epsilon)


@rmsprop_step.solution
def each_with_its_own_rate(w, s, g, learning_rate=0.01, epsilon=1e-8):
    new = np.array(w, dtype=float)
    for i in np.ndindex(new.shape):
        rate = learning_rate / (s[i] ** 0.5 + epsilon)
        new[i] = w[i] - rate * g[i]
    return new


@rmsprop_step.solution
def by_the_inverse_root(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return np.add(w, -g * learning_rate * np.reciprocal(s**0.5 + epsilon))


@rmsprop_step.solution
def only_where_there_is_a_slope(w, s, g, learning_rate=0.01, epsilon=1e-8):
    move = np.zeros(g.shape)
    np.divide(g, np.sqrt(s) + epsilon, out=move, where=g != 0)
    return (w - learning_rate * move).tolist()


@rmsprop_step.solution
def guarded_twice(w, s, g, learning_rate=0.01, epsilon=1e-8):
    root = np.sqrt(np.maximum(s, 0.0)) + epsilon + 1e-12
    return w - np.divide(learning_rate * g, root, out=np.zeros_like(g), where=root > 0)


@rmsprop_step.misconception(why="The mean of the squares is mistaken for their root.",
                            hint="this divides by s itself. A gradient over its own square has the wrong size: take the root of s first.")
def no_root(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / (s + epsilon)


@rmsprop_step.misconception(why="TensorFlow's form: epsilon is added before the root is taken.",
                            hint="epsilon stands inside your root, as in TensorFlow. Here it is added to the root (the text below shows the "
                                 "difference).")
def epsilon_inside(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / np.sqrt(s + epsilon)


@rmsprop_step.misconception(why="Without parentheses Python divides first and adds epsilon to the quotient.",
                            hint="epsilon is added after the division. Python divides first: put parentheses around the root and epsilon.")
def no_brackets(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * (g / np.sqrt(s) + epsilon)


@rmsprop_step.misconception(why="Without any parentheses epsilon is added to the new weights.",
                            hint="epsilon is added in the end, to the weights. Python divides first: put parentheses around the root and epsilon.")
def no_brackets_at_all(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / np.sqrt(s) + epsilon


@rmsprop_step.misconception(why="epsilon is thought to be needed only where the root is zero.",
                            hint="only the larger of epsilon and the root divides here. epsilon is added to every root.")
def larger_of_the_two(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / np.maximum(np.sqrt(s), epsilon)


@rmsprop_step.misconception(why="A number so small is thought not to matter.",
                            hint="epsilon is missing: a weight that has never met a slope is divided 0 by 0. Add it to the root.")
def without_epsilon(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / np.sqrt(s)


@rmsprop_step.misconception(why="The running mean is brought up to date here as well, as the kernel does.",
                            hint="you mix the gradient into s once more. The s that you are given holds it already: only take the root.")
def mixed_in_again(w, s, g, learning_rate=0.01, epsilon=1e-8):
    s = 0.9 * s + 0.1 * g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon)


@rmsprop_step.misconception(why="The gradient is added, so the weight climbs.",
                            hint="this climbs: the step has to go against the gradient, so it is subtracted.")
def uphill(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w + learning_rate * g / (np.sqrt(s) + epsilon)


@rmsprop_step.misconception(why="The gradient as a whole is normalised, as a vector is.",
                            hint="all weights are divided by the same number here. Each weight is divided by its own root: no np.mean, no norm.")
def one_size_for_all(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g / (np.sqrt(np.mean(s)) + epsilon)


@rmsprop_step.misconception(why="The root is multiplied with, as if large slopes should give large steps.",
                            hint="you multiply by the root: steep weights now run even faster. Divide by it.")
def multiplied(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * g * (np.sqrt(s) + epsilon)


@rmsprop_step.misconception(why="Only the sign of the gradient is used, as in Rprop.",
                            hint="every step has the same length here, as in Rprop. Keep the gradient's size and divide it by the root.")
def only_the_sign(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return w - learning_rate * np.sign(g)


@rmsprop_step.misconception(why="The function returns how far the weight moves, not where it ends.",
                            hint="this is the step alone. Return the weights after the step.")
def the_step_alone(w, s, g, learning_rate=0.01, epsilon=1e-8):
    return -learning_rate * g / (np.sqrt(s) + epsilon)


# Adagrad


def summed(w, s, g, learning_rate=0.1, epsilon=1e-10):
    def rule(a, b, c):
        total = b + c * c
        return a - learning_rate * c / (math.sqrt(total) + epsilon), total
    return one_by_one(rule, w, s, g)


def summed_steps(rng):
    for shape in SHAPES:
        for learning_rate, epsilon in ((0.1, 1e-10), (0.5, 0.2), (1.0, 0.02)):
            yield call(0.3 * rng.normal(size=shape), slopes(rng, shape) ** 2, slopes(rng, shape), learning_rate, epsilon)
    first = slopes(rng, 4)
    yield call(np.zeros(4), np.zeros(4), np.where(first == 0, 0.7, first), 0.5)
    yield call(0.3 * rng.normal(size=3), slopes(rng, 3) ** 2 + 5.0, slopes(rng, 3))
    yield call(np.zeros(2), np.zeros(2), np.array([1e-8, -2e-8]))                               # where 1e-10 counts


adagrad_step = Exercise(
    "adagrad_step", points=2, right=summed,
    public=[
        call(np.array([1.0, 1.0, -0.5]), np.array([4.0, 0.0, 1.0]), np.array([2.0, -1.0, 0.5]), 0.5),
        call(np.array([0.0, 0.3]), np.array([9.0, 0.5]), np.array([4.0, -0.2]), 0.3, 0.1),
        call(np.array([0.0, 0.5]), np.array([0.0, 99.0]), np.array([3.0, 1.0])),
    ],
    hidden=summed_steps,
    hints=("Adagrad forgets nothing: s is the plain sum of all squares so far. First add the new one.",
           "The step is RMSprop's, with the sum in the place of the mean, and with the sum that g is already part of.",
           "Return both, the weights first: return w, s. Make new arrays: w = w - ... does, w -= ... does not."))


@adagrad_step.solution
def sum_then_step(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = s + g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s


@adagrad_step.solution
def place_by_place(w, s, g, learning_rate=0.1, epsilon=1e-10):
    new_w, new_s = np.array(w, dtype=float), np.array(s, dtype=float)
    for i in np.ndindex(new_w.shape):
        new_s[i] += g[i] * g[i]
        new_w[i] -= learning_rate * g[i] / (new_s[i] ** 0.5 + epsilon)
    return new_w, new_s


@adagrad_step.solution
def by_the_hypotenuse(w, s, g, learning_rate=0.1, epsilon=1e-10):
    root = np.hypot(np.sqrt(s), g)
    return [w - learning_rate * g / (root + epsilon), root**2]


@adagrad_step.misconception(why="The new sum is used and then thrown away.",
                            hint="the weights are right, but the sum that you return is the old one, so the next step forgets this gradient.")
def old_sum_returned(w, s, g, learning_rate=0.1, epsilon=1e-10):
    return w - learning_rate * g / (np.sqrt(s + g**2) + epsilon), s.copy()


@adagrad_step.misconception(why="epsilon is added before the root is taken.",
                            hint="epsilon stands inside your root. Here it is added to the root.")
def epsilon_under_the_root(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = s + g**2
    return w - learning_rate * g / np.sqrt(s + epsilon), s


@adagrad_step.misconception(why="The step is made with the sum from before this gradient.",
                            hint="your step uses the old sum. Add this gradient's square first: at the very first step the old sum is 0.")
def the_old_sum(w, s, g, learning_rate=0.1, epsilon=1e-10):
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s + g**2


@adagrad_step.misconception(why="RMSprop's running mean is used once more.",
                            hint="this forgets, as RMSprop does. Adagrad keeps every square at full weight: s + g**2.")
def forgets(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = 0.9 * s + 0.1 * g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s


@adagrad_step.misconception(why="The gradient is summed, not its square.",
                            hint="this sums the gradients, so slopes of opposite sign cancel. Sum their squares.")
def sums_gradients(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = s + g
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s


@adagrad_step.misconception(why="The size of a gradient feels like its absolute value.",
                            hint="this sums the sizes |g|. Sum their squares: the root is taken when the step is made.")
def sums_sizes(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = s + np.abs(g)
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s


@adagrad_step.misconception(why="The gradient is added, so the weight climbs.", hint="this climbs: the step has to be subtracted from w.")
def climbs_with_adagrad(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = s + g**2
    return w + learning_rate * g / (np.sqrt(s) + epsilon), s


@adagrad_step.misconception(why="The root is forgotten.", hint="this divides by the sum itself: after a few steep gradients the weight "
                                                               "stands still. Divide by its root.")
def without_the_root(w, s, g, learning_rate=0.1, epsilon=1e-10):
    s = s + g**2
    return w - learning_rate * g / (s + epsilon), s


@adagrad_step.misconception(why="Only w is thought of as the result.",
                            hint="the sum was not returned, so the next step would begin with the old one: return w, s.")
def only_w(w, s, g, learning_rate=0.1, epsilon=1e-10):
    return w - learning_rate * g / (np.sqrt(s + g**2) + epsilon)


@adagrad_step.misconception(why="The root is stored in place of the sum.",
                            hint="you return the root as the new s. What is remembered is the sum of the squares itself.")
def root_remembered(w, s, g, learning_rate=0.1, epsilon=1e-10):
    root = np.sqrt(s + g**2)
    return w - learning_rate * g / (root + epsilon), root


# Adadelta


def in_units_of_the_last_steps(w, s, d, g, epsilon=1e-6):
    return one_by_one(lambda a, b, c, e: a - math.sqrt(c + epsilon) / math.sqrt(b + epsilon) * e, w, s, d, g)


def unit_steps(rng):
    for shape in SHAPES:
        for epsilon in (1e-6, 0.01, 0.3):
            w, s, g = states(rng, shape)
            yield call(w, s, slopes(rng, shape, 0.3) ** 2, g, epsilon)
    w, s, g = states(rng, 4)
    yield call(w, s, np.zeros(4), g, 0.04)
    w, s, g = states(rng, 3)
    yield call(w, s, slopes(rng, 3) ** 2, g)
    yield call(np.zeros(2), np.array([1.0, 4.0]), np.zeros(2), np.array([10.0, -50.0]))


adadelta_step = Exercise(
    "adadelta_step", points=2, right=in_units_of_the_last_steps,
    public=[
        call(np.array([1.0, 1.0, -0.5]), np.array([4.0, 0.25, 1.0]), np.array([0.01, 0.09, 1.0]), np.array([2.0, -1.0, 0.5])),
        call(np.array([0.0, 0.2]), np.array([1.0, 3.0]), np.array([0.0, 0.5]), np.array([1.0, -2.0]), 0.25),
        call(np.array([0.3]), np.array([9.0]), np.array([0.0]), np.array([-6.0]), 0.01),
    ],
    hidden=unit_steps,
    hints=("There is no learning rate. In its place stands the size of the last steps, and d is the running mean of their squares.",
           "Two roots: that of the steps above, that of the gradients below. In this method epsilon stands inside both.",
           "The step is sqrt(d + epsilon) over sqrt(s + epsilon), times g, and the weight moves against it."))


@adadelta_step.solution
def two_roots(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g


@adadelta_step.solution
def one_root(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt((d + epsilon) / (s + epsilon)) * g


@adadelta_step.misconception(why="Above and below are exchanged.", hint="the roots have changed places: the steps stand above, the gradients below.")
def upside_down(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt(s + epsilon) / np.sqrt(d + epsilon) * g


@adadelta_step.misconception(why="epsilon is added to the roots, as in RMSprop above.",
                             hint="epsilon stands outside your roots. In Adadelta it stands inside both: sqrt(d + epsilon).")
def epsilon_outside(w, s, d, g, epsilon=1e-6):
    return w - (np.sqrt(d) + epsilon) / (np.sqrt(s) + epsilon) * g


@adadelta_step.misconception(why="epsilon is thought to protect only from dividing by zero.",
                             hint="epsilon is missing above. d is 0 at the start: without it the first step is 0, and all the others as well.")
def no_epsilon_above(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt(d) / np.sqrt(s + epsilon) * g


@adadelta_step.misconception(why="A number so small is thought not to matter.",
                             hint="epsilon is missing in both roots. d is 0 at the start, and so is the first step without it, and every step "
                                  "after it.")
def no_epsilon_at_all(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt(d) / np.sqrt(s) * g


@adadelta_step.misconception(why="Below, epsilon is put where RMSprop has it.",
                             hint="above it is right, but below epsilon stands outside your root. In Adadelta it stands inside both.")
def epsilon_outside_below(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt(d + epsilon) / (np.sqrt(s) + epsilon) * g


@adadelta_step.misconception(why="The roots are forgotten.", hint="these are the squares, not their roots: sizes of steps over sizes of gradients.")
def no_roots(w, s, d, g, epsilon=1e-6):
    return w - (d + epsilon) / (s + epsilon) * g


@adadelta_step.misconception(why="The gradient is thought to be in the root already.",
                             hint="g is missing: the two roots give the step's size, the gradient its direction.")
def no_gradient(w, s, d, g, epsilon=1e-6):
    return w - np.sqrt(d + epsilon) / np.sqrt(s + epsilon)


@adadelta_step.misconception(why="The gradient is added, so the weight climbs.", hint="this climbs: the step has to be subtracted.")
def climbs(w, s, d, g, epsilon=1e-6):
    return w + np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g


# Adam


def corrected(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    def rule(a, b, c):
        mean, square = b / (1 - beta_1**t), c / (1 - beta_2**t)
        return a - learning_rate * mean / (math.sqrt(square) + epsilon)
    return one_by_one(rule, w, m, s)


def corrected_steps(rng):
    for shape in SHAPES:
        for t, beta_1, beta_2, epsilon in ((1, 0.9, 0.999, 1e-8), (2, 0.8, 0.95, 0.1), (7, 0.5, 0.9, 0.02), (40, 0.9, 0.99, 1e-8)):
            g = slopes(rng, shape)
            m = (1 - beta_1**t) * g * rng.uniform(0.3, 1, shape)
            yield call(0.3 * rng.normal(size=shape), m, (1 - beta_2**t) * (g**2 + 0.01), t, 0.2, beta_1, beta_2, epsilon)
    g = np.array([2.0, -0.5, 30.0])
    yield call(np.zeros(3), 0.1 * g, 0.001 * g**2, 1, 0.1)
    yield call(np.zeros(3), 0.1 * g, 0.001 * g**2, 1)
    yield call(np.zeros(2), np.array([1e-7, -2e-7]), np.array([1e-15, 4e-15]), 1, 0.2)          # where 1e-8 counts


adam_step = Exercise(
    "adam_step", points=2, right=corrected, tolerance=Tolerance(rtol=1e-4, atol=2e-5),
    public=[
        call(np.array([0.5, 0.5]), np.array([0.2, -0.05]), np.array([0.004, 0.001]), 1, 0.1),
        call(np.array([0.0, 0.1, -0.2]), np.array([0.5, -0.3, 1.0]), np.array([0.4, 0.2, 3.0]), 3, 0.5, 0.8, 0.9, 0.1),
        call(np.array([0.3]), np.array([-0.4]), np.array([0.09]), 20, 0.2, 0.9, 0.95),
    ],
    hidden=corrected_steps,
    hints=("Both means started from 0, so both are too small at first. Divide each by the share of it that is real.",
           "After t steps with beta_1 that share is 1 - beta_1**t; with beta_2 it is 1 - beta_2**t.",
           "Correct both first, then make RMSprop's step with the corrected mean in the place of g. epsilon stands outside the root."))


@adam_step.solution
def correct_both(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    mean, square = m / (1 - beta_1**t), s / (1 - beta_2**t)
    return w - learning_rate * mean / (np.sqrt(square) + epsilon)


@adam_step.solution
def correct_the_rate(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    root = np.sqrt(1 - beta_2**t)
    rate = learning_rate * root / (1 - beta_1**t)
    return w - rate * m / (np.sqrt(s) + epsilon * root)


@adam_step.solution
def shares_added_up(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    real_1 = (1 - beta_1) * sum(beta_1**k for k in range(t))
    real_2 = (1 - beta_2) * sum(beta_2**k for k in range(t))
    return w - learning_rate * m / real_1 / ((s / real_2) ** 0.5 + epsilon)


@adam_step.solution
def guarded_shares(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    mean, square = m / (1 - beta_1 ** max(t, 1) + 1e-12), s / (1 - beta_2 ** max(t, 1) + 1e-12)
    return np.nan_to_num(w - learning_rate * mean / (np.sqrt(np.clip(square, 0, None)) + epsilon))


@adam_step.misconception(why="The means are used as they are.",
                         hint="the means are not corrected. After the first step m is only a tenth of the gradient, and s a thousandth of "
                              "its square.")
def uncorrected(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * m / (np.sqrt(s) + epsilon)


@adam_step.misconception(why="The power of t is forgotten.",
                         hint="you divide by 1 - beta at every step. The bias fades: after t steps the share is 1 - beta**t.")
def no_power(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1)) / (np.sqrt(s / (1 - beta_2)) + epsilon)


@adam_step.misconception(why="Only the mean of the gradient is corrected.",
                         hint="s is not corrected. It started from 0 as well, and forgets far more slowly, so it needs it most.")
def only_the_mean(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1**t)) / (np.sqrt(s) + epsilon)


@adam_step.misconception(why="Steps are counted from 0 in Python.",
                         hint="this counts the steps one further than t: t is 1 at the first step already, and 1 - beta**t is the share.")
def counts_from_zero(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1 ** (t + 1))) / (np.sqrt(s / (1 - beta_2 ** (t + 1))) + epsilon)


@adam_step.misconception(why="The step is taken for one that is not counted yet.",
                         hint="this counts the steps one behind t: at the first step 1 - beta**0 is 0, and you divide by it. t is 1 there already.")
def counts_behind(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1 ** (t - 1))) / (np.sqrt(s / (1 - beta_2 ** (t - 1))) + epsilon)


@adam_step.misconception(why="The power is taken of the whole difference.",
                         hint="the power reaches the 1 as well: (1 - beta)**t. It belongs to beta alone: the share is 1 - beta**t.")
def power_of_the_difference(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1) ** t) / (np.sqrt(s / (1 - beta_2) ** t) + epsilon)


@adam_step.misconception(why="The correction is moved into the rate, and epsilon stays behind.",
                         hint="you correct the learning rate in place of the means. That works if epsilon shrinks with the root; as it stands, "
                              "epsilon weighs more in the first steps. Correct m and s themselves.")
def epsilon_left_behind(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - rate * m / (np.sqrt(s) + epsilon)


@adam_step.misconception(why="epsilon is added before the root is taken.",
                         hint="epsilon stands inside your root. Here it is added to the root.")
def epsilon_in_the_root(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1**t)) / np.sqrt(s / (1 - beta_2**t) + epsilon)


@adam_step.misconception(why="The gradient's mean is added, so the weight climbs.", hint="this climbs: the step has to be subtracted from w.")
def climbs_with_adam(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w + learning_rate * (m / (1 - beta_1**t)) / (np.sqrt(s / (1 - beta_2**t)) + epsilon)


@adam_step.misconception(why="The two betas change places.", hint="the betas have changed places: beta_1 belongs to m, beta_2 to s.")
def betas_swapped(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_2**t)) / (np.sqrt(s / (1 - beta_1**t)) + epsilon)


@adam_step.misconception(why="One decay is taken for both means.",
                         hint="you correct s with beta_1 as well. Each mean has a decay of its own: 1 - beta_2**t is the share for s.")
def one_beta_for_both(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * m / (1 - beta_1**t) / (np.sqrt(s / (1 - beta_1**t)) + epsilon)


@adam_step.misconception(why="The root is taken first, and what comes out is corrected.",
                         hint="you divide the root of s by 1 - beta_2**t. Correct s first, then take the root.")
def corrected_behind_the_root(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * m / (1 - beta_1**t) / (np.sqrt(s) / (1 - beta_2**t) + epsilon)


@adam_step.misconception(why="The correction multiplies, as the mean's own share did.",
                         hint="you multiply by 1 - beta**t, which makes the means smaller still. They are too small: divide.")
def multiplies(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * m * (1 - beta_1**t) / (np.sqrt(s * (1 - beta_2**t)) + epsilon)


@adam_step.misconception(why="The root of the second mean is forgotten.", hint="the root is missing: s is a mean of squares.")
def rootless(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1**t)) / (s / (1 - beta_2**t) + epsilon)


@adam_step.misconception(why="The power is written as a product.",
                         hint="this has beta times t. The share is 1 - beta to the power of t: two stars, 1 - beta**t.")
def times_t(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / (1 - beta_1 * t)) / (np.sqrt(s / (1 - beta_2 * t)) + epsilon)


@adam_step.misconception(why="What stands below the fraction line is written without parentheses.",
                         hint="m / 1 - beta_1**t divides by 1 and then subtracts. Put parentheses around what stands below the line: "
                              "m / (1 - beta_1**t).")
def share_without_parentheses(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    return w - learning_rate * (m / 1 - beta_1**t) / (np.sqrt(s / 1 - beta_2**t) + epsilon)


# RMSprop as one kernel


def fused(w, s, g, learning_rate, decay, epsilon):
    def rule(a, b, c):
        mean = decay * b + (1 - decay) * c * c
        return a - learning_rate * c / (math.sqrt(mean) + epsilon), mean
    w_new, s_new = one_by_one(rule, w, s, g)
    return w_new.astype(np.float32), s_new.astype(np.float32)


def launched(n, grid, block, rng=None, scalars=None):
    """A launch of `grid` blocks of `block` threads on n weights; scalars: learning rate, decay, epsilon."""
    rng = rng or np.random.default_rng(n)
    w, s, g = 0.3 * rng.normal(size=n), rng.uniform(0.1, 2.0, n), rng.choice([-1.0, 1.0], n) * rng.uniform(0.3, 2.0, n)
    scalars = scalars or ((0.1, 0.9, 1e-3) if rng.integers(2) else (0.4, 0.6, 0.05))
    return call(*(a.astype(np.float32) for a in (w, s, g)), *scalars, writes=(0, 1), grid=grid, block=block)


def launches(rng):
    for n, grid, block in ((1, 1, 1), (1, 1, 32), (32, 1, 32), (33, 2, 32), (100, 4, 32), (64, 2, 32), (50, 7, 8), (130, 3, 64)):
        yield launched(n, grid, block, rng)


rmsprop_kernel = Exercise(
    "rmsprop_kernel", kind="kernel", points=3, right=fused, hidden=launches,
    public=[launched(8, 1, 8), launched(8, 2, 4), launched(6, 2, 4, scalars=(0.4, 0.6, 0.05))],
    hints=("Thread i looks after weight i alone: its w[i], its s[i], its g[i]. Index, guard, body, as in lab 00.",
           "Two lines of arithmetic: first the new running mean, written to s[i]; then the step, with that new mean.",
           "math.sqrt works in a kernel, np.sqrt does not. The guard asks whether i is smaller than w.size."))


@rmsprop_kernel.solution
@cuda.jit
def mean_then_step(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.solution
@cuda.jit
def each_number_once(w, s, g, learning_rate, decay, epsilon):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i >= len(w):
        return
    slope = g[i]
    mean = s[i] + (1 - decay) * (slope * slope - s[i])
    s[i] = mean
    w[i] = w[i] - learning_rate * slope / (mean**0.5 + epsilon)


@rmsprop_kernel.solution
@cuda.jit
def striding(w, s, g, learning_rate, decay, epsilon):
    for i in range(cuda.grid(1), len(s), cuda.gridsize(1)):
        s[i] *= decay
        s[i] += float32(1 - decay) * abs(g[i]) ** 2  # noqa: F821
        w[i] += -learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


rmsprop_kernel.solution("""
@cuda.jit(device=True)
def mixed(old, new, share):
    return share * old + (1 - share) * new


@cuda.jit
def rmsprop_kernel(w, s, g, learning_rate, decay, epsilon):
    slopes = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if i < w.size:
        slopes[t] = g[i]
    cuda.syncthreads()
    if i < w.size:
        s[i] = mixed(s[i], slopes[t] * slopes[t], decay)
        w[i] -= learning_rate * slopes[t] / (math.sqrt(s[i]) + epsilon)
""")


@rmsprop_kernel.misconception(why="The launch in the text fits exactly, so the guard seems superfluous.",
                              hint="some threads have no weight: with 8 threads and 6 weights, threads 6 and 7 reach outside the arrays. Ask "
                                   "whether i is smaller than w.size before the first s[i], g[i] or w[i] (with <= one thread still gets through).")
@cuda.jit
def no_guard(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
    w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="threadIdx looks like the thread's number, and it is, within its block.",
                              hint="only the first block's weights move: threadIdx.x counts from 0 again in each block. cuda.grid(1) counts "
                                   "through all of them.")
@cuda.jit
def first_block_only(w, s, g, learning_rate, decay, epsilon):
    i = cuda.threadIdx.x
    if cuda.blockIdx.x == 0 and i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="threadIdx looks like the thread's number, in every block.",
                              hint="threadIdx.x counts from 0 again in every block, so threads of different blocks change the same weights. "
                                   "cuda.grid(1) counts through all blocks.")
@cuda.jit
def number_within_the_block(w, s, g, learning_rate, decay, epsilon):
    i = cuda.threadIdx.x
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="decay sounds like the share that is lost.",
                              hint="the shares have changed places: decay is the share of the old mean that is kept.")
@cuda.jit
def shares_swapped_in_the_kernel(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = (1 - decay) * s[i] + decay * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="The step is written first, as the formula with w stands out.",
                              hint="your step uses the old running mean. Update s[i] first: at the start the old mean is 0.")
@cuda.jit
def step_first(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]


@rmsprop_kernel.misconception(why="The mean is computed into a local variable and lost with the thread.",
                              hint="w is right, but s is as it was: what a thread does not write to memory is gone when it ends. Store the mean "
                                   "in s[i].")
@cuda.jit
def mean_not_stored(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        mean = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(mean) + epsilon)


@rmsprop_kernel.misconception(why="The square is forgotten.", hint="the gradient is not squared in the mean: g[i] * g[i].")
@cuda.jit
def not_squared(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * abs(g[i])
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="The root is forgotten.", hint="this divides by the mean of the squares itself. Take its root: math.sqrt(s[i]).")
@cuda.jit
def no_root_taken(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (s[i] + epsilon)


@rmsprop_kernel.misconception(why="TensorFlow's form: epsilon is added before the root is taken.",
                              hint="epsilon stands inside your root. Here it is added to the root: math.sqrt(s[i]) + epsilon.")
@cuda.jit
def epsilon_in_the_kernels_root(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / math.sqrt(s[i] + epsilon)


@rmsprop_kernel.misconception(why="Without parentheses Python divides first and adds epsilon to the quotient.",
                              hint="epsilon is added after the division. Python divides first: put parentheses around the root and epsilon.")
@cuda.jit
def no_brackets_in_the_kernel(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / math.sqrt(s[i]) + epsilon


@rmsprop_kernel.misconception(why="On a CPU the loop is the program; that every thread runs it is overlooked.",
                              hint="several threads update the same weight here, all over each other. One weight for each thread: i = cuda.grid(1), "
                                   "and no loop over the weights.")
@cuda.jit
def every_weight(w, s, g, learning_rate, decay, epsilon):
    for i in range(w.size):
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="The usual decay is known by heart.",
                              hint="decay is 0.9 here, whatever was passed. It is an argument: decay * s[i] + (1 - decay) * ...")
@cuda.jit
def decay_by_heart(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = 0.9 * s[i] + 0.1 * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


@rmsprop_kernel.misconception(why="The gradient is added.", hint="this climbs: the step has to be subtracted from w[i].")
@cuda.jit
def adds_the_step(w, s, g, learning_rate, decay, epsilon):
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] += learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)


guess_two_slopes = Exercise("guess_two_slopes", points=1, kind="prediction", choices=("a", "b", "c"))
guess_adagrad_walk = Exercise("guess_adagrad_walk", points=1, kind="prediction", choices=("a", "b", "c"))
