# %% [markdown]
# # 06 · Momentum
#
# *1964 to 2013. The walls of a valley decide how long a step may be, and its floor is long. How do you get along without longer
# steps?*
#
# Lab 05 had a hard limit: a learning rate above 2 over the largest bend, and descent leaves for good. In a long valley this
# limit comes from the steep walls, and it is the walk along the gentle floor that pays for it. This lab gives the walker a
# memory. It is two lines of code, it has been with neural networks since 1986, and not everybody writes the same two lines.
#
# **When you have finished you can**
#
# - say why plain descent zigzags in a long valley, and what a running sum of gradients does to the zigs and the zags;
# - write classical momentum, Nesterov's look-ahead and Sutskever's schedule, and train a deep network with your own;
# - show that on a quadratic Nesterov's method *is* momentum, with less of it in steep directions;
# - say which learning rates are stable, and see the theory drawn on a map of many thousands of runs;
# - read PyTorch's form, and say when its numbers differ from the paper's and when its path does.
#
# **You need** lab 04 (gradients) and lab 05 (learning rate, stability limit, mini-batches). **Your time**: about 110 minutes
# required; the cells marked *optional* add 10 (run them all the same: the table at the end uses them).
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import time
from fractions import Fraction

import numpy as np

from labkit import check, datasets, devices, figures, surfaces, swarm, widgets
from labkit.checks import agreeing
from labkit.widgets import momentum_rules as ours

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("06_momentum")

# %% [markdown]
# ## The valley
#
# Take the simplest long valley there is: a bowl that is 30 times as steep across as along,
#
# $$ \text{error}(x, y) = \tfrac12 \left( x^2 + 30\, y^2 \right). $$
#
# The slope is $x$ along the valley and $30y$ across. So the ground bends by 1 along it and by 30 across; from here on we call
# a bend by its usual name, **curvature**. A plain step with learning rate $\varepsilon$ multiplies $x$ by $1 - \varepsilon$ and
# $y$ by $1 - 30\varepsilon$. Each direction goes its own way. The second factor must stay above $-1$, which keeps $\varepsilon$
# below $2/30$; and then the first factor is close to 1, whatever we do.

# %% role="picture"
STEEP = np.array([1.0, 30.0])


def bowl(x, y):
    return (STEEP[0] * x**2 + STEEP[1] * y**2) / 2


def slope(w):
    return STEEP * w


def roll(step, w, slope, learning_rate, momentum, steps, ahead=False):
    """The points that a ball visits, (steps + 1, n). ahead : whether the step wants the slope as a function."""
    v, path = np.zeros_like(w), [w]
    for _ in range(steps):
        w, v = step(w, v, slope if ahead else slope(w), learning_rate, momentum)
        path.append(w)
    return np.array(path)

# %% role="picture"
start = np.array([-3.0, 0.9])
plain = roll(ours.momentum_step, start, slope, 0.065, 0.0, 25)          # without momentum it is the plain step
crossings = int((np.diff(np.sign(plain[:, 1])) != 0).sum())
figures.draw_mountain(
    bowl, {"gradient_descent": plain}, extent=(-3.4, 1.2, -1.1, 1.1), minima=[(0, 0)],
    labels=("along the valley", "across"),
    title=f"25 plain steps cross the valley {crossings} times and get {1 - plain[-1, 0] / start[0]:.0%} of the way")

# %% [markdown]
# This is a **zigzag**. Look at the gradients on the way: across, they point one way and then the other; along, they are small
# but always point the same way. Each of them is forgotten as soon as its step has been made. If the walker *added them up*, the
# zigs and the zags would cancel and the small steady ones would grow.
#
# The ratio of the largest curvature to the smallest, here 30, is the bowl's **condition number**. The valleys of deep networks
# are far longer than this one.
#
# ## A heavy ball, 1964
#
# Boris Polyak, in Moscow, asked how iterative methods for equations and minima can be sped up. One answer in his paper of 1964
# keeps a share of the last step. He gave the picture that has stayed: a heavy ball rolls down the hill, and friction keeps it
# from rolling for ever. In the letters of Sutskever and others (2013), with velocity $v$, momentum $\mu$ and learning rate
# $\varepsilon$:
#
# $$ v \leftarrow \mu v - \varepsilon\, g(w), \qquad w \leftarrow w + v $$
#
# where $g(w)$ is the gradient at $w$. Put the first line into itself again and again, and you see what the velocity is,
#
# $$ v = -\varepsilon \left( g_t + \mu\, g_{t-1} + \mu^2 g_{t-2} + \mu^3 g_{t-3} + \dots \right), $$
#
# a **running sum** of all gradients, the newest $g_t$ first, in which the old ones fade. Multiplying by $\mu$ at every step is
# the **attenuation**: with
# 0.5 hardly more than two gradients count, with 0.99 a hundred do.
#
# **The ground is an even slope: the gradient is 1 everywhere. The learning rate is 0.01, the momentum 0.9, and the ball starts
# at rest. What becomes of its velocity?**
#
# - `"a"` it is -0.01 at every step: the slope never changes
# - `"b"` it grows to about -0.1 and stays there
# - `"c"` it grows for ever: nothing stops the ball

# %% role="predict" id="guess_slope"
guess_slope = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_slope = "b"
### END SOLUTION

# %% role="check"
check(guess_slope=guess_slope)

# %% [markdown]
# Now write the step. The gradient is handed to you; the function returns new values and leaves its arguments as they are.

# %% role="solution" id="momentum_step"
def momentum_step(w, v, g, learning_rate, momentum):
    """One step of classical momentum.

    w, v, g : weights, velocity and the gradient at w, arrays of one shape
    learning_rate : above 0      momentum : from 0 to below 1
    Returns (w, v): the weights and the velocity after the step, as new arrays.

    momentum_step(np.array([1.0]), np.array([0.5]), np.array([2.0]), 0.1, 0.9)
    is ([1.25], [0.25]): the velocity is 0.9 * 0.5 - 0.1 * 2
    """
    ### BEGIN SOLUTION
    v = momentum * v - learning_rate * g
    return w + v, v
    ### END SOLUTION

# %% role="check"
check(momentum_step)

# %% role="picture"
pair = np.array([1.0, -2.0]), np.array([0.5, 0.25])
classical, whose = agreeing(momentum_step, ours.momentum_step, (*pair, np.array([3.0, 1.0]), 0.1, 0.9))
print(whose)
speeds = {}
for mu in (0.5, 0.9, 0.99):
    places = roll(classical, np.zeros(1), np.ones_like, 0.01, mu, 400)
    speeds[f"momentum {mu}"] = np.arange(1, 401), -np.diff(places[:, 0]) / 0.01
