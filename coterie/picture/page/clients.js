// The lanes of the clients: an operation is a bar from its call to its return. The violated ones are
// what the picture is about; they carry their text always, and a band through all lanes.
function operationText(o) { return o.call + " \u2192 " + o.result; }

function drawBands(svg) {
  const bands = group(svg, "bands");
  const drawn = accusedOperations.filter(inView).slice(0, 40);
  for (const o of drawn) {
    const left = clip(x(o.at));
    const right = clip(x(o.until));
    const height = frame.height - frame.top;
    make(bands, "rect", { class: "accused-band", x: left, y: frame.top, width: Math.max(1, right - left), height });
    for (const px of o.open ? [left] : [left, right])
      make(bands, "line", { class: "accused-edge", x1: px, x2: px, y1: frame.top, y2: frame.height });
  }
}

function drawOperations(svg) {
  const all = run.operations.filter((o) => inView(o) && lanes[o.lane].shown);
  // Too many: strips of what a client did, and the violated ones.
  const heat = all.length > 1500;
  const drawn = heat ? all.filter((o) => o.accused || isChosen(o)) : all;
  const ops = group(svg, "operations");
  if (heat) drawHeat(ops, all);
  const perLane = lanes.map(() => []);
  for (const o of drawn) perLane[o.lane].push(o);
  for (const list of perLane) {
    list.sort(inTimeOrder);
    // The violated ones have the first choice of where their texts stand.
    const places = new Places();
    for (const accused of [true, false]) list.forEach((o, i) => { if (o.accused === accused) drawOperation(ops, o, list[i + 1], places); });
  }
  // On top of all others.
  for (const o of drawn.filter((one) => one.accused)) {
    ops.appendChild(ops.querySelector(`[data-event="${o.id}"]`));
  }
  return { all: all.length, heat };
}

function drawOperation(parent, o, next, places) {
  const y = lanes[o.lane].y;
  const left = clip(x(o.at));
  const nextLeft = next ? clip(x(next.at)) : frame.width - frame.right;
  // What never became known stays open to the end: a thin line under those that follow.
  const right = o.open ? Math.min(clip(x(o.until)), Math.max(left + 8, nextLeft - 2)) : clip(x(o.until));
  const one = eventGroup(parent, o, "operation " + o.outcome + (o.accused ? " accused" : ""));
  if (o.open) make(one, "line", { class: "open-end", x1: left, x2: clip(x(o.until)), y1: y + 11, y2: y + 11 });
  const width = Math.max(3, right - left);
  make(one, "rect", { x: left, y: y - 9, width, height: 18, rx: 2.5 });
  const from = Math.max(left, frame.left) + 4;
  const room = Math.min(left + width, frame.width - frame.right) - from - 3;
  const text = operationText(o);
  const inside = shortened(text, room, 11);
  if (o.accused && inside !== text && placeBeside(one, o, text, left, left + width, inside, places)) return;
  const free = (next ? clip(x(next.at)) : frame.width - frame.right) - left - width;
  const taken = (start, shown) => !places.take(start, 0, textWidth(shown, 11), 10);
  if (inside === text || (inside && textWidth(text, 11) > free - 12)) {
    if (!taken(from, inside)) make(one, "text", { class: "inside", x: from, y: y + 4 }, inside);
  } else if (textWidth(text, 11) <= free - 12 && !taken(left + width + 5, text)) {
    make(one, "text", { class: "beside", x: left + width + 5, y: y + 4 }, text);
  }
}

// To the right of its bar, or to the left where there is more room: up to the next violated one.
function placeBeside(one, o, text, left, right, inside, places) {
  let [start, end] = [frame.left, frame.width - frame.right];
  for (const other of accusedOperations) {
    if (other === o || other.lane !== o.lane) continue;
    if (other.at >= o.at) end = Math.min(end, x(other.at) - 4);
    else start = Math.max(start, x(other.open ? other.at : other.until) + 4);
  }
  const after = end - right - 8;
  const before = left - start - 8;
  const rightFirst = textWidth(text, 12) < after || after >= before;
  for (const rightwards of [rightFirst, !rightFirst]) {
    const short = shortened(text, rightwards ? after : before, 12);
    const width = textWidth(short, 12);
    if (short.length <= inside.length || !places.take(rightwards ? right + 4 : left - 8 - width, 0, width + 4, 10)) continue;
    make(one, "text", {
      class: "beside halo", x: rightwards ? right + 6 : left - 6, y: lanes[o.lane].y + 4,
      "text-anchor": rightwards ? "start" : "end",
    }, short);
    return true;
  }
  return false;
}

function drawHeat(parent, all) {
  const bins = new Map();
  for (const o of all) {
    const bin = Math.floor((Math.max(x(o.at), frame.left) - frame.left) / 4);
    const key = o.lane * 10000 + bin;
    bins.set(key, (bins.get(key) || 0) + 1);
  }
  const most = Math.max(...bins.values());
  for (const [key, count] of bins) {
    const lane = lanes[Math.floor(key / 10000)];
    make(parent, "rect", {
      class: "heat", x: frame.left + (key % 10000) * 4, y: lane.y - 7, width: 3.4, height: 14,
      "fill-opacity": 0.25 + 0.7 * (count / most),
    });
  }
}

// Where the violated and the chosen operations went: there and back.
function drawTrips(svg) {
  const trips = group(svg, "trips");
  for (const o of run.operations) {
    if (o.node < 0 || !inView(o) || !lanes[o.lane].shown || !(o.accused || isChosen(o))) continue;
    const node = lanes[o.node];
    const name = "trip" + (o.accused ? " accused" : "");
    const way = Math.sign(lanes[o.lane].y - node.y);
    const top = node.y + way * trackHalf;
    const bottom = lanes[o.lane].y - way * 9;
    const [left, right] = [clip(x(o.at)), clip(x(o.until))];
    make(trips, "path", { class: name, d: `M${left} ${bottom}V${top}` });
    if (!o.open) make(trips, "path", { class: name, d: `M${right} ${top}V${bottom}` });
  }
}
