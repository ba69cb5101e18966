"""The works that scikit-learn does too, by its own estimators."""

import warnings

import numpy as np
from sklearn.linear_model import Perceptron
from sklearn.neural_network import MLPClassifier


class StartedMLP(MLPClassifier):
    """An MLPClassifier that starts from given weights, and zero biases, instead of drawing them."""

    def _initialize(self, y, layer_units, dtype):
        super()._initialize(y, layer_units, dtype)
        self.coefs_ = [W.copy() for W in self.given]
        self.intercepts_ = [np.zeros(W.shape[1], dtype) for W in self.given]


def mlp(inputs, rate, momentum, batch, dropout=0.0, alike=0):
    warnings.simplefilter("ignore")             # one epoch does not converge, and says so
    starts = [inputs[f"W{k}"] for k in range(int(inputs["layers"]))]

    def run():
        model = StartedMLP([W.shape[1] for W in starts[:-1]], solver="sgd", alpha=0, batch_size=batch, learning_rate_init=rate,
                           momentum=momentum, nesterovs_momentum=False, max_iter=1, shuffle=False, random_state=0)
        model.given = starts
        return model.fit(inputs["X"], inputs["y"])

    return run, lambda model: {"probabilities": model.predict_proba(inputs["exam"])}


def perceptron(inputs, epochs):
    return (lambda: Perceptron(max_iter=epochs, tol=None, shuffle=False).fit(inputs["X"], inputs["y"]),
            lambda unit: {"weights": np.append(unit.coef_, unit.intercept_), "answers": unit.predict(inputs["exam"])})
