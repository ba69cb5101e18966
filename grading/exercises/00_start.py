"""Lab 00: a first checked answer, how wrong an answer is, and a first kernel."""

import numpy as np

from grading.exercise import Exercise, call, expected
from labkit.emulator import cuda

# weighted_sum: the one operation that the whole course is built from


def sum_of_products(x, w):
    if len(x) != len(w):
        raise expected(ValueError("lengths differ"))
    return float(np.add.reduce([p * q for p, q in zip(x, w, strict=True)], initial=0.0))


def some_sums(rng):
    for n in (1, 2, 3, 4, 7, 20):
        for _ in range(2):
            yield call(rng.normal(size=n), rng.normal(size=n))
    yield call(np.zeros(3), rng.normal(size=3))
    yield call(rng.integers(-5, 6, size=4).astype(float), np.full(4, 0.5))
    yield call(np.array([1.0, 1.0, -1.0, 1.0]), rng.normal(size=4))      # inputs that are equal are told apart by their places


weighted_sum = Exercise(
    "weighted_sum", points=4, right=sum_of_products,
    public=[call(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, -1.0])), call(np.array([0.75]), np.array([0.0625])),
            call(np.array([2.0, 5.0, 2.0, -1.0]), np.array([-1.0, 3.0, 0.5, 3.0]))],
    hidden=some_sums,
    hints=("Pair each input with the weight in the same place. What do you do with each pair, and what with the results?",
           "A loop over range(len(x)) reaches x[i] and w[i] together. Keep a running total that begins at 0.",
           "With NumPy no loop is needed: x * w multiplies place by place, and an array has a method that adds its numbers up."))


@weighted_sum.solution
def loop(x, w):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * w[i]
    return total


@weighted_sum.solution
def vector(x, w):
    return np.dot(x, w)


@weighted_sum.solution
def pair_by_pair(x, w):
    return sum(a * b for a, b in zip(x, w, strict=True))


@weighted_sum.solution
def the_rest_by_itself(x, w):
    if len(x) == 0:
        return 0
    return x[0] * w[0] + weighted_sum(x[1:], w[1:])


@weighted_sum.misconception(why="The products are what catches the eye; the sum is forgotten.",
                            hint="this is each input times its weight, one by one. A unit hears them all at once: add them up.")
def products_only(x, w):
    return np.asarray(x) * np.asarray(w)


@weighted_sum.misconception(why="Inputs and weights are added first, as if the weights were further inputs.",
                            hint="this adds inputs and weights. A weight says how much its input counts: multiply, then add.")
def adds_instead(x, w):
    return np.sum(x) + np.sum(w)


@weighted_sum.misconception(why="Two loops, one inside the other, or the two sums multiplied.",
                            hint="this multiplies every input with every weight. Each input has a weight of its own: x[0] with w[0], x[1] with "
                                 "w[1], and so on, in one loop.")
def product_of_sums(x, w):
    return np.sum(x) * np.sum(w)


@weighted_sum.misconception(why="An average is taken, out of habit.",
                            hint="this is the mean of the products. The sum itself is wanted: do not divide by how many there are.")
def averages(x, w):
    return np.dot(x, w) / len(x)


@weighted_sum.misconception(why="range(len(x) - 1) leaves the end out.",
                            hint="this leaves out the last pair. How far does your loop run? range(len(x)) reaches every place.")
def leaves_out_the_last(x, w):
    return np.dot(x[:-1], w[:-1])


@weighted_sum.misconception(why="The places are counted from 1.",
                            hint="this leaves out the first pair. Places are counted from 0, and range(len(x)) begins there.")
def leaves_out_the_first(x, w):
    return np.dot(x[1:], w[1:])


@weighted_sum.misconception(why="The place of an input is looked up by its value.",
                            hint="two inputs that are equal get the same weight here: index() finds the first of them. Let the loop count the "
                                 "places: for i in range(len(x)).")
def looked_up_by_value(x, w):
    return sum(one * w[x.tolist().index(one)] for one in x)


@weighted_sum.misconception(why="The return stands inside the loop, so the first turn is the last.",
                            hint="this is the first product alone: the function returned in the first turn of the loop. "
                                 "Put return behind the loop, as far to the left as for.")
