// Fast labelling: the next card is already here, answers wait in an outbox until the server
// says that they are stored. Nothing of a card is ever written as HTML.
const TICK_MS = 500;
const AGAIN_MS = 2500; // no acknowledgement for this long: send again, ids make that harmless
const LOOK_MS = 10000; // with no card left, look again for released ones
const BATCH = 100;
const DEPTH = 20;
const RESERVED = ["c", "r"];

export default function (component) {
  const root = component.parentElement;
  root.telltale ??= new Desk(root);
  root.telltale.take(component.data, component.setStateValue);
  return root.telltale.stop;
}

class Desk {
  constructor(root) {
    this.at = (name) => root.querySelector("." + name);
    Object.assign(this, {outbox: [], cards: [], past: [], card: null, seq: 0, beat: 0, flight: null});
    Object.assign(this, {box: null, lookedAt: 0, told: new Map(), heard: new Set(), recent: []});
    this.client = unique();
    this.isWhole = window.innerWidth > 900; // where there is room, guidelines stand beside the card
    this.onKey = (event) => this.key(event);
    this.onLeave = (event) => this.outbox.length && event.preventDefault();
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("beforeunload", this.onLeave);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.stop = () => {
      document.removeEventListener("keydown", this.onKey);
      window.removeEventListener("beforeunload", this.onLeave);
      clearInterval(this.timer);
      delete root.telltale;
    };
    this.at("zoom").onclick = () => this.zoom();
    this.at("find").oninput = () => this.search();
    this.at("find").onkeydown = (event) => this.onFind(event);
    this.at("done").onclick = () => this.keepKeys();
    this.at("default").onclick = () => this.drawKeys(this.data.default_keys);
    this.at("help").addEventListener("cancel", (event) => { event.preventDefault(); this.keepKeys(); });
  }

  // ---- what the server says -------------------------------------------------------------

  take(data, send) {
    this.send = send;
    const isOther = data.box !== this.box || data.queue !== this.queue;
    if (isOther) this.open(data);
    this.data = data;
    const acked = data.acked || {};
    if (acked.client === this.client) {
      this.outbox = this.outbox.filter((item) => item.seq > acked.seq);
      if (this.flight && acked.seq >= this.flight.seq) this.flight = null;
    }
    this.keep();
    for (const said of data.outcomes || []) this.hear(said);
    this.merge(data.cards || []);
    if (isOther || this.drawnFor !== data.form) this.drawForm();
    this.drawnFor = data.form;
    this.next();
    if (this.outbox.length && !this.flight) this.flush();
  }

  open(data) {
    const isSame = data.box === this.box;
    Object.assign(this, {box: data.box, queue: data.queue, cards: [], card: null, flight: null});
    if (isSame) return; // another queue: what is unsent stays
    this.past = [];
    let kept = [];
    try { kept = JSON.parse(sessionStorage.getItem(this.place()) || "[]"); } catch { kept = []; }
    this.outbox = kept.map((item) => ({...item, seq: ++this.seq}));
  }

  place() { return "telltale-outbox-" + this.box; }

  keep() {
    try { sessionStorage.setItem(this.place(), JSON.stringify(this.outbox)); } catch { this.say("This browser keeps nothing for a reload: wait for 'all saved' before you leave."); }
  }

  hear(said) {
    if (this.heard.has(said.id)) return;
    this.heard.add(said.id);
    if (said.told) this.told.set(said.task, said.told);
    if (said.problem) { this.say(said.problem); this.past = this.past.filter((p) => p.id !== said.id); }
    else if (said.told && this.data.told_after) this.at("told").textContent = said.told;
  }

  merge(found) {
    const pending = new Set();
    for (const item of this.outbox) {
      if (item.kind === "undo") pending.delete(item.task);
      else if (item.task) pending.add(item.task);
    }
    const open = new Map(found.filter((card) => !pending.has(card.task)).map((card) => [card.task, card]));
    const undone = this.outbox.filter((i) => i.kind === "undo").map((i) => i.task);
    const order = this.cards.filter((card) => open.has(card.task) || undone.includes(card.task));
    const known = new Set(order.map((card) => card.task));
    const added = [...open.values()].filter((card) => !known.has(card.task));
    const first = this.isWaiting && added.length && added[0] === found[0] ? added.splice(0, 1) : [];
    if (first.length) Object.assign(this, {isWaiting: false, card: null}); // what was undone came back
    this.cards = [...first, ...order, ...added];
  }

