"""A page in headless Chromium, driven over the DevTools protocol through a pipe: no port, no library."""

import base64
import json
import os
import shutil
import subprocess
import tempfile


class Browser:
    """One Chromium for the time of a `with`; page() opens a page in it."""

    def __init__(self):
        self.number = 0
        self.events = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="coterie-browser-")
        command_read, self.to_browser = os.pipe()
        self.from_browser, answer_write = os.pipe()

        # The browser reads commands from 3 and writes answers to 4; the pipes may have these numbers already.
        def inherit():
            high = [os.dup(command_read), os.dup(answer_write)]
            high = [fd if fd > 4 else os.dup(fd) for fd in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
             "--user-data-dir=" + self.folder],
            preexec_fn=inherit, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(command_read)
        os.close(answer_write)
        self.buffer = b""
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (OSError, EOFError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        shutil.rmtree(self.folder, ignore_errors=True)

    def receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.from_browser, 1 << 20)
            if not piece:
                raise EOFError("the browser has ended")
            self.buffer += piece
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to_browser, data):]
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def page(self, path, width=1280, height=800, dark=False, fragment=""):
        return Page(self, path, width, height, dark, fragment)


class Page:
    def __init__(self, browser, path, width, height, dark, fragment):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 500)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.url = "file://" + os.path.abspath(path) + fragment
        self.call("Page.navigate", url=self.url)
        while not self.saw("Page.loadEventFired"):
            browser.events.append(browser.receive())
        self.frames()

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def seen(self, method):
        return [e["params"] for e in self.browser.events
                if e.get("method") == method and e.get("sessionId") == self.session]

    def saw(self, method):
        return bool(self.seen(method))

    def run(self, script):
        """The value of an expression (or of the promise it is) in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def frames(self):
        """Until what was asked for has been drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def complaints(self):
        """Errors and warnings on the console, exceptions, and whatever it tried to load besides itself."""
        said = [json.dumps(p["exceptionDetails"].get("exception", p["exceptionDetails"]))[:500]
                for p in self.seen("Runtime.exceptionThrown")]
        said += [str(p["args"])[:500] for p in self.seen("Runtime.consoleAPICalled")
                 if p["type"] in ("error", "warning", "assert")]
        said += [p["entry"]["text"] for p in self.seen("Log.entryAdded") if p["entry"]["level"] in ("error", "warning")]
        said += ["loads " + p["request"]["url"][:200] for p in self.seen("Network.requestWillBeSent")
                 if not p["request"]["url"].startswith(self.url.split("#")[0])]
        return said

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.frames()

    def hover(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.frames()

    def key(self, key, text=None):
        extra = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **extra)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.frames()

    def screenshot(self, path, whole=False):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
