"""Lab 02: what one line cannot do, what its rule does instead, and what two lines together can."""

import math

import numpy as np

from grading.exercise import Exercise, call

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])


def exact(x, w, b):
    """The weighted sum plus bias of lists of numbers, rounded once."""
    return math.fsum([*(a * c for a, c in zip(x, w, strict=True)), float(b)])


def clear(sums):
    """No sum so close to 0 that rounding could decide."""
    return np.abs(sums).min() > 1e-3


# The share of points that one unit answers rightly


def share_of_right_answers(w, b, X, y):
    right = 0
    for row, label in zip(X.tolist(), y.tolist(), strict=True):
        right += int(exact(row, w.tolist(), b) > 0) == int(label)
    return right / len(y)


def lines_and_points(rng):
    for n, inputs in ((1, 1), (1, 3), (2, 2), (3, 2), (4, 2), (5, 1), (7, 3), (12, 2), (20, 5)):
        for _ in range(2):
            w, X = rng.normal(size=inputs), rng.normal(size=(n, inputs))
            b = float(rng.normal() * 2)
            if clear(X @ w + b):
                yield call(w, b, X, rng.integers(0, 2, n))
    for _ in range(8):      # small whole numbers: a sum of exactly 0 is exact in every arithmetic
        yield call(rng.integers(-2, 3, 2).astype(float), float(rng.integers(-2, 3)), CORNERS, rng.integers(0, 2, 4))
    yield call(np.array([1.0, 1.0]), -1.0, CORNERS, XOR)
    yield call(np.array([1.0, 1.0]), -0.999, CORNERS, XOR)      # sums just above 0


accuracy = Exercise(
    "accuracy", points=2, right=share_of_right_answers,
    public=[
        call(np.array([1.0, 1.0]), -0.5, CORNERS, XOR),
        call(np.array([1.0, -2.0]), 0.5, CORNERS, XOR),
        call(np.array([1.0, 1.0]), -1.0, CORNERS, XOR),
        call(np.array([1.0, -1.0, 3.0]), 1.0, np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]),
             np.array([1, 1, 0])),
        call(np.array([1.0, 1.0]), -1.0, CORNERS, np.array([0, 0, 0, 1])),
        call(np.array([1.0]), -0.999, np.array([[1.0], [2.0]]), np.array([1, 0])),
    ],
    hidden=lines_and_points,
    hints=("First find the sums: one number a point. X @ w does all points at once.",
           "A sum above 0 means the answer 1, any other sum the answer 0. Compare the answers with y, point by point.",
           "The share of True in an array of comparisons is its mean."),
)


@accuracy.solution
def at_once(w, b, X, y):
    return np.mean((X @ w + b > 0) == (y == 1))


@accuracy.solution
def point_by_point(w, b, X, y):
    right = 0
    for x, label in zip(X, y, strict=True):
        total = b
        for i in range(len(w)):
            total = total + w[i] * x[i]
        answer = 1 if total > 0 else 0
        if answer == label:
            right = right + 1
    return right / len(y)


@accuracy.solution
def one_minus_the_mistakes(w, b, X, y):
    answers = np.heaviside(np.einsum("ni,i->n", X, w) + b, 0)
    return 1 - np.abs(answers - y).sum() / y.size


accuracy.solution("""
from statistics import mean


class Unit:
    def __init__(self, w, b):
        self.fires = lambda x: float(np.inner(x, w)) + b > 0


def accuracy(w, b, X, y):
    unit = Unit(w, b)
    return mean(1.0 if unit.fires(x) == bool(label) else 0.0 for x, label in zip(X, y))
""")


@accuracy.misconception(why="'How many are right' and 'which share is right' are easily exchanged.",
                        hint="This is how many points are right. Divide by the number of points, so that 3 of 4 gives 0.75.")
def a_count(w, b, X, y):
    return int(np.sum((X @ w + b > 0) == (y == 1)))


@accuracy.misconception(why="The line is thought of as a direction only; the bias is an afterthought.",
                        hint="This is what you get without b: every line then passes through the origin. Add b to each sum.")
def through_the_origin(w, b, X, y):
    return np.mean((X @ w > 0) == (y == 1))


@accuracy.misconception(why="Many texts let a unit fire at 0; here 0 is not above 0.",
                        hint="A point exactly on the line has the sum 0. In this lab a unit fires only when its sum is above "
                             "0.")
def fires_on_the_line(w, b, X, y):
    return np.mean((X @ w + b >= 0) == (y == 1))


@accuracy.misconception(why="Mistakes were what lab 01 counted.",
                        hint="This is the share of mistakes. Count the points where answer and y agree; or is your comparison turned round?")
def share_of_mistakes(w, b, X, y):
    return np.mean((X @ w + b > 0) != (y == 1))


@accuracy.misconception(why="< for >.", hint="Your comparison is turned round: a unit answers 1 where its sum is above 0.")
def fires_below_zero(w, b, X, y):
    return np.mean((X @ w + b < 0) == (y == 1))


@accuracy.misconception(why="np.sign looks like a threshold, but its classes are -1 and +1.",
                        hint="np.sign answers -1, 0 or +1, and y holds 0 and 1, so no point of class 0 can ever be right. Ask "
                             "whether the sum is above 0.")
def sign_against_zero_one(w, b, X, y):
    return np.mean(np.sign(X @ w + b) == y)


@accuracy.misconception(why="The threshold is forgotten: the sum is taken for the answer.",
                        hint="This compares the sums themselves with y. Turn each sum into an answer, 1 or 0, before you "
                             "compare.")
def sums_against_labels(w, b, X, y):
    return np.mean(X @ w + b == y)


@accuracy.misconception(why="// is taken for the division.",
                        hint="This is 1 where every point is right and 0 otherwise: the fraction is lost. // throws it away (3 // 4 is 0); "
                             "divide with a single /.")
def whole_number_division(w, b, X, y):
    return int(np.sum((X @ w + b > 0) == (y == 1))) // len(y)


@accuracy.misconception(why="The sums are made a column, and y is a row.",
                        hint="A column of answers, (n, 1), compared with y, (n,), is a table: each answer is compared with every y. Leave w as it "
                             "is, so that X @ w has the shape of y.")
def a_column_against_a_row(w, b, X, y):
    return np.mean((X @ w.reshape(-1, 1) + b > 0) == (y == 1))