def returns_in_the_first_turn(x, w):
    total = 0
    for i in range(len(x)):
        total += x[i] * w[i]
        return total


@weighted_sum.misconception(why="total = ... stands where total += ... is meant.",
                            hint="this is the last product alone: each turn of the loop forgets the total before it. Add to it: total += ...")
def forgets_the_total(x, w):
    for i in range(len(x)):
        total = x[i] * w[i]
    return total


# squared_error: how wrong are many answers, in one number


def mean_of_squares(answers, targets):
    total = 0.0
    for a, t in zip(answers, targets, strict=True):
        total += (a - t) ** 2
    return total / len(answers)


def some_errors(rng):
    for n in (1, 2, 3, 6, 15):
        for _ in range(2):
            yield call(rng.normal(size=n) * 2, rng.normal(size=n))
    same = rng.normal(size=4)
    yield call(same, same.copy())
    yield call(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0]))


squared_error = Exercise(
    "squared_error", points=4, right=mean_of_squares,
    public=[call(np.array([1.0, 0.0, 3.0]), np.array([1.0, 1.0, 0.0])), call(np.array([0.5]), np.array([-1.5])),
            call(np.array([2.0, -1.0]), np.array([3.0, 1.5])), call(np.array([0.25, -0.5]), np.array([0.0, -0.375]))],
    hidden=some_errors,
    hints=("Three steps for each answer: how far off is it, square that, and in the end take the mean over all answers.",
           "answers - targets gives every difference at once; ** 2 squares every one of them.",
           "Square before you take the mean, or misses above and below cancel. np.mean(...) adds up and divides by how many there are."))


@squared_error.solution
def plain_loop(answers, targets):
    total = 0.0
    for i in range(len(answers)):
        miss = answers[i] - targets[i]
        total = total + miss * miss
    return total / len(answers)


@squared_error.solution
def with_mean(answers, targets):
    return np.mean((np.asarray(answers) - np.asarray(targets)) ** 2)


@squared_error.solution
def with_itself(answers, targets):
    miss = answers - targets
    return miss @ miss / len(miss)


@squared_error.misconception(why="The mean is forgotten.", hint="this is the sum of the squared misses. Divide by how many answers there are.")
def sums(answers, targets):
    return np.sum((answers - targets) ** 2)


@squared_error.misconception(why="The square is forgotten.",
                             hint="this is the mean of the misses themselves: one too high and one too low cancel. Square each miss first.")
def forgets_the_square(answers, targets):
    return np.mean(answers - targets)


@squared_error.misconception(why="Square and mean change places.", hint="this squares the mean miss. Square each miss first, then take the mean.")
def squares_the_mean(answers, targets):
    return np.mean(answers - targets) ** 2


@squared_error.misconception(why="The size of a miss feels like its absolute value.",
                             hint="this is the mean distance. Squares are wanted here: they punish a large miss more than two small ones.")
def absolute(answers, targets):
    return np.mean(np.abs(answers - targets))


@squared_error.misconception(why="The root-mean-square is known from elsewhere.",
                             hint="this is the square root of the right answer: leave the root out.")
def root(answers, targets):
    return np.sqrt(np.mean((answers - targets) ** 2))


@squared_error.misconception(why="Textbooks put a half in front.", hint="this is half of it. Some books write that half; this course does not.")
def halved(answers, targets):
    return np.mean((answers - targets) ** 2) / 2


@squared_error.misconception(why="* 2 is written for ** 2.",
                             hint="this doubles each miss, and misses above and below still cancel. The square is ** 2, with two stars.")
def doubled(answers, targets):
    return np.mean((answers - targets) * 2)


@squared_error.misconception(why="The squares stand on the answers and the targets, not on their difference.",
                             hint="this squares answers and targets and then subtracts. Subtract first: (answers - targets) ** 2, in parentheses.")
def difference_of_squares(answers, targets):
    return np.mean(answers ** 2 - targets ** 2)


@squared_error.misconception(why="The parentheses around the difference are left out.",
                             hint="only the targets are squared here. Subtract first: (answers - targets) ** 2, in parentheses.")
def squares_the_targets_alone(answers, targets):
    return np.mean(answers - targets ** 2)


