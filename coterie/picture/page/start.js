// All is drawn anew whenever the view changes; what is not in view is not there.
let drawAsked = false;
function drawSoon() {
  if (drawAsked) return;
  drawAsked = true;
  requestAnimationFrame(() => { drawAsked = false; drawNow(); });
}

function drawNow() {
  layOut();
  picture.replaceChildren();
  picture.classList.toggle("choosing", Boolean(choice.past));
  definitions(picture);
  drawAxis(picture);
  const plot = make(picture, "g", { "clip-path": "url(#plot)" });
  const places = new Places();
  const cutTexts = placeCutTexts(places);
  reserveLanes(places);
  drawBands(plot);
  drawCuts(plot);
  drawTrips(plot);
  drawClocks(plot);
  drawStandings(plot);
  drawConditions(plot);
  const disk = drawDisk(plot);
  const messages = drawMessages(plot, places);
  drawStandingTexts(plot);
  drawCutTexts(plot, cutTexts);
  const commits = drawCommits(plot);
  const operations = drawOperations(plot);
  const marks = drawMarks(plot);
  drawPast(plot);
  drawNames(picture);
  drawFold();
  tellNotice({ messages, disk, commits, operations, marks });
  byName("range").textContent = `${exactTime(view.from)} \u2013 ${exactTime(view.to)} of ${run.time} (${lengthText(view.to - view.from)})`;
  drawOverview();
  listEvents();
  writeAddress();
}

function tellNotice({ messages, disk, commits, operations, marks }) {
  const said = [];
  if (messages.bundled > 0) {
    said.push(`${countText(messages.all)} messages in view: ${countText(messages.bundled)} ${messages.routine ? "routine ones " : ""}are gathered into ${countText(messages.bundles)} arrows with their number`);
  }
  if (disk.drawn < disk.all) said.push(`${countText(disk.drawn)} of ${countText(disk.all)} disk operations are drawn`);
  if (commits.drawn < commits.all) said.push("commit indexes are not drawn");
  if (operations.heat) said.push(`${countText(operations.all)} operations are drawn as strips`);
  if (marks.drawn < marks.all) said.push("plain log lines are not drawn");
  byName("notice").textContent = said.length > 0 ? said.join("; ") + ". Zoom in to see each."
    : run.nodes.length > 0 ? "All that is in view is drawn. Click an event to see what it can have known of: its causal past."
    : "All that is in view is drawn. Click an operation to see what had returned before it was called.";
}

function drawFold() {
  let button = byName("fold");
  const hidden = lanes.length - run.nodes.length - clientsAtFirst;
  if (hidden <= 2) return;
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.id = "fold";
    button.addEventListener("click", () => { folding.open = !folding.open; drawNow(); });
    picture.after(button);
  }
  button.textContent = folding.open ? "Fewer clients" : `Show ${hidden} more clients`;
}

function offerKinds() {
  const counts = new Map();
  for (const m of run.messages) counts.set(m.kind, (counts.get(m.kind) || 0) + 1);
  byName("kinds-box").hidden = counts.size === 0;
  for (const [kind, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) hiddenKinds.delete(kind); else hiddenKinds.add(kind);
      drawNow();
    });
    label.append(box, ` ${kind || "message"} (${countText(count)})`);
    byName("kinds").append(label);
  }
}

function drawLegend() {
  const entry = (text, draw) => {
    const item = document.createElement("li");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 44 22");
    svg.setAttribute("aria-hidden", "true");
    draw(svg);
    item.append(svg, text);
    byName("legend").append(item);
  };
  const sample = (name, d, cross, ring) => (svg) => {
    const one = make(svg, "g", { class: "message " + name });
    make(one, "path", { class: "arrow", d });
    if (ring) make(one, "circle", { class: "cross-ring", cx: 30, cy: 15, r: 6 });
    if (cross) drawCross(one, 30, 15, 4);
    if (name === "copy") make(one, "path", { class: "head", d: headAt(4, 4, 40, 18) + headAt(4, 4, 40, 18, 5) });
  };
  const box = (name, fill) => (svg) => {
    make(svg, "rect", { class: name, x: 2, y: 4, width: 40, height: 14 });
    if (fill) make(svg, "rect", { fill, x: 2, y: 4, width: 40, height: 14 });
  };
  const sign = (kind) => (svg) => make(svg, "path", { class: "mark " + kind, d: markPaths[kind], transform: "translate(22 11)" });
  const bar = (name) => (svg) => make(make(svg, "g", { class: "operation " + name }), "rect", { x: 2, y: 3, width: 40, height: 16, rx: 2.5 });
  if (run.nodes.length > 0) {
    entry("leads; each term has a colour", box("standing leader t0"));
    entry("follows in that term", box("standing follower t0"));
    entry("stands for election", box("standing candidate t0", "url(#stripes)"));
    entry("down", (svg) => make(svg, "line", { class: "down", x1: 2, x2: 42, y1: 11, y2: 11 }));
    entry("paused", box("pause-edge", "url(#hatch)"));
    entry("links between these lanes are cut", box("cut-ground", "url(#cut-hatch)"));
    entry("message", sample("", "M4 4L40 18" + headAt(4, 4, 40, 18)));
    entry("lost on the way", sample("lost", "M4 4L30 15", true));
    entry("cut off with its connection", sample("cut", "M4 4L30 15", true, true));
    entry("a second copy", sample("copy", "M4 4L40 18"));
    entry("disk: pending, then durable", (svg) => { make(svg, "line", { class: "disk lasting", x1: 4, x2: 36, y1: 11, y2: 11 }); make(svg, "line", { class: "disk-tick lasting", x1: 36, x2: 36, y1: 6, y2: 16 }); });
    entry("started", sign("started"));
    entry("crashed", sign("crashed"));
    entry("disk wiped", sign("wiped"));
    entry("wall clock stepped; the lower ticks are the node's own clock", sign("clock_stepped"));
    entry("warning in its log", sign("warning"));
    entry("commit index reached", (svg) => make(svg, "path", { class: "commit", d: "M19 8h6l-3 5z" }));
  }
  entry("operation of a client", bar("ok"));
  entry("not done", bar("failed"));
  entry("outcome not known: open to the end", (svg) => { bar("unknown")(svg); make(svg, "line", { class: "open-end", x1: 2, x2: 44, y1: 21, y2: 21 }); });
  entry("violated", bar("accused"));
  entry("causal past of the chosen event", (svg) => { make(svg, "line", { class: "past-line", x1: 2, x2: 34, y1: 11, y2: 11 }); make(svg, "circle", { class: "past-end", cx: 34, cy: 11, r: 4 }); });
}

goHome();
layOut();
readAddress();
followButtons();
followKeys();
followPointer();
followOverview();
offerKinds();
drawLegend();
drawNow();
tellChoice();
window.addEventListener("hashchange", () => { if (readAddress()) drawNow(); });
new ResizeObserver(drawSoon).observe(picture.parentElement);
