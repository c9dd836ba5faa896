// The conversation. Turns are asked over the wire (bot/ui/ask.py), shown as they are verified, and kept in this browser.

import * as actions from "./actions.js";
import * as composer from "./composer.js";
import { $, all, announce, made, reveal, settle } from "./dom.js";
import * as evidence from "./evidence.js";
import * as filters from "./filters.js";
import * as history from "./history.js";
import * as reader from "./reader.js";
import { Store } from "./store.js";

const DOUBT = 1500;

class Conversation {
  constructor({ trigger, server }) {
    this.trigger = trigger;
    this.server = server;
    this.store = new Store();
    this.asking = null; // the turn that is being answered
    this.turnedAway = null; // the turn that the server did not seem to take
    this.replacing = null; // the number of the turn that is being edited
  }

  turnOf(node) {
    const number = Number(node.closest(".turn")?.id.split("-")[1]);
    return this.store.turns.find((each) => each.number === number);
  }

  before(number) {
    const answered = this.store.turns.filter((each) => each.number < number && each.answer);
    return answered.map(({ wish, answer }) => ({ question: wish.question, answer: answer.answer }));
  }

  // Ask in a new turn; with `number`, in the place of that turn and of what followed it.
  ask(wish, { number, before } = {}) {
    if (this.asking || !wish.question.trim()) return;
    const last = this.store.turns.at(-1)?.number ?? 0;
    const turn = { number: number ?? last + 1, wish, answer: null, suggestions: [] };
    const history = this.before(before ?? turn.number);
    this.dropFrom(turn.number);
    this.store.put(turn);
    this.asking = { ...turn, token: Math.random().toString(36) };
    this.turnedAway = null;
    this.showWaiting(turn);
    this.stopEditing();
    composer.busy(true);
    this.trigger("asked", { token: this.asking.token, asked: { number: turn.number, wish, history } });
  }

  dropFrom(number) {
    for (const turn of all("#transcript > .turn")) if (Number(turn.id.split("-")[1]) >= number) turn.remove();
    for (const sheet of all("#sheets > .sheet")) if (Number(sheet.id.split("-")[1]) >= number) sheet.remove();
  }

  showWaiting(turn) {
    const section = $("#waiting").content.firstElementChild.cloneNode(true);
    section.id = `turn-${turn.number}`;
    section.setAttribute("aria-busy", "true");
    $(".question bdi", section).textContent = turn.wish.question;
    $("#transcript").append(section);
    this.furnish();
    reveal(section, "start");
  }

  // One step of an answer has come.
  receive(step) {
    if (!this.asking && this.turnedAway && step?.token === this.turnedAway.token) this.takeBack();
    if (!this.asking || step?.token !== this.asking.token) return;
    this.asking.heard = true;
    this.show(step);
    if (step.state === "underway") return;
    if (step.answer) {
      const kept = this.store.turns.find((each) => each.number === step.number);
      Object.assign(kept, { answer: step.answer, suggestions: step.suggestions ?? [] });
      this.store.save();
    }
    if (!this.asking.done) announce($("#desk").dataset[step.state === "done" ? "ready" : "failed"]);
    this.asking.done = true;
    this.rest();
  }

  show(step) {
    const place = (parent, html, id) => {
      const wanted = made(html);
      const old = document.getElementById(id);
      return old ? settle(old, wanted) : parent.appendChild(wanted);
    };
    place($("#transcript"), step.talk, `turn-${step.number}`);
    place($("#sheets"), step.sheet, `sheet-${step.number}`);
    evidence.showSheet(step.number);
  }

  // The steps that are still to come, what could be asked next, belong to a turn that can already be left.
  rest() {
    composer.busy(false);
    this.finished = this.asking;
    this.asking = null;
  }

  receiveLate(step) {
    if (!this.finished || step?.token !== this.finished.token || this.asking) return false;
    const kept = this.store.turns.find((each) => each.number === step.number);
    if (!kept || !step.answer) return true;
    this.addFurther(step);
    kept.suggestions = step.suggestions ?? [];
    this.store.save();
    return true;
  }

  // What could be asked next comes late, and more than once, as Gradio sends the last step of a stream again. It is added
  // at the end; all else may be in use by now, and is left alone.
  addFurther(step) {
    const further = $(".next", made(step.talk));
    const reply = $(`#turn-${step.number} .reply`);
    if (further && reply && !$(".next", reply)) reply.append(further);
  }

  breakOff() {
    this.trigger("stopped");
    this.rest();
    this.finished = null;
  }

  // Gradio tells that a question has failed, but not which, and also after a stop: it is this one if nothing comes of it.
  doubt() {
    const doubted = this.asking;
    setTimeout(() => this.asking === doubted && doubted && !doubted.heard && this.turnAway(), DOUBT);
  }

  // The server has not taken the question: too many wait already, or it cannot be reached.
  turnAway() {
    const turn = $(`#turn-${this.asking.number}`);
    $(".reply", turn).replaceWith($("#unsent").content.firstElementChild.cloneNode(true));
    turn.removeAttribute("aria-busy");
    announce($(".reply", turn).textContent.trim());
    this.turnedAway = this.asking;
    this.rest();
    this.finished = null;
  }

  // It has been taken all the same.
  takeBack() {
    this.asking = this.turnedAway;
    this.turnedAway = null;
    composer.busy(true);
  }

