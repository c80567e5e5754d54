// The photos of this visit. They stay in the browser: sending.js brings each to the page's own server, four at a time, and
// what becomes of it is reported to the session, which draws it.
//
//   queued -> working -> done
//               |  ^
//               v  |
//             waiting -> failed
(() => {
  "use strict";

  const MOST_PHOTOS = 1000;
  const AT_ONCE = 4; // of the six connections that a browser has for one server
  const REPORT_MS_A_PHOTO = 2; // every photo is drawn again with each report, so many photos are reported less often
  const REPORT_MS_AT_MOST = 500;
  const CHECK_AFTER_MS = 3000;

  const photos = new Map();
  const queue = [];
  let running = 0;

  const zone = () => document.querySelector('.zone[data-lane="photos"]');
  const chosenModel = () => document.querySelector("[data-model-choice]")?.value || "";
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");

  // The queue -------------------------------------------------------------------------------------------------------

  function add(files) {
    if (files.length === 1 && photos.size <= 1) clear();
    const limit = Number(zone()?.dataset.maxBytes) || Infinity;
    for (const file of files) {
      if (photos.size >= MOST_PHOTOS) {
        window.dispatchEvent(new CustomEvent("argustoomany"));
        break;
      }
      const photo = { id: newId(), file, name: file.name, size_bytes: file.size, at_ms: Date.now(), wake: {} };
      photos.set(photo.id, photo);
      const refusal = refuse(file, limit);
      if (refusal) change(photo, { status: "failed", refusal });
      else enqueue(photo);
      thumbnails.add(photo);
    }
    show();
  }

  function refuse(file, limit) {
    if (file.type && !file.type.startsWith("image/")) return "not_image";
    return file.size > limit ? "too_large" : "";
  }

  function enqueue(photo) {
    change(photo, { status: "queued", trouble: undefined, answer: undefined, refusal: "", retry_at_ms: 0 });
    queue.push(photo);
    pump();
  }

  function pump() {
    while (running < AT_ONCE && queue.length) {
      const photo = queue.shift();
      if (photo.status !== "queued" || photos.get(photo.id) !== photo) continue;
      running++;
      run(photo).finally(() => { running--; pump(); });
    }
  }

  async function run(photo) {
    const stop = new AbortController();
    photo.stop = stop;
    const options = {
      model: photo.model ?? chosenModel(),
      signal: stop.signal,
      wake: photo.wake,
      preview: /\.(tiff?|heic|heif)$/i.test(photo.name), // what most browsers cannot draw
      onChange: (fields) => { if (photo.stop === stop) change(photo, { trouble: undefined, retry_at_ms: 0, ...fields }); },
    };
    try {
      const outcome = await window.argus.send(photo.file, options);
      if (photo.stop !== stop) return;
      const { answer, trouble, preview, refusal } = outcome;
      if (preview) thumbnails.take(photo, preview);
      change(photo, { status: outcome.outcome, answer, trouble, refusal: refusal || "", preview: preview || photo.preview });
      if (answer) announce(photo);
    } catch {
      // Stopped or removed: whoever did that has said so.
    }
  }

  function announce(photo) {
    const { id, file, name, size_bytes, answer, preview } = photo;
    const detail = { id, lane: "photos", file, name, size_bytes, at_ms: Date.now(), answer, preview };
    window.dispatchEvent(new CustomEvent("argusanswered", { detail }));
    if (photos.size === 1) thumbnails.keep(photo);
  }

  function end(photo) {
    const { stop } = photo;
    photo.stop = undefined;
    stop?.abort();
  }

  function retry(photo) {
    if (!photo) return;
    if (photo.status === "waiting") photo.wake.now?.();
    else if (photo.file && (photo.status === "failed" || photo.status === "done")) enqueue(photo);
  }

  // Those that may fare better: another attempt does not make a file smaller, or a photo.
  function retryAll() {
    for (const photo of photos.values()) {
      const hopeless = photo.refusal === "too_large" || photo.refusal === "not_image" || photo.trouble?.can_retry === false;
      if (photo.status === "failed" && !hopeless) retry(photo);
    }
  }

  function remove(id) {
    const photo = photos.get(id);
    if (photo) end(photo);
    photos.delete(id);
    thumbnails.drop(id);
    removed.push(id);
    report();
  }

  function stopAll() {
    for (const photo of photos.values()) {
      if (!["queued", "working", "waiting"].includes(photo.status)) continue;
      end(photo);
      change(photo, { status: "failed", refusal: "stopped", trouble: undefined, retry_at_ms: 0 });
    }
  }

  function clear() {
    for (const photo of photos.values()) end(photo);
    photos.clear();
    queue.length = 0;
    thumbnails.clear();
    dirty.clear();
    cleared = true;
    report();
    show();
  }

  // Reporting to the session ----------------------------------------------------------------------------------------

  const dirty = new Set();
  const removed = [];
  let cleared = false;
  let whole = false;
  let timer = 0;
  let reportedAt = 0;

  function change(photo, fields) {
    if (fields.status && fields.status !== photo.status) photo.since_ms = Date.now();
    Object.assign(photo, fields);
    dirty.add(photo.id);
    report();
  }

  function report() {
    if (timer) return;
    const pause = Math.min(REPORT_MS_AT_MOST, REPORT_MS_A_PHOTO * photos.size);
    timer = setTimeout(flush, Math.max(0, reportedAt + pause - Date.now()));
  }

  function describe(id) {
    const { name, size_bytes, at_ms, status, since_ms, trouble, retry_at_ms, answer, preview, refusal } = photos.get(id);
    return { id, name, size_bytes, at_ms, status, since_ms, trouble, retry_at_ms, answer, preview, refusal };
  }

  function flush() {
    timer = 0;
    reportedAt = Date.now();
    const ids = (whole ? [...photos.keys()] : [...dirty]).filter((id) => photos.has(id));
    const detail = { cleared, whole, removed: removed.splice(0), photos: ids.map(describe) };
    dirty.clear();
    cleared = whole = false;
    window.dispatchEvent(new CustomEvent("argusphotos", { detail }));
    setTimeout(compare, CHECK_AFTER_MS);
  }

  // A server that was restarted knows nothing of the photos here, so it is told again.
  function compare() {
    const known = document.querySelector("[data-known]")?.dataset.known;
    if (known === undefined || timer || Number(known) === photos.size || !photos.size) return;
    whole = true;
    report();
  }

  function tellAll() {
    if (!zone()) return;
    whole = true;
    report();
    show();
  }

  window.addEventListener("arguslistening", tellAll);

  new MutationObserver(() => setTimeout(compare, CHECK_AFTER_MS / 6)).observe(document, {
    subtree: true, attributeFilter: ["data-known"],
  });

  // Drawing and buttons ---------------------------------------------------------------------------------------------

  const thumbnails = window.argusThumbnails(photos);
  const { show } = window.argusStage(photos);

  document.addEventListener("click", (event) => {
    const hit = (name) => event.target.closest?.(`[data-${name}]`)?.dataset[name.replace(/-(.)/g, (_, c) => c.toUpperCase())];
    if (hit("retry") !== undefined) retry(photos.get(hit("retry")));
    else if (hit("remove") !== undefined) remove(hit("remove"));
    else if (hit("stop-all") !== undefined) stopAll();
    else if (hit("clear-all") !== undefined) clear();
    else if (hit("retry-all") !== undefined) retryAll();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-model-choice]") || photos.size !== 1) return;
    for (const photo of photos.values()) retry(photo);
  });

  tellAll(); // the page may have begun to listen before this script was there

  window.argus = { ...window.argus, add, clear, report: (photo) => change(photo, {}) };
})();