final = {mu: float(speeds[f"momentum {mu}"][1][-1]) for mu in (0.5, 0.9, 0.99)}
figures.curves({"on an even slope": speeds}, "step", "velocity, in plain steps", logx=True, logy=True,
               title=f"With momentum 0.5, 0.9 and 0.99 the ball ends up {final[0.5]:.0f}, {final[0.9]:.0f} and "
                     f"{final[0.99]:.0f} times as fast",
               alt="Three curves of velocity over 400 steps: each rises from 1 and levels off at 1 / (1 - momentum).")

# %% [markdown]
# It is `"b"`. On an even slope the sum is $1 + \mu + \mu^2 + \dots = 1/(1 - \mu)$, ten for 0.9. That is the ball's final
# velocity, and it also says how many gradients the ball remembers. It takes about as many steps to get up to speed.
#
# Back to the valley, with the same start and the *same* learning rate.

# %% role="picture"
rolled = roll(classical, start, slope, 0.065, 0.7, 25)
figures.draw_mountain(
    bowl, {"gradient_descent": plain, "momentum": rolled}, extent=(-3.4, 1.2, -1.1, 1.1), minima=[(0, 0)],
    labels=("along the valley", "across"),
    title=f"25 steps at the same learning rate: {np.hypot(*plain[-1]):.2f} from the bottom without momentum, "
          f"{np.hypot(*rolled[-1]):.3f} with 0.7")

# %% [markdown]
# Take the steps apart into their two directions. That is the whole idea in one picture.

# %% role="picture"
steps_taken = {"plain": (np.diff(plain, axis=0), "gradient_descent"),
               "momentum 0.7": (np.diff(rolled, axis=0), "momentum")}
panels = {heading: {label: (np.arange(1, 16), moves[:15, k], name) for label, (moves, name) in steps_taken.items()}
          for k, heading in enumerate(("along the valley", "across"))}
furthest = [np.abs(moves[:, 0]).max() for moves, _ in steps_taken.values()]
wobble = [np.abs(moves[3:15, 1]).sum() for moves, _ in steps_taken.values()]
figures.curves(panels, "step", "how far the step goes", markers=True,
               title=f"Along, momentum's steps grow to {furthest[1] / furthest[0]:.1f} times plain ones; "
                     f"across, they swing {wobble[0] / wobble[1]:.1f} times less",
               alt="Two panels over 15 steps. Along the valley plain steps shrink slowly while those of momentum first "
                   "grow. Across it both swing from side to side, and momentum's swings die out sooner.")

# %% [markdown]
# So is momentum only a larger learning rate, $1/(1-\mu)$ times as large? Along the valley it acts like one. Try the larger
# learning rate itself.

# %% role="picture"
faster = roll(ours.momentum_step, start, slope, 0.065 / (1 - 0.7), 0.0, 25)
print(f"25 plain steps with the learning rate 0.065 / 0.3: {np.hypot(*faster[-1]):.2g} from the bottom")

# %% [markdown]
# Momentum adds up only what keeps its direction. A larger learning rate enlarges everything.
#
# ## How much is it worth?
#
# Polyak also said what the best pair is for a bowl with smallest curvature $m$ and largest $L$, condition number $\kappa =
# L/m$:
#
# $$ \varepsilon = \left( \frac{2}{\sqrt{L} + \sqrt{m}} \right)^2, \qquad \mu = \left( \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1} \right)^2 $$
#
# In the long run each step then leaves $\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$ of the distance. The best plain descent, with
# $\varepsilon = 2/(L+m)$, leaves $\frac{\kappa - 1}{\kappa + 1}$. Count steps, with your function: first in the valley of condition
# number 30, for every momentum. Without any it takes about 200. **Before you run the cells: how many with 0.9, how many with 0.99?**

# %% role="picture"
def best_pair(condition):
    """Polyak's learning rate and momentum for curvatures 1 and `condition`."""
    root = np.sqrt(condition)
    return (2 / (root + 1)) ** 2, ((root - 1) / (root + 1)) ** 2


def steps_needed(step, condition, learning_rate, momentum, share=1e-6):
    """Steps until the distance to the bottom of a bowl is this share of what it was, and stays so for ten."""
    curvature, w, v = np.array([1.0, condition]), np.ones(2), np.zeros(2)
    last = count = 0
    while count - last < 10:
        w, v = step(w, v, curvature * w, learning_rate, momentum)
        count += 1
        if abs(w).max() > share:
            last = count
    return last + 1

# %% role="picture"
momenta = np.linspace(0, 0.99, 67)
arrivals = [steps_needed(classical, 30, 2 / 31, mu) for mu in momenta]
quickest, usual = int(np.argmin(arrivals)), int(np.abs(momenta - 0.9).argmin())
figures.curves({"condition number 30, the best plain rate": {"steps": (momenta, arrivals, "momentum")}}, "momentum",
               "steps to a millionth of the distance", logy=True, marks=[(momenta[quickest], f"{momenta[quickest]:.2f}")],
               title=f"Steps without momentum: {arrivals[0]}; with {momenta[quickest]:.2f}: {arrivals[quickest]}; "
                     f"with 0.9: {arrivals[usual]}; with 0.99: {arrivals[-1]:,}",
               alt=f"Steps against momentum: falling to the lowest at {momenta[quickest]:.2f}, then rising ever more steeply to far "
                   "above where they began.")

# %% [markdown]
# Even 0.9, the usual value, is slower here than no momentum at all: the ball is at the bottom soon, and cannot stop. Much momentum
# is for *longer* valleys; how much, Polyak's second formula says. Here they are, each with its best pair.

# %% role="picture"
conditions = np.array([10, 30, 100, 300, 1000, 3000])
plainly = [steps_needed(classical, c, 2 / (1 + c), 0.0) for c in conditions]
heavily = [steps_needed(classical, c, *best_pair(c)) for c in conditions]
powers = [np.polyfit(np.log(conditions[2:]), np.log(counts[2:]), 1)[0] for counts in (plainly, heavily)]
figures.curves({"down to a millionth of the distance": {"plain, best rate": (conditions, plainly, "gradient_descent"),
                                                        "Polyak's pair": (conditions, heavily, "momentum")}},
               "condition number", "steps", logx=True, logy=True, markers=True,
               title=f"Plain steps grow like the condition number to the power {powers[0]:.2f}, "
                     f"Polyak's like the power {powers[1]:.2f}",
               alt=f"Steps against condition number on logarithmic scales: two rising lines; at 3,000 plain descent "
                   f"needs {plainly[-1]:,} steps, momentum {heavily[-1]:,}.")

# %% [markdown]
# A square root, for one line of code. At a condition number of 10,000 it is the difference between a night and a few minutes.
#
# ## Look before you leap, 1983
#
# Yurii Nesterov found in 1983 a method for convex problems (one valley and no other flat place) that is provably faster than
# plain descent, and that no method which only looks at gradients can beat by more than a constant factor. His paper speaks of
# sequences and estimates and shows no ball. Thirty years later Sutskever, Martens, Dahl and Hinton rewrote it for neural
# networks as *Nesterov's accelerated gradient* (NAG), and it turned out to be classical momentum (CM) with one change:
#
# $$ v \leftarrow \mu v - \varepsilon\, g(w + \mu v), \qquad w \leftarrow w + v $$
#
# The velocity will carry the weights by $\mu v$ in any case. So first jump, *then* look at the slope where you have landed, and
# correct. Classical momentum looks first and jumps afterwards, and learns of a mistake one step too late.
#
# This time you are handed the gradient as a function, for you decide where it is taken. (When `check` names a slope, such as
# `wave_slope`, you find it in `ours`: call `ours.wave_slope`.)