  stop() {
    if (!this.asking) return;
    const { number, wish } = this.asking;
    this.breakOff();
    this.restore([{ number, wish, answer: null, suggestions: [] }]);
    announce($("#desk").dataset.stopped);
    composer.focus();
  }

  async restore(turns) {
    if (!turns.length) return this.furnish();
    $("#transcript").setAttribute("aria-busy", "true");
    const { id } = this.store.here;
    const got = await this.server.restored(turns);
    if (this.store.here.id !== id) return; // another conversation has been opened in the meantime
    for (const step of got.turns ?? []) this.show(step);
    if (got.error) announce(got.error);
    $("#transcript").removeAttribute("aria-busy");
    this.furnish();
  }

  // Show what belongs to an empty conversation, or to one that has begun.
  furnish() {
    const begun = Boolean(this.store.turns.length);
    for (const name of ["#again", "#save"]) $(name).hidden = !begun;
    for (const name of ["#welcome", "#latest", "#evidence-empty"]) $(name).hidden = begun;
    history.list(this.store, (id) => this.open(id));
  }

  async open(id) {
    if (this.asking) this.breakOff();
    this.dropFrom(0);
    this.stopEditing();
    this.turnedAway = null;
    evidence.putAway();
    this.store.open(id);
    this.furnish();
    await this.restore(this.store.turns);
    this.showLast();
    composer.focus();
  }

  showLast() {
    const last = $("#transcript .turn:last-child");
    if (last) reveal(last, "start", "auto");
  }

  edit(turn) {
    this.replacing = turn.number;
    composer.fill(turn.wish.question);
    filters.set(turn.wish);
    $("#editing").hidden = false;
    composer.focus();
  }

  stopEditing() {
    this.replacing = null;
    $("#editing").hidden = true;
  }

  send(question) {
    if (this.asking) return;
    const number = this.replacing ?? undefined;
    composer.fill("");
    this.ask({ question, ...filters.chosen(), read_dates: true, read_sources: true }, { number });
  }

  cancel() {
    if (this.asking) return this.stop();
    if (this.replacing === null) return;
    this.stopEditing();
    composer.fill("");
  }

  // What is asked for instead where a filter that a question implied is dropped; what else it implied stays.
  without(button, { wish, answer }) {
    if (button.matches(".undated, .wider[data-dates]")) return { read_dates: false };
    if (button.matches(".wider[data-origins]")) return { read_sources: false };
    const { languages, implied_languages, sources } = answer?.searched ?? {};
    if (button.matches(".any-language")) return { read_sources: false, sources };
    if (button.matches(".any-source")) return { read_sources: false, languages: implied_languages ? languages : wish.languages };
    return null;
  }

  press(button) {
    const turn = this.turnOf(button);
    const last = this.store.turns.at(-1)?.number;
    if (button.id === "again") return this.open(null);
    if (button.id === "keep") return this.cancel();
    if (button.id === "forget") {
      $("#conversations").hidePopover();
      this.store.forget();
      return this.open(null);
    }
    if (button.matches(".example, .suggestion")) {
      return this.ask({ question: button.textContent, ...filters.chosen(), read_dates: true, read_sources: true });
    }
    if (!turn) return;
    if (button.matches(".edit")) return this.edit(turn);
    if (button.matches(".retry")) {
      return this.ask(turn.wish, turn.number === last ? { number: last } : { before: turn.number });
    }
    const without = this.without(button, turn);
    if (without) return this.ask({ ...turn.wish, ...without }, { before: turn.number });
    if (button.matches(".wider")) {
      filters.clear();
      const { question, answer_language } = turn.wish;
      this.ask({ question, answer_language, read_dates: true, read_sources: true }, { before: turn.number });
    }
  }
}

const furnishLibrary = async (server) => {
  const got = await server.library({});
  $(".masthead .count").textContent = got.count;
  $("#latest").innerHTML = got.latest;
  $("#source-list").innerHTML = got.sources;
  filters.restore();
};

export const start = async ({ trigger, server, watch, props }) => {
  const conversation = new Conversation({ trigger, server });
  watch("value", () => conversation.receiveLate(props.value) || conversation.receive(props.value));
  document.addEventListener("regbrief:unsent", () => conversation.doubt());
  $("#desk").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) conversation.press(button);
  });
  composer.start({
    send: (question) => conversation.send(question),
    stop: () => conversation.stop(),
    cancel: () => conversation.cancel(),
  });
  filters.start();
  evidence.start(server);
  reader.start(server);
  actions.start({ server, turnOf: (node) => conversation.turnOf(node), turns: () => conversation.store.turns });
  conversation.furnish();
  await Promise.all([furnishLibrary(server), conversation.restore(conversation.store.turns)]);
  conversation.showLast();
  // A question that the way to another language cut off is asked again there.
  const left = conversation.store.turns.at(-1);
  if (sessionStorage.getItem("regbrief.asking") === String(left?.number) && !left.answer) {
    conversation.ask(left.wish, { number: left.number });
  }
  sessionStorage.removeItem("regbrief.asking");
  document.addEventListener("regbrief:leave", () => {
    if (conversation.asking) sessionStorage.setItem("regbrief.asking", conversation.asking.number);
  });
};
