// The lanes of the nodes: what each took itself for, its gaps and pauses, its disk below, its own
// clock under that, and the walls between lanes.
const trackHalf = 8;
const clientsAtFirst = 12;
const folding = { open: false };
const termColours = new Map();
for (const s of run.standings) {
  if (s.term > 0 && !termColours.has(s.term)) termColours.set(s.term, 0);
}
[...termColours.keys()].sort((a, b) => a - b).forEach((t, i) => termColours.set(t, "t" + (i % 6)));

// Offsets below a millisecond are not seen.
const clocksDiffer = run.clocks.some((c) => Math.abs(c.offset) >= 2e6);
const clocksOf = lanes.map((lane, i) => run.clocks.filter((c) => c.lane === i));

function shownLanes() {
  const clients = lanes.length - run.nodes.length;
  if (folding.open || clients <= clientsAtFirst + 2) return lanes;
  return lanes.slice(0, run.nodes.length + clientsAtFirst);
}

function place(lane, y, height) {
  lane.shown = true;
  lane.y = y;
  return y + height;
}
function layOut() {
  frame.width = Math.max(260, picture.clientWidth || picture.parentElement.clientWidth);
  frame.narrow = frame.width < 640;
  frame.left = frame.narrow ? 36 : 108;
  const count = run.nodes.length;
  const pitch = clocksDiffer ? (count <= 3 ? 92 : count <= 5 ? 82 : 70) : count <= 3 ? 82 : count <= 5 ? 68 : count <= 9 ? 56 : 46;
  for (const lane of lanes) lane.shown = false;
  let y = frame.top + 14;
  // What is violated stands at the top, whatever comes below.
  const shown = shownLanes();
  const top = count > 0 ? shown.filter((lane) => lane.accused).slice(0, 8) : [];
  for (const lane of top) y = place(lane, y, 28);
  if (top.length > 0) y += 12;
  for (const lane of shown) {
    if (lane.type === "node") y = place(lane, y + (lane.index === 0 ? 10 : 0), lane.index < count - 1 ? pitch : clocksDiffer ? 58 : 46);
    else if (!lane.shown) y = place(lane, y, 28);
  }
  frame.height = y;
  picture.setAttribute("height", frame.height);
  picture.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
}

function drawAxis(svg) {
  const step = tickStep(frame.narrow ? 4 : 9);
  const axis = group(svg, "axis");
  for (const at of ticks(step, origin % step)) {
    const px = x(at);
    make(axis, "line", { class: "tick", x1: px, x2: px, y1: frame.top - 8, y2: frame.height });
    const text = timeText(at, step);
    if (px + textWidth(text, 11) / 2 < frame.width && px - textWidth(text, 11) / 2 > frame.left - 6)
      make(axis, "text", { class: "tick-text", x: px, y: frame.top - 13, "text-anchor": "middle" }, text);
  }
}

function drawNames(svg) {
  const names = group(svg, "names");
  make(names, "rect", { class: "gutter", x: 0, y: frame.top - 6, width: frame.left - 1, height: frame.height });
  for (const lane of shownLanes()) {
    const name = frame.narrow ? lane.short : shortened(lane.name, frame.left - 10, 12);
    make(names, "text", { class: "lane-name", x: 2, y: lane.y + 4 }, name);
    const offset = clocksDiffer && lane.type === "node" && !frame.narrow ? offsetAt(lane.index, (view.from + view.to) / 2) : null;
    if (offset !== null) make(names, "text", { class: "lane-note", x: 2, y: lane.y + trackHalf + 22 }, "clock " + (offset < 0 ? "\u2212" : "+") + lengthText(Math.abs(offset)));
  }
}

