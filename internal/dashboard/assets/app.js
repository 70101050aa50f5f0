// Everything works without this file but what is live: pages are made by the server.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = "/dashboard";

  // Times are shown as they are where the browser is.
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  function localize(within) {
    for (const t of $$("time[datetime]", within)) {
      const at = new Date(t.dateTime);
      const today = at.toDateString() === new Date().toDateString();
      t.textContent = "date" in t.dataset ? date.format(at) : today ? clock.format(at) : day.format(at);
      t.title = full.format(at);
    }
  }

  const says = $("#says");
  let saidAt = 0;
  function say(text) {
    const now = Date.now();
    if (now - saidAt < 5000) return;
    saidAt = now;
    says.textContent = text;
  }

  const fragment = (html) => {
    const t = document.createElement("template");
    t.innerHTML = html;
    localize(t.content);
    return t.content;
  };

  // Redis away: what is shown stays, with a word that it is old.
  const banner = $("#away");
  let away = false;
  function isAway(reason) {
    if (away) return;
    away = true;
    banner.textContent = "Redis does not answer: " + reason + ". What you see is from " + clock.format(new Date()) + "; it goes on by itself.";
    banner.hidden = false;
    const timer = setInterval(async () => {
      if (!away) return clearInterval(timer);
      if ((await ping()) === 204) isBack();
    }, 2000);
  }
  function isBack() {
    if (!away) return;
    away = false;
    banner.hidden = true;
    say("Redis answers again.");
  }
  async function ping() {
    try {
      return (await fetch(root + "/ping", { cache: "no-store", redirect: "manual" })).status;
    } catch {
      return 0;
    }
  }

  // A page that waits for Redis looks until it is back.
  const retry = $("[data-retry]");
  if (retry) {
    const timer = setInterval(async () => {
      const status = await ping();
      if (status === 204 || status === 401) {
        clearInterval(timer);
        location.replace(retry.dataset.retry);
      }
    }, 2000);
  }

  // Parts of a page that have changed are replaced, but never under somebody's hands.
  const known = new Map();
  function takeState(html) {
    const fresh = fragment(html);
    let changed = 0;
    for (const part of $$("[data-live]", fresh)) {
      const key = part.dataset.live;
      if (known.get(key) === part.outerHTML) continue;
      const old = $(`[data-live="${CSS.escape(key)}"]`);
      if (!old) {
        known.set(key, part.outerHTML);
        continue;
      }
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      const name = focused && (focused.getAttribute("href") || focused.getAttribute("aria-label"));
      const label = part.outerHTML;
      old.replaceWith(part);
      known.set(key, label);
      if (name) {
        const again = $$("a[href], button", part).find((a) => (a.getAttribute("href") || a.getAttribute("aria-label")) === name);
        if (again) again.focus({ preventScroll: true });
      }
      changed++;
    }
    return changed;
  }

  // The activity: the newest on top, and never more rows than the page is made for.
  const rows = $("#entries");
  let paused = false;
  let held = [];
  function takeEntry(html) {
    if (paused) {
      held.push(html);
      held = held.slice(-Number(rows.dataset.most));
      pauseButton.lastElementChild.textContent = "Go on (" + held.length + " new)";
      return;
    }
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const row = holder.content.firstElementChild;
    if (!row || document.getElementById(row.id)) return;
    localize(row);
    row.classList.add("fresh");
    rows.prepend(row);
    const empty = $("#empty");
    if (empty) empty.remove();
    while (rows.rows.length > Number(rows.dataset.most)) rows.lastElementChild.remove();
    say("New activity: " + row.cells[2].textContent + ", " + row.cells[3].textContent);
  }
  const pauseButton = $("#pause");
  if (pauseButton) {
    pauseButton.hidden = false;
    pauseButton.addEventListener("click", () => {
      paused = !paused;
      pauseButton.setAttribute("aria-pressed", String(paused));
      pauseButton.lastElementChild.textContent = paused ? "Go on" : "Pause";
      if (!paused) held.splice(0).forEach(takeEntry);
    });
  }

  // One stream for the page. The browser comes back by itself, with the id of what it had last.
  let stream;
  function open() {
    let url = document.body.dataset.stream;
    if (!url || stream) return;
    if (rows) url += (url.includes("?") ? "&" : "?") + "after=" + encodeURIComponent(rows.dataset.after);
    const light = $("#live");
    const lit = (on) => {
      light.hidden = false;
      light.classList.toggle("off", !on);
      light.textContent = on ? "live" : "connecting again…";
    };
    stream = new EventSource(url);
    stream.onopen = () => lit(true);
    stream.onerror = async () => {
      lit(false);
      if (stream.readyState !== EventSource.CLOSED) return;
      stream = undefined;
      const status = await ping();
      if (status === 401) return location.reload();
      setTimeout(open, 2000);
    };
    stream.addEventListener("state", (e) => { isBack(); takeState(e.data); });
    stream.addEventListener("entry", (e) => {
      isBack();
      if (rows && e.lastEventId) rows.dataset.after = e.lastEventId;
      takeEntry(e.data);
    });
    stream.addEventListener("here", isBack);
    stream.addEventListener("away", (e) => isAway(e.data));
    for (const name of ["bye", "reload"]) {
      stream.addEventListener(name, () => { stream.close(); location.reload(); });
    }
  }
  function close() {
    if (stream) stream.close();
    stream = undefined;
  }
  // A browser opens few connections at once: pages that nobody looks at need none.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);

  // What takes long is loaded when the page is there.
  for (const part of $$("[data-load]")) {
    fetch(part.dataset.load, { cache: "no-store" }).then(async (response) => {
      if (response.status === 401) return location.reload();
      const text = await response.text();
      part.removeAttribute("aria-busy");
      if (response.ok) return part.replaceChildren(fragment(text));
      const note = document.createElement("p");
      note.className = "note bad";
      note.textContent = text;
      part.replaceChildren(note);
    }).catch(() => location.reload());
  }

  // Choosing letters.
  const chosen = $("#chosen");
  if (chosen) {
    const boxes = $$('input[name="ref"]', chosen);
    const every = $("#every");
    every.hidden = false;
    const count = () => {
      const n = boxes.filter((b) => b.checked).length;
      $("#count").textContent = n ? n + " selected" : "";
      every.checked = n === boxes.length;
      every.indeterminate = n > 0 && n < boxes.length;
      for (const b of $$("[data-needs-choice]", chosen)) b.disabled = n === 0;
    };
    every.addEventListener("change", () => { boxes.forEach((b) => { b.checked = every.checked; }); count(); });
    chosen.addEventListener("change", count);
    addEventListener("pageshow", count);
    count();
  }

  // What cannot be undone is asked once more; and no form is sent twice.
  document.addEventListener("submit", (e) => {
    const ask = e.submitter && e.submitter.dataset.confirm;
    if (ask && !confirm(ask)) return e.preventDefault();
    if (e.target.dataset.sent) return e.preventDefault();
    e.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => $$("form[data-sent]").forEach((f) => delete f.dataset.sent));

  localize(document);
})();
