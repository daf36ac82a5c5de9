// Hands: buttons, keys, mouse, fingers, and the address of the page.
const tip = byName("tip");

function goHome() {
  const width = run.focus[1] - run.focus[0];
  if (width > 0) show(run.focus[0], run.focus[1]); else show(0, run.length);
}
const actions = {
  earlier: () => move(-0.25), later: () => move(0.25), closer: () => zoom(0.5), wider: () => zoom(2),
  all: () => show(0, run.length), home: goHome,
};
const steps = {
  "fault-before": () => stepThrough(faults, -1), "fault-after": () => stepThrough(faults, 1),
  "event-before": () => stepThrough(told, -1), "event-after": () => stepThrough(told, 1),
};
const keys = {
  ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "wider", 0: "all", v: "home",
  n: "event-after", p: "event-before", f: "fault-after", F: "fault-before",
};
function act(name) {
  if (steps[name]) return steps[name]();
  actions[name]();
  drawNow();
}

function followButtons() {
  for (const name of [...Object.keys(actions), ...Object.keys(steps)]) byName(name).addEventListener("click", () => act(name));
  if (accusedOperations.length === 0) byName("home").textContent = "Start";
  for (const name of ["fault-before", "fault-after"]) byName(name).disabled = faults.length === 0;
  for (const button of document.querySelectorAll("[data-operation]")) {
    button.addEventListener("click", () => choose(byId.get("o" + button.dataset.operation), true));
  }
  const copy = byName("copy");
  if (copy) copy.addEventListener("click", () => copyCommand(copy));
  byName("events-box").addEventListener("toggle", listEvents);
}

function copyCommand(button) {
  const said = (text) => { button.textContent = text; };
  const chosen = () => {
    const range = document.createRange();
    range.selectNodeContents(byName("command"));
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    said("Chosen: copy it");
  };
  if (!navigator.clipboard) return chosen();
  navigator.clipboard.writeText(byName("command").textContent).then(() => said("Copied"), chosen);
}

function followKeys() {
  picture.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Escape" && choice.event) choose(null);
    else if (keys[e.key]) act(keys[e.key]);
    else return;
    e.preventDefault();
  });
}

// What lies under the pointer: an event, or a bundle of them.
function eventAt(target) {
  const element = target instanceof Element ? target.closest(".event") : null;
  if (!element) return null;
  if (element.dataset.event) return { event: byId.get(element.dataset.event) };
  return { bundle: element.dataset.bundle.split(" ").map((id) => byId.get(id)) };
}

function tellTip(e) {
  const found = dragging.on ? null : eventAt(e.target);
  tip.hidden = !found;
  if (!found) return;
  if (found.event) tip.textContent = describe(found.event);
  else {
    const counts = new Map();
    for (const m of found.bundle) counts.set(m.kind, (counts.get(m.kind) || 0) + 1);
    const [first] = found.bundle;
    tip.textContent = `${found.bundle.length} messages ${where(first)}:\n` +
      [...counts].map(([kind, n]) => `${n} ${kind || "messages"}`).join(", ") + "\nclick to zoom in";
  }
  const left = Math.min(e.pageX + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
  tip.style.left = Math.max(4, left) + "px";
  tip.style.top = e.pageY + 16 + "px";
}

function clicked(e) {
  const found = eventAt(e.target);
  if (!found) return choice.event ? choose(null) : undefined;
  if (found.event) return choose(isChosen(found.event) ? null : found.event);
  const from = Math.min(...found.bundle.map((m) => m.at));
  const to = Math.max(...found.bundle.map((m) => m.until));
  const width = Math.max((to - from) * 1.3, (view.to - view.from) / 20);
  show((from + to - width) / 2, (from + to + width) / 2);
  drawNow();
}

const dragging = { on: false, pointers: new Map(), moved: false };
function followPointer() {
  const offset = (e) => e.clientX - picture.getBoundingClientRect().left;
  picture.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    dragging.pointers.set(e.pointerId, offset(e));
    if (dragging.pointers.size === 1) dragging.moved = false;
  });
  picture.addEventListener("pointermove", (e) => {
    const before = dragging.pointers.get(e.pointerId);
    if (before === undefined) return tellTip(e);
    const now = offset(e);
    if (!dragging.on && Math.abs(now - before) < 4) return;
    if (!dragging.on) {
      dragging.on = dragging.moved = true;
      tip.hidden = true;
      picture.classList.add("dragging");
      picture.setPointerCapture(e.pointerId);
    }
    dragged(e.pointerId, before, now);
    dragging.pointers.set(e.pointerId, now);
    drawSoon();
  });
  const end = (e) => {
    dragging.pointers.delete(e.pointerId);
    if (dragging.pointers.size > 0) return;
    dragging.on = false;
    picture.classList.remove("dragging");
  };
  for (const name of ["pointerup", "pointercancel"]) picture.addEventListener(name, end);
  picture.addEventListener("pointerleave", () => { tip.hidden = true; });
  picture.addEventListener("click", (e) => { if (!dragging.moved) clicked(e); });
  picture.addEventListener("dblclick", (e) => { zoom(0.4, timeAt(offset(e))); drawNow(); });
  picture.addEventListener("wheel", (e) => {
    if (e.ctrlKey || e.metaKey) zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) * 0.01), timeAt(offset(e)));
    else if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) move(e.deltaX / plotWidth());
    else return;
    e.preventDefault();
    drawSoon();
  }, { passive: false });
}
// One finger moves; two keep the times under them.
function dragged(pointer, before, now) {
  const other = [...dragging.pointers].find(([id]) => id !== pointer);
  if (!other) return move(-(now - before) / plotWidth());
  const [fixed, was] = [timeAt(other[1]), Math.abs(before - other[1])];
  if (was > 10 && Math.abs(now - other[1]) > 10) zoom(was / Math.abs(now - other[1]), fixed);
}

// The address: #t=from-to&e=event, in nanoseconds from the start.
function writeAddress() {
  const hash = `#t=${Math.round(view.from)}-${Math.round(view.to)}` + (choice.event ? "&e=" + choice.event.id : "");
  try { history.replaceState(null, "", hash); } catch { /* some frames do not allow it */ }
}
function readAddress() {
  const time = /[#&]t=(\d+)-(\d+)/.exec(location.hash);
  const chosen = /[#&]e=(\w+)/.exec(location.hash);
  if (time && +time[2] > +time[1]) show(+time[1], +time[2]);
  if (chosen && byId.has(chosen[1])) {
    choice.event = byId.get(chosen[1]);
    choice.past = choice.event.type === "cut" ? null : new Past(choice.event);
  }
  return Boolean(time);
}