# %% role="solution" id="nesterov_step"
def nesterov_step(w, v, gradient, learning_rate, momentum):
    """One step of Nesterov's method, in the form of Sutskever and others.

    w, v     : weights and velocity, (n,)
    gradient : a function; gradient(point) is the gradient at that point, both of them arrays, (n,)
    Returns (w, v) after the step, as new arrays.

    nesterov_step(np.array([1.0]), np.array([-0.5]), lambda w: 2 * w, 0.1, 0.8)
    is ([0.48], [-0.52]): the gradient is taken at 0.6
    """
    ### BEGIN SOLUTION
    v = momentum * v - learning_rate * gradient(w + momentum * v)
    return w + v, v
    ### END SOLUTION

# %% role="check"
check(nesterov_step)

# %% [markdown]
# One step of each from the same place, with the same velocity, in a valley 6 times as steep across. The ball is about to cross
# the floor and run up the far wall; the slope where it stands does not yet say so.

# %% role="picture"
look_ahead, whose = agreeing(nesterov_step, ours.nesterov_step, (*pair, ours.quartic_slope, 0.1, 0.9),
                             (*pair, ours.wave_slope, 0.5, 0.5))
print(whose)
here, moving, steep = np.array([-2.0, 0.25]), np.array([0.9, -1.1]), np.array([1.0, 6.0])
ends = {"momentum": classical(here, moving, steep * here, 0.12, 0.9)[0],
        "nesterov": look_ahead(here, moving, lambda w: steep * w, 0.12, 0.9)[0]}
figures.one_step_each(lambda x, y: (x**2 + 6 * y**2) / 2, here, 0.9 * moving, ends, extent=(-2.9, 0.3, -1.3, 0.8))

# %% [markdown]
# Classical momentum subtracts a slope that is out of date, and even accelerates towards the wall. Nesterov's brakes.
#
# Braking is calmer. **With momentum 0.9, in a direction of curvature $\lambda$: which of the two stands the larger learning rate
# before it leaves for good?**
#
# - `"a"` Nesterov: it looks ahead
# - `"b"` classical momentum
# - `"c"` both have the same limit

# %% role="predict" id="guess_limit"
guess_limit = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_limit = "b"
### END SOLUTION

# %% role="check"
check(guess_limit=guess_limit)

# %% [markdown]
# Now roll balls with your own two steps. Three things to look for:
#
# - *Long straight valley*, learning rate 0.02: raise the momentum from 0 to 0.99. Which of the two swings, and in which
#   direction?
# - Momentum 0.9: raise the learning rate slowly. Which ball is lost first?
# - *Curved valley*: where does the ball leave the floor? Try momentum 0.5, then 0.95.

# %% [markdown]
# ![](still:rolling_ball)

# %% role="picture"
widgets.rolling_ball(momentum_step, nesterov_step)

# %% [markdown]
# ## Out of the hole
#
# In lab 05 a walker stayed in the first valley that it met. Does a ball, too? Here is a road that goes down to 0 from both sides, with
# a hole about every 6. Ten of your balls start at -20. **Before you run the cell: which of them come to rest at 0?**

# %% role="picture"
def road(w):
    """The slope of w^2 / 40 - cos w."""
    return w / 20 + np.sin(w)


rides = {heading: {f"{mu}": (np.arange(801), roll(step, np.array([-20.0]), road, 0.1, mu, 800, ahead)[:, 0], name if mu else "gradient_descent")
                   for mu in (0.0, 0.8, 0.9, 0.95, 0.99)}
         for heading, name, step, ahead in (("classical", "momentum", classical, False), ("Nesterov", "nesterov", look_ahead, True))}
rests = {heading: ", ".join(f"{round(float(ride[-1]))}" for _, ride, _ in balls.values()) for heading, balls in rides.items()}
figures.curves(rides, "step (at the ends: the momentum)", "place on the road", ends=True,
               title="At rest: " + "; ".join(f"{name} at {places}" for name, places in rests.items()),
               alt="Two panels of five walks over 800 steps. Without momentum the walk ends in the first hole; the higher the "
                   "momentum, the further the ball rolls through the holes and back again before one of them holds it.")

# %% [markdown]
# Each hole is a local minimum. Plain steps never leave the first one. A ball with enough momentum rolls through several, up and down
# again: then one of them catches it, and it need not be the deepest. Put -19 in the place of -20, and the list is another one. So momentum does
# leave local minima; where it stops is luck.

# %% [markdown]
# ## The same thing after all, on a quadratic
#
# Why does Nesterov's ball swing less? On a **quadratic** bowl, where the slope along each axis is a fixed curvature times the
# distance from the bottom, this has an exact answer. Along a direction of curvature $\lambda$
# (an **eigendirection**: the bowl's axes) the gradient at $w$ is $\lambda w$. Put that into Nesterov's first line:
#
# $$ v \leftarrow \mu v - \varepsilon \lambda\, (w + \mu v) $$
#
# Collect what stands before $v$ and what stands before $w$, and compare with classical momentum in the same direction, $v
# \leftarrow \mu' v - \varepsilon \lambda w$. Both are the same step, if $\mu'$ is the right number. Which? (Pencil and paper;
# two lines.)

# %% role="solution" id="equal_momentum"
def equal_momentum(momentum, learning_rate, curvature):
    """The momentum with which the classical step does what Nesterov's does with `momentum`.

    curvature : of one direction each, (n,)
    Returns (n,): one momentum a direction. It depends on the curvature.

    equal_momentum(0.9, 0.1, np.array([0.0, 1.0])) is [0.9, 0.81]
    """
    ### BEGIN SOLUTION
    return momentum * (1 - learning_rate * curvature)
    ### END SOLUTION

# %% role="check"
check(equal_momentum)

# %% [markdown]
# See whether it holds, in a bowl with five axes that lie askew to the weights. One ball takes 200 of your Nesterov steps in all
# five weights at once. The other takes labkit's classical steps along each axis by itself, with the momentum that your formula
# says.

