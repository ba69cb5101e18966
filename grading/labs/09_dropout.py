# %% [markdown]
# # 09 · Dropout
#
# *1990 to 2014. How can a network with far more weights than examples learn something that holds for the next example too?*
#
# Lab 08 made deep networks trainable. Now they learn anything we show them, and that is the trouble: they also learn what is
# not so. This is the last lab on the way from the perceptron. You see a network learn mistakes by heart, and build what
# people found against it: smaller weights, shorter weights, and a rule that sends every second unit home.
#
# **When you have finished you can**
#
# - see overfitting in two curves, and say which rows each of them was measured on;
# - write dropout forwards, backwards and as a kernel, and say what has to be scaled, when, and by what;
# - tell keep from drop, also where the two are easily confused;
# - say what L1, L2, weight decay and max-norm do to a weight, and which of them makes zeros;
# - choose a setting on one set of rows and report it on another, once.
#
# **You need** lab 03 (three sets of rows), lab 04 (layers forwards and backwards), lab 07 (Adam), lab 00 (kernels). **Your time**:
# about 110 minutes required; the cells marked *optional* add 15 (run them all the same: the table at the end uses them).
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import itertools
import json

import numpy as np

from labkit import check, cuda, datasets, devices, figures, ops, widgets
from labkit.activations import Layer, ReLU, relu, softmax
from labkit.checks import agreeing
from labkit.initializers import he
from labkit.layers import Dense
from labkit.losses import softmax_cross_entropy
from labkit.mlp import MLPClassifier, train_epoch
from labkit.network import Network, dense_network
from labkit.optimizers import Adam, GradientDescent, Momentum
from labkit.regularization import L2, Dropout, MaxNorm, Regularizer, WeightDecay
from labkit.widgets import dropout_rules as ours

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("09_dropout")

# %% [markdown]
# ## More weights than examples
#
# A network may easily have more weights than there are examples to fix them. From 1990 on several answers came one after the other. Yann
# LeCun, John Denker and Sara Solla removed weights that seemed to matter least, and called it *optimal brain damage* (1990). Anders Krogh
# and John Hertz showed for a linear unit why a simple decay of all weights helps (1992); a price for large weights had been charged
# before, by Stephen Hanson and Lorien Pratt (1988). Robert Tibshirani (1996) penalised the absolute value, and found that this *lasso* sets
# coefficients to exactly zero.
#
# In July 2012 Geoffrey Hinton, with Nitish Srivastava, Alex Krizhevsky, Ilya Sutskever and Ruslan Salakhutdinov, proposed something of
# another kind: in every training step, for every example, leave out half of the units, chosen at random. Three of them used it in the
# network that won the ImageNet competition of that year. The full account appeared in 2014 and is the paper of this lab.
#
# ## A network that learns mistakes by heart
#
# 1,797 handwritten digits of 8 by 8 pixels, shuffled with a seed. As in lab 03 there are three sets of rows:
#
# - **fitting rows**, 300: the network is trained on these;
# - **checking rows**, 598: we look at them as often as we like, to choose;
# - **exam rows**, 899: looked at when everything has been chosen.
#
# And one thing more, which we add ourselves. Suppose that whoever labelled the fitting rows was tired: about every fifth label
# was written down without looking, as any digit at all. The checking and exam rows keep their careful labels.

# %% role="picture"
def three_sets(seed, tired=0.2):
    """Fitting, checking and exam rows: (X, y) three times; a share of the fitting labels is any digit at all."""
    digits, rng = datasets.digits("shuffled", seed), np.random.default_rng(seed)
    X, y = digits.X.astype(np.float32), digits.y.copy()
    careless = np.flatnonzero(rng.random(300) < tired)
    y[careless] = rng.integers(0, 10, len(careless))
    return (X[:300], y[:300]), (X[300:], y[300:]), (digits.X_test.astype(np.float32), digits.y_test)


fitting, checking, exam = three_sets(0)
true = datasets.digits("shuffled", 0).y[:300]
mistaken = np.flatnonzero(fitting[1] != true)
wrong_share = len(mistaken) / 300
six = mistaken[:6]
figures.images([fitting[0][i].reshape(8, 8) for i in six], [f"called {fitting[1][i]}" for i in six], distances=False,
               title=f"{len(mistaken)} of the 300 fitting rows ({wrong_share:.0%}) have a wrong label",
               alt="Six of them: " + ", ".join(f"a {true[i]} called {fitting[1][i]}" for i in six) + ".")

# %% [markdown]
# A network 64-256-10 has 64 · 256 + 256 + 256 · 10 + 10 = 19,210 weights and biases for these 300 rows. We train it for 100 epochs with
# Adam and note the error on the fitting and on the checking rows after each. **What will the error on the checking rows do?**
#
# - `"a"` it falls along with the fitting error, as long as that falls
# - `"b"` it falls at first; then it rises, while the fitting error goes on towards zero
# - `"c"` it falls at first, then stays where it is

# %% role="predict" id="guess_held_out"
guess_held_out = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_held_out = "b"
### END SOLUTION

# %% role="check"
check(guess_held_out=guess_held_out)

# %% role="picture"
def error(network, X, y):
    """The share of rows that the network calls wrongly."""
    with ops.blas_threads_for(2**20):       # products this small are faster on one thread
        return float(np.mean(network.predict(X).argmax(axis=1) != y))


def learn(network, sets, epochs=100, regularizers=(), step=0.003, seed=0):
    """Adam on the first set, 50 rows a step; the errors on all sets after each epoch, (n_sets, epochs)."""
    optimizer, rng, history = Adam(step), np.random.default_rng(seed), []
    for _ in range(epochs):
        order = rng.permutation(len(sets[0][1]))
        train_epoch(network, *sets[0], softmax_cross_entropy, optimizer, 50, order, regularizers)
        history.append([error(network, X, y) for X, y in sets])
    return np.array(history).T

