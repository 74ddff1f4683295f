#!/usr/bin/env python3
"""Uses the chat page of `hlwq serve` in a real browser, as a person would.

usage: check_page.py [--hlwq build/release/bin/hlwq] [--pictures FOLDER] [MODEL_DIR]

Needs chromium, and a model with a chat template; without one the one that `make demo` has made. Sends, stops, edits,
answers anew, reloads, opens a second tab, tries to inject HTML and scripts, and looks for controls without a name and for
colours that are hard to read. With --pictures the states are kept as PNG, light and dark. Prints a line for each;
exits 1 where one fails.
"""
from __future__ import annotations

import json
import pathlib
import sys
import urllib.request

import devtools
import environment
import live_server

EVIL = r"""<img src=x onerror="window.hit=1"> <script>window.hit=2</script> <iframe srcdoc="<script>parent.hit=3</script>"></iframe>
[link](javascript:window.hit=4) [data](data:text/html,<script>1</script>) <svg onload=window.hit=5>
```html"><img src=x onerror=window.hit=6>
<script>window.hit=7</script>
```
| <b onmouseover=window.hit=8>a</b> | b |
|---|---|
| `<script>` | **<i>x</i>** |
# <script>window.hit=9</script>
"""
TREE = r"""
# Title
- one
  - inner
- two
1. first
> quoted

| a | b |
|--|--|
| 1 | 2 |

**bold** *it* `code` ~~s~~ [x](https://example.org) https://example.com
"""
CONTRAST = """(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const paper = (node) => { for (; node; node = node.parentElement) {
    const colour = parse(getComputedStyle(node).backgroundColor); if (colour.length < 4 || colour[3] > 0) return colour; } return [255, 255, 255]; };
  let worst = 99, where = "";
  for (const node of document.querySelectorAll("body *")) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()) || !node.offsetParent) continue;
    if (node.closest("dialog:not([open])") || node.matches(".who,.hidden,.delete,:disabled")) continue;
    const a = light(parse(getComputedStyle(node).color)), b = light(paper(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < worst) { worst = ratio; where = node.tagName + "." + node.className + " " + node.textContent.slice(0, 20); }
  }
  return [worst, where];
})()"""
NAMELESS = """[...document.querySelectorAll("button, input, textarea, a, [role=img]")].filter((node) =>
  !(node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.[0]?.textContent.trim())).map((node) => node.outerHTML)"""
LAST = "[...document.querySelectorAll('article.assistant .body')].at(-1)?.textContent ?? ''"
IDLE = "document.getElementById('send').textContent === 'Send'"


