"""Lab 09: dropping units in training, forwards and backwards, the paper's form in use, soft-thresholding, max-norm, and the mask as a kernel."""

import math

import numpy as np

from grading.exercise import Exercise, Tolerance, call
from labkit.emulator import cuda

# Dropout, forwards


def masked(X, uniforms, rate):
    mask = np.array([[0.0 if u < rate else 1.0 / (1.0 - rate) for u in row] for row in uniforms.tolist()]).reshape(X.shape)
    return np.array([[x * m for x, m in zip(xs, ms, strict=True)] for xs, ms in zip(X.tolist(), mask.tolist(), strict=True)]).reshape(X.shape), mask


def clear_of(rate, uniforms):
    """The same numbers, none of them within a thousandth of the rate."""
    return np.where(np.abs(uniforms - rate) < 1e-3, (uniforms + 0.37) % 1.0, uniforms)


def crowds(rng):
    """One row and one column, many; every rate that matters, zero among them; negative and zero inputs; one row that all leave."""
    for n, m in ((1, 1), (1, 6), (5, 1), (3, 4), (8, 10), (20, 7)):
        for rate in (0.0, 0.2, 0.5, 0.75):
            yield call(rng.normal(size=(n, m)) * 3, clear_of(rate, rng.random((n, m))), rate)
    X = rng.normal(size=(4, 5))
    X[1], X[2, 3] = 0.0, 0.0
    yield call(X, clear_of(0.3, rng.random((4, 5))), 0.3)
    U = clear_of(0.9, rng.random((3, 4)))
    U[1] = 0.1
    yield call(rng.normal(size=(3, 4)), U, 0.9)


dropout_forward = Exercise(
    "dropout_forward", points=3, right=masked,
    public=[
        call(np.array([[2.0, 4.0, 6.0, -8.0]]), np.array([[0.05, 0.35, 0.72, 0.93]]), 0.2),
        call(np.array([[1.0, -2.0, 3.0], [4.0, 0.0, 0.5]]), np.array([[0.61, 0.12, 0.83], [0.41, 0.97, 0.22]]), 0.5),
        call(np.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0]]), np.array([[0.1, 0.9], [0.82, 0.3], [0.76, 0.55]]), 0.75),
        call(np.array([[3.0, -1.0, 0.5, 2.0]]), np.array([[0.4, 0.02, 0.81, 0.63]]), 0.0),
    ],
    hidden=crowds,
    hints=("Begin with the mask. Which of the uniform numbers say that their unit is dropped, and which that it stays?",
           "`uniforms < rate` is True where a unit is dropped. A unit that stays speaks for those that are gone: its mask is more than 1.",
           "np.where(condition, a, b) takes a where the condition holds and b elsewhere; what stays has mask 1 / (1 - rate). "
           "Return two things: X * mask, mask."),
)


@dropout_forward.solution
def with_where(X, uniforms, rate):
    mask = np.where(uniforms < rate, 0.0, 1 / (1 - rate))
    return X * mask, mask


@dropout_forward.solution
def kept_over_share(X, uniforms, rate):
    keep = 1.0 - rate
    mask = (uniforms >= rate) / keep
    return X * mask, mask


@dropout_forward.solution
def unit_by_unit(X, uniforms, rate):
    mask = np.zeros(X.shape)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if not uniforms[i, j] < rate:
                mask[i, j] = 1 / (1 - rate)
    return mask * X, mask


@dropout_forward.solution
def in_single_precision(X, uniforms, rate):
    mask = ((uniforms > rate) / (1 - rate)).astype(np.float32)
    return (X * mask).astype(np.float32), mask


@dropout_forward.solution
def set_to_zero(X, uniforms, rate):
    mask = np.full(X.shape, 1.0 / (1.0 - rate))
    mask[uniforms < rate] = 0
    return [mask * X, mask]


@dropout_forward.solution
def gone_and_there(X, uniforms, rate):
    gone = uniforms < rate
    loud = X / (1 - rate)
    return np.ma.array(loud, mask=gone).filled(0), np.ma.array(np.full(X.shape, 1 / (1 - rate)), mask=gone).filled(0).tolist()


@dropout_forward.solution
def guarded_share(X, uniforms, rate):
    if rate == 0:
        return X, np.ones_like(X)
    mask = (np.asarray(uniforms) >= np.clip(rate, 0, 1)).astype(float) / (max(1 - rate, 1e-12) + 1e-12)
    return np.nan_to_num(X * mask), mask


