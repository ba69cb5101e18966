"""Lab 03: a unit of two inputs, its fit, its judge, the selection among all pairs, the next layer and when to stop."""

import math

import numpy as np

from grading.exercise import Exercise, Tolerance, call


def six_terms(x, z):
    return np.array([[1.0, a, b, a * b, a * a, b * b] for a, b in zip(x.tolist(), z.tolist(), strict=True)])


CORNERS = six_terms(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0]))

# The six terms of two inputs


def pairs_of_inputs(rng):
    for n in (1, 2, 3, 5, 9, 30):
        for scale in (1.0, 20.0):
            yield call(rng.normal(size=n) * scale, rng.normal(size=n) + scale)
    yield call(np.zeros(3), np.array([-1.0, 0.0, 2.0]))
    yield call(rng.integers(-3, 4, 6).astype(float), rng.integers(-3, 4, 6).astype(float))


features = Exercise(
    "features", points=1, right=six_terms,
    public=[
        call(np.array([2.0, -1.0, 0.125]), np.array([3.0, 4.0, -2.0])),
        call(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])),
        call(np.array([-3.0]), np.array([2.0])),
    ],
    hidden=pairs_of_inputs,
    hints=("Six columns, one row an example. Every operation on x and z works on all examples at once.",
           "The first column is 1 in every row: np.ones(len(x)) has the right length.",
           "np.column_stack([...]) puts arrays side by side as columns. The order is 1, x, z, xz, x^2, z^2."),
)


@features.solution
def side_by_side(x, z):
    return np.column_stack([np.ones(len(x)), x, z, x * z, x**2, z**2])


@features.solution
def row_by_row(x, z):
    rows = []
    for a, b in zip(x, z, strict=True):
        rows.append([1.0, a, b, a * b, a * a, b * b])
    return np.array(rows)


@features.solution
def by_exponents(x, z):
    return np.array([x**i * z**j for i, j in ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2))]).T


features.solution("""
def features(x, z):
    \"\"\"Powers from two Vandermonde tables, and the columns filled into a table of float32.\"\"\"
    left, right = (np.vander(v, 3, increasing=True) for v in (x, z))
    table = np.ones((len(x), 6), np.float32)
    for column, (i, j) in enumerate([(1, 0), (0, 1), (1, 1), (2, 0), (0, 2)], start=1):
        table[:, column] = np.einsum("n,n->n", left[:, i], right[:, j])
    return table
""")


@features.misconception(why="np.array([...]) of six arrays stacks them as rows.",
                        hint="Your terms lie in the rows. Each example should keep its row: one column a term.")
def terms_in_rows(x, z):
    return np.array([np.ones(len(x)), x, z, x * z, x**2, z**2])


@features.misconception(why="The constant is forgotten: it multiplies nothing that was measured.",
                        hint="These are five columns. The first term is the constant 1: without it the surface always passes "
                             "through 0.")
def without_the_constant(x, z):
    return np.column_stack([x, z, x * z, x**2, z**2])


@features.misconception(why="A polynomial in two inputs is thought of as a polynomial in each.",
                        hint="The product x z is missing. Without it the two inputs can only add up, never act together.")
def without_the_product(x, z):
    return np.column_stack([np.ones(len(x)), x, z, x**2, z**2])


@features.misconception(why="Squares come before products in many books.",
                        hint="The six terms are right, their order is not: 1, x, z, xz, x^2, z^2. The coefficients of every "
                             "later cell are read in this order.")
def squares_before_the_product(x, z):
    return np.column_stack([np.ones(len(x)), x, z, x**2, x * z, z**2])


@features.misconception(why="* 2 is written for ** 2.", hint="The last two columns are doubled, not squared: write x ** 2.")
def doubled(x, z):
    return np.column_stack([np.ones(len(x)), x, z, x * z, x * 2, z * 2])


@features.misconception(why="1 is one number, and x @ z is one as well; a column of them is forgotten.",
                        hint="One of the six columns holds a single number. Each needs one number an example: np.ones(len(x)) for the 1, and "
                             "x * z (not x @ z) for the product.")
def a_single_number_for_a_column(x, z):
    return np.column_stack([1, x, z, x * z, x**2, z**2])


@features.misconception(why="The shape is right after reshape, and so it seems that the table is.",
                        hint="reshape only cuts the numbers anew, in the order in which they lie: it does not turn rows into columns. .T does, and "
                             "so does np.column_stack.")
def terms_cut_anew(x, z):
    return np.array([np.ones(len(x)), x, z, x * z, x**2, z**2]).reshape(len(x), 6)


@features.misconception(why="The columns are tables of zeros that are never filled, or the 1 becomes a 0.",
                        hint="The first column holds 0. The constant's term is 1 in every row: its coefficient is then the constant itself.")
def nothing_for_the_constant(x, z):
    return np.column_stack([np.zeros(len(x)), x, z, x * z, x**2, z**2])


@features.misconception(why="The constant is put behind the others.",
                        hint="The constant's column stands last. The order is 1, x, z, xz, x^2, z^2: every later cell reads the coefficients so.")
def constant_last(x, z):
    return np.column_stack([x, z, x * z, x**2, z**2, np.ones(len(x))])


# The fit


def shortest_least_squares(F, y):
    U, s, V = np.linalg.svd(np.asarray(F, float), full_matrices=False)
    kept = s > 1e-6 * s[0]
    c = V[kept].T @ ((U[:, kept].T @ y) / s[kept])
    return np.where(np.abs(c) > 1e-12, c, 0.0)      # a message says "expected 0", not what rounding left of it


def well_posed(F, most=40):
    """The singular values that are not zero lie close together, so that every right way gives the same digits."""
    s = np.linalg.svd(F, compute_uv=False)
    kept = s[s > 1e-6 * s[0]]
    return kept[0] / kept[-1] < most


def systems(rng):
    """Full rank, fewer rows than terms, and inputs with two values only, where some terms say the same."""
    for n in (3, 4, 12, 15, 20, 40, 60):
        for _ in range(30):
            F = six_terms(rng.normal(size=n), rng.normal(size=n))
            if well_posed(F):
                yield call(F, rng.normal(size=n) * 3)
                break
    for values in ((0.0, 1.0), (-1.0, 1.0), (1.0, 2.0)):
        x, z = np.array(values)[[0, 0, 1, 1]], np.array(values)[[0, 1, 0, 1]]
        for _ in range(2):
            yield call(six_terms(x, z), rng.integers(-3, 4, 4).astype(float))
    yield call(CORNERS, np.array([0.0, 1.0, 1.0, 0.0]))
    yield call(CORNERS[[3, 0, 1, 2, 2, 0]], rng.integers(-3, 4, 6).astype(float))