# %% role="picture"
equal, whose = agreeing(equal_momentum, ours.equal_momentum, (0.9, 0.1, np.array([0.5, 4.0, 12.0])))
print(whose)
rng = np.random.default_rng(0)
axes, curvature = np.linalg.qr(rng.normal(size=(5, 5)))[0], np.array([0.1, 1.0, 4.0, 9.0, 10.0])
begin = rng.normal(size=5)
nag = roll(look_ahead, begin, lambda w: axes @ (curvature * (axes.T @ w)), 0.1, 0.95, 200, ahead=True)
cm = roll(ours.momentum_step, axes.T @ begin, lambda w: curvature * w, 0.1, equal(0.95, 0.1, curvature), 200) @ axes.T
plain_cm = roll(ours.momentum_step, axes.T @ begin, lambda w: curvature * w, 0.1, 0.95, 200) @ axes.T
gap, other_gap = float(np.abs(nag - cm).max()), float(np.abs(nag - plain_cm).max())
print(f"largest difference of any weight in 200 steps:   {gap:.0e}   (a float holds about 16 digits)")
print(f"with momentum 0.95 in every direction it is:     {other_gap:.1f}")

# %% [markdown]
# *Optional.* What is left is rounding. Without rounding nothing is left: in fractions the two are equal, every digit of them.

# %% role="picture"
mu, eps, lam = Fraction(9, 10), Fraction(1, 8), Fraction(3)
(a, u), (b, v) = (Fraction(1), Fraction(0)), (Fraction(1), Fraction(0))
for _ in range(12):
    a, u = ours.nesterov_step(a, u, lambda w: lam * w, eps, mu)
    b, v = ours.momentum_step(b, v, lam * b, eps, ours.equal_momentum(mu, eps, lam))
exactly = a == b
print("after 12 steps, Nesterov:", a, "\n              classical:", b, "\nequal:", exactly)

# %% [markdown]
# So Nesterov's method gives every direction a momentum of its own: nearly all of $\mu$ where the ground is gentle, less where
# it is steep, none where $\varepsilon\lambda = 1$. It does so without knowing any curvature: the look-ahead feels it.
#
# Back to your prediction: which of the two stands the larger learning rate? The balls have hinted at it; now measure it. Along one
# direction a step turns the pair $(w, v)$ into a new pair by a table of four numbers. We can read the table off your own function
# by feeding it $(1, 0)$ and $(0, 1)$. The size of its largest eigenvalue is what a step leaves of the distance, in the long run:
# below 1 the ball arrives, above 1 it leaves. (An eigenvalue is a factor by which the table stretches one of its own directions.
# It may be a complex number, when the ball swings; then its size counts.)

# %% role="picture"
def keeps(step, product, momentum, ahead=False):
    """What a step leaves of the distance in the long run, where learning rate times curvature is `product`."""
    columns = [np.ravel(step(w, v, (lambda w: w) if ahead else w, product, momentum)) for w, v in np.eye(2)[:, :, None]]
    return float(np.abs(np.linalg.eigvals(np.array(columns).T)).max())


products = np.linspace(0.01, 4, 400)
left = {mu: {"classical": (products, [keeps(classical, p, mu) for p in products], "momentum"),
             "Nesterov": (products, [keeps(look_ahead, p, mu, ahead=True) for p in products], "nesterov"),
             "plain": (products, np.abs(1 - products), "gradient_descent")} for mu in (0.9, 0.99)}
edge = {name: float(products[np.array(kept) < 1].max()) for name, (_, kept, _) in left[0.9].items()}
figures.curves({f"momentum {mu}": lines for mu, lines in left.items()}, "learning rate × curvature",
               "share left by a step", ylim=(0, 1.3),
               title=f"Momentum 0.9: classical is stable up to {edge['classical']:.1f}, "
                     f"Nesterov to {edge['Nesterov']:.2f}, plain to {edge['plain']:.1f}",
               alt="Two panels of what a step leaves. Classical momentum leaves the same share almost everywhere; "
                   "Nesterov's leaves less than that between 0 and 1, nothing at 1, and passes 1 earlier than the others.")

# %% [markdown]
# It is `"b"`, and the gap is wide. From the eigenvalues one gets
#
# $$ \varepsilon\lambda < 2(1 + \mu) \ \text{(classical)}, \qquad \varepsilon\lambda < \frac{2(1+\mu)}{1+2\mu} \ \text{(Nesterov)}. $$
#
# Beyond $\varepsilon\lambda = 1$ the momentum $\mu(1-\varepsilon\lambda)$ is negative, and ever larger in size: the look-ahead
# overcorrects. So Nesterov's method does *not* tolerate larger learning rates than the classical one. What it tolerates is
# larger **momentum**. Between 0 and 1 its curve lies below the classical one, which is flat at $\sqrt\mu$ once it swings: at
# $\mu = 0.999$ that is a swing which hardly ever dies out. Look at it.

# %% role="picture"
far_bowl = np.array([1.0, 100_000.0])
high = {}
for label, name, step, mu, ahead in (("classical", "momentum", classical, 0.999, False),
                                     ("Nesterov", "nesterov", look_ahead, 0.999, True),
                                     ("plain", "gradient_descent", classical, 0.0, False)):
    path = roll(step, np.ones(2), lambda w: far_bowl * w, 0.2 / 100_000, mu, 6000, ahead)
    heights = (far_bowl * path**2).sum(axis=1) / 2
    high[label] = np.arange(100, 6001, 100), heights[1:].reshape(60, 100).max(axis=1), name
ended = {label: float(values[-1]) for label, (_, values, _) in high.items()}
figures.curves({"momentum 0.999, learning rate 0.2 / largest curvature": high}, "step", "highest in each 100 steps",
               logy=True, title=f"Condition number 100,000, height after 6,000 steps: classical {ended['classical']:.0f}, "
                                f"plain {ended['plain']:.2f}, Nesterov {ended['Nesterov']:.4f}",
               alt="Heights over 6,000 steps on a logarithmic scale. Classical momentum comes down slowly from far up; "
                   "plain descent stops falling early; Nesterov's falls below both.")

# %% [markdown]
# Plain descent has no trouble with the walls and gets nowhere along the floor. Classical momentum moves along the floor, but it
# was thrown against the walls at the start, and that swing takes thousands of steps to die out. Nesterov's does both: along the
# floor $\varepsilon\lambda$ is tiny and it is the same heavy ball; across, its momentum is smaller and the swing is gone after
# a few steps.
#
# ## Begin with little
#
# At the start of training nothing has a steady direction yet. A sum of a hundred gradients from a hundred different places is
# then no guide, and a heavy ball that was pushed the wrong way takes a hundred steps to forget it. So one begins with little
# momentum and raises it. Sutskever and others climb a staircase:
#
# $$ \mu_t = \min\left( 1 - 2^{-1 - \log_2(\lfloor t/250 \rfloor + 1)},\ \mu_{\max} \right) $$
#
# The brackets $\lfloor\ \rfloor$ mean: rounded down. It looks forbidding; when you have written it, look for a shorter way to
# say it.

