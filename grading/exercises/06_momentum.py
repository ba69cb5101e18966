"""Lab 06: the classical step, Nesterov's, the schedule, what makes the two equal on a quadratic, and PyTorch's form."""

import numpy as np

from grading.exercise import Exercise, Ref, call

RATES = (0.5, 0.1, 0.02, 1.5)
MOMENTA = (0.0, 0.5, 0.9, 0.99)
SLOPES = tuple(Ref(f"widgets.momentum_rules:{name}") for name in ("bowl_slope", "quartic_slope", "wave_slope"))


def states(rng):
    """Weights, velocity and a third vector of one shape; then a rate and a momentum."""
    shapes = ((1,), (2,), (3,), (7,), (2, 3), (4, 1))
    for k in range(18):
        shape = shapes[k % len(shapes)]
        w, v, g = rng.normal(size=(3, *shape)) * (1.0 if k % 3 else 4.0)
        yield w, v, g, RATES[k % 4], MOMENTA[(k // 2) % 4]
    yield np.array([2.0, -1.0]), np.zeros(2), np.array([0.5, 3.0]), 0.3, 0.8
    yield np.array([2.0, -1.0]), np.array([-0.5, 1.0]), np.zeros(2), 0.3, 0.8


# Classical momentum


def exact_momentum(w, v, g, learning_rate, momentum):
    velocity = [momentum * a - learning_rate * b for a, b in zip(v.ravel().tolist(), g.ravel().tolist(), strict=True)]
    place = [a + b for a, b in zip(w.ravel().tolist(), velocity, strict=True)]
    return np.array(place).reshape(w.shape), np.array(velocity).reshape(w.shape)


momentum_step = Exercise(
    "momentum_step", points=2, right=exact_momentum,
    public=[
        call(np.array([1.0]), np.array([0.5]), np.array([2.0]), 0.1, 0.9),
        call(np.array([2.0, -1.0]), np.array([-0.4, 0.2]), np.array([1.0, -3.0]), 0.5, 0.8),
        call(np.array([3.0, 0.0, -2.0]), np.zeros(3), np.array([1.0, -1.0, 40.0]), 0.25, 0.5),
        call(np.array([0.5, -1.5]), np.array([0.6, -0.2]), np.zeros(2), 0.2, 0.0),
    ],
    hidden=lambda rng: (call(*state) for state in states(rng)),
    hints=("Two lines: first the new velocity, then the new weights.",
           "What is left of the old velocity is momentum * v; the slope changes it by learning_rate * g, downhill.",
           "The weights move by the NEW velocity: add it to w. Return both, w first."),
    avoid=("Momentum",),
)


@momentum_step.solution
def with_arrays(w, v, g, learning_rate, momentum):
    v = momentum * v - learning_rate * g
    return w + v, v


@momentum_step.solution
def as_polyak_wrote_it(w, v, g, learning_rate, momentum):
    before = w - v
    after = w - learning_rate * g + momentum * (w - before)
    return after, after - w


@momentum_step.solution
def number_by_number(w, v, g, learning_rate, momentum):
    new_w, new_v = np.zeros(w.shape), np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        new_v[place] = momentum * v[place] - learning_rate * g[place]
        new_w[place] = w[place] + new_v[place]
    return [new_w, new_v]


@momentum_step.solution
def as_one_table(w, v, g, learning_rate, momentum):
    table = np.array([[1, momentum, -learning_rate], [0, momentum, -learning_rate]])
    return np.tensordot(table, np.stack([w, v, g]), axes=1)


@momentum_step.solution
def in_copies_of_its_own(w, v, g, learning_rate, momentum):
    if learning_rate <= 0 or not 0 <= momentum < 1:
        raise ValueError("a rate above 0 and a momentum from 0 to below 1")
    w, v = np.array(w, dtype=float), np.array(v, dtype=float)
    v *= momentum
    v -= learning_rate * np.nan_to_num(g)
    w += v
    return w, v


@momentum_step.misconception(why="The gradient points uphill, and the minus is forgotten.",
                             hint="Your ball is pushed uphill: the gradient has to be subtracted from the velocity.")
def pushed_uphill(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w + v, v


@momentum_step.misconception(why="The weights are moved before the velocity has been brought up to date.",
                             hint="You move the weights by the old velocity. Compute the new one first, then move by it.")
def moves_by_the_old_velocity(w, v, g, learning_rate, momentum):
    return w + v, momentum * v - learning_rate * g


@momentum_step.misconception(why="A running sum is taken for a running mean, as in RMSprop or Adam.",
                             hint="You weight the gradient by 1 - momentum. That is a running mean; momentum is a running sum, in which "
                                  "each gradient counts in full once.")
def a_running_mean(w, v, g, learning_rate, momentum):
    v = momentum * v - (1 - momentum) * learning_rate * g
    return w + v, v


@momentum_step.misconception(why="Nothing is lost, as for a ball without friction.",
                             hint="Your velocity is not attenuated: only `momentum` times the old velocity is kept.")
def no_attenuation(w, v, g, learning_rate, momentum):
    v = v - learning_rate * g
    return w + v, v


@momentum_step.misconception(why="The gradient is added first, and the whole is attenuated.",
                             hint="The momentum attenuates the new gradient as well. Only the old velocity is multiplied by it.")
def all_attenuated(w, v, g, learning_rate, momentum):
    v = momentum * (v - learning_rate * g)
    return w + v, v


@momentum_step.misconception(why="The new velocity is used and then thrown away.",
                             hint="The weights are right, but the velocity that you return is the old one: the next step would begin with it again.")
def old_velocity_returned(w, v, g, learning_rate, momentum):
    return w + momentum * v - learning_rate * g, v.copy()


@momentum_step.misconception(why="PyTorch keeps the sum of the gradients and multiplies by the learning rate at the end.",
                             hint="This is PyTorch's form: its buffer holds gradients, and the learning rate comes last. Here the velocity "
                                  "is a step: multiply the gradient by the learning rate before you add it.")
def pytorchs_buffer(w, v, g, learning_rate, momentum):
    v = momentum * v + g
    return w - learning_rate * v, v


@momentum_step.misconception(why="The gradient step and the jump are both made, so the gradient counts twice.",
                             hint="The gradient is subtracted twice: it is part of the new velocity already, so the weights only add that.")
def the_gradient_twice(w, v, g, learning_rate, momentum):
    v = momentum * v - learning_rate * g
    return w - learning_rate * g + v, v


@momentum_step.misconception(why="Many textbooks keep a velocity that points uphill: v = momentum v + rate g, w = w - v.",
                             hint="This is the textbooks' other sign: a velocity that points uphill and is subtracted. Here v is the step itself: "
                                  "subtract the gradient from it, and add it to w.")
def uphill_and_subtracted(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w - v, v


@momentum_step.misconception(why="Downhill is taken to mean that the velocity is subtracted.",
                             hint="The velocity is right, but you move against it. It is a step downhill already: add it to w.")
def against_the_velocity(w, v, g, learning_rate, momentum):
    v = momentum * v - learning_rate * g
    return w - v, v


@momentum_step.misconception(why="The learning rate is an argument that is easily overlooked.",
                             hint="The learning rate plays no part here. It says how much of the gradient goes into the velocity: "
                                  "learning_rate * g.")
def rate_left_out(w, v, g, learning_rate, momentum):
    v = momentum * v - g
    return w + v, v


@momentum_step.misconception(why="Some courses keep a running mean of the gradients and multiply by the learning rate at the end.",
                             hint="Your v is a running mean of gradients, and the learning rate comes last. Here v is a running sum of steps: "
                                  "momentum * v - learning_rate * g, added to w.")
def mean_of_gradients(w, v, g, learning_rate, momentum):
    v = momentum * v + (1 - momentum) * g
    return w - learning_rate * v, v


@momentum_step.misconception(why="The velocity is what was computed first.",
                             hint="The two results have changed places: return the weights first, then the velocity.")
def velocity_first(w, v, g, learning_rate, momentum):
    v = momentum * v - learning_rate * g
    return v, w + v


# Nesterov's look-ahead


def exact_nesterov(w, v, gradient, learning_rate, momentum):
    ahead = np.array([a + momentum * b for a, b in zip(w.tolist(), v.tolist(), strict=True)])
    return exact_momentum(w, v, gradient(ahead), learning_rate, momentum)


def walks(rng):
    for k in range(18):
        n = (1, 2, 3, 5)[k % 4]
        w, v = rng.normal(size=(2, n)) * 1.5
        yield call(w, v, SLOPES[k % 3], (0.5, 0.1, 0.02)[(k // 3) % 3], MOMENTA[1 + (k // 2) % 3])
    yield call(rng.normal(size=4), np.zeros(4), SLOPES[2], 0.3, 0.9)
    yield call(rng.normal(size=4), rng.normal(size=4), SLOPES[1], 0.3, 0.0)


nesterov_step = Exercise(
    "nesterov_step", points=3, right=exact_nesterov,
    public=[
        call(np.array([1.0]), np.array([-0.5]), SLOPES[0], 0.1, 0.8),
        call(np.array([1.0, -2.0]), np.array([0.5, 1.0]), SLOPES[0], 0.25, 0.5),
        call(np.array([4.0, -1.0, 0.5]), np.array([-1.0, 0.5, 1.0]), SLOPES[1], 0.1, 0.9),
        call(np.array([0.5, 3.0]), np.zeros(2), SLOPES[2], 0.5, 0.9),
    ],
    hidden=walks,
    hints=("Only one thing changes: where the gradient is taken. `gradient` is a function; you choose the point.",
           "The velocity will carry the weights by momentum * v in any case. Ask for the gradient there: gradient(w + momentum * v).",
           "Then go on as in momentum_step, from w itself: the new velocity is momentum * v - learning_rate * (that gradient)."),
    avoid=("Nesterov",),
)


@nesterov_step.solution
def looks_ahead(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w + momentum * v)
    return w + v, v


@nesterov_step.solution
def jumps_then_corrects(w, v, gradient, learning_rate, momentum):
    jump = momentum * v
    ahead = w + jump
    correction = -learning_rate * gradient(ahead)
    return ahead + correction, jump + correction


@nesterov_step.solution
def from_the_landing_point(w, v, gradient, learning_rate, momentum):
    ahead = [a + momentum * b for a, b in zip(w, v, strict=True)]
    new = ahead - learning_rate * gradient(np.array(ahead))
    return new, new - w


@nesterov_step.solution
def in_the_gradients_own_array(w, v, gradient, learning_rate, momentum):
    move = gradient(w + momentum * v)
    move *= -learning_rate
    move += momentum * v
    return [w + move, move]


@nesterov_step.solution
def by_way_of_pytorchs_form(w, v, gradient, learning_rate, momentum):
    point, buffer = w + momentum * v, -v / learning_rate
    g = gradient(point)
    buffer = momentum * buffer + g
    point = point - learning_rate * (g + momentum * buffer)
    return point + momentum * learning_rate * buffer, -learning_rate * buffer


@nesterov_step.misconception(why="The gradient is taken where the weights are, as always before.",
                             hint="This is classical momentum: the gradient is taken at w. Nesterov takes it where the jump will land.")
def no_look_ahead(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w)
    return w + v, v


@nesterov_step.misconception(why="The whole old velocity is thought to carry the weights.",
                             hint="You look ahead by all of v. Only momentum * v of it survives, so that is how far the weights will be carried.")
def looks_too_far(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w + v)
    return w + v, v


@nesterov_step.misconception(why="The weights are moved ahead for the gradient and left there.",
                             hint="The jump is made twice: once for looking ahead, and again inside the velocity. Start the move from w itself.")
def jumps_twice(w, v, gradient, learning_rate, momentum):
    w = w + momentum * v
    v = momentum * v - learning_rate * gradient(w)
    return w + v, v


@nesterov_step.misconception(why="The order is taken over from classical momentum: first the slope, then the jump.",
                             hint="You look where a plain step would lead. Look where the jump leads: the gradient at w + momentum * v.")
def ahead_by_a_plain_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w - learning_rate * gradient(w))
    return w + v, v


@nesterov_step.misconception(why="The sign of the look-ahead is taken from the gradient step.",
                             hint="You look back, at w - momentum * v. The velocity is added to the weights, so ahead is w + momentum * v.")
def looks_back(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w - momentum * v)
    return w + v, v


@nesterov_step.misconception(why="Many textbooks keep a velocity that points uphill, and look ahead at w - momentum v.",
                             hint="This is the textbooks' other sign: a velocity that points uphill and is subtracted. Here v is the step itself: "
                                  "look at w + momentum * v, subtract the gradient from v, and add v to w.")
def looks_ahead_uphill(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - momentum * v)
    return w - v, v


@nesterov_step.misconception(why="Looking ahead is taken to mean: where classical momentum would land.",
                             hint="You make a whole step of classical momentum first and look there. Look where the jump alone leads, before any "
                                  "gradient: w + momentum * v.")
def after_a_classical_step(w, v, gradient, learning_rate, momentum):
    ahead = w + momentum * v - learning_rate * gradient(w)
    v = momentum * v - learning_rate * gradient(ahead)
    return w + v, v


@nesterov_step.misconception(why="The place that was looked at is returned as the new place.",
                             hint="The velocity is right, but the weights that you return are the place where you looked. They move from w by the "
                                  "new velocity.")
def stays_where_it_looked(w, v, gradient, learning_rate, momentum):
    ahead = w + momentum * v
    return ahead, momentum * v - learning_rate * gradient(ahead)


@nesterov_step.misconception(why="The velocity is attenuated for the look, and once more in the formula.",
                             hint="The velocity is attenuated twice: you look ahead by momentum * v, but then keep only momentum times that.")
def attenuated_twice(w, v, gradient, learning_rate, momentum):
    v = momentum * v
    v = momentum * v - learning_rate * gradient(w + v)
    return w + v, v


@nesterov_step.misconception(why="The gradient points uphill, and the minus is forgotten.",
                             hint="The look-ahead is right, but the gradient has to be subtracted: it points uphill.")
def uphill_ahead(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w + momentum * v)
    return w + v, v


@nesterov_step.misconception(why="Jump and correction are made to the weights, and the velocity hears of the jump alone.",
                             hint="The weights are right, but the velocity lacks the correction: the gradient is part of the new v too.")
def correction_kept_from_the_velocity(w, v, gradient, learning_rate, momentum):
    ahead = w + momentum * v
    return ahead - learning_rate * gradient(ahead), momentum * v


# The schedule


def stairs(t, most=0.99, every=250):
    return min(1 - 0.5 / (t // every + 1), most)


def times(rng):
    for most in (0.9, 0.99, 0.995, 0.999):
        for t in (0, 249, 250, 500, 999, 1000, 12_000, 12_250, int(rng.integers(1, 5000)), int(rng.integers(5000, 200_000))):
            yield call(t, most)
    for every in (1, 10, 40):
        yield call(int(rng.integers(1, 90)), 0.99, every)
    yield call(700, every=100)
    yield call(40)


momentum_schedule = Exercise(
    "momentum_schedule", points=2, right=stairs,
    public=[call(0), call(300), call(1249, 0.95), call(12_249), call(400_000), call(400_000, 0.995), call(35, 0.999, 10), call(1000, 0.9)],
    hidden=times,
    hints=("Work from the inside out: first the whole number floor(t / every) + 1, which says on which stair step t stands.",
           "For whole numbers t // every is the floor. np.log2 and 2.0 ** x are what the rest needs.",
           "min(..., most) keeps the momentum from ever passing `most`. At t = 0 the answer is 0.5."),
    avoid=("rising_momentum",),
)


@momentum_schedule.solution
def as_printed(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(np.floor(t / every) + 1)), most)


@momentum_schedule.solution
def simplified(t, most=0.99, every=250):
    stair = t // every + 1
    return min(1 - 1 / (2 * stair), most)


@momentum_schedule.solution
def stair_after_stair(t, most=0.99, every=250):
    stairs = 1
    while t >= every:
        t, stairs = t - every, stairs + 1
    return most if 1 - 0.5 / stairs > most else 1 - 0.5 / stairs


@momentum_schedule.solution
def as_a_fraction(t, most=0.99, every=250):
    from fractions import Fraction
    return min(1 - Fraction(1, 2 * (t // every + 1)), most)


@momentum_schedule.solution
def stairs_counted(t, most=0.99, every=250):
    stairs = len(range(0, t + 1, every))
    return float(np.clip((2 * stairs - 1) / (2 * stairs), None, most))


@momentum_schedule.misconception(why="The brackets of the formula are read as brackets, not as the floor.",
                                 hint="Without the floor the momentum rises at every step. It is a staircase: it stays for `every` steps at a time.")
def without_the_floor(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(t / every + 1)), most)


@momentum_schedule.misconception(why="'At most' is turned into max.",
                                 hint="max makes `most` the smallest value. The momentum must not pass `most`: take the smaller of the two.")
def the_larger(t, most=0.99, every=250):
    return max(1 - 2.0 ** (-1 - np.log2(np.floor(t / every) + 1)), most)


@momentum_schedule.misconception(why="np.log is the natural logarithm.",
                                 hint="This uses the natural logarithm. The formula undoes a power of 2, so it needs log2.")
def natural_logarithm(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log(np.floor(t / every) + 1)), most)


@momentum_schedule.misconception(why="The inner -1 is dropped, so it begins with no momentum at all.",
                                 hint="Yours begins at 0. The -1 in the exponent is missing: it makes the first value 1 - 1/2.")
def begins_at_zero(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-np.log2(np.floor(t / every) + 1)), most)


@momentum_schedule.misconception(why="t is taken as counted from 1, or the floor as rounding up.",
                                 hint="You climb one stair too early: floor(t / every) rounds down, so the first `every` steps share the 0.5.")
def a_stair_too_early(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(np.ceil((t + 1) / every) + 1)), most)


@momentum_schedule.misconception(why="The schedule is not used with another period.",
                                 hint="You count in 250s whatever `every` says. Use the argument.")
def always_250(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(np.floor(t / 250) + 1)), most)


@momentum_schedule.misconception(why="The default is written into the formula.",
                                 hint="You stop at 0.99 whatever `most` says. Use the argument.")
def always_99(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(np.floor(t / every) + 1)), 0.99)


@momentum_schedule.misconception(why="'Rounded down' is done by round().",
                                 hint="round() goes to the nearest whole number, so you climb half a stair too early. Rounded down: t // every, or "
                                      "np.floor.")
def rounded_to_the_nearest(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(round(t / every) + 1)), most)


@momentum_schedule.misconception(why="A power of 2 looks as if what is missing to 1 were halved at every stair.",
                                 hint="What is missing to 1 is halved at every stair here. The power of 2 and log2 undo each other: it is divided by "
                                      "1, 2, 3, 4, ...")
def halved_at_every_stair(t, most=0.99, every=250):
    return min(1 - 0.5 ** (t // every + 1), most)


@momentum_schedule.misconception(why="The stairs are counted from 0, and the + 1 is left out.",
                                 hint="The + 1 is missing inside the logarithm: at the first stair you take log2 of 0. Count the stairs from 1: "
                                      "floor(t / every) + 1.")
def stairs_from_zero(t, most=0.99, every=250):
    return min(1 - 2.0 ** (-1 - np.log2(np.floor(t / every))), most)


@momentum_schedule.misconception(why="The cap is forgotten.", hint="The momentum passes `most` here. It has to stay there once it is reached.")
def no_cap(t, most=0.99, every=250):
    return 1 - 2.0 ** (-1 - np.log2(np.floor(t / every) + 1))


# What makes the two equal


def smaller_momentum(momentum, learning_rate, curvature):
    return np.array([momentum - momentum * learning_rate * c for c in curvature.tolist()])


def curvatures(rng):
    for k in range(14):
        n = (1, 2, 3, 8)[k % 4]
        yield call(MOMENTA[1 + k % 3], RATES[k % 4], rng.exponential(size=n) * (1.0 if k % 2 else 10.0))
    yield call(0.9, 0.1, np.zeros(3))
    yield call(0.0, 0.1, np.array([1.0, 5.0]))
    yield call(0.95, 0.2, np.array([-2.0, 5.0, 7.5, 10.0]))


equal_momentum = Exercise(
    "equal_momentum", points=2, right=smaller_momentum,
    public=[
        call(0.9, 0.1, np.array([0.0, 1.0, 5.0])),
        call(0.5, 0.2, np.array([2.0])),
        call(0.8, 0.25, np.array([4.0, 6.0, -1.0])),
        call(0.999, 0.01, np.array([0.5, 40.0, 400.0])),
    ],
    hidden=curvatures,
    hints=("In a direction of curvature c the gradient at a point w is c * w. Put c * (w + momentum * v) into Nesterov's line for v.",
           "Multiply out: momentum * v - learning_rate * c * w - learning_rate * c * momentum * v. Collect what stands before v.",
           "What stands before v is momentum * (1 - something). It may be 0 or negative: leave it so."),
)


@equal_momentum.solution
def factored(momentum, learning_rate, curvature):
    return momentum * (1 - learning_rate * curvature)


@equal_momentum.solution
def one_by_one(momentum, learning_rate, curvature):
    found = []
    for c in curvature:
        found.append(momentum - learning_rate * c * momentum)
    return np.array(found)


@equal_momentum.solution
def tried_out(momentum, learning_rate, curvature):
    w, v, found = 3.0, 2.0, []
    for c in curvature:
        new = momentum * v - learning_rate * c * (w + momentum * v)
        found.append((new + learning_rate * c * w) / v)
    return found


@equal_momentum.solution
def from_two_matrices(momentum, learning_rate, curvature):
    return momentum * np.diag(np.eye(len(curvature)) - learning_rate * np.diag(curvature))


@equal_momentum.misconception(why="The gradient's factor is collected without the momentum that it multiplies.",
                              hint="You subtract learning_rate * curvature itself. The gradient is taken at w + momentum * v, so before v it "
                                   "stands multiplied by the momentum.")
def momentum_not_multiplied(momentum, learning_rate, curvature):
    return momentum - learning_rate * curvature


@equal_momentum.misconception(why="The minus of the gradient step is lost while multiplying out.",
                              hint="Yours grows with the curvature. The gradient is subtracted, so steep directions get LESS momentum.")
def more_in_steep_directions(momentum, learning_rate, curvature):
    return momentum * (1 + learning_rate * curvature)


@equal_momentum.misconception(why="A momentum is expected to lie between 0 and 1.",
                              hint="You keep the result from falling below 0. In a very steep direction Nesterov really acts like a negative "
                                   "momentum, which brakes: leave it as it comes out.")
def never_below_zero(momentum, learning_rate, curvature):
    return np.maximum(momentum * (1 - learning_rate * curvature), 0)


@equal_momentum.misconception(why="What a plain step leaves of w is given, without the momentum.",
                              hint="1 - learning_rate * curvature is what a plain step leaves of w. The momentum is missing.")
def what_a_plain_step_leaves(momentum, learning_rate, curvature):
    return 1 - learning_rate * curvature


@equal_momentum.misconception(why="The learning rate is forgotten.",
                              hint="The learning rate is missing: the gradient enters the velocity only multiplied by it.")
def no_learning_rate(momentum, learning_rate, curvature):
    return momentum * (1 - curvature)


@equal_momentum.misconception(why="The momentum is taken for what divides, as in the sum of a geometric series.",
                              hint="You divide. Nothing in the step divides: multiply out Nesterov's line for v and collect what stands before v.")
def divided(momentum, learning_rate, curvature):
    return momentum / (1 + learning_rate * curvature)


# PyTorch's form: the change of variable


def exact_change(w, v, learning_rate, momentum):
    point = [a + momentum * b for a, b in zip(w.ravel().tolist(), v.ravel().tolist(), strict=True)]
    buffer = [-b / learning_rate for b in v.ravel().tolist()]
    return np.array(point).reshape(w.shape), np.array(buffer).reshape(w.shape)


to_shifted = Exercise(
    "to_shifted", points=2, right=exact_change,
    public=[
        call(np.array([1.0]), np.array([0.5]), 0.1, 0.8),
        call(np.array([2.0, -1.0]), np.array([-0.4, 0.2]), 0.5, 0.9),
        call(np.array([3.0, 0.0, -2.0]), np.array([0.0, 1.0, -0.25]), 0.01, 0.5),
    ],
    hidden=lambda rng: (call(w, v, rate, momentum) for w, v, _, rate, momentum in states(rng)),
    hints=("The stored point is where the gradient will be taken next: ahead of w.",
           "A velocity is a step downhill, a buffer a sum of gradients: gradients point uphill and have not met the learning rate yet.",
           "So the point is w + momentum * v, and the buffer is v divided by the learning rate, with the sign turned."),
)


@to_shifted.solution
def point_and_buffer(w, v, learning_rate, momentum):
    return w + momentum * v, -v / learning_rate


@to_shifted.solution
def buffer_first_then_point(w, v, learning_rate, momentum):
    buffer = v * (-1 / learning_rate)
    return w - learning_rate * momentum * buffer, buffer


@to_shifted.solution
def both_from_one_table(w, v, learning_rate, momentum):
    return np.einsum("ij,j...->i...", np.array([[1, momentum], [0, -1 / learning_rate]]), np.stack([w, v]))


@to_shifted.solution
def guarded_against_a_rate_of_0(w, v, learning_rate, momentum):
    return w + momentum * v, np.negative(v) / (max(learning_rate, 1e-8) + 1e-8)


@to_shifted.misconception(why="The buffer is thought to be a velocity, pointing downhill.",
                          hint="Your buffer points downhill. PyTorch's adds up gradients, which point uphill: turn the sign.")
def sign_kept(w, v, learning_rate, momentum):
    return w + momentum * v, v / learning_rate


@to_shifted.misconception(why="The learning rate is multiplied in where it has to be taken out.",
                          hint="v holds the learning rate already; the buffer must not. Divide by it.")
def rate_twice(w, v, learning_rate, momentum):
    return w + momentum * v, -v * learning_rate


@to_shifted.misconception(why="Only the buffer is changed; the weights are thought to be the weights.",
                          hint="The buffer is right, but the point is not shifted: PyTorch stores the place where the gradient is taken, "
                               "ahead of w.")
def weights_not_shifted(w, v, learning_rate, momentum):
    return w.copy(), -v / learning_rate


@to_shifted.misconception(why="The stored point is taken for the weights after a whole step of v.",
                          hint="You shift by all of v. Only momentum * v will survive into the next step: that is how far ahead the point lies.")
def shifted_by_all_of_v(w, v, learning_rate, momentum):
    return w + v, -v / learning_rate


@to_shifted.misconception(why="The shift is undone in place of made.",
                          hint="You shift back. The stored point lies ahead: w + momentum * v.")
def shifted_back(w, v, learning_rate, momentum):
    return w - momentum * v, -v / learning_rate


@to_shifted.misconception(why="The momentum is taken into the buffer as well as into the point.",
                          hint="The point is right. The buffer is not attenuated here: PyTorch multiplies it by the momentum in its next step.")
def buffer_attenuated(w, v, learning_rate, momentum):
    return w + momentum * v, -momentum * v / learning_rate


@to_shifted.misconception(why="The sign is turned, and the learning rate is forgotten.",
                          hint="The point is right, and so is the sign of the buffer. But v still holds the learning rate, and a bare gradient has "
                               "not met it: divide by it.")
def only_turned(w, v, learning_rate, momentum):
    return w + momentum * v, -v


@to_shifted.misconception(why="The velocity is passed on as it is.",
                          hint="The point is right. The buffer is still the velocity: take the learning rate out of it, and turn the sign.")
def the_velocity_itself(w, v, learning_rate, momentum):
    return w + momentum * v, v.copy()


# PyTorch's form: the step


def exact_shifted(w, buffer, g, learning_rate, momentum):
    velocity = (-learning_rate * buffer).ravel().tolist()
    old = np.array([a - momentum * b for a, b in zip(w.ravel().tolist(), velocity, strict=True)]).reshape(w.shape)
    new, v = exact_momentum(old, np.array(velocity).reshape(w.shape), g, learning_rate, momentum)
    return exact_change(new, v, learning_rate, momentum)


shifted_step = Exercise(
    "shifted_step", points=3, right=exact_shifted,
    public=[
        call(np.array([1.0]), np.array([0.5]), np.array([2.0]), 0.1, 0.8),
        call(np.array([2.0, -1.0]), np.array([-0.4, 0.2]), np.array([1.0, -3.0]), 0.5, 0.9),
        call(np.array([3.0, 0.0, -2.0]), np.zeros(3), np.array([1.0, -1.0, 4.0]), 0.25, 0.5),
    ],
    hidden=lambda rng: (call(*state) for state in states(rng)),
    hints=("The buffer first: momentum times the old one, and the whole gradient.",
           "The weights then move by learning_rate times two parts: the gradient itself, and momentum times the NEW buffer.",
           "So w - learning_rate * (g + momentum * buffer). The first part ends the step that was begun, the second looks ahead again."),
    avoid=("NesterovShifted",),
)


@shifted_step.solution
def buffer_then_weights(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + g
    return w - learning_rate * (g + momentum * buffer), buffer


@shifted_step.solution
def back_step_and_ahead_again(w, buffer, g, learning_rate, momentum):
    v = -learning_rate * buffer
    unshifted = w - momentum * v
    v = momentum * v - learning_rate * g
    return unshifted + v + momentum * v, momentum * buffer + g


@shifted_step.misconception(why="This is what PyTorch does without nesterov=True; and g + momentum times the OLD buffer is the same thing.",
                            hint="This is PyTorch's classical momentum, which moves by the buffer alone. Nesterov's moves by g and "
                                 "momentum times the new buffer. (With the old buffer in its place you get this too.)")
def without_nesterov(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + g
    return w - learning_rate * buffer, buffer


@shifted_step.misconception(why="The buffer is taken for a velocity with the learning rate inside, as in Sutskever's form.",
                            hint="You put the learning rate into the buffer as well. The buffer adds up bare gradients; the learning rate comes "
                                 "in once, at the end.")
def rate_inside_the_buffer(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + learning_rate * g
    return w - learning_rate * (g + momentum * buffer), buffer


@shifted_step.misconception(why="The momentum before the buffer is left out, as the buffer has been attenuated already.",
                            hint="The new buffer has to be attenuated once more: it is the NEXT step that you look into.")
def buffer_in_full(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + g
    return w - learning_rate * (g + buffer), buffer


@shifted_step.misconception(why="The gradient is thought to be in the buffer already.",
                            hint="You move by momentum times the buffer only. The gradient itself belongs to the move too.")
def without_the_gradient(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + g
    return w - learning_rate * momentum * buffer, buffer


@shifted_step.misconception(why="The parentheses around the two parts are lost.",
                            hint="Only g is subtracted here, and the buffer is added in full. The learning rate and the minus belong to both parts: "
                                 "put them in parentheses.")
def without_brackets(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + g
    return w - learning_rate * g + momentum * buffer, buffer


@shifted_step.misconception(why="The new buffer is used and then thrown away.",
                            hint="The weights are right, but the buffer that you return is the old one: the next step would begin with it again.")
def old_buffer_returned(w, buffer, g, learning_rate, momentum):
    return w - learning_rate * (g + momentum * (momentum * buffer + g)), buffer.copy()


@shifted_step.misconception(why="momentum_step is written down once more.",
                            hint="This is the paper's momentum step. PyTorch's buffer adds up bare gradients, without a learning rate and without a "
                                 "minus: momentum * buffer + g. The learning rate comes when the weights move.")
def the_papers_momentum(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer - learning_rate * g
    return w + buffer, buffer


@shifted_step.misconception(why="The buffer is added, like a velocity.",
                            hint="The buffer holds gradients, which point uphill: subtract.")
def buffer_added(w, buffer, g, learning_rate, momentum):
    buffer = momentum * buffer + g
    return w + learning_rate * (g + momentum * buffer), buffer


guess_slope = Exercise("guess_slope", points=1, kind="prediction", choices=("a", "b", "c"))
guess_limit = Exercise("guess_limit", points=1, kind="prediction", choices=("a", "b", "c"))
