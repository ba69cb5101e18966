"""The group method of data handling by the package `gmdh`: its multilayered iterative algorithm with quadratic units."""

import gmdh as package
import numpy as np


def gmdh(inputs, keep, layers, threads):
    """The first half of the rows fits, the second judges. `layers` is where its errors stop falling; it has no cap of its own."""

    def run():
        return package.Mia().fit(inputs["X"], inputs["y"], k_best=keep, test_size=0.5, n_jobs=threads,
                                 polynomial_type=package.PolynomialType.QUADRATIC)

    def outputs(model):
        names = [line.split(" =")[0] for line in model.get_best_polynomial().splitlines() if " =" in line]
        depth = 1 + max((int(name[1:].split("_")[0]) for name in names if name[0] == "f"), default=0)
        return {"answers": np.array(model.predict(inputs["exam"])), "layers": depth}

    return run, outputs
