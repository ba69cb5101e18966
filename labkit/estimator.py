"""What every estimator of labkit shares: scikit-learn's manners, without loading scikit-learn."""

import inspect
import warnings
from contextlib import contextmanager

import numpy as np

from labkit.ops import generator, own
from labkit.validation import (
    as_type,
    check_classes,
    check_fitted,
    check_labels,
    check_numbers,
    check_positive,
    check_rows,
    check_targets,
    class_codes,
    same_kind,
)


class Unit:
    """What all share: their settings, starting values, the epochs."""

    def get_params(self, deep=True):
        return {name: getattr(self, name) for name in inspect.signature(type(self).__init__).parameters if name != "self"}

    def set_params(self, **params):
        for name, value in params.items():
            if name not in self.get_params():
                known = ", ".join(self.get_params())
                raise ValueError(f"Invalid parameter {name!r} for estimator {self!r}. Valid parameters are: {known}.")
            setattr(self, name, value)
        return self

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def __sklearn_tags__(self):
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        kind = {"classifier": {"classifier_tags": ClassifierTags()}, "regressor": {"regressor_tags": RegressorTags()}}
        return Tags(self.estimator_type, TargetTags(required=True), input_tags=InputTags(), **kind[self.estimator_type])

    def get_metadata_routing(self):
        """What scikit-learn may pass on: nothing. Its pipelines ask, where routing is on, about the weights that their `score` takes."""
        from sklearn.utils.metadata_routing import MetadataRequest

        requests = MetadataRequest(owner=self)
        requests.score.add_request(param="sample_weight", alias=None)
        return requests

    def fit(self, X, y):
        """Learn from scratch, at most `max_epochs` times through all examples. X : (n_examples, n_inputs), y : (n_examples,)."""
        with kept_where_refused(self):
            self._forget()
            X, T = self._examples(X, y)
            for _ in range(self.max_epochs):
                if self._epoch(X, T):
                    break
        return self

    def partial_fit(self, X, y, classes=None):
        """One epoch more, from where the last one ended. `classes`: all classes there are, where the first y may lack some."""
        with kept_where_refused(self):
            if not hasattr(self, "coef_"):
                self._forget()
            self._epoch(*self._examples(X, y, classes))
        return self

    def _forget(self):
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        check_positive(self, "learning_rate")
        check_positive(self, "max_epochs", whole=True)
        self._random = generator(self.random_state)

    def _examples(self, X, y, classes=None):
        """Checked X and, for each example, what each unit should say. The first call makes the units."""
        X = self._checked(X)
        check_positive(self, "learning_rate")                       # it may have been set since
        y = check_targets(self, X, y)
        T = self._wanted(X, y, classes)
        if not hasattr(self, "coef_"):
            self.n_features_in_ = X.shape[1]
            self.coef_, self.intercept_ = self._start(T.shape[1], X)
        self.coef_, self.intercept_ = own(self.coef_), own(self.intercept_)
        return as_type(X, self.coef_.dtype, "X"), T

    def _checked(self, X):
        return check_rows(self, X)

    def _start(self, n_units, X):
        return np.zeros((n_units, X.shape[1]), X.dtype), np.zeros(n_units, X.dtype)

    def _order(self, n):
        return self._random.permutation(n) if self.shuffle else np.arange(n)

    def _note_loss(self, loss, X):
        """The loss that an epoch summed over the rows of X."""
        self.loss_per_epoch_ = np.append(getattr(self, "loss_per_epoch_", np.empty(0)), loss / len(X))
        self._check_bounded(len(self.loss_per_epoch_), X)

    def _check_bounded(self, epoch, X):
        """Raises FloatingPointError where the weights are no longer finite."""
        if not (np.isfinite(self.coef_).all() and np.isfinite(self.intercept_).all()):
            raise FloatingPointError(f"The weights grew beyond all bounds in epoch {epoch}: learning_rate={self.learning_rate} is too large for "
                                     f"this X; {self._advice(X)}, or make the columns of X smaller.")

    def _advice(self, X):
        return "try a tenth of it"

    def _sums(self, X):
        check_fitted(self)
        X = check_rows(self, X)
        return X @ self.coef_.T + self.intercept_


class Classifier(Unit):
    """Units whose answer is a class."""

    estimator_type = "classifier"

    def _wanted(self, X, y, classes):
        y = check_labels(self, y)
        if not hasattr(self, "classes_"):
            self.classes_ = check_classes(self, y) if classes is None else check_classes(self, classes, "classes")
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes is {np.asarray(classes).tolist()}, but the first partial_fit began with {self.classes_.tolist()}; "
                             "name all classes there, or call fit to start again.")
        return self._targets(class_codes(self, y))

    def _targets(self, codes):
        """(n_examples, n_units): +1 for a unit's own class, -1 for the others. Two classes need one unit, that of the second."""
        own = np.arange(len(self.classes_)) if len(self.classes_) > 2 else np.array([1])
        return (codes[:, None] == own) * np.int8(2) - np.int8(1)

    def decision_function(self, X):
        """The weighted sums z. Returns (n_examples,) for two classes, else (n_examples, n_classes)."""
        z = self._sums(X)
        return z[:, 0] if len(self.classes_) == 2 else z

    def predict(self, X):
        """The class of each row. Returns (n_examples,)."""
        z = self.decision_function(X)
        return self.classes_[(z > 0).astype(int) if z.ndim == 1 else z.argmax(axis=1)]

    def score(self, X, y):
        """The share of rows whose class is predicted right."""
        answers = self.predict(X)
        y = check_labels(self, check_targets(self, answers, y))
        same_kind(y, answers)
        return float(np.mean(answers == y))


class Regressor(Unit):
    """Units whose answer is a number."""

    estimator_type = "regressor"

    def score(self, X, y):
        """R squared: 1 for a perfect prediction, 0 for one no better than the mean of y.

        Where y is the same number everywhere it is 1 for exact answers and 0 for others, and of a single row NaN, as in scikit-learn.
        """
        answers = self.predict(X)
        y = check_numbers(check_targets(self, answers, y)).astype(np.float64, copy=False)
        if len(y) == 1:
            from sklearn.exceptions import UndefinedMetricWarning

            warnings.warn("R^2 score is not well-defined with less than two samples; score more rows at once.", UndefinedMetricWarning, stacklevel=2)
            return float("nan")
        wrong = ((y - answers) ** 2).sum()
        if y.min() == y.max():
            return float(wrong == 0)
        return float(1 - wrong / ((y - y.mean()) ** 2).sum())


@contextmanager
def kept_where_refused(unit):
    """Where the unit refuses what it is given, with TypeError or ValueError, it is afterwards what it was before."""
    before = vars(unit).copy()
    try:
        yield
    except (TypeError, ValueError):
        vars(unit).clear()
        vars(unit).update(before)
        raise