@accuracy.misconception(why="A small number is taken for 0, as where a sum is rounded.",
                        hint="A sum that is only a little above 0 is taken for 0 here. However small it is, it is above 0: compare with 0 itself.")
def a_little_is_nothing(w, b, X, y):
    return np.mean((np.round(X @ w + b, 2) > 0) == (y == 1))


@accuracy.misconception(why="Only the points that should be 1 are thought of, or the other answer is written as -1.",
                        hint="Points of class 0 never count as right here. The unit's other answer is 0 (not -1), and it is right where y is 0.")
def only_the_ones_count(w, b, X, y):
    return np.mean((X @ w + b > 0) & (y == 1))


@accuracy.misconception(why="return stands inside the loop over the points.",
                        hint="Only the first point is counted: the function returned in the first turn of the loop. Put return behind the loop.")
def returns_after_the_first_point(w, b, X, y):
    right = 0
    for x, label in zip(X, y, strict=True):
        right += int(int(x @ w + b > 0) == label)
        return right / len(y)


@accuracy.misconception(why="The bias stands inside the sum over the inputs.",
                        hint="The bias is added once for each input here. It belongs to the unit: add it to the whole sum, once.")
def bias_for_each_input(w, b, X, y):
    return np.mean(((X * w + b).sum(axis=1) > 0) == (y == 1))


@accuracy.misconception(why="Where the unit fires is taken for where it is right.",
                        hint="This is the share of points for which the unit answers 1. Compare its answers with y first.")
def share_that_fires(w, b, X, y):
    return np.mean(X @ w + b > 0)


# All the ways in which lines sort points


def different_answers(W, b, X):
    seen = set()
    for w, offset in zip(W.tolist(), b.tolist(), strict=True):
        seen.add(tuple(int(exact(row, w, offset) > 0) for row in X.tolist()))
    return np.array(sorted(seen))


def many_lines(rng):
    for lines, points, inputs in ((1, 1, 1), (1, 4, 2), (2, 3, 2), (3, 2, 1), (5, 5, 2), (6, 3, 3), (9, 4, 2), (12, 6, 2),
                                  (25, 4, 2), (40, 8, 3)):
        for _ in range(2):
            W, b, X = rng.normal(size=(lines, inputs)), rng.normal(size=lines), rng.normal(size=(points, inputs))
            if clear(X @ W.T + b):
                yield call(W, b, X)
    for lines in (4, 8, 30):
        yield call(rng.integers(-2, 3, (lines, 2)).astype(float), rng.integers(-2, 3, lines).astype(float), CORNERS)
    yield call(np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([-1.0, 0.0]), CORNERS)
    yield call(np.array([[1.0, 1.0], [2.0, 1.0]]), np.array([-0.999, -1.0]), CORNERS)       # sums just above 0


sortings = Exercise(
    "sortings", points=2, right=different_answers,
    public=[
        call(np.array([[1.0, 1.0], [2.0, 2.0], [-1.0, 0.0]]), np.array([-0.5, -1.5, 0.5]), CORNERS),
        call(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [3.0, -1.0]]), np.array([-0.5, -0.5, -1.5, 0.5, -1.0]), CORNERS),
        call(np.array([[1.0, 1.0], [-1.0, 2.0]]), np.array([-1.0, 0.5]), np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 1.0]])),
        call(np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]]), np.array([0.5, -0.5]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 2.0]])),
        call(np.array([[1.0], [-1.0], [2.0]]), np.array([-1.5, 0.5, 1.0]), np.array([[0.0], [1.0], [2.0]])),
        call(np.array([[1.0, 1.0]]), np.array([-0.999]), CORNERS),
    ],
    hidden=many_lines,
    hints=("Find the answers of every line first: an array with one row a line and one column a point.",
           "Each row is one way to sort the points. Two rows that agree everywhere count once.",
           "np.unique(rows, axis=0) keeps each different row once and sorts the rows; a set of tuples, sorted, does the same."),
)


@sortings.solution
def unique_rows(W, b, X):
    answers = (W @ X.T + b[:, None] > 0).astype(int)
    return np.unique(answers, axis=0)


@sortings.solution
def a_set_of_tuples(W, b, X):
    found = set()
    for w, c in zip(W, b, strict=True):
        found.add(tuple(int(w @ x + c > 0) for x in X))
    return np.array(sorted(found))


@sortings.solution
def rows_that_are_new(W, b, X):
    rows = []
    for k in range(len(W)):
        row = [1 if sum(x * W[k]) > -b[k] else 0 for x in X]
        if row not in rows:
            rows.append(row)
    rows.sort()
    return rows


sortings.solution("""
from itertools import groupby


def sortings(W, b, X):
    answers = (tuple(int(np.vdot(w, x) > -c) for x in X) for w, c in zip(W, b))
    return [row for row, _ in groupby(sorted(answers))]
""")


@sortings.misconception(why="Every line gives a row, and the job seems done.",
                        hint="These are the answers of every line, and some rows are the same. Keep each different row once.")
def every_line(W, b, X):
    return (W @ X.T + b[:, None] > 0).astype(int)


@sortings.misconception(why="np.unique without axis looks at single numbers.",
                        hint="np.unique without axis=0 collects the different numbers, which are just 0 and 1. You want the "
                             "different rows.")
def different_numbers(W, b, X):
    return np.unique((W @ X.T + b[:, None] > 0).astype(int))


@sortings.misconception(why="X @ W.T has the points in rows.",
                        hint="Here each row belongs to a point and each column to a line; it should be the other way round. "
                             "Transpose before you look for different rows.")
def rows_of_points(W, b, X):
    return np.unique((X @ W.T + b > 0).astype(int), axis=0)


@sortings.misconception(why="The bias is forgotten.",
                        hint="This is what you get without b: all lines then pass through the origin.")
def without_bias(W, b, X):
    return np.unique((W @ X.T > 0).astype(int), axis=0)


@sortings.misconception(why="The question is heard as 'how many'.",
                        hint="This is how many there are. Return the rows themselves: len() of them is then the number.")
def only_the_number(W, b, X):
    return len(np.unique((W @ X.T + b[:, None] > 0).astype(int), axis=0))


@sortings.misconception(why="A list that is looked through before appending keeps the order of the lines.",
                        hint="The rows are right, but in the order in which the lines came. Return them in increasing order, "
                             "as sorted() or np.unique does.")
def in_order_of_the_lines(W, b, X):
    rows = []
    for row in (W @ X.T + b[:, None] > 0).astype(int).tolist():
        if row not in rows:
            rows.append(row)
    return np.array(rows)


