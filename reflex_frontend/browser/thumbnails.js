// Small pictures of photos: made once, one after the other, and put into every element with `data-thumb` of that id.
window.argusThumbnails = (photos) => {
  "use strict";

  const SIDE = 320;
  const KEPT_SIDE = 640;
  const urls = new Map();
  let turn = Promise.resolve();

  // Decoded and scaled off the page's own thread, and only while nothing else is to be done there.
  async function draw(file, side) {
    await new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve, { timeout: 2000 }));
    const small = await createImageBitmap(file, { resizeWidth: side, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    canvas.width = small.width;
    canvas.height = small.height;
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#fff"; // a JPEG has no transparency
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(small, 0, 0);
    small.close();
    return canvas;
  }

  const toBlob = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));

  // Set on the photo when it is known whether this browser can draw it.
  function add(photo) {
    turn = turn.then(async () => {
      if (!photos.has(photo.id) || urls.has(photo.id)) return;
      try {
        take(photo, URL.createObjectURL(await toBlob(await draw(photo.file, SIDE))));
      } catch {
        // Not a picture that this browser can draw: its card shows a sheet of paper.
      }
    });
  }

  function take(photo, url) {
    drop(photo.id);
    urls.set(photo.id, url);
    fill(document.querySelectorAll(`[data-thumb="${photo.id}"]`));
  }

  // A picture of the only photo for the session, so that a reload can show it.
  async function keep(photo) {
    if (photo.preview) return;
    try {
      const canvas = await draw(photo.file, KEPT_SIDE);
      photo.preview = canvas.toDataURL("image/jpeg", 0.75);
      window.argus.report(photo);
    } catch {
      // As above.
    }
  }

  function fill(places) {
    for (const place of places) {
      const url = urls.get(place.dataset.thumb);
      if (!url || place.firstChild?.getAttribute?.("src") === url) continue;
      const image = new Image();
      image.alt = "";
      image.src = url;
      place.replaceChildren(image);
    }
  }

  function drop(id) {
    const url = urls.get(id);
    if (url?.startsWith("blob:")) URL.revokeObjectURL(url);
    urls.delete(id);
  }

  function clear() {
    for (const id of [...urls.keys()]) drop(id);
  }

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") fill([target]);
      for (const node of addedNodes) {
        if (node.matches?.("[data-thumb]")) fill([node]);
        else if (node.querySelectorAll) fill(node.querySelectorAll("[data-thumb]"));
      }
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-thumb"] });

  return { add, take, keep, drop, clear };
};