@dropout_forward.misconception(why="Srivastava's p is the probability of keeping, labkit's and most libraries' rate that of dropping.",
                               hint="This keeps the units that should be dropped: rate is the probability of dropping. A unit is dropped "
                                    "where its uniform number is below rate.",
                               unsure=lambda X, uniforms, rate: rate == 0)     # 1 / 0, 0 / 0, or nobody asked
def keeps_what_should_go(X, uniforms, rate):
    mask = np.where(uniforms < rate, 1 / rate, 0.0)
    return X * mask, mask


@dropout_forward.misconception(why="The choice is turned round, the factor is not.",
                               hint="The factor is right, but it stands with the wrong units: those whose uniform number is below rate "
                                    "are the ones to drop.")
def right_factor_wrong_units(X, uniforms, rate):
    mask = np.where(uniforms < rate, 1 / (1 - rate), 0.0)
    return X * mask, mask


@dropout_forward.misconception(why="In the form that many know, a unit stays where its number is below the share that stays.",
                               hint="The right share stays, but not the right units: you keep those whose uniform number is below 1 - rate. Here a "
                                    "unit is dropped where its number is below rate, and stays elsewhere.")
def kept_below_the_share(X, uniforms, rate):
    mask = (uniforms < 1 - rate) / (1 - rate)
    return X * mask, mask


@dropout_forward.misconception(why="The factor is put into the mask and applied to X as well.",
                               hint="The mask is right, but what is left of X is scaled twice: the factor 1 / (1 - rate) is in the mask already.")
def scaled_once_more(X, uniforms, rate):
    mask = np.where(uniforms < rate, 0.0, 1 / (1 - rate))
    return X * mask / (1 - rate), mask


@dropout_forward.misconception(why="This is the paper's form; the scaling is then owed in use.",
                               hint="The right units are dropped, but those that stay speak no louder, so the layer after hears less than "
                                    "it will in use. Inverted dropout divides by 1 - rate here and now.")
def nothing_scaled(X, uniforms, rate):
    mask = np.where(uniforms < rate, 0.0, 1.0)
    return X * mask, mask


@dropout_forward.misconception(why="One divides by the probability at hand.",
                               hint="You divide by rate, the share that is dropped. At 0.5 nobody would notice. Divide by the share that "
                                    "stays.", unsure=lambda X, uniforms, rate: rate == 0)
def divided_by_the_rate(X, uniforms, rate):
    mask = np.where(uniforms < rate, 0.0, 1 / rate)
    return X * mask, mask


@dropout_forward.misconception(why="The factor of the paper's test time is applied in training.",
                               hint="You multiply what stays by 1 - rate, so it becomes still weaker. It has to make up for those that "
                                    "are gone: divide.")
def multiplied_by_the_share(X, uniforms, rate):
    mask = np.where(uniforms < rate, 0.0, 1 - rate)
    return X * mask, mask


@dropout_forward.misconception(why="A mask is thought of as belonging to the layer, one for the whole batch.",
                               hint="Every example gets the mask of the first row here. The uniform numbers have a row for each example: each "
                                    "draws its own.")
def one_mask_for_all(X, uniforms, rate):
    mask = np.where(uniforms[:1] < rate, 0.0, 1 / (1 - rate)) * np.ones_like(X)
    return X * mask, mask


@dropout_forward.misconception(why="The share that really stayed is used in place of the probability.",
                               hint="You divide by the share that happened to stay this time. Divide by the probability 1 - rate: then the "
                                    "mean over many draws is right, and no single draw is bent to fit.")
def by_the_share_that_stayed(X, uniforms, rate):
    keep = uniforms >= rate
    mask = keep / np.mean(keep)
    return X * mask, mask


@dropout_forward.misconception(why="The mask is taken for yes or no, the factor for something else.",
                               hint="What is left of X is right, but the mask that you return is yes or no. X was multiplied by more: "
                                    "what stays has mask 1 / (1 - rate).")
def mask_without_the_factor(X, uniforms, rate):
    keep = uniforms >= rate
    return X * keep / (1 - rate), keep.astype(float)


@dropout_forward.misconception(why="The mask is worked out backwards, from what is left of X.",
                               hint="Your mask is read off the outputs, so a unit that said 0 counts as dropped. The uniform numbers alone "
                                    "decide.")
def mask_from_the_outputs(X, uniforms, rate):
    left = np.where(uniforms < rate, 0.0, X / (1 - rate))
    return left, np.where(left != 0, 1 / (1 - rate), 0.0)


@dropout_forward.misconception(why="The mask seems to be a by-product.",
                               hint="Only the outputs came back. The way back needs the mask as well: return X * mask, mask.")
