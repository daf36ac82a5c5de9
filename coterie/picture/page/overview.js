// The whole run in a strip: who led, when things were broken, how busy it was, where the violated
// operations are, and the part that is shown.
const strip = { row: 5, top: 4 };
const stripX = (time) => frame.left + Math.min(Math.max(time / Math.max(run.length, 1), 0), 1) * plotWidth();
const stripTime = (px) => ((px - frame.left) / plotWidth()) * run.length;

function busyBins() {
  const bins = new Array(Math.max(1, Math.floor(plotWidth() / 3))).fill(0);
  const counted = run.messages.length > 0 ? run.messages : run.operations;
  for (const e of counted) {
    const bin = Math.floor((e.at / Math.max(run.length, 1)) * bins.length);
    if (bin >= 0) bins[Math.min(bin, bins.length - 1)] += 1;
  }
  return bins;
}

function drawOverview() {
  overview.replaceChildren();
  const rows = run.nodes.length;
  const height = strip.top + rows * strip.row + 22;
  overview.setAttribute("height", height);
  overview.setAttribute("viewBox", `0 0 ${frame.width} ${height}`);
  const width = plotWidth();
  make(overview, "rect", { class: "overview-ground", x: frame.left, y: 0, width, height });
  make(overview, "text", { class: "lane-note", x: 2, y: 13 }, frame.narrow ? "all" : "whole run");
  for (const e of [...run.cuts, ...run.conditions]) {
    const top = e.type === "cut" ? 0 : strip.top + e.lane * strip.row;
    make(overview, "rect", {
      class: "overview-fault", x: stripX(e.at), width: Math.max(1, stripX(e.until) - stripX(e.at)), y: top,
      height: e.type === "cut" ? 3 : strip.row,
    });
  }
  for (const s of run.standings) {
    if (s.role !== "leader") continue;
    make(overview, "rect", {
      class: termColours.get(s.term) || "", x: stripX(s.at), width: Math.max(1, stripX(s.until) - stripX(s.at)),
      y: strip.top + s.lane * strip.row, height: strip.row - 1,
    });
  }
  const bins = busyBins();
  const most = Math.max(1, ...bins);
  bins.forEach((count, i) => {
    if (count === 0) return;
    const tall = Math.max(1, (count / most) * 14);
    make(overview, "rect", { class: "overview-busy", x: frame.left + (i * width) / bins.length, width: width / bins.length - 0.6, y: height - 2 - tall, height: tall });
  });
  for (const o of accusedOperations.slice(0, 200)) {
    const px = stripX(o.at);
    make(overview, "line", { class: "overview-accused", x1: px, x2: px, y1: 0, y2: height });
  }
  const left = stripX(view.from);
  make(overview, "rect", { class: "window", x: left, y: 0.75, width: Math.max(3, stripX(view.to) - left), height: height - 1.5 });
}

function followOverview() {
  let grip = null;
  const at = (e) => stripTime(e.clientX - overview.getBoundingClientRect().left);
  overview.addEventListener("pointerdown", (e) => {
    const time = at(e);
    const width = view.to - view.from;
    grip = time >= view.from && time <= view.to ? time - view.from : width / 2;
    overview.setPointerCapture(e.pointerId);
    show(time - grip, time - grip + width);
    drawSoon();
  });
  overview.addEventListener("pointermove", (e) => {
    if (grip === null) return;
    const from = at(e) - grip;
    show(from, from + view.to - view.from);
    drawSoon();
  });
  for (const end of ["pointerup", "pointercancel"]) overview.addEventListener(end, () => { grip = null; });
}
