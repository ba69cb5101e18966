"""Lab 08: bumps from sigmoids, the error walked back layer by layer, PReLU's backward rule, starting weights, and CD-1."""

import math

import numpy as np

from grading.exercise import Exercise, Tolerance, call


def logistic(z):
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


# One bump


def two_steps(x, left, right, height, steepness):
    return np.array([height * (logistic(steepness * (t - left)) - logistic(steepness * (t - right))) for t in np.asarray(x).tolist()])


def some_bumps(rng):
    for n in (1, 2, 5, 12, 40):
        for steepness in (3.0, 12.0, 60.0):
            left = float(rng.uniform(-1, 0.5))
            yield call(rng.uniform(-1.5, 1.5, n), left, left + float(rng.uniform(0.1, 0.8)), float(rng.normal()) + 0.4, steepness)
    yield call(np.linspace(0, 1, 7), 0.2, 0.7, -3.0, 25.0)
    yield call(np.array([0.25, 0.5]), 0.25, 0.5, 0.0, 8.0)


bump = Exercise(
    "bump", points=1, right=two_steps,
    public=[
        call(np.array([0.0, 0.3, 0.5, 0.9]), 0.25, 0.75, 2.0, 20.0),
        call(np.array([-0.5, 0.1, 0.4]), 0.0, 0.5, -1.5, 8.0),
        call(np.array([0.6]), 0.2, 0.5, 1.0, 5.0),
    ],
    hidden=some_bumps,
    hints=("One sigmoid steps up at the left edge, another steps up at the right edge. What is left if you subtract them?",
           "A sigmoid that steps up at x = 0.25 is sigmoid(steepness * (x - 0.25)): its sum is zero exactly there.",
           "Step at `left` minus step at `right` is about 1 between them and about 0 elsewhere. The height multiplies that."),
)


@bump.solution
def difference_of_steps(x, left, right, height, steepness):
    up = 0.5 * (1 + np.tanh(0.5 * steepness * (x - left)))
    down = 0.5 * (1 + np.tanh(0.5 * steepness * (x - right)))
    return height * (up - down)


@bump.solution
def point_after_point(x, left, right, height, steepness):
    answers = []
    for t in x:
        up = 1 / (1 + math.exp(-steepness * (t - left)))
        down = 1 / (1 + math.exp(-steepness * (t - right)))
        answers.append(height * up - height * down)
    return np.array(answers)


@bump.solution
def up_and_down_again(x, left, right, height, steepness):
    edges, turns = np.array([left, right]), np.array([1, -1])
    steps = 1 / (1 + np.exp(-turns * steepness * (x[:, None] - edges)))
    return height * (steps.sum(axis=1) - 1)


@bump.solution
def falling_steps(x, left, right, height, steepness):
    falls = 1 / (1 + np.exp(steepness * (x - np.array([[right], [left]]))))
    return (height * np.diff(-falls, axis=0)[0]).tolist()


@bump.solution
def cut_off_before_exp(x, left, right, height, steepness):
    def rise(z):
        return 1 / (1 + np.exp(-np.clip(z, -500, 500)) + 1e-12)
    return height * (rise(steepness * (x - left)) - rise(steepness * (x - right)))


@bump.misconception(why="The edge is added to the steep sum as if it were a bias, without the steepness.",
                    hint="The steepness multiplies x alone here. Where is steepness * x - left zero? The step has to happen at x = left, so "
                         "the steepness multiplies the difference.")
def edge_outside(x, left, right, height, steepness):
    up = 0.5 * (1 + np.tanh(0.5 * (steepness * x - left)))
    down = 0.5 * (1 + np.tanh(0.5 * (steepness * x - right)))
    return height * (up - down)


@bump.misconception(why="Two steps are added, as the word 'pair' suggests.",
                    hint="You add the two steps, which makes a staircase with two stairs. The second has to take away what the first put on.")
def staircase(x, left, right, height, steepness):
    return height * (1 + 0.5 * np.tanh(0.5 * steepness * (x - left)) + 0.5 * np.tanh(0.5 * steepness * (x - right)))


@bump.misconception(why="The order of the subtraction is turned round.",
                    hint="Your bump is upside down: take the step at `left` first and subtract the step at `right`. (If you do, your "
                         "sigmoid falls where it should rise: there is one in the cell at the top.)")
def upside_down(x, left, right, height, steepness):
    return height * (0.5 * np.tanh(0.5 * steepness * (x - right)) - 0.5 * np.tanh(0.5 * steepness * (x - left)))


@bump.misconception(why="The height is given to the first step only.",
                    hint="Only the first step is multiplied by the height, so the curve does not come back to 0 on the right. Multiply the "
                         "difference.")
def height_on_one_side(x, left, right, height, steepness):
    return height * (0.5 + 0.5 * np.tanh(0.5 * steepness * (x - left))) - (0.5 + 0.5 * np.tanh(0.5 * steepness * (x - right)))


@bump.misconception(why="The steepness is read as the width of the edge.",
                    hint="You divide by the steepness, so a larger one makes the edges softer. It multiplies the distance from the edge.")
def divided(x, left, right, height, steepness):
    return height * (0.5 * np.tanh(0.5 * (x - left) / steepness) - 0.5 * np.tanh(0.5 * (x - right) / steepness))


@bump.misconception(why="The steepness is an argument that is easily overlooked.",
                    hint="The steepness plays no part here, so the edges are as soft as a plain sigmoid's. It multiplies the distance from the edge.")
