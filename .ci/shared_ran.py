"""Reports whether the tests marked `shared` ran; with the facts in ../shared at hand, a skipped one fails the run."""

from pathlib import Path

import pytest

FACTS = Path(__file__).resolve().parents[2] / "shared" / "contract"


class SharedRan:
    """Counts the tests that read ../shared, the run ones and the skipped."""

    def __init__(self) -> None:
        self.ran = 0
        self.skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A skipped test reports in its set-up or its call; one that ran reports a call either way."""
        if "shared" not in report.keywords:
            return
        self.skipped += report.skipped and not hasattr(report, "wasxfail")
        self.ran += report.when == "call" and not report.skipped

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module skipped as a whole has no tests to carry the mark: its reason names ../shared."""
        self.skipped += report.skipped and "shared" in str(report.longrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if FACTS.exists() and self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        presence = "present" if FACTS.exists() else "absent"
        terminalreporter.write_line(f"../shared is {presence}: {self.ran} of its tests ran, {self.skipped} skipped")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SharedRan())