# %% role="solution" id="momentum_schedule"
def momentum_schedule(t, most=0.99, every=250):
    """The momentum of step t.

    t     : the number of the step, a whole number from 0
    most  : the momentum never passes this
    every : so many steps share a stair
    Returns one number.

    momentum_schedule(0) is 0.5, momentum_schedule(250) is 0.75, momentum_schedule(1000) is 0.9
    """
    ### BEGIN SOLUTION
    return min(1 - 2.0 ** (-1 - np.log2(np.floor(t / every) + 1)), most)
    ### END SOLUTION

# %% role="check"
check(momentum_schedule)

# %% role="picture"
schedule, whose = agreeing(momentum_schedule, ours.momentum_schedule, (0,), (700, 0.99, 100), (9_999, 0.9))
print(whose)
ticks = np.arange(0, 15_000, 25)
climbs = {f"at most {most}": (ticks, [1 / (1 - float(schedule(int(t), most))) for t in ticks])
          for most in (0.999, 0.99, 0.9)}
reached = {most: next(t for t in range(0, 200_000, 250) if schedule(t, most) >= most - 1e-12)
           for most in (0.9, 0.99, 0.999)}
print("reaches", ", ".join(f"{most} at step {t:,}" for most, t in reached.items()))
figures.curves({"": climbs}, "step", "gradients remembered", marks=[(reached[0.9], "0.9"), (reached[0.99], "0.99")],
               title=f"The memory, 1 / (1 - momentum), grows evenly: 10 gradients after {reached[0.9]:,} steps, "
                     f"100 after {reached[0.99]:,}",
               alt="A staircase over 15,000 steps that climbs evenly from 2 to 120 remembered gradients, and two copies "
                   "of it cut off at 100 and 10.")

# %% [markdown]
# The short way: on stair $k = \lfloor t/250 \rfloor + 1$ the momentum is $1 - \frac{1}{2k}$, so the ball remembers $2k$
# gradients. That is the even staircase of the picture.
#
# ## A deep network
#
# In 2013 many believed that deep networks cannot be trained from a random start by descent alone: they were pretrained layer by
# layer (lab 08), or trained with second-order methods, which use curvatures as well as slopes. Sutskever and his co-authors
# took Hinton and Salakhutdinov's deep **autoencoders**, networks that have to give back their input through a narrow middle.
# With a careful start, 15 random connections into each unit, and a schedule up to a high $\mu_{\max}$, plain backpropagation
# with momentum reached what only the second-order method had reached.
#
# Their networks, step counts and sweeps over settings are far too much for a notebook, and were not run for it. Here is the
# shape of it: digits of 8 by 8 pixels through layers of 32, 16, **8**, 16 and 32 sigmoid units, 1,000 steps on 100 digits each,
# four values of $\mu_{\max}$, two methods, three learning rates. The schedule is compressed to fit: a stair takes 8 steps in
# place of 250. Every step below is made by your functions. (If they go through the weights one by one, that would take minutes;
# then labkit's, which do the same, take over, and a line below says so.)

# %% role="picture"
from labkit.initializers import sparse
from labkit.losses import sigmoid_cross_entropy
from labkit.network import dense_network

images = np.asarray(datasets.digits().X, np.float32)


def image_error(network):
    """The squared error of the network's answers, summed over an image; the mean over all images."""
    answers = 1 / (1 + np.exp(-network.predict(images)))
    return float(((answers - images) ** 2).sum(axis=1).mean())

# %% role="picture"
def in_time(step, labkits, third):
    """`step`, or labkit's where a step of this network's 5,544 weights takes longer than a millisecond."""
    weights, took = np.zeros(5_544), []
    for _ in range(3):
        begun = time.perf_counter()
        step(weights, weights, third, 0.1, 0.9)
        took.append(1000 * (time.perf_counter() - begun))
    if step is labkits or min(took) < 1:
        return step
    print(f"Your {labkits.__name__} takes {min(took):.0f} ms a step, and 23,000 steps are to come: labkit's makes them.")
    return labkits


swift = {False: in_time(classical, ours.momentum_step, np.zeros(5_544)), True: in_time(look_ahead, ours.nesterov_step, np.copy)}

# %% role="picture"
def autoencode(most, ahead, learning_rate, steps=1000, every=8, lower_last=0, seed=0):
    """Train an autoencoder; returns its error. lower_last : so many last steps keep to a momentum of 0.9."""
    rng, sizes = np.random.default_rng(1), (64, 32, 16, 8, 16, 32, 64)
    network = dense_network(sizes, "sigmoid", initializer=sparse, random_state=seed, dtype=np.float32)
    weights = network.params.flat
    w, v = weights.copy(), np.zeros_like(weights)
    for t in range(steps):
        batch = images[rng.integers(len(images), size=100)]

        def gradient(point, batch=batch):
            weights[:] = point
            return network.gradient(batch, batch, sigmoid_cross_entropy)[1].flat

        mu = float(schedule(t, most, every)) if most else 0.0
        mu = min(mu, 0.9) if t >= steps - lower_last else mu
        w, v = swift[ahead](w, v, gradient if ahead else gradient(w), learning_rate, mu)
    weights[:] = w
    return image_error(network)

# %% role="picture"
begun = time.perf_counter()
rates, mosts = (0.3, 0.1, 0.03), (0.0, 0.9, 0.99, 0.999)
found = {(most, ahead, rate): autoencode(most, ahead, rate) for rate in rates for most in mosts[1:] for ahead in (False, True)}
for rate in rates:
    found[0.0, False, rate] = found[0.0, True, rate] = autoencode(0.0, False, rate)       # without momentum both are plain
print(f"21 networks in {time.perf_counter() - begun:.0f} s")

# %% role="picture"
memory = [1 / (1 - most) for most in mosts]
methods = (("classical", False, "momentum"), ("Nesterov", True, "nesterov"))
panels = {f"learning rate {rate}": {label: (memory, [found[most, ahead, rate] for most in mosts], name)
                                    for label, ahead, name in methods} for rate in rates}
best = {(most, ahead): min(found[most, ahead, rate] for rate in rates) for most in mosts for ahead in (False, True)}
figures.curves(panels, "1 / (1 - highest momentum)", "squared error an image", logx=True, logy=True, markers=True,
               title=f"Momentum up to 0.999: classical gets to {best[0.999, False]:.2f}, Nesterov to "
                     f"{best[0.999, True]:.2f}; plain steps to {best[0.0, False]:.2f}",
               alt="Three panels, one a learning rate, of the error against the momentum reached, from 0 to 0.999. Up to "
                   "0.9 both fall alike; beyond it the classical error lies well above Nesterov's.")