def without_steepness(x, left, right, height, steepness):
    return height * (0.5 * np.tanh(0.5 * (x - left)) - 0.5 * np.tanh(0.5 * (x - right)))


@bump.misconception(why="Both conditions have to hold, so the two are multiplied.",
                    hint="You multiply the two steps, which is close but not the same. A network's output adds: take the step at `left` and subtract "
                         "the one at `right`.")
def multiplied(x, left, right, height, steepness):
    return height * (0.5 + 0.5 * np.tanh(0.5 * steepness * (x - left))) * (0.5 + 0.5 * np.tanh(0.5 * steepness * (right - x)))


@bump.misconception(why="An ideal bump with vertical edges is returned: what steep sigmoids approach.",
                    hint="This bump has vertical edges, so it ignores the steepness. Build it from two sigmoids: a network has nothing else.")
def vertical(x, left, right, height, steepness):
    return height * ((x > left) & (x < right)).astype(float)


# A network of bumps


def bumps_as_weights(heights, steepness):
    h, s = np.asarray(heights).tolist(), float(steepness)
    n = len(h)
    return (np.array([s] * (2 * n)), np.array([-s * k / n for k in range(n)] + [-s * (k + 1) / n for k in range(n)]),
            np.array(h + [-value for value in h]))


def some_curves(rng):
    for n in (1, 2, 3, 5, 7, 12, 30):
        for steepness in (10.0, 37.5):
            yield call(rng.normal(size=n) + 0.2, steepness)
    yield call(np.zeros(4), 100.0)
    yield call(np.array([1.0, -1.0, 1.0]), 250.0)


bump_network = Exercise(
    "bump_network", points=3, right=bumps_as_weights,
    public=[
        call(np.array([2.0, -1.0]), 40.0),
        call(np.array([0.5, 1.5, -2.0, 1.0]), 100.0),
        call(np.array([3.0]), 7.5),
    ],
    hidden=some_curves,
    hints=("n bumps side by side have n + 1 edges: np.linspace(0, 1, n + 1). All but the last are left edges, all but the first right edges.",
           "A unit computes sigmoid(x * w + b). With w = steepness, for which b is its sum zero at x = edge?",
           "np.concatenate([a, b]) puts two rows one behind the other. The output takes each left edge times its height, each right edge "
           "times minus its height."),
)