# %% role="picture"
sizes, epochs = (64, 256, 10), np.arange(1, 101)
plain = learn(dense_network(sizes, random_state=0, dtype=np.float32), (fitting, checking))
best_epoch = 1 + int(plain[1].argmin())
figures.curves(
    {"64-256-10, nothing against overfitting": {"fitting rows": (epochs, plain[0], "train"),
                                                "checking rows": (epochs, plain[1], "check")}},
    "epochs", "share called wrongly", marks=[(best_epoch, f"best after {best_epoch}")],
    title=f"The fitting error goes to {plain[0, -1]:.0%}; the checking error turns at {plain[1].min():.0%} "
          f"and ends at {plain[1, -1]:.0%}",
    alt="Two curves over 100 epochs. The fitting error falls to zero; the checking error falls for some epochs, "
        "then rises and stays high.")

# %% [markdown]
# It is `"b"`. This is **overfitting**. A perfect reader of digits would have a fitting error of about 19%, for that is how many labels are
# wrong. The network passes this mark and goes on to zero: it has learned each mistake by heart, one by one, and new digits pay for it.
#
# The cheapest remedy is in the picture: stop at the dotted line. **Early stopping** needs nothing but checking rows. But the network
# that we stop is one that was about to learn nonsense. Can it be made so that it does not want to?
#
# ## The exam and the flu
#
# Suppose you are a unit, and a class is preparing for an exam in which everybody may copy. Two pupils are known to study for every
# exam. Will you study? Hardly: you listen to those two and to nobody else, and so does everyone. The class does well as long as those
# two are right, and what they have misread, all have misread.
#
# Now the flu goes round. Every morning each pupil is ill with the same probability, and nobody knows who. On many days both who study are in
# bed. Copying no longer pays; each has to learn something that is useful whoever else is there. That is **dropout**: in training,
# each unit is left out with probability `rate`, anew for every example. In the exam, everybody is there.
#
# One thing has to be settled. At rate 0.2 four fifths of the class are there on a usual day, and in the exam all of it, so
# the next layer would suddenly hear a class that is 1.25 times as loud. **Inverted dropout** settles it at once: in training those who
# are there speak louder, by $1 / (1 - \text{rate})$, so that *on average* the same arrives as in the exam. Then nothing is scaled in
# the exam.
#
# $$ y = x \, m, \qquad m = \begin{cases} 0 & \text{with probability rate} \\ 1/(1-\text{rate}) & \text{otherwise} \end{cases} $$
#
# Chance comes in as data here, as everywhere in this course: you are given a uniform random number between 0 and 1 for each unit of
# each example.

# %% role="solution" id="dropout_forward"
def dropout_forward(X, uniforms, rate):
    """Inverted dropout in training.

    X        : what the units say, (n_examples, n_units)
    uniforms : a random number from 0 to 1 for each of them, (n_examples, n_units)
    rate     : the probability of dropping, at least 0 and below 1
    A unit is dropped where its number is below rate. Returns two arrays of the shape of X: what is left
    of X, and the mask that X was multiplied by. Nothing that is passed in changes.

    dropout_forward(np.array([[3.0, 5.0]]), np.array([[0.1, 0.9]]), 0.2)
    is ([[0, 6.25]], [[0, 1.25]])
    """
    ### BEGIN SOLUTION
    mask = np.where(uniforms < rate, 0.0, 1 / (1 - rate))
    return X * mask, mask
    ### END SOLUTION

# %% role="check"
check(dropout_forward)

# %% [markdown]
# Here is the class. The masks are the ones that your function makes, a row a day. Try these:
#
# - At rate 0.2, watch the sum (bottom left) jump about from day to day, and the lower bars settle at 1.
# - Move the rate with the same uniform numbers: who falls ill first?
# - At which rate are both who study ill on every second day? Look at the line below the picture.
# - If your function does not scale yet, the lower bars say so.

# %% [markdown]
# ![](still:classroom)

# %% role="picture"
widgets.classroom(dropout_forward)

# %% [markdown]
# ## The way back
#
# Backwards, a dropped unit had no say and gets no blame; one that spoke louder counts by just that factor. The mask has to be *the same one*
# as on the way forward, which is why it was returned.

# %% role="solution" id="dropout_backward"
def dropout_backward(dY, mask):
    """The gradient by X, from the gradient by Y = X * mask.

    dY, mask : (n_examples, n_units)
    Returns (n_examples, n_units). Nothing that is passed in changes.

    dropout_backward(np.array([[4.0, 4.0]]), np.array([[0.0, 1.25]])) is [[0, 5]]
    """
    ### BEGIN SOLUTION
    return dY * mask
    ### END SOLUTION

# %% role="check"
check(dropout_backward)

# %% [markdown]
# Your two functions make a layer. It stands behind the inputs with rate 0.2 and behind the hidden units with rate 0.5, as in the
# paper, in the same network as before.

# %% role="picture"
def piece(function, fallback, *examples):
    """Your function or labkit's; prints which of the two it is."""
    chosen, whose = agreeing(function, fallback, *examples)
    print(whose)
    return chosen


some, numbers = np.array([[1.0, -2.0, 3.0]]), np.array([[0.1, 0.35, 0.9]])
drop = piece(dropout_forward, ours.forward, (some, numbers, 0.2), (some, numbers, 0.5))
back = piece(dropout_backward, ours.backward, (some, np.array([[0.0, 1.25, 1.25]])))

# %% role="picture"
class MyDropout(Layer):
    """A layer of a network from your two functions. In use it does nothing."""

    def __init__(self, rate, seed):
        self.rate, self.rng = rate, np.random.default_rng(seed)

    def forward(self, X, training=False):
        if not training:
            return X, lambda dY: (dY, [])
        Y, mask = drop(X, self.rng.random(X.shape), self.rate)
        return np.asarray(Y, X.dtype), lambda dY: (np.asarray(back(dY, mask), dY.dtype), [])

# %% role="picture"
network = Network(MyDropout(0.2, 1), Dense(64, 256, he, 0, np.float32), ReLU(),
                  MyDropout(0.5, 2), Dense(256, 10, he, 1, np.float32))
dropped = learn(network, (fitting, checking))
panels = {words: {"fitting rows": (epochs, curves[0], "train"), "checking rows": (epochs, curves[1], "check")}
          for words, curves in (("without dropout", plain), ("with dropout", dropped))}