def the_outputs_alone(X, uniforms, rate):
    return X * np.where(uniforms < rate, 0.0, 1 / (1 - rate))


# Dropout, backwards


def through_the_mask(dY, mask):
    return np.array([[d * m for d, m in zip(ds, ms, strict=True)] for ds, ms in zip(dY.tolist(), mask.tolist(), strict=True)]).reshape(dY.shape)


def ways_back(rng):
    for n, m in ((1, 1), (1, 5), (4, 1), (3, 3), (9, 6)):
        for rate in (0.0, 0.2, 0.5, 0.8):
            yield call(rng.normal(size=(n, m)) * 2, (rng.random((n, m)) >= rate) / (1 - rate))
    yield call(np.zeros((2, 3)), np.full((2, 3), 2.0))
    yield call(rng.normal(size=(2, 3)), np.zeros((2, 3)))


dropout_backward = Exercise(
    "dropout_backward", points=1, right=through_the_mask,
    public=[
        call(np.array([[1.0, -2.0, 3.0, 0.5]]), np.array([[0.0, 1.25, 1.25, 1.25]])),
        call(np.array([[-1.0, 2.0, 3.0], [-4.0, 0.5, 3.0]]), np.array([[2.0, 0.0, 2.0], [0.0, 2.0, 2.0]])),
    ],
    hidden=ways_back,
    hints=("Y = X * mask, number by number. What is the slope of y = x m when x changes?",
           "The slope is m: 0 for a dropped unit, which had no say and gets no blame; the same factor as before for one that stayed.",
           "So the gradient meets the same numbers as X did: those of the mask that you are given, never of a new one."),
)


@dropout_backward.solution
def times_the_mask(dY, mask):
    return dY * mask


@dropout_backward.solution
def number_by_number(dY, mask):
    dX = np.empty(dY.shape)
    for place, d in np.ndenumerate(dY):
        dX[place] = d * mask[place]
    return dX


@dropout_backward.solution
def where_it_was_there(dY, mask):
    dX = np.zeros_like(dY)
    there = mask != 0
    dX[there] = dY[there] * mask[there]
    return dX


@dropout_backward.solution
def row_after_row(dY, mask):
    return [list(row) for row in (d @ np.diag(m) for d, m in zip(dY, mask, strict=True))]


@dropout_backward.misconception(why="Dropping is taken for part of the way forward only.",
                                hint="The whole gradient comes through, to dropped units too. They said nothing, so they must not be changed "
                                     "for it.")
def nothing_blocked(dY, mask):
    return dY.copy()


@dropout_backward.misconception(why="The mask is remembered as yes or no, its factor is forgotten.",
                                hint="The right units are blocked, but a unit that spoke louder by a factor also counts by that factor: "
                                     "multiply by the mask itself.")
def yes_or_no(dY, mask):
    return dY * (mask > 0)


@dropout_backward.misconception(why="Going back is taken for undoing.",
                                hint="This divides by the factor, as if to undo it. Going back is not undoing: each slope multiplies.")
def undone(dY, mask):
    return np.where(mask > 0, dY / np.where(mask > 0, mask, 1.0), 0.0)


@dropout_backward.misconception(why="Going back is taken for undoing, and nobody thinks of the zeros.",
                                hint="This divides by the mask, as if to undo it, and a dropped unit gets something over 0. Going back is not "
                                     "undoing: each slope multiplies.")
def divided_by_the_mask(dY, mask):
    return dY / mask


@dropout_backward.misconception(why="The rule of ReLU is applied to the gradient.",
                                hint="This lets positive gradients through, whatever the mask says. Which units pass was settled on the way "
                                     "forward.")
def positive_gradients(dY, mask):
    return np.where(dY > 0, dY, 0.0)


@dropout_backward.misconception(why="The mask is taken to the wrong power: once for the unit, once for its weights.",
                                hint="The mask is multiplied in twice. Forward it acted once, so back it acts once.")
def twice(dY, mask):
    return dY * mask * mask


# The paper's form: nothing in training, the scaling in use


def shrunk_sums(H, W, b, rate):
    keep = 1.0 - rate
    return np.array([[math.fsum(h * w * keep for h, w in zip(row, column, strict=True)) + bias
                      for column, bias in zip(W.T.tolist(), b.tolist(), strict=True)] for row in H.tolist()])


def layers_in_use(rng):
    for n, inputs, units in ((1, 1, 1), (1, 4, 2), (5, 3, 1), (4, 6, 3), (7, 2, 8)):
        for rate in (0.0, 0.2, 0.5, 0.9):
            yield call(rng.normal(size=(n, inputs)), rng.normal(size=(inputs, units)), rng.normal(size=units) + 1, rate)


