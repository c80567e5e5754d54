// What the page does before its server can answer: takes a photo from anywhere (drop, paste, example, button), shows
// it at once, runs the clocks, copies. Everything goes through the one file input that Reflex watches.
(() => {
  "use strict";

  const root = document.documentElement;
  const fileInput = () => document.querySelector('.zone input[type="file"]');
  const localPhoto = () => document.querySelector("[data-local-photo]");
  let shownUrl = "";

  function showAtOnce(file) {
    const place = localPhoto();
    if (!place) return;
    forget();
    const photo = new Image();
    photo.alt = file.name;
    photo.onload = () => place.closest(".stage").setAttribute("data-local", "");
    photo.onerror = forget;
    shownUrl = URL.createObjectURL(file);
    photo.src = shownUrl;
    place.replaceChildren(photo);
  }

  function forget() {
    localPhoto()?.replaceChildren();
    localPhoto()?.closest(".stage").removeAttribute("data-local");
    if (shownUrl) URL.revokeObjectURL(shownUrl);
    shownUrl = "";
  }

  function take(file) {
    const input = fileInput();
    if (!input || !file) return;
    const files = new DataTransfer();
    files.items.add(file);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  async function takeExample(address) {
    const response = await fetch(address);
    if (!response.ok) return;
    const blob = await response.blob();
    take(new File([blob], address.split("/").pop(), { type: blob.type }));
  }

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.setAttribute("data-copied", "");
    setTimeout(() => button.removeAttribute("data-copied"), 1500);
  }

  // Dropping: the whole page is the target. Dragging into a child fires leave and enter, hence the depth.
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const setDragging = (on) => root.toggleAttribute("data-dragging", on);

  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) setDragging(++depth > 0);
  }, true);
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) setDragging((depth = Math.max(0, depth - 1)) > 0);
  }, true);
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }, true);
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    setDragging((depth = 0) > 0);
    take(event.dataTransfer.files[0]);
  }, true);

  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });

  // Every way to a photo ends here, the file dialog too.
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input !== fileInput() || !input.files.length) return;
    showAtOnce(input.files[0]);
    // Emptied once Reflex has taken the files, so that the same photo can be chosen again.
    setTimeout(() => { input.value = ""; }, 0);
  }, true);

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest?.(selector);
    if (hit("[data-example]")) takeExample(hit("[data-example]").dataset.example);
    else if (hit("[data-copy]")) copy(hit("[data-copy]"));
    else if (hit("[data-choose]")) fileInput()?.click();
  });

  // The session may let the photo go (Cancel, or a server that was restarted); then it goes from here too.
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.matches(".stage") && target.dataset.status === "")) forget();
  }).observe(document, { subtree: true, attributeFilter: ["data-status"] });

  // Clocks: seconds since (data-since) or until (data-until) a Unix time in ms; data-after hides the first seconds.
  function tick() {
    for (const clock of document.querySelectorAll("[data-since]")) {
      const seconds = Math.floor((Date.now() - Number(clock.dataset.since)) / 1000);
      const silent = !Number(clock.dataset.since) || seconds < Number(clock.dataset.after || 0);
      clock.textContent = silent ? "" : `${Math.max(0, seconds)}\u00a0s`;
    }
    for (const clock of document.querySelectorAll("[data-until]")) {
      const seconds = Math.ceil((Number(clock.dataset.until) - Date.now()) / 1000);
      clock.textContent = `${Math.max(0, seconds)}\u00a0s`;
    }
  }
  setInterval(tick, 250);
})();
