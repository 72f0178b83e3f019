"""What Prometheus is shown, by one process and by several together."""

import re
import subprocess
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, Self, get_args

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from core import telemetry
from core.ids import ConnectionId, new_id
from core.telemetry import (
    DeliveryOutcome,
    InboundOutcome,
    Label,
    OutboundOutcome,
    Phase,
    TokenKind,
)

PROMISED: Final = {
    "masteria_inbound": ("channel", "outcome"),
    "masteria_outbound": ("channel", "outcome"),
    "masteria_turn_seconds": ("persona", "phase"),
    "masteria_turns_due": (),
    "masteria_outbox_queued": ("lane",),
    "masteria_model_tokens": ("model", "kind"),
    "masteria_model_cost_cents": ("model",),
    "masteria_webhook_deliveries": ("outcome",),
    "masteria_rate_limited": ("connection",),
    "masteria_handoffs_open": (),
    "masteria_event_lag_seconds": (),
}
ROOT: Final = Path(__file__).parents[2]
SETUP: Final = """
import os, sys
from enum import StrEnum
from core import telemetry as t
Channel = StrEnum("Channel", {"WHATSAPP": "whatsapp"})
Lane = StrEnum("Lane", {"REPLY": "reply"})
received = t.inbound(channel=Channel.WHATSAPP, outcome=t.InboundOutcome.STORED)
"""


class Channel(StrEnum):
    WHATSAPP = "whatsapp"


class Lane(StrEnum):
    BULK = "bulk"