scale_for_test = Exercise(
    "scale_for_test", points=2, right=shrunk_sums,
    public=[
        call(np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0, 0.5, -1.0], [2.0, 0.25, 3.0]]), np.array([1.0, -2.0, 0.5]), 0.2),
        call(np.array([[4.0, 0.0, 1.0]]), np.array([[0.5], [7.0], [-1.0]]), np.array([10.0]), 0.5),
        call(np.array([[1.0, -2.0]]), np.array([[3.0, 1.0], [0.5, 1.0]]), np.array([0.25, -1.0]), 0.9),
    ],
    hidden=layers_in_use,
    hints=("In training a unit of H was there in a share 1 - rate of all examples. In use it is always there: how much too loud is it?",
           "Multiply its weights by the share in which it was there. Was the bias ever dropped?",
           "Scale H or W by that share, multiply the two as in any layer, and add b as it is."),
)


@scale_for_test.solution
def smaller_weights(H, W, b, rate):
    return H @ ((1 - rate) * W) + b


@scale_for_test.solution
def quieter_units(H, W, b, rate):
    quiet = H * (1 - rate)
    return np.dot(quiet, W) + b


@scale_for_test.solution
def sum_by_sum(H, W, b, rate):
    Z = np.zeros((len(H), W.shape[1]))
    for i in range(len(H)):
        for k in range(W.shape[1]):
            Z[i, k] = b[k]
            for j in range(W.shape[0]):
                Z[i, k] += (1 - rate) * H[i, j] * W[j, k]
    return Z


@scale_for_test.solution
def the_bias_as_one_more_row(H, W, b, rate):
    heard = np.hstack([(1 - rate) * H, np.ones((len(H), 1))])
    return np.einsum("ni,ik->nk", heard, np.vstack([W, b]))


@scale_for_test.solution
def a_mean_of_two_days(H, W, b, rate):
    everybody_there, everybody_ill = H @ W + b, np.tile(b, (len(H), 1))
    return (1 - rate) * everybody_there + rate * everybody_ill


@scale_for_test.misconception(why="Keep and drop are confused; a well-known tutorial does it too, with 0.5 as its example.",
                              hint="You scale by rate, the probability of being dropped. At 0.5 that is the same. Scale by how often a unit "
                                   "was there: 1 - rate.")
def by_the_rate(H, W, b, rate):
    return H @ (rate * W) + b


@scale_for_test.misconception(why="Inverted dropout needs nothing in use; here nothing was scaled in training.",
                              hint="Nothing is scaled, so the units are louder together than they ever were in training. These weights come from "
                                   "training without the factor.")
def as_they_are(H, W, b, rate):
    return H @ W + b


@scale_for_test.misconception(why="The factor of inverted dropout is applied on the wrong side.",
                              hint="You divide by 1 - rate, so the sums become even larger. In use every unit is there: quieter, not louder.")
def louder_still(H, W, b, rate):
    return H @ (W / (1 - rate) if rate < 1 else W) + b


@scale_for_test.misconception(why="'Scale the parameters' is taken to mean all of them.",
                              hint="The bias is scaled as well. It does not come from a unit that could be dropped: leave it whole.")
def bias_and_all(H, W, b, rate):
    return (1 - rate) * (H @ W + b)


@scale_for_test.misconception(why="Both the units and their weights are scaled, to be on the safe side.",
                              hint="The factor acts twice, on the units and on their weights. Once is enough.")
def scaled_twice(H, W, b, rate):
    return ((1 - rate) * H) @ ((1 - rate) * W) + b


@scale_for_test.misconception(why="The bias is forgotten.", hint="The bias is missing: a layer's sums are H @ W + b.")
def without_the_bias(H, W, b, rate):
    return H @ ((1 - rate) * W)


# L1: soft-thresholding


def towards_zero(W, step):
    return np.array([math.copysign(max(abs(w) - step, 0.0), w) if abs(w) > step else 0.0 for w in W.ravel().tolist()]).reshape(W.shape)


def weights_and_steps(rng):
    for shape in ((1, 1), (1, 7), (6, 1), (4, 5), (10, 3)):
        for step in (0.0, 0.05, 0.6, 5.0):
            W = rng.normal(size=shape)
            yield call(np.where(np.abs(np.abs(W) - step) < 1e-3, W * 1.5, W), step)
    yield call(np.zeros((2, 3)), 0.3)
    yield call(np.array([[-2.0, -0.1004, -1e-2, 0.0, 1e-2, 2.0]]), 0.1)