@bump_network.solution
def with_linspace(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    w = np.full(2 * n, steepness)
    b = -steepness * np.concatenate([edges[:-1], edges[1:]])
    return w, b, np.concatenate([heights, -heights])


@bump_network.solution
def unit_by_unit(heights, steepness):
    n = len(heights)
    w, b, v = np.zeros(2 * n), np.zeros(2 * n), np.zeros(2 * n)
    for k in range(n):
        w[k], w[n + k] = steepness, steepness
        b[k], b[n + k] = -steepness * k / n, -steepness * (k + 1) / n
        v[k], v[n + k] = heights[k], -heights[k]
    return w, b, v


@bump_network.solution
def as_rows_of_a_table(heights, steepness):
    width = 1 / len(heights)
    left = [k * width for k in range(len(heights))]
    edges = left + [edge + width for edge in left]
    return [[steepness] * len(edges), [-steepness * edge for edge in edges], [*heights, *(-h for h in heights)]]


@bump_network.solution
def two_rows_of_edges(heights, steepness):
    n = len(heights)
    edges = (np.arange(n) + np.array([[0], [1]])) / n
    return np.full((2, n), steepness).ravel(), (-steepness * edges).ravel(), np.kron([1, -1], heights)


@bump_network.misconception(why="The bias is taken for the place of the edge itself.",
                            hint="Your b are the edges themselves, turned negative. The sum w x + b has to be zero at the edge, and x is multiplied "
                                 "by the steepness.")
def bias_without_steepness(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    return np.full(2 * n, steepness), -np.concatenate([edges[:-1], edges[1:]]), np.concatenate([heights, -heights])


@bump_network.misconception(why="The sign of the bias is lost: w x + b = 0 is solved as b = w x.",
                            hint="The sign of b: w x + b is zero at x = -b / w. With a positive b these edges lie to the left of 0.")
def bias_with_the_wrong_sign(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    return np.full(2 * n, steepness), steepness * np.concatenate([edges[:-1], edges[1:]]), np.concatenate([heights, -heights])


@bump_network.misconception(why="Both units of a pair are given the height, as in 'two units a bump'.",
                            hint="Both units of a pair push up here. The one at the right edge has to take its height away again: minus.")
def both_push_up(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    return np.full(2 * n, steepness), -steepness * np.concatenate([edges[:-1], edges[1:]]), np.concatenate([heights, heights])


@bump_network.misconception(why="n bumps are thought to have n edges: the fence and its posts.",
                            hint="Bumps side by side are like a fence: n bumps have n + 1 edges. Yours lie at np.linspace(0, 1, n), so the bumps "
                                 "are too wide and the last one has no width.")
def too_few_edges(heights, steepness):
    n = len(heights)
    left = np.linspace(0, 1, n)
    right = np.append(left[1:], 1.0)
    return np.full(2 * n, steepness), -steepness * np.concatenate([left, right]), np.concatenate([heights, -heights])


@bump_network.misconception(why="Units are put down pair by pair, left, right, left, right.",
                            hint="These are the right units in another order: left, right, left, right. Here all left edges come first, then all "
                                 "right edges.")
def pair_by_pair(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    b = -steepness * np.stack([edges[:-1], edges[1:]], axis=1).ravel()
    return np.full(2 * n, steepness), b, np.stack([heights, -heights], axis=1).ravel()


@bump_network.misconception(why="The steps down get a negative weight inside the unit instead of a negative output weight.",
                            hint="You turn the right edges round with negative w and leave their output weights positive. Then the sum of a pair is "
                                 "one height too large everywhere. Keep w positive and subtract at the output.")
def falling_units(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    w = np.concatenate([np.full(n, steepness), np.full(n, -steepness)])
    return w, -w * np.concatenate([edges[:-1], edges[1:]]), np.concatenate([heights, heights])


@bump_network.misconception(why="b is taken for the edges, as left and right were in `bump`.",
                            hint="Your b are the edges themselves. The sum w x + b has to be zero at the edge: solve that for b.")
def edges_for_b(heights, steepness):
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    return np.full(2 * n, steepness), np.concatenate([edges[:-1], edges[1:]]), np.concatenate([heights, -heights])


# The error, walked back


def walked_back(weights, slopes, dY):
    error, sizes = np.asarray(dY, float), []
    for W, slope in zip(reversed([np.asarray(W, float) for W in weights]), reversed([np.asarray(s, float) for s in slopes]), strict=True):
        error = error * slope
        sizes.insert(0, math.sqrt(float(np.sum(error * error)) / error.size))
        error = np.einsum("nj,ij->ni", error, W)
    return np.array(sizes)


def stack(rng, widths, n, weight=1.0, least=0.05):
    pairs = list(zip(widths, widths[1:], strict=False))
    return call([weight * rng.normal(size=pair) / math.sqrt(pair[0]) for pair in pairs],
                [rng.uniform(least, 1.0, (n, m)) for _, m in pairs], rng.normal(size=(n, widths[-1])))


def partly_off(rng, n):
    """A stack in which some units are off: the slope is zero there."""
    one = stack(rng, (4, 6, 5, 3), n)
    one.args[1] = [np.where(slope < 0.4, 0.0, slope) for slope in one.args[1]]
    return one


def alive(draw, *args):
    """A call that draw(*args) gives, whose error nowhere dies out, so that 1e-12 under the root, as some write it, changes nothing."""
    while walked_back(*(one := draw(*args)).args).min() < 1e-4:
        pass
    return one


def stacks(rng):
    for widths in ((2, 3), (3, 2, 1), (4, 5, 3, 2), (1, 1, 1, 1), (6, 6, 6, 6, 6, 6), (3, 8, 2, 5)):
        for n in (1, 2, 7):
            yield alive(stack, rng, widths, n, float(rng.uniform(0.4, 2)))
    for n in (1, 5):
        yield alive(partly_off, rng, n)
    yield alive(stack, rng, (3, 4, 2), 2, 20.0)       # a gradient that grows, and is not cut off


_rng = np.random.default_rng(8)

gradient_sizes = Exercise(
    "gradient_sizes", points=3, right=walked_back, tolerance=Tolerance(rtol=1e-3, atol=1e-9),
    public=[
        call([np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[2.0], [1.0]])],
             [np.array([[0.25, 0.1]]), np.array([[0.5]])], np.array([[2.0]])),
        call([np.array([[0.5, 1.0, -1.0], [1.0, 0.0, 2.0]])], [np.array([[1.0, 0.0, 0.5], [0.5, 1.0, 0.0]])],
             np.array([[10.0, -1.0, 2.0], [0.0, 3.0, 1.0]])),
        stack(_rng, (3, 4, 2, 3), 2),
        stack(_rng, (2, 2, 2), 3),
    ],
    hidden=stacks,
    hints=("Go from the last layer to the first: for W, slope in zip(weights[::-1], slopes[::-1]).",
           "Two rules a layer, as in lab 04: at the function multiply by the slope, place by place; at the matrix multiply by its transpose.",
           "Measure between the two rules, on dZ: square, take the mean, take the root. Only then go on through the matrix. The sizes were "
           "collected from the top down, so turn their list round at the end."),
)


@gradient_sizes.solution
def from_last_to_first(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.mean(dZ**2)))
        dY = dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.solution
def by_index(weights, slopes, dY):
    n_layers = len(weights)
    sizes = np.zeros(n_layers)
    error = np.array(dY) * slopes[n_layers - 1]
    sizes[n_layers - 1] = (error**2).mean() ** 0.5
    for k in range(n_layers - 2, -1, -1):
        error = np.dot(error, np.transpose(weights[k + 1])) * slopes[k]
        sizes[k] = (error**2).mean() ** 0.5
    return sizes


@gradient_sizes.solution
def the_rest_first(weights, slopes, dY):
    if len(weights) == 0:
        return []
    dZ = dY * slopes[-1]
    below = np.einsum("nj,ij->ni", dZ, weights[-1])
    return [*gradient_sizes(weights[:-1], slopes[:-1], below), np.linalg.norm(dZ) / dZ.size**0.5]


@gradient_sizes.solution
def each_layer_from_the_top(weights, slopes, dY):
    sizes = []
    for k in range(len(weights)):
        error = dY * slopes[-1]
        for j in range(len(weights) - 1, k, -1):
            error = error @ weights[j].T * slopes[j - 1]
        sizes.append(float((error**2).mean()) ** 0.5)
    return tuple(sizes)


@gradient_sizes.solution
def guarded_under_the_root(weights, slopes, dY):
    error, sizes = np.array(dY, dtype=float), []
    for W, slope in zip(reversed(weights), reversed(slopes), strict=True):
        error = error * slope
        sizes.insert(0, float(np.sqrt(np.mean(error**2) + 1e-12)))
        error = np.nan_to_num(error @ np.asarray(W).T)
    return sizes


@gradient_sizes.misconception(why="The list is left in the order in which it was filled: last layer first.",
                              hint="The sizes are right, but they stand from the last layer to the first. Turn the list round: [::-1].")
def last_layer_first(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.mean(dZ**2)))
        dY = dZ @ W.T
    return np.array(sizes)


@gradient_sizes.misconception(why="The slopes are forgotten: only the weights carry the error.",
                              hint="The error passes the weights only. At each layer it also meets the function: multiply by its slope.")
def without_slopes(weights, slopes, dY):
    sizes = []
    for W in weights[::-1]:
        sizes.append(np.sqrt(np.mean(dY**2)))
        dY = dY @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The size is taken before the function's slope is applied: of dY instead of dZ.",
                              hint="You measure the error as it arrives at the answers of a layer. Measure it at the layer's sums: after the slope.")
def before_the_slope(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        sizes.append(np.sqrt(np.mean(dY**2)))
        dY = (dY * slope) @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The mean is taken without squares, where plus and minus cancel.",
                              hint="You average the errors themselves, and plus and minus cancel. Square first, average, then take the root.")
def cancelling(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(abs(np.mean(dZ)))
        dY = dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The usual size of a number is its absolute value, and that is averaged.",
                              hint="This is the mean of the absolute values. Asked for is the root of the mean square: square first, average, then "
                                   "take the root.")
def mean_of_sizes(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.mean(np.abs(dZ)))
        dY = dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The size is noted at the end of the loop, when the error has passed the matrix.",
                              hint="You measure the error behind the matrix, where it arrives at the layer below. Measure it before: at the layer's "
                                   "sums, after the slope.")
