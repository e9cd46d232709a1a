"""The report in a real Chromium, at a phone's size and at a desktop's, light and dark."""

import pytest

from scripts.report.__main__ import main
from tests.browser import DESKTOP, PHONE, chromium, complaints, look
from tests.scripts.report.made import finished_runs

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    outputs = tmp_path_factory.mktemp("outputs")
    finished_runs(outputs)
    assert main(["--outputs", str(outputs), "--no-tables"]) == 0
    return outputs / "report" / "index.html"


@pytest.fixture(scope="module")
def window():
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_to_complain_about(window, path, size, dark):
    seen = look(window, path, size, dark)
    assert complaints(seen) == []
    assert [audio["duration"] for audio in seen["audio"]] == pytest.approx([1.0] * 12, abs=0.1)


def test_folded_tables_fit_the_phone(window, path):
    look(window, path, PHONE)
    window.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    width = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scrolled, shown = window.execute_script(width)
    assert scrolled == shown == PHONE[0]
