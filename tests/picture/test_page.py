"""The page of a run in headless Chromium: it loads without a complaint, the marks are where the history says, a click shows
the causal past, nothing overflows, and no text of the data becomes more than text.

    test_page.py DRAW_SAMPLE FOLDER     DRAW_SAMPLE draws the runs; what is drawn stays in FOLDER to be looked at
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

from browser import Browser

DRAW, FOLDER = sys.argv[1:3]
KINDS = ("failure", "history", "hostile", "quiet", "large")
SIZES = ((1280, 800), (390, 844))

# The drawn time of a place on the page, by the two ticks of the axis that are farthest apart.
MEASURE = """(() => {
  const texts = [...document.querySelectorAll('#picture .axis text')].map(t => ({x: +t.getAttribute('x'), time: parseFloat(t.textContent)}));
  const [a, b] = [texts[0], texts[texts.length - 1]];
  const left = document.getElementById('picture').getBoundingClientRect().left;
  return {left, perSecond: (b.x - a.x) / (b.time - a.time), x0: a.x, t0: a.time};
})()"""
BARS = """[...document.querySelectorAll('#picture .operation.accused > rect')].map(r => {
  const b = r.getBoundingClientRect(); return {left: b.left, right: b.right, top: b.top, bottom: b.bottom}; })"""
# Texts of one layer that cover each other. Their own boxes, a little smaller: ink does not fill them.
OVERLAPS = """(selector => {
  const boxes = [...document.querySelectorAll(selector)].map(t => [t.getBoundingClientRect(), t.textContent]);
  const found = [];
  for (let i = 0; i < boxes.length; ++i) for (let j = 0; j < i; ++j) {
    const [a, b] = [boxes[i][0], boxes[j][0]];
    if (a.left + 2 < b.right && b.left + 2 < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
      found.push(boxes[i][1] + ' / ' + boxes[j][1]);
  }
  return found;
})"""
# Contrast of text against what is behind it, as WCAG 2.1 defines it. Only for plain grounds.
CONTRAST = """(() => {
  const rgb = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m.slice(0, 3); };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c) return c; } return [255, 255, 255]; };
  const weak = [];
  for (const e of document.querySelectorAll('h1, h2, p, small, code, button, span, b, output, summary, label, td, th, kbd, li')) {
    if (!e.textContent.trim() || e.disabled || !e.getClientRects().length) continue;
    const r = ratio(rgb(getComputedStyle(e).color), ground(e));
    if (r < 4.5) weak.push(`${e.tagName} ${e.textContent.trim().slice(0, 30)}: ${r.toFixed(2)}`);
  }
  const page = ground(document.body);
  for (const t of document.querySelectorAll('#picture text:not(.on-leader):not(.inside), #overview text')) {
    const r = ratio(rgb(getComputedStyle(t).fill), page);
    if (r < 4.5) weak.push(`${t.getAttribute('class')} ${t.textContent}: ${r.toFixed(2)}`);
  }
  const variable = name => rgb((d => { d.style.color = `var(${name})`; document.body.append(d); const c = getComputedStyle(d).color; d.remove(); return c; })(document.createElement('i')));
  for (let i = 0; i < 6; ++i) {
    const r = ratio(variable('--t' + i), variable('--on-term'));
    if (r < 4.5) weak.push(`text on term ${i}: ${r.toFixed(2)}`);
  }
  for (const [a, b, least] of [['--on-bad', '--bad', 4.5], ['--ink', '--operation', 4.5], ['--message', '--bg', 3], ['--routine', '--bg', 3],
      ['--copy', '--bg', 3], ['--accent', '--bg', 3], ['--bad', '--bg', 3], ['--good', '--bg', 3], ['--operation-line', '--bg', 3], ['--line', '--bg', 3]]) {
    const r = ratio(variable(a), variable(b));
    if (r < least) weak.push(`${a} on ${b}: ${r.toFixed(2)}`);
  }
  return weak;
})()"""


def path(kind):
    return os.path.join(FOLDER, kind + ".html")


def expected(kind):
    with open(path(kind) + ".json", encoding="utf-8") as file:
        return json.load(file)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(FOLDER, exist_ok=True)
        for kind in KINDS:
            subprocess.run([DRAW, kind, path(kind)], check=True, timeout=120)
        cls.browser = Browser()
        cls.browser.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def open(self, kind, size=SIZES[0], dark=False, fragment=""):
        page = self.browser.page(path(kind), *size, dark=dark, fragment=fragment)
        self.addCleanup(page.close)
        return page

    def test_all_pages_load_fit_and_can_be_read(self):
        for kind in KINDS:
            self.assertLess(os.path.getsize(path(kind)), 1_000_000, kind)
            for size in SIZES:
                for dark in (False, True):
                    with self.subTest(kind=kind, size=size, dark=dark):
                        page = self.open(kind, size, dark)
                        self.assertEqual(page.complaints(), [])
                        self.assertLessEqual(page.run("document.documentElement.scrollWidth"), size[0])
                        self.assertEqual(page.run(CONTRAST), [])
                        self.assertGreater(page.run("document.querySelectorAll('#picture *').length"), 20)
                        page.screenshot(os.path.join(FOLDER, f"{kind}-{size[0]}-{'dark' if dark else 'light'}.png"))

    def test_the_reason_stands_at_the_top(self):
        for kind in ("failure", "history", "hostile"):
            page = self.open(kind)
            self.assertEqual(page.run("document.querySelector('h1').textContent"), expected(kind)["why"])
        page = self.open("failure")
        self.assertIn("coterie sim --seed 1", page.run("document.getElementById('command').textContent"))

    def test_the_violated_marks_are_where_the_history_says(self):
        for kind in ("failure", "history", "large"):
            for size in SIZES:
                with self.subTest(kind=kind, size=size):
                    told = expected(kind)
                    self.check_marks(self.open(kind, size), told["accused"], told["origin"], size)

    def check_marks(self, page, accused, origin, size):
        scale = page.run(MEASURE)
        bars = sorted(page.run(BARS), key=lambda bar: bar["left"])
        self.assertEqual(len(bars), len(accused))
        for bar, operation in zip(bars, sorted(accused, key=lambda one: one["called"])):
            for side, time in (("left", "called"), ("right", "returned")):
                x = scale["left"] + scale["x0"] + ((origin + operation[time]) / 1e9 - scale["t0"]) * scale["perSecond"]
                # A bar is three pixels wide at least; its stroke is one on each side.
                self.assertAlmostEqual(bar[side], x, delta=4.5)
            # On the first screen, all of it.
            self.assertGreaterEqual(bar["left"], 0)
            self.assertLessEqual(bar["right"], size[0])
            self.assertLessEqual(bar["bottom"], size[1])

    def test_messages_are_where_they_were_sent_and_arrived(self):
        page = self.open("failure")
        worst = page.run("""(() => {
          const data = JSON.parse(document.getElementById('run').textContent);
          const m = %s; let worst = 0, seen = 0;
          for (const e of document.querySelectorAll('#picture .message')) {
            const row = data.messages[+e.dataset.event.slice(1)];
            if (row[5] !== 0 || row[1] === row[2]) continue;
            const [x1, , x2] = e.querySelector('.hit').getAttribute('d').match(/-?[\\d.]+/g).map(Number);
            const at = t => m.x0 + (t / 1e9 - m.t0) * m.perSecond;
            worst = Math.max(worst, Math.abs(x1 - at(row[3])), Math.abs(x2 - at(row[3] + row[4]))); ++seen;
          }
          return [worst, seen];
        })()""" % MEASURE)
        self.assertGreater(worst[1], 10)
        self.assertLess(worst[0], 1)

    def test_a_click_shows_the_causal_past(self):
        page = self.open("failure")
        bar = page.run(BARS)[-1]
        page.click((bar["left"] + bar["right"]) / 2, (bar["top"] + bar["bottom"]) / 2)
        # The past found anew, by going over all messages until nothing is added: of each lane the moment up to which it is in.
        ours = page.run("""(() => {
          const data = JSON.parse(document.getElementById('run').textContent);
          const chosen = document.querySelector('#picture .operation.chosen').dataset.event;
          const target = data.operations[+chosen.slice(1)];
          const end = {};
          const raise = (lane, t) => { if (!(end[lane] >= t)) { end[lane] = t; return true; } return false; };
          raise('c' + target[0], target[3]);
          for (let grown = true; grown;) {
            grown = false;
            for (const [, from, to, sent, took, fate] of data.messages)
              if (fate === 0 && end[to] >= sent + took) grown = raise(from, sent) || grown;
            for (const [client, node, called, returned] of data.operations) {
              if (node < 0) continue;
              if (end[node] >= called) grown = raise('c' + client, called) || grown;
              if (returned >= 0 && end['c' + client] >= returned) grown = raise(node, returned) || grown;
            }
          }
          const wanted = new Set();
          data.messages.forEach(([, , to, sent, took, fate], i) => { if (fate === 0 && end[to] >= sent + took) wanted.add('m' + i); });
          data.operations.forEach(([client, , called], i) => { if (end['c' + client] >= called) wanted.add('o' + i); });
          const wrong = [];
          let lit = 0, dim = 0;
          for (const e of document.querySelectorAll('#picture .message[data-event], #picture .operation[data-event]')) {
            const is = e.classList.contains('in-past');
            if (is) ++lit; else ++dim;
            if (is !== wanted.has(e.dataset.event)) wrong.push(e.dataset.event);
          }
          return {wrong, lit, dim, past: data.messages.filter((m, i) => wanted.has('m' + i)).length};
        })()""")
        self.assertEqual(ours["wrong"], [])
        self.assertGreater(ours["lit"], 5)
        self.assertGreater(ours["dim"], 5)
        details = page.run("document.getElementById('details').innerText")
        self.assertIn("violated", details)
        self.assertIn(f"{ours['past']:,} messages", details)
        self.assertTrue(page.run("location.hash").endswith("&e=o" + page.run(
            "document.querySelector('.chosen').dataset.event").removeprefix("o")))
        page.key("Escape")
        self.assertEqual(page.run("document.querySelectorAll('.chosen').length"), 0)

    def test_a_history_alone_shows_what_had_returned_before(self):
        page = self.open("history", fragment="#t=0-5000000000")
        page.run("document.querySelectorAll('.accused button')[0].click()")
        page.frames()
        self.assertIn("real time", page.run("document.getElementById('details').innerText"))
        wrong = page.run("""(() => {
          const data = JSON.parse(document.getElementById('run').textContent);
          const called = data.operations[+document.querySelector('.chosen').dataset.event.slice(1)][2];
          return [...document.querySelectorAll('#picture .operation:not(.chosen)')].filter(e => {
            const row = data.operations[+e.dataset.event.slice(1)];
            return e.classList.contains('in-past') !== (row[3] >= 0 && row[3] < called);
          }).length;
        })()""")
        self.assertEqual(wrong, 0)

    def test_keys_alone_reach_everything(self):
        page = self.open("failure")
        page.run("document.getElementById('picture').focus()")
        before = page.run("location.hash")
        for key in ("+", "ArrowRight", "-", "ArrowLeft", "0"):
            page.key(key, key if len(key) == 1 else None)
            self.assertNotEqual(page.run("location.hash"), before, key)
            before = page.run("location.hash")
        self.assertEqual(before, "#t=0-5000000000")
        page.key("n", "n")
        first = page.run("document.getElementById('details').innerText")
        page.key("n", "n")
        self.assertNotEqual(page.run("document.getElementById('details').innerText"), first)
        page.key("p", "p")
        self.assertEqual(page.run("document.getElementById('details').innerText"), first)
        page.key("Escape")
        page.key("f", "f")
        self.assertIn("cut: 1 | 2 3", page.run("document.getElementById('details').innerText"))
        page.key("v", "v")
        self.assertEqual(page.run(BARS).__len__(), 2)
        self.assertEqual(page.complaints(), [])
        # Everything that can be pressed has a name.
        self.assertEqual(page.run("[...document.querySelectorAll('button')].filter(b => !(b.ariaLabel || b.textContent.trim())).length"), 0)

    def test_many_messages_are_gathered_and_that_is_said(self):
        page = self.open("failure", fragment="#t=0-5000000000")
        said = page.run("document.getElementById('notice').textContent")
        total = expected("failure")["messages"]
        self.assertIn(f"{total:,} messages in view", said)
        counted = page.run("""[...document.querySelectorAll('#picture .bundle')].reduce((n, b) => n + b.dataset.bundle.split(' ').length, 0)
          + document.querySelectorAll('#picture .message').length""")
        self.assertEqual(counted, total)
        # Near enough each is there for itself.
        page = self.open("failure")
        self.assertEqual(page.run("document.querySelectorAll('.bundle').length"), 0)

    def test_what_is_left_out_is_said(self):
        page = self.open("large")
        note = page.run("document.getElementById('omitted').textContent")
        self.assertIn("Not everything is drawn", note)
        self.assertIn("--from 1s --to 2s", note)
        self.assertFalse(self.open("failure").run("Boolean(document.getElementById('omitted'))"))

    def test_labels_do_not_cover_each_other(self):
        for size in SIZES:
            for fragment in ("", "#t=0-5000000000", "#t=1100000000-2100000000"):
                with self.subTest(size=size, fragment=fragment):
                    page = self.open("failure", size, fragment=fragment)
                    for layer in ("#picture .messages text", "#picture .axis text", "#picture .names text", "#picture .commits text",
                                  "#picture .clocks text", "#picture .messages text, #picture .clocks text, #picture .cut-text"):
                        self.assertEqual(page.run(f"({OVERLAPS})('{layer}')"), [], layer)

    def test_faults_are_drawn(self):
        page = self.open("failure", fragment="#t=0-5000000000")
        for sign, least in ((".down", 2), (".paused", 1), (".wall", 2), (".cross", 3), (".mark.started", 4), (".mark.crashed", 1),
                            (".message.copy", 2), (".clocks line", 10), (".disk.lasting", 10), (".standing.leader", 2),
                            (".mark.clock_stepped", 1), (".commit", 5)):
            self.assertGreaterEqual(page.run(f"document.querySelectorAll('#picture {sign}').length"), least, sign)
        # Nothing is drawn of a node's own standing while it is down.
        overlap = page.run("""(() => {
          const gap = document.querySelector('#picture .down line').getBoundingClientRect();
          return [...document.querySelectorAll('#picture .track .standing:not(.none)')].filter(s => {
            const b = s.getBoundingClientRect();
            return Math.abs((b.top + b.bottom) / 2 - gap.top) < 4 && b.left + 2 < gap.right && gap.left + 2 < b.right;
          }).length;
        })()""")
        self.assertEqual(overlap, 0)

    def test_hostile_texts_stay_texts(self):
        page = self.open("hostile")
        page.run("for (const d of document.querySelectorAll('details')) d.open = true")
        page.frames()
        page.hover(400, 500)
        for i in range(3):
            page.run("document.getElementById('event-after').click()")
        self.assertEqual(page.complaints(), [])
        self.assertNotEqual(page.run("document.title"), "broken")
        self.assertEqual(page.run("document.querySelectorAll('img, iframe, object, embed, a').length"), 0)
        self.assertEqual(page.run("document.scripts.length"), 2)
        self.assertIn("</script>", page.run("document.querySelector('h1').textContent"))

    def test_a_link_leads_back(self):
        page = self.open("failure")
        page.run("document.querySelectorAll('.accused button')[1].click()")
        page.run("document.getElementById('closer').click()")
        page.frames()
        again = self.open("failure", fragment=page.run("location.hash"))
        for what in ("location.hash", "document.getElementById('details').innerText", "document.getElementById('picture').outerHTML"):
            self.assertEqual(page.run(what), again.run(what))


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        print("SKIPPED: Debian's chromium is not installed; `./dev test` installs it", file=sys.stderr)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