def hidden_by_rounding(F, y):
    """Whether many c fit, and rounding decides if solve and inv say so: with 0 and 1 alone there is none."""
    return np.linalg.matrix_rank(F) < 6 and not np.isin(F, (0, 1)).all()


fit_unit = Exercise(
    "fit_unit", points=3, right=shortest_least_squares, tolerance=Tolerance(rtol=1e-3, atol=1e-4),
    public=[
        call(six_terms(np.array([0.0, 1.0, 2.0, 0.0, 1.0, 2.0, -1.0, -2.0]), np.array([0.0, 0.0, 1.0, 1.0, 2.0, -1.0, -1.0, 1.0])),
             np.array([1.0, 3.0, 2.0, 0.0, 5.0, -1.0, 2.0, 4.0])),
        call(CORNERS, np.array([0.0, 1.0, 1.0, 0.0])),
        call(CORNERS.repeat(2, axis=0), np.array([1.0, 1.0, 0.0, 2.0, 3.0, 3.0, 1.0, 3.0])),
        call(six_terms(np.array([-0.7, 1.4, 0.3, -0.5, 0.1]), np.array([-0.4, -0.7, 0.4, 0.6, 0.9])), np.array([0.9, 6.7, 2.7, -0.1, 1.0])),
        call(six_terms(np.array([0.0, 1.0, -1.0, 0.0, 0.0, 1.5]), np.array([0.0, 0.0, 0.0, 1.0, -1.0, 1.0])),
             np.array([1.0, 3.5, 2.0, 0.0, 5.0, -1.0])),
    ],
    hidden=systems,
    hints=("Least squares: the c for which F @ c comes closest to y. NumPy has a function for it in np.linalg.",
           "Solving the normal equations F.T @ F @ c = F.T @ y needs an inverse, and for the four corners there is none. Rounding may hide "
           "that: with few rows np.linalg.solve can answer with nonsense and say nothing.",
           "np.linalg.lstsq(F, y, rcond=None) finds the shortest c where there are many; its first result is c. np.linalg.pinv(F) "
           "is another way."),
)


@fit_unit.solution
def by_lstsq(F, y):
    return np.linalg.lstsq(F, y, rcond=None)[0]


@fit_unit.solution
def by_pinv(F, y):
    return np.linalg.pinv(F, rcond=1e-6) @ y


@fit_unit.solution
def by_eigenvalues(F, y):
    F, y = np.asarray(F, dtype=float), np.asarray(y, dtype=float)
    values, vectors = np.linalg.eigh(F.T @ F)
    c = np.zeros(6)
    for value, v in zip(values, vectors.T, strict=True):
        if value > 1e-9 * values[-1]:
            c = c + v * (v @ (F.T @ y)) / value
    return c


@fit_unit.solution
def normal_equations_by_lstsq(F, y):
    c, *_ = np.linalg.lstsq(F.T @ F, F.T @ y, rcond=1e-6)
    return list(c)


fit_unit.solution("""
def fit_unit(F, y):
    of_rows = F @ F.T
    return tuple(y @ np.linalg.pinv(of_rows, rcond=1e-6, hermitian=True) @ F)
""")


@fit_unit.misconception(why="The normal equations are what the textbook gives, and they work until two columns say the same.",
                        hint="The normal equations need an inverse, and on the four corners there is none: x^2 = x and z^2 = z, so "
                             "many c fit equally well. Use np.linalg.lstsq or np.linalg.pinv, which take the shortest.", unsure=hidden_by_rounding)
def normal_equations(F, y):
    return np.linalg.solve(F.T @ F, F.T @ y)


@fit_unit.misconception(why="The normal equations are tried first, and least squares only where they fail; but rounding can hide that they have no "
                            "single solution.",
                        hint="This is right where there is a single solution. With five rows there are many, but rounding hides it: solve and inv do "
                             "not always complain, and their answer is nonsense. np.linalg.lstsq is right in every case.",
                        unsure=hidden_by_rounding)
def solve_where_it_can(F, y):
    try:
        return np.linalg.solve(F.T @ F, F.T @ y)
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(F, y, rcond=None)[0]


@fit_unit.misconception(why="Only the number of rows is thought to decide whether there is a single solution.",
                        hint="With fewer than six rows this is right. But eight rows may be four corners, each of them twice, and then many c fit as "
                             "well: it is the columns that say the same. np.linalg.lstsq is right in every case.")
def the_rows_decide(F, y):
    if len(F) < 6:
        return F.T @ np.linalg.solve(F @ F.T, y)
    return np.linalg.solve(F.T @ F, F.T @ y)


@fit_unit.misconception(why="np.linalg.inv is tried on F itself, as for six equations with six unknowns.",
                        hint="F has more rows than columns (or fewer), so it has no inverse. Least squares asks for the c that comes "
                             "closest: np.linalg.lstsq.")
def inverse_of_a_tall_table(F, y):
    return np.linalg.inv(F) @ y


@fit_unit.misconception(why="np.linalg.lstsq gives back four things, and the first is what is wanted.",
                        hint="np.linalg.lstsq returns four results: the coefficients, the residuals, the rank and the singular values. "
                             "Take the first: [0].")
def all_four_results(F, y):
    return np.linalg.lstsq(F, y, rcond=None)


@fit_unit.misconception(why="The unit's answers are returned in place of its coefficients.",
                        hint="These are the unit's answers F @ c, one a row. Return c itself: six numbers.")
def the_answers(F, y):
    return F @ np.linalg.lstsq(F, y, rcond=None)[0]


@fit_unit.misconception(why="Each coefficient is fitted as if its term were alone.",
                        hint="This fits each term alone, as if the other five were not there. All six have to be fitted together.")
def each_term_alone(F, y):
    return np.array([(F[:, k] @ y) / max(float(F[:, k] @ F[:, k]), 1e-12) for k in range(6)])


@fit_unit.misconception(why="Adding the identity makes the equations solvable, but it is another fit.",
                        hint="Adding 1 to the diagonal makes the equations solvable, but it pulls all coefficients towards 0. "
                             "Least squares adds nothing.")
def a_ridge_of_one(F, y):
    return np.linalg.solve(F.T @ F + np.eye(6), F.T @ y)


@fit_unit.misconception(why="y is centred 'to be safe', which moves the constant.",
                        hint="This fits y minus its mean. The constant term is there to take care of the mean: fit y as it is.")
