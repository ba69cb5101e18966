"""Lab 01: a unit with a threshold, and three rules by which it learns: Rosenblatt's, Widrow and Hoff's, and the sigmoid unit's."""

import math

import numpy as np

from grading.exercise import Exercise, call

EDGE = 1e-3     # a sum nearer to the threshold than this is either exactly 0 in every arithmetic, or not asked for


def exact(x, w, b):
    """The weighted sum plus bias, rounded once."""
    return math.fsum([*(p * q for p, q in zip(np.asarray(x).tolist(), np.asarray(w).tolist(), strict=True)), float(b)])


def sure(x, w, b):
    return abs(exact(x, w, b)) > EDGE


# fires: the threshold unit


def above_zero(x, w, b):
    return int(exact(x, w, b) > 0)


def some_units(rng):
    for n in (1, 1, 2, 2, 3, 5, 8, 20):
        for _ in range(3):
            x, w, b = rng.normal(size=n), rng.normal(size=n), float(rng.normal())
            if sure(x, w, b):
                yield call(x, w, b)
    for _ in range(8):      # whole numbers: where the sum is 0 it is exactly 0
        yield call(rng.integers(0, 2, 2).astype(float), rng.integers(-1, 2, 2).astype(float), float(rng.integers(-1, 2)))
    yield call(np.zeros(2), np.ones(2), 0.5)
    yield call(np.array([1.0, 1.0]), np.array([1.0, 1.0]), -2.0)
    yield call(np.array([1.0]), np.array([0.5]), -0.4995)       # a sum just above 0


fires = Exercise(
    "fires", points=2, right=above_zero,
    public=[call(np.array([1.0, 0.0]), np.array([2.0, -1.0]), -0.5), call(np.array([0.0, 1.0]), np.array([2.0, 0.25]), 0.5),
            call(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5]), -1.0), call(np.array([1.0, 1.0]), np.array([1.0, 1.0]), -2.0),
            call(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 0.5), call(np.array([1.0, 1.0]), np.array([1.0, -2.0]), 0.5),
            call(np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.0, -3.0]), -0.5),
            call(np.array([1.0, 0.5, 1.0]), np.array([-1.0, 1.0, 1.5]), 0.25), call(np.array([2.0, 1.0, 4.0]), np.array([-0.5, 1.5, -0.75]), 0.25),
            call(np.array([2.0, 1.0]), np.array([-1.0, -0.5]), 0.5), call(np.array([2.0, 1.0]), np.array([0.5, -1.0]), 0.001)],
    hidden=some_units,
    hints=("Two steps: first the weighted sum of the inputs with the bias added, then one question about its sign.",
           "np.dot(x, w) multiplies place by place and adds up; a loop does it too. The bias joins the sum once, not once an input.",
           "Compare the sum with 0. A comparison gives True or False; int(...) makes 1 or 0 of it."))


@fires.solution
def with_dot(x, w, b):
    return 1 if np.dot(x, w) + b > 0 else 0


@fires.solution
def with_loop(x, w, b):
    total = b
    for i in range(len(x)):
        total = total + x[i] * w[i]
    if total > 0:
        return 1
    return 0


@fires.solution
def true_or_false(x, w, b):
    return sum(x * w) > -b


@fires.solution
def with_the_bias_as_a_weight(x, w, b):
    return np.heaviside(np.append(w, b) @ np.append(x, 1), 0)


fires.solution("""
class ThresholdUnit:
    def __call__(self, x, w, b):
        if not len(x):
            return b > 0
        return self(x[1:], w[1:], b + x[0] * w[0])


fires = ThresholdUnit()
""")


@fires.misconception(why="The bias is overlooked: the sum alone is compared.",
                     hint="this compares the sum without the bias. Add b to it first: it moves the threshold.")
def no_bias(x, w, b):
    return int(np.dot(x, w) > 0)


@fires.misconception(why="The bias is taken for the threshold itself.",
                     hint="this compares the sum with b, as if b were the threshold. Here b is added to the sum, and "
                          "the threshold is 0.")
def bias_as_threshold(x, w, b):
    return int(np.dot(x, w) > b)


@fires.misconception(why="McCulloch and Pitts let a cell fire when the threshold is reached; 'at least' feels natural.",
                     hint="this fires at a sum of exactly 0. In this course a unit fires only above 0.")
def at_zero_too(x, w, b):
    return int(np.dot(x, w) + b >= 0)


@fires.misconception(why="The sum is returned and the threshold forgotten.",
                     hint="this is the sum itself. A threshold unit says only 1 or 0.")
def sum_only(x, w, b):
    return np.dot(x, w) + b


@fires.misconception(why="np.sign is at hand.",
                     hint="this answers -1, 0 or 1. The unit has two answers, 1 above 0 and 0 otherwise.")
def sign(x, w, b):
    return np.sign(np.dot(x, w) + b)


@fires.misconception(why="The bias stands inside the loop or inside np.sum(x * w + b); the mean in the place of the sum comes to the same.",
                     hint="here the bias weighs as much as if it were added once for each input. Take the sum of the products (not the mean), and "
                          "add the bias to it once.")
def bias_every_time(x, w, b):
    return int(np.sum(np.asarray(x) * w + b) > 0)


@fires.misconception(why="The classes -1 and +1 are known from other books.",
                     hint="this answers -1 where the unit does not fire. In this course that answer is 0.")
def minus_one_for_no(x, w, b):
    return 1 if np.dot(x, w) + b > 0 else -1


@fires.misconception(why="The pictures show two inputs, and x[0] and x[1] are written out.",
                     hint="this looks at the first two inputs only. A unit may have any number of them: use a loop over all, or np.dot.")
def first_two_inputs(x, w, b):
    return int(sum(x[:2] * w[:2]) + b > 0)


@fires.misconception(why="Each product is compared by itself.",
                     hint="this asks whether any single product is large enough. The unit adds all products first, and then asks once.")
