"""Registry of the metric families of prometheus-client, with a limit of the values of each label."""

from typing import Any

from telemetry.catalog import FAMILIES, Family

# A client chooses the names of its operations: without limits it could fill the memory of Prometheus.
MAX_VALUES, MAX_LENGTH = 100, 80
OTHER = "other"


class Registry:
    """Metrics of this process. Beyond MAX_VALUES values of a label, further ones are counted as `other`."""

    def __init__(self) -> None:
        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of all lines, which nobody draws
        self._registry = prometheus.CollectorRegistry()
        for collector in (prometheus.ProcessCollector, prometheus.PlatformCollector, prometheus.GCCollector):
            collector(registry=self._registry)
        kinds = {"counter": prometheus.Counter, "gauge": prometheus.Gauge, "histogram": prometheus.Histogram}
        self._families: dict[Family, Any] = {}
        for family in FAMILIES:
            options = {"buckets": family.buckets} if family.kind == "histogram" else {}
            self._families[family] = kinds[family.kind](
                family.name, family.meaning, family.labels, registry=self._registry, **options
            )
        self._series: dict[tuple[Family, tuple[str, ...]], Any] = {}
        self._values: dict[tuple[Family, int], set[str]] = {}

    def series(self, family: Family, labels: tuple[str, ...]) -> Any:
        """Return the series of a family with these label values, which are kept bounded."""
        series = self._series.get((family, labels))
        if series is None:
            bounded = tuple(self._bounded(family, index, value) for index, value in enumerate(labels))
            metric = self._families[family]
            series = metric.labels(*bounded) if bounded else metric
            if bounded == labels:  # other keys are not kept: there is no end of them
                self._series[family, labels] = series
        return series

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics and their media type, in the format that the Accept header prefers."""
        from prometheus_client.exposition import choose_encoder

        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def listen(self, host: str, port: int) -> "Listener":
        """Serve the metrics at a port of their own, from a thread. Raises OSError when it cannot."""
        from prometheus_client import start_http_server

        server, thread = start_http_server(port, host, self._registry)
        return Listener(server, thread)

    def _bounded(self, family: Family, index: int, value: str) -> str:
        known = self._values.setdefault((family, index), set())
        if value not in known:
            if len(known) >= MAX_VALUES or len(value) > MAX_LENGTH:
                return OTHER
            known.add(value)
        return value


class Listener:
    """Server of the metrics' own port."""

    def __init__(self, server: Any, thread: Any) -> None:
        self._server, self._thread = server, thread

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1)
