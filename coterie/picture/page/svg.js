// Making SVG elements. Text is always set as text, never read as markup.
const byName = (id) => document.getElementById(id);
const picture = byName("picture");
const overview = byName("overview");

function make(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) {
    const value = attributes[key];
    element.setAttribute(key, typeof value === "number" ? Math.round(value * 100) / 100 : value);
  }
  if (text !== undefined) element.textContent = text;
  parent.appendChild(element);
  return element;
}
function group(parent, name) { return make(parent, "g", { class: name }); }
// An element that can be pointed at and chosen.
function eventGroup(parent, event, name) {
  return make(parent, "g", { class: "event " + name + stateOf(event), "data-event": event.id });
}
function stateOf(event) {
  if (!choice.past) return "";
  if (event === choice.event) return " chosen in-past";
  return choice.past.has(event) ? " in-past" : "";
}
const clip = (px) => Math.min(Math.max(px, frame.left - 4000), frame.width + 4000);

// About as wide as it will be drawn; no layout is asked for.
function textWidth(text, size) {
  let units = 0;
  for (const c of text) units += "iljtf.,:;|!'()[] ".includes(c) ? 0.36 : c < "\u0100" ? 0.62 : 1.05;
  return units * size;
}
function shortened(text, width, size) {
  if (textWidth(text, size) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(text.slice(0, end) + "\u2026", size) > width) --end;
  return end > 3 ? text.slice(0, end) + "\u2026" : "";
}

// Labels that would cover each other are left out.
class Places {
  constructor() { this.taken = []; }
  take(left, top, width, height) {
    for (const [l, t, w, h] of this.taken) {
      if (left < l + w && l < left + width && top < t + h && t < top + height) return false;
    }
    this.taken.push([left, top, width, height]);
    return true;
  }
}

function pattern(defs, id, size, name) {
  const element = make(defs, "pattern", {
    id, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  make(element, "line", { x1: 0, y1: 0, x2: 0, y2: size, class: name });
}
function definitions(svg) {
  const defs = make(svg, "defs", {});
  pattern(defs, "hatch", 6, "hatch-line");
  pattern(defs, "cut-hatch", 8, "cut-line");
  pattern(defs, "stripes", 7, "stripe");
  const box = make(defs, "clipPath", { id: "plot" });
  make(box, "rect", { x: frame.left, y: 0, width: plotWidth(), height: frame.height });
}