@squared_error.misconception(why="A sample's variance is divided by n - 1.",
                             hint="this divides by one less than there are answers. Divide by how many there are: len(answers).")
def divided_by_one_less(answers, targets):
    return np.sum((answers - targets) ** 2) / (len(answers) - 1)


@squared_error.misconception(why="One of the two is made a column.",
                             hint="this compares every answer with every target: a column (n, 1) less a row (n,) is a table (n, n). Leave both as "
                                  "they came.")
def a_column_less_a_row(answers, targets):
    return np.mean((answers.reshape(-1, 1) - targets) ** 2)


@squared_error.misconception(why="The return stands inside the loop, so the first turn is the last.",
                             hint="only the first miss is in this: the function returned in the first turn of the loop. Put return behind the loop.")
def returns_after_the_first(answers, targets):
    total = 0
    for a, t in zip(answers, targets, strict=True):
        total += (a - t) ** 2
        return total / len(answers)


@squared_error.misconception(why="total = ... stands where total += ... is meant.",
                             hint="only the last miss is in this: each turn of the loop forgets the total before it. Add to it: total += ...")
def forgets_the_earlier_misses(answers, targets):
    for a, t in zip(answers, targets, strict=True):
        total = (a - t) ** 2
    return total / len(answers)


@squared_error.misconception(why="The misses are added up before they are squared.",
                             hint="this squares the sum of the misses, in which those above and below cancel. Square each miss, then add.")
def squares_the_sum(answers, targets):
    return np.sum(answers - targets) ** 2 / len(answers)


# add: a first kernel


def launched(n, grid, block, rng=None):
    """A launch of `grid` blocks of `block` threads on n numbers; `out` holds something else before."""
    a, b = (np.arange(n) + 1.5, np.arange(n) * 10.0) if rng is None else (rng.normal(size=n), rng.normal(size=n))
    return call(np.full(n, -1, np.float32), a.astype(np.float32), b.astype(np.float32), writes=(0,), grid=grid, block=block)


def launches(rng):
    for n, grid, block in ((1, 1, 1), (1, 1, 32), (32, 1, 32), (33, 2, 32), (100, 4, 32), (64, 2, 32), (50, 7, 8), (130, 3, 64), (200, 2, 128)):
        yield launched(n, grid, block, rng)


add = Exercise(
    "add", kind="kernel", points=6, right=lambda out, a, b: a + b, hidden=launches,
    public=[launched(8, 1, 8), launched(8, 2, 4), launched(6, 2, 4)],
    hints=("Every thread runs the same lines. The first thing it needs is its own number: cuda.grid(1) gives it.",
           "Thread i is responsible for element i, and for nothing else. There is no loop.",
           "Blocks come in whole numbers, so there may be more threads than elements. What must a thread check before it touches out[i]?"))


@add.solution
@cuda.jit
def guarded(out, a, b):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] + b[i]


@add.solution
@cuda.jit
def by_hand(out, a, b):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i >= len(a):
        return
    out[i] = a[i] + b[i]


@add.solution
@cuda.jit
def striding(out, a, b):
    for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
        out[i] = a[i] + b[i]


@add.solution
@cuda.jit
def from_the_end(out, a, b):
    i = out.size - 1 - cuda.grid(1)
    if 0 <= i:
        out[i] = a[i] + b[i]


