# %% [markdown]
# # 00 · Start here
#
# *1943 to 2012. How did machines learn to learn, and what will you build?*
#
# This first lab shows you around. You will write three short answers, have them checked, run your first program on a graphics
# processor, a GPU (or on a faithful imitation of one, the emulator), and see the whole story on one page.
#
# **When you have finished you can**
#
# - write an answer, check it, ask for a hint, and hand your work in;
# - say what an array and its shape are, and what arithmetic does to it;
# - compute the weighted sum that every unit in this course is made of, and put a number on how wrong its answers are;
# - say what a thread is, and why it must know its own number;
# - place the main ideas of the course in time, and name more than one cause of the AI winter.
#
# **You need** Python (functions, loops, lists) and school mathematics. **Your time**: about 50 minutes, all of it required.
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import numpy as np

from labkit import check, cuda, devices, figures, widgets

# %% role="picture"
figures.course_map("00_start")

# %% [markdown]
# ## What this computer has
#
# Every lab runs on any computer. Where there is an NVIDIA GPU, the large experiments grow; where there is none, they shrink to a size
# that still finishes in seconds, and the lab says what it left out. Nothing in your exercises depends on it.

# %% role="picture"
print(devices.report())

# %% [markdown]
# ## How an exercise works
#
# An exercise is a function with a hole in it. Read the docstring (the text in triple quotes), replace the line
# `raise NotImplementedError`, run the cell (**Shift + Enter**), then run the check below it.
#
# - `check(f)` tells you whether your function is right. If it is not, it says which mistake this looks like, or where your result first
#   differs.
# - `check(f, hint=1)` gives a first hint, `hint=2` and `hint=3` say more.
# - You may run a check as often as you like. Nothing is counted.
# - Run the cells from the top, in order. When you open a lab again, Python has forgotten them all, and stops with a `NameError` at a name
#   from a cell that has not been run. Click the cell where you want to go on, and choose *Run › Run All Above Selected Cell*.
#
# Your work is graded later on other inputs than the ones you see here, so a function has to be right, not just right on the examples.
# It returns its result (to print it is not enough), and leaves the arrays that it is given as they were, unless its docstring says otherwise.
# Only the cells you were asked to write in are run when your work is graded. A helper function or an import that an answer needs has to
# stand in such a cell.
#
# From lab 01 on, each lab ends with a table of what a paper said and what you got. The code behind it is folded away; click the three dots
# to read it.
#
# ## Numbers in rows
#
# This course keeps its numbers in **arrays** of the library NumPy, which Python programs call `np`. An array is a row of numbers, or a
# table with rows and columns. Its **shape** says how many there are: `(3,)` is a row of three, `(2, 3)` a table of two rows and three
# columns. Every docstring names the shapes that a function gets and returns, as in `X : (n_examples, n_inputs)`: one row an example,
# one column an input.
#
# Arithmetic acts on all places at once, without a loop. For each line below, say what it will print, then run the cell.

# %% role="picture"
a, b = np.array([3.0, 1.0, 2.0]), np.array([10.0, 20.0, 30.0])
table = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
print("a + b         ", a + b)
print("10 * a - 1    ", 10 * a - 1)
print("a > 1.5       ", a > 1.5)
print("a[0], len(a)  ", a[0], len(a))
print("a.max()       ", a.max())
print("shapes        ", a.shape, table.shape)
print("table[1]      ", table[1])
print("table[:, 1]   ", table[:, 1])

# %% [markdown]
# `table[1]` is a row and `table[:, 1]` a column: the places are counted from 0, and `:` means all of them. If arrays are new to you, a loop
# is always right; the checks do not mind how you get your result.
#
# ## Multiply and add
#
# In 1943 Warren McCulloch and Walter Pitts described a nerve cell as a small piece of arithmetic: inputs arrive, and the cell counts
# them. Today each input also has its own strength: it is multiplied by a **weight**, and the products are summed.
#
# $$ x_1 w_1 + x_2 w_2 + \dots + x_n w_n $$
#
# This *weighted sum* is in every network of the course, from a single unit to the ones with millions of weights.

# %% role="solution" id="weighted_sum"
def weighted_sum(x, w):
    """The sum of each input times its weight.

    x, w : arrays of the same length, (n_inputs,)
    Returns one number.

    weighted_sum(np.array([2.0, 1.0]), np.array([0.5, 4.0])) is 2 * 0.5 + 1 * 4 = 5.0
    """
    ### BEGIN SOLUTION
    return np.sum(x * w)
    ### END SOLUTION

# %% role="check"
check(weighted_sum)

# %% [markdown]
# Here your sum sits inside a whole unit, which **fires** (answers 1) when the sum is above a threshold and answers 0 otherwise. Move the
# weights and the threshold, and watch the sum.
#
# The table below the unit runs through all inputs of 0 and 1 and compares its answers with four rules of logic: AND wants a 1 when both
# inputs are 1, OR when at least one is, NOT x1 when the first is 0, and XOR when exactly one is. Lab 01 is about what such a unit can do,
# and how it learns.