def of_a_centred_y(F, y):
    return np.linalg.lstsq(F, y - np.mean(y), rcond=None)[0]


@fit_unit.misconception(why="y is made a column, and so the coefficients are one.",
                        hint="The numbers are right, but they stand in a column, (6, 1). Give y as it is, (n,), or take the column out of the "
                             "result: [:, 0].")
def as_a_column(F, y):
    return np.linalg.lstsq(F, y.reshape(-1, 1), rcond=None)[0]


@fit_unit.misconception(why="Where there is no single solution nothing is fitted.",
                        hint="Where many c fit equally well this gives zeros. One of them is wanted even then: the shortest.")
def zeros_where_many_fit(F, y):
    return np.linalg.lstsq(F, y, rcond=None)[0] if np.linalg.matrix_rank(F) == 6 else np.zeros(6)


@fit_unit.misconception(why="The sums of products, F.T @ y, look like the solution.",
                        hint="F.T @ y is only one side of the equations: each term's sum of products with y. They are still to be solved for c.")
def one_side_only(F, y):
    return F.T @ y


# The external criterion


def regularity(c, F, y):
    misses = [math.fsum(a * b for a, b in zip(row, c.tolist(), strict=True)) - t for row, t in zip(F.tolist(), y.tolist(), strict=True)]
    return math.fsum(m * m for m in misses) / math.fsum(t * t for t in y.tolist())


def units_to_judge(rng):
    for n in (1, 2, 3, 7, 7, 12, 25, 60):
        for size in (0.1, 1.0, 6.0):
            F = six_terms(rng.normal(size=n), rng.normal(size=n))
            yield call(rng.normal(size=6), F, rng.normal(size=n) * size + size)
    yield call(np.zeros(6), CORNERS, np.array([1.0, -2.0, 0.5, 3.0]))


check_error = Exercise(
    "check_error", points=2, right=regularity,
    public=[
        call(np.array([0.0, 1.0, 1.0, -2.0, 0.0, 0.0]), CORNERS, np.array([1.0, 1.0, 0.0, 2.0])),
        call(np.array([0.1, 0.0, -0.1, 0.05, 0.0, 0.2]), six_terms(np.array([1.0, 2.0, -1.0]), np.array([0.5, -1.0, 1.0])),
             np.array([0.05, 0.1, -0.1])),
        call(np.array([0.5, 0.0, 0.0, 0.0, 0.0, 0.0]), six_terms(np.array([1.0, 3.0, 1.0, 0.0, 2.0, 1.0, 2.0]),
                                                                 np.array([2.0, 1.0, 0.0, 1.0, 2.0, 3.0, -1.0])),
             np.array([2.5, 0.5, 2.0, -3.0, 1.0, 4.0, 0.5])),
    ],
    hidden=units_to_judge,
    hints=("The unit's answers are F @ c, one a row. Subtract y to get the misses.",
           "Square the misses and add them up. Do the same with y itself.",
           "The criterion is the first sum over the second: 0 for a perfect unit, 1 for one that always answers 0."),
)


@check_error.solution
def sums_of_squares(c, F, y):
    return np.sum((F @ c - y) ** 2) / np.sum(y**2)


@check_error.solution
def row_after_row(c, F, y):
    above, below = 0.0, 0.0
    for row, t in zip(F, y, strict=True):
        answer = sum(row[k] * c[k] for k in range(6))
        above = above + (answer - t) ** 2
        below = below + t**2
    return above / below


@check_error.solution
def ratio_of_lengths(c, F, y):
    return (np.linalg.norm(F @ c - y) / np.linalg.norm(y)) ** 2


@check_error.solution
def columns_and_a_guard(c, F, y):
    miss = F @ c.reshape(-1, 1) - y.reshape(-1, 1)
    return ((miss.T @ miss) / max(y @ y, 1e-12))[0, 0]


check_error.solution("""
check_error = lambda c, F, y, dot=np.vdot: dot(y - np.matmul(F, c), y - np.matmul(F, c)) / dot(y, y)
""")


@check_error.misconception(why="The mean squared error of lab 00 comes to mind first.",
                           hint="This is the mean squared miss, in the square of y's unit. Divide the sum of squared misses by the sum "
                                "of y squared, so that the scale of y does not matter.")
def mean_square(c, F, y):
    return np.mean((F @ c - y) ** 2)


@check_error.misconception(why="The unit is fitted again on the rows that are meant to judge it.",
                           hint="This fits new coefficients to the checking rows, so it asks how well they can be fitted. Judge the c "
                                "that was given: the checking rows must not change it.")
def fitted_again(c, F, y):
    c = np.linalg.lstsq(F, y, rcond=None)[0]
    return np.sum((F @ c - y) ** 2) / np.sum(y**2)


@check_error.misconception(why="The denominator of R squared is used: deviations from the checking rows' own mean.",
                           hint="You divide by the deviations of y from the mean of these rows. Divide by the sum of y squared: y is "
                                "measured from the fitting rows' mean already.")
def from_their_own_mean(c, F, y):
    return np.sum((F @ c - y) ** 2) / np.sum((y - np.mean(y)) ** 2)


@check_error.misconception(why="R squared is the number that people report.",
                           hint="This is 1 minus the criterion: large is good there. An error should be small for a good unit.")
def the_share_explained(c, F, y):
    return 1 - np.sum((F @ c - y) ** 2) / np.sum(y**2)


@check_error.misconception(why="The root mean square is the habit.", hint="This is the root of the criterion. Leave out the root.")
def the_root(c, F, y):
    return np.sqrt(np.sum((F @ c - y) ** 2) / np.sum(y**2))


@check_error.misconception(why="A unit that is worse than the mean seems to be as bad as can be.",
                           hint="This ends at 1. A unit may be worse than the mean, and then its error is above 1: leave it as it is.")
def one_at_most(c, F, y):
    return min(1.0, np.sum((F @ c - y) ** 2) / np.sum(y**2))


@check_error.misconception(why="The answers are made a column, and y is a row.",
                           hint="A column (n, 1) less a row (n,) is a table (n, n): every answer less every y. Leave c as it is, so that F @ c has "
                                "the shape of y.")
def a_column_less_a_row(c, F, y):
    return np.sum((F @ c.reshape(-1, 1) - y) ** 2) / np.sum(y**2)


@check_error.misconception(why="return stands inside the loop over the rows.",
                           hint="Only the first row is in this: the function returned in the first turn of the loop. Put return behind the loop.")
def returns_after_the_first_row(c, F, y):
    above, below = 0, 0
    for row, t in zip(F, y, strict=True):
        above += (row @ c - t) ** 2
        below += t**2
        return above / below


