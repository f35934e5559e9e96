"""What /metrics says, in Prometheus' text format. Names of labels are among it, texts never."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gencls.classifier import Prediction


class Meters:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("gencls_requests", "Requests to /predict, by the status of their answer", ["status"], registry=registry)
        self._seconds = Histogram("gencls_request_seconds", "From a request to its answer, requests that got one", registry=registry)
        self._predictions = Counter("gencls_predictions", "Predictions, by label (empty: none)", ["label"], registry=registry)
        self._abstained = Counter("gencls_abstained", "Predictions that a person had better look at", registry=registry)
        self.queue_rows = Gauge("gencls_queue_rows", "Rows accepted and not answered yet", registry=registry)
        sizes = [2**n for n in range(11)]
        self.batch_rows = Histogram("gencls_batch_rows", "Rows that went through the model together", buckets=sizes, registry=registry)

    def request(self, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(str(status)).inc()
        if status == 200:
            self._seconds.observe(seconds)

    def predicted(self, predictions: Iterable[Prediction]) -> None:
        """Count predictions."""
        found = list(predictions)
        for label, times in Tally(prediction.label or "" for prediction in found).items():
            self._predictions.labels(label).inc(times)
        self._abstained.inc(sum(prediction.abstained for prediction in found))

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)