without, thanks_to = f"{plain[1, -1]:.0%} without", f"{dropped[1, -1]:.0%} with dropout"
figures.curves(panels, "epochs", "share called wrongly",
               title=f"After 100 epochs the checking error is {without} and {thanks_to}",
               alt="Two panels of two curves. Without dropout the fitting error goes to zero and the checking error rises; "
                   "with dropout the fitting error stays near the share of wrong labels for long and the checking error low.")

# %% [markdown]
# The fitting error now stays for a long time near the share of wrong labels: to learn one row by heart takes a conspiracy of many
# units, and every conspiracy has members in bed. Hinton tells that he thought of banks whose tellers are moved around all the time, so that
# no few of them can plan a fraud together.
#
# Dropout slows overfitting, it does not abolish it. Where the fitting error goes below the mark, mistakes are being learned here too.
#
# ## Keep or drop?
#
# The paper does it the other way round. In training it only drops. In use, each weight is multiplied by the share of examples for which
# its unit was there. And the paper's $p$ is *the probability of keeping* a unit, where PyTorch, Keras and labkit give the probability of
# *dropping*. So $p = 0.8$ in the paper is `rate=0.2` here. A good tutorial, from which other parts of this course come (Le 2015, section 16),
# drops with probability $p$ and then multiplies the weights by $p$ as well, with 0.5 as its example. Is that right?
#
# Write the paper's form, for a layer with weights $W$ whose inputs $H$ were dropped in training, and not scaled.

# %% role="solution" id="scale_for_test"
def scale_for_test(H, W, b, rate):
    """The sums of a layer in use, where training dropped the units of H and scaled nothing.

    H : what all units say now, (n_examples, n_inputs)    W : (n_inputs, n_units)    b : (n_units,)
    rate : the probability with which each unit of H was dropped in training
    Returns (n_examples, n_units): the sums that training heard on average.

    scale_for_test(np.array([[1.0, 1.0]]), np.array([[10.0], [20.0]]), np.array([3.0]), 0.2) is [[27.0]]
    """
    ### BEGIN SOLUTION
    return H @ ((1 - rate) * W) + b
    ### END SOLUTION

# %% role="check"
check(scale_for_test)

# %% role="picture"
ones = np.ones((1, 50))
scaled = piece(scale_for_test, ours.in_use, (ones, ones.T / 50, np.ones(1), 0.2), (ones, ones.T, np.zeros(1), 0.5))
rates = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9])
heard = [np.asarray(scaled(ones, ones.T / 50, np.zeros(1), rate)).item() / (1 - rate) for rate in rates]
figures.loudness(rates, heard)

# %% [markdown]
# At 0.5, keep and drop are the same number, and no test with 0.5 will ever find the mistake. At 0.2 the layer hears a quarter of what it was
# trained on. What does that cost? Two networks, trained in the paper's form with rate 0.2 and with 0.5 on inputs and hidden units, and
# used in three ways. (An answer's *confidence* is the largest of its ten probabilities.)

# %% role="picture"
def used(network, factor, X, y):
    """Error, loss and mean confidence when the weights behind both dropped layers are multiplied by `factor`."""
    first, second = network.layers[1], network.layers[4]
    P = softmax(relu(X @ (np.float32(factor) * first.W) + first.b) @ (np.float32(factor) * second.W) + second.b)
    return np.mean(P.argmax(axis=1) != y), -np.log(P[np.arange(len(y)), y]).mean(), P.max(axis=1).mean()


confused = {}
print("rate  weights times   checking error   loss   mean confidence")
for rate in (0.2, 0.5):
    paper_form = Network(Dropout(rate, False, 1), Dense(64, 256, he, 0, np.float32), ReLU(),
                         Dropout(rate, False, 2), Dense(256, 10, he, 1, np.float32))
    learn(paper_form, (fitting,), epochs=60)
    for words, factor in (("1 - rate", 1 - rate), ("rate", rate), ("1", 1.0)):
        confused[rate, words] = wrong, loss, confidence = used(paper_form, factor, *checking)
        print(f"{rate:4} {words:>14} {wrong:15.1%} {loss:9.2f} {confidence:12.0%}")

# %% [markdown]
# With rate 0.2 and the weights multiplied by 0.2, the network whispers: its confidence is hardly above the 10% of a blind guess, and its
# error is far higher. With rate 0.5 the two lines are equal to the last digit. Without any scaling the error happens to be about as good
# here, for which digit wins seldom changes when all sums grow; but the network is louder than it was trained to be, and its
# probabilities mean something else. That its loss is even lower is luck: the tired labels taught the network to be unsure, the labels
# of the checking rows are careful, and being too loud makes up for it. Trained on careful labels, the scaled network has the lower loss.
#
# So two rules. Ask of every library whether its number is for keeping or for dropping. And test with a number that is not 0.5.
#
# ## A thousand networks in one
#
# With ten hidden units there are $2^{10}$ ways to drop some: 1,024 **thinned** networks, all sharing their weights. Training with
# dropout trains a random one of them at each example. In use, we would like to ask all of them and average. For one layer in front of a
# softmax, Hinton and his colleagues noticed, a single run does it: the network with scaled weights gives *exactly* the geometric mean
# of the answers of all thinned networks. (There answers are multiplied and a root taken, where the ordinary mean adds and divides. Each
# network counts as often as it is drawn, and the result is brought back to a sum of 1.)

# %% role="picture"
tiny = Network(Dense(64, 10, he, 0), ReLU(), Dropout(0.2, False, 2), Dense(10, 10, he, 1))
learn(tiny, ((fitting[0].astype(float), fitting[1]),), epochs=60)
row = int(np.flatnonzero(tiny.predict(checking[0].astype(float)).argmax(axis=1) == checking[1])[3])
H, digit = tiny.activations(checking[0][[row]].astype(float))[2], checking[1][row]
masks = np.array(list(itertools.product([0.0, 1.0], repeat=10)))
chances = np.where(masks == 1, 0.8, 0.2).prod(axis=1)
W, b = tiny.layers[3].W, tiny.layers[3].b
every = softmax((masks * H) @ W + b)                                    # one row a thinned network
geometric = np.exp(chances @ np.log(every))
geometric /= geometric.sum()
whole = softmax(np.asarray(scaled(H, W, b, 0.2), float))[0]
mean_gap = float(np.abs(whole - geometric).max())
print(f"Largest difference between the geometric mean and the network with scaled weights: {mean_gap:.0e}")
figures.thinned(every[:, digit], chances, whole[digit], f"the right digit, {digit}")

