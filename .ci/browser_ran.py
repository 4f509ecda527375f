"""Reports whether the tests in a real browser ran; with a Chromium at hand, a skipped one fails the run."""

import os
import shutil

import pytest

CHROMIUM = os.environ.get("BODEGA_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


class BrowserRan:
    """Counts the tests that drive a browser, the run ones and the skipped."""

    def __init__(self) -> None:
        self.ran = 0
        self.skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A skipped test reports in its set-up or its call; one that ran reports a call either way."""
        if "browser" not in report.keywords:
            return
        self.skipped += report.skipped and not hasattr(report, "wasxfail")
        self.ran += report.when == "call" and not report.skipped

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if CHROMIUM and self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        presence = "present" if CHROMIUM else "absent"
        terminalreporter.write_line(f"Chromium is {presence}: {self.ran} tests ran in it, {self.skipped} skipped")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(BrowserRan())