@check_error.misconception(why="Misses are added without being squared.",
                           hint="Misses above and below cancel here. Square each miss before you add.")
def misses_cancel(c, F, y):
    return np.sum(F @ c - y) ** 2 / np.sum(y**2)


@check_error.misconception(why="The sum is taken, and the division forgotten.",
                           hint="This is the sum of the squared misses, in the square of y's unit. Divide it by the sum of y squared.")
def not_divided(c, F, y):
    return np.sum((F @ c - y) ** 2)


@check_error.misconception(why="Each miss is divided by its own y, and the ratios are added.",
                           hint="Each miss is divided by its own y here, and where that is 0 the ratio is infinite. Add first, above and below, and "
                                "divide once.")
def each_by_its_own(c, F, y):
    return np.sum((F @ c - y) ** 2 / y**2)


@check_error.misconception(why="The square stands outside the sum below.",
                           hint="Below, y is added first and squared then, so that signs cancel. Square each y, then add: np.sum(y**2).")
def square_of_the_sum(c, F, y):
    return np.sum((F @ c - y) ** 2) / np.sum(y) ** 2


@check_error.misconception(why="Misses without their sign seem enough.",
                           hint="This adds the sizes of the misses and of y. The criterion squares them, above and below.")
def without_squares(c, F, y):
    return np.sum(np.abs(F @ c - y)) / np.sum(np.abs(y))


@check_error.misconception(why="The square is written without parentheses.",
                           hint="F @ c - y ** 2 squares y alone. Take the difference first, in parentheses, and square that: (F @ c - y) ** 2.")
def square_of_y_alone(c, F, y):
    return np.sum(F @ c - y**2) / np.sum(y**2)


@check_error.misconception(why="The mean above, the sum below.",
                           hint="Above you take the mean, below the sum. Take the same of both, so that the number of rows cancels.")
def mean_over_sum(c, F, y):
    return np.mean((F @ c - y) ** 2) / np.sum(y**2)


@check_error.misconception(why="The unit's answers are put below the line.",
                           hint="Below stands the sum of the squared answers of the unit. It should be the sum of y squared, the right answers.")
def over_its_own_answers(c, F, y):
    return np.sum((F @ c - y) ** 2) / np.sum((F @ c) ** 2)


@check_error.misconception(why="Sizes of misses above, squares below.",
                           hint="Above, the misses are not squared, below y is. Square both, then add.")
def sizes_over_squares(c, F, y):
    return np.sum(np.abs(F @ c - y)) / np.sum(y**2)


# Selection


def sorted_pairs(errors, keep):
    table = errors.tolist()
    found = sorted((table[i][j], i, j) for i in range(len(table)) for j in range(i + 1, len(table)) if math.isfinite(table[i][j]))
    return np.array([[i, j] for _, i, j in found[:keep]])


def tables(rng):
    for n in (2, 3, 4, 6, 10, 15):
        for keep in (1, 2, 3, n, 2 * n):
            values = rng.permutation(n * n).reshape(n, n) / (n * n) + 0.05
            errors = np.triu(values, 1)
            errors = errors + errors.T
            if n > 3 and keep % 2:
                i, j = np.sort(rng.choice(n, 2, replace=False))
                errors[i, j] = errors[j, i] = np.inf
            yield call(errors, keep)
    lonely = np.full((4, 4), np.inf)
    np.fill_diagonal(lonely, 0.0)
    lonely[1, 3] = lonely[3, 1] = 0.4
    yield call(lonely, 3)
    yield call(mirrored([0, 0.3, 0], [0, 0, 0.2], [0, 0, 0]), 2)        # a unit may be perfect


def mirrored(*rows):
    upper = np.triu(np.array(rows, dtype=float), 1)
    return upper + upper.T


best_pairs = Exercise(
    "best_pairs", points=3, right=sorted_pairs,
    public=[
        call(mirrored([0, 0.7, 0.3, 0.9], [0, 0, 0.8, 0.2], [0, 0, 0, 0.5], [0, 0, 0, 0]), 3),
        call(mirrored([0, 0.4, 0.6], [0, 0, np.inf], [0, 0, 0]), 5),
        call(mirrored([0, 0.5, 0.1, 0.45, 0.8], [0, 0, 0.2, 0.9, 0.75], [0, 0, 0, 0.3, 0.25], [0, 0, 0, 0, 0.6], [0, 0, 0, 0, 0]), 4),
        call(mirrored([0, 0.9, 0.2], [0, 0, 0], [0, 0, 0]), 1),
    ],
    hidden=tables,
    hints=("Only the places above the diagonal are pairs: i < j. Everything below says the same again.",
           "np.triu_indices(n, 1) gives the rows and columns of these places. Leave out those where the error is inf.",
           "np.argsort(values) says in which order they grow: take the first `keep`, and look up i and j for each."),
)


@best_pairs.solution
def by_argsort(errors, keep):
    i, j = np.triu_indices(len(errors), 1)
    values = errors[i, j]
    order = [k for k in np.argsort(values) if np.isfinite(values[k])][:keep]
    return np.column_stack([i[order], j[order]])


@best_pairs.solution
def by_sorting_a_list(errors, keep):
    found = []
    for i in range(len(errors)):
        for j in range(i + 1, len(errors)):
            if errors[i, j] < np.inf:
                found.append((errors[i, j], i, j))
    found.sort()
    return np.array([(i, j) for error, i, j in found[:keep]])


@best_pairs.solution
def the_smallest_again_and_again(errors, keep):
    left = errors.copy()
    left[np.tril_indices(len(left))] = np.inf
    found = []
    while len(found) < keep and np.isfinite(left).any():
        i, j = np.unravel_index(np.argmin(left), left.shape)
        found.append([i, j])
        left[i, j] = np.inf
    return found


best_pairs.solution("""
from heapq import nsmallest
from itertools import combinations


def best_pairs(errors, keep):
    fitted = (pair for pair in combinations(range(len(errors)), 2) if not np.isinf(errors[pair]))
    return tuple(nsmallest(keep, fitted, key=errors.__getitem__))
""")


@best_pairs.misconception(why="The table is symmetric, and every pair stands in it twice.",
                          hint="Each pair stands here twice, as (i, j) and as (j, i). Look only above the diagonal.")
def each_pair_twice(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(n) if i != j and np.isfinite(errors[i, j]))
    return np.array([(i, j) for _, i, j in found[:keep]])