def behind_the_matrix(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dY = (dY * slope) @ W.T
        sizes.append(np.sqrt(np.mean(dY**2)))
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The sum of squares is divided by the number of examples only.",
                              hint="You divide the sum of the squares by the number of examples. The mean is over examples and units: divide by "
                                   "their product, as np.mean does.")
def for_each_example(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.sum(dZ**2) / len(dZ)))
        dY = dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The norm is the sum of squares' root, not the mean's: it grows with the number of examples.",
                              hint="This is the length of the whole table: it grows with the number of examples and units. Take the mean of the "
                                   "squares before the root.")
def the_norm(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.sum(dZ**2)))
        dY = dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="dZ is measured, but dY is what is sent on.",
                              hint="You measure dZ but send dY on, so the slopes are lost on the way. What goes through W.T is dZ.")
def slopes_lost_on_the_way(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        sizes.append(np.sqrt(np.mean((dY * slope)**2)))
        dY = dY @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The root of 'root mean square' is forgotten.",
                              hint="These are mean squares: take the root of each.")
def without_the_root(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.mean(dZ**2))
        dY = dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The error is sent through W forwards; with square layers nothing complains.",
                              hint="You multiply by W. Backwards it is the transpose, W.T: the error of a unit goes to those that fed it.")
def not_transposed(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.mean(dZ**2)))
        dY = dZ @ W if W.shape[0] == W.shape[1] else dZ @ W.T
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The error is multiplied by W, whatever its shape.",
                              hint="You multiply by W as it stands. It fits only where a layer has as many units as inputs, and is wrong there too: "
                                   "backwards it is the transpose, W.T.")
def never_transposed(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.mean(dZ**2)))
        dY = dZ @ W
    return np.array(sizes[::-1])


@gradient_sizes.misconception(why="The layers are taken in the order of the lists.",
                              hint="You begin at the first layer. The error arrives at the last one, and goes back from there: weights[::-1], "
                                   "slopes[::-1].")
def from_the_first_layer_on(weights, slopes, dY):
    sizes = []
    for W, slope in zip(weights, slopes, strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.mean(dZ**2)))
        dY = dZ @ W.T
    return np.array(sizes)


# ReLU and PReLU, backwards


def prelu_rules(dY, X, slope):
    dX, dslope = np.zeros(np.shape(X)), np.zeros(np.shape(X)[1])
    for i, (gradients, inputs) in enumerate(zip(np.asarray(dY).tolist(), np.asarray(X).tolist(), strict=True)):
        for j, (g, x) in enumerate(zip(gradients, inputs, strict=True)):
            dX[i, j] = g if x > 0 else float(slope[j]) * g
            dslope[j] += g * x if x < 0 else 0.0
    return dX, dslope


def off_zero(rng, n, m):
    X = rng.normal(size=(n, m))
    return X + 0.05 * np.sign(X)


def some_layers(rng):
    for n, m in ((1, 1), (1, 4), (5, 1), (3, 2), (8, 5), (20, 3), (4, 4)):
        yield call(rng.normal(size=(n, m)), off_zero(rng, n, m), rng.uniform(0.05, 0.5, m))
        yield call(rng.normal(size=(n, m)), off_zero(rng, n, m), np.zeros(m))
    yield call(rng.normal(size=(6, 3)), off_zero(rng, 6, 3), np.array([-0.3, 0.0, 1.0]))
    yield call(rng.normal(size=(3, 2)), -np.abs(off_zero(rng, 3, 2)), np.array([0.25, 0.1]))


