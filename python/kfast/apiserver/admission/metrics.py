"""What admission counts, under upstream's names (apiserver's admission/metrics, policy/*/metrics).

Plugins are timed where they run as such: of new pods and events that the core takes whole nothing is told here.
"""

from __future__ import annotations

from time import perf_counter

from kfast.apiserver.metrics import Counter, Family, Histogram

STEP_BOUNDS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5)
_CALL_BOUNDS = (*STEP_BOUNDS, 10.0, 25.0)
_CONDITION_BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25)
_CHECK_BOUNDS = (0.0000005, 0.001, 0.01, 0.1, 1.0)
_MOST_CODE = 600
_CONDITIONS = ("name", "kind", "type", "operation")
_CHECK = ("policy", "policy_binding", "error_type")


class Timed:
    """Observes the time of a `with` block; the last label says whether the block raised."""

    __slots__ = ("_labels", "_metric", "_started")

    def __init__(self, metric: Histogram, *labels: str) -> None:
        self._metric = metric
        self._labels = labels

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(self, error: object, *_: object) -> None:
        self._metric.observe((*self._labels, error is not None), perf_counter() - self._started)


class AdmissionMetrics:
    """The families of one API server."""

    def __init__(self) -> None:
        self.step = Histogram(
            "apiserver_admission_step_admission_duration_seconds",
            "Time of the plugins' steps, admit or validate, by operation.",
            ("type", "operation", "rejected"),
            STEP_BOUNDS,
        )
        self.controller = Histogram(
            "apiserver_admission_controller_admission_duration_seconds",
            "Time of single plugins by step and operation.",
            ("name", "type", "operation", "rejected"),
            STEP_BOUNDS,
        )
        self._calls = Histogram(
            "apiserver_admission_webhook_admission_duration_seconds",
            "Time of calls of webhooks by step and operation.",
            ("name", "type", "operation", "rejected"),
            _CALL_BOUNDS,
        )
        self._requests = Counter(
            "apiserver_admission_webhook_request_total",
            "Calls of webhooks by outcome; codes over 600 count as 600.",
            ("name", "type", "operation", "code", "rejected"),
        )
        self._rejections = Counter(
            "apiserver_admission_webhook_rejection_count",
            "Requests that a webhook, or the failure of one, refused; codes over 600 count as 600.",
            ("name", "type", "operation", "error_type", "rejection_code"),
        )
        self._fail_open = Counter(
            "apiserver_admission_webhook_fail_open_count",
            "Failures of webhooks that were ignored.",
            ("name", "type"),
        )
        self.condition_errors = Counter(
            "apiserver_admission_match_condition_evaluation_errors_total",
            "Match conditions that could not be evaluated.",
            _CONDITIONS,
        )
        self.condition_exclusions = Counter(
            "apiserver_admission_match_condition_exclusions_total",
            "Requests that match conditions kept from webhooks.",
            _CONDITIONS,
        )
        self.condition_seconds = Histogram(
            "apiserver_admission_match_condition_evaluation_seconds",
            "Time of evaluating match conditions.",
            _CONDITIONS,
            _CONDITION_BOUNDS,
        )
        self._checks = Counter(
            "apiserver_validating_admission_policy_check_total",
            "Validations that failed, by what was done about it.",
            (*_CHECK, "enforcement_action"),
        )
        self._check_seconds = Histogram(
            "apiserver_validating_admission_policy_check_duration_seconds",
            "Time of validations that failed, a policy's mean.",
            (*_CHECK, "enforcement_action"),
            _CHECK_BOUNDS,
        )
        self._mutations = Counter(
            "apiserver_mutating_admission_policy_check_total", "Mutations by what came of them.", _CHECK
        )
        self._mutation_seconds = Histogram(
            "apiserver_mutating_admission_policy_check_duration_seconds", "Time of mutations.", _CHECK, _CHECK_BOUNDS
        )

    @property
    def families(self) -> tuple[Family, ...]:
        """All of them."""
        return tuple(self.__dict__.values())

    def called(self, name: str, step: str, operation: str, seconds: float, code: int, rejected: bool) -> None:
        """A webhook was asked; `code` is what it, or the failure of asking it, stands for."""
        self._requests.add((name, step, operation, min(code, _MOST_CODE), rejected))
        self._calls.observe((name, step, operation, rejected), seconds)

    def rejected(self, name: str, step: str, operation: str, error_type: str, code: int) -> None:
        """A request is refused because of a webhook."""
        self._rejections.add((name, step, operation, error_type, min(code, _MOST_CODE)))

    def failed_open(self, name: str, step: str) -> None:
        """A webhook's failure was ignored."""
        self._fail_open.add((name, step))

    def checked(self, policy: str, binding: str, why: str, action: str, seconds: float) -> None:
        """A validation failed, with the message `why`."""
        labels = (policy, binding, _error_type(why), action)
        self._checks.add(labels)
        self._check_seconds.observe(labels, seconds)

    def mutated(self, policy: str, binding: str, why: str, seconds: float) -> None:
        """A mutation was made, or could not be: `why`."""
        labels = (policy, binding, _error_type(why) if why else "no_error")
        self._mutations.add(labels)
        self._mutation_seconds.observe(labels, seconds)


def _error_type(why: str) -> str:
    if why.startswith("compilation"):
        return "compile_error"
    return "out_of_budget" if why.startswith("validation failed due to running out of cost budget") else "invalid_error"