# %% [markdown]
# With several layers of hidden units this is no longer exact, but it is close enough to work.
#
# ## The mask as a kernel
#
# Dropout suits a GPU well: every unit asks only its own random number. One thread a unit; as in lab 00, `cuda.grid(1)` tells a thread
# its number. Remember what a kernel may not assume: there may be more threads than units, and `out` holds anything at all before it is
# written.

# %% role="solution" id="dropout_kernel"
@cuda.jit
def dropout_kernel(out, x, uniforms, rate):
    """Inverted dropout: the thread with number i writes out[i], which is 0 where uniforms[i] is below
    rate, and x[i] / (1 - rate) elsewhere.

    out, x, uniforms : float32 arrays of the same length, (n,)      rate : a number, at least 0 and below 1
    There may be more threads than elements; those have nothing to do.

    With rate 0.2, x 3 and 5 and uniforms 0.1 and 0.9, out becomes 0 and 6.25
    """
    ### BEGIN SOLUTION
    i = cuda.grid(1)
    if i < out.size:
        if uniforms[i] < rate:
            out[i] = 0.0
        else:
            out[i] = x[i] / (1.0 - rate)
    ### END SOLUTION

# %% role="check"
check(dropout_kernel)

# %% role="picture"
from labkit.widgets import kernel_rules

x, u = np.arange(1, 21, dtype=np.float32), np.random.default_rng(0).random(20).astype(np.float32)
kernel_rules.watched(dropout_kernel, kernel_rules.dropout, 3, 8, np.zeros(20, np.float32), x, u, 0.2).picture()

# %% [markdown]
# labkit's own kernel (`labkit/kernels/dropout.py`) goes one step further. It reads no uniform numbers from memory: each thread *computes*
# the ones it needs from its place and a seed, so the same seed gives the same mask on a GPU, on a CPU and in the emulator.
#
# ## A price for weights
#
# The older remedies act on the weights. Add a price to the loss, so that a weight has to be worth what it costs:
#
# $$ \text{L2:} \quad \frac{s}{2} \sum w^2, \qquad\qquad \text{L1:} \quad s \sum |w| $$
#
# The price of L2 has the slope $s\,w$: a large weight is pulled back strongly, a small one hardly. The slope of L1 is $s$ for every
# positive weight and $-s$ for every negative one, however small: each is pulled by the same amount. At zero it has no slope at all, and
# that is where it gets interesting. A step of the size $s$ against the slope would take a small weight across zero, the next one back,
# for ever. **Soft-thresholding** does it properly: each weight walks the same distance *towards* zero, and what is nearer than a step
# stops there. (With a learning rate $\eta$ the step is $\eta s$.)

# %% role="solution" id="soft_threshold"
def soft_threshold(W, step):
    """Every weight one step nearer to zero, and never beyond it.

    W : weights, (n_inputs, n_units)      step : 0 or more
    Returns new weights, (n_inputs, n_units).

    soft_threshold(np.array([[3.0, -3.0, 0.4]]), 1.0) is [[2, -2, 0]]
    """
    ### BEGIN SOLUTION
    return np.sign(W) * np.maximum(np.abs(W) - step, 0)
    ### END SOLUTION

# %% role="check"
check(soft_threshold)

# %% [markdown]
# Six weights, no data, just the price. The panel in the middle is L1 without soft-thresholding: the slope as one more gradient.

# %% role="picture"
soft = piece(soft_threshold, ours.soft_threshold, (some, 0.5), (-some, 1.5))
rules = {"L2, w - 0.1 w": lambda w: w - 0.1 * w, "L1, w - 0.07 sign(w)": lambda w: w - 0.07 * np.sign(w),
         "L1, soft-thresholding": lambda w: np.asarray(soft(w[None], 0.07))[0]}
walks = {}
for name, rule in rules.items():
    walks[name] = [np.array([1.5, 0.95, 0.4, -0.2, -0.7, -1.25])]
    for _ in range(28):
        walks[name].append(rule(walks[name][-1]))
figures.walks_to_zero(walks)

# %% [markdown]
# Now with data. One layer of 64 by 10 weights learns the fitting rows with plain gradient descent, three times from the same
# start: without a price, with L2 and with L1. The two prices were chosen so that both do equally well on the checking rows.
# **How many of the 640 weights will be exactly zero at the end?**
#
# - `"a"` none under either: the data never stop pulling, so no weight comes to rest
# - `"b"` none under L2, about half under L1
# - `"c"` none under L2, all but a few dozen under L1

# %% role="predict" id="guess_zeros"
guess_zeros = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_zeros = "b"
### END SOLUTION

# %% role="check"
check(guess_zeros=guess_zeros)

# %% role="picture"
class MyL1(Regularizer):
    """L1 by your soft_threshold, after every step of the optimizer."""

    def __init__(self, strength):
        self.strength = strength

    def after_step(self, params, learning_rate):
        params[0][...] = soft(params[0], learning_rate * self.strength)


def one_layer(optimizer, *regularizers, steps=400):
    """A layer trained on all fitting rows at once."""
    layer = Network(Dense(64, 10, random_state=0))
    for _ in range(steps):
        layer.train_step(fitting[0].astype(float), fitting[1], softmax_cross_entropy, optimizer, regularizers)
    return layer

# %% role="picture"
priced = {"no price": one_layer(GradientDescent(0.3)),
          "L2, s = 0.01": one_layer(GradientDescent(0.3), L2(0.01)),
          "L1, s = 0.003": one_layer(GradientDescent(0.3), MyL1(0.003))}
for name, layer in priced.items():
    print(f"{name:>14}: checking error {error(layer, checking[0].astype(float), checking[1]):.1%}")
left = {name: layer.layers[0].W for name, layer in priced.items()}
zeros = {name: int((W == 0).sum()) for name, W in left.items()}
figures.weights_left(left)