@best_pairs.misconception(why="Every i is paired with every other j, and nothing else is asked.",
                          hint="Each pair stands here twice, as (i, j) and as (j, i): look only above the diagonal. And leave out the pairs whose "
                               "error is inf.")
def twice_and_unfitted(errors, keep):
    n = len(errors)
    return np.array([(i, j) for _, i, j in sorted((errors[i, j], i, j) for i in range(n) for j in range(n) if i != j)[:keep]])


@best_pairs.misconception(why="The diagonal holds zeros, and 0 is the smallest error there can be.",
                          hint="You chose places on the diagonal. An input with itself is no pair, and the 0 there is no error.")
def with_the_diagonal(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i, n) if np.isfinite(errors[i, j]))
    return np.array([(i, j) for _, i, j in found[:keep]])


@best_pairs.misconception(why="The zeros of the diagonal are taken out by their value.",
                          hint="A pair with the error 0 is left out here. On the diagonal 0 is no error, but elsewhere it is a perfect unit: choose "
                               "by place, i < j, and not by value.")
def nothing_perfect(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i, n) if 0 < errors[i, j] < np.inf)
    return np.array([(i, j) for _, i, j in found[:keep]])


@best_pairs.misconception(why="Inputs are counted from 1.", hint="The inputs are counted from 1 here. Input numbers begin at 0, as in errors[i, j].")
def counted_from_one(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j]))
    return np.array([(i + 1, j + 1) for _, i, j in found[:keep]])


@best_pairs.misconception(why="Best is read as largest.", hint="These are the largest errors. The best units have the smallest.")
def largest_first(errors, keep):
    n = len(errors)
    found = sorted((-errors[i, j], i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j]))
    return np.array([(i, j) for _, i, j in found[:keep]])


@best_pairs.misconception(why="A pair that could not be fitted is taken when there are not enough others.",
                          hint="An error of inf marks a pair that could not be fitted. Leave it out, even if fewer than `keep` remain.")
def unfitted_pairs_too(errors, keep):
    i, j = np.triu_indices(len(errors), 1)
    order = np.argsort(errors[i, j])[:keep]
    return np.column_stack([i[order], j[order]])


@best_pairs.misconception(why="An input that has been used is thought to be used up.",
                          hint="You use every input only once. An input may stand in as many of the kept pairs as do well.")
def each_input_once(errors, keep):
    n, used, kept = len(errors), set(), []
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j]))
    for _, i, j in found:
        if i not in used and j not in used and len(kept) < keep:
            kept.append((i, j))
            used |= {i, j}
    return np.array(kept)


@best_pairs.misconception(why="np.argsort of the flat list gives positions in that list, not inputs.",
                          hint="These are positions in the list of pairs. Return the inputs: one row (i, j) a pair.")
def places_in_the_list(errors, keep):
    values = errors[np.triu_indices(len(errors), 1)]
    return np.array([k for k in np.argsort(values) if np.isfinite(values[k])][:keep])


@best_pairs.misconception(why="The kept pairs are put back in the order of the inputs.",
                          hint="The right pairs, but in the order of the inputs. The best comes first: the last layer's first unit gives "
                               "the network's answer.")
def in_order_of_the_inputs(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j]))
    return np.array(sorted((i, j) for _, i, j in found[:keep]))


@best_pairs.misconception(why="np.array([i, j]) puts the two lists one below the other.",
                          hint="The pairs stand in the columns: all i in one row, all j in the next. Wanted is one row a pair: "
                               "np.column_stack([i, j]).")
def pairs_in_columns(errors, keep):
    i, j = np.triu_indices(len(errors), 1)
    order = [k for k in np.argsort(errors[i, j]) if np.isfinite(errors[i, j][k])][:keep]
    return np.array([i[order], j[order]])


@best_pairs.misconception(why="The lower half of the table is read, where i is the larger one.",
                          hint="The right pairs, but with the larger input first. Each row is (i, j) with i < j.")
def larger_input_first(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i) if np.isfinite(errors[i, j]))
    return np.array([(i, j) for _, i, j in found[:keep]])


@best_pairs.misconception(why="`keep` is not looked at.", hint="This gives back every pair that could be fitted. Only the best `keep` are wanted.")
def all_of_them(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j]))
    return np.array([(i, j) for _, i, j in found])


@best_pairs.misconception(why="The sorted list holds the errors too, and is returned as it is.",
                          hint="Each row holds the error as well. Return the two inputs alone: (i, j).")
def with_their_errors(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j]))
    return np.array(found[:keep])


@best_pairs.misconception(why="The lower half is overwritten, in the caller's table.",
                          hint="The pairs are right, but the table that came in was changed. Work on errors.copy().")
def in_the_given_table(errors, keep):
    errors[np.tril_indices(len(errors))] = np.inf
    found = []
    while len(found) < keep and np.isfinite(errors).any():
        found.append(np.unravel_index(np.argmin(errors), errors.shape))
        errors[found[-1]] = np.inf
    return np.array(found)


@best_pairs.misconception(why="np.triu(errors, 1) leaves zeros below the diagonal, and they sort first.",
                          hint="You chose places that hold no error: np.triu puts 0 below the diagonal and on it, and 0 is the smallest number "
                               "there. np.triu_indices gives only the places above.")
def zeros_of_the_lower_half(errors, keep):
    upper = np.triu(errors, 1)
    return np.column_stack(np.unravel_index(np.argsort(upper, axis=None, kind="stable")[:keep], upper.shape))


@best_pairs.misconception(why="Pairs are collected in the order of the table and cut off.",
                          hint="These are the first pairs of the table, not the best. Sort them by their errors before you cut.")
def the_first_pairs(errors, keep):
    n = len(errors)
    return np.array([(i, j) for i in range(n) for j in range(i + 1, n) if np.isfinite(errors[i, j])][:keep])


@best_pairs.misconception(why="The table's halves are both read, cut to `keep`, and the mirrored pairs thrown out afterwards.",
                          hint="Each pair was counted twice before the list was cut, so only about half of `keep` remain. Leave out the lower half "
                               "first, then cut.")
def cut_before_the_mirrored_go(errors, keep):
    n = len(errors)
    found = sorted((errors[i, j], i, j) for i in range(n) for j in range(n) if i != j and np.isfinite(errors[i, j]))[:keep]
    return np.array([(i, j) for _, i, j in found if i < j])


# Stacking


def outputs_one_by_one(X, pairs, C):
    rows = X.tolist()
    return np.array([[math.fsum(w * t for w, t in zip(c, (1.0, x[i], x[j], x[i] * x[j], x[i] ** 2, x[j] ** 2), strict=True))
                      for (i, j), c in zip(pairs.tolist(), C.tolist(), strict=True)] for x in rows])