def any_product(x, w, b):
    return int(np.any(x * w + b > 0))


@fires.misconception(why="return stands inside the loop, behind an if and an else.",
                     hint="this answers after the first input: the function returned in the first turn of the loop. Ask about the sum "
                          "behind the loop.")
def after_the_first_input(x, w, b):
    total = b
    for i in range(len(x)):
        total = total + x[i] * w[i]
        if total > 0:
            return 1
        else:
            return 0


@fires.misconception(why="The question stands inside the loop.",
                     hint="this fires as soon as a part of the sum is above 0. Later inputs may still pull it down: ask behind the loop.")
def as_soon_as_it_is_above_zero(x, w, b):
    total = b
    for i in range(len(x)):
        total = total + x[i] * w[i]
        if total > 0:
            return 1
    return 0


@fires.misconception(why="Two loops, one inside the other, or the two sums multiplied.",
                     hint="this multiplies every input with every weight. Each input has a weight of its own: x[0] with w[0], x[1] with w[1], and "
                          "so on, in one loop.")
def each_with_each(x, w, b):
    return int(np.sum(x) * np.sum(w) + b > 0)


@fires.misconception(why="A small number is taken for 0, as where a sum is rounded.",
                     hint="this does not fire at a sum that is only a little above 0. However small it is, it is above 0: compare with 0 itself, and "
                          "do not round.")
def a_little_is_nothing(x, w, b):
    return int(np.round(np.dot(x, w) + b, 2) > 0)


@fires.misconception(why="range(len(x) - 1), or x[:-1].", hint="the last input is left out. How far does your loop run?")
def without_the_last_input(x, w, b):
    return int(np.dot(x[:-1], w[:-1]) + b > 0)


# gate: weights by hand, judged by what the unit then does


def gate_unit(name, n):
    return {"AND": (np.ones(n), 0.5 - n), "OR": (np.ones(n), -0.5), "NOT": (-np.ones(n), 0.5)}[name]


def wider_gates(rng):
    for name in ("AND", "OR"):
        for n in rng.permutation([*range(1, 9), 11]).tolist():
            yield call(name, n)
    yield call("NOT", 1)


gate = Exercise(
    "gate", points=2, right=gate_unit, hidden=wider_gates, read="readings:threshold_answers",
    public=[call("AND", 2), call("OR", 2), call("NOT", 1), call("AND", 3), call("OR", 3), call("AND", 5), call("OR", 4)],
    hints=("Give every input of AND and OR the weight 1. Then the sum counts how many inputs are on. Above which count should the unit fire?",
           "A bias of -1.5 asks for more than 1.5 inputs that are on. For AND the number has to grow with n; for OR it need not.",
           "NOT has to fire when its input is off: the bias alone must be above 0, and the weight must pull the sum below 0."))


@gate.solution
def counting(name, n):
    if name == "AND":
        return np.ones(n), -(n - 0.5)
    if name == "OR":
        return np.ones(n), -0.5
    return np.array([-1.0]), 0.5


@gate.solution
def other_numbers(name, n):
    w = np.full(n, 10.0)
    if name == "AND":
        b = -10.0 * n + 5
    elif name == "OR":
        b = -5.0
    else:
        w, b = -w, 5.0
    return w, b


@gate.solution
def in_lists(name, n):
    if name == "NOT":
        return [-2], 1
    return [0.25] * n, -0.25 * n + 0.125 if name == "AND" else -0.125


@gate.solution
def weights_that_differ(name, n):
    w = np.arange(1, n + 1)
    if name == "AND":
        return w, 1 - w.sum()
    if name == "OR":
        return w, 0
    return -w, 0.9


@gate.misconception(why="The sign of the bias: the threshold itself is returned.",
                    hint="the bias has the wrong sign: it is added to the sum, so a threshold of 1.5 is a bias of -1.5.")
def threshold_itself(name, n):
    w, b = {"AND": (np.ones(n), n - 0.5), "OR": (np.ones(n), 0.5), "NOT": (-np.ones(n), -0.5)}[name]
    return w, b


@gate.misconception(why="The threshold is set to the count itself, as if reaching it were enough.",
                    hint="where all is as it should be, the sum is exactly 0, and the unit fires only above 0. Put the"
                         " threshold between two counts.")
def reaches_it(name, n):
    w, b = {"AND": (np.ones(n), -n), "OR": (np.ones(n), -1), "NOT": (-np.ones(n), 0)}[name]
    return w, b


@gate.misconception(why="The numbers for two inputs are kept for more.",
                    hint="AND is right for two inputs only: with three, two of them are already enough. How must the "
                         "threshold grow with n?")
def two_inputs_only(name, n):
    w, b = {"AND": (np.ones(n), -1.5), "OR": (np.ones(n), -0.5), "NOT": (-np.ones(n), 0.5)}[name]
    return w, b


@gate.misconception(why="NOT is given a positive weight like the others.",
                    hint="NOT fires when its input is on: give it a negative weight, and a bias above 0.")
def not_is_copy(name, n):
    w, b = {"AND": (np.ones(n), 0.5 - n), "OR": (np.ones(n), -0.5), "NOT": (np.ones(n), -0.5)}[name]
    return w, b


@gate.misconception(why="AND and OR are exchanged.",
                    hint="AND and OR have changed places: AND asks for all inputs, OR for at least one.")
def changed_places(name, n):
    w, b = {"OR": (np.ones(n), 0.5 - n), "AND": (np.ones(n), -0.5), "NOT": (-np.ones(n), 0.5)}[name]
    return w, b


@gate.misconception(why="Three quarters of n lies between n - 1 and n for two inputs and for three.",
                    hint="AND is right for two and three inputs only: with more, n - 1 of them are already enough. The threshold has to lie "
                         "between n - 1 and n.")
def a_share_of_the_inputs(name, n):
    w, b = {"AND": (np.ones(n), -0.75 * n), "OR": (np.ones(n), -0.5), "NOT": (-np.ones(n), 0.5)}[name]
    return w, b


