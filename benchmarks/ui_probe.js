// What `make bench-ui` does and measures inside a page, on the page's own clock, so that nothing waits for a process
// outside the browser. Put into every document before the page's own scripts.
window.probe = (() => {
  "use strict";

  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: "longtask", buffered: true });

  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // The moment at which something about the document first holds.
  function until(holds, what, limitMs) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        observer.disconnect();
        resolve(performance.now());
      };
      const observer = new MutationObserver(look);
      const timer = setTimeout(() => {
        observer.disconnect();
        reject(new Error(`${what} did not come within ${limitMs} ms`));
      }, limitMs);
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      look();
    });
  }

  // A frame with what the document says now has been handed to the screen.
  function afterPaint(then) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then(performance.now());
      channel.port2.postMessage(null);
    });
  }

  // Photos ----------------------------------------------------------------------------------------------------------

  // An input of our own: the browser fills it with files from the disk, as those that a person drops.
  function openHand() {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", multiple: true, id: "probe-hand", hidden: true });
    document.body.append(input);
  }

  // So many photos with names of their own; where there are fewer files, they come again.
  function take(count, name) {
    const { files } = find("#probe-hand");
    return Array.from({ length: count }, (_, n) => {
      const file = files[n % files.length];
      return new File([file], `${name} ${n}.jpg`, { type: file.type });
    });
  }

  function drop(files) {
    const dataTransfer = new DataTransfer();
    for (const file of files) dataTransfer.items.add(file);
    find('.zone[data-lane="photos"]').dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  }

  // One photo, until its label is in the document, and until the browser had the answer; milliseconds.
  async function dropOne(number, limitMs) {
    const source = find("#probe-hand").files[number];
    const file = new File([source], `one ${number} ${source.name}`, { type: source.type });
    const isShown = () =>
      find(".caption-name")?.textContent === file.name
      && find('.panel[data-status="done"] [data-answer] .label')?.textContent;
    let answered = NaN;
    const note = () => { answered = performance.now(); };
    window.addEventListener("argusanswered", note, { once: true });
    const begin = performance.now();
    drop([file]);
    const shown = await until(isShown, "the label", limitMs);
    return { shown_ms: shown - begin, answered_ms: answered - begin };
  }

  const ended = () => all('.card[data-status="done"], .card[data-status="failed"]').length;

  // Leaves a few answered photos on the page: cards to click while many others are under way.
  async function beginAnew(few, limitMs) {
    find("[data-clear-all]")?.click();
    await until(() => !find(".card"), "the empty page", limitMs);
    drop(take(few, "few"));
    await until(() => ended() === few, "the first answers", limitMs);
    await pause(1000);
  }

  // Clicks a card at fixed times, whether or not the click before has had its effect: its photo is shown large.
  function clickCards(everyMs) {
    const cards = all(".card-main");
    const photoOf = (card) => card.querySelector("[data-thumb]").dataset.thumb;
    const begin = performance.now();
    const open = [];
    const times = [];
    let number = 0;
    let timer;
    const observer = new MutationObserver(() => {
      const shown = find(".stage").dataset.photo;
      const at = open.findIndex(({ id }) => id === shown);
      if (at < 0) return;
      const handled = open.splice(0, at + 1); // those before it were overtaken: the page went on to this one
      afterPaint((now) => { for (const { due } of handled) times.push(now - due); });
    });
    observer.observe(document, { subtree: true, attributeFilter: ["data-photo"] });
    // When the page's thread is busy the click comes late; its time counts from when it was due.
    const click = () => {
      const card = cards[++number % cards.length];
      open.push({ id: photoOf(card), due: begin + number * everyMs });
      card.click();
      timer = setTimeout(click, begin + (number + 1) * everyMs - performance.now());
    };
    timer = setTimeout(click, everyMs);
    return async () => {
      clearTimeout(timer);
      for (let n = 0; open.length && n < 50; n++) await pause(100);
      await pause(100);
      observer.disconnect();
      return { clicks_ms: times, unhandled: open.length };
    };
  }

  // Many photos, until the last of them is drawn as answered or failed.
  async function dropMany(count, everyMs, limitMs) {
    const before = ended();
    const done = () => all('.card[data-status="done"]').length - before;
    const stopClicking = clickCards(everyMs);
    await pause(5 * everyMs);
    const begin = performance.now();
    drop(take(count, "photo"));
    const end = await until(() => ended() === before + count, "the last answer", limitMs);
    const clicks = await stopClicking();
    const long = tasks.filter(({ startTime }) => startTime >= begin && startTime <= end).map(({ duration }) => duration);
    return { photos: count, answered: done(), seconds: (end - begin) / 1000, long_tasks_ms: long, ...clicks };
  }

  return { openHand, dropOne, beginAnew, dropMany };
})();