  // ---- what the person does --------------------------------------------------------------

  act(kind, more = {}) {
    if (!this.card) return this.say("No card is on the screen yet, so that key was not used.");
    const lead = Math.round(performance.now() - this.shownAt);
    if (lead < this.data.guard_ms) {
      return this.say(`Not used: ${lead} ms after the card came. Below ${this.data.guard_ms} ms nobody has read it; press again.`);
    }
    const card = this.card;
    const item = {id: unique(), kind, task: card.task, lead_ms: lead, comment: this.at("comment").value.trim(), ...more};
    this.push(item);
    this.past = [...this.past, {id: item.id, card}].slice(-DEPTH);
    this.cards = this.cards.filter((other) => other.task !== card.task);
    this.at("comment").value = "";
    this.card = null;
    this.say("");
    this.at("told").textContent = "";
    this.next();
    this.flush();
  }

  answer(value) {
    this.recent = [value, ...this.recent.filter((other) => other !== value)].slice(0, 9);
    this.act("answer", {value});
    if (this.data.kind === "wide") this.drawAnswers();
  }

  undo() {
    const last = this.past.pop();
    const waiting = this.outbox.some((item) => item.kind === "undo" && item.of === this.data.undo_top);
    if (!last && (!this.data.undo_top || waiting)) return this.say("There is nothing left to undo.");
    this.push({id: unique(), kind: "undo", of: last ? last.id : this.data.undo_top, task: last ? last.card.task : null});
    if (last) { this.cards = [last.card, ...this.cards]; this.card = null; this.next(); }
    else this.isWaiting = true;
    this.say(last ? "Undone: here it is again." : "Fetching your last answer.");
    this.flush();
  }

  push(item) { this.outbox.push({...item, seq: ++this.seq}); this.keep(); this.drawLine(); }

  flush() {
    if (this.flight || !this.send) return;
    const items = this.outbox.slice(0, BATCH);
    this.flight = items.length ? {seq: items[items.length - 1].seq, at: performance.now()} : null;
    this.send("outbox", {client: this.client, items, beat: ++this.beat});
  }

  tick() {
    const now = performance.now();
    if (this.flight && now - this.flight.at > AGAIN_MS) this.flight = null;
    if (this.outbox.length) this.flush();
    else if (!this.card && now - this.lookedAt > LOOK_MS) { this.lookedAt = now; this.flush(); }
    this.drawLine();
  }

  // ---- keys ----------------------------------------------------------------------------------

  key(event) {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (this.at("help").open) return;
    const target = event.composedPath()[0];
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isNumber = target === this.at("find") && this.data.kind === "value";
    if (target.closest?.("input, textarea, select, [contenteditable=true]")) {
      if (key === "Escape") return target.blur();
      if (!isNumber || !/^[a-z]$/.test(key) || key === "e") return;
    }
    const todo = this.actions().get(key);
    if (!todo) return;
    event.preventDefault();
    if (event.repeat) return this.say("A key that is held down counts once.");
    todo();
  }

  actions() {
    const keys = this.data.keys, found = new Map();
    this.shownChoices().forEach((choice) => choice.key && found.set(choice.key, () => this.answer(choice.value)));
    for (const {name} of this.data.others) if (keys[name]) found.set(keys[name], () => this.act(name));
    const rest = {
      undo: () => this.undo(), comment: () => this.at("comment").focus(), guideline: () => this.guide(),
      prediction: () => this.tell(), help: () => this.openHelp(), zoom: () => this.zoom(),
      find: () => this.at("find").focus(),
    };
    for (const [name, todo] of Object.entries(rest)) if (keys[name]) found.set(keys[name], todo);
    return found;
  }

  shownChoices() {
    if (this.data.kind !== "wide") return this.data.choices;
    const order = [...this.recent, ...this.data.choices.map((c) => c.value).filter((v) => !this.recent.includes(v))];
    const byValue = new Map(this.data.choices.map((c) => [c.value, c]));
    return order.slice(0, 9).map((value, i) => ({...byValue.get(value), key: String(i + 1)}));
  }