function drawCuts(svg) {
  const walls = group(svg, "walls");
  for (const cut of run.cuts.filter(inView)) {
    const left = clip(x(cut.at));
    const width = Math.max(2, clip(x(cut.until)) - left);
    const wall = eventGroup(walls, cut, "wall");
    for (const gap of cut.gaps) {
      const top = lanes[gap].y + trackHalf + 16;
      const height = lanes[gap + 1].y - trackHalf - 12 - top;
      make(wall, "rect", { class: cut.oneWay ? "cut-ground one-way" : "cut-ground", x: left, y: top - 12, width, height: height + 20 });
      make(wall, "rect", { x: left, y: top - 12, width, height: height + 20, fill: "url(#cut-hatch)", "fill-opacity": cut.oneWay ? 0.35 : 0.8 });
    }
  }
}
// Over the messages, that they can be read; placed before the messages' own texts.
function placeCutTexts(places) {
  const texts = [];
  for (const cut of run.cuts.filter(inView)) {
    // A cut of one way is said once; of both, in every gap.
    for (const gap of cut.oneWay ? cut.gaps.slice(0, 1) : cut.gaps) {
      const text = headline(cut);
      const from = Math.max(clip(x(cut.at)), frame.left) + 4;
      const room = Math.min(clip(x(cut.until)), frame.width - frame.right) - from;
      const y = (lanes[gap].y + (clocksDiffer ? 42 : 18) + lanes[gap + 1].y - 22) / 2 + 4;
      if (textWidth(text, 11) < room && places.take(from, y - 11, textWidth(text, 11), 14))
        texts.push({ x: from, y, text });
    }
  }
  return texts;
}
function drawCutTexts(svg, texts) {
  for (const { text, ...place } of texts) make(svg, "text", { class: "cut-text halo", ...place }, text);
}
// Tracks, disks and clocks are no place for the texts of messages.
function reserveLanes(places) {
  for (const lane of lanes.slice(0, run.nodes.length)) {
    places.take(0, lane.y - trackHalf - 14, frame.width, 2 * trackHalf + (clocksDiffer ? 44 : 26));
  }
}

function standingText(s) {
  const term = s.term > 0 ? " t" + s.term : "";
  if (s.role === "leader") return "leader" + term;
  if (s.role === "candidate") return (s.text || "candidate") + term;
  if (s.role === "follower") return s.leader >= 0 ? "follows " + lanes[s.leader].short + term : "no leader" + term;
  return s.text || "";
}

function drawStandings(svg) {
  const tracks = group(svg, "tracks");
  for (const lane of lanes.slice(0, run.nodes.length)) {
    let alive = 0;
    const rail = (from, to) => to > from && make(tracks, "rect", {
      class: "standing none", x: clip(x(from)), width: Math.max(1, clip(x(to)) - clip(x(from))), y: lane.y - 1.5, height: 3,
    });
    for (const c of run.conditions) {
      if (c.lane !== lane.index || c.kind !== "down") continue;
      rail(alive, c.at);
      alive = c.until;
    }
    rail(alive, run.length);
  }
  for (const s of run.standings) {
    if (!inView(s)) continue;
    const lane = lanes[s.lane];
    const left = clip(x(s.at));
    const width = Math.max(1.5, clip(x(s.until)) - left);
    const one = eventGroup(tracks, s, "track");
    const box = { x: left, y: lane.y - trackHalf, width, height: trackHalf * 2 };
    const colour = termColours.get(s.term) || "none";
    make(one, "rect", { class: "gutter", ...box });
    make(one, "rect", { class: `standing ${s.role} ${colour}`, ...box });
    if (s.role === "candidate") make(one, "rect", { fill: "url(#stripes)", ...box });
  }
}
// Over what crosses the tracks.
function drawStandingTexts(svg) {
  const texts = group(svg, "track-texts");
  for (const s of run.standings.filter(inView)) {
    const left = clip(x(s.at));
    const from = Math.max(left, frame.left) + 4;
    const room = Math.min(left + Math.max(1.5, clip(x(s.until)) - left), frame.width - frame.right) - from - 2;
    const text = shortened(standingText(s), room, 11);
    const name = s.role === "leader" ? "on-leader " + (termColours.get(s.term) || "") : "on-track halo";
    if (text) make(texts, "text", { class: name, x: from, y: lanes[s.lane].y + 4 }, text);
  }
}