# %% role="picture"
figures.weight_images({name: W[:, 3] for name, W in left.items()}, (8, 8),
                      title="What speaks for a 3: L2 pales all pixels, L1 "
                            f"drops {np.sum(left['L1, s = 0.003'][:, 3] == 0)} of 64",
                      alt="Three images of 8 by 8 weights. In each the top, the bottom and the right of the middle, where a 3 has "
                          "its ink, speak for it; the left of the middle speaks against it. Crosses mark weights of exactly zero.")

# %% [markdown]
# It is `"b"`. (In the pictures blue pixels speak for a 3, orange ones, with a minus, against it, and a cross marks a weight of
# exactly zero.) L2 spreads an opinion over many small weights; L1 buys some and pays for no others, which is welcome where somebody
# wants to read the weights, or to store few. Which is better on new data depends on whether the truth is spread out or not.
#
# **L2 and weight decay.** Under plain gradient descent the step against L2's slope is $w - \eta s w = (1 - \eta s)\, w$: each
# weight decays by a share. The two names are used as if they were one thing. They are, under plain gradient descent, and under
# no other optimizer: momentum carries the pull along, and Adam divides it by the size of past gradients, like everything else
# that it is given.

# %% role="picture"
apart = {}
for optimizer in (GradientDescent, Momentum, Adam):
    step = 0.3 if optimizer is GradientDescent else 0.01
    by_l2, by_decay = (one_layer(optimizer(step), way(0.05), steps=100).layers[0].W for way in (L2, WeightDecay))
    apart[optimizer.__name__] = gap = float(np.abs(by_l2 - by_decay).max())
    print(f"{optimizer.__name__:>16}: L2 and weight decay lead to weights that differ by up to {gap:.1g}")

# %% [markdown]
# ## A limit to length
#
# Dropout's steps are noisy, and learning wants large ones, so weights may run away. The paper's companion for dropout is **max-norm**:
# each unit's incoming weights, a column of $W$, may be as long as a limit and no longer. Unlike a price, it leaves a short column
# alone. It goes back to work on matrix factorization (Srebro and Shraibman 2005).

# %% role="solution" id="max_norm"
def max_norm(W, limit):
    """Every column that is longer than limit is shortened to it; its direction stays.

    W : weights, (n_inputs, n_units): a unit's incoming weights are a column    limit : above 0
    Returns new weights, (n_inputs, n_units). The length is the root of the sum of squares.

    max_norm(np.array([[3.0, 0.6], [4.0, 0.8]]), 2.0) is [[1.2, 0.6], [1.6, 0.8]]
    """
    ### BEGIN SOLUTION
    lengths = np.sqrt((W**2).sum(axis=0))
    return W * (limit / np.maximum(lengths, limit))
    ### END SOLUTION

# %% role="check"
check(max_norm)

# %% role="picture"
class MyMaxNorm(Regularizer):
    """Your max_norm on every weight matrix, after every step of the optimizer."""

    def after_step(self, params, learning_rate):
        for W in params:
            if W.ndim == 2:
                W[...] = limited(W, 1.0)


limited = piece(max_norm, ours.max_norm, (np.array([[3.0, 0.6], [4.0, 0.8]]), 2.0))
for rate, limits in itertools.product((0.0, 0.5), ((), (MyMaxNorm(),))):
    network = dense_network(sizes, "relu", rate, random_state=0, dtype=np.float32)
    learn(network, (fitting,), 60, limits)
    longest = np.linalg.norm(network.layers[0].W, axis=0).max()
    print(f"dropout rate {rate}, {'limit 1' if limits else 'no limit':>8}: longest of 256 columns {longest:.2f},",
          f"checking error {error(network, *checking):.1%}")

# %% [markdown]
# In this small network the limit alone does at least as much as dropout alone, and it helps dropout along. The paper reports them as
# partners, too: there the limit takes the dropout network from 1.25 to 1.06 percent. It need not be so: in the next comparison, where
# inputs are dropped as well, the limit adds nothing.
#
# ## In the manner of the paper
#
# Srivastava and his colleagues compare four networks on MNIST, where nothing is known about which pixels are neighbours: a standard
# network of logistic (sigmoid) units, dropout with logistic units, dropout with ReLU, and max-norm on top. Their test errors are 1.60, 1.35,
# 1.25 and 1.06 percent. The first is quoted from another paper (Simard and colleagues 2003: 800 units a layer); the other three are
# networks 784-1024-1024-1024-10.
#
# Here is the shape of it in seconds: 64-128-128-10 on 300 digits, every fifth labelled without looking, four *other* shuffles, each with
# exam rows of its own (about half of these images are in our exam too; nothing is chosen by what they say). Rates
# are the paper's, 0.2 on inputs and 0.5 on hidden units; the limit 1 was chosen on checking rows.

# %% role="picture"
MODELS = {"standard, logistic": ("sigmoid", False, ()), "dropout, logistic": ("sigmoid", True, ()),
          "dropout, ReLU": ("relu", True, ()), "dropout, ReLU, max-norm": ("relu", True, (MaxNorm(1.0),))}


def exam_error(name, seed, tired=0.2):
    """One of the four networks, trained on the fitting rows of one shuffle: its exam error."""
    activation, dropping, regularizers = MODELS[name]
    sets, sizes = three_sets(seed, tired), (64, 128, 128, 10)
    network = dense_network(sizes, activation, 0.5 * dropping, 0.2 * dropping, None, seed, np.float32)
    learn(network, sets[:1], 100, regularizers, 0.004, seed)
    return error(network, *sets[2])


shape = {name: [exam_error(name, seed) for seed in (1, 2, 3, 4)] for name in MODELS}
medians = {name: float(np.median(values)) for name, values in shape.items()}
standard, *others = shape.values()
won = sum(a < b for values in others for a, b in zip(values, standard, strict=True))
figures.model_rows(
    shape, title=f"A dropout network does better than the standard one in {won} of {3 * len(standard)} comparisons")

# %% [markdown]
# Which of the three dropout networks is best cannot be read from four shuffles of so few rows; that they beat the standard one can.
#
# Now the caution. With *careful* labels on the same 300 digits, is there anything to gain?