@add.solution
@cuda.jit
def by_way_of_shared_memory(out, a, b):
    tile = cuda.shared.array(1024, np.float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if i < a.size:
        tile[t] = a[i]
    cuda.syncthreads()
    if i < a.size:
        out[i] = tile[t] + b[i]


@add.misconception(why="The launch in the text fits exactly, so the guard seems superfluous.",
                   hint="some threads have no element: with 8 threads and 6 numbers, threads 6 and 7 read or write outside the array. "
                        "Ask whether i is smaller than out.size before the first a[i] or out[i] (with <= one thread still gets through).")
@cuda.jit
def no_guard(out, a, b):
    i = cuda.grid(1)
    out[i] = a[i] + b[i]


@add.misconception(why="threadIdx looks like the thread's number, and it is, within its block.",
                   hint="this is right for the first block only: threadIdx.x counts from 0 again in each block. "
                        "cuda.grid(1) counts through all of them.")
@cuda.jit
def first_block_only(out, a, b):
    i = cuda.threadIdx.x
    if cuda.blockIdx.x == 0 and i < out.size:
        out[i] = a[i] + b[i]


@add.misconception(why="threadIdx is taken for the thread's number, or the two numbers are put together wrongly.",
                   hint="threads of different blocks take the same element here. The number counts through all blocks: "
                        "cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x, and cuda.grid(1) is just that.")
@cuda.jit
def number_within_the_block(out, a, b):
    i = cuda.threadIdx.x
    if i < out.size:
        out[i] = a[i] + b[i]


@add.misconception(why="A left-over thread is given something to do: the remainder, or the last element.",
                   hint="a thread that is left over writes an element that another thread writes too. It has nothing to do: let it end, with "
                        "if i < out.size around the work.")
@cuda.jit
def work_for_everybody(out, a, b):
    i = cuda.grid(1) % out.size
    out[i] = a[i] + b[i]


@add.misconception(why="The block's number is taken for the element's, or the number of blocks for the number of elements.",
                   hint="only as many elements were written as there are blocks. blockIdx.x is the block's number, not the thread's, and "
                        "gridDim.x is how many blocks there are, not how many elements.")
@cuda.jit
def block_number(out, a, b):
    i = cuda.blockIdx.x
    if i < out.size and cuda.threadIdx.x == 0:
        out[i] = a[i] + b[i]


@add.misconception(why="i < out.size - 1, by habit from other languages.",
                   hint="the last element was never written: indices run to out.size - 1, so i < out.size lets exactly the right threads through.")
@cuda.jit
def one_short(out, a, b):
    i = cuda.grid(1)
    if i < out.size - 1:
        out[i] = a[i] + b[i]


@add.misconception(why="The threads are counted from 1.",
                   hint="the first element was never written: threads and elements are counted from 0, and cuda.grid(1) is the thread's number.")
@cuda.jit
def counted_from_one(out, a, b):
    i = cuda.grid(1) + 1
    if i < out.size:
        out[i] = a[i] + b[i]


@add.misconception(why="The sum goes to a local name, or is printed.",
                   hint="out is as it was: nothing was written into it. Write the sum to out[i], with i = cuda.grid(1).")
@cuda.jit
def nothing_written(out, a, b):
    i = cuda.grid(1)
    if i < out.size:
        a[i] + b[i]


@add.misconception(why="threadIdx and blockIdx change places.",
                   hint="many elements were never written. The blocks lie one behind the other, so it is the block's number that is multiplied: "
                        "cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x.")
@cuda.jit
def thread_times_width(out, a, b):
    i = cuda.threadIdx.x * cuda.blockDim.x + cuda.blockIdx.x
    if i < out.size:
        out[i] = a[i] + b[i]


@add.misconception(why="The sum is written back into an input.", hint="the sum stands in a, and out is untouched: write to out[i].")
@cuda.jit
def into_an_input(out, a, b):
    i = cuda.grid(1)
    if i < out.size:
        a[i] = a[i] + b[i]


@add.misconception(why="On a CPU the loop is the program; that every thread runs it is overlooked. Or threadIdx.x is left out of the number.",
                   hint="several threads write the same element here. If there is a loop over all elements, take it out; if not, look at how i "
                        "is found: cuda.grid(1).")
@cuda.jit
def everything_everywhere(out, a, b):
    for i in range(out.size):
        out[i] = a[i] + b[i]


@add.misconception(why="One thread runs the loop of a CPU program; the others are not needed then.",
                   hint="one thread does all the work here, and the others look on. Let each thread do its share: no loop, thread i adds the pair "
                        "number i.")
@cuda.jit
def one_for_all(out, a, b):
    if cuda.grid(1) == 0:
        for i in range(out.size):
            out[i] = a[i] + b[i]


@add.misconception(why="+= is the habit from running totals.",
                   hint="this adds to what stood in out before. Write the sum in its place: out[i] = a[i] + b[i].")
@cuda.jit
def on_top_of_what_stands_there(out, a, b):
    i = cuda.grid(1)
    if i < out.size:
        out[i] += a[i] + b[i]


guess_first = Exercise("guess_first", points=1, kind="prediction", choices=("a", "b", "c"))
guess_threads = Exercise("guess_threads", points=1, kind="prediction")
