// The causal past of an event: all that can have had an influence on it (Lamport, "Time, Clocks,
// and the Ordering of Events in a Distributed System", 1978). What happens on one lane is in order;
// a message orders its sending before its arrival. A request is taken to have reached its node at
// once, and a reply to have left it at the last moment: the past that is shown is never too small.
// A wipe ends what a node can remember: before it the node is another.
//
// The past is a moment on each lane: what lies before it is in. It is found by going back along
// what arrived. Without nodes there are no messages, and the past is that of real time: what had
// returned before this was called.
const arrivals = lanes.map(() => []); // of each lane: { at, from, sent }, by time
const wipes = lanes.map(() => []);
{
  for (const m of run.messages) {
    if (m.fate === "delivered") arrivals[m.to].push({ at: m.until, from: m.from, sent: m.at });
  }
  for (const o of run.operations) {
    if (o.node < 0) continue;
    arrivals[o.node].push({ at: o.at, from: o.lane, sent: o.at });
    if (!o.open) arrivals[o.lane].push({ at: o.until, from: o.node, sent: o.until });
  }
  for (const list of arrivals) list.sort(inTimeOrder);
  for (const mark of run.marks) if (mark.kind === "wiped") wipes[mark.lane].push(mark.at);
}

// Which life of the lane: counts the wipes up to then.
function lifeOf(lane, time) {
  let life = 0;
  while (life < wipes[lane].length && wipes[lane][life] <= time) ++life;
  return life;
}

class Past {
  constructor(event) {
    this.event = event;
    this.realTime = run.nodes.length === 0;
    this.ends = lanes.map(() => []); // of each lane's lives: the moment up to which all is in
    if (this.realTime) return;
    const start = Past.place(event);
    if (start.lane < 0) return;
    const open = [start];
    while (open.length > 0) {
      const { lane, time } = open.pop();
      const life = lifeOf(lane, time);
      const before = this.ends[lane][life];
      if (before !== undefined && before >= time) continue;
      this.ends[lane][life] = time;
      const least = life === 0 ? -1 : wipes[lane][life - 1];
      for (const arrival of arrivals[lane]) {
        if (arrival.at > time) break;
        if (arrival.at < least || (before !== undefined && arrival.at <= before)) continue;
        open.push({ lane: arrival.from, time: arrival.sent });
      }
    }
  }
  // Where and when an event is complete.
  static place(event) {
    if (event.type === "message" && event.fate === "delivered")
      return { lane: event.to, time: event.until };
    if (event.type === "operation") return { lane: event.lane, time: event.open ? event.at : event.until };
    if (event.type === "disk") return { lane: event.lane, time: event.until };
    return { lane: event.lane, time: event.at };
  }
  holds(lane, time) {
    if (lane < 0) return false;
    const end = this.ends[lane][lifeOf(lane, time)];
    return end !== undefined && time <= end;
  }
  has(event) {
    if (event === this.event) return true;
    if (this.realTime) return event.type === "operation" && !event.open && event.until < this.event.at;
    if (event.type === "operation") return this.holds(event.lane, event.at);
    // A message that was lost has influenced nobody.
    if (event.type === "message" && event.fate !== "delivered") return false;
    const place = Past.place(event);
    return this.holds(place.lane, place.time);
  }
}