# %% [markdown]
# ![](still:unit)

# %% role="picture"
widgets.unit(weighted_sum=weighted_sum)

# %% [markdown]
# ## How wrong is it?
#
# To learn is to become less wrong, so we need a number for how wrong a set of answers is. The most common one looks at each answer's
# **miss** (answer minus target), squares it, and takes the mean. Squaring does two things: misses above and below no longer cancel, and
# one large miss weighs more than several small ones.

# %% role="solution" id="squared_error"
def squared_error(answers, targets):
    """The mean of the squared differences between answers and targets.

    answers, targets : arrays of the same length, (n_examples,)
    Returns one number, 0.0 when every answer is exactly right.

    squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])) is (0**2 + 2**2) / 2 = 2.0
    """
    ### BEGIN SOLUTION
    return np.mean((answers - targets) ** 2)
    ### END SOLUTION

# %% role="check"
check(squared_error)

# %% [markdown]
# ## Predict, then look
#
# Before each result this course asks you to commit to a guess. A guess costs nothing if it is wrong: the point is for making it. What you
# expected, and were surprised by, is what you will remember.
#
# **Which of these came first?**
#
# - `"a"` networks of many layers, trained one layer after another
# - `"b"` the proof of what a perceptron of one layer cannot do
# - `"c"` the efficient way to compute gradients that is now called backpropagation

# %% role="predict" id="guess_first"
guess_first = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_first = "b"
### END SOLUTION

# %% role="check"
check(guess_first=guess_first)

# %% [markdown]
# ## The whole story on one page
#
# Three waves of enthusiasm for networks, and two winters of artificial intelligence as a whole: the first ended a wave, the second fell
# into one. Step through the events with the arrow keys, or click one. Each says who, when, what it changed, and where that is written
# down. The labs in which you rebuild it are marked.

# %% [markdown]
# ![](still:timeline)

# %% role="picture"
widgets.timeline()

# %% [markdown]
# Now look at the three dates: Ivakhnenko and Lapa published networks of many layers in **1965**, Minsky and Papert's book on what a
# perceptron cannot do is from **1969**, and Linnainmaa's thesis with the efficient way to compute gradients is from **1970**. So the answer
# is `"a"`. Deep networks are older than the proof that is often said to have ended them. (Engineers ran the chain rule backwards from 1960
# on, for flight paths; the efficient method for any computation is Linnainmaa's.)
#
# Notice something else on the timeline: the money and the interest went away for several reasons at once. The book is one of them. Set
# *Show* to *the first winter's causes* and read those from 1966 to 1974 before you answer the last question of this lab.
#
# ## Your first kernel
#
# A processor (CPU) has a few cores that do one thing after another, quickly. A graphics processor (GPU) has thousands of slower ones that
# do the same thing at the same time to different data. A program for it is called a **kernel**. It describes what *one* **thread** does,
# and it is started with as many threads as there are pieces of work.
#
# Threads come in **blocks** of equal size. `add[3, 128](out, a, b)` starts 3 blocks of 128 threads: 384 in all. Every thread runs the
# same lines. The only difference between them is their number, which `cuda.grid(1)` tells: 0, 1, 2, up to 383.
#
# **You have 1,000 numbers to add and blocks of 128 threads. How many threads will be started, at the least, so that each number has one?**

# %% role="predict" id="guess_threads"
guess_threads = ...  # a number
### BEGIN SOLUTION
guess_threads = 1000
### END SOLUTION

# %% role="check"
check(guess_threads=guess_threads)

# %% [markdown]
# Blocks come whole. Seven of them hold 896 threads, too few; eight hold **1,024**. So 24 threads are left over, and they must do nothing:
# there is no element 1,000 to write to. On a real GPU such a thread could quietly overwrite something else.
#
# In the exercise below the line `@cuda.jit` makes the function a kernel, and the 1 in `cuda.grid(1)` says that the threads are numbered in
# one row. `out.size` is how many numbers `out` holds, like `len(out)`, and `float32` is a number kept in 4 bytes.

# %% role="solution" id="add"
@cuda.jit
def add(out, a, b):
    """Adds two vectors: the thread with number i writes out[i] = a[i] + b[i].

    out, a, b : float32 arrays of the same length, (n,)
    There may be more threads than elements; those have nothing to do.
    """
    ### BEGIN SOLUTION
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] + b[i]
    ### END SOLUTION

# %% role="check"
check(add)

# %% [markdown]
# This check always runs in labkit's **emulator**, GPU or not. It plays every thread, watches each access to memory, and names the
# thread and the line when something is wrong.
#
# The picture shows what it saw: which thread read or wrote which element (its *address*) of three arrays of 20. They lie in the GPU's
# *global* memory, which all threads can reach, and which hands out whole *sectors*: eight neighbouring float32 numbers at a time. Twenty
# numbers need three of them, and 100% says that no further one was asked for. Threads 20 to 23 do not appear, if your kernel is right:
# they had nothing to do.