  tell() {
    const last = this.past[this.past.length - 1];
    const told = last && this.told.get(last.card.task);
    this.at("told").textContent = told || "What the model said is shown once your answer is stored.";
  }

  guide() { this.isWhole = !this.isWhole; this.drawGuide(null); }

  zoom() { this.at("zoom").classList.toggle("large"); }

  search() {
    if (this.data.kind === "value") return;
    const text = this.at("find").value.trim().toLowerCase();
    const fits = text ? this.data.choices.filter((c) => c.label.toLowerCase().includes(text)).slice(0, 12) : [];
    fits.sort((a, b) => b.label.toLowerCase().startsWith(text) - a.label.toLowerCase().startsWith(text));
    this.fits = fits;
    this.at("found").replaceChildren(...fits.map((c) => inside("li", this.button(c.label, "", () => this.pick(c.value)))));
  }

  pick(value) { this.at("find").value = ""; this.search(); this.at("find").blur(); this.answer(value); }

  onFind(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const text = this.at("find").value.trim();
    if (this.data.kind === "wide") return this.fits?.length ? this.pick(this.fits[0].value) : this.say(`No class is called ${text}.`);
    const number = Number(text.replace(",", "."));
    if (!text || !Number.isFinite(number)) return this.say(`${text || "Nothing"} is not a number.`);
    this.at("find").value = "";
    this.answer(String(number));
    this.at("find").focus();
  }

  openHelp() { this.drawKeys(this.data.keys); this.at("help").showModal(); }

  keepKeys() {
    const keys = {}, seen = new Set(this.data.choices.map((c) => c.key).filter(Boolean));
    for (const input of this.at("keys").querySelectorAll("input")) {
      const key = input.value.trim().toLowerCase();
      const fault = !/^[a-z0-9]$/.test(key) ? "a letter or a digit" : RESERVED.includes(key) ? "not C or R" : seen.has(key) ? "not taken already" : "";
      if (fault) { this.at("wrong").textContent = `${input.ariaLabel}: the key must be ${fault}.`; input.focus(); return; }
      seen.add(key);
      keys[input.name] = key;
    }
    this.at("help").close();
    if (JSON.stringify(keys) === JSON.stringify(this.data.keys)) return;
    this.data = {...this.data, keys};
    this.push({id: unique(), kind: "keys", keys});
    this.drawForm();
    this.flush();
  }

  // ---- drawing -------------------------------------------------------------------------------

  next() {
    if (this.card && this.cards.some((card) => card.task === this.card.task)) return this.drawLine();
    this.card = this.cards[0] || null;
    this.drawCard();
    this.drawLine();
    this.shownAt = performance.now();
  }

  say(text) { put(this.at("say"), text ? `◆ ${text}` : ""); }

  drawLine() {
    const data = this.data;
    if (!data) return;
    const done = this.outbox.reduce((n, i) => n + (i.kind === "undo" ? -1 : i.kind === "answer" ? 1 : 0), data.progress.done);
    const parts = [`${done}${data.progress.goal ? "/" + data.progress.goal : ""} ${data.progress.word}`, ...data.progress.notes];
    put(this.at("progress"), parts.join(" · "));
    const n = this.outbox.length;
    put(this.at("save"), n ? `◌ ${n} unsent` : "● all saved");
    this.at("save").classList.toggle("waiting", n > 0);
  }

  drawForm() {
    const data = this.data;
    put(this.at("question"), data.question);
    put(this.at("remark").querySelector("kbd"), shown(data.keys.comment));
    this.at("typed").hidden = data.kind === "classes";
    this.at("find").setAttribute("aria-label", data.kind === "value" ? data.value_label : "Find a class by its name");
    this.at("find").placeholder = data.kind === "value" ? `${data.value_label}, then Enter` : `Type a class, then Enter (${shown(data.keys.find)})`;
    this.at("find").inputMode = data.kind === "value" ? "decimal" : "text";
    this.drawAnswers();
    const others = data.others.map(({name, label}) => this.button(label, data.keys[name], () => this.act(name)));
    others.push(this.button("Undo", data.keys.undo, () => this.undo()), this.button("Keys", data.keys.help, () => this.openHelp()));
    this.at("others").replaceChildren(...others);
    this.drawGuide(null);
  }