# %% [markdown]
# Up to 0.9 the two are alike. Where the momentum is high, Nesterov's method goes on gaining or keeps most of what it gained,
# and the classical one swings itself out of it. Sutskever and his co-authors report the same. A learning rate of 0.3 is too
# much for either once the momentum is high; here the theory above is little help, for it knows neither the noise of small
# batches nor curvature that changes on the way.
#
# A larger run, recorded: MNIST (60,000 digits of 28 by 28 pixels) through layers of 200, 100, 50, **20**, 50, 100 and 200,
# 2,000 steps on 200 digits each, stairs of 16 steps, the best of the learning rates 0.05, 0.0125 and 0.003. Squared error an
# image on the first 5,000 digits it was trained on:
#
# | highest momentum | 0 | 0.9 | 0.99 | 0.999 |
# |---|---|---|---|---|
# | classical | 27.82 | 13.73 | 12.82 | 13.63 |
# | Nesterov | (the same) | 14.96 | 10.18 | 10.89 |
#
# (2 CPU cores, AMD EPYC, 2026-11-21, seed 0. In the instructors' checkout, with MNIST in a folder, `LABKIT_DATA=FOLDER python -m
# pytest -m slow tests/paper/test_06_momentum.py` trains these networks again.) The same shape, with one exception to keep in
# mind: at 0.9 it is the classical method that is a little ahead.
#
# One more of their findings. A heavy ball explores well and settles badly. They lowered the momentum to 0.9 for the last 1,000
# steps.

# %% role="picture"
swinging = found[0.999, False, 0.1], found[0.999, True, 0.1]
settled = tuple(autoencode(0.999, ahead, 0.1, lower_last=100) for ahead in (False, True))
for label, before, after in zip(("classical", "Nesterov "), swinging, settled, strict=True):
    print(f"{label} up to 0.999 to the end: {before:.2f};   back to 0.9 for the last 100 steps: {after:.2f}")

# %% [markdown]
# ## Which Nesterov have you got?
#
# Type Nesterov's method from the paper, then use PyTorch's `SGD(momentum=0.9, nesterov=True)`, same start and same settings:
# the weights differ at every step. Neither is wrong. There are two differences.
#
# **Where the learning rate stands.** PyTorch's buffer $b$ adds up bare gradients, $b \leftarrow \mu b + g$, and the learning
# rate comes last, $w \leftarrow w - \varepsilon b$. The paper's velocity is $v = -\varepsilon b$. While $\varepsilon$ stays the
# same, nothing changes but the name. When it changes, the path does: the paper's velocity still holds steps made with the old
# learning rate.
#
# **Which point is stored.** The paper stores $w$ and takes the gradient at $w + \mu v$. A library would like to take gradients
# where its weights are. So Bengio, Boulanger-Lewandowski and Pascanu (2013) store the point ahead: call $p = w + \mu v$ "the
# weights", and work out how *it* moves. In PyTorch's letters:
#
# $$ b \leftarrow \mu b + g(p), \qquad p \leftarrow p - \varepsilon \left( g(p) + \mu b \right) $$
#
# First the translation from the paper's pair to PyTorch's, then the step.

# %% role="solution" id="to_shifted"
def to_shifted(w, v, learning_rate, momentum):
    """From the paper's weights and velocity to what PyTorch would hold at the same moment.

    w, v : arrays of one shape
    Returns (p, b) of that shape: the stored point, ahead of w; and the buffer, a sum of bare gradients.

    to_shifted(np.array([1.0]), np.array([0.5]), 0.1, 0.8) is ([1.4], [-5.0])
    """
    ### BEGIN SOLUTION
    return w + momentum * v, -v / learning_rate
    ### END SOLUTION

# %% role="check"
check(to_shifted)

# %% role="solution" id="shifted_step"
def shifted_step(w, buffer, g, learning_rate, momentum):
    """One step of Nesterov's method in PyTorch's form.

    w, buffer, g : the stored point, the buffer, and the gradient at the stored point; arrays of one shape
    Returns (w, buffer) after the step, as new arrays.

    shifted_step(np.array([1.0]), np.array([0.5]), np.array([2.0]), 0.1, 0.8)
    is ([0.608], [2.4]): 1 - 0.1 * (2 + 0.8 * 2.4)
    """
    ### BEGIN SOLUTION
    buffer = momentum * buffer + g
    return w - learning_rate * (g + momentum * buffer), buffer
    ### END SOLUTION

# %% role="check"
check(shifted_step)

# %% role="picture"
change, whose = agreeing(to_shifted, ours.to_shifted, (*pair, 0.1, 0.9))
shift, whose_shift = agreeing(shifted_step, ours.shifted_step, (*pair, np.array([3.0, 1.0]), 0.1, 0.9))
print(whose, whose_shift, "", " step   paper's w        PyTorch's w      paper's, changed   difference", sep="\n")
w, v = np.array([2.0]), np.zeros(1)
p, b = change(w, v, 0.1, 0.9)
apart = []
for t in range(1, 31):
    w, v = look_ahead(w, v, ours.wave_slope, 0.1, 0.9)
    p, b = shift(p, b, ours.wave_slope(p), 0.1, 0.9)
    changed = change(w, v, 0.1, 0.9)[0]
    apart.append(float(np.abs(p - changed).max()))
    if t in (1, 2, 3, 10, 30):
        print(f"{t:5d}   {w[0]:+.10f}    {p[0]:+.10f}    {changed[0]:+.10f}      {apart[-1]:.0e}")

# %% [markdown]
# Different numbers, the same walk: after the change of variable nothing differs but rounding. (labkit's `NesterovShifted`,
# which does what your `shifted_step` does, is compared in labkit's tests with points that PyTorch 2.13 itself visited.) Two
# things follow. When you compare with a paper, compare losses at *its* point. And where the momentum changes from step to step,
# as on the staircase, the shift changes as well, and the two forms are no longer exactly the same.
#
# Now the other difference, in classical momentum: the learning rate falls to a tenth after 60 steps, as it often does in
# training.

# %% role="picture"
def with_drop(form, steps=120, momentum=0.95):
    """How far each step goes along an even slope; after half of them the learning rate falls from 0.01 to 0.001."""
    w, v, moves = np.zeros(1), np.zeros(1), []
    for t in range(steps):
        rate = 0.01 if t < steps // 2 else 0.001
        if form == "paper":
            new, v = classical(w, v, np.ones(1), rate, momentum)
        else:
            v = momentum * v + 1.0
            new = w - rate * v
        moves.append(float((w - new)[0]))
        w = new
    return np.array(moves)

# %% role="picture"
moves = {form: with_drop(form) for form in ("paper", "PyTorch")}
overshoot = float(moves["paper"][60:].sum() / moves["PyTorch"][60:].sum())
figures.curves({"momentum 0.95 on an even slope": {"paper: v = μv - εg": (np.arange(1, 121), moves["paper"]),
                                                   "PyTorch: b = μb + g, step εb": (np.arange(1, 121), moves["PyTorch"])}},
               "step", "length of the step", logy=True, marks=[(60.5, "learning rate / 10")],
               title=f"After the drop the paper's ball coasts: it goes {overshoot:.1f} times as far in the next 60 steps",
               alt="Two curves of step length. They are the same until the learning rate falls at step 60; then "
                   "PyTorch's falls tenfold at once, the paper's decays over many steps.")