@sortings.misconception(why="b is added as it stands, along the points.",
                        hint="b has one number a line, and W @ X.T has one row a line. Added as it stands, b goes along the points: "
                             "write b[:, None].")
def a_bias_for_each_point(W, b, X):
    return np.unique((W @ X.T + b > 0).astype(int), axis=0)


@sortings.misconception(why="Many texts let a unit fire at 0.",
                        hint="A point exactly on a line has the sum 0, and there the answer is 0: > and not >=.")
def one_on_the_line(W, b, X):
    return np.unique((W @ X.T + b[:, None] >= 0).astype(int), axis=0)


@sortings.misconception(why="np.sign looks like a threshold.",
                        hint="np.sign answers -1, 0 or +1. A line answers 1 where its sum is above 0, and 0 otherwise.")
def signs(W, b, X):
    return np.unique(np.sign(W @ X.T + b[:, None]), axis=0)


@sortings.misconception(why="The classes -1 and +1 are known from other books.",
                        hint="These rows hold -1 where a line does not answer 1. That answer is 0.")
def minus_one_and_one(W, b, X):
    return np.unique(np.where(W @ X.T + b[:, None] > 0, 1, -1), axis=0)


@sortings.misconception(why="np.squeeze takes the brackets off that a column needed.",
                        hint="Where there is a single way this is one row without a table around it. One way is a table with one row, (1, n_points): "
                             "leave out squeeze.")
def single_way_squeezed(W, b, X):
    return np.squeeze(np.unique((W @ X.T + b[:, None] > 0).astype(int), axis=0))


@sortings.misconception(why="np.sort is thought to order the rows.",
                        hint="np.sort with axis=0 sorts each column by itself, and the rows fall apart. np.unique(rows, axis=0) and sorted() keep "
                             "them together.")
def each_column_sorted(W, b, X):
    return np.sort(np.unique((W @ X.T + b[:, None] > 0).astype(int), axis=0), axis=0)


@sortings.misconception(why="Only neighbours are compared, in the order of the lines.",
                        hint="A row is left out only where it follows its like directly. Compare it with all rows found so far, or sort first.")
def like_the_row_before(W, b, X):
    rows = []
    for row in (W @ X.T + b[:, None] > 0).astype(int).tolist():
        if not rows or row != rows[-1]:
            rows.append(row)
    return np.array(sorted(rows))


# The perceptron goes round in a circle


def gap_of_the_first_repeat(history):
    last_seen = {}
    for i, row in enumerate(map(tuple, history.tolist())):
        if row in last_seen:
            return i - last_seen[row]
        last_seen[row] = i
    return 0


def walk(rng, lead_in, cycle, rows, weights):
    """`rows` rows of a walk that goes through `lead_in` states once and then round `cycle` states: what a fixed rule does."""
    states = np.empty((0, weights))
    while len(states) < lead_in + cycle:
        states = np.unique(np.vstack([states, rng.integers(-3, 4, (4 * (lead_in + cycle), weights)) / 2]), axis=0)
    states = rng.permutation(states)[: lead_in + cycle]
    return np.array([states[i if i < lead_in else lead_in + (i - lead_in) % cycle] for i in range(rows)])


def walks(rng):
    for lead_in, cycle in ((0, 1), (0, 2), (0, 7), (1, 1), (3, 1), (2, 5), (6, 2), (9, 3), (4, 11), (24, 2), (12, 12)):
        for extra in (1, 2, cycle + 3):
            yield call(walk(rng, lead_in, cycle, lead_in + cycle + extra, int(rng.integers(2, 5))))
    for rows in (1, 2, 6, 15):
        yield call(walk(rng, rows, 1, rows, 3))     # too short to come round
    for rows in (5, 11):
        yield call(walk(rng, 4, 6, rows, 3) / 50)   # rows that are close are not yet the same


START = [0.0, 0.0, 0.0]
cycle_length = Exercise(
    "cycle_length", points=3, right=gap_of_the_first_repeat,
    public=[
        call(np.array([START, [1.0, 0.0, 1.0], START, [1.0, 0.0, 1.0], START])),
        call(np.array([START, [0.0, 1.0, -1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0],
                       [1.0, 0.0, 0.0]])),
        call(np.array([START, [1.0, 2.0, -1.0], [1.0, 2.0, 0.0], [2.0, 2.0, 0.0]])),
        call(np.array([START, [1.0, 1.0, 0.0], [2.0, 1.0, -1.0], [2.0, 1.0, -1.0], [2.0, 1.0, -1.0]])),
        call(np.array([START, [0.5, 0.0, 0.0], [1.0, -1.0, 0.5], START])),
        call(np.array([[0.0, 0.0], [1.0, 0.5], [0.5, 1.0], [1.0, 0.5]])),
        call(np.array([START, START])),
    ],
    hidden=walks,
    hints=("The rule is fixed: from the same weights it always goes on in the same way. So the first row that comes back "
           "closes the circle.",
           "Go through the rows and remember where you saw each one. A row is the same only when all of its numbers are.",
           "A row of an array is no key of a dictionary, but tuple(row) is. The answer is this position minus the earlier "
           "one."),
)


@cycle_length.solution
def remember_the_rows(history):
    seen = {}
    for i, row in enumerate(history):
        key = tuple(row)
        if key in seen:
            return i - seen[key]
        seen[key] = i
    return 0


@cycle_length.solution
def compare_all_pairs(history):
    for later in range(1, len(history)):
        for earlier in range(later):
            if np.all(history[later] == history[earlier]):
                return later - earlier
    return 0


@cycle_length.solution
def back_from_the_end(history):
    same = np.flatnonzero((history[:-1] == history[-1]).all(axis=1))
    return len(history) - 1 - same[-1] if len(same) else 0


cycle_length.solution("""
def cycle_length(history, at=1):
    if at >= len(history):
        return 0
    if (back := [k for k in range(1, at + 1) if np.array_equal(history[at], history[at - k])]):
        return back[0]
    return cycle_length(history, at + 1)
""")


@cycle_length.misconception(why="The start is taken for a part of the circle.",
                            hint="This counts every row before the first repeat, also those that never come back. Subtract the "
                                 "position where the repeated row was first seen.")
def from_the_start(history):
    seen = []
    for i, row in enumerate(history.tolist()):
        if row in seen:
            return i
        seen.append(row)
    return 0


