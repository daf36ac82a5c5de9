// The run, from the data in the page (page_data.cc is the other end): events with an id, a time and
// lanes. Nodes are lanes 0 and up; then come the clients, those of violated operations first.
const raw = JSON.parse(document.getElementById("run").textContent);
const words = (i) => raw.texts[i];
const fates = ["delivered", "lost", "cut", "under_way"];
const outcomes = ["ok", "failed", "unknown"];
const markKinds = ["started", "crashed", "wiped", "clock_stepped", "warning", "logged", "note"];
const roles = ["other", "follower", "candidate", "leader"];
const diskFates = ["done", "failed", "lost", "pending"];

const run = {
  length: raw.spans[0][1],
  focus: raw.spans[1],
  time: raw.time,
  nodes: raw.nodes.map(([id, name]) => ({ id, name: words(name) })),
  operations: raw.operations.map(
    ([client, node, called, returned, outcome, call, result, accused, order], i) => ({
      id: "o" + i, type: "operation", client, node, at: called, open: returned < 0,
      until: returned < 0 ? raw.spans[0][1] : returned, outcome: outcomes[outcome],
      call: words(call), result: words(result), accused: accused === 1, order,
    })),
  messages: raw.messages.map(
    ([number, from, to, sent, took, fate, flags, kind, text, why, bytes], i) => ({
      id: "m" + i, type: "message", number, from, to, at: sent, until: sent + took,
      fate: fates[fate], copy: (flags & 1) !== 0, routine: (flags & 2) !== 0,
      kind: words(kind), text: words(text), why: words(why), bytes, lane: from,
    })),
  disk: raw.disk.map(([lane, at, took, fate, lasting, text], i) => ({
    id: "d" + i, type: "disk", lane, at, until: at + took, fate: diskFates[fate],
    lasting: lasting === 1, text: words(text),
  })),
  conditions: raw.conditions.map(([lane, kind, at, until, why], i) => ({
    id: "c" + i, type: "condition", lane, kind: kind === 0 ? "down" : "paused", at, until,
    why: words(why),
  })),
  marks: raw.marks.map(([lane, kind, at, text], i) => ({
    id: "k" + i, type: "mark", lane, kind: markKinds[kind], at, until: at, text: words(text),
  })),
  standings: raw.standings.map(([lane, role, at, until, term, leader, text], i) => ({
    id: "s" + i, type: "standing", lane, role: roles[role], at, until, term, leader,
    text: words(text),
  })),
  commits: raw.commits.map(([lane, at, index]) => ({ lane, at, index })),
  clocks: raw.clocks.map(([lane, at, offset, step]) => ({ lane, at, offset, step: step === 1 })),
  cuts: raw.cuts.map(([at, until, oneWay, text, ...gaps], i) => ({
    id: "x" + i, type: "cut", lane: -1, at, until, oneWay: oneWay === 1, text: words(text), gaps,
  })),
};

// The axis shows the times of the run itself.
const origin = raw.origin;

const lanes = run.nodes.map((node, i) => ({
  type: "node", index: i, name: node.name, short: "n" + node.id,
}));
const clientLane = new Map();
{
  const accused = new Set(run.operations.filter((o) => o.accused).map((o) => o.client));
  const clients = [...new Set(run.operations.map((o) => o.client))];
  clients.sort((a, b) => accused.has(b) - accused.has(a) || a - b);
  for (const client of clients) {
    clientLane.set(client, lanes.length);
    lanes.push({
      type: "client", index: lanes.length, name: "client " + client, short: "c" + client,
      accused: accused.has(client),
    });
  }
  for (const operation of run.operations) operation.lane = clientLane.get(operation.client);
}

const byId = new Map();
for (const list of [run.operations, run.messages, run.disk, run.conditions, run.marks,
  run.standings, run.cuts]) {
  for (const event of list) byId.set(event.id, event);
}
const inTimeOrder = (a, b) => a.at - b.at;
// What one steps through and what a list shows.
const told = [...run.operations, ...run.messages, ...run.disk, ...run.conditions,
  ...run.marks.filter((m) => m.kind !== "crashed"), ...run.standings, ...run.cuts];
told.sort(inTimeOrder);
const faults = [...run.conditions, ...run.cuts,
  ...run.marks.filter((m) => m.kind === "wiped" || m.kind === "clock_stepped"),
  ...run.disk.filter((d) => d.fate === "failed")];
faults.sort(inTimeOrder);
const accusedOperations = run.operations.filter((o) => o.accused);
const laneName = (i) => (i >= 0 && lanes[i] ? lanes[i].name : "all nodes");