# %% role="picture"
careful = {name: [exam_error(name, seed, tired=0.0) for seed in (1, 2, 3)]
           for name in ("standard, logistic", "dropout, ReLU")}
for name, values in careful.items():
    print(f"{name:>20}, careful labels: exam error {np.mean(values):.1%} on average,",
          f"{min(values):.1%} to {max(values):.1%}")

# %% [markdown]
# Hardly, if at all. The paper says the same of very small sets: with 100 or 500 examples of MNIST dropout brought nothing; as the set grew
# the gain first grew, then declined. A method against overfitting helps where overfitting is what goes wrong.
#
# The networks of full size take an hour or more on a laptop. In the instructors' checkout, with MNIST in a folder, `LABKIT_DATA=FOLDER
# python tests/paper/test_09_dropout.py` trains them and writes down what came out, with machine and date. Where that has been done,
# this cell shows it. On 10,000 test images an error of 1.3% is certain only to about 0.1 points, and each network was trained once and not for
# long: do not read much into the order of neighbours.

# %% role="picture"
recorded = datasets.data_root() / "recorded" / "09_dropout.json"
full = json.loads(recorded.read_text(encoding="utf-8")) if recorded.is_file() else None
longer = full.get("longer") if full else None
if full is None:
    print("The networks of full size have not been trained for this copy of the course: nothing to show.")
else:
    print(f"784-1024-1024-1024-10 on MNIST, {full['epochs']} epochs, on {full['machine']}, {full['date']}:")
    for row in full["networks"]:
        print(f"{row['name']:>24}: test error {row['error']:.2%} (the paper {row['paper']:.2%})")
    if longer:
        print(f"{'the same, ' + str(longer['epochs']) + ' epochs':>24}: test error {longer['error']:.2%}",
              f"({longer['machine']}, {longer['date']})")

# %% [markdown]
# ## Choosing, properly
#
# Which rate? Which limit? Such settings are not learned, they are chosen, and the rows on which we choose cannot tell us how good the
# choice is: the best of many was also lucky. You met this in lab 03. So: choose on the checking rows, among as many as you like; report
# on the exam rows, once.

# %% role="picture"
limits = {"no limit": (), "limit 2": (MaxNorm(2.0),), "limit 1": (MaxNorm(1.0),)}
choices = {}
print("checking errors " + "".join(f"{words:>10}" for words in limits))
for rate in (0.0, 0.2, 0.5, 0.8):
    for words, regularizers in limits.items():
        network = dense_network(sizes, "relu", rate, random_state=0, dtype=np.float32)
        learn(network, (fitting,), 60, regularizers)
        choices[rate, words] = error(network, *checking), network
    print(f"       rate {rate:3.1f} " + "".join(f"{choices[rate, words][0]:10.1%}" for words in limits))
chosen = min(choices, key=lambda setting: choices[setting][0])
chosen_check, chosen_network = choices[chosen]
chosen_exam = error(chosen_network, *exam)
print(f"\nChosen on the checking rows: rate {chosen[0]}, {chosen[1]}, {chosen_check:.1%} there.")
print(f"Opened once, the exam says {chosen_exam:.1%} on {len(exam[1])} rows. That is the number to report.")

# %% [markdown]
# ## At scale
#
# How much can be dropped depends on how much there is. Each pixel below is a network with one hidden layer, trained for 60 epochs: its
# width across, its drop rate upwards, its colour the error on the checking rows. (Where this computer has a GPU the map is finer;
# networks this small are trained on the CPU's cores in any case.)

# %% role="swarm"
n = devices.scale(19, 10, emulated=3, what="drop rates")
rates, widths = np.linspace(0.0, 0.9, n).round(2), 2 ** np.arange(3, 10)
errors = np.empty((n, len(widths)))
for i, rate in enumerate(rates):
    for j, width in enumerate(widths):
        model = MLPClassifier((int(width),), learning_rate=0.008, batch_size=100, max_epochs=60, dropout=rate,
                              random_state=0)
        errors[i, j] = error(model.fit(*fitting).network_, *checking)
print(f"{errors.size} networks. {n.note}")
figures.rate_width_map(errors, rates, widths)

# %% [markdown]
# On the left, narrow networks have no units to spare, and every absence hurts. On the right, wide ones learn the tired labels by heart
# unless most of their units are sent home. Along the dashed line the same number of units is left on average. The paper's rule
# of thumb says it so: where $n$ units would do without dropout, take $n / p$ with it, $p$ being the share that is kept.
#
# ## Dropout is a price, too (*optional*)
#
# For linear regression, dropping inputs can be worked out by hand. Averaged over all masks, the squared error is
#
# $$ \lVert y - Xw \rVert^2 + \frac{\text{rate}}{1 - \text{rate}} \sum_j w_j^2 \sum_i x_{ij}^2 , $$
#
# an L2 price with a strength of its own for each input: large inputs pay more. (Inverted form; the paper, section 9.1, has the same
# with $p$.) The formula's solution beside least squares on the average over 20,000 masks that your function makes:

# %% role="picture"
rng = np.random.default_rng(0)
X, rate = rng.normal(size=(40, 5)) * [0.5, 1, 1, 2, 4], 0.2
y = X @ np.array([2.0, -1.0, 0.0, 1.0, 0.5]) + rng.normal(size=40)
by_formula = np.linalg.solve(X.T @ X + rate / (1 - rate) * np.diag((X**2).sum(axis=0)), X.T @ y)
many = np.tile(X, (20_000, 1))
thin = np.asarray(drop(many, rng.random(many.shape), rate)[0])
by_dropping = np.linalg.solve(thin.T @ thin, thin.T @ np.tile(y, 20_000))
ridge_gap = float(np.abs(by_formula - by_dropping).max())
print("least squares:    ", np.linalg.lstsq(X, y, rcond=None)[0].round(3))
print("the L2 price:     ", by_formula.round(3))
print("over the masks:   ", by_dropping.round(3), f" largest difference {ridge_gap:.1g}")

# %% [markdown]
# ## The paper said, we got, why