def samples(exposition: bytes) -> dict[str, float]:
    families: Iterable[Metric] = text_string_to_metric_families(exposition.decode())
    return {
        sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def run(folder: Path, code: str) -> None:
    """A process of its own, which counts in the folder."""
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", SETUP + code], env=environment, check=True, cwd=ROOT, timeout=30)


class TestRegistry:
    def test_there_are_the_promised_metrics_with_the_promised_labels_and_no_other(self) -> None:
        described = {family.name for family in telemetry.REGISTRY.collect()}

        assert described == set(PROMISED)
        for labels in PROMISED.values():
            assert set(labels) <= set(get_args(Label))

    def test_every_label_is_on_the_list_that_holds_nobodys_data(self) -> None:
        telemetry.inbound(channel=Channel.WHATSAPP, outcome=InboundOutcome.STORED).inc()
        telemetry.outbound(channel=Channel.WHATSAPP, outcome=OutboundOutcome.UNKNOWN).inc()
        telemetry.turn_seconds(persona="vendas@3", phase=Phase.MODEL).observe(0.2)
        telemetry.outbox_queued(lane=Lane.BULK).set(7)
        telemetry.model_tokens(model="openai/gpt-4o", kind=TokenKind.INPUT).inc(512)
        telemetry.model_cost_cents(model="openai/gpt-4o").inc(0.25)
        telemetry.webhook_deliveries(outcome=DeliveryOutcome.DELIVERED).inc()
        telemetry.rate_limited(connection=ConnectionId(new_id())).inc()

        for family in telemetry.REGISTRY.collect():
            for sample in family.samples:
                assert set(sample.labels) - {"le"} == set(PROMISED[family.name])


class TestLabels:
    @pytest.mark.parametrize(
        "name",
        ["+5511987654321", "5511987654321", "ana@exemplo.com.br", "Ana Souza", "", "x" * 81, 'a"b', "52998224725"],
    )
    def test_a_name_that_reads_like_a_persons_data_is_not_shown(self, name: str) -> None:
        telemetry.model_cost_cents(model=name).inc()

        shown = samples(telemetry.render())
        assert f"masteria_model_cost_cents_total,model={name}" not in shown
        assert shown["masteria_model_cost_cents_total,model=other"] >= 1

    def test_ordinary_names_are_shown(self) -> None:
        for name in ("openai/gpt-4o-2024-08-06", "gemini/gemini-2.5-flash", "rehearsal"):
            telemetry.model_cost_cents(model=name).inc()

            assert samples(telemetry.render())[f"masteria_model_cost_cents_total,model={name}"] >= 1


class TestRender:
    def test_one_process_shows_its_own_figures_in_the_text_format(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(telemetry.FOLDER_VARIABLE, raising=False)
        telemetry.TURNS_DUE.set(4)

        shown = telemetry.render().decode()

        assert "# TYPE masteria_turns_due gauge\nmasteria_turns_due 4.0\n" in shown
        assert "# TYPE masteria_inbound_total counter\n" in shown
        assert "_created" not in shown
        assert re.fullmatch(r"text/plain; version=[\d.]+; charset=utf-8", telemetry.CONTENT_TYPE)

    def test_a_process_and_its_forks_are_one_family(self, tmp_path: Path) -> None:
        code = """
received.inc()
if not (child := os.fork()):
    received.inc(2)
    os._exit(0)
os.waitpid(child, 0)
shown = t.render().decode()
assert 'masteria_inbound_total{channel="whatsapp",outcome="stored"} 3.0' in shown, shown
"""

        run(tmp_path, code)


class TestRenderSum:
    def test_counters_and_histograms_of_all_processes_add_up_even_of_the_dead(self, tmp_path: Path) -> None:
        for process, count in (("api", 1), ("engine", 2), ("engine", 4), ("worker", 8)):
            folder = tmp_path / process
            folder.mkdir(exist_ok=True)
            run(folder, f"received.inc({count}); t.turn_seconds(persona='p', phase=t.Phase.GRAPH).observe(0.02)")

        shown = samples(telemetry.render_sum(tmp_path))

        assert shown["masteria_inbound_total,channel=whatsapp,outcome=stored"] == 15
        assert shown["masteria_turn_seconds_count,persona=p,phase=graph"] == 4
        assert shown["masteria_turn_seconds_bucket,le=0.025,persona=p,phase=graph"] == 4

    def test_of_a_shared_figure_the_latest_reading_counts_and_of_the_lag_the_worst(self, tmp_path: Path) -> None:
        with Readings(tmp_path) as readings:
            readings.add("engine-1", due=9, lag=5)
            readings.add("engine-2", due=3, lag=1)

            shown = samples(telemetry.render_sum(tmp_path))

        assert shown["masteria_turns_due"] == 3
        assert shown["masteria_event_lag_seconds"] == 5

    def test_the_gauges_of_a_dead_process_are_forgotten(self, tmp_path: Path) -> None:
        with Readings(tmp_path) as readings:
            readings.add("engine-1", due=3, lag=1)
            (tmp_path / "engine-2").mkdir()
            run(tmp_path / "engine-2", "t.TURNS_DUE.set(900); t.EVENT_LAG.set(900)")

            shown = samples(telemetry.render_sum(tmp_path))

        assert shown["masteria_turns_due"] == 3
        assert shown["masteria_event_lag_seconds"] == 1

    def test_a_process_that_is_only_starting_disturbs_nobody(self, tmp_path: Path) -> None:
        (tmp_path / "api").mkdir()
        (tmp_path / "api" / "counter_1.db").touch()

        assert telemetry.render_sum(tmp_path) == b""


class Readings:
    """Processes that took a reading and live on."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.communicate(b"\n", timeout=30)

    def add(self, name: str, *, due: int, lag: int) -> None:
        folder = telemetry.fresh_folder(self._root, name)
        code = f"{SETUP}\nt.TURNS_DUE.set({due}); t.EVENT_LAG.set({lag}); os.write(1, b'!'); sys.stdin.read(1)"
        environment = {telemetry.FOLDER_VARIABLE: str(folder), "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdin=pipe, stdout=pipe)
        self._processes.append(process)
        assert process.stdout is not None
        assert process.stdout.read(1) == b"!"


class TestFreshFolder:
    def test_the_figures_of_an_earlier_run_are_gone(self, tmp_path: Path) -> None:
        folder = telemetry.fresh_folder(tmp_path, "engine")
        run(folder, "received.inc()")

        assert telemetry.fresh_folder(tmp_path, "engine") == folder
        assert telemetry.render_sum(tmp_path) == b""
