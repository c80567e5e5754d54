// Draws the history page from what history.js keeps. The page brings its words, an empty list and a pattern for each
// thing that is drawn (`data-pattern`); nothing of the history goes to the page's server.
(() => {
  "use strict";

  const PAGE_ENTRIES = 40;
  const UNDO_MS = 8000;

  const page = () => document.querySelector("[data-history]");
  const part = (name, within = page()) => within?.querySelector(`[data-part="${name}"]`);
  const words = () => page().dataset;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const write = (within, texts) => {
    for (const [name, text] of Object.entries(texts)) {
      for (const place of within.querySelectorAll(`[data-text="${name}"]`)) place.textContent = text;
    }
  };
  const drawPattern = (name) => {
    const copy = page().querySelector(`[data-pattern="${name}"]`).cloneNode(true);
    copy.removeAttribute("data-pattern");
    return copy;
  };

  let entries = []; // newest first
  let shown = PAGE_ENTRIES;
  let removed; // the last entry removed, for as long as it can come back
  let undoTimer;
  const thumbs = new Map(); // key -> object URL

  const { percent, milliseconds, size } = window.argus.figures;
  const clock = (ms) => new Date(ms).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const dayOf = (ms) => new Date(ms).toDateString();

  function dayName(ms) {
    const yesterday = new Date();
    yesterday.setDate(yesterday.getDate() - 1);
    if (dayOf(ms) === dayOf(Date.now())) return words().today;
    if (dayOf(ms) === yesterday.toDateString()) return words().yesterday;
    return new Date(ms).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  }

  // Drawing --------------------------------------------------------------------------------------------------------

  const matching = () => window.argus.history.search(entries, part("query").value);
  const rowOf = (key) => part("days").querySelector(`[data-key="${key}"]`);

  function showThumbs(list) {
    for (const entry of list) {
      const opened = entry.key === shownKey() && part("photo", part("details"));
      for (const place of [part("thumb", rowOf(entry.key)), opened]) {
        if (place && !place.firstChild) showThumb(place, entry).catch(() => {});
      }
    }
  }

  async function showThumb(place, entry) {
    if (!thumbs.has(entry.key)) {
      const blob = await window.argus.history.thumb(entry.key);
      if (!blob || (place.matches(".details-photo") && entry.key !== shownKey())) return; // the next one is open by now
      if (!thumbs.has(entry.key)) thumbs.set(entry.key, URL.createObjectURL(blob));
    }
    const image = new Image();
    image.alt = "";
    image.src = thumbs.get(entry.key);
    place.replaceChildren(image);
  }

  function drawEntry(entry) {
    const [first, ...others] = entry.answer.labels;
    const row = drawPattern("entry");
    row.dataset.key = entry.key;
    write(row, {
      name: entry.name,
      label: first?.label ?? "",
      score: first ? percent(first.score) : "",
      others: others.slice(0, 2).map(({ label, score }) => `${label} ${percent(score)}`).join(" \u00b7 "),
      model: entry.answer.model,
      time: clock(entry.at_ms),
    });
    part("bar", row).style.width = `${(first?.score ?? 0) * 100}%`;
    const remove = part("remove", row);
    remove.title = fill(remove.title, entry);
    remove.setAttribute("aria-label", remove.title);
    return row;
  }

  // What stands there already stays, so that neither focus nor a click is lost to a drawing that changes nothing.
  function drawRows(list) {
    const drawn = part("days");
    const plan = list.map((entry) => `${entry.key} ${dayName(entry.at_ms)}`).join();
    if (plan === drawn.argusPlan) return showThumbs(list);
    drawn.argusPlan = plan;
    const focused = drawn.contains(document.activeElement) && document.activeElement;
    const days = [];
    let rows;
    list.forEach((entry, index) => {
      if (index === 0 || dayOf(entry.at_ms) !== dayOf(list[index - 1].at_ms)) {
        const day = drawPattern("day");
        write(day, { day: dayName(entry.at_ms) });
        rows = part("rows", day);
        days.push(day);
      }
      rows.append(drawEntry(entry));
    });
    drawn.replaceChildren(...days);
    showThumbs(list);
    if (focused) part(focused.dataset.part, rowOf(focused.closest("[data-key]")?.dataset.key))?.focus();
  }

  function draw() {
    if (!page()) return;
    const found = matching();
    drawRows(found.slice(0, shown));
    part("more").hidden = found.length <= shown;
    page().dataset.state = entries.length === 0 ? "empty" : found.length === 0 ? "none" : "some";
    const searched = found.length !== entries.length || part("query").value.trim() !== "";
    const values = { found: found.length, total: entries.length, query: part("query").value.trim() };
    const one = entries.length === 1 ? words().one : words().many;
    write(page(), {
      count: entries.length ? fill(searched ? words().some : one, values) : "",
      none: fill(words().none, values),
      "clear-detail": fill(entries.length === 1 ? words().clearOne : words().clearMany, values),
    });
  }

  async function refresh() {
    if (!page()) return;
    entries = await window.argus.history.all();
    const lasts = await window.argus.history.lasts();
    if (!page()) return;
    part("fleeting").hidden = lasts;
    draw();
  }

  // Several changes in a row are one drawing, and none while nobody looks.
  let due;
  function refreshSoon() {
    if (!page() || document.hidden) return;
    due ??= setTimeout(() => {
      due = undefined;
      refresh().catch(() => {});
    }, 50);
  }

  // One entry ------------------------------------------------------------------------------------------------------

  function openEntry(key) {
    const entry = entries.find((one) => one.key === key);
    if (!entry) return;
    const dialog = part("details");
    const { answer } = entry;
    dialog.dataset.key = key;
    write(dialog, {
      name: entry.name,
      when: new Date(entry.at_ms).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" }),
      facts: `${answer.width} \u00d7 ${answer.height} \u00b7 ${size(entry.size_bytes)}`,
      total: milliseconds(answer.total_ms),
      model: answer.model,
      version: answer.version,
      request: answer.request_id,
    });
    for (const kind of ["decode", "queue", "model", "network"]) {
      write(dialog, { [`${kind}-time`]: milliseconds(answer[`${kind}_ms`]) });
      part(`${kind}-share`, dialog).style.flexGrow = answer[`${kind}_ms`].toFixed(3);
    }
    part("copy-request", dialog).dataset.copy = answer.request_id;
    part("labels", dialog).replaceChildren(...answer.labels.map(({ label, score }) => {
      const row = drawPattern("label");
      write(row, { label, score: percent(score) });
      part("bar", row).style.width = `${score * 100}%`;
      return row;
    }));
    part("photo", dialog).replaceChildren();
    showThumb(part("photo", dialog), entry).catch(() => {});
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  const shownKey = () => Number(part("details").dataset.key);

  function step(by) {
    const found = matching();
    const next = found[found.findIndex((entry) => entry.key === shownKey()) + by];
    if (next) openEntry(next.key);
  }

  // Removing -------------------------------------------------------------------------------------------------------

  async function remove(key) {
    const entry = entries.find((one) => one.key === key);
    if (!entry) return;
    const rows = [...part("days").querySelectorAll("[data-key]")];
    const at = rows.findIndex((row) => Number(row.dataset.key) === key);
    const neighbour = (rows[at + 1] ?? rows[at - 1])?.dataset.key;
    removed = { entry, thumb: await window.argus.history.thumb(key) };
    await window.argus.history.remove(key);
    await refresh();
    write(part("toast"), { removed: fill(words().removed, entry) });
    part("toast").hidden = false;
    startUndoTimer();
    (part("remove", rowOf(neighbour)) ?? part("undo")).focus();
  }

  function startUndoTimer() {
    clearTimeout(undoTimer);
    undoTimer = setTimeout(forget, UNDO_MS);
  }

  function forget() {
    clearTimeout(undoTimer);
    if (removed) {
      URL.revokeObjectURL(thumbs.get(removed.entry.key));
      thumbs.delete(removed.entry.key);
    }
    removed = undefined;
    const toast = part("toast");
    if (!toast) return;
    if (toast.contains(document.activeElement)) part("query").focus();
    toast.hidden = true;
  }

  async function undo() {
    if (!removed) return;
    const { entry, thumb } = removed;
    removed = undefined;
    await window.argus.history.restore(entry, thumb);
    await refresh();
    part("open", rowOf(entry.key))?.focus();
    forget();
  }

  async function clearAll() {
    await window.argus.history.clear();
    for (const address of thumbs.values()) URL.revokeObjectURL(address);
    thumbs.clear();
    part("query").value = "";
    part("clear-dialog").close();
    forget();
    await refresh();
    part("start")?.focus();
  }

  // What a person does ---------------------------------------------------------------------------------------------

  const keyOf = (element) => Number(element.closest("[data-key]").dataset.key);
  const ACTIONS = {
    open: (element) => openEntry(keyOf(element)),
    remove: (element) => remove(keyOf(element)),
    "remove-shown": () => { part("details").close(); return remove(shownKey()); },
    newer: () => step(-1),
    older: () => step(1),
    close: (element) => element.closest("dialog").close(),
    undo,
    more: () => {
      const last = part("days").querySelectorAll("[data-key]").length;
      shown += PAGE_ENTRIES;
      draw();
      part("open", part("days").querySelectorAll("[data-key]")[last])?.focus();
    },
    "clear-search": () => { part("query").value = ""; shown = PAGE_ENTRIES; draw(); part("query").focus(); },
    "ask-clear": () => part("clear-dialog").showModal(),
    "clear-all": clearAll,
    csv: () => window.argus.saveHistory(entries, "csv"),
    json: () => window.argus.saveHistory(entries, "json"),
  };

  document.addEventListener("click", (event) => {
    if (!page()?.contains(event.target)) return;
    // A click on a dialog itself, outside of its content, is one on what lies behind it.
    if (event.target.matches("dialog")) event.target.close();
    const button = event.target.closest("button[data-part]");
    ACTIONS[button?.dataset.part]?.(button);
  });

  document.addEventListener("input", (event) => {
    if (!page() || event.target !== part("query")) return;
    shown = PAGE_ENTRIES;
    draw();
  });

  document.addEventListener("keydown", (event) => {
    if (!part("details")?.open) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });

  // Whoever is at the toast is not hurried.
  for (const [type, act] of [["pointerover", () => clearTimeout(undoTimer)], ["pointerout", startUndoTimer],
    ["focusin", () => clearTimeout(undoTimer)], ["focusout", startUndoTimer]]) {
    document.addEventListener(type, (event) => { if (removed && part("toast")?.contains(event.target)) act(); });
  }

  // The page is there, something was kept or removed, or this tab is looked at again after another did so.
  window.addEventListener("arguslistening", () => { shown = PAGE_ENTRIES; refreshSoon(); });
  window.addEventListener("argushistorychanged", refreshSoon);
  window.addEventListener("focus", refreshSoon);
  document.addEventListener("visibilitychange", refreshSoon);
  if (window.argusListens) refreshSoon();
})();