soft_threshold = Exercise(
    "soft_threshold", points=3, right=towards_zero, tolerance=Tolerance(rtol=1e-5, atol=2e-6),
    public=[
        call(np.array([[3.0, -3.0, 0.5, -0.5, 0.0, 1.75, -1.25]]), 1.0),
        call(np.array([[0.2, -0.9], [1.7, -0.05]]), 0.25),
        call(np.array([[-4.0], [0.3], [2.5]]), 0.5),
    ],
    hidden=weights_and_steps,
    hints=("Each weight walks the same distance towards zero, from whichever side it is on. What about one that is nearer than a step?",
           "Take size and sign apart: np.abs(W) and np.sign(W). The size shrinks by step, but never below 0.",
           "np.maximum keeps a size that has shrunk by step from going below 0. Then give each size its sign back."),
)


@soft_threshold.solution
def size_and_sign(W, step):
    return np.sign(W) * np.maximum(np.abs(W) - step, 0)


@soft_threshold.solution
def three_cases(W, step):
    return np.where(W > step, W - step, np.where(W < -step, W + step, 0.0))


@soft_threshold.solution
def less_what_is_clipped(W, step):
    return W - np.clip(W, -step, step)


@soft_threshold.solution
def weight_by_weight(W, step):
    new = np.zeros(W.shape)
    for place, w in np.ndenumerate(W):
        if w > step:
            new[place] = w - step
        elif w < -step:
            new[place] = w + step
    return new


@soft_threshold.solution
def back_to_zero_where_the_sign_turned(W, step):
    new = W - step * np.sign(W)
    new[np.sign(new) != np.sign(W)] = 0.0
    return new


@soft_threshold.solution
def the_middle_one_of_three(W, step):
    return np.median([W - step, W + step, np.zeros(W.shape)], axis=0)


@soft_threshold.solution
def half_the_difference_of_sizes(W, step):
    return (W + (np.abs(W - step) - np.abs(W + step)) / 2).tolist()


@soft_threshold.solution
def by_a_guarded_direction(W, step):
    return W / (np.abs(W) + 1e-8) * np.clip(np.abs(W) - step, 0, None)


@soft_threshold.misconception(why="This is the slope of |w|, taken as one more gradient.",
                              hint="This steps over zero: 0.5 becomes -0.5 when the step is 1, and next time it hops back. A weight that is nearer "
                                   "than a step must stop at zero.")
def over_zero(W, step):
    return W - step * np.sign(W)


@soft_threshold.misconception(why="Two cases are thought of, positive and not positive.",
                              hint="This steps over zero: 0.5 becomes -0.5 when the step is 1, and even a weight of 0 moves. A weight that is nearer "
                                   "than a step stops at zero: there are three cases.")
def two_cases(W, step):
    return np.where(W > 0, W - step, W + step)


@soft_threshold.misconception(why="The weights are moved first, and the small ones are looked for among those that have moved.",
                              hint="Your second comparison looks at weights that have moved already: one that ended less than a step from zero "
                                   "is then set to zero as well. Let W, as it came, decide.")
def looked_at_after_the_step(W, step):
    new = W.copy()
    new[W > step] -= step
    new[W < -step] += step
    new[np.abs(new) <= step] = 0
    return new


@soft_threshold.misconception(why="Small weights are forgotten.",
                              hint="The large weights moved, but those nearer to zero than a step stayed where they were. They end at zero.")
def small_ones_left(W, step):
    return np.where(W > step, W - step, np.where(W < -step, W + step, W))


@soft_threshold.misconception(why="Thresholding is known from pictures: small ones go, large ones stay.",
                              hint="The small weights are zero, but the large ones did not move. Every weight walks towards zero by one step.")
def hard_threshold(W, step):
    return np.where(np.abs(W) > step, W, 0.0)


@soft_threshold.misconception(why="max(w - t, 0) is written with positive weights in mind.",
                              hint="Every negative weight became zero, whatever its size. Work with sizes, np.abs(W), and give each its sign back.")
def negative_ones_lost(W, step):
    return np.maximum(W - step, 0)


@soft_threshold.misconception(why="The sign is forgotten at the end.",
                              hint="The sizes are right, the signs are gone: multiply by np.sign(W).")
def without_signs(W, step):
    return np.maximum(np.abs(W) - step, 0)


@soft_threshold.misconception(why="Shrinking is thought of as multiplying.",
                              hint="Each weight lost a share of itself. That is what L2 does, and it makes no zeros. Here each moves by the same "
                                   "distance.")
