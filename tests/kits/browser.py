"""A real headless browser, spoken to over the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

SECONDS = 40.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page. `received` is what its web sockets got, as text; `asked` the addresses that it asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.received = ""
        self.asked: list[str] = []
        self.errors: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends one command and returns its result."""
        number = len(self._answers) + 1
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(answer, SECONDS)

    async def goto(self, address: str) -> None:
        """Opens a page and waits until it has loaded."""
        await self.send("Page.navigate", url=address)
        await self.until("document.readyState == 'complete' && location.href != 'about:blank'")

    async def value(self, script: str) -> Any:
        """What a script gives."""
        return (await self.send("Runtime.evaluate", expression=script))["result"].get("value")

    async def until(self, script: str) -> None:
        """Waits until a script is true."""

        async def true() -> None:
            while not await self.value(script):
                await asyncio.sleep(0.05)

        await asyncio.wait_for(true(), SECONDS)

    async def until_received(self, *words: str) -> None:
        """Waits until the web socket has brought these words."""

        async def received() -> None:
            while not all(word in self.received for word in words):
                await asyncio.sleep(0.05)

        await asyncio.wait_for(received(), SECONDS)

    async def screenshot(self, file: Path) -> bytes:
        """A PNG of the page, also written to `file`."""
        data = base64.b64decode((await self.send("Page.captureScreenshot"))["data"])
        file.write_bytes(data)
        return data

    async def _read(self) -> None:
        async for message in self._socket:
            told = message.json()
            params = told.get("params", {})
            if "id" in told:
                self._answers[told["id"]].set_result(told.get("result", {}))
            elif told["method"] == "Network.webSocketFrameReceived":
                payload = params["response"]["payloadData"]
                binary = params["response"]["opcode"] == 2
                self.received += base64.b64decode(payload).decode("utf-8", "replace") if binary else payload
            elif told["method"] == "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            elif told["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
                self.errors.append(params["entry"]["text"])
            elif told["method"] == "Runtime.exceptionThrown":
                self.errors.append(str(params["exceptionDetails"]))


@contextlib.asynccontextmanager
async def browser(folder: Path, size: tuple[int, int] = (1280, 800), dark: bool = False) -> AsyncIterator[Browser]:
    """Starts a browser whose profile lies in `folder`, and ends it."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0",
         f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", "--no-first-run", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http:
            port = await asyncio.wait_for(_port(folder / "DevToolsActivePort"), SECONDS)
            async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Browser(socket)
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await page.send(f"{domain}.enable")
                if dark:
                    scheme = {"name": "prefers-color-scheme", "value": "dark"}
                    await page.send("Emulation.setEmulatedMedia", features=[scheme])
                yield page
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _port(file: Path) -> int:
    while not file.exists() or not file.read_text().strip():
        await asyncio.sleep(0.05)
    return int(file.read_text().split()[0])