def layers_of_units(rng):
    for n, inputs, units in ((1, 2, 1), (1, 3, 2), (3, 2, 1), (4, 3, 3), (6, 4, 2), (5, 5, 5), (20, 6, 4), (2, 4, 6), (9, 3, 9)):
        for _ in range(2):
            pairs = np.array([np.sort(rng.choice(inputs, 2, replace=False)) for _ in range(units)])
            yield call(rng.normal(size=(n, inputs)), pairs, rng.normal(size=(units, 6)))
    yield call(rng.normal(size=(4, 3)), np.array([[2, 0], [1, 2]]), rng.normal(size=(2, 6)))     # x is the one that is named first


next_layer = Exercise(
    "next_layer", points=3, right=outputs_one_by_one,
    public=[
        call(np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 2.0]]), np.array([[0, 2], [1, 2]]),
             np.array([[1.0, 0.0, 0.0, 2.0, 0.0, 0.0], [0.0, 1.0, -1.0, 0.0, 0.5, 0.0625]])),
        call(np.array([[1.0, -1.0, 2.0, 0.5], [2.0, 1.0, 0.0, 3.0], [0.5, 0.5, -1.0, 1.0]]), np.array([[1, 3], [0, 1], [0, 3]]),
             np.array([[0.5, 1.0, 2.0, 0.0, 0.0, 1.0], [1.0, -1.0, 0.0, 1.5, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0, -1.0, 0.5]])),
        call(np.array([[2.0, 3.0]]), np.array([[0, 1]]), np.array([[1.0, 1.0, -1.0, 1.0, 0.5, 0.0]])),
        call(np.array([[2.0, 3.0], [1.0, -1.0], [0.0, 2.0]]), np.array([[0, 1], [0, 1]]),
             np.array([[1.0, 1.0, -1.0, 1.0, 0.5, 0.0], [2.0, 0.0, 1.0, -1.0, 1.0, 0.5]])),
    ],
    hidden=layers_of_units,
    hints=("One unit at a time: unit k takes the columns pairs[k, 0] and pairs[k, 1] of X, and the row C[k].",
           "Its answers are six terms times six coefficients, added up: one number an example.",
           "Collect the answers of all units and put them side by side: np.column_stack(list_of_answers)."),
)


@next_layer.solution
def unit_by_unit(X, pairs, C):
    answers = []
    for (i, j), c in zip(pairs, C, strict=True):
        x, z = X[:, i], X[:, j]
        answers.append(np.column_stack([np.ones(len(x)), x, z, x * z, x**2, z**2]) @ c)
    return np.column_stack(answers)


@next_layer.solution
def all_units_at_once(X, pairs, C):
    x, z = X[:, pairs[:, 0]], X[:, pairs[:, 1]]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2


@next_layer.solution
def number_by_number(X, pairs, C):
    table = []
    for row in X:
        answers = []
        for (i, j), (a, b, c, d, e, f) in zip(pairs, C, strict=True):
            x, z = row[i], row[j]
            answers.append(a + x * (b + d * z + e * x) + z * (c + f * z))
        table.append(answers)
    return table


next_layer.solution("""
def next_layer(X, pairs, C):
    def unit(pair, c):
        v = np.insert(X[:, pair], 0, 1.0, axis=1)
        square = np.array([[c[0], c[1], c[2]], [0, c[4], c[3]], [0, 0, c[5]]])
        return np.einsum("na,ab,nb->n", v, square, v)

    return [*zip(*map(unit, pairs, C))]
""")


@next_layer.misconception(why="The units' answers are stacked as rows.",
                          hint="The units stand in the rows. Each example should keep its row and each unit be a column, as in X.")
def units_in_rows(X, pairs, C):
    return np.array([np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i] ** 2, X[:, j] ** 2]) @ c
                     for (i, j), c in zip(pairs, C, strict=True)])


@next_layer.misconception(why="The new columns are added to the old ones, as in later networks with shortcuts.",
                          hint="The inputs stand beside the units' answers. The next layer sees only the answers of the units that were "
                               "kept.")
def beside_the_inputs(X, pairs, C):
    new = [np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i] ** 2, X[:, j] ** 2]) @ c
           for (i, j), c in zip(pairs, C, strict=True)]
    return np.column_stack([X, *new])


@next_layer.misconception(why="The loop writes C[0] or keeps c from before it.",
                          hint="All units use the coefficients of the first one. Unit k has the row C[k].")
def one_unit_for_all(X, pairs, C):
    return np.column_stack([np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i] ** 2, X[:, j] ** 2]) @ C[0]
                            for i, j in pairs])


@next_layer.misconception(why="k, the unit's number, is taken for the inputs' number.",
                          hint="Unit k takes the columns named in pairs[k], not the columns k and k + 1.")
def neighbours(X, pairs, C):
    m = X.shape[1]
    return np.column_stack([np.column_stack([np.ones(len(X)), X[:, k % m], X[:, (k + 1) % m], X[:, k % m] * X[:, (k + 1) % m],
                                             X[:, k % m] ** 2, X[:, (k + 1) % m] ** 2]) @ C[k] for k in range(len(C))])


@next_layer.misconception(why="Inputs are counted from 1.",
                          hint="Unit k takes the columns pairs[k] - 1 here. The numbers in `pairs` begin at 0 already: X[:, pairs[k, 0]].")
def columns_counted_from_one(X, pairs, C):
    x, z = X[:, pairs[:, 0] - 1], X[:, pairs[:, 1] - 1]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2


@next_layer.misconception(why="x and z change places, which matters for all terms but two.",
                          hint="x and z have changed places: x is the column pairs[k, 0], z the column pairs[k, 1].")
def inputs_swapped(X, pairs, C):
    return np.column_stack([np.column_stack([np.ones(len(X)), X[:, j], X[:, i], X[:, i] * X[:, j], X[:, j] ** 2, X[:, i] ** 2]) @ c
                            for (i, j), c in zip(pairs, C, strict=True)])


@next_layer.misconception(why="Only the last unit's answers survive the loop.",
                          hint="These are the answers of the last unit only. Collect those of every unit, one column each.")
def only_the_last_unit(X, pairs, C):
    for (i, j), c in zip(pairs, C, strict=True):
        answers = np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i] ** 2, X[:, j] ** 2]) @ c
    return answers


@next_layer.misconception(why="The shape is right after reshape, and so it seems that the table is.",
                          hint="reshape only cuts the numbers anew, in the order in which they lie: it does not turn rows into columns. .T does, and "
                               "so does np.column_stack.")