# %% [markdown]
# ## At scale
#
# Polyak needed algebra to say which pairs of learning rate and momentum work. We can simply try them all. Each pixel below is a
# run of its own: 2,000 steps in a straight valley of condition number 100, from one start. The dashed line is not fitted to
# anything: it is the theory above, with $\lambda = 100$.

# %% role="swarm"
side = devices.scale(600, 240, emulated=10, what="rates and as many momenta")
steps = int(devices.scale(2_000, 2_000, emulated=60, what="steps"))
print(side.note)
valley = surfaces.bowl(100.0)
rate_axis, mu_axis = np.logspace(-5, -0.7, side), 1 - np.logspace(0, -3.3, side)
limits = {"classical": 2 * (1 + mu_axis) / 100, "Nesterov": 2 * (1 + mu_axis) / (1 + 2 * mu_axis) / 100}
runs, agreement = {}, {}
for heading, name in (("classical", "momentum"), ("Nesterov", "nesterov")):
    swarm_runs = swarm.descents(valley, rate_axis[None, :], mu_axis[:, None], (2.0, 1.0), name, steps=steps)
    runs[heading] = swarm_runs.value / valley.value(2.0, 1.0)
    agreement[heading] = float(np.mean(swarm_runs.diverged == (rate_axis[None, :] > limits[heading][:, None])))

# %% role="swarm"
print("How many powers of ten of learning rates reach a millionth of the height?")
for mu in (0.0, 0.9, 0.99):
    row = np.abs(mu_axis - mu).argmin()
    deep = [(ends[row] < 1e-6).sum() * np.log10(rate_axis[1] / rate_axis[0]) for ends in runs.values()]
    print(f"momentum {mu:<4}: {deep[0]:.1f} (classical) and {deep[1]:.1f} (Nesterov)")
figures.stability_maps(runs, rate_axis, mu_axis, limits, best_pair(100.0),
                       title=f"{2 * side**2:,} runs: theory is right about {agreement['classical']:.2%} and "
                             f"{agreement['Nesterov']:.2%} of them")

# %% [markdown]
# Bright is deep down. Read the maps from bottom to top: with more momentum, ever smaller learning rates are enough, and a wide
# range of them does equally well. That is worth as much as the speed, for nobody knows the curvatures beforehand. Close to the
# upper edge the ball remembers about as many steps as it has, and still swings when the time is up. On the right, Nesterov's
# limit bends to the left: that was the prediction. Left of it, see how much further up the map stays bright.
#
# *Optional.* A real valley bends, and its curvature changes from place to place. Rosenbrock's valley with the same eyes. The
# dashed line uses the curvature *at the minimum*, which is all that theory can say.

# %% role="swarm"
bend = surfaces.valley(100.0)
top = float(np.linalg.eigvalsh([[802.0, -400.0], [-400.0, 200.0]]).max())      # the second derivatives at (1, 1)
bent_rates, bent, lost = np.logspace(-5, -2, side), {}, {}
bent_limits = {heading: values * 100 / top for heading, values in limits.items()}
for heading, name in (("classical", "momentum"), ("Nesterov", "nesterov")):
    ends = swarm.descents(bend, bent_rates[None, :], mu_axis[:, None], (-1.2, 1.0), name, steps=steps)
    bent[heading] = ends.value / bend.value(-1.2, 1.0)
    lost[heading] = float(np.mean(ends.diverged & (bent_rates[None, :] < bent_limits[heading][:, None])))
figures.stability_maps(bent, bent_rates, mu_axis, bent_limits,
                       title=f"A curved valley: {lost['classical']:.0%} and {lost['Nesterov']:.0%} of the runs leave though "
                             "the bottom is stable")

# %% [markdown]
# ## The paper said, we got, why

# %% role="table"
theory = [(np.sqrt(100) - 1) / (np.sqrt(100) + 1), 99 / 101]
kept = [max(keeps(classical, best_pair(100.0)[0] * c, best_pair(100.0)[1]) for c in (1, 100)),
        max(keeps(classical, 2 / 101 * c, 0.0) for c in (1, 100))]
printed = {0: 0.5, 250: 0.75, 1000: 0.9, 12_250: 0.99, 124_750: 0.999}
ours_printed = {t: float(schedule(t, 0.999)) for t in printed}
nag_999, cm_999 = ([found[0.999, ahead, rate] for rate in rates] for ahead in (True, False))
figures.paper_table([
    {"claim": "Momentum takes the root of the condition number", "kind": "theorem",
     "paper": "in the long run a step leaves (√κ - 1)/(√κ + 1), not (κ - 1)/(κ + 1) (Polyak 1964)",
     "ours": f"κ = 100: {kept[0]:.4f} and {kept[1]:.4f}; the formulas say {theory[0]:.4f} and {theory[1]:.4f}",
     "setting": "eigenvalues of the step as your function makes it, Polyak's pair and the best plain rate",
     "why": "gentle and steep directions swing with the same size of eigenvalue, √μ",
     "ok": max(abs(a - b) for a, b in zip(kept, theory, strict=True)) < 1e-6},
    {"claim": "Stability limits", "kind": "theorem",
     "paper": "momentum can widen the range of learning rates (Qian 1999): up to 2(1 + μ)/λ; Nesterov's up to 2(1 + μ)/((1 + 2μ)λ)",
     "ours": f"right for {agreement['classical']:.2%} and {agreement['Nesterov']:.2%} of the runs",
     "setting": f"{side} × {side} runs each, {steps:,} steps, condition number 100, float32; left = further than 10,000 from the bottom",
     "why": "just beyond the limit a run leaves too slowly to be far away by the last step",
     "ok": min(agreement.values()) > 0.999},
    {"claim": "NAG(μ) is CM(μ(1 - ελ))", "kind": "theorem",
     "paper": "in each eigendirection of a quadratic, exactly (Sutskever et al. 2013, theorem 2.1)",
     "ours": f"largest difference {gap:.0e} in floats; in fractions {'none' if exactly else 'some'}",
     "setting": "five directions askew, curvatures 0.1 to 10, ε = 0.1, μ = 0.95, 200 steps; fractions: 12 steps",
     "why": "the gradient at w + μv is λw + λμv, and the second part is momentum",
     "ok": gap < 1e-13 and exactly},
    {"claim": "The schedule", "kind": "number",
     "paper": "min(1 - 2^(-1 - log2(⌊t/250⌋ + 1)), μmax) (Sutskever et al. 2013, eq. 5)",
     "ours": "; ".join(f"step {t:,}: {mu:g}" for t, mu in ours_printed.items()),
     "setting": "momentum_schedule, μmax = 0.999",
     "why": "1 - 1/(2k) on stair k",
     "ok": all(abs(ours_printed[t] - mu) < 1e-9 for t, mu in printed.items())},
    {"claim": "NAG's error is no higher than CM's at μmax = 0.999", "kind": "figure",
     "paper": "so on their deep autoencoders (Sutskever et al. 2013, table 1)",
     "ours": "; ".join(f"rate {rate}: {n:.2f} against {c:.2f}" for rate, n, c in zip(rates, nag_999, cm_999, strict=True)),
     "setting": "digits 8 × 8, first 898, code of 8, 1,000 steps of 100, stairs of 8 steps, seed 0; their own networks and step counts were not run",
     "why": "less momentum in the steep directions, so less swinging",
     "ok": all(n <= c * 1.02 for n, c in zip(nag_999, cm_999, strict=True))},
    {"claim": "High momentum, with a schedule, beats plain descent", "kind": "figure",
     "paper": "large momentum does better, above all with Nesterov's method (Sutskever et al. 2013, table 1)",
     "ours": f"Nesterov: {' → '.join(f'{best[most, True]:.2f}' for most in mosts)} at μmax = {', '.join(f'{most:g}' for most in mosts)}",
     "setting": "as above, the best of three learning rates",
     "why": "1,000 steps are few, and plain descent crawls along the valley floors",
     "ok": best[0.99, True] < 0.6 * best[0.0, True]},
    {"claim": "Lower the momentum at the end", "kind": "figure",
     "paper": "μ back to 0.9 for the last 1,000 updates lowers the error (Sutskever et al. 2013)",
     "ours": f"classical {swinging[0]:.2f} → {settled[0]:.2f}, Nesterov {swinging[1]:.2f} → {settled[1]:.2f}",
     "setting": "as above, learning rate 0.1, the last 100 of 1,000 steps",
     "why": "a heavy ball swings about the floor of its valley; a lighter one settles",
     "ok": settled[0] < swinging[0] and settled[1] < swinging[1] * 1.02},
    {"claim": "PyTorch's Nesterov takes the same walk", "kind": "theorem",
     "paper": "the same iterates after a change of variable, ε and μ constant (Bengio et al. 2013)",
     "ours": f"largest difference {max(apart):.0e} in 30 steps",
     "setting": "a row of waves, ε = 0.1, μ = 0.9, your to_shifted and shifted_step",
     "why": "what is stored is w + μv in place of w",
     "ok": max(apart) < 1e-12},
])