@gate.misconception(why="OR's threshold is made to grow with n, as AND's has to.",
                    hint="OR does not fire with one of four inputs. One is enough, however many there are: its threshold stays below 1.")
def or_asks_for_more(name, n):
    w, b = {"AND": (np.ones(n), 0.5 - n), "OR": (np.ones(n), -n / 4), "NOT": (-np.ones(n), 0.5)}[name]
    return w, b


# update: Rosenblatt's rule


def corrected(w, b, x, y):
    miss = int(y) - above_zero(x, w, b)
    return w + miss * x, b + miss


def learnable(rng, n, y):
    """Weights, bias, an example of class y whose sum is not near the threshold."""
    while True:
        w, b, x = rng.normal(size=n), float(rng.normal()), rng.normal(size=n) * 2
        if sure(x, w, b):
            return call(w, b, x, y)


def some_corrections(rng):
    for n in (1, 2, 2, 3, 6):
        for y in (0, 1, 0, 1, 0, 1):
            yield learnable(rng, n, y)
    for n in (1, 2, 5):     # from nothing: a class-1 example with sum 0 is a mistake in every way of counting
        yield call(np.zeros(n), 0.0, rng.normal(size=n), 1)
    yield call(np.array([1.0, -1.0]), 0.0, np.array([2.0, 2.0]), 1)
    for y in (0, 1):        # so far on the wrong side that one step does not get there
        w, x = rng.uniform(6, 9, 3) * (1 - 2 * y), rng.uniform(0.5, 1.5, 3)
        yield call(w, 0.0, x, y)


update = Exercise(
    "update", points=3, right=corrected, hidden=some_corrections,
    public=[call(np.array([1.0, -2.0]), 0.5, np.array([1.0, 3.0]), 1), call(np.array([1.0, 2.5]), 0.5, np.array([3.0, -1.0]), 0),
            call(np.array([1.0, 2.0]), -0.5, np.array([2.0, 1.0]), 1), call(np.array([1.0, 2.0]), -0.5, np.array([-2.0, 0.5]), 0),
            call(np.zeros(2), 0.0, np.array([2.0, -1.0]), 1), call(np.array([1.0, 1.0]), -2.5, np.array([1.0, 1.0]), 0),
            call(np.array([3.0, 1.0]), 2.0, np.array([1.0, 0.0]), 0), call(np.array([2.0625]), -0.5, np.array([-1.5]), 1),
            call(np.array([1.0, 2.0, -1.0]), 0.5, np.array([1.0, 0.5, 4.0]), 1)],
    hints=("Let the unit answer first. If the answer is y there is nothing to learn: return w and b as they came.",
           "A unit that said 0 where 1 was wanted has too small a sum: add x to w. Which way for the other mistake? And the bias is "
           "the weight of an input that is always 1.",
           "y - answer is +1, -1 or 0: the three cases in one number. Write w + ..., which makes a new array; w += ... would change "
           "the array that you were given."))


@update.solution
def in_one_number(w, b, x, y):
    miss = y - int(np.dot(w, x) + b > 0)
    return w + miss * x, b + miss


@update.solution
def case_by_case(w, b, x, y):
    total = b
    for i in range(len(w)):
        total = total + w[i] * x[i]
    answer = 1 if total > 0 else 0
    if answer == y:
        return w, b
    new = w.copy()
    for i in range(len(w)):
        if y == 1:
            new[i] = new[i] + x[i]
        else:
            new[i] = new[i] - x[i]
    return new, b + 1 if y == 1 else b - 1


@update.solution
def on_the_line_is_wrong(w, b, x, y):
    t = 2 * y - 1
    if t * (w @ x + b) <= 0:
        w, b = w + t * x, b + t
    return w, b


@update.solution
def on_a_copy(w, b, x, y):
    w, fired = w.copy(), bool(w @ x + b > 0)
    if fired and y == 0:
        w -= x
        b -= 1
    elif not fired and y == 1:
        w += x
        b += 1
    return w, b


update.solution("""
def update(w, b, x, y, rule={(0, 1): 1, (1, 0): -1}):
    fired = int(sum(p * q for p, q in zip(w, x)) + b > 0)
    step = rule.get((fired, int(y)), 0)
    return [p + step * q for p, q in zip(w, x)], b + step
""")


@update.misconception(why="'Learn from each example' instead of 'learn from each mistake'.",
                      hint="this changes the weights even where the answer was right. Rosenblatt's rule learns from "
                           "mistakes only.")
def always_moves(w, b, x, y):
    t = 2 * y - 1
    return w + t * x, b + t


@update.misconception(why="Class 0 multiplies the step away: w + y x.",
                      hint="nothing happens when the right answer was 0. A unit that fired and should not have must "
                           "lower its sum: subtract x.")
def class_0_teaches_nothing(w, b, x, y):
    if int(np.dot(w, x) + b > 0) != y:
        w, b = w + y * x, b + y
    return w, b


@update.misconception(why="Only a unit that fired is corrected.",
                      hint="nothing happens where the unit said 0 and 1 was wanted. Its sum was too small: add x, and 1 to the bias.")
def silence_teaches_nothing(w, b, x, y):
    if np.dot(w, x) + b > 0 and y == 0:
        w, b = w - x, b - 1
    return w, b


@update.misconception(why="The answer is not compared with y.",
                      hint="this moves after every answer, and y is not looked at. If the unit's answer is y, nothing changes.")
def without_a_look_at_y(w, b, x, y):
    t = -1 if np.dot(w, x) + b > 0 else 1
    return w + t * x, b + t


@update.misconception(why="The bias is not seen as a weight.",
                      hint="the weights are right, but the bias stays as it was. It is the weight of an input that is "
                           "always 1, so it learns too.")
def bias_stays(w, b, x, y):
    return w + (y - int(np.dot(w, x) + b > 0)) * x, b


