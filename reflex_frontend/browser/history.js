// The history: what was classified in this browser. Kept in the browser's own database and sent nowhere. This file
// records and keeps, on every page; history-page.js draws, history-files.js makes files.
(() => {
  "use strict";

  const MOST_ENTRIES = 2000;
  const LONGEST_SIDE = 160;
  // How many of the oldest go when the browser's room is full.
  const ROOM_ENTRIES = 200;
  // A label that scores less says nothing about a photo, so it finds none, unless it is the best there is.
  const FINDABLE_SCORE = 0.01;

  const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  let opening;
  function open() {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open("argus", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("entries", { keyPath: "key", autoIncrement: true });
        // Apart from the entries, so that a list of all of them reads no picture.
        request.result.createObjectStore("thumbs");
      };
      request.onsuccess = () => {
        const database = request.result;
        // The person clears the site's data, or a newer page opens it elsewhere: let go, and open again when needed.
        database.onclose = database.onversionchange = () => {
          database.close();
          opening = undefined;
        };
        resolve(database);
      };
      request.onerror = () => reject(request.error);
    });
    return opening;
  }

  // Runs `work` in one transaction; the promise is kept when everything is written, and broken when nothing is.
  async function within(mode, work) {
    const transaction = (await open()).transaction(["entries", "thumbs"], mode);
    const written = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const [found] = await Promise.all([work(transaction.objectStore("entries"), transaction.objectStore("thumbs")), written]);
    return found;
  }

  async function dropOldest(entries, thumbs, count) {
    if (count <= 0) return;
    for (const key of await result(entries.getAllKeys(null, count))) {
      entries.delete(key);
      thumbs.delete(key);
    }
  }

  const disk = {
    async add(entry) {
      const adding = () => within("readwrite", async (entries, thumbs) => {
        const key = await result(entries.add(entry));
        await dropOldest(entries, thumbs, (await result(entries.count())) - MOST_ENTRIES);
        return key;
      });
      try {
        return await adding();
      } catch (error) {
        if (error?.name !== "QuotaExceededError") throw error;
        await within("readwrite", (entries, thumbs) => dropOldest(entries, thumbs, ROOM_ENTRIES));
        return adding();
      }
    },
    addThumb: (key, thumb) => within("readwrite", async (entries, thumbs) => {
      // The entry may have been removed while its thumbnail was drawn.
      if (await result(entries.getKey(key))) thumbs.put(thumb, key);
    }),
    thumb: (key) => within("readonly", (_, thumbs) => result(thumbs.get(key))),
    all: () => within("readonly", (entries) => result(entries.getAll())),
    remove: (key) => within("readwrite", (entries, thumbs) => {
      entries.delete(key);
      thumbs.delete(key);
    }),
    restore: (entry, thumb) => within("readwrite", (entries, thumbs) => {
      entries.put(entry);
      if (thumb) thumbs.put(thumb, entry.key);
    }),
    clear: () => within("readwrite", (entries, thumbs) => {
      entries.clear();
      thumbs.clear();
    }),
  };

  // Stands in where the browser keeps nothing: lasts as long as the page.
  const kept = { entries: new Map(), thumbs: new Map(), next: 1 };
  const memory = {
    async add(entry) {
      const key = kept.next++;
      kept.entries.set(key, { ...entry, key });
      if (kept.entries.size > MOST_ENTRIES) memory.remove(kept.entries.keys().next().value);
      return key;
    },
    addThumb: async (key, thumb) => { kept.entries.has(key) && kept.thumbs.set(key, thumb); },
    thumb: async (key) => kept.thumbs.get(key),
    all: async () => [...kept.entries.values()].sort((a, b) => a.key - b.key),
    remove: async (key) => { kept.entries.delete(key); kept.thumbs.delete(key); },
    restore: async (entry, thumb) => { kept.entries.set(entry.key, entry); thumb && kept.thumbs.set(entry.key, thumb); },
    clear: async () => { kept.entries.clear(); kept.thumbs.clear(); },
  };

  const keeper = () => open().then(() => disk, () => memory);

  // Heard by this page and by those in other tabs.
  const tabs = window.BroadcastChannel && new BroadcastChannel("argus-history");
  const hearChanged = () => window.dispatchEvent(new Event("argushistorychanged"));
  if (tabs) tabs.onmessage = hearChanged;
  function sayChanged() {
    hearChanged();
    tabs?.postMessage("changed");
  }

  const haystacks = new WeakMap();
  function haystack(entry) {
    if (!haystacks.has(entry)) {
      const labels = entry.answer.labels.filter(({ score }, index) => index === 0 || score >= FINDABLE_SCORE);
      const texts = [entry.name, entry.answer.model, ...labels.map(({ label }) => label)];
      haystacks.set(entry, texts.join("\n").toLowerCase());
    }
    return haystacks.get(entry);
  }

  // Those that hold every word of the text, in a name, a model or a label.
  function search(entries, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return entries.filter((entry) => words.every((word) => haystack(entry).includes(word)));
  }

  // The page's way to the history; `all` gives the newest first.
  const history = {
    search,
    lasts: () => open().then(() => true, () => false),
    all: async () => (await (await keeper()).all()).reverse(),
    thumb: async (key) => (await keeper()).thumb(key),
    remove: async (key) => { await (await keeper()).remove(key); sayChanged(); },
    restore: async (entry, thumb) => { await (await keeper()).restore(entry, thumb); sayChanged(); },
    clear: async () => { await (await keeper()).clear(); sayChanged(); },
  };

  async function load(address) {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  }

  // A JPEG of at most 160 px a side; undefined when neither the browser nor the server could draw the photo.
  async function makeThumb(file, preview) {
    const address = URL.createObjectURL(file);
    try {
      const image = await load(address).catch(() => (preview ? load(preview) : undefined));
      if (!image) return undefined;
      const scale = Math.min(1, LONGEST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
      canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
      const pen = canvas.getContext("2d");
      pen.imageSmoothingQuality = "high";
      pen.fillStyle = "#fff"; // as the service reads what is transparent
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
    } finally {
      URL.revokeObjectURL(address);
    }
  }

  // One thumbnail at a time: two hundred photos at once must not take the page's breath.
  let drawing = Promise.resolve();

  async function record({ file, name, size_bytes, at_ms, preview, answer: { preview: inAnswer, ...answer } }) {
    const place = await keeper();
    const key = await place.add({ name, size_bytes, at_ms, answer });
    sayChanged();
    drawing = drawing.then(async () => {
      await new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve, { timeout: 2000 }));
      const thumb = await makeThumb(file, preview || inAnswer);
      if (thumb) await place.addThumb(key, thumb);
      if (thumb) sayChanged();
    }).catch(() => {}); // an entry without its picture is still an entry
  }

  // A history that cannot be written is no reason to disturb anybody: the answer is on the page.
  window.addEventListener("argusanswered", ({ detail }) => { record(detail).catch(() => {}); });

  window.argus = { ...window.argus, history };
})();
