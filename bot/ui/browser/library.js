// The library tab: what there is is read from the server's functions, what changes it goes to the API as jobs.

const API = new URL("../api/v1/", document.baseURI);
const POLL = 700;

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** Starts the tab in `element`; `server` has the functions that read. */
export const start = (element, server) => {
  const $ = (selector) => element.querySelector(selector);
  const root = $(".shelf");
  const words = JSON.parse(root.dataset.words);
  let page = 1;
  let may = false;

  // ---- reading ----

  const put = (selector, html) => ($(selector).innerHTML = html);

  let asked = 0;
  const list = async (wanted = page, quiet = false) => {
    const fields = $("#library-find").elements;
    const turn = ++asked;
    page = wanted;
    const got = await server.listed({ words: fields.words.value, language: fields.language.value, page });
    if (turn !== asked) return; // what was asked later may come earlier
    put("#library-rows", got.error ?? got.html);
    const said = $(".pages")?.dataset.said ?? $("#library-rows").textContent.trim();
    if (!quiet) $("#library-said").textContent = said;
    root.classList.toggle("fixed", !may);
  };

  const refresh = async () => {
    const chosen = $("[name=library-by]:checked")?.value;
    const got = await server.shelf(null);
    if (got.error) return put("#library-overview", got.error);
    may = Boolean(got.may);
    put("#library-overview", got.overview);
    const choice = chosen && $(`[name=library-by][value=${chosen}]`);
    if (choice) choice.checked = true;
    if ($("#library-adding").childElementCount === 0) put("#library-adding", got.adding);
    put("#library-feeds", got.feeds);
    const count = document.querySelector(".masthead .count");
    if (count) count.textContent = got.count;
    await list(page, true);
  };

  const check = async (button) => {
    button.disabled = true;
    put("#library-health", "");
    const waiting = document.createElement("p");
    waiting.className = "working";
    waiting.textContent = button.dataset.underway;
    $("#library-health").append(waiting);
    const got = await server.checked(null);
    put("#library-health", got.error ?? got.html);
    button.disabled = false;
  };

  const read = async (id) => {
    const got = await server.opened(id);
    const reading = $("#library-reader .reading");
    reading.innerHTML = got.error ?? got.html;
    $("#library-reader").showModal();
    reading.scrollTop = 0;
  };

  // ---- work under way ----

  const row = (name) => {
    const item = $("#library-job").content.firstElementChild.cloneNode(true);
    item.querySelector(".name").textContent = name;
    item.querySelector(".stop").textContent = words.stop;
    item.querySelector(".stop").setAttribute("aria-label", `${words.stop}: ${name}`);
    $("#library-work").hidden = false;
    $("#library-work .work").prepend(item);
    return item;
  };

  const say = (item, state, kind = "") => {
    item.querySelector(".state").textContent = state;
    item.className = kind;
  };

  const measure = (item, share) => {
    const bar = item.querySelector("progress");
    bar.hidden = share === null;
    if (share !== null) bar.value = 100 * share;
    bar.setAttribute("aria-label", item.querySelector(".name").textContent);
  };

  const fault = (item, where, why) => {
    const line = document.createElement("li");
    line.textContent = where ? `${where}: ${why}` : why;
    line.why = why;
    line.where = where;
    item.querySelector(".faults").append(line);
  };

  // What jobs tell is in English; the server has the words of this page for most of it.
  const reword = async (item) => {
    const lines = [...item.querySelectorAll(".faults li")];
    if (!lines.length || root.lang === "en") return;
    const got = await server.told(lines.map((line) => line.why));
    (got.said ?? []).forEach(([said, language], at) => {
      const { where, why } = lines[at];
      if (said === why) return;
      const words = document.createElement("span");
      words.lang = language;
      words.textContent = said;
      lines[at].replaceChildren(where ? `${where}: ` : "", words);
    });
  };

  const call = async (method, path, body) => {
    const headers = { "Accept-Language": root.lang };
    if (body && !(body instanceof FormData)) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(body);
    }
    const response = await fetch(new URL(path, API), { method, headers, body });
    const got = response.status === 204 ? null : await response.json();
    if (!response.ok) throw new Error([got?.error?.message, got?.error?.hint].filter(Boolean).join(" ") || words.failed);
    return got;
  };

  const counts = (done) => {
    const parts = [
      ["added", done.added], ["updated", done.updated], ["unchanged", done.unchanged], ["duplicates", done.duplicates],
      ["partial", done.partial.length], ["unread", done.failed.length],
    ];
    return parts.filter(([, count]) => count).map(([name, count]) => fill(words[name], { count })).join(words.separator);
  };

  const ingested = (item, done) => {
    for (const each of [...done.failed, ...done.partial]) fault(item, each.where, each.why);
    return counts(done) || words.nothing;
  };

  const synced = (item, feeds) => {
    for (const each of feeds) {
      const name = each.title || each.url;
      if (each.problem) fault(item, name, each.problem);
      else fault(item, name, counts(each.ingested) || words.nothing);
    }
    return "";
  };

  const ended = (item, job) => {
    measure(item, null);
    item.querySelector(".stop").hidden = true;
    if (job.error) fault(item, "", [job.error.message, job.error.hint].filter(Boolean).join(" "));
    const result = job.ingested ? ingested(item, job.ingested) : job.synced ? synced(item, job.synced.feeds) : "";
    if (job.state === "failed") say(item, words.notsent === result ? "" : words.failed, "wrong");
    else if (job.state === "stopped") say(item, [words.stopped, result].filter(Boolean).join(words.separator), "wrong");
    else say(item, result, job.ingested?.failed.length && !job.changed ? "wrong" : "done");
  };

  const underway = (item, job) => {
    if (job.state === "waiting") return say(item, words.waiting);
    const stage = job.stage;
    say(item, stage && stage.total === null ? fill(words.sofar, { count: stage.done }) : words.reading);
    measure(item, stage?.total ? Math.min(1, stage.done / stage.total) : null);
  };

  const follow = async (item, job) => {
    const stop = item.querySelector(".stop");
    stop.hidden = false;
    stop.onclick = () => call("DELETE", `jobs/${job.id}`).catch((error) => fault(item, "", error.message));
    while (!["done", "failed", "stopped"].includes(job.state)) {
      underway(item, job);
      await new Promise((wake) => setTimeout(wake, POLL));
      job = await call("GET", `jobs/${job.id}`);
    }
    ended(item, job);
    await reword(item);
    await refresh();
  };

  /** Does what makes a job, in a row of its own, and follows it to its end. */
  const work = async (name, begin) => {
    const item = row(name);
    say(item, words.waiting);
    try {
      const job = await begin(item);
      if (job?.id) await follow(item, job);
      return job;
    } catch (error) {
      measure(item, null);
      item.querySelector(".stop").hidden = true;
      say(item, words.notsent, "wrong");
      fault(item, "", error.message);
    }
  };

  // ---- adding ----

  const send = (item, file) =>
    new Promise((done, broken) => {
      const form = new FormData();
      form.append("files", file, file.name);
      const request = new XMLHttpRequest();
      request.open("POST", new URL("articles/files", API));
      request.setRequestHeader("Accept-Language", root.lang);
      request.upload.onprogress = ({ loaded, total }) => {
        say(item, fill(words.sending, { percent: Math.round((100 * loaded) / total) }));
        measure(item, loaded / total);
      };
      request.onerror = () => broken(new Error(words.failed));
      request.onload = () => {
        let got = {};
        try {
          got = JSON.parse(request.responseText);
        } catch {
          return broken(new Error(words.failed));
        }
        if (request.status < 300) done(got);
        else broken(new Error([got.error?.message, got.error?.hint].filter(Boolean).join(" ") || words.failed));
      };
      request.send(form);
    });

  const unfit = (file, { megabytes, forms }) => {
    const form = file.name.toLowerCase().match(/\.[^.]+$/)?.[0];
    if (!forms.split(" ").includes(form)) return words.noreader;
    return file.size > megabytes * 1e6 ? fill(words.large, { size: megabytes }) : null;
  };

  const addFiles = async (files) => {
    const limits = $(".drop").dataset;
    for (const file of files) {
      const why = unfit(file, limits);
      if (why) say(row(file.name), why, "wrong");
      else await work(file.name, (item) => send(item, file));
    }
  };

  const addAddress = (address) => work(address, () => call("POST", "articles/addresses", { addresses: [address] }));

  const followFeed = (address) =>
    work(address, async (item) => {
      const got = await call("POST", "feeds", { addresses: [address] });
      for (const each of got.failed) fault(item, "", each.why);
      await reword(item);
      say(item, got.feeds.length ? words.followed : words.notsent, got.feeds.length ? "done" : "wrong");
      await refresh();
      if (got.feeds.length) sync();
    });

  const sync = () => work(words.sync, () => call("POST", "feeds/sync"));

  // ---- removing ----

  const sure = (question, yes) =>
    new Promise((answer) => {
      const dialog = $("#library-sure");
      $("#sure-words").textContent = question;
      dialog.querySelector("[value=yes]").textContent = yes;
      dialog.returnValue = "keep";
      dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
      dialog.showModal();
      dialog.querySelector("[value=keep]").focus();
    });

  const gone = async (question, yes, path, told) => {
    if (!(await sure(question, yes))) return;
    try {
      await call("DELETE", path);
      await refresh();
      $("#library-said").textContent = told;
      $("#library-said").scrollIntoView({ block: "nearest" });
    } catch (error) {
      $("#library-said").textContent = error.message;
    }
    $("#library-words").focus({ preventScroll: true });
  };

  const remove = ({ value, dataset: { title } }) =>
    gone(fill(words.sure, { title }), words.remove, `articles/${encodeURIComponent(value)}`, fill(words.removed, { title }));

  const unfollow = ({ value, dataset: { title } }) =>
    gone(fill(words.unsure, { title }), words.unfollow, `feeds?url=${encodeURIComponent(value)}`, fill(words.unfollowed, { title }));

  // ---- what people do ----

  const clicks = {
    "#library-check": check,
    "#library-sync": () => sync(),
    ".pages button": async (button) => {
      await list(Number(button.value));
      $("#list-title").scrollIntoView({ block: "nearest" });
      ($(`.pages button[value="${button.value}"]:enabled`) ?? $(".pages button:enabled"))?.focus({ preventScroll: true });
    },
    ".articles .open": ({ value }) => read(value),
    ".articles .remove": remove,
    ".unfollow": unfollow,
  };

  element.addEventListener("click", (event) => {
    if (event.target === $("#library-reader")) $("#library-reader").close();
    for (const [selector, act] of Object.entries(clicks)) {
      const found = event.target.closest(selector);
      if (found && !found.disabled) act(found);
    }
  });

  let pause;
  element.addEventListener("input", (event) => {
    if (!event.target.closest("#library-find")) return;
    clearTimeout(pause);
    pause = setTimeout(() => list(1), 250);
  });

  element.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.closest("dialog")) return;
    event.preventDefault();
    if (form.id === "library-find") return void list(1);
    const address = form.elements.address.value.trim();
    event.submitter?.value === "follow" ? followFeed(address) : addAddress(address);
    form.reset();
  });

  element.addEventListener("change", (event) => {
    if (event.target.id !== "library-files") return;
    const files = [...event.target.files];
    event.target.value = "";
    addFiles(files);
  });

  for (const name of ["dragenter", "dragover"]) {
    element.addEventListener(name, (event) => {
      if (!may || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.stopPropagation();
      root.classList.add("over");
    });
  }
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) root.classList.remove("over");
  });
  element.addEventListener("drop", (event) => {
    root.classList.remove("over");
    if (!may || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    addFiles([...event.dataTransfer.files]);
  });

  // Work that was under way before the page was opened goes on in it.
  const resume = async () => {
    for (const job of (await call("GET", "jobs")).reverse()) {
      if (["waiting", "running"].includes(job.state)) follow(row(job.kind === "sync" ? words.sync : job.what.join(words.separator)), job);
    }
  };

  let met = false;
  const look = async () => {
    await refresh();
    if (!met && may) await resume();
    met = true;
  };
  new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && look()).observe(root);
};