@update.misconception(why="answer - y instead of y - answer.",
                      hint="the step goes the wrong way, so each mistake makes the next one worse. Fired too little: "
                           "add x. Fired too much: subtract.")
def wrong_way(w, b, x, y):
    miss = int(np.dot(w, x) + b > 0) - y
    return w + miss * x, b + miss


@update.misconception(why="w += x changes the caller's array.",
                      hint="the numbers are right, but the array w that came in was changed. Write w = w + ..., which "
                           "makes a new one.")
def in_place(w, b, x, y):
    miss = y - int(np.dot(w, x) + b > 0)
    w += miss * x
    return w, b + miss


@update.misconception(why="The sum is taken for the answer: that is the delta rule.",
                      hint="this uses the sum where the answer, 0 or 1, is wanted. (What you wrote is a rule of its "
                           "own: you meet it below.)")
def sum_for_answer(w, b, x, y):
    miss = y - (np.dot(w, x) + b)
    return w + miss * x, b + miss


@update.misconception(why="t z < 0: on the line counts as right, so that zero weights stay zero for ever.",
                      hint="with all weights 0 this never begins: the sum is 0, the answer therefore 0, and for class "
                           "1 that is a mistake.")
def never_begins(w, b, x, y):
    t = 2 * y - 1
    if t * (np.dot(w, x) + b) < 0:
        w, b = w + t * x, b + t
    return w, b


@update.misconception(why="The correction is applied to the weights as a whole, without the input.",
                      hint="each weight moves by the same amount here. A weight should move by its own input: what was"
                           " not there is not to blame.")
def without_the_input(w, b, x, y):
    miss = y - int(np.dot(w, x) + b > 0)
    return w + miss, b + miss


@update.misconception(why="The bias is left out when the unit is asked for its answer.",
                      hint="the unit's answer is found without the bias here. It fires where w x + b is above 0, not w x alone.")
def answer_without_the_bias(w, b, x, y):
    miss = y - int(np.dot(w, x) > 0)
    return w + miss * x, b + miss


@update.misconception(why="The rule is repeated until the example is right.",
                      hint="this goes on until the answer is right. One step only: the weights may need the example again in the next pass.")
def until_it_is_right(w, b, x, y):
    for _ in range(1000):
        miss = y - int(np.dot(w, x) + b > 0)
        w, b = w + miss * x, b + miss
    return w, b


@update.misconception(why="Both answers are written as -1 and +1, as in other books.",
                      hint="each step is twice as long as it should be. With the answers -1 and +1 a miss is 2: here they are 0 and 1, and "
                           "x is added or subtracted once.")
def twice_as_far(w, b, x, y):
    miss = (2 * y - 1) - (1 if np.dot(w, x) + b > 0 else -1)
    return w + miss * x, b + miss


@update.misconception(why="A unit that does not fire is given the answer -1, but y stays 0 or 1.",
                      hint="the unit's answer is -1 here where it does not fire, and y is 0 there: that is taken for a miss. The answer is 0 or 1.")
def minus_one_against_zero(w, b, x, y):
    miss = y - (1 if np.dot(w, x) + b > 0 else -1)
    return w + miss * x, b + miss


@update.misconception(why="w is changed first, and the unit is asked again for b.",
                      hint="the weights are right, but for the bias the unit was asked again, with its new weights. Ask it once, with the old ones.")
def asked_again_for_the_bias(w, b, x, y):
    w = w + (y - int(np.dot(w, x) + b > 0)) * x
    return w, b + (y - int(np.dot(w, x) + b > 0))


@update.misconception(why="The miss is made positive.",
                      hint="this adds x after every mistake. A unit that fired and should not have has too large a sum: then subtract.")
def always_adds(w, b, x, y):
    miss = abs(y - int(np.dot(w, x) + b > 0))
    return w + miss * x, b + miss


@update.misconception(why="The movies have two ratings, and w[0] and w[1] are written out.",
                      hint="this is written for two inputs. A unit may have any number of them: w + x adds all places at once, and np.dot "
                           "or a loop over len(w) sums them.")
def two_inputs_written_out(w, b, x, y):
    miss = y - int(w[0] * x[0] + w[1] * x[1] + b > 0)
    return np.array([w[0] + miss * x[0], w[1] + miss * x[1]]), b + miss


@update.misconception(why="The sum is written out for two inputs, the correction is not.",
                      hint="the unit's answer is found from two inputs here. It may have any number of them: np.dot, or a loop over len(w), sums "
                           "them all.")
def answer_from_two_inputs(w, b, x, y):
    miss = y - int(w[0] * x[0] + w[1] * x[1] + b > 0)
    return w + miss * x, b + miss


# delta_step: Widrow and Hoff's rule


def toward_the_target(w, b, x, y, rate):
    miss = rate * (float(y) - exact(x, w, b))
    return w + miss * x, b + miss


def some_steps(rng, targets):
    for n in (1, 2, 2, 3, 6):
        for y in targets:
            yield call(rng.normal(size=n), float(rng.normal()), rng.normal(size=n), y, float(rng.choice([0.05, 0.1, 0.5, 0.8])))
    yield call(np.zeros(2), 0.0, rng.normal(size=2), targets[-1], 0.25)


delta_step = Exercise(
    "delta_step", points=2, right=toward_the_target, hidden=lambda rng: some_steps(rng, (-1.0, 1.0, 0.0, 3.5)),
    public=[call(np.array([1.0, -0.5]), 0.5, np.array([1.0, 2.0]), 1.0, 0.1), call(np.array([0.5, 0.5]), 0.25, np.array([2.0, -1.0]), -1.0, 0.5),
            call(np.array([2.0]), 0.0, np.array([0.5]), 3.5, 0.25), call(np.array([-0.5, 1.0]), -0.25, np.array([2.0, -1.0]), 1.0, 0.2)],
    hints=("No threshold this time: the sum z itself is compared with the target y.",
           "The miss is y - z. Each weight moves by rate times the miss times its own input.",
           "The bias moves too, as the weight of an input that is always 1. Return new values; leave w as it is."))