# %% role="table"
rows = [
    {"claim": "Dropout helps a network that overfits", "kind": "figure",
     "paper": "MNIST test errors fall: 1.60% standard, 1.35% dropout, 1.25% with ReLU, 1.06% with max-norm "
              "(Srivastava 2014, table 2)",
     "ours": " → ".join(f"{value:.1%}" for value in medians.values()),
     "setting": "digits 8 x 8, 300 fitting rows with every fifth label careless, medians of 4 shuffles (seeds 1 to 4) "
                "on 899 exam rows, 64-128-128-10, Adam 0.004, 100 epochs",
     "why": "the gap to the standard network is there on every shuffle; the order of the last three is within chance "
            "at this size",
     "ok": won == 3 * len(standard) and max(map(np.median, others)) < 0.8 * np.median(standard)},
    {"claim": "No gain on a very small clean set", "kind": "figure",
     "paper": "with 100 or 500 examples dropout brings no improvement (Srivastava 2014, section 7.4)",
     "ours": ", ".join(f"{name} {np.mean(values):.1%}" for name, values in careful.items()),
     "setting": "the same with careful labels, means of 3 shuffles",
     "why": "there is little to unlearn, and dropout also costs units",
     "ok": abs(np.mean(careful["standard, logistic"]) - np.mean(careful["dropout, ReLU"])) < 0.03},
    {"claim": "One run asks all thinned networks", "kind": "theorem",
     "paper": "for one hidden layer and a softmax the mean network gives the geometric mean of all 2^n (Hinton 2012)",
     "ours": f"off by {mean_gap:.0e} at most",
     "setting": "64-10-10, all 1,024 thinned networks, rate 0.2, one checking row",
     "why": "the mean of logarithms is a mean of sums, and the mean of a mask is 1 - rate",
     "ok": mean_gap < 1e-9},
    {"claim": "Keep and drop", "kind": "theorem",
     "paper": "a unit kept with probability p has its outgoing weights multiplied by p in use (Srivastava 2014, section 4)",
     "ours": f"rate 0.2: error {confused[0.2, '1 - rate'][0]:.1%}, with keep and drop confused "
             f"{confused[0.2, 'rate'][0]:.1%}; rate 0.5: {confused[0.5, '1 - rate'][0]:.1%} and {confused[0.5, 'rate'][0]:.1%}",
     "setting": "64-256-10 in the paper's form, 60 epochs, 598 checking rows",
     "why": "at 0.5 both factors are 0.5",
     "ok": confused[0.5, "rate"] == confused[0.5, "1 - rate"]
           and confused[0.2, "rate"][1] > 2 * confused[0.2, "1 - rate"][1]},
    {"claim": "L1 zeroes weights, L2 shrinks them", "kind": "theorem",
     "paper": "the lasso sets some coefficients to exactly 0, ridge regression only shrinks (Tibshirani 1996)",
     "ours": ", ".join(f"{name}: {count} of 640 at 0" for name, count in zeros.items()),
     "setting": "one layer 64-10, gradient descent 0.3, 400 steps, same start; L1 by soft-thresholding",
     "why": "L1 pulls a tiny weight as hard as a large one, L2 hardly at all",
     "ok": zeros["L1, s = 0.003"] > 200 and zeros["L2, s = 0.01"] == 0},
    {"claim": "L2 is weight decay only under gradient descent", "kind": "theorem",
     "paper": "equal for standard stochastic gradient descent, not for adaptive methods such as Adam "
              "(Loshchilov and Hutter 2019)",
     "ours": ", ".join(f"{name} {value:.1g}" for name, value in apart.items()),
     "setting": "largest difference of 640 weights after 100 steps, strength 0.05",
     "why": "Adam divides the penalty's slope by the size of past gradients; decay is not divided",
     "ok": apart["GradientDescent"] < 1e-12 and min(apart["Momentum"], apart["Adam"]) > 0.01},
    {"claim": "Dropout on linear regression is an L2 price", "kind": "theorem",
     "paper": "the expected loss is ridge regression with each weight scaled by its input's size "
              "(Srivastava 2014, section 9.1)",
     "ours": f"weights differ by {ridge_gap:.1g} at most",
     "setting": "40 rows, 5 inputs, rate 0.2, 20,000 masks a row",
     "why": "masks drawn at random: the difference shrinks with the root of their number",
     "ok": ridge_gap < 0.02},
]
if full is not None:
    further = "took dropout further" if full["networks"][3]["error"] < full["networks"][2]["error"] else "did not add to dropout"
    rows.append({"claim": "The networks of full size, within 0.4 points", "kind": "number", "paper": "1.60, 1.35, 1.25 and 1.06 percent",
                 "ours": ", ".join(f"{100 * row['error']:.2f}" for row in full["networks"]) + " percent" +
                         (f"; the last after {longer['epochs']} epochs {100 * longer['error']:.2f}" if longer else ""),
                 "setting": f"MNIST, 784-1024-1024-1024-10, {full['epochs']} epochs, {full['machine']}, {full['date']}",
                 "why": "the paper made a million updates, and its first row is another network; ours is the same "
                        f"without dropout. After {full['epochs']} epochs max-norm {further}",
                 "ok": all(abs(row["error"] - row["paper"]) < 0.004 for row in full["networks"])})
figures.paper_table(rows)