function drawConditions(svg) {
  const gaps = group(svg, "gaps");
  for (const c of run.conditions.filter(inView)) {
    const y = lanes[c.lane].y;
    const left = clip(x(c.at));
    const right = Math.max(left + 2, clip(x(c.until)));
    const one = eventGroup(gaps, c, c.kind);
    if (c.kind === "paused") {
      make(one, "rect", { class: "pause-edge", x: left, y: y - trackHalf, width: right - left, height: 2 * trackHalf, fill: "url(#hatch)" });
      make(one, "rect", { x: left, y: y - trackHalf, width: right - left, height: 2 * trackHalf, fill: "url(#hatch)", "fill-opacity": 0.75 });
    } else {
      make(one, "rect", { class: "hit", x: left, y: y - trackHalf, width: right - left, height: 2 * trackHalf, "pointer-events": "all" });
      make(one, "line", { class: "down", x1: left, x2: right, y1: y, y2: y });
    }
    const from = Math.max(left, frame.left) + 10;
    const text = shortened(c.kind === "paused" ? "paused" : "down" + (c.why ? ": " + c.why : ""), Math.min(right, frame.width - frame.right) - from - 4, 11);
    if (text) make(one, "text", { class: (c.kind === "paused" ? "on-track" : "down-text") + " halo", x: from, y: y + 4 }, text);
  }
}

// Pending from its submission; a tick where it is done, green where something is durable then.
function drawDisk(svg) {
  let works = run.disk.filter(inView);
  const all = works.length;
  if (all > 260) works = works.filter((d) => d.lasting || d.fate !== "done");
  const some = works.length;
  const disks = group(svg, "disks");
  const last = new Map();
  for (const d of works) {
    const y = lanes[d.lane].y + trackHalf + 6;
    const left = clip(x(d.at));
    const right = clip(x(d.until));
    // Where there is more than one to two pixels only the first is drawn, unless it failed.
    if (some > 260 && d.fate === "done" && !isChosen(d)) {
      if (right - (last.get(d.lane) ?? -9) < 2.5) continue;
      last.set(d.lane, right);
    }
    const kind = d.lasting ? " lasting" : "";
    const one = eventGroup(disks, d, "work");
    make(one, "line", { class: "disk" + kind + (d.fate === "done" ? "" : " pending"), x1: left, x2: Math.max(right, left + 0.5), y1: y, y2: y });
    if (d.fate === "done") make(one, "line", { class: "disk-tick" + kind, x1: right, x2: right, y1: y - (d.lasting ? 4 : 2), y2: y + (d.lasting ? 4 : 2) });
    if (d.fate === "failed" || d.fate === "lost") drawCross(one, right, y, 3);
    make(one, "line", { class: "hit", x1: left - 2, x2: right + 2, y1: y, y2: y });
  }
  return { all, drawn: disks.childElementCount };
}

// A node's clock minus the right time.
function offsetAt(lane, time) {
  const readings = clocksOf[lane];
  let i = readings.length - 1;
  while (i > 0 && readings[i].at > time) --i;
  const [a, b] = [readings[i], readings[i + 1]];
  if (!a) return null;
  if (!b || b.step || b.at === a.at || time < a.at) return Math.round(a.offset / 1e6) * 1e6;
  return Math.round((a.offset + ((b.offset - a.offset) * (time - a.at)) / (b.at - a.at)) / 1e6) * 1e6;
}

