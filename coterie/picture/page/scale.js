// Time on the axis and across the page: the part that is shown, its width, its ticks, its words.
const view = { from: 0, to: 1 };
const frame = { width: 800, left: 100, right: 10, top: 30, height: 100, narrow: false };
const shortest = 200; // nanoseconds: closer is not shown

function x(time) {
  return frame.left + ((time - view.from) / (view.to - view.from)) * plotWidth();
}
function plotWidth() { return frame.width - frame.left - frame.right; }
function timeAt(px) { return view.from + ((px - frame.left) / plotWidth()) * (view.to - view.from); }
function inView(event) { return event.at <= view.to && event.until >= view.from; }

function show(from, to) {
  const width = Math.min(Math.max(to - from, shortest), Math.max(run.length, shortest));
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - width / 2, 0), Math.max(run.length - width, 0));
  // Whole nanoseconds, as the address holds them: a link leads to the same picture.
  view.from = Math.round(start);
  view.to = Math.round(start + width);
}
function zoom(factor, around) {
  const at = around === undefined ? (view.from + view.to) / 2 : around;
  const width = Math.min(Math.max((view.to - view.from) * factor, shortest), run.length);
  const share = (at - view.from) / (view.to - view.from);
  show(at - share * width, at + (1 - share) * width);
}
function move(share) {
  const by = (view.to - view.from) * share;
  show(view.from + by, view.to + by);
}

// 1, 2 or 5 times a power of ten, so that there are at most `most` in the view.
function tickStep(most) {
  const least = (view.to - view.from) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  for (const times of [1, 2, 5, 10]) if (times * power >= least) return Math.max(1, times * power);
  return 10 * power;
}
function ticks(step, shift) {
  const at = [];
  const first = Math.ceil((view.from + shift) / step);
  for (let i = first; i * step - shift <= view.to && at.length < 200; ++i) at.push(i * step - shift);
  return at;
}
// As many decimals as tell two times `resolution` apart.
function timeText(time, resolution) {
  const decimals = Math.min(9, Math.max(0, 9 - Math.floor(Math.log10(Math.max(resolution, 1)))));
  return ((origin + time) / 1e9).toFixed(decimals) + " s";
}
function exactTime(time) { return timeText(time, Math.max(1000, Math.min(1e6, (view.to - view.from) / 1e4))); }
function lengthText(ns) {
  if (ns < 1e3) return Math.round(ns) + " ns";
  if (ns < 1e6) return +(ns / 1e3).toPrecision(3) + " \u00b5s";
  if (ns < 1e9) return +(ns / 1e6).toPrecision(3) + " ms";
  return +(ns / 1e9).toPrecision(4) + " s";
}
function countText(n) { return n.toLocaleString("en-US"); }
