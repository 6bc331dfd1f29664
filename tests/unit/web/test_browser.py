"""The web view and the report in a real browser. `DLTUI_KEEP_SCREENSHOTS=DIR` keeps what it saw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("textual_serve", reason="the web view needs textual-serve: pip install 'dltui[web]'")

from dltui.report.file import write_report
from dltui.rundir.paths import RunPaths
from tests.kits.browser import CHROMIUM, browser
from tests.kits.web_server import STORY, serving

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.xdist_group("e2e"),
]


def kept(tmp_path: Path, name: str) -> Path:
    return Path(os.environ.get("DLTUI_KEEP_SCREENSHOTS", tmp_path)) / name


async def test_the_screen_of_a_run_is_drawn_in_a_browser(tmp_path: Path) -> None:
    async with serving(tmp_path) as door, browser(tmp_path / "profile") as page:
        await page.goto(door.address)
        await page.until_received("Round", "Clients", "Model registry", "client-0")
        await page.until("document.body.classList.contains('-first-byte')")
        assert await page.value("location.href") == door.origin + "/"
        assert await page.value("document.cookie") == ""
        assert {address.split("/")[2] for address in page.asked if "://" in address} == {door.host}
        assert page.errors == []
        picture = await page.screenshot(kept(tmp_path, "web.png"))
        assert len(picture) > 20_000


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_the_report_renders_in_a_browser(tmp_path: Path, dark: bool) -> None:
    file = tmp_path / "report.html"
    write_report(RunPaths(STORY), file, with_verification=False, say=lambda text: None)
    async with browser(tmp_path / "profile", dark=dark) as page:
        await page.goto(file.as_uri())
        assert await page.value("document.querySelectorAll('svg').length") == 5
        assert await page.value("document.documentElement.scrollWidth <= innerWidth")
        ground = await page.value("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(18, 23, 29)" if dark else "rgb(251, 250, 247)")
        assert page.errors == [] and page.asked == [file.as_uri()]
        await page.screenshot(kept(tmp_path, f"report-{'dark' if dark else 'light'}.png"))