def a_share_of_each(W, step):
    return W * (1 - step)


@soft_threshold.misconception(why="All weights are lowered, as if towards minus infinity.",
                              hint="Negative weights moved away from zero. Towards zero means upwards for them.")
def all_lowered(W, step):
    return np.where(np.abs(W) > step, W - step, 0.0)


@soft_threshold.misconception(why="Nearer to zero is read as smaller, for every weight.",
                              hint="Every weight is lowered by step, the negative and the small ones too. For a negative weight towards zero means "
                                   "upwards, and what is nearer than a step stops at zero.")
def lowered_whatever_it_was(W, step):
    return W - step


@soft_threshold.misconception(why="The negative weights are looked for after the positive ones have moved.",
                              hint="A small positive weight moves twice here: it steps over zero, and is then taken for a negative one. "
                                   "Let W, as it came, decide, and stop at zero what is nearer than a step.")
def moved_twice(W, step):
    new = np.where(W > 0, W - step, W)
    return np.where(new < 0, new + step, new)


# Max-norm


def shortened(W, limit):
    columns = []
    for column in W.T.tolist():
        length = math.sqrt(math.fsum(w * w for w in column))
        columns.append([w * limit / length for w in column] if length > limit else column)
    return np.array(columns).T.reshape(W.shape)


def away_from(limit, W):
    """The columns, none of a length within a thousandth of the limit."""
    lengths = np.linalg.norm(W, axis=0)
    return W * np.where(np.abs(lengths - limit) < 1e-3, 1.1, 1.0)


def layers_of_weights(rng):
    for inputs, units in ((1, 1), (5, 1), (1, 5), (3, 3), (4, 7), (12, 4)):
        for limit in (0.5, 1.0, 3.0):
            yield call(away_from(limit, rng.normal(size=(inputs, units)) * rng.uniform(0.2, 2.0, units)), limit)
    W = rng.normal(size=(4, 4))
    W[:, 1], W[2] = 0.0, 0.0
    yield call(away_from(1.0, W), 1.0)


max_norm = Exercise(
    "max_norm", points=2, right=shortened,
    public=[
        call(np.array([[3.0, 0.3, 0.0], [4.0, -0.4, 2.0]]), 1.0),
        call(np.array([[6.0, 1.0], [0.0, 2.0], [-8.0, 2.0]]), 4.0),
        call(np.array([[0.5, -3.0, 1.0, 0.0], [0.5, 0.1, 1.0, 0.0]]), 1.2),
    ],
    hidden=layers_of_weights,
    hints=("A unit's incoming weights are a column of W. How long is each column?",
           "The length of a column is the root of the sum of its squares; axis=0 sums down the columns. A column that is longer than limit is "
           "multiplied by limit / length, the others by 1.",
           "np.minimum(1, limit / lengths) has a factor for each column. Mind a column of zeros: np.maximum(lengths, limit) is never zero."),
)


@max_norm.solution
def by_the_longer(W, limit):
    lengths = np.linalg.norm(W, axis=0)
    return W * (limit / np.maximum(lengths, limit))


@max_norm.solution
def unit_after_unit(W, limit):
    new = W.astype(float)
    for k in range(W.shape[1]):
        length = np.sqrt(np.sum(W[:, k] ** 2))
        if length > limit:
            new[:, k] = W[:, k] / length * limit
    return new


@max_norm.solution
def with_a_factor(W, limit):
    lengths = np.sqrt((W * W).sum(axis=0)) + 1e-12
    return W * np.minimum(1.0, limit / lengths)


@max_norm.solution
def column_beside_column(W, limit):
    columns = []
    for column in W.T:
        length = np.hypot.reduce(column)
        columns.append(column if length <= limit else limit * column / length)
    return np.column_stack(columns)


@max_norm.solution
def direction_times_length(W, limit):
    lengths = np.einsum("iu,iu->u", W, W) ** 0.5
    directions = np.divide(W, lengths, out=np.zeros(W.shape), where=lengths > 0)
    return (directions * np.minimum(lengths, limit)).tolist()


@max_norm.solution
def guarded_lengths(W, limit):
    lengths = np.sqrt((W**2).sum(axis=0, keepdims=True) + 1e-12)
    return np.nan_to_num(W * np.clip(lengths, 0, limit) / (lengths + 1e-8))


@max_norm.misconception(why="Rows and columns are confused.",
                        hint="You shortened the rows: what one input sends out. A unit's incoming weights stand in a column of W, axis=0.")
def rows_shortened(W, limit):
    lengths = np.linalg.norm(W, axis=1, keepdims=True)
    return W * (limit / np.maximum(lengths, limit))