def cut_anew(X, pairs, C):
    return np.array([np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i] ** 2, X[:, j] ** 2]) @ c
                     for (i, j), c in zip(pairs, C, strict=True)]).reshape(len(X), -1)


@next_layer.misconception(why="The constant multiplies nothing and is forgotten.",
                          hint="The constant is missing: C[:, 0] belongs to the term 1, which is the same for every example.")
def no_constant(X, pairs, C):
    x, z = X[:, pairs[:, 0]], X[:, pairs[:, 1]]
    return C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2


@next_layer.misconception(why="Squares come before products in many books.",
                          hint="The terms are in another order than the coefficients: 1, x, z, xz, x^2, z^2. The product is the fourth.")
def product_after_the_square(X, pairs, C):
    x, z = X[:, pairs[:, 0]], X[:, pairs[:, 1]]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x**2 + C[:, 4] * x * z + C[:, 5] * z**2


@next_layer.misconception(why="X[k] is taken for input k.",
                          hint="X[pairs[:, 0]] takes rows, which are examples. The inputs are columns: X[:, pairs[:, 0]].")
def rows_of_x_for_columns(X, pairs, C):
    x, z = X[pairs[:, 0]], X[pairs[:, 1]]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2


@next_layer.misconception(why="return stands inside the loop over the units.",
                          hint="These are the answers of the first unit only: the function returned in the first turn of the loop. Put return "
                               "behind the loop.")
def returns_after_the_first_unit(X, pairs, C):
    answers = []
    for (i, j), c in zip(pairs, C, strict=True):
        answers.append(np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i] ** 2, X[:, j] ** 2]) @ c)
        return np.column_stack(answers)


@next_layer.misconception(why="pairs[0] and pairs[1] are read as the columns of `pairs`.",
                          hint="pairs[0] is the first unit's pair, not the x of every unit. The columns are pairs[:, 0] and pairs[:, 1].")
def rows_of_pairs(X, pairs, C):
    x, z = X[:, pairs[0]], X[:, pairs[1]]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2


@next_layer.misconception(why="The answers of the units are added, as if they were one.",
                          hint="The units' answers are added up here. Each unit keeps a column of its own.")
def added_up(X, pairs, C):
    x, z = X[:, pairs[:, 0]], X[:, pairs[:, 1]]
    return (C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2).sum(axis=1)


@next_layer.misconception(why="* 2 is written for ** 2.", hint="x and z are doubled in the last two terms, not squared: write x ** 2.")
def doubled_not_squared(X, pairs, C):
    x, z = X[:, pairs[:, 0]], X[:, pairs[:, 1]]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x * 2 + C[:, 5] * z * 2


@next_layer.misconception(why="X is overwritten while later units still read it.",
                          hint="A unit's answers are written over the inputs, and later units read them. All units of a layer see the same X: "
                               "collect the answers elsewhere.")
def written_over_the_inputs(X, pairs, C):
    table = np.zeros((len(X), max(X.shape[1], len(C))))
    table[:, :X.shape[1]] = X
    for k, ((i, j), c) in enumerate(zip(pairs, C, strict=True)):
        x, z = table[:, i].copy(), table[:, j].copy()
        table[:, k] = c[0] + c[1] * x + c[2] * z + c[3] * x * z + c[4] * x**2 + c[5] * z**2
    return table[:, :len(C)]


# Stopping


def layers_to_keep(errors, gain=5e-4):
    values = [float(e) for e in errors]
    return next((k for k in range(1, len(values)) if values[k - 1] - values[k] < gain), len(values))


def histories(rng):
    for n in (1, 2, 3, 5, 8, 12):
        for _ in range(3):
            drops = rng.choice([0.02, 0.1, 0.00013, -0.03, 0.004], n - 1) * rng.uniform(0.8, 1.2, n - 1)
            yield call(np.concatenate([[0.9], 0.9 - np.cumsum(drops)]))
    for gain in (0.01, 0.05, 0.0):
        for _ in range(3):
            drops = rng.choice([0.02, 0.1, 0.003, -0.03, 0.2], 6) * rng.uniform(0.8, 1.2, 6)
            yield call(np.concatenate([[0.95], 0.95 - np.cumsum(drops)]), gain)
    yield call(np.array([0.9, 0.7, 0.5, 0.3]))
    yield call(np.array([0.9, 0.9 - 0.0004, 0.2, 0.1]))
    yield call(np.array([0.5, 0.4, 0.3996, 0.1]))       # a small share of the error may still be less than `gain`
    yield call(np.array([0.3, 0.2996, 0.1]))
    yield call(np.array([1.5, 1.4, 1.3993, 1.1, 1.0997]))
    yield call(np.array([0.5, 0.4997, 0.3, 0.31]), 0.0)
    for gain in (0.25, 0.125, 0.03125):                 # exactly `gain` is enough; these numbers are exact in binary
        yield call(1 - gain * np.arange(4), gain)
        yield call(1 - gain * np.array([0.0, 1.0, 1.5, 2.5]), gain)


stop_at = Exercise(
    "stop_at", points=2, right=layers_to_keep,
    public=[
        call(np.array([0.6, 0.5, 0.45, 0.4497, 0.3])),
        call(np.array([0.6, 0.5, 0.4])),
        call(np.array([0.8, 0.5, 0.55, 0.4, 0.2])),
        call(np.array([0.5, 0.3, 0.29, 0.28]), 0.05),
        call(np.array([0.7])),
        call(np.array([0.75, 0.5, 0.375, 0.25, 0.25]), 0.125),
        call(np.array([0.6, 0.5997, 0.3, 0.2])),
        call(np.array([0.5, 0.4997, 0.3, 0.31]), 0.0),
    ],
    hidden=histories,
    hints=("Go from layer to layer. The gain of a layer is the error before it minus its own error.",
           "At the first gain below `gain`, stop. That layer was not worth it: the network ends with the one before.",
           "Layers are counted from 1: if the second layer's gain is too small, the answer is 1. If all gains are large enough, keep all."),
)