# %% [markdown]
# ## Explain it
#
# **A friend says: "Momentum is nothing but a larger learning rate. With 0.9 I could as well take ten times the learning rate
# and save the velocity." Explain to him (1) what is right about this: what momentum does along a valley; (2) what is wrong: what it
# does across, with something that you saw in this lab; (3) why he would not want 0.99 from the first step on; and (4) in which
# directions Nesterov's look-ahead changes the momentum, by how much, and what it does *not* buy him.** (Eight to twelve
# sentences.)

# %% [markdown] role="explain" id="explain_momentum" points=4
# A model answer. On an even slope he is right: there the velocity grows to 1/(1 - 0.9) = 10 plain steps and stays, so in the
# long run the ball moves like plain descent with ten times the learning rate. But a valley is not an even slope. Across it the
# gradient changes its sign from step to step, so in the running sum the zigs and zags cancel, while along the floor all
# gradients point the same way and add up. A larger learning rate enlarges both. In the lab plain descent with the learning rate
# divided by 1 - 0.7 left the bowl for good, while momentum 0.7 with the old learning rate came closer than plain steps had. The
# stability limit of plain descent is 2/λ in the steepest direction; momentum even raises it, to 2(1 + μ)/λ. He would not want
# 0.99 at once, because the ball then remembers a hundred gradients, and at the start these come from places that have little to
# do with each other: it runs off in a direction that was right long ago and needs a hundred steps to forget it. So one starts
# at 0.5 and raises it. Nesterov's look-ahead takes the gradient where the jump will land. On a quadratic that is the same as
# classical momentum with μ(1 - ελ) in a direction of curvature λ: unchanged in gentle directions, less in steep ones. So it can
# use 0.99 or 0.999 without swinging for ever. It does not allow a larger learning rate: its limit, 2(1 + μ)/((1 + 2μ)λ), is
# lower than that of the classical method.
#
# **Marking scheme** (4 points)
#
# - 1 point: what is right: on an even slope, or along the floor, the sum grows to 1/(1 - μ) steps. Half a point for "it is
#   faster" without the sum.
# - 1 point: what is wrong: across the valley the gradients change sign and cancel, whereas a larger learning rate enlarges them
#   too, past the limit; *with* a result from the lab (the two panels, the run that left, the zigzag picture). Without a result
#   half a point.
# - 1 point: why not 0.99 at once: long memory of gradients from elsewhere at the start, slow to forget; raised by a schedule.
#   Saying only "it is unstable" is half a point.
# - 1 point: Nesterov: μ(1 - ελ), less in steep directions (half a point), and that it buys higher momentum but no larger
#   learning rate (half a point).

# %% [markdown]
# ## What you have now
#
# - A step with memory: two lines, and the square root of the condition number saved.
# - Nesterov's look-ahead, and the exact sense in which it is momentum with less of it where the ground is steep.
# - A schedule that begins with little, and a deep network trained with it from a random start.
# - Both ways of writing it down, and the two places where they part: the stored point, and a changing learning rate.
# - Momentum has stayed: Adam, at the end of lab 07, has it inside.
# - The question for lab 07: all this still uses *one* learning rate for all weights, though some see gradients a thousand times
#   as large as others. What if each weight had its own?
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Computational Mathematics and
#   Mathematical Physics 4(5), 1964, pages 1 to 17: the heavy ball, and the best pair on a quadratic.
# - Yu. E. Nesterov, *A method of solving a convex programming problem with convergence rate O(1/k²)*, Soviet Mathematics
#   Doklady 27, 1983, pages 372 to 376.
# - D. E. Rumelhart, G. E. Hinton and R. J. Williams, *Learning representations by back-propagating errors*, Nature 323, 1986,
#   pages 533 to 536: backpropagation with a momentum of 0.9 (α in their letters), which you met in lab 04.
# - N. Qian, *On the momentum term in gradient descent learning algorithms*, Neural Networks 12, 1999, pages 145 to 151: limits
#   for convergence, and a ball in a viscous liquid.
# - G. E. Hinton and R. R. Salakhutdinov, *Reducing the dimensionality of data with neural networks*, Science 313, 2006: the
#   autoencoders.
# - J. Martens, *Deep learning via Hessian-free optimization*, ICML 2010: the second-order method and the sparse start.
# - I. Sutskever, J. Martens, G. Dahl and G. Hinton, *On the importance of initialization and momentum in deep learning*, ICML
#   2013: both methods in the form used here, theorem 2.1, the schedule, the sweeps.
# - Y. Bengio, N. Boulanger-Lewandowski and R. Pascanu, *Advances in optimizing recurrent networks*, ICASSP 2013, pages 8624 to
#   8628: the form that stores the point ahead.
# - PyTorch's documentation of `torch.optim.SGD`, whose note says how its form differs.
# - G. Goh, *Why momentum really works*, Distill, 2017: the eigenvalues of this lab, with pictures to play with.