@cycle_length.misconception(why="One waits for the starting weights to come back.",
                            hint="This waits for the very first row to return. A walk may take some steps before it enters its "
                                 "circle, and then the start never returns.")
def back_to_the_start(history):
    for i in range(1, len(history)):
        if np.all(history[i] == history[0]):
            return i
    return 0


@cycle_length.misconception(why="The last column, the bias, is left out of the comparison.",
                            hint="This is what you get when the last number of a row, the bias, is not compared. The unit is "
                                 "the same only when all its numbers are.")
def without_the_bias(history):
    seen = {}
    for i, row in enumerate(history):
        key = tuple(row[:-1])
        if key in seen:
            return i - seen[key]
        seen[key] = i
    return 0


@cycle_length.misconception(why="== of two arrays gives many truths, and any() is tried to make one of them.",
                            hint="Two rows are taken for the same when any of their numbers agree. They are the same when all "
                                 "of them agree.")
def any_number_agrees(history):
    for later in range(1, len(history)):
        for earlier in range(later):
            if np.any(history[later] == history[earlier]):
                return later - earlier
    return 0


@cycle_length.misconception(why="The rows from one to the next are counted, both ends included.",
                            hint="This is one too many: from row 2 to row 5 it is three steps.")
def both_ends_counted(history):
    seen = {}
    for i, row in enumerate(history):
        key = tuple(row)
        if key in seen:
            return i - seen[key] + 1
        seen[key] = i
    return 0


@cycle_length.misconception(why="'It repeats' is understood as 'it stands still'.",
                            hint="This only compares neighbouring rows, so it sees a unit that stands still but no longer "
                                 "circle. Compare each row with all earlier ones.")
def standing_still(history):
    for i in range(1, len(history)):
        if np.all(history[i] == history[i - 1]):
            return 1
    return 0


@cycle_length.misconception(why="The loop falls through and the length is returned where nothing was found.",
                            hint="Where no row ever repeats, the answer is 0: no circle was seen.")
def never_means_all(history):
    seen = {}
    for i, row in enumerate(history):
        key = tuple(row)
        if key in seen:
            return i - seen[key]
        seen[key] = i
    return len(history)


@cycle_length.misconception(why="The search for the return runs from the end.",
                            hint="This goes on to the last time that the row comes back: several rounds. Count to its first return.")
def to_the_last_return(history):
    for i in range(len(history)):
        for j in reversed(range(i + 1, len(history))):
            if np.all(history[i] == history[j]):
                return j - i
    return 0


@cycle_length.misconception(why="return 0 stands in an else, so the first row decides.",
                            hint="This always answers 0. If return 0 stands inside the loop, its first turn decides: only when no row has come back "
                                 "is the answer 0, so put return 0 behind the loop.")
def gives_up_at_once(history):
    seen = {}
    for i, row in enumerate(history):
        if tuple(row) in seen:
            return i - seen[tuple(row)]
        else:
            seen[tuple(row)] = i
            return 0


@cycle_length.misconception(why="The loop ends one row too early.",
                            hint="The last row is never looked at, and it may be the one that comes back. How far does your loop run?")
def last_row_not_seen(history):
    seen = {}
    for i, row in enumerate(history[:-1]):
        if tuple(row) in seen:
            return i - seen[tuple(row)]
        seen[tuple(row)] = i
    return 0


@cycle_length.misconception(why="The loop begins at 1, or the start is thought not to count.",
                            hint="The first row, the start, is left out. It belongs to the walk, and it may come back.")
def start_not_seen(history):
    seen = {}
    for i, row in enumerate(history[1:]):
        if tuple(row) in seen:
            return i - seen[tuple(row)]
        seen[tuple(row)] = i
    return 0


@cycle_length.misconception(why="The rows between the two are counted, without either end.",
                            hint="This is one too few: from row 2 to row 5 it is three steps.")
def rows_between(history):
    seen = {}
    for i, row in enumerate(history):
        if tuple(row) in seen:
            return i - seen[tuple(row)] - 1
        seen[tuple(row)] = i
    return 0


# Susan: a table of two decisions


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def two_decisions(X, w1, b1, w2, b2):
    return np.array([[sigmoid(exact(row, w1.tolist(), b1)), sigmoid(exact(row, w2.tolist(), b2))] for row in X.tolist()])


def pairs_of_units(rng):
    for n, inputs in ((1, 1), (1, 2), (2, 2), (3, 2), (4, 1), (5, 3), (18, 2), (6, 4)):
        for _ in range(3):
            w1, b1, w2, b2 = rng.normal(size=inputs), float(rng.normal()), rng.normal(size=inputs), float(rng.normal())
            yield call(rng.normal(size=(n, inputs)), w1, b1, w2, b2)
    yield call(rng.uniform(1, 5, (4, 2)), np.array([2.0, 1.5]), -9.0, np.array([-3.0, -2.5]), 12.0)


decision_table = Exercise(
    "decision_table", points=2, right=two_decisions,
    public=[
        call(np.array([[1.0, 5.0], [4.5, 4.0], [1.0, 1.5]]), np.array([1.0, 1.0]), -7.0, np.array([-1.0, -1.0]), 4.0),
        call(np.array([[3.0, 3.0]]), np.array([0.5, 0.0]), 0.0, np.array([0.0, -1.0]), 2.0),
        call(np.array([[0.5], [-2.0], [-5.0]]), np.array([2.0]), 1.0, np.array([1.0]), -1.0),
    ],
    hidden=pairs_of_units,
    hints=("Each unit gives one number a movie: h1 = g(X @ w1 + b1), with g(z) = 1 / (1 + exp(-z)).",
           "Find h1 and h2, each of shape (n,). They are the two columns of the table.",
           "np.column_stack([h1, h2]) puts arrays side by side as columns."),
)


@decision_table.solution
def columns(X, w1, b1, w2, b2):
    h1 = 1 / (1 + np.exp(-(X @ w1 + b1)))
    h2 = 1 / (1 + np.exp(-(X @ w2 + b2)))
    return np.column_stack([h1, h2])


@decision_table.solution
def row_by_row(X, w1, b1, w2, b2):
    table = []
    for x in X:
        row = []
        for w, b in [(w1, b1), (w2, b2)]:
            z = sum(x[i] * w[i] for i in range(len(w))) + b
            row.append(1 / (1 + np.exp(-z)))
        table.append(row)
    return np.array(table)