prelu_backward = Exercise(
    "prelu_backward", points=2, right=prelu_rules,
    public=[
        call(np.array([[1.0, -1.0], [2.0, 0.5]]), np.array([[3.0, -2.0], [-1.0, 4.0]]), np.array([0.25, 0.1])),
        call(np.array([[-1.0, 2.0, -3.0]]), np.array([[2.0, -0.5, -1.5]]), np.array([0.0, 0.0, 0.0])),
        call(np.array([[0.5, -2.0], [1.5, 1.0], [-1.0, 3.0]]), np.array([[-1.0, 0.5], [-2.0, -3.0], [1.0, -0.5]]), np.array([-0.5, 1.0])),
    ],
    hidden=some_layers,
    hints=("Forwards y = x where x > 0 and y = slope * x elsewhere. By how much does y change if x changes by a little?",
           "np.where(X > 0, here, there) chooses place by place. What decides is X, the unit's input, not the gradient that arrives.",
           "y depends on the slope only where x < 0, and there y = slope * x, so the slope's gradient is dY * X there and 0 elsewhere. Each "
           "unit has one slope for all examples: add up the rows."),
)


@prelu_backward.solution
def with_where(dY, X, slope):
    dX = np.where(X > 0, dY, slope * dY)
    dslope = np.where(X > 0, 0, dY * X).sum(axis=0)
    return dX, dslope


@prelu_backward.solution
def place_by_place(dY, X, slope):
    dX, dslope = np.zeros(X.shape), np.zeros(X.shape[1])
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if X[i, j] > 0:
                dX[i, j] = dY[i, j]
            else:
                dX[i, j] = slope[j] * dY[i, j]
                dslope[j] += X[i, j] * dY[i, j]
    return dX, dslope


@prelu_backward.solution
def factors_and_negative_parts(dY, X, slope):
    factors = np.ones(X.shape)
    for unit in range(X.shape[1]):
        factors[X[:, unit] <= 0, unit] = slope[unit]
    return factors * dY, np.einsum("nj,nj->j", dY, np.minimum(X, 0))


@prelu_backward.solution
def only_where_negative(dY, X, slope):
    dX, dslope = dY.copy(), np.zeros(len(slope))
    rows, units = np.nonzero(X < 0)
    dX[rows, units] *= slope[units]
    np.add.at(dslope, units, dY[rows, units] * X[rows, units])
    return dX, dslope


@prelu_backward.misconception(why="'ReLU blocks what is negative' is applied to the gradient, as in some popular texts.",
                              hint="You let the sign of the gradient decide. What decides is the unit's input: a negative gradient passes wherever "
                                   "X was positive.")
def blocks_negative_gradients(dY, X, slope):
    return np.where(dY > 0, dY, slope * dY), np.where(X > 0, 0, dY * X).sum(axis=0)


@prelu_backward.misconception(why="The forward rule is applied to the gradient: PReLU of dY times X.",
                              hint="dX holds the unit's outputs here. Backwards the gradient is multiplied by the slope of the curve, 1 or `slope`.")
def forward_again(dY, X, slope):
    return np.where(X > 0, X, slope * X), np.where(X > 0, 0, dY * X).sum(axis=0)


@prelu_backward.misconception(why="The gradient is stopped where the input was negative: right for ReLU only.",
                              hint="Nothing passes where X was negative. That is ReLU; PReLU lets `slope` times the gradient through.")
def as_relu(dY, X, slope):
    return np.where(X > 0, dY, 0 * dY), np.where(X > 0, 0, dY * X).sum(axis=0)


@prelu_backward.misconception(why="The two branches of np.where change places.",
                              hint="The two sides have changed places: where X is positive the gradient passes whole, elsewhere it is multiplied by "
                                   "`slope`.")
def sides_swapped(dY, X, slope):
    return np.where(X > 0, slope * dY, dY), np.where(X > 0, dY * X, 0).sum(axis=0)


@prelu_backward.misconception(why="The slope's gradient is taken over all inputs, positive ones too.",
                              hint="dslope counts the positive inputs as well. There y = x, whatever the slope is: they say nothing about it.")
def slope_from_all(dY, X, slope):
    return np.where(X > 0, dY, slope * dY), (dY * X).sum(axis=0)


@prelu_backward.misconception(why="The examples' shares are averaged; each backprop rule of labkit adds them up.",
                              hint="dslope is averaged over the examples. The loss has taken its mean already; here the shares are added up.")
def averaged(dY, X, slope):
    return np.where(X > 0, dY, slope * dY), np.where(X > 0, 0, dY * X).mean(axis=0)


@prelu_backward.misconception(why="axis=1 is taken for the examples.",
                              hint="dslope adds up over the units. It should add up over the examples, axis 0, and have one number a unit.")
def along_the_units(dY, X, slope):
    return dY * np.where(X > 0, 1, slope), (dY * np.minimum(X, 0)).sum(axis=1)


@prelu_backward.misconception(why="y = slope * x is put in where x is asked for.",
                              hint="dslope has a factor `slope` too much. Where x < 0, y = slope * x: if the slope grows by 1, y grows by x.")
def slope_twice(dY, X, slope):
    return np.where(X > 0, dY, slope * dY), np.where(X > 0, 0, slope * dY * X).sum(axis=0)