@max_norm.misconception(why="Normalizing is remembered as 'make it length one'.",
                        hint="The short columns were made longer. The limit is a ceiling: what is below it stays as it is.")
def all_to_the_limit(W, limit):
    lengths = np.linalg.norm(W, axis=0)
    return W * (limit / np.where(lengths > 0, lengths, 1.0))


@max_norm.misconception(why="Every column is given the limit for its length, and nothing guards a column of zeros.",
                        hint="Every column became as long as the limit, the short ones too, and one of zeros no number at all. The limit is a "
                             "ceiling: what is below it stays as it is.")
def all_to_the_limit_unguarded(W, limit):
    return limit * W / np.linalg.norm(W, axis=0)


@max_norm.misconception(why="The norm of the whole matrix is limited, as in gradient clipping.",
                        hint="One factor for the whole matrix: a single loud unit makes all others quieter. Each column has a length of its own.")
def the_whole_matrix(W, limit):
    return W * (limit / max(float(np.linalg.norm(W)), limit))


@max_norm.misconception(why="Single weights are limited in place of their length.",
                        hint="Each weight was cut off at the limit by itself, which turns the column another way. Shorten the column as a whole.")
def each_weight_cut(W, limit):
    return np.clip(W, -limit, limit)


@max_norm.misconception(why="A column of zeros has the length 0.",
                        hint="A column of zeros has the length 0, and 0 / 0 is no number. Divide only where the column is longer than limit, or by "
                             "np.maximum(lengths, limit).")
def nothing_over_nothing(W, limit):
    lengths = np.linalg.norm(W, axis=0)
    return W / lengths * np.minimum(lengths, limit)


@max_norm.misconception(why="'Norm' is heard as 'length one'.",
                        hint="The right columns are shortened, but to the length 1. They should be as long as limit.")
def shortened_to_one(W, limit):
    lengths = np.linalg.norm(W, axis=0)
    return np.where(lengths > limit, W / np.maximum(lengths, limit), W)


@max_norm.misconception(why="The root is forgotten.",
                        hint="You compare the squared length with the limit. The length is the root of the sum of squares.")
def squared_lengths(W, limit):
    squares = (W**2).sum(axis=0)
    return W * (limit / np.maximum(squares, limit))


@max_norm.misconception(why="The length is taken as the sum of absolute values.",
                        hint="This is the sum of the absolute weights, L1's length. Here the ordinary length is limited: the root of the sum of "
                             "squares.")
def sums_of_sizes(W, limit):
    lengths = np.abs(W).sum(axis=0)
    return W * (limit / np.maximum(lengths, limit))


# The mask as a kernel


def launched(n, grid, block, rate, rng=None):
    """A launch of `grid` blocks of `block` threads on n numbers; `out` holds no number before."""
    x = np.arange(n) + 1.0 if rng is None else rng.normal(size=n)
    u = (np.arange(n) * 0.37 + 0.04) % 1.0 if rng is None else rng.random(n)
    return call(np.full(n, np.nan, np.float32), x.astype(np.float32), clear_of(rate, u).astype(np.float32), rate, writes=(0,), grid=grid, block=block)


def launches(rng):
    for n, grid, block, rate in ((1, 1, 1, 0.5), (1, 1, 32, 0.2), (32, 1, 32, 0.2), (33, 2, 32, 0.5), (100, 4, 32, 0.2), (64, 2, 32, 0.8),
                                 (50, 7, 8, 0.35), (130, 3, 64, 0.2), (20, 3, 8, 0.0)):
        yield launched(n, grid, block, rate, rng)


dropout_kernel = Exercise(
    "dropout_kernel", kind="kernel", points=3, hidden=launches,
    right=lambda out, x, uniforms, rate: np.where(uniforms < rate, 0.0, x / (1 - rate)).astype(np.float32),
    public=[launched(8, 1, 8, 0.2), launched(8, 2, 4, 0.5), launched(6, 2, 4, 0.2)],
    hints=("As in the first lab: a thread needs its own number, cuda.grid(1), and must do nothing where there is no element.",
           "Thread i looks at uniforms[i]. Below rate: its unit is dropped. out[i] has to be written in both cases.",
           "if uniforms[i] < rate: out[i] = 0.0, else x[i] divided by 1 - rate."),
)


@dropout_kernel.solution
@cuda.jit
def guarded(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] / (1.0 - rate)