@decision_table.solution
def both_units_at_once(X, w1, b1, w2, b2):
    return 0.5 + 0.5 * np.tanh((X @ np.array([w1, w2]).T + [b1, b2]) / 2)


@decision_table.solution
def kept_within_bounds(X, w1, b1, w2, b2):
    z = X @ np.hstack([w1.reshape(-1, 1), w2.reshape(-1, 1)]) + np.array([[b1, b2]])
    return np.clip(1 / (1 + np.exp(-np.clip(z, -500, 500))), 1e-7, 1 - 1e-7)


decision_table.solution("""
from scipy.special import expit as squash


def decision_table(X, w1, b1, w2, b2, *, units=2):
    table = np.empty((len(X), units), dtype=np.float32)
    for column, (w, b) in zip(table.T, ((w1, b1), (w2, b2))):
        column[...] = squash(np.einsum("ni,i->n", X, w) + b)
    return table
""")


@decision_table.misconception(why="The sum is taken for the decision.",
                              hint="These are the weighted sums. Send each through the sigmoid g(z) = 1 / (1 + exp(-z)), so "
                                   "that it lies between 0 and 1.")
def sums_only(X, w1, b1, w2, b2):
    return np.column_stack([X @ w1 + b1, X @ w2 + b2])


@decision_table.misconception(why="A decision is thought of as yes or no.",
                              hint="These are answers of 0 and 1. Susan's table keeps how sure each unit is: the sigmoid "
                                   "itself, without a threshold.")
def yes_or_no(X, w1, b1, w2, b2):
    return np.column_stack([X @ w1 + b1 > 0, X @ w2 + b2 > 0]).astype(float)


@decision_table.misconception(why="np.array([h1, h2]) stacks rows.",
                              hint="The two units stand in the rows here. Each movie should keep its row, and each unit be a "
                                   "column.")
def units_in_rows(X, w1, b1, w2, b2):
    return np.array([1 / (1 + np.exp(-(X @ w1 + b1))), 1 / (1 + np.exp(-(X @ w2 + b2)))])


@decision_table.misconception(why="Lines are copied and one name is not changed.",
                              hint="Both units use b1. Each unit has a bias of its own.")
def one_bias_for_both(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(-(X @ w1 + b1))), 1 / (1 + np.exp(-(X @ w2 + b1)))])


@decision_table.misconception(why="The minus sign in the sigmoid is lost.",
                              hint="Your sigmoid falls where it should rise: it is exp(-z) in 1 / (1 + exp(-z)).")
def falling_sigmoid(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(X @ w1 + b1)), 1 / (1 + np.exp(X @ w2 + b2))])


@decision_table.misconception(why="The second unit is fed with the first one's answer, as in a chain.",
                              hint="The second column is found from the first one. Both units look at the ratings in X, side "
                                   "by side.")
def a_chain(X, w1, b1, w2, b2):
    h1 = 1 / (1 + np.exp(-(X @ w1 + b1)))
    return np.column_stack([h1, 1 / (1 + np.exp(-(h1 * w2[0] + b2)))])


@decision_table.misconception(why="The biases are left out of the sums.", hint="The sums lack the biases b1 and b2: z = X @ w1 + b1.")
def without_the_biases(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(-(X @ w1))), 1 / (1 + np.exp(-(X @ w2)))])


@decision_table.misconception(why="The minus is written in front of the product and does not reach the bias.",
                              hint="The minus reaches only X @ w here, not b: write np.exp(-(X @ w + b)), with parentheses around the whole sum.")
def half_a_minus(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(-X @ w1 + b1)), 1 / (1 + np.exp(-X @ w2 + b2))])


@decision_table.misconception(why="The shape is right after reshape, and so it seems that the table is.",
                              hint="reshape only cuts the numbers anew, in the order in which they lie: it does not turn rows into columns. .T does, "
                                   "and so does np.column_stack.")
def cut_anew(X, w1, b1, w2, b2):
    return np.array([1 / (1 + np.exp(-(X @ w1 + b1))), 1 / (1 + np.exp(-(X @ w2 + b2)))]).reshape(-1, 2)


@decision_table.misconception(why="Lines are copied and one name is not changed.", hint="Both units use w1. Each unit has weights of its own.")
def same_weights_for_both(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(-(X @ w1 + b1))), 1 / (1 + np.exp(-(X @ w1 + b2)))])


@decision_table.misconception(why="h2 is written before h1.", hint="The columns have changed places: h1 is the first one, h2 the second.")
def columns_changed(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(-(X @ w2 + b2))), 1 / (1 + np.exp(-(X @ w1 + b1)))])


@decision_table.misconception(why="1 / 1 + exp(-z) is read as 1 / (1 + exp(-z)).",
                              hint="1 / 1 + exp(-z) divides first: the sigmoid is 1 / (1 + exp(-z)), with parentheses.")
def one_over_one(X, w1, b1, w2, b2):
    return np.column_stack([1 / 1 + np.exp(-(X @ w1 + b1)), 1 / 1 + np.exp(-(X @ w2 + b2))])


@decision_table.misconception(why="The bias stands inside the sum over the inputs.",
                              hint="The bias is added once for each input here. It belongs to the unit: add it to the whole sum, once.")
def bias_for_each_rating(X, w1, b1, w2, b2):
    return np.column_stack([1 / (1 + np.exp(-(X * w1 + b1).sum(axis=1))), 1 / (1 + np.exp(-(X * w2 + b2).sum(axis=1)))])


# Two layers: any weights that are given, and XOR with weights of the student's own


def three_units(X, W=None, b=None, v=None, c=None):
    if W is None:
        return np.array([int(round(a)) ^ int(round(d)) for a, d in X.tolist()])
    answers = []
    for x in X.tolist():
        hidden = [float(exact(x, w, offset) > 0) for w, offset in zip(W.tolist(), b.tolist(), strict=True)]
        answers.append(int(exact(hidden, v.tolist(), c) > 0))
    return np.array(answers)