@prelu_backward.misconception(why="The slope is thought to change y by x wherever x < 0, without the gradient that arrives.",
                              hint="dslope adds up X where it is negative. That is how y changes; times dY it is how the loss changes.")
def without_the_gradient(dY, X, slope):
    return np.where(X > 0, dY, slope * dY), np.minimum(X, 0).sum(axis=0)


@prelu_backward.misconception(why="'ReLU blocks negative gradients' is applied to both results.",
                              hint="You let the sign of the gradient decide, in both results. What decides is the unit's input: X > 0.")
def asks_the_gradient_twice(dY, X, slope):
    return np.where(dY > 0, dY, slope * dY), np.where(dY > 0, 0, dY * X).sum(axis=0)


@prelu_backward.misconception(why="The slope of the curve is returned as if it were the gradient.",
                              hint="These are the slopes of the curve, for X and for `slope`. Both are multiplied by dY, the gradient that arrives.")
def slopes_alone(dY, X, slope):
    return np.where(X > 0, 1, slope), np.minimum(X, 0).sum(axis=0)


# How large the first weights should be


def law(n_inputs, n_units, rule, slope=0.0):
    variance = 2 / (n_inputs + n_units) if rule == "glorot" else 2 / (n_inputs * (1 + slope * slope))
    return math.sqrt(variance)


def some_sizes(rng):
    for n, m in ((1, 1), (2, 50), (50, 2), (64, 64), (784, 1000), (30, 250)):
        yield call(n, m, "glorot")
        yield call(n, m, "he")
        yield call(n, m, "he", float(rng.uniform(0.1, 1.0)))
    yield call(int(rng.integers(3, 900)), int(rng.integers(3, 900)), "glorot")


start_scale = Exercise(
    "start_scale", points=2, right=law, tolerance=Tolerance(rtol=1e-4, atol=1e-7),
    public=[call(100, 300, "glorot"), call(100, 300, "he"), call(100, 300, "he", 0.5), call(8, 3, "glorot"), call(8, 2, "he", 1.0)],
    hidden=some_sizes,
    hints=("Both laws stand above as a variance. A standard deviation is the root of a variance.",
           "Glorot and Bengio look at inputs and units, He and others at the inputs only.",
           "np.sqrt(2 / (n_inputs + n_units)) for one rule; for the other the slope squared joins the 1 below the fraction line."),
)


@start_scale.solution
def two_roots(n_inputs, n_units, rule, slope=0.0):
    if rule == "glorot":
        return np.sqrt(2 / (n_inputs + n_units))
    return np.sqrt(2 / ((1 + slope**2) * n_inputs))


@start_scale.solution
def through_the_variance(n_inputs, n_units, rule, slope=0.0):
    if rule == "he":
        fan, gain = n_inputs, 2 / (1 + slope * slope)
    else:
        fan, gain = (n_inputs + n_units) / 2, 1
    return (gain / fan) ** 0.5


@start_scale.solution
def from_a_table(n_inputs, n_units, rule, slope=0.0):
    variances = {"glorot": 2 / (n_inputs + n_units), "he": 2 / (n_inputs + n_inputs * slope**2)}
    return np.sqrt(np.array(variances[rule], dtype=np.float32))


@start_scale.solution
def one_number_of_inputs(n_inputs, n_units, rule, slope=0.0):
    fan = np.mean([n_inputs, n_units]) if rule == "glorot" else n_inputs * (1 + slope**2) / 2
    return np.array(fan**-0.5)


@start_scale.solution
def relu_by_itself(n_inputs, n_units, rule, slope=0.0):
    if rule == "he" and slope > 0:
        return (2 / (n_inputs * (1 + slope**2) + 1e-12)) ** 0.5
    return (2 / (n_inputs + (n_units if rule == "glorot" else 0))) ** 0.5


@start_scale.misconception(why="The laws are written as variances, and the root is forgotten.",
                           hint="This is the variance. The weights are drawn as scale * normal numbers, so return its root.")
def the_variance(n_inputs, n_units, rule, slope=0.0):
    return 2 / (n_inputs + n_units) if rule == "glorot" else 2 / ((1 + slope**2) * n_inputs)


@start_scale.misconception(why="He's law is taken over the units that a layer has, not over its inputs.",
                           hint="He's law counts n_units here. A unit's sum has one term an input, so n_inputs is what makes it large.")
def over_the_units(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / ((1 + slope**2) * n_units))


@start_scale.misconception(why="The two names are mixed up.",
                           hint="The two laws have changed places: Glorot and Bengio count inputs and units, He and others the inputs only.")
def laws_swapped(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / (n_inputs + n_units)) if rule == "he" else np.sqrt(2 / ((1 + slope**2) * n_inputs))


@start_scale.misconception(why="The limit of Glorot's uniform distribution, root of 6 over the sum, is what many libraries show.",
                           hint="The root of 6 / (n_inputs + n_units) is the limit of a uniform distribution with that variance. Its standard "
                                "deviation is that over the root of 3.")