@delta_step.solution
def in_two_lines(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + rate * miss * x, b + rate * miss


@delta_step.solution
def down_the_slope(w, b, x, y, rate):
    z = b
    for i in range(len(w)):
        z = z + w[i] * x[i]
    slopes = []
    for i in range(len(w)):
        slopes.append((z - y) * x[i])
    return np.array([w[i] - rate * slopes[i] for i in range(len(w))]), b - rate * (z - y)


@delta_step.solution
def bias_as_one_more_weight(w, b, x, y, rate):
    w, x = np.append(w, b), np.append(x, 1)
    w -= rate * (w @ x - y) * x
    return w[:-1], w[-1]


delta_step.solution("delta_step = lambda w, b, x, y, rate: "
                    "tuple(old - rate * (np.inner(x, w) + b - y) * slope for old, slope in ((w, x), (b, 1)))")


@delta_step.misconception(why="The threshold of Rosenblatt's rule is kept.",
                          hint="this compares y with the unit's answer, 0 or 1. The delta rule compares it with the sum itself.")
def keeps_the_threshold(w, b, x, y, rate):
    miss = y - int(np.dot(w, x) + b > 0)
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="The threshold is kept, with the answers -1 and +1 that Widrow and Hoff's targets suggest.",
                          hint="this compares y with the unit's answer, -1 or +1. The delta rule compares it with the sum itself.")
def keeps_a_threshold_of_two_signs(w, b, x, y, rate):
    miss = y - (1 if np.dot(w, x) + b > 0 else -1)
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="w * x is taken for the sum.",
                          hint="w * x is one product for each input, so there are several misses here. Add the products up first: np.dot(w, x).")
def a_miss_for_each_input(w, b, x, y, rate):
    miss = y - (w * x + b)
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="The miss is found anew for each weight, with those before it changed already.",
                          hint="the miss is found anew for each weight, when those before it have moved already. Find it once, with the old w and b.")
def a_moving_target(w, b, x, y, rate):
    w = w.copy()
    for i in range(len(w)):
        w[i] += rate * (y - (np.dot(w, x) + b)) * x[i]
    return w, b + rate * (y - (np.dot(w, x) + b))


@delta_step.misconception(why="b is changed first, and the miss for w is found with the new b.",
                          hint="the bias is right, but the miss for the weights was found with the new bias. Find it once, with the old one.")
def bias_before_the_weights(w, b, x, y, rate):
    b = b + rate * (y - (np.dot(w, x) + b))
    return w + rate * (y - (np.dot(w, x) + b)) * x, b


@delta_step.misconception(why="z - y is subtracted from nothing: the sign of the slope.",
                          hint="the step goes uphill: the error grows. Move by + rate (y - z) x.")
def uphill(w, b, x, y, rate):
    miss = np.dot(w, x) + b - y
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="The derivative of (y - z)^2 brings a factor 2.",
                          hint="this step is twice as long: it follows (y - z)^2. The rule here follows half of that, "
                               "which has no 2 in its slope.")
