// The photos of the compare page. They stay in the browser; each side is sent for itself, and both are reported to the
// session, which draws the answers. What is compared (mode and models) stands on the page as data attributes.
(() => {
  "use strict";

  const NAMES = ["left", "right"];
  const NOT_DRAWN = /\.(tiff?|heic|heif)$/i; // what most browsers cannot draw; the server makes a preview
  const page = () => document.querySelector("[data-compare]");
  const slot = (name) => page()?.querySelector(`[data-slot="${name}"]`);
  const other = (name) => (name === "left" ? "right" : "left");

  const files = {}; // slot -> what a person put there: { file, url, preview, order }
  const sides = { left: { status: "" }, right: { status: "" } };
  const answers = new WeakMap(); // file -> model -> outcome, so that a change back asks nobody
  let order = 0;

  // What is to be compared ------------------------------------------------------------------------------------------

  const usesOnePhoto = () => page().dataset.mode === "models";
  const openSlots = () => (usesOnePhoto() ? ["left"] : NAMES);

  function wantedOf(name) {
    const { dataset } = page();
    if (usesOnePhoto()) return { held: files.left, model: name === "left" ? dataset.leftModel : dataset.rightModel };
    return { held: files[name], model: dataset.model };
  }

  // Brings both sides to what the page asks for; what is already so is left alone.
  function settle() {
    if (!page()) return;
    for (const name of NAMES) {
      const { held, model } = wantedOf(name);
      const side = sides[name];
      if (side.held === held && side.model === model) continue;
      side.stop?.abort();
      sides[name] = { held, model, status: held ? "working" : "", since_ms: Date.now(), wake: {} };
      if (held && model) run(sides[name]);
    }
    report();
    draw();
  }

  async function run(side) {
    const { held, model } = side;
    const known = answers.get(held.file)?.get(model);
    if (known) return Object.assign(side, known);
    const stop = new AbortController();
    const change = (fields) => {
      if (stop.signal.aborted) return;
      if (fields.status !== side.status) side.since_ms = Date.now();
      Object.assign(side, { trouble: undefined, retry_at_ms: 0, refusal: "" }, fields);
      report();
    };
    side.stop = stop;
    change({ status: "working" });
    const refusal = refuse(held.file);
    if (refusal) return change({ status: "failed", refusal });
    try {
      const outcome = await window.argus.send(held.file, {
        model, signal: stop.signal, wake: side.wake, onChange: change, preview: NOT_DRAWN.test(held.file.name),
      });
      if (stop.signal.aborted) return;
      const { outcome: status, answer, trouble, preview, refusal: refused = "" } = outcome;
      if (answer) remember(held, model, answer, preview);
      change({ status, answer, trouble, refusal: refused });
    } catch {
      // Stopped: whoever did that has said so.
    }
  }

  function refuse(file) {
    if (file.type && !file.type.startsWith("image/")) return "not_image";
    return file.size > (Number(page()?.dataset.maxBytes) || Infinity) ? "too_large" : "";
  }

  function remember(held, model, answer, preview) {
    if (!answers.has(held.file)) answers.set(held.file, new Map());
    answers.get(held.file).set(model, { status: "done", answer });
    if (preview) held.preview = preview;
    const { file } = held;
    const detail = { id: crypto.getRandomValues(new Uint32Array(2)).join("-"), lane: "compare", file, name: file.name,
      size_bytes: file.size, at_ms: Date.now(), answer, preview };
    window.dispatchEvent(new CustomEvent("argusanswered", { detail }));
    draw();
  }

  function retry(name) {
    const side = sides[name];
    if (side.status === "waiting") side.wake.now?.();
    else if (side.status === "failed" && side.held) run(side);
  }

  // Reporting to the session ----------------------------------------------------------------------------------------

  function describe(name) {
    const { held, status, since_ms, trouble, retry_at_ms, answer, refusal } = sides[name];
    return { id: name, name: held?.file.name, size_bytes: held?.file.size, status, since_ms, trouble, retry_at_ms, answer, refusal };
  }

  let due = false;
  function report() {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      const detail = { left: describe("left"), right: describe("right") };
      window.dispatchEvent(new CustomEvent("arguscompare", { detail }));
    });
  }

  // Drawing the photos ----------------------------------------------------------------------------------------------

  function draw() {
    for (const name of page() ? NAMES : []) {
      const held = files[name];
      const place = slot(name).querySelector("[data-slot-photo]");
      slot(name).toggleAttribute("data-filled", Boolean(held));
      slot(name).querySelector("[data-slot-name]").textContent = held?.file.name ?? "";
      const source = held && (held.preview || held.url);
      if (source && place.firstChild?.getAttribute("src") === source) continue;
      slot(name).removeAttribute("data-undrawable");
      if (!source) {
        place.replaceChildren();
        continue;
      }
      const image = new Image();
      image.alt = held.file.name;
      image.onerror = () => slot(name)?.setAttribute("data-undrawable", "");
      image.src = source;
      place.replaceChildren(image);
    }
  }

  // Taking photos ---------------------------------------------------------------------------------------------------

  function put(name, file) {
    if (files[name]) URL.revokeObjectURL(files[name].url);
    files[name] = file && { file, url: URL.createObjectURL(file), order: ++order };
    settle();
  }

  // The slot with the focus, else an empty one, else the one that was filled first.
  function chooseSlot() {
    const open = openSlots();
    const focused = document.activeElement?.closest?.("[data-slot]")?.dataset.slot;
    if (open.includes(focused)) return focused;
    return open.find((name) => !files[name]) ?? open.reduce((a, b) => (files[a].order <= files[b].order ? a : b));
  }

  function take(list, name = chooseSlot()) {
    if (list.length > 1 && !usesOnePhoto()) {
      put(name, list[0]);
      put(other(name), list[1]);
    } else if (list.length) put(name, list[0]);
  }

  async function takeExample(address) {
    const response = await fetch(address);
    if (!response.ok) return;
    const blob = await response.blob();
    // Chosen now, so that two examples clicked in a row find a side each.
    put(chooseSlot(), new File([blob], address.split("/").pop(), { type: blob.type }));
  }

  const hasFiles = (event) => page() && event.dataTransfer?.types.includes("Files");

  // Beside the slots the nearer one is meant.
  function slotAt(event) {
    const open = openSlots();
    const hit = event.target.closest?.("[data-slot]")?.dataset.slot;
    if (open.includes(hit)) return hit;
    return open.length === 1 || event.clientX < window.innerWidth / 2 ? "left" : "right";
  }

  function markTarget(wanted) {
    for (const name of page() ? NAMES : []) slot(name).toggleAttribute("data-over", name === wanted);
  }

  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    markTarget(slotAt(event));
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) markTarget(); });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    markTarget();
    take([...event.dataTransfer.files], slotAt(event));
  });
  document.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.files ?? [];
    if (!page() || !pasted.length) return;
    event.preventDefault();
    take([...pasted]);
  });

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches?.('[data-compare] input[type="file"]') || !input.files.length) return;
    take([...input.files], input.closest("[data-slot]").dataset.slot);
    input.value = ""; // so that the same photo can be chosen again
  });

  document.addEventListener("click", (event) => {
    const hit = (name) => event.target.closest?.(`[data-compare] [data-${name}]`);
    const name = event.target.closest?.("[data-slot]")?.dataset.slot;
    if (hit("compare-example")) takeExample(hit("compare-example").dataset.compareExample);
    else if (hit("compare-retry")) retry(hit("compare-retry").dataset.compareRetry);
    else if (hit("slot-remove")) put(name, undefined);
    else if (name && !event.target.closest("input")) slot(name).querySelector("input").click();
  });

  // The page is there or its session began anew (`data-session`), or another mode or model was chosen.
  window.addEventListener("arguslistening", settle);
  if (window.argusListens) settle();
  new MutationObserver(settle).observe(document, {
    subtree: true,
    attributeFilter: ["data-mode", "data-left-model", "data-right-model", "data-model", "data-session"],
  });
})();