def the_uniform_limit(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(6 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / ((1 + slope**2) * n_inputs))


@start_scale.misconception(why="The limits of uniform distributions are what many libraries show, for both laws.",
                           hint="With a 6 in place of the 2 this is the limit of a uniform distribution with that variance. Its standard deviation "
                                "is that over the root of 3.")
def both_uniform_limits(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(6 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(6 / ((1 + slope**2) * n_inputs))


@start_scale.misconception(why="The 2 of Glorot's law is dropped, though it is only there because two numbers are averaged.",
                           hint="Glorot's 2 is missing: the law takes the mean of n_inputs and n_units, which is half their sum.")
def without_the_two(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(1 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / ((1 + slope**2) * n_inputs))


@start_scale.misconception(why="The slope is left out: PReLU is started as ReLU.",
                           hint="The slope is not used. Where x is negative PReLU lets something through, so its weights may start a little smaller.")
def slope_ignored(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / n_inputs)


@start_scale.misconception(why="1 + a is squared as a whole.",
                           hint="You square 1 + slope as a whole. The slope is squared alone: 1 + slope ** 2.")
def squared_as_a_whole(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / ((1 + slope) ** 2 * n_inputs))


@start_scale.misconception(why="The slope is not squared, though variances go with squares.",
                           hint="The slope joins as slope ** 2: a unit that passes a tenth passes a hundredth of the variance.")
def slope_not_squared(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / ((1 + slope) * n_inputs))


@start_scale.misconception(why="What stands below the fraction line is written without parentheses.",
                           hint="He's law is multiplied by n_inputs here: Python divides first. Put everything below the line in parentheses: "
                                "2 / ((1 + slope**2) * n_inputs).")
def below_the_line_without_brackets(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / (n_inputs + n_units)) if rule == "glorot" else np.sqrt(2 / (1 + slope**2) * n_inputs)


@start_scale.misconception(why="What stands below Glorot's fraction line is written without parentheses.",
                           hint="In Glorot's law n_units is added behind the division: Python divides first. Put parentheses around the sum: "
                                "2 / (n_inputs + n_units).")
def sum_without_parentheses(n_inputs, n_units, rule, slope=0.0):
    return np.sqrt(2 / n_inputs + n_units) if rule == "glorot" else np.sqrt(2 / ((1 + slope**2) * n_inputs))


# One step of contrastive divergence


def by_sums(V, W, b, c, U):
    V, W, b, c, U = (np.asarray(a, float) for a in (V, W, b, c, U))
    n, rise = len(V), np.vectorize(logistic)
    dW, db, dc = np.zeros(W.shape), np.zeros(b.shape), np.zeros(c.shape)
    for v, u in zip(V, U, strict=True):
        h = rise(v @ W + c)
        seen = rise(W @ (u < h).astype(float) + b)
        again = rise(seen @ W + c)
        dW, db, dc = dW + np.outer(v, h) - np.outer(seen, again), db + v - seen, dc + h - again
    return dW / n, db / n, dc / n


def machine(rng, n, visible, hidden, size=1.0, seen="ink"):
    """A call whose noise keeps clear of every probability, so that float32 draws the same states."""
    V = rng.random((n, visible)) if seen == "ink" else rng.integers(0, 2, (n, visible)).astype(float)
    W, b, c = size * rng.normal(size=(visible, hidden)), rng.normal(size=visible), rng.normal(size=hidden)
    H = 1 / (1 + np.exp(-(V @ W + c)))
    U = rng.random((n, hidden))
    U = np.where(np.abs(U - H) < 0.02, np.where(H > 0.5, H - 0.05, H + 0.05), U)
    return call(V, W, b, c, U)


def machines(rng):
    for n, visible, hidden in ((1, 1, 1), (1, 3, 2), (2, 2, 2), (3, 4, 3), (5, 3, 6), (8, 6, 2), (12, 5, 5)):
        yield machine(rng, n, visible, hidden)
        yield machine(rng, n, visible, hidden, 0.3, "bits")


contrastive_step = Exercise(
    "contrastive_step", points=3, right=by_sums,
    public=[
        call(np.array([[1.0, 0.0]]), np.array([[1.0], [-1.0]]), np.array([0.5, -0.5]), np.array([0.2]), np.array([[0.5]])),
        machine(np.random.default_rng(4), 2, 3, 2),
        machine(np.random.default_rng(6), 4, 2, 3, 1.5, "bits"),
    ],
    hidden=machines,
    hints=("Four lines for four steps: the probabilities H, the states drawn from them, the picture V1 that they make, and H1 from V1.",
           "A hidden unit is on where its noise is below its probability: U < H. Downwards the weights are W.T and the bias is b.",
           "V.T @ H adds up, over the examples, how often visible i and hidden j are on together. Take the same for V1 and H1 away, "
           "and divide by the number of examples."),
)


@contrastive_step.solution
def in_four_lines(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))

    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.solution
def example_by_example(V, W, b, c, U):
    dW, db, dc = np.zeros(W.shape), np.zeros(len(b)), np.zeros(len(c))
    for i in range(len(V)):
        h = 1 / (1 + np.exp(-(np.dot(V[i], W) + c)))
        on = np.where(U[i] < h, 1.0, 0.0)
        v = 1 / (1 + np.exp(-(np.dot(W, on) + b)))
        again = 1 / (1 + np.exp(-(np.dot(v, W) + c)))
        dW = dW + np.outer(V[i], h) - np.outer(v, again)
        db = db + V[i] - v
        dc = dc + h - again
    return dW / len(V), db / len(V), dc / len(V)


@contrastive_step.solution
def means_of_products(V, W, b, c, U):
    def pairs(seen, on):
        return np.mean([np.outer(v, h) for v, h in zip(seen, on, strict=True)], axis=0)

    H = 1 / (1 + np.exp(-(np.einsum("nv,vh->nh", V, W) + c)))
    V1 = 1 / (1 + np.exp(-(np.einsum("nh,vh->nv", 1 * (H > U), W) + b)))
    H1 = 1 / (1 + np.exp(-(np.einsum("nv,vh->nh", V1, W) + c)))
    return [pairs(V, H) - pairs(V1, H1), np.mean(V, axis=0) - np.mean(V1, axis=0), np.mean(H, axis=0) - np.mean(H1, axis=0)]


@contrastive_step.solution
def biases_as_weights_of_a_unit_that_is_always_on(V, W, b, c, U):
    one = np.ones((len(V), 1))
    up, down = np.vstack([c, W]), np.vstack([b, W.T])
    H = 1 / (1 + np.exp(-np.hstack([one, V]) @ up))
    V1 = 1 / (1 + np.exp(-np.hstack([one, np.heaviside(H - U, 0)]) @ down))
    H1 = 1 / (1 + np.exp(-np.hstack([one, V1]) @ up))
    table = (np.hstack([one, V]).T @ np.hstack([one, H]) - np.hstack([one, V1]).T @ np.hstack([one, H1])) / len(V)
    return table[1:, 1:], table[1:, 0], table[0, 1:]


@contrastive_step.solution
def guarded_probabilities(V, W, b, c, U):
    def rise(Z):
        return np.clip(1 / (1 + np.exp(-np.clip(Z, -500, 500))), 1e-7, 1 - 1e-7)

    H = rise(V @ W + c)
    V1 = rise(np.where(U < H, 1.0, 0.0) @ W.T + b)
    H1 = rise(V1 @ W + c)
    n = max(len(V), 1)
    return np.nan_to_num(V.T @ H - V1.T @ H1) / n, np.sum(V - V1, axis=0) / n, np.sum(H - H1, axis=0) / n


@contrastive_step.misconception(why="The probabilities are sent down instead of the states that were drawn.",
                                hint="You send the probabilities H down. Send what was drawn: (U < H). Without the draw a hidden unit could tell "
                                     "the visible ones more than one bit.")
def no_sampling(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise(H @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="The signs are turned round, as for a loss that is to fall.",
                                hint="The signs are turned round: these changes would make what was seen less probable. First what was seen, "
                                     "then minus what the machine made of it.")
def descending(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V1.T @ H1 - V.T @ H) / len(V), (V1 - V).mean(axis=0), (H1 - H).mean(axis=0)


@contrastive_step.misconception(why="The comparison is turned round: on where the noise is above the probability.",
                                hint="A unit with a high probability is mostly off here. It is on where its noise lies below the probability: U < H.")
def on_where_above(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U > H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="The second half is computed with the hidden units of the first.",
                                hint="V1 is paired with the first H here. Ask the machine again: what would its hidden units say to V1?")
def same_hidden_twice(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V - V1).T @ H / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="A difference of products is taken for a product of differences.",
                                hint="You multiply the two differences, V - V1 and H - H1. Multiply first, within each half, and take the second "
                                     "product away from the first.")
def product_of_differences(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V - V1).T @ (H - H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="The changes are added up over the examples.",
                                hint="These changes are sums over the examples: twice the batch would mean twice the step. Divide by the number "
                                     "of examples.")
def summed(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return V.T @ H - V1.T @ H1, (V - V1).sum(axis=0), (H - H1).sum(axis=0)


@contrastive_step.misconception(why="The states stand in for the probabilities in the sums as well.",
                                hint="You count the drawn states in the sums. They are only sent down; in the sums the first half has the "
                                     "probabilities H, as the second half has H1.")
def states_in_the_sums(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    on = (U < rise(V @ W + c)).astype(float)
    V1 = rise(on @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V.T @ on - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (on - H1).mean(axis=0)


@contrastive_step.misconception(why="A state is taken for a probability that is rounded.",
                                hint="You round the probabilities, so U plays no part. A unit of probability 0.7 is on in seven draws of ten: U < H.")
def rounded(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((H > 0.5) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="Only the weights' change is divided by the number of examples.",
                                hint="dW is a mean over the examples, but db and dc are sums. Take the means of V - V1 and of H - H1.")
def biases_summed(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).sum(axis=0), (H - H1).sum(axis=0)


@contrastive_step.misconception(why="Only the biases' changes are divided by the number of examples.",
                                hint="dW is a sum over the examples, but db and dc are means. Divide dW by the number of examples.")
def weights_summed(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T + b)
    H1 = rise(V1 @ W + c)
    return V.T @ H - V1.T @ H1, (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="The bias of the visible units is forgotten on the way down.",
                                hint="On the way down the visible units have a bias too: (U < H) @ W.T + b.")
def no_visible_bias(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W + c)
    V1 = rise((U < H) @ W.T)
    H1 = rise(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


@contrastive_step.misconception(why="Only the weights are thought of.",
                                hint="The biases are missing: c joins the sums of the hidden units, V @ W + c, and b those of the visible ones on "
                                     "the way down.")
def no_bias_at_all(V, W, b, c, U):
    def rise(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))
    H = rise(V @ W)
    V1 = rise((U < H) @ W.T)
    H1 = rise(V1 @ W)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)


# Predictions

guess_first_layer = Exercise("guess_first_layer", points=1, kind="prediction", choices=("a", "b", "c"))
guess_plain_start = Exercise("guess_plain_start", points=1, kind="prediction", choices=("a", "b", "c"))