class Checks:
    def __init__(self, url: str, browser: devtools.Browser, pictures: pathlib.Path | None):
        self.url, self.browser, self.pictures = url, browser, pictures
        self.tab = browser.new_tab()
        self.tab.open(url)
        self.tab.wait("document.getElementById('context').textContent !== ''")

    def picture(self, name: str) -> None:
        if self.pictures is None:
            return
        for scheme in ("light", "dark"):
            self.tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            self.tab.screenshot(self.pictures / f"{name}-{scheme}.png")
        self.tab.call("Emulation.setEmulatedMedia", features=[])

    def say(self, text: str, tab: devtools.Tab | None = None) -> None:
        tab = tab or self.tab
        tab.js(f"document.getElementById('text').value = {json.dumps(text)}; document.getElementById('text').focus()")
        tab.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13)

    def click(self, label: str, within: str = "document") -> None:
        self.tab.js(f"[...{within}.querySelectorAll('button')].findLast((b) => b.textContent === {json.dumps(label)}).click()")

    def check_1_empty(self):
        self.picture("empty")
        # Small models now and then find no end.
        self.tab.js("document.getElementById('open-settings').click()")
        self.tab.js("document.querySelector('[name=max_tokens]').value = '300'")
        self.click("Done")
        return self.tab.js("document.getElementById('model').textContent")

    def check_2_send(self):
        self.say("What is the capital of France?")
        self.tab.wait(f"document.querySelectorAll('article').length === 2 && {IDLE}")
        answer = self.tab.js(LAST)
        assert answer.strip(), "no answer"
        assert not self.tab.js("document.getElementById('context').textContent").startswith("0 /")
        self.picture("answer")
        return answer

    def check_3_stop(self):
        self.tab.js("document.getElementById('open-settings').click()")
        self.picture("settings")
        self.tab.js("document.querySelector('[name=system]').value = 'Write a very long story. Never stop.'")
        self.click("Done")
        self.say("Tell me a very long story about a fox, with many chapters.")
        self.tab.wait(f"({LAST}).length > 40 && !({IDLE})")
        self.picture("streaming")
        self.tab.js("document.getElementById('form').requestSubmit()")
        self.tab.wait(IDLE)
        length = len(self.tab.js(LAST))
        with urllib.request.urlopen(self.url + "metrics") as metrics:
            active = [line for line in metrics.read().decode().splitlines() if line.startswith("hlwq_answers_active ")]
        assert length > 40, length
        return f"{length} characters kept; {active[0]} soon after"

    def check_4_again_and_edit(self):
        self.click("Again")
        self.tab.wait(f"({LAST}).length > 5 && !({IDLE})")
        self.tab.js("document.getElementById('form').requestSubmit()")
        self.tab.wait(IDLE)
        shown = self.tab.js("[...document.querySelectorAll('.tools span')].map((s) => s.textContent).join(' ')")
        assert "2/2" in shown, shown
        self.click("‹")
        assert "1/2" in self.tab.js("[...document.querySelectorAll('.tools span')].map((s) => s.textContent).join(' ')")
        self.click("Edit")
        self.picture("edit")
        self.tab.js("document.querySelector('.editing textarea').value = 'Say hello.'")
        self.click("Send", "document.querySelector('.editing')")
        self.tab.wait(f"({LAST}).length > 5")
        self.tab.js(f"if (!({IDLE})) document.getElementById('form').requestSubmit()")
        self.tab.wait(IDLE)
        return "branches"

    def check_5_reload(self):
        before = self.tab.js("[...document.querySelectorAll('.body')].map((b) => b.textContent).join('|')")
        self.tab.open(self.url)
        self.tab.wait("document.querySelectorAll('article').length > 0")
        assert self.tab.js("[...document.querySelectorAll('.body')].map((b) => b.textContent).join('|')") == before

    def check_6_two_tabs(self):
        other = self.browser.new_tab()
        other.open(self.url)
        other.wait("document.querySelectorAll('article').length > 0")
        count = self.tab.js("document.querySelectorAll('article').length")
        other.js("document.getElementById('open-settings').click();"
                 "document.querySelector('[name=system]').value = ''; document.querySelector('[name=max_tokens]').value = '20'")
        other.js("document.querySelector('dialog button').click()")
        self.say("Hello from the other tab", other)
        other.wait(f"document.querySelectorAll('article').length === {count + 2} && {IDLE}")
        self.tab.wait(f"document.querySelectorAll('article').length === {count + 2}")
        return "the first one follows"

    def check_7_injection(self):
        found = self.tab.js(f"""(async () => {{
          const {{ render }} = await import("./markdown.js");
          const box = document.createElement("div");
          box.append(render({json.dumps(EVIL)}));
          document.body.append(box);
          const script = document.createElement("script");
          script.textContent = "window.hit = 10";
          document.body.append(script);
          await new Promise((done) => setTimeout(done, 500));
          const bad = box.querySelectorAll("img, script, iframe, svg, object, [onerror], [onload], [onmouseover]").length;
          const links = [...box.querySelectorAll("a")].map((a) => a.href);
          box.remove();
          return [window.hit ?? null, bad, links];
        }})()""")
        assert found == [None, 0, []], found
        return "text stays text, scripts are refused"

    def check_8_markdown(self):
        tags = self.tab.js(f"""(async () => {{
          const {{ render }} = await import("./markdown.js");
          const box = document.createElement("div");
          box.append(render({json.dumps(TREE)}));
          return [...box.querySelectorAll("*")].map((n) => n.tagName.toLowerCase()).join(" ");
        }})()""")
        for want in ("h3", "ul li", "ul li p ul li", "ol", "blockquote", "table tr th", "strong", "em", "code", "s", "a"):
            assert want in tags, (want, tags)
        return "lists, tables, quotes"

    def check_9_for_everybody(self):
        nameless = self.tab.js(NAMELESS)
        assert not nameless, nameless
        worst = []
        for scheme in ("light", "dark"):
            self.tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            ratio, where = self.tab.js(CONTRAST)
            assert ratio >= 4.5, (scheme, ratio, where)
            worst.append(f"{scheme} {ratio:.1f}")
        self.tab.call("Emulation.setEmulatedMedia", features=[])
        self.tab.call("Emulation.setDeviceMetricsOverride", width=390, height=760, deviceScaleFactor=1, mobile=True)
        assert self.tab.js("document.documentElement.scrollWidth <= 390"), "wider than the screen"
        self.tab.js("document.getElementById('menu').click()")
        self.picture("narrow")
        self.tab.js("document.getElementById('hide').click()")
        return "least contrast " + ", ".join(worst)


def main() -> int:
    parser = environment.parser(__doc__, "page")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("model", nargs="?")
    arguments = parser.parse_args()
    model = live_server.model_of(arguments)
    if model is None:
        return 0
    try:
        browser = devtools.Browser()
    except FileNotFoundError as error:
        print(f"skipped: {error}")
        return 0
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    server, address = live_server.start(arguments.hlwq, model, "--quiet")
    failed = 0
    try:
        checks = Checks(address + "/", browser, arguments.pictures)
        failed = live_server.run_checks(checks, lambda name: name[8:])
        complaints = [line for line in checks.tab.complaints if "Content Security Policy" not in line]
        if complaints:
            failed += 1
            print("the browser complains:", complaints[:3])
    finally:
        browser.close()
        server.terminate()
        server.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