@stop_at.solution
def at_the_first_small_gain(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            return k
    return len(errors)


@stop_at.solution
def with_differences(errors, gain=5e-4):
    errors = np.asarray(errors)
    small = np.flatnonzero(errors[:-1] - errors[1:] < gain)
    return int(small[0]) + 1 if len(small) else len(errors)


@stop_at.solution
def while_it_pays(errors, gain=5e-4):
    kept = 1
    while kept < len(errors) and errors[kept - 1] - errors[kept] >= gain:
        kept += 1
    return kept


stop_at.solution("""
from itertools import pairwise, takewhile


def stop_at(errors, gain=0.0005):
    if len(errors) > 1 and not errors[1] <= errors[0] - gain:
        return 1
    return 1 + sum(1 for _ in takewhile(lambda step: step[0] - step[1] >= gain, pairwise(errors)))
""")


@stop_at.misconception(why="The layer that shows that growing has ended is kept.",
                       hint="This counts the layer that gained too little. The answer comes from the layer before it.")
def with_the_layer_too_many(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            return k + 1
    return len(errors)


@stop_at.misconception(why="Indices and counts are mixed up.",
                       hint="This is the index of the last layer kept, counted from 0. Return how many layers there are.")
def counted_from_zero(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            return k - 1
    return len(errors) - 1


@stop_at.misconception(why="The smallest error of all is looked for, but a growing network cannot look ahead.",
                       hint="This looks for the smallest error of all. A growing network does not know its later layers: it stops at the "
                            "first gain that is too small.")
def the_smallest_of_all(errors, gain=5e-4):
    return int(np.argmin(errors)) + 1


@stop_at.misconception(why="Stopping is understood as: when the error rises.",
                       hint="This stops only when the error rises. A gain that is smaller than `gain` ends the growth as well.")
def only_when_it_rises(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k] > errors[k - 1]:
            return k
    return len(errors)


@stop_at.misconception(why="The size of the change is taken, without its sign.",
                       hint="You take the size of the change. A rise of the error is a change too, but it is no gain.")
def any_change_will_do(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if abs(errors[k - 1] - errors[k]) < gain:
            return k
    return len(errors)


@stop_at.misconception(why="The last small gain is found in place of the first.",
                       hint="This finds the last gain that is too small. Growing ends at the first.")
def the_last_small_gain(errors, gain=5e-4):
    found = len(errors)
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            found = k
    return found


@stop_at.misconception(why="gain has a default, and the number is written out in the body.",
                       hint="You compare with 0.0005 even when another `gain` is given. Use the argument.")
def always_the_same_gain(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < 5e-4:
            return k
    return len(errors)


@stop_at.misconception(why="A gain of exactly `gain` seems to belong to the small ones.",
                       hint="A layer that gains exactly `gain` is worth it: only a gain *below* `gain` ends the growth, < and not <=.")
def just_enough_is_too_little(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] <= gain:
            return k
    return len(errors)


@stop_at.misconception(why="break ends the loop, and its k is returned in either case.",
                       hint="Where every layer is worth it, k is the last index when the loop ends, and that is one too few. Return k inside the "
                            "loop, and len(errors) behind it.")
def k_in_either_case(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            break
    return k


@stop_at.misconception(why="Later libraries go on, and compare with the best layer so far.",
                       hint="This goes on after a layer that gained too little, and may keep a later one. Growing ends there, at the first.")
def the_best_so_far(errors, gain=5e-4):
    best, kept = errors[0], 1
    for k in range(1, len(errors)):
        if best - errors[k] >= gain:
            best, kept = errors[k], k + 1
    return kept


@stop_at.misconception(why="`gain or 0.0005` and `not gain` are used to ask whether a number was given.",
                       hint="A gain of 0 is given, and you put 0.0005 in its place: `or` and `not` take 0 for nothing. The default in the "
                            "def line is enough.")
def zero_is_taken_for_nothing(errors, gain=None):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < (gain or 5e-4):
            return k
    return len(errors)


@stop_at.misconception(why="The gain is measured in shares of the error.",
                       hint="You compare the gain's share of the error. Compare the gain itself: the error before minus the error now.")
def share_of_the_error(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if (errors[k - 1] - errors[k]) / errors[k - 1] < gain:
            return k
    return len(errors)


@stop_at.misconception(why="All layers with a large enough gain are counted.",
                       hint="This counts every layer that gains enough, also those behind the first that does not. Stop there: growing has ended.")
def all_that_gain(errors, gain=5e-4):
    return 1 + sum(errors[k - 1] - errors[k] >= gain for k in range(1, len(errors)))


@stop_at.misconception(why="range ends one too early, so the last layer is never looked at.",
                       hint="The last layer's gain is never looked at. How far does your loop run?")
def last_layer_not_asked(errors, gain=5e-4):
    for k in range(1, len(errors) - 1):
        if errors[k - 1] - errors[k] < gain:
            return k
    return len(errors)


@stop_at.misconception(why="The error now minus the error before is taken for the gain.",
                       hint="The gain has the wrong sign: it is the error before minus the error now, above 0 where the error falls.")
def gain_with_the_wrong_sign(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k] - errors[k - 1] < gain:
            return k
    return len(errors)


@stop_at.misconception(why="The loop begins at 2.",
                       hint="The second layer's gain is never looked at. If it is too small the answer is 1. Where does your loop begin?")
def second_layer_not_asked(errors, gain=5e-4):
    for k in range(2, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            return k
    return len(errors)


@stop_at.misconception(why="The comparison is turned round.",
                       hint="This stops at the first layer that gains enough. Growing goes on there; it ends at the first gain below `gain`.")
def at_the_first_large_gain(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] > gain:
            return k
    return len(errors)


@stop_at.misconception(why="The loop compares layer k with layer k + 1 and returns k, an index.",
                       hint="This is one too few where growing ends early. If the gain from index k to k + 1 is too small, k + 1 layers are kept: "
                            "indices begin at 0.")
def index_for_count(errors, gain=5e-4):
    for k in range(len(errors) - 1):
        if errors[k] - errors[k + 1] < gain:
            return k
    return len(errors)


@stop_at.misconception(why="return len(errors) stands in an else, so the first gain decides.",
                       hint="The function returned in the first turn of the loop. Only when every gain was large enough are all layers kept: put "
                            "return len(errors) behind the loop.")
def decided_at_once(errors, gain=5e-4):
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            return k
        else:
            return len(errors)


@stop_at.misconception(why="np.argmax of an array in which nothing is True is 0.",
                       hint="Where every layer is worth it np.argmax finds no True and answers 0. Ask with .any() whether there is a gain that is "
                            "too small; if not, all layers are kept.")
def argmax_of_no_true(errors, gain=5e-4):
    return int(np.argmax(errors[:-1] - errors[1:] < gain)) + 1


guess_corners = Exercise("guess_corners", points=1, kind="prediction", choices=("a", "b", "c"))
guess_exam = Exercise("guess_exam", points=1, kind="prediction", choices=("a", "b", "c"))