@dropout_kernel.solution
@cuda.jit
def one_line(out, x, uniforms, rate):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i >= x.shape[0]:
        return
    scale = 1 / (1 - rate)
    out[i] = x[i] * scale if uniforms[i] >= rate else 0


@dropout_kernel.solution
@cuda.jit
def striding(out, x, uniforms, rate):
    for i in range(cuda.grid(1), len(out), cuda.gridsize(1)):
        keep = uniforms[i] >= rate
        out[i] = float32(keep) * x[i] / float32(1 - rate)  # noqa: F821


@dropout_kernel.solution
@cuda.jit
def nothing_first(out, x, uniforms, rate):
    i = out.size - 1 - cuda.grid(1)
    if i >= 0:
        out[i] = 0
        if not uniforms[i] < rate:
            out[i] = x[i] * (1 / (1 - rate))


@dropout_kernel.misconception(why="The launch in the picture fits exactly, so the guard seems superfluous.",
                              hint="Some threads have no element: with 8 threads and 6 numbers, threads 6 and 7 reach outside the arrays. Ask "
                                   "whether i is smaller than out.size before the first uniforms[i], x[i] or out[i] (with <= one thread still gets "
                                   "through).")
@cuda.jit
def no_guard(out, x, uniforms, rate):
    i = cuda.grid(1)
    if uniforms[i] < rate:
        out[i] = 0.0
    else:
        out[i] = x[i] / (1.0 - rate)


@dropout_kernel.misconception(why="threadIdx looks like the thread's number, in every block.",
                              hint="threadIdx.x counts from 0 again in every block, so threads of different blocks write the same elements. "
                                   "cuda.grid(1) counts through all blocks.")
@cuda.jit
def number_within_the_block(out, x, uniforms, rate):
    i = cuda.threadIdx.x
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] / (1.0 - rate)


@dropout_kernel.misconception(why="On a CPU the loop is the program; that every thread runs it is overlooked.",
                              hint="Several threads write the same element here, each doing all the work again. One element for each thread: "
                                   "i = cuda.grid(1), and no loop over the elements.")
@cuda.jit
def every_element(out, x, uniforms, rate):
    for i in range(out.size):
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] / (1.0 - rate)


@dropout_kernel.misconception(why="The factor of the paper's test time is applied.",
                              hint="You multiply what stays by 1 - rate, so it becomes weaker. It has to make up for what is gone: divide.")
@cuda.jit
def multiplied_by_the_share_kernel(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] * (1.0 - rate)


@dropout_kernel.misconception(why="out is expected to hold zeros already.",
                              hint="Where a unit is dropped nothing is written, and what was in out before is still there. A kernel's output holds "
                                   "anything at all at first: write the 0.")
@cuda.jit
def zeros_not_written(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size and uniforms[i] >= rate:
        out[i] = x[i] / (1.0 - rate)


@dropout_kernel.misconception(why="Keep and drop are confused.",
                              hint="This keeps the units that should be dropped: a unit goes where its uniform number is below rate.")
@cuda.jit
def keeps_what_should_go_kernel(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = x[i] / (1.0 - rate)
        else:
            out[i] = 0.0


@dropout_kernel.misconception(why="In the form that many know, a unit stays where its number is below the share that stays.",
                              hint="The right share stays, but not the right units: you keep those whose number is below 1 - rate. Here a unit goes "
                                   "where its number is below rate.")
@cuda.jit
def kept_below_the_share_kernel(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < 1.0 - rate:
            out[i] = x[i] / (1.0 - rate)
        else:
            out[i] = 0.0


@dropout_kernel.misconception(why="The factor is forgotten.",
                              hint="The right units are dropped, but those that stay are not scaled: divide by 1 - rate.")
@cuda.jit
def not_scaled(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i]


@dropout_kernel.misconception(why="One divides by the probability at hand.",
                              hint="You divide by rate. At 0.5 nobody would notice. What stays is divided by the share that stays, 1 - rate.")
@cuda.jit
def divided_by_rate(out, x, uniforms, rate):
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] / rate


@dropout_kernel.misconception(why="threadIdx looks like the thread's number, and it is, within its block.",
                              hint="This is right for the first block only: threadIdx.x counts from 0 again in each block. cuda.grid(1) counts "
                                   "through all of them.")
@cuda.jit
def first_block_only(out, x, uniforms, rate):
    i = cuda.threadIdx.x
    if cuda.blockIdx.x == 0 and i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] / (1.0 - rate)


guess_held_out = Exercise("guess_held_out", points=1, kind="prediction", choices=("a", "b", "c"))
guess_zeros = Exercise("guess_zeros", points=1, kind="prediction", choices=("a", "b", "c"))
