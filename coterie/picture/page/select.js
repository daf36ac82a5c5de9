// Choosing an event: its words, its causal past on all lanes, and the list of events in view.
const choice = { event: null, past: null };
const isChosen = (event) => choice.event === event;

function choose(event, bringIntoView) {
  choice.event = event;
  choice.past = event && event.type !== "cut" ? new Past(event) : null;
  if (event && bringIntoView && (event.until < view.from || event.at > view.to || event.at < view.from)) {
    const width = view.to - view.from;
    show(event.at - width * 0.5, event.at + width * 0.5);
  }
  if (event && event.lane >= 0 && !lanes[event.lane].shown) folding.open = true;
  drawNow();
  tellChoice();
}

function drawPast(svg) {
  if (!choice.past || choice.past.realTime) return;
  const layer = group(svg, "past");
  for (const lane of shownLanes()) {
    choice.past.ends[lane.index].forEach((end, life) => {
      const start = life === 0 ? 0 : wipes[lane.index][life - 1];
      const y = lane.type === "node" ? lane.y + trackHalf + 1.5 : lane.y + 11;
      make(layer, "line", { class: "past-line", x1: clip(x(start)), x2: clip(x(end)), y1: y, y2: y });
      make(layer, "circle", { class: "past-end", cx: clip(x(end)), cy: y, r: 4 });
    });
  }
}

const roleWords = { follower: "follows", candidate: "stands for election", leader: "leads", other: "" };
const markWords = { started: "started", crashed: "crashed", wiped: "its disk was wiped", clock_stepped: "its clock stepped", warning: "warning", logged: "log", note: "note" };

// What happened, in a line.
function headline(e) {
  switch (e.type) {
    case "operation":
      return operationText(e) + (e.accused ? "  (violated)" : "");
    case "message":
      return (e.text || e.kind || "message") + (e.copy ? ", a second time" : "") + (e.fate === "delivered" ? "" : ": " + e.fate.replace("_", " "));
    case "disk":
      return e.text + (e.fate === "done" ? (e.lasting ? ": durable" : ": done") : e.fate === "pending" ? ": pending" : "");
    case "condition":
      return e.kind + (e.why ? ": " + e.why : "");
    case "mark":
      return [markWords[e.kind], e.text].filter((t, i) => t && (i === 0 || t !== markWords[e.kind])).join(": ");
    case "standing":
      return e.role === "other" ? e.text || "other" : standingText(e) || roleWords[e.role];
    case "cut":
      return (e.oneWay ? "one way cut: " : "cut: ") + e.text;
  }
  return "";
}
function where(e) {
  if (e.type === "message") return lanes[e.from].short + " \u2192 " + lanes[e.to].short;
  if (e.type === "cut") return "links";
  return laneName(e.lane);
}
function when(e) {
  const exact = (time) => timeText(time, 1000);
  if (e.at === e.until) return exact(e.at);
  const open = e.open || e.fate === "pending" || e.fate === "under_way";
  return exact(e.at) + " \u2013 " + (open ? "open" : exact(e.until) + " (" + lengthText(e.until - e.at) + ")");
}
function more(e) {
  const lines = [];
  if (e.type === "message") {
    if (e.why) lines.push(e.why);
    lines.push(e.kind + ", " + countText(e.bytes) + " bytes, number " + e.number);
  }
  if (e.type === "operation") {
    lines.push("outcome: " + e.outcome + (e.node >= 0 ? ", asked of " + lanes[e.node].name : ""));
    if (e.order >= 0) lines.push("place in the store's own order: " + e.order);
  }
  if (e.type === "standing" && e.term > 0) lines.push("term " + e.term);
  return lines;
}
function describe(e) { return [headline(e), where(e) + ", " + when(e), ...more(e)].join("\n"); }

function pastText() {
  const past = choice.past;
  if (!past) return "";
  const operations = run.operations.filter((o) => o !== choice.event && past.has(o)).length;
  if (past.realTime) return `Before it in real time: ${countText(operations)} operations had returned when this one was called.`;
  const messages = run.messages.filter((m) => m !== choice.event && past.has(m)).length;
  return `Causal past: ${countText(messages)} messages and ${countText(operations)} operations; on each lane it ends at the dot. ` +
    "Requests count as received when they were made, replies as sent when they arrived: this past is never too small.";
}

function tellChoice() {
  const box = byName("details");
  box.replaceChildren();
  box.hidden = !choice.event;
  if (!choice.event) return;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "Close";
  close.addEventListener("click", () => { choose(null); picture.focus({ preventScroll: true }); });
  box.append(close);
  const head = document.createElement("h2");
  head.textContent = headline(choice.event);
  box.append(head);
  for (const line of [where(choice.event) + ", " + when(choice.event), ...more(choice.event), pastText()]) {
    if (!line) continue;
    const p = document.createElement("p");
    p.textContent = line;
    box.append(p);
  }
}

// The list is made only while it is open.
const rowsMost = 300;
function listEvents() {
  if (!byName("events-box").open) return;
  const body = byName("events").tBodies[0];
  body.replaceChildren();
  const all = told.filter((e) => e.at >= view.from && e.at <= view.to && (e.type !== "message" || wanted(e)));
  const some = all.slice(0, rowsMost);
  byName("events-note").textContent = all.length > rowsMost
    ? `The first ${rowsMost} of ${countText(all.length)}; zoom in to see the others.` : `${countText(all.length)} events.`;
  for (const e of some) {
    const row = body.insertRow();
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = exactTime(e.at);
    button.addEventListener("click", () => choose(e, true));
    row.insertCell().append(button);
    row.insertCell().textContent = where(e);
    row.insertCell().textContent = headline(e);
  }
}

function stepThrough(list, way) {
  const events = list === told ? told.filter((e) => e.type !== "message" || wanted(e)) : list;
  if (events.length === 0) return;
  const at = choice.event ? events.indexOf(choice.event) : -1;
  let next;
  if (at >= 0) next = at + way;
  else {
    const from = choice.event ? choice.event.at : way > 0 ? view.from : view.to;
    next = way > 0 ? events.findIndex((e) => e.at >= from) : events.findLastIndex((e) => e.at <= from);
  }
  if (next >= 0 && next < events.length) choose(events[next], true);
}
