"""Kernels: one file a family, and in each, one below the other, plain NumPy, Numba for CPU cores, Numba CUDA.

`registry` keeps them; `random` is the one source of random numbers; `compile` proves the CUDA forms without a GPU.
"""
