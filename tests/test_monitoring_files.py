"""The alert rules and the dashboard of `deploy/`: all metrics, labels and words in them are those of the server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason
from shop import Server

DEPLOY = Path(__file__).parent.parent / "deploy"
RULES = DEPLOY / "prometheus-alerts.yml"
BOARD = DEPLOY / "grafana-dashboard.json"
FUNCTIONS = {
    "sum", "max", "rate", "increase", "histogram_quantile", "min_over_time", "topk", "by", "and", "label_values",
}  # fmt: skip
OF_PROMETHEUS = {"up", "instance", "job", "le"}
"""What Prometheus adds to what is scraped."""


def rules() -> list[dict[str, Any]]:
    """All alerts."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels."""
    found: list[dict[str, Any]] = json.loads(BOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    """Every query."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])
    yield from (one["query"] for one in json.loads(BOARD.read_text())["templating"]["list"] if one["type"] == "query")


@pytest.fixture(scope="module")
def exported(server_on_sqlite: Server) -> dict[str, set[str]]:
    """The real page: every sample's name with its labels, once there were requests and refusals."""
    shop = server_on_sqlite.shop()
    shop.get("/v2/time")
    shop.get("/v2/time", token="")
    reply = server_on_sqlite.send("GET", "/_bodega/metrics", [("host", "localhost")], b"", "https")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(reply.body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_a_query_names_what_is_exported(exported: dict[str, set[str]], expression: str) -> None:
    """Metrics with their labels, statuses, reasons; nothing misspelt, and every bracket closed."""
    plain = re.sub(r'"[^"]*"', '""', expression)
    for opening, closing in ("()", "[]", "{}"):
        assert plain.count(opening) == plain.count(closing)
    metrics = set(re.findall(r"\bbodega_\w+", plain))
    assert metrics <= set(exported), metrics - set(exported)
    labels = set().union(*(exported[metric] for metric in metrics)) | OF_PROMETHEUS
    words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\[[^\]]*\]|\$\w+", "", plain)))
    assert words - metrics <= labels | FUNCTIONS, words - metrics - labels - FUNCTIONS
    for name, value in re.findall(r'(\w+)[=!]~?"([^"]*)"', expression):
        known = {
            "reason": {reason.name for reason in Reason} | {""},
            "status": {str(code) for reason in Reason for code in (reason.v2, reason.v3)}
            | {str(outcome.status) for outcome in OUTCOMES},
            "kind": {"read", "write"},
            "job": {"bodega"},
            "instance": {"$instance"},
        }[name]
        assert set(value.split("|")) <= known, value


def test_every_metric_is_on_the_dashboard(exported: dict[str, set[str]]) -> None:
    """What nobody looks at need not be counted."""
    shown = {word for one in expressions() for word in re.findall(r"\bbodega_\w+", one)}
    whole = {name for name in exported if not name.endswith(("_created", "_sum", "_count"))}
    assert whole <= shown


def test_an_alert_says_how_bad_it_is_what_happened_and_what_to_do() -> None:
    """Rules as Prometheus reads them."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 8
    for rule in rules():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["labels"]["severity"] in ("page", "warn", "info")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_panels_are_apart_and_have_numbers_of_their_own() -> None:
    """As Grafana reads a dashboard."""
    assert len({panel["id"] for panel in panels()}) == len(panels())
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels())
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus's promtool is not here")
def test_promtool_accepts_the_rules() -> None:
    """Its own judgement, where it is installed."""
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True, timeout=60)