  drawAnswers() {
    const choices = this.data.kind === "value" ? [] : this.shownChoices();
    const buttons = choices.map((choice) => {
      const button = this.button(choice.label, choice.key, () => this.answer(choice.value));
      button.onmouseenter = button.onfocus = () => this.drawGuide(choice.value);
      button.onmouseleave = button.onblur = () => this.drawGuide(null);
      return button;
    });
    this.at("answers").replaceChildren(...buttons);
    this.at("answers").classList.toggle("many", choices.length > 6);
    this.at("answers").hidden = !choices.length;
  }

  button(label, key, todo) {
    const button = document.createElement("button");
    button.type = "button";
    const word = document.createElement("span"), hint = document.createElement("kbd");
    word.textContent = label;
    hint.textContent = shown(key) === label ? "" : shown(key);
    hint.ariaHidden = "true";
    if (key) button.setAttribute("aria-keyshortcuts", shown(key));
    button.append(word, hint);
    button.onclick = todo;
    return button;
  }

  drawGuide(lit) {
    const data = this.data, all = data.guide.filter((g) => g.text || g.example);
    const some = lit === null ? (this.isWhole ? all : []) : all.filter((g) => g.value === lit);
    const lines = some.map((g) => {
      const line = document.createElement("p"), name = document.createElement("b");
      name.textContent = g.value + ": ";
      line.append(name, [g.text, g.example && `For example ${g.example}.`].filter(Boolean).join(" "));
      line.className = lit === null ? "" : "lit";
      return line;
    });
    const general = document.createElement("p");
    general.textContent = data.guideline;
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = all.length && !this.isWhole && lit === null ? `${shown(data.keys.guideline)} shows what each answer means.` : "";
    this.at("guide").replaceChildren(general, ...lines, hint);
  }

  drawCard() {
    const card = this.card, is = Boolean(card);
    put(this.at("name"), is ? card.name : "");
    put(this.at("why"), is ? card.why : "");
    this.at("nothing").hidden = is;
    put(this.at("nothing"), is ? "" : this.data.empty || "Fetching the next cards.");
    this.at("zoom").hidden = !(is && card.image);
    this.at("zoom").classList.toggle("photo", Boolean(is && card.is_photo));
    this.at("zoom").setAttribute("aria-label", `Enlarge the picture (${shown(this.data.keys.zoom)})`);
    const image = this.at("zoom").firstElementChild;
    if (is && card.image) { image.src = card.image; image.alt = "The picture to be labelled"; } else image.removeAttribute("src");
    this.at("text").hidden = !(is && card.text);
    put(this.at("text"), is && card.text ? card.text : "");
    fill(this.at("rows"), is ? card.rows : []);
    put(this.at("rows").querySelector("caption"), is ? card.caption : "");
    fill(this.at("rest"), is ? card.more : []);
    this.at("more").hidden = !(is && card.more.length);
    put(this.at("more").firstElementChild, is ? `${card.more.length} more` : "");
    if (is && this.data.kind === "value" && !this.at("help").open && document.activeElement === document.body) this.at("find").focus();
  }

  drawKeys(keys) {
    put(this.at("wrong"), "");
    const rows = this.data.key_names.flatMap(([name, label]) => {
      const word = document.createElement("span"), input = document.createElement("input");
      word.textContent = label;
      Object.assign(input, {name, maxLength: 1, value: shown(keys[name]), ariaLabel: label, autocomplete: "off"});
      return [word, input];
    });
    this.at("keys").replaceChildren(...rows);
  }
}

function unique() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID asks for a secure origin
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function shown(key) { return (key || "").toUpperCase(); }

function put(element, text) { if (element.textContent !== text) element.textContent = text; }

function inside(tag, child) { const element = document.createElement(tag); element.append(child); return element; }

function fill(table, rows) {
  table.hidden = !rows.length;
  table.querySelector("tbody").replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
    head.scope = "row";
    head.textContent = name;
    cell.textContent = value;
    row.append(head, cell);
    return row;
  }));
}
