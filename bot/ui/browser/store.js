// Conversations are kept in this browser and nowhere else: [{id, changed, turns: [{number, wish, answer, suggestions}]}].

const KEY = "regbrief.conversations";
const MOST = 30;
const TURNS = 50;

const read = () => {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) || "{}");
    return { current: kept.current ?? null, all: Array.isArray(kept.all) ? kept.all.filter((each) => Array.isArray(each?.turns)) : [] };
  } catch {
    return { current: null, all: [] }; // unreadable, or storage is closed to this page
  }
};

// Where the browser's room is full, the oldest conversations make place.
const write = (kept) => {
  kept.all.sort((a, b) => b.changed - a.changed).splice(MOST);
  for (;;) {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
      return;
    } catch {
      if (kept.all.length < 2) return;
      kept.all.pop();
    }
  }
};

const name = () => Date.now().toString(36) + Math.random().toString(36).slice(2, 8);

export class Store {
  constructor() {
    const { current, all } = read();
    this.here = all.find((each) => each.id === current) ?? { id: name(), changed: 0, turns: [] };
  }

  get turns() {
    return this.here.turns;
  }

  others() {
    return read().all.filter((each) => each.id !== this.here.id && each.turns.length);
  }

  // Put a turn in its place; what came after it is gone.
  put(turn) {
    const at = this.turns.findIndex((each) => each.number >= turn.number);
    if (at >= 0) this.turns.splice(at);
    this.turns.push(turn);
    this.turns.splice(0, this.turns.length - TURNS);
    this.save();
  }

  save() {
    this.here.changed = Date.now();
    const kept = read();
    kept.all = [this.here, ...kept.all.filter((each) => each.id !== this.here.id)];
    kept.current = this.here.id;
    write(kept);
  }

  open(id) {
    const kept = read();
    this.here = kept.all.find((each) => each.id === id) ?? { id: name(), changed: 0, turns: [] };
    kept.current = this.here.id;
    write(kept);
  }

  forget() {
    localStorage.removeItem(KEY);
    this.open(null);
  }
}
