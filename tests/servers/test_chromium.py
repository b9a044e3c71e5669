"""The browser of the tests: it starts, it knows Chinese, and a wrong one is refused in a sentence."""

import sys

import pytest

from bench.servers.chromium import VARIABLE, running_chromium
from redwhistle.errors import Unavailable

pytestmark = pytest.mark.servers


def test_it_starts_and_has_chinese_characters() -> None:
    with running_chromium() as browser:
        page = browser.new_page(viewport={"width": 200, "height": 100})
        pictures = []
        for text in ("红", "哨"):
            page.set_content(f"<p>{text}</p>")
            pictures.append(page.screenshot())
        assert pictures[0] != pictures[1], "without a font both would be the same empty box"


def test_a_browser_that_is_none_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, sys.executable)
    with pytest.raises(Unavailable, match=VARIABLE), running_chromium():
        pass