def networks(rng):
    for n, inputs, hidden in ((1, 1, 1), (1, 2, 2), (4, 2, 2), (5, 2, 3), (3, 1, 2), (6, 3, 3), (8, 3, 2), (9, 2, 2), (7, 4, 5),
                              (12, 2, 4)):
        for _ in range(3):
            X, W, b = rng.normal(size=(n, inputs)), rng.normal(size=(hidden, inputs)), rng.normal(size=hidden)
            v, c = rng.normal(size=hidden) * 2, float(rng.normal())
            sums = X @ W.T + b
            if clear(sums) and clear((sums > 0) @ v + c):
                yield call(X, W, b, v, c, part="forward")
    for _ in range(4):      # sums of exactly 0, in both layers
        yield call(CORNERS, rng.integers(-1, 2, (2, 2)).astype(float), rng.integers(-1, 2, 2).astype(float),
                   rng.integers(-1, 2, 2).astype(float), float(rng.integers(-1, 2)), part="forward")
    yield call(CORNERS, np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([-1.0, 0.0]), np.array([1.0, 1.0]), -1.0, part="forward")
    yield call(CORNERS, np.array([[1.0, 1.0]]), np.array([-0.5]), rng.uniform(0.1, 0.4, 1), 0.0, part="forward")     # a bias of 0 is a bias
    for rows in (1, 1, 2, 3, 5, 8):
        yield call(CORNERS[rng.integers(0, 4, rows)], part="xor")


def without_weights(X, *weights):
    """What a slip makes of XOR depends on the weights that the student chose."""
    return not weights


two_layers = Exercise(
    "two_layers", points=4, right=three_units, parts={"forward": 1, "xor": 1},
    public=[
        call(CORNERS, np.array([[1.0, -2.0], [1.0, 1.0]]), np.array([0.5, -0.5]), np.array([1.0, -1.0]), 0.5, part="forward"),
        call(np.array([[2.0], [4.0], [6.0]]), np.array([[1.0], [1.0]]), np.array([-3.0, -5.0]), np.array([-1.0, 1.0]), 0.5,
             part="forward"),
        call(np.array([[1.0, -1.0], [0.0, 2.0], [3.0, 1.0]]), np.array([[1.0, 2.0], [-1.0, 1.0], [0.0, 1.0]]),
             np.array([-0.5, 0.5, -1.5]), np.array([2.0, 1.0, -1.0]), -0.5, part="forward"),
        call(CORNERS, np.array([[-2.0, 2.0], [2.0, 0.0], [0.0, 1.0]]), np.array([0.0, -1.0, 1.0]), np.array([1.0, 2.0, 2.0]), -2.0, part="forward"),
        call(CORNERS, part="xor"),
        call(CORNERS[[1, 3]], part="xor"),
        call(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]]), np.array([-0.999]), np.array([0.25]), 0.0, part="forward"),
    ],
    hidden=networks,
    hints=("First a table of what the hidden units answer, one row a point, one column a unit: all sums as in lab 01's ten units, then the "
           "threshold. The last unit is a unit like any other, and that table is its input.",
           "For XOR let one hidden unit fire when at least one input is 1, and the other when both are 1.",
           "The third unit should fire for the first hidden unit, but not when the second one fires as well: a positive "
           "weight, a negative weight, a bias between."),
)


@two_layers.solution
def or_but_not_and(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])
        v, c = np.array([1.0, -1.0]), -0.5
    hidden = (X @ W.T + b > 0).astype(float)
    return (hidden @ v + c > 0).astype(int)


@two_layers.solution
def one_without_the_other(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = [[1, -1], [-1, 1]], [-0.5, -0.5], [1, 1], -0.5
    answers = []
    for x in X:
        total = c
        for k in range(len(b)):
            z = b[k]
            for i in range(len(x)):
                z = z + W[k][i] * x[i]
            if z > 0:
                total = total + v[k]
        answers.append(1 if total > 0 else 0)
    return np.array(answers)


@two_layers.solution
def equal_or_not(X, W=None, b=None, v=None, c=None):
    if W is None:
        return two_layers(X, np.array([[2.0, 2.0], [-1.0, -1.0]]), np.array([-1.0, 1.5]), np.array([1.0, 1.0]), -1.0)
    hidden = np.heaviside(W @ X.T + b[:, None], 0)
    return v @ hidden + c > 0


@two_layers.solution
def points_in_columns(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [-1.0, -1.0]]), np.array([-0.5, 1.5]), np.ones(2), -1.5
    hidden = 1 * (W @ X.T + b.reshape(-1, 1) > 1e-12)
    return (v.reshape(1, -1) @ hidden + c > 1e-12)[0, :].astype(float)


two_layers.solution("""
def fire(x, w, b):
    return 1 if sum(p * q for p, q in zip(x, w)) + b > 0 else 0


class ThreeUnits:
    own = ([[1, 1], [1, 1]], [0, -1], [1, -2], 0)

    def __call__(self, X, W=None, b=None, v=None, c=None):
        W, b, v, c = self.own if W is None else (W, b, v, c)
        return [fire([fire(x, w, d) for w, d in zip(W, b)], v, c) for x in X]


two_layers = ThreeUnits()
""")


@two_layers.misconception(why="Layers are thought to add power by themselves; the threshold between them looks optional.",
                          hint="The hidden sums reach the third unit without a threshold. Sums of sums are again one line, so "
                               "this cannot do XOR: threshold the hidden units first.", unsure=without_weights)
def no_threshold_inside(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])
        v, c = np.array([1.0, -1.0]), -0.5
    return ((X @ W.T + b) @ v + c > 0).astype(int)


@two_layers.misconception(why="With two inputs and two units W is square, and the missing transpose raises no error.",
                          hint="W has one row a hidden unit, so the sums are X @ W.T + b. Without the transpose the units "
                               "trade weights.", unsure=without_weights)