# %% [markdown]
# ## Looking back
#
# You have come all the way. Each method answered a question that the one before had left open.
#
# | when | method | the question it answered | lab |
# |---|---|---|---|
# | 1943 | threshold unit | can a nerve cell compute? | 01 |
# | 1958 | perceptron | who sets the weights? The examples, one mistake at a time | 01 |
# | 1960 | delta rule | what if the answers are never quite right? Follow *how* wrong, not only *whether* | 01 |
# | 1969 | hidden units | what can no single unit do? What no line separates | 02 |
# | 1965-71 | Ivakhnenko's layers | who tells a hidden unit what to answer? All get the final answer, and other rows choose | 03 |
# | 1970-86 | backpropagation | what does an inner weight have to do with the error at the end? | 04 |
# | 1951- | stochastic descent | must we look at everything before each step? | 05 |
# | 1964, 1983 | momentum, Nesterov | how do we get along a narrow valley? | 06 |
# | 2011-12 | Adagrad, RMSprop | must every weight take steps of the same size? | 07 |
# | 1991-2015 | the vanishing gradient, pretraining, ReLU, good starts | why do the first layers of a deep network learn nothing? | 08 |
# | 1990-2014 | decay, L1, dropout | is what was learned also true of the next example? | 09 |
#
# None of these was obvious at the time, several were found more than once, and most were doubted. Networks of the 2010s are
# made of all of them: a unit of 1943, learning from examples as in 1958, many layers as in 1965, trained by the chain rule as
# in 1970, in small noisy steps as in 1951. What was new was mostly that it worked, on machines a good deal faster and sets of
# examples a good deal larger.
#
# ## Explain it
#
# **A colleague reads in Srivastava's paper that "p = 0.8 for inputs and 0.5 for hidden units". In her library, whose `Dropout(rate)` only
# drops and leaves the scaling to her, she writes rate 0.8 for the inputs and 0.5 for the hidden units, and in use she multiplies
# the weights behind each layer by its rate. Her unit tests, all with 0.5, pass. The network is poor. Explain (1) what she has
# confused, in both places; (2) why her tests could not see it; (3) what the layer behind the inputs hears in training and in use, in
# numbers, as she has it and as it should be, and how inverted dropout avoids the question; and (4) why dropping units
# should make a network better on new examples at all, and on which rows she may find out which rate to take.** (Eight to twelve sentences.)

# %% [markdown] role="explain" id="explain_keep_drop" points=4
# A model answer. In the paper p is the probability of keeping a unit, in her library rate is the probability of dropping one.
# So p = 0.8 means rate = 0.2; she drops four of five pixels where the paper drops one of five. In use the weights have to be
# multiplied by the probability with which their unit was there, which is 1 - rate, not rate. At 0.5 both probabilities are the
# same number, so each mistake leaves every result unchanged; a test with 0.2 or 0.8 would have failed at once. As she has it,
# each input is there in 20% of the examples, so in training the sums behind it are on average 0.2 of the full sums; in use she
# multiplies by 0.8, four times as much as the layer was trained on. As it should be, with rate 0.2, the layer hears 0.8 of the
# full sums on average in training, and in use the weights are multiplied by 0.8, so that it hears the same. Inverted dropout
# divides by 1 - rate in training, so that the full sums arrive on average there already, and in use nothing is scaled and there
# is nothing to confuse. Dropping helps because a unit cannot rely on particular others being there: conspiracies of many units
# that fit single examples, mistakes among them, fall apart, and each unit has to learn something useful by itself. One can also
# say that very many thinned networks with common weights are averaged. In the lab the standard network learned all wrong labels
# and its checking error rose, with dropout it stayed low. The rate is chosen on checking rows that were not fitted; the exam
# rows are for one final number.
#
# **Marking scheme** (4 points)
#
# - 1 point: keep and drop, in both places (rate = 1 - p in training; 1 - rate as the factor in use). One place only: half a point.
# - 1 point: at 0.5 the two coincide, so no test with 0.5 can tell them apart. "The tests were too few" without the reason: half a point.
# - 1 point: numbers: hers 0.2 in training against 0.8 in use (four times), right 0.8 and 0.8; inverted dropout scales by 1/(1 - rate) in
#   training and not at all in use. Numbers without inverted dropout, or the reverse: half a point.
# - 1 point: a reason why it helps (no reliance on particular units, or an average of many networks, with something seen in the lab) *and*
#   that the rate is chosen on checking rows, not on the exam. One of the two: half a point.

# %% [markdown]
# ## What you have now
#
# - Overfitting seen in two curves, and three kinds of remedy: stop early, make weights cost something, send units home.
# - Dropout forwards, backwards and as a kernel; in the paper's form and inverted; and the habit of asking "keep or drop?".
# - Soft-thresholding, which makes zeros; decay, which does not; max-norm, which only limits.
# - A number that may be reported: chosen on checking rows, measured once on exam rows.
# - The whole way from the perceptron to dropout, each step built by yourself.
#
# This is the end of the spine. The branches, labs 10 to 14, are still to come: networks that see, that remember, and the machines that
# made them possible.
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, *Dropout: a simple way to prevent neural networks from
#   overfitting*, Journal of Machine Learning Research 15, 2014, pages 1929 to 1958: table 2, sections 4, 5.1, 7.4 and 9.1, appendices
#   A and B.1.
# - G. Hinton, N. Srivastava, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, *Improving neural networks by preventing co-adaptation
#   of feature detectors*, arXiv:1207.0580, 2012: the first account, and the geometric mean.
# - A. Krizhevsky, I. Sutskever and G. Hinton, *ImageNet classification with deep convolutional neural networks*, NIPS 25, 2012.
# - S. Hanson and L. Pratt, *Comparing biases for minimal network construction with back-propagation*, NIPS 1, 1988. Y. LeCun, J. Denker and
#   S. Solla, *Optimal brain damage*, NIPS 2, 1990. A. Krogh and J. Hertz, *A simple weight decay can improve generalization*, NIPS 4, 1992,
#   pages 950 to 957.
# - R. Tibshirani, *Regression shrinkage and selection via the lasso*, Journal of the Royal Statistical Society B 58, 1996.
# - N. Srebro and A. Shraibman, *Rank, trace-norm and max-norm*, COLT 2005.
# - I. Loshchilov and F. Hutter, *Decoupled weight decay regularization*, ICLR 2019.
# - P. Simard, D. Steinkraus and J. Platt, *Best practices for convolutional neural networks applied to visual document analysis*, ICDAR 2003.
# - Q. V. Le, *A tutorial on deep learning, part 1*, 2015, section 16: dropout, scaled by the drop rate, and in the weights before the
#   dropped units, not behind them. T. Dettmers, *Deep learning in a nutshell: history and training*, 2015: the exam and the flu.
# - The tellers of the bank: G. Hinton as quoted in several lectures and interviews; J. Lin, *The idea behind dropout*, jovianlin.io.
# - E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI, 1998: the digits. Y. LeCun, C. Cortes and C. Burges, *The MNIST
#   database of handwritten digits*.