def twice_as_long(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + 2 * rate * miss * x, b + 2 * rate * miss


@delta_step.misconception(why="The rate is forgotten at the bias.",
                          hint="the weights are right, but the bias takes the whole step. Multiply its step by the rate as well.")
def bias_at_full_speed(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + rate * miss * x, b + miss


@delta_step.misconception(why="The bias is left out of the learning.",
                          hint="the bias stays as it was. It learns like a weight whose input is always 1.")
def bias_left_out(w, b, x, y, rate):
    return w + rate * (y - (np.dot(w, x) + b)) * x, b


@delta_step.misconception(why="The bias is left out of the sum.", hint="the sum z lacks the bias: z = w x + b.")
def sum_without_bias(w, b, x, y, rate):
    miss = y - np.dot(w, x)
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="w += ... changes the caller's array.",
                          hint="the numbers are right, but the array w that came in was changed. Write w + ..., which "
                               "makes a new one.")
def changes_w(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    w += rate * miss * x
    return w, b + rate * miss


@delta_step.misconception(why="The rate is forgotten altogether.",
                          hint="this takes the whole step, as with a rate of 1. Multiply the changes by `rate`.")
def at_full_speed(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + miss * x, b + miss


@delta_step.misconception(why="y - z with z written out, and the parentheses forgotten.",
                          hint="the bias has the wrong sign in the miss: y - (w x + b) needs the parentheses.")
def without_parentheses(w, b, x, y, rate):
    miss = y - np.dot(w, x) + b
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="w is changed first, and the miss for b is found with the new w.",
                          hint="the weights are right, but the miss for the bias was found with the new weights. Find it once, with the old ones.")
def miss_found_twice(w, b, x, y, rate):
    w = w + rate * (y - (np.dot(w, x) + b)) * x
    return w, b + rate * (y - (np.dot(w, x) + b))


@delta_step.misconception(why="Rosenblatt's rule is left in: no step where the answer is right.",
                          hint="nothing happens here where sum and target have the same sign. The delta rule learns from every miss, also "
                               "where the answer is right already.")
def only_from_mistakes(w, b, x, y, rate):
    z = np.dot(w, x) + b
    if y * z > 0:
        return w, b
    return w + rate * (y - z) * x, b + rate * (y - z)


@delta_step.misconception(why="The input is forgotten: each weight moves by the miss.",
                          hint="all weights move by the same amount here. Multiply by x: each weight moves by its own input.")
def same_for_every_weight(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + rate * miss, b + rate * miss


@delta_step.misconception(why="The error is taken where its slope is meant.",
                          hint="this moves by the error (y - z)^2 / 2 itself, which is never below 0. The rule has its slope, the miss y - z.")
def by_the_error_itself(w, b, x, y, rate):
    miss = (y - (np.dot(w, x) + b)) ** 2 / 2
    return w + rate * miss * x, b + rate * miss


@delta_step.misconception(why="A rate is known by heart, and the argument is not looked at.",
                          hint="you use a rate of your own, 0.1. Take the one that is passed: `rate`.")
def a_rate_of_its_own(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + 0.1 * miss * x, b + 0.1 * miss


@delta_step.misconception(why="The change is returned in place of what is changed.",
                          hint="these are the changes. Return what comes out: the old w and b plus their changes.")
def only_the_changes(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return rate * miss * x, rate * miss


# sigmoid_step: Le's equations 3 to 10


def bounded(z):
    return 0.5 * (1 + math.tanh(0.5 * z))


def down_the_squared_error(w, b, x, y, rate):
    h = bounded(exact(x, w, b))
    slope = 2 * (h - float(y)) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


def some_sigmoid_steps(rng):
    yield from some_steps(rng, (0, 1, 0, 1))
    for y in (0, 1):        # sure, and wrong: a sum of about 6 from 0
        x = rng.uniform(1, 2, 2)
        yield call((1 - 2 * y) * rng.uniform(2.5, 3.5, 2) / x, 0.0, x, y, 0.8)


sigmoid_step = Exercise(
    "sigmoid_step", points=3, right=down_the_squared_error, hidden=some_sigmoid_steps,
    public=[call(np.array([0.5, -1.0]), 0.25, np.array([1.0, 2.0]), 1, 0.5), call(np.array([1.0, 0.5]), -0.5, np.array([2.0, 1.0]), 0, 1.0),
            call(np.array([0.25, 0.0, -0.5]), 0.75, np.array([1.0, 3.0, -1.0]), 0, 0.1), call(np.array([-3.0]), 1.0, np.array([2.5]), 1, 1.0)],
    hints=("In order: z = w x + b, then h = 1 / (1 + exp(-z)), then the slope, then the step against it.",
           "The slope is a product of three: 2 (h - y) from the square, h (1 - h) from the sigmoid, and the input from the sum. For the "
           "bias the last one is 1.",
           "Find the slope once, with the old w and b, and use that one number for both: w - rate * slope * x and b - rate * slope."))


@sigmoid_step.solution
def chain_rule(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.solution
def weight_by_weight(w, b, x, y, rate):
    z = b
    for i in range(len(w)):
        z += w[i] * x[i]
    g = 1 / (1 + math.exp(-z))
    new = np.zeros(len(w))
    for i in range(len(w)):
        new[i] = w[i] - rate * 2 * (g - y) * (1 - g) * g * x[i]
    return new, b - rate * 2 * (g - y) * (1 - g) * g


@sigmoid_step.solution
def by_way_of_tanh(w, b, x, y, rate):
    t = np.tanh((w @ x + b) / 2)
    slope = (1 + t - 2 * y) * (1 - t**2) / 4
    return [p - rate * slope * q for p, q in zip(w, x, strict=True)], b - rate * slope


@sigmoid_step.solution
def columns_and_a_clip(w, b, x, y, rate):
    old, column = w.reshape(-1, 1), x.reshape(-1, 1)
    h = 1 / (1 + np.exp(-np.clip(old.T @ column + b, -500, 500)))
    slope = 2 * (h - y) * h * (1 - h)
    return (old - rate * slope * column)[:, 0], (b - rate * slope).item()


sigmoid_step.solution("""
from functools import partial


def grown(z):
    return np.exp(z) / (1 + np.exp(z))


def against_the_slope(slope, rate, pair):
    return pair[0] - rate * slope * pair[1]


def sigmoid_step(w, b, x, y, rate=0.1):
    z = (w.reshape(1, -1) @ x.reshape(-1, 1)).item() + b
    slope = 2 * (grown(z) - y) * grown(z) * grown(-z)
    return [*map(partial(against_the_slope, slope, rate), ((w, x), (b, 1)))]
""")


@sigmoid_step.misconception(why="The factor 2 is often absorbed into the rate or into a half.",
                            hint="this is half of the step. The error here is (h - y)^2 without a half in front, so "
                                 "its slope has the factor 2.")
def half_a_step(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="The sigmoid's own slope is forgotten in the chain.",
                            hint="the chain has a link missing: the sigmoid's own slope, h (1 - h).")
def no_sigmoid_slope(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="Both the factor 2 and h (1 - h) are left out: this is the rule for another error.",
                            hint="h - y alone is the slope of another error (cross-entropy, lab 04). For (h - y)^2 the"
                                 " factors 2 and h (1 - h) belong to it.")
def cross_entropy(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    return w - rate * (h - y) * x, b - rate * (h - y)


@sigmoid_step.misconception(why="g'(z) = g (1 - g) is written with z.",
                            hint="the sigmoid's slope is h (1 - h), from its value h; this has z (1 - z).")
def slope_from_z(w, b, x, y, rate):
    z = np.dot(w, x) + b
    h = 1 / (1 + np.exp(-z))
    slope = 2 * (h - y) * z * (1 - z)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="The slope g'(z) = g(z) (1 - g(z)) is written as a function, and called with h.",
                            hint="the sigmoid is applied twice: h is its answer already, so its slope is h (1 - h).")
def sigmoid_of_the_answer(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    g = 1 / (1 + np.exp(-h))
    slope = 2 * (h - y) * g * (1 - g)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="1 - h is written without parentheses.",
                            hint="parentheses are missing: 2 * (h - y) * h * 1 - h subtracts h in the end. Write (1 - h).")
def minus_h_in_the_end(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * 1 - h
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="h is kept away from 0 and 1, as one does before a logarithm.",
                            hint="h is kept away from 0 and 1 here. A unit that is sure has a slope near 0, and that is its step: leave h as it is.")
def never_sure(w, b, x, y, rate):
    h = np.clip(1 / (1 + np.exp(-(np.dot(w, x) + b))), 0.01, 0.99)
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="Plus instead of minus in front of the rate.",
                            hint="this climbs: the error grows with each step. Go against the slope: w - rate ...")
def climbs(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return w + rate * slope * x, b + rate * slope


@sigmoid_step.misconception(why="w is updated first and the slope for b computed with the new w.",
                            hint="the weights are right, but the slope for the bias was computed with the new weights."
                                 " Find the slope once, with the old ones.")
def one_after_the_other(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    w = w - rate * 2 * (h - y) * h * (1 - h) * x
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    return w, b - rate * 2 * (h - y) * h * (1 - h)


@sigmoid_step.misconception(why="exp(z) in place of exp(-z).",
                            hint="the sigmoid is the wrong way round: 1 / (1 + exp(-z)), with a minus.")
def mirrored(w, b, x, y, rate):
    h = 1 / (1 + np.exp(np.dot(w, x) + b))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="The bias is left out of the learning.",
                            hint="the bias stays as it was. Its slope is the same without the input: 2 (h - y) h (1 - "
                                 "h).")
def bias_rests(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    return w - rate * 2 * (h - y) * h * (1 - h) * x, b


@sigmoid_step.misconception(why="The rate is forgotten.", hint="this takes the whole step, as with a rate of 1. Multiply the slopes by `rate`.")
def without_a_rate(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return w - slope * x, b - slope


@sigmoid_step.misconception(why="The minus is written in front of the product and does not reach the bias.",
                            hint="the minus reaches only w x here, not b: write np.exp(-(w x + b)), with parentheses around the whole sum.")
def half_a_minus(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-np.dot(w, x) + b))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="The bias is left out of the sum.", hint="the sum z lacks the bias: z = w x + b.")
def z_without_bias(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-np.dot(w, x)))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="w -= ... changes the caller's array.",
                            hint="the numbers are right, but the array w that came in was changed. Write w = w - ..., which makes a new one.")
def moves_the_given_w(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    w -= rate * slope * x
    return w, b - rate * slope


@sigmoid_step.misconception(why="The slopes are returned in place of what is changed.",
                            hint="these are the slopes. Return what comes out of the step: the old w and b less rate times their slopes.")
def only_the_slopes(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return slope * x, slope


@sigmoid_step.misconception(why="The input is forgotten: each weight moves by the bias's slope.",
                            hint="all weights move by the same amount here. Multiply by x: each weight's slope has its own input as a factor.")
def without_the_input_in_the_chain(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope, b - rate * slope


@sigmoid_step.misconception(why="1 / 1 + exp(-z) is read as 1 / (1 + exp(-z)).",
                            hint="1 / 1 + exp(-z) divides first: the sigmoid is 1 / (1 + exp(-z)), with parentheses.")
def one_over_one(w, b, x, y, rate):
    h = 1 / 1 + np.exp(-(np.dot(w, x) + b))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="The answer is made a yes or no before it is compared.",
                            hint="h is rounded to 0 or 1 here before it is compared with y. How far h itself is from y is what the unit learns from.")
def compared_after_a_threshold(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (int(h > 0.5) - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope


@sigmoid_step.misconception(why="b is updated first and the slope for w computed with the new b.",
                            hint="the bias is right, but the slope for the weights was computed with the new bias. Find the slope once, with the "
                                 "old w and b.")
def bias_before_the_weights_too(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    b = b - rate * 2 * (h - y) * h * (1 - h)
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    return w - rate * 2 * (h - y) * h * (1 - h) * x, b


# most_confident: ten units, one answer


def unit_with_the_largest_sum(X, W, b):
    return np.array([int(np.argmax([exact(x, w, c) for w, c in zip(W, b, strict=True)])) for x in X])


def clear_winners(rng, n, inputs, units):
    """Examples for which the largest sum is clear of the second."""
    X, W, b = rng.normal(size=(n, inputs)), rng.normal(size=(units, inputs)), rng.normal(size=units)
    sums = np.sort(X @ W.T + b, axis=1)
    keep = sums[:, -1] - sums[:, -2] > EDGE
    return call(X[keep], W, b) if keep.any() else clear_winners(rng, n, inputs, units)


def some_contests(rng):
    for n, inputs, units in ((1, 1, 2), (1, 4, 3), (2, 2, 2), (3, 3, 3), (5, 2, 3), (4, 4, 4), (9, 3, 10), (30, 5, 4), (12, 64, 10)):
        for _ in range(2):
            yield clear_winners(rng, n, inputs, units)
    contest = clear_winners(rng, 10, 3, 4)
    for shift in (-50, -800):       # no unit fires: the least reluctant one wins
        yield call(contest.args[0], contest.args[1], contest.args[2] + shift)
        yield call(contest.args[0], contest.args[1], contest.args[2] - shift)       # every unit fires


most_confident = Exercise(
    "most_confident", points=2, right=unit_with_the_largest_sum, hidden=some_contests,
    public=[call(np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, -3.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]), np.array([0.5, 0.0, -0.5])),
            call(np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([[0.5, -1.0], [1.0, -2.0]]), np.array([-1.0, 1.5])),
            call(np.array([[1.0, 1.0]]), np.array([[-4.0, -1.0], [-1.0, -0.5], [0.5, -3.0]]), np.array([0.0, 0.0, 0.0])),
            call(np.array([[4.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.5], [0.5, 0.5]]), np.array([-0.6, 0.2, 1.0])),
            call(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 4.0]]), np.array([50.0, 50.0, 50.0])),
            call(np.array([[2.0, 1.0]]), np.array([[1.0, 0.5], [0.5, 3.0]]), np.array([800.0, 800.0])),
            call(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]]), np.array([[1.0, 2.0, 0.0], [2.0, 0.0, -1.0], [0.0, 0.5, 1.5], [-1.0, 1.0, 0.5]]),
                 np.array([0.5, 0.0, -0.5, 1.0]))],
    hints=("First one example: each unit has its sum, its weights times the inputs plus its bias. Which unit's sum is the largest?",
           "All sums at once: the product of X and the transpose of W has one row an example and one column a unit. Each column still "
           "lacks its unit's bias; b has one number for each.",
           "np.argmax tells where the largest number stands, not what it is. axis=1 looks along each row."))


@most_confident.solution
def all_at_once(X, W, b):
    return np.argmax(X @ W.T + b, axis=1)


@most_confident.solution
def one_by_one(X, W, b):
    answers = []
    for x in X:
        best = 0
        sums = []
        for k in range(len(W)):
            sums.append(np.dot(W[k], x) + b[k])
            if sums[k] > sums[best]:
                best = k
        answers.append(best)
    return answers


@most_confident.solution
def transposed(X, W, b):
    return (W @ X.T + b[:, None]).argmax(axis=0)


@most_confident.solution
def one_unit_after_another(X, W, b):
    best, who = np.full(len(X), -np.inf), np.zeros(len(X))
    for k, (w, c) in enumerate(zip(W, b, strict=True)):
        better = np.einsum("ni,i->n", X, w) + c > best
        who[better] = k
        best[better] = (X[better] * w).sum(axis=1) + c
    return who


@most_confident.misconception(why="Each unit's answer is used, not its sum: the first that fires wins.",
                              hint="this takes the first unit that fires. Several may fire, or none: compare the sums "
                                   "themselves.")
def first_that_fires(X, W, b):
    return np.argmax(X @ W.T + b > 0, axis=1)


@most_confident.misconception(why="The biases are left out of the sums.",
                              hint="the sums lack the biases: add b, one number a unit.")
def without_biases(X, W, b):
    return np.argmax(X @ W.T, axis=1)


@most_confident.misconception(why="max for argmax.",
                              hint="these are the largest sums themselves. Wanted is the number of the unit that has "
                                   "it: np.argmax.")
def the_sum_itself(X, W, b):
    return np.max(X @ W.T + b, axis=1)


@most_confident.misconception(why="The other axis.",
                              hint="this looks for the best example of each unit. Wanted is the best unit for each "
                                   "example: along each row, axis=1.")
def best_example(X, W, b):
    return np.argmax(X @ W.T + b, axis=0)


@most_confident.misconception(why="A large negative sum is read as confidence.",
                              hint="this takes the sum farthest from 0. A sum far below 0 is a confident no, not a "
                                   "confident yes.")
def farthest_from_zero(X, W, b):
    return np.argmax(np.abs(X @ W.T + b), axis=1)


@most_confident.misconception(why="The axis is left out, so that argmax runs over the flattened array.",
                              hint="this is one number for all examples together: without an axis argmax looks through"
                                   " the whole table at once.")
def no_axis(X, W, b):
    return np.argmax(X @ W.T + b)


@most_confident.misconception(why="The sigmoid keeps the order of the sums, so it seems harmless.",
                              hint="this compares the units behind a sigmoid. For large sums it is exactly 1 for several units, and the first of "
                                   "them wins: compare the sums themselves.")
def behind_a_sigmoid(X, W, b):
    return np.argmax(1 / (1 + np.exp(-(X @ W.T + b))), axis=1)


@most_confident.misconception(why="Softmax keeps the order of the sums, so it seems harmless.",
                              hint="np.exp of a sum above 709 is infinite, and nothing can be said of infinities: compare the sums themselves, which "
                                   "stand in the same order.")
def behind_a_softmax(X, W, b):
    powers = np.exp(X @ W.T + b)
    return np.argmax(powers / powers.sum(axis=1, keepdims=True), axis=1)


@most_confident.misconception(why="The best sum so far is set once, before the loop over the examples.",
                              hint="an example is compared with the best sum of the examples before it. Start anew for each example: set the best "
                                   "inside the outer loop.")
def best_of_all_so_far(X, W, b):
    answers, best, largest = [], 0, -np.inf
    for x in X:
        for k in range(len(W)):
            if W[k] @ x + b[k] > largest:
                best, largest = k, W[k] @ x + b[k]
        answers.append(best)
    return answers


@most_confident.misconception(why="The largest sum is looked for from 0 upwards.",
                              hint="where all sums are below 0 none of them wins here. The largest decides all the same: begin below every "
                                   "number, with -np.inf, or with the first unit's sum.")
def from_zero_upwards(X, W, b):
    answers = []
    for x in X:
        best, largest = 0, 0
        for k in range(len(W)):
            if W[k] @ x + b[k] > largest:
                best, largest = k, W[k] @ x + b[k]
        answers.append(best)
    return answers


@most_confident.misconception(why="b is made a column, as if there were one bias for each example.",
                              hint="b is added along the examples here, but it has one number a unit. With X @ W.T add b as it stands, with "
                                   "W @ X.T write b[:, None].")
def a_bias_for_each_example(X, W, b):
    return np.argmax(X @ W.T + b[:, None], axis=1)


@most_confident.misconception(why="argmax with keepdims, or a column made in the end.",
                              hint="the units are right, but they stand in a column, (n, 1). One number an example is wanted: (n,).")
def in_a_column(X, W, b):
    return np.argmax(X @ W.T + b, axis=1)[:, None]


@most_confident.misconception(why="W is multiplied as it stands.",
                              hint="W has one unit a row, X one example a row: the shapes fit only with W transposed, X @ W.T.")
def not_transposed(X, W, b):
    return np.argmax(X @ W + b, axis=1)


@most_confident.misconception(why="Units are counted from 1.", hint="the units are counted from 1 here. Unit numbers begin at 0.")
def counted_from_one(X, W, b):
    return np.argmax(X @ W.T + b, axis=1) + 1


guess_gravity = Exercise("guess_gravity", points=1, kind="prediction")
guess_rate = Exercise("guess_rate", points=1, kind="prediction", choices=("a", "b", "c"))