# %% role="picture"
from labkit.widgets import kernel_rules

twenty = np.zeros(20, np.float32), np.arange(20, dtype=np.float32), np.ones(20, dtype=np.float32)
kernel_rules.watched(add, kernel_rules.add, 3, 8, *twenty).picture()

# %% [markdown]
# ## At scale
#
# The same kernel, larger. With a GPU this adds ten million pairs; without one the emulator adds a few thousand.

# %% role="swarm"
import time

n = devices.scale(10_000_000, 4_000, what="additions")
adding, whose = kernel_rules.agreeing(add, kernel_rules.add, 3, 8, *twenty)
print(whose)
many, ones, out = np.arange(n, dtype=np.float32), np.ones(n, np.float32), np.zeros(n, np.float32)
blocks = (n + 127) // 128
start = time.perf_counter()
adding[blocks, 128](out, many, ones)
print(f"{blocks:,} blocks of 128 threads, {time.perf_counter() - start:.2f} s.", n.note, sep="\n")
print("Every sum is right." if np.array_equal(out, many + 1) else "Some sums are wrong.")

# %% [markdown]
# ## Hand in your work
#
# Save with **Ctrl + S**. Then:
#
# - **On a JupyterHub** open *Nbgrader › Assignment List*, and press *Submit* next to this lab. You can submit again until the deadline; the
#   last one counts.
# - **On Binder or your own computer** right-click this notebook in the file list, choose *Download*, and hand the file in the way your
#   teacher asks.
#
# You may add cells of your own anywhere. But only the cells you were asked to write in are run when your work is graded.
#
# **Binder forgets.** The computer that you borrow there is gone after some minutes of silence, with everything on it. So before you leave,
# download your labs with one click; when you come back, put them back with one click.

# %% role="picture"
widgets.keep_work()

# %% [markdown]
# ## Explain it
#
# **Choose two causes of the first AI winter from the timeline. For each, say in your own words what people had believed, what happened, and
# what it changed. Then say which of the two you find the weightier, and why.** (Eight to twelve sentences. To write, double-click the
# line *Your answer here* below; when you have finished, press **Shift + Enter**.)

# %% [markdown] role="explain" id="explain_winter" points=4
# A model answer. *Machine translation*: in the 1950s it was believed that translating between languages would soon be automatic. The ALPAC
# report of 1966 compared cost and quality with human translators and saw no useful machine translation coming soon; money for it in the
# United States nearly dried up for many years. This changed the mood well beyond translation: a promise had been tested and missed.
# *The limits of the perceptron*: Rosenblatt's machine had been announced in the press as something that would walk, talk and be conscious.
# Minsky and Papert showed in 1969, with proofs, which questions a single layer cannot answer unless some unit looks at the whole input. They
# knew that more layers compute more, but nobody had a convincing way to train them, and readers took the result as a verdict on networks as
# such. I find the first weightier, because funders acted on it directly; the second closed one line of research, and part of that was a
# misreading.
#
# **Marking scheme** (4 points)
#
# - 1 point a cause (2 in all): named correctly *and* dated or placed on the timeline. ALPAC 1966, Perceptrons 1969, the Mansfield Amendment
#   1969 and the narrowing of DARPA's grants, the Lighthill report 1973 all count. Promises of 1958, rival methods and small computers
#   (event of 1974) count as well.
# - 1 point: belief, event and consequence are told apart for both causes.
# - 1 point: a reasoned comparison. Any choice is fine.
# - "Minsky and Papert proved that neural networks cannot compute XOR" costs the point of that cause: one layer cannot; they knew that more
#   layers can.

# %% [markdown]
# ## What you have now
#
# You can check your own work, and you have written the sum, the error and the kernel that the next labs build on. In lab 01 the weighted
# sum gets a threshold, and learns.
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - W. S. McCulloch and W. Pitts, *A logical calculus of the ideas immanent in nervous activity*, Bulletin of Mathematical Biophysics 5, 1943.
# - A. G. Ivakhnenko and V. G. Lapa, *Cybernetic Predicting Devices*, 1965 (in Russian).
# - M. Minsky and S. Papert, *Perceptrons: An Introduction to Computational Geometry*, MIT Press, 1969.
# - S. Linnainmaa, master's thesis, University of Helsinki, 1970.
# - ALPAC, *Language and Machines: Computers in Translation and Linguistics*, National Academy of Sciences, 1966.
# - J. Lighthill, *Artificial Intelligence: A General Survey*, Science Research Council, 1973.
# - M. Olazaran, *A sociological study of the official history of the perceptrons controversy*, Social Studies of Science 26, 1996.
