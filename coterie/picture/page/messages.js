// Messages are arrows from lane to lane; a loss is a cross where and when it happened. When there
// are too many to be told apart those between two lanes at about the same time become one arrow
// with their number: routine ones first. That is said above the picture.
const arrowsMost = 200;
const hiddenKinds = new Set();
const wanted = (m) => !hiddenKinds.has(m.kind);
const special = (m) => m.fate !== "delivered" || m.copy;

function drawMessages(svg, places) {
  const all = run.messages.filter((m) => inView(m) && wanted(m));
  const single = new Set();
  const bundled = [];
  const plain = all.filter((m) => !m.routine || special(m));
  const unusual = all.filter(special);
  for (const m of all) {
    const alone = all.length <= arrowsMost || isChosen(m) ||
      (special(m) ? unusual.length <= arrowsMost : !m.routine && plain.length <= arrowsMost);
    if (alone) single.add(m); else bundled.push(m);
  }
  const layer = group(svg, "messages");
  const bundles = gather(bundled);
  for (const bundle of bundles) drawBundle(layer, bundle, places);
  const labels = [];
  for (const m of single) drawMessage(layer, m, labels);
  // Texts only where they can be read, and those of routine messages only where there is little else.
  const crowd = plotWidth() / (all.length + 1);
  if (crowd > 7) for (const l of labels) if (!l.m.routine) drawLabel(layer, l, places);
  if (crowd > 30) for (const l of labels) if (l.m.routine) drawLabel(layer, l, places);
  return { all: all.length, bundled: bundled.length, bundles: bundles.length, routine: bundled.every((m) => m.routine) };
}

function ends(m) {
  const [a, b] = [lanes[m.from].y, lanes[m.to].y];
  const way = Math.sign(b - a) || -1;
  return { y1: a + way * (trackHalf - 2), y2: b - way * trackHalf, way };
}

function drawMessage(layer, m, labels) {
  const name = ["message", m.fate, m.copy ? "copy" : "", m.routine ? "routine" : ""].join(" ");
  const one = eventGroup(layer, m, name);
  const { y1, y2 } = ends(m);
  const [left, right] = [clip(x(m.at)), clip(x(m.until))];
  if (m.from === m.to) {
    make(one, "path", { class: "arrow", d: `M${left} ${y1}q${(right - left) / 2} -22 ${right - left} 0` });
    return;
  }
  const arrives = m.fate === "delivered";
  const share = arrives ? 1 : m.fate === "under_way" ? 0.8 : lossShare(y1, y2);
  const yEnd = y1 + (y2 - y1) * share;
  const way = `M${left} ${y1}L${right} ${yEnd}`;
  make(one, "path", { class: "hit", d: way });
  make(one, "path", { class: "arrow", d: m.copy || !arrives ? way : way + headAt(left, y1, right, yEnd) });
  if (m.copy && arrives) make(one, "path", { class: "head", d: headAt(left, y1, right, yEnd) + headAt(left, y1, right, yEnd, 5) });
  if (m.fate === "cut") make(one, "circle", { class: "cross-ring", cx: right, cy: yEnd, r: 6.5 });
  if (m.fate === "lost" || m.fate === "cut") drawCross(one, right, yEnd, 4);
  labels.push({ m, left, right, y1, yEnd });
}
// Crosses stand between lanes, not on one that is only crossed.
function lossShare(y1, y2) { return Math.min(0.5, 30 / Math.abs(y2 - y1)); }
function drawCross(parent, px, y, size) {
  make(parent, "path", { class: "cross", d: `M${px - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}` });
}
// An open head at the end of a line, `back` pixels before it.
function headAt(x1, y1, x2, y2, back = 0) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [px, py] = [x2 - dx * back, y2 - dy * back];
  const corner = (side) => `${(px - 7 * dx + side * 3.2 * dy).toFixed(1)} ${(py - 7 * dy - side * 3.2 * dx).toFixed(1)}`;
  return `M${corner(1)}L${px.toFixed(1)} ${py.toFixed(1)}L${corner(-1)}`;
}

function drawLabel(layer, { m, left, right, y1, yEnd }, places) {
  const text = (m.text || m.kind) + (m.copy ? " (again)" : "");
  const width = textWidth(text, 10.5);
  // Some places along the arrow are tried; texts do not cover each other.
  for (const share of [0.42, 0.58, 0.3, 0.7]) {
    const px = left + (right - left) * share + 5;
    const y = y1 + (yEnd - y1) * share + 3;
    if (px < frame.left || px + width > frame.width - 2) continue;
    if (!places.take(px - 1, y - 9, width + 2, 11)) continue;
    const one = layer.querySelector(`[data-event="${m.id}"]`);
    make(one, "text", { class: (m.copy ? "copy-text" : "message-text") + " halo", x: px, y }, text);
    return;
  }
}

function gather(bundled) {
  const pairs = new Set(bundled.map((m) => m.from * 1000 + m.to)).size;
  const size = Math.min(170, Math.max(26, 4.4 * pairs));
  const bundles = new Map();
  for (const m of bundled) {
    const bin = Math.floor((Math.max(x(m.at), frame.left) - frame.left) / size);
    const key = [m.from, m.to, bin, special(m)].join(" ");
    if (!bundles.has(key)) bundles.set(key, []);
    bundles.get(key).push(m);
  }
  return [...bundles.values()];
}
function drawBundle(layer, list, places) {
  const mean = (of) => list.reduce((sum, m) => sum + Math.max(x(of(m)), frame.left - 30), 0) / list.length;
  const [left, right] = [clip(mean((m) => m.at)), clip(mean((m) => m.until))];
  const broken = list.some((m) => m.fate === "lost" || m.fate === "cut");
  const { y1, y2 } = ends(list[0]);
  const yEnd = broken ? y1 + (y2 - y1) * lossShare(y1, y2) : y2;
  const past = choice.past && list.some((m) => choice.past.has(m)) ? " in-past" : "";
  const one = make(layer, "g", {
    class: "event bundle" + (list.every((m) => m.routine) ? " routine" : "") + (broken ? " lost" : "") + past,
    "data-bundle": list.map((m) => m.id).join(" "),
  });
  const way = `M${left} ${y1}L${right} ${yEnd}`;
  make(one, "path", { class: "hit", d: way });
  make(one, "path", { class: "arrow", "stroke-width": 1, style: `stroke-width:${Math.min(6, 1 + Math.log2(list.length) * 0.6)}`, d: way + (broken ? "" : headAt(left, y1, right, yEnd)) });
  if (broken) drawCross(one, right, yEnd, 3.5);
  if (list.length < 2) return;
  const text = String(list.length);
  const width = textWidth(text, 10.5);
  const px = left + (right - left) * 0.5 + 3;
  const y = y1 + (yEnd - y1) * 0.4 + 3;
  if (px > frame.left && px + width < frame.width && places.take(px, y - 9, width, 11))
    make(one, "text", { class: "message-text halo", x: px, y }, text);
}