// Ticks where a node's own clock shows round times, tied to where that is in truth.
function drawClocks(svg) {
  if (!clocksDiffer) return;
  const clocks = group(svg, "clocks");
  const step = tickStep(frame.narrow ? 4 : 9);
  for (const lane of lanes.slice(0, run.nodes.length)) {
    const readings = clocksOf[lane.index];
    const y = lane.y + trackHalf + 19;
    if (readings.length === 0) continue;
    make(clocks, "line", { class: "clock", x1: frame.left, x2: frame.width - frame.right, y1: y, y2: y });
    let lastText = -1e9;
    for (let i = 0; i < readings.length; ++i) {
      const [a, b] = [readings[i], readings[i + 1]];
      const until = b ? b.at : run.length;
      if (until < view.from || a.at > view.to) continue;
      const slope = b && !b.step && b.at > a.at ? (b.offset - a.offset) / (b.at - a.at) : 0;
      // Its clock shows origin + t + offset; solved for round times of it.
      const shift = origin + a.offset;
      const first = Math.ceil((Math.max(a.at, view.from) + shift) / step);
      for (let n = first; n < first + 60; ++n) {
        const at = a.at + (n * step - shift - a.at) / (1 + slope);
        if (at > Math.min(until, view.to)) break;
        const px = x(at);
        make(clocks, "line", { class: "clock", x1: px, x2: px, y1: y - 3, y2: y + 3 });
        const text = (n * step / 1e9).toFixed(Math.max(0, 9 - Math.floor(Math.log10(step)))) + " s";
        if (px - lastText < textWidth(text, 9.5) + 10 || px + textWidth(text, 9.5) > frame.width) continue;
        lastText = px;
        make(clocks, "text", { class: "clock-text halo", x: px + 3, y: y + 9 }, text);
      }
      if (a.step && a.at >= view.from) drawStep(clocks, x(a.at), y);
    }
  }
}
function drawStep(parent, px, y) {
  make(parent, "path", { class: "mark", d: `M${px - 4} ${y - 4}l4 4l-4 4M${px} ${y - 4}l4 4l-4 4` });
}

function drawCommits(svg) {
  const commits = run.commits.filter((c) => c.at >= view.from && c.at <= view.to);
  if (commits.length > 160) return { all: commits.length, drawn: 0 };
  const shown = group(svg, "commits");
  const last = new Map();
  for (const c of commits) {
    const px = x(c.at);
    const y = lanes[c.lane].y - trackHalf;
    make(shown, "path", { class: "commit", d: `M${px - 2.5} ${y - 4}h5l-2.5 4z` });
    const text = String(c.index);
    if (px - (last.get(c.lane) ?? -99) < textWidth(text, 10) + 24) continue;
    last.set(c.lane, px);
    make(shown, "text", { class: "commit-text halo", x: px + 4, y: y - 2 }, text);
  }
  return { all: commits.length, drawn: commits.length };
}

const markPaths = {
  started: "M-4 4L0 -4L4 4Z", crashed: "M-4 -4L4 4M-4 4L4 -4", wiped: "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0M-4 4L4 -4",
  clock_stepped: "M-5 -4L-1 0L-5 4M0 -4L4 0L0 4", warning: "M-4.5 4L0 -5L4.5 4ZM0 -1V1", note: "M-3 5V-5L4 -2L-3 1", logged: "M-1.6 0A1.6 1.6 0 1 1 1.6 0A1.6 1.6 0 1 1 -1.6 0",
};
function drawMarks(svg) {
  let marks = run.marks.filter(inView);
  const all = marks.length;
  if (marks.filter((m) => m.kind === "logged").length > 120) marks = marks.filter((m) => m.kind !== "logged");
  const shown = group(svg, "marks");
  const last = new Map();
  for (const m of marks) {
    const px = x(m.at);
    const y = m.lane < 0 ? frame.top - 2 : lanes[m.lane].y - trackHalf - 8;
    // Signs of one kind on one spot are one sign.
    const key = m.lane + m.kind;
    if (px - (last.get(key) ?? -99) < 3 && !isChosen(m)) continue;
    last.set(key, px);
    const one = make(shown, "g", { class: "event" + stateOf(m), "data-event": m.id, transform: `translate(${px.toFixed(2)} ${m.kind === "logged" ? y + 3 : y})` });
    make(one, "path", { class: "mark " + m.kind, d: markPaths[m.kind] });
    make(one, "circle", { class: "hit", r: 5, "pointer-events": "all", "stroke-width": 0 });
  }
  return { all, drawn: marks.length };
}