def not_transposed(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])
        v, c = np.array([1.0, -1.0]), -0.5
    W = np.asarray(W)
    sums = X @ W if W.shape[0] == W.shape[1] else X @ W.T
    return ((sums + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="The sums are written as in the formula, x times W, whatever the shape of W.",
                          hint="W has one row a hidden unit, so the sums are X @ W.T + b. X @ W stops where there are not as many units as "
                               "inputs, and where there are, the units trade weights.", unsure=without_weights)
def never_transposed(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return ((X @ W + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="The last threshold is forgotten.",
                          hint="These are the sums of the third unit. It is a threshold unit too: answer 1 where its sum is "
                               "above 0, else 0.", unsure=without_weights)
def the_last_sum(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])
        v, c = np.array([1.0, -1.0]), -0.5
    return (X @ W.T + b > 0) @ v + c


@two_layers.misconception(why="Only the hidden units are thought to need a bias.",
                          hint="The third unit's bias c is missing from its sum.", unsure=without_weights)
def third_unit_without_bias(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0])
    return ((X @ W.T + b > 0) @ v > 0).astype(int)


@two_layers.misconception(why="The two hidden units are OR and AND, and adding them looks like using both.",
                          hint="Your forward pass is right, but your own weights compute OR: they answer 1 for (1, 1) too. The "
                               "unit that sees both inputs must hold the third unit back: give it a negative weight.")
def both_push(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])
        v, c = np.array([1.0, 1.0]), -0.5
    return ((X @ W.T + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="The answer for equal inputs is built instead of the one for different inputs.",
                          hint="Your forward pass is right, but your own weights answer 1 where the inputs are equal. XOR is "
                               "the opposite: change the signs of v and c.")
def equal_instead_of_different(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])
        v, c = np.array([-1.0, 1.0]), 0.5
    return ((X @ W.T + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="The forward pass is written and the weights are left for later.",
                          hint="Your forward pass is right. Where no weights are given, W is None: set W, b, v and c to your "
                               "own weights then, the ones that compute XOR.")
def no_weights_of_ones_own(X, W=None, b=None, v=None, c=None):
    return ((X @ W.T + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="Many texts let a unit fire at 0.",
                          hint="Your units fire at a sum of exactly 0. Here they fire above 0 only: > and not >=.", unsure=without_weights)
def fire_at_zero(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return ((X @ W.T + b >= 0) @ v + c >= 0).astype(int)


@two_layers.misconception(why="np.sign looks like a threshold.",
                          hint="Your hidden units answer -1 where they should answer 0 (np.sign does that). A unit that does not fire adds nothing.",
                          unsure=without_weights)
def hidden_signs(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return (np.sign(X @ W.T + b) @ v + c > 0).astype(int)


@two_layers.misconception(why="The hidden biases are left out.", hint="The hidden sums lack their biases: X @ W.T + b.", unsure=without_weights)
def hidden_units_without_bias(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([1.0, -1.0]), -0.5
    return ((X @ W.T > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="Weights are set in the function's first line, whatever came in.",
                          hint="Your XOR is right, but you use your own weights even when others are given. Set them only where W is None.")
def own_weights_always(X, W=None, b=None, v=None, c=None):
    W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return ((X @ W.T + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="== None and `not W` work for numbers, and stop at an array.",
                          hint="W is an array where it is given, and `W == None` and `not W` then ask each of its numbers. Write: if W is None.")
def asks_every_weight(X, W=None, b=None, v=None, c=None):
    if W == None:  # noqa: E711 (the misconception)
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return ((X @ W.T + b > 0) @ v + c > 0).astype(int)


@two_layers.misconception(why="XOR needs two hidden units, and two are written out.",
                          hint="This asks the first two hidden units only. There may be any number of them: one row of W each.")
def two_hidden_units_only(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    one, other = X @ W[0] + b[0] > 0, X @ W[1] + b[1] > 0
    return (v[0] * one + v[1] * other + c > 0).astype(int)


@two_layers.misconception(why="The units of the table before were sigmoids.",
                          hint="Your hidden units are sigmoids, which answer something between 0 and 1. Here every unit is a threshold unit: 1 above "
                               "0, else 0.", unsure=without_weights)
def sigmoids_inside(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return (1 / (1 + np.exp(-(X @ W.T + b))) @ v + c > 0).astype(int)


@two_layers.misconception(why="The last unit's weights are made a column for the product, and it stays one.",
                          hint="The answers are right, but they stand in a column, (n, 1). Give v as it is, (n_hidden,): hidden @ v.")
def in_a_column(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return ((X @ W.T + b > 0) @ v[:, None] + c > 0).astype(int)


@two_layers.misconception(why="The output is made a row or a column for the product, and squeeze takes off one bracket too many.",
                          hint="For a single point this is one number. The answers are an array, (n_points,), for one point as well: take the column "
                               "out with [:, 0] in place of squeeze.")
def single_point_squeezed(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.5
    return np.squeeze(((X @ W.T + b > 0) @ v[:, None] + c > 0).astype(int))


@two_layers.misconception(why="`c or -0.5` and `not c` are used to ask whether a number was given.",
                          hint="A bias of 0 is given, and you put your own in its place: `or` and `not` take 0 for nothing. Ask: if W is None.",
                          unsure=without_weights)
def zero_is_taken_for_nothing(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0])
    return ((X @ W.T + b > 0) @ v + (c or -0.5) > 0).astype(int)


@two_layers.misconception(why="A bias is taken for a threshold.",
                          hint="The biases are subtracted here, as if they were thresholds. They are added: X @ W.T + b, and hidden @ v + c.",
                          unsure=without_weights)
def biases_as_thresholds(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.5, 1.5]), np.array([1.0, -1.0]), 0.5
    return ((X @ W.T > b) @ v > c).astype(int)


@two_layers.misconception(why="The four answers of XOR are learned by heart, in the order of the table.",
                          hint="Your own XOR gives four answers whatever the points are. Compute one for each row of X, from its two inputs.")
def four_answers_by_heart(X, W=None, b=None, v=None, c=None):
    if W is None:
        return np.array([0, 1, 1, 0])
    return ((X @ W.T + b > 0) @ v + c > 0).astype(int)


# How far apart two images are


def by_pixels(image_1, image_2):
    pixels = zip(image_1.ravel().tolist(), image_2.ravel().tolist(), strict=True)
    return math.sqrt(math.fsum((float(a) - float(b)) ** 2 for a, b in pixels))


def image_pairs(rng):
    for shape in ((1, 1), (1, 3), (2, 2), (3, 5), (8, 8), (28, 28)):
        for _ in range(2):
            one, other = rng.integers(0, 256, shape), rng.integers(0, 256, shape)
            yield call(one.astype(np.uint8), other.astype(np.uint8))
            yield call(one.astype(float), other.astype(float))
    same = rng.integers(0, 256, (4, 4)).astype(np.uint8)
    yield call(same, same.copy())
    yield call(rng.uniform(0, 255, (3, 4)), rng.uniform(0, 255, (3, 4)))
    yield call(rng.uniform(0, 1, (2, 5)), rng.uniform(0, 1, (2, 5)))


def gray(*rows):
    return np.array(rows, dtype=np.uint8)


distance = Exercise(
    "distance", points=1, right=by_pixels,
    public=[
        call(gray([0, 0], [3, 0]), gray([0, 4], [0, 0])),
        call(gray([250, 10], [0, 5]), gray([20, 60], [0, 5])),
        call(gray([1, 2, 3]), gray([1, 2, 3])),
        call(gray([0, 6, 0]), gray([0, 0, 8])),
        call(np.array([[1.5, 2.0], [3.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 1.25]])),
    ],
    hidden=image_pairs,
    hints=("It is the Pythagoras that you know, with 784 directions in place of two.",
           "Differences pixel by pixel, squared, added over all rows and columns, then the square root.",
           "Pixels of type uint8 hold 0 to 255 only: 3 - 4 becomes 255 in them. Make them floating point first: "
           "image_1.astype(float)."),
)


@distance.solution
def root_of_the_sum(image_1, image_2):
    difference = np.asarray(image_1, dtype=float) - np.asarray(image_2, dtype=float)
    return np.sqrt((difference ** 2).sum())


@distance.solution
def in_loops(image_1, image_2):
    total = 0.0
    for i in range(image_1.shape[0]):
        for j in range(image_1.shape[1]):
            total = total + (float(image_1[i, j]) - float(image_2[i, j])) ** 2
    return total ** 0.5


@distance.solution
def row_after_row(image_1, image_2):
    total = 0
    for one, other in zip(image_1.tolist(), image_2.tolist(), strict=True):
        total += sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    return math.sqrt(total)


distance.solution("""
from functools import partial, reduce


def distance(image_1, image_2):
    differences = map(np.subtract, image_1.ravel().astype(np.int64), image_2.ravel().astype(np.int64)) if image_1.dtype.kind in "ui" \
        else (one - other for one, other in zip(image_1.flat, image_2.flat))
    return partial(reduce, np.hypot)(differences, 0.0)
""")


@distance.misconception(why="Images come as uint8, where differences below 0 wrap round to 255.",
                        hint="Your formula is right, the numbers are not: these pixels are of type uint8, in which 3 - 4 is "
                             "255 and 16 * 16 is 0. Use image_1.astype(float) first.")
def in_small_numbers(image_1, image_2):
    return np.sqrt(((image_1 - image_2) ** 2).sum())


@distance.misconception(why="The root is forgotten.", hint="This is the square of the distance. Take the square root of the "
                                                           "sum.")
def squared(image_1, image_2):
    return ((image_1.astype(float) - image_2.astype(float)) ** 2).sum()


@distance.misconception(why="The city-block distance comes to mind first.",
                        hint="This adds the differences themselves, without a sign. Square them, add, then take the root.")
def city_block(image_1, image_2):
    return np.abs(image_1.astype(float) - image_2.astype(float)).sum()


@distance.misconception(why="The root mean square is the habit from measuring errors.",
                        hint="This takes the mean over the pixels. The distance has the sum.")
def root_mean_square(image_1, image_2):
    return np.sqrt(((image_1.astype(float) - image_2.astype(float)) ** 2).mean())


@distance.misconception(why="The formula is read as a distance for each pixel.",
                        hint="This is one number a pixel. Add the squares over all pixels before you take the root.")
def pixel_by_pixel(image_1, image_2):
    return np.sqrt((image_1.astype(float) - image_2.astype(float)) ** 2)


@distance.misconception(why="The difference is made floating point, and not what is subtracted.",
                        hint="The pixels were subtracted as uint8, where 3 - 4 is 255, and made floating point too late. Convert both images first: "
                             "image_1.astype(float) - image_2.astype(float).")
def floating_point_too_late(image_1, image_2):
    return np.linalg.norm((image_1 - image_2).astype(float))


@distance.misconception(why="A type with room for negative numbers is looked for, and int is the first that comes to mind.",
                        hint="The pixels are made whole numbers: astype(int) cuts off what stands behind the point. Images may come as floating "
                             "point, with ink of 1.5: use astype(float).")
def cut_to_whole_numbers(image_1, image_2):
    return np.sqrt(((image_1.astype(int) - image_2.astype(int)) ** 2).sum())


@distance.misconception(why="A loop over the pixels of an image adds uint8 to uint8.",
                        hint="Your loop is right, the numbers are not: these pixels are of type uint8, and their squares and sums run over at 255. "
                             "Write float(image_1[i, j]).")
def a_loop_in_small_numbers(image_1, image_2):
    total = np.uint8(0)
    for a, b in zip(image_1.ravel(), image_2.ravel(), strict=True):
        total = total + (a - b) ** 2
    return total ** 0.5


@distance.misconception(why="int16 has room for differences below 0.",
                        hint="int16 has room for the differences, but not for their squares: it ends at 32,767, and 230 ** 2 is more. Use float.")
def in_sixteen_bits(image_1, image_2):
    return np.sqrt(np.sum((image_1.astype(np.int16) - image_2.astype(np.int16)) ** 2))


@distance.misconception(why="len(image) is taken for both sides.",
                        hint="Only a square part of the image is compared. It has image_1.shape[0] rows and image_1.shape[1] columns.")
def a_square_part(image_1, image_2):
    total = 0.0
    for i in range(len(image_1)):
        for j in range(min(len(image_1), image_1.shape[1])):
            total += (float(image_1[i, j]) - float(image_2[i, j])) ** 2
    return total ** 0.5


@distance.misconception(why="** 1 / 2 is read as ** (1 / 2).",
                        hint="This is half of the sum, not its root: ** 1 / 2 takes the power 1 and then divides by 2. Write ** 0.5 or np.sqrt.")
def half_of_the_square(image_1, image_2):
    return ((image_1.astype(float) - image_2.astype(float)) ** 2).sum() ** 1 / 2


@distance.misconception(why="Two sides of a triangle are added before they are squared.",
                        hint="The differences are added first and squared then, so that those above and below 0 cancel. Square each, then add.")
def differences_cancel(image_1, image_2):
    return np.abs((image_1.astype(float) - image_2.astype(float)).sum())


@distance.misconception(why="ord=2 of np.linalg.norm is thought to ask for squares; for a table it asks for its largest singular value.",
                        hint="np.linalg.norm(..., 2) of a table is another measure. Leave the 2 out, or .ravel() the differences first.")
def the_spectral_norm(image_1, image_2):
    return np.linalg.norm(image_1.astype(float) - image_2.astype(float), 2)


guess_cycle = Exercise("guess_cycle", points=1, kind="prediction", choices=("a", "b", "c"))
guess_nearest = Exercise("guess_nearest", points=1, kind="prediction", choices=("a", "b", "c"))
