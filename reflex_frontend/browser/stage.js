// The chosen photo, large, drawn from the file itself: it is there before any server has seen it. And its card is marked.
window.argusStage = (photos) => {
  "use strict";

  let shown = "";
  let shownUrl = "";

  function show() {
    const stage = document.querySelector(".stage");
    const place = document.querySelector("[data-local-photo]");
    if (!stage || !place) return;
    const photo = photos.get(stage.dataset.photo) ?? (photos.size === 1 ? [...photos.values()][0] : undefined);
    if (photo && photo.id === shown && place.firstChild) return;
    place.replaceChildren();
    stage.removeAttribute("data-local");
    if (shownUrl) URL.revokeObjectURL(shownUrl);
    shown = photo?.id ?? "";
    shownUrl = photo?.file ? URL.createObjectURL(photo.file) : "";
    if (!shownUrl) return;
    const image = new Image();
    image.alt = photo.name;
    image.onload = () => stage.setAttribute("data-local", "");
    image.onerror = () => image.remove();
    image.src = shownUrl;
    place.replaceChildren(image);
  }

  // The card of that photo.
  function mark() {
    const id = document.querySelector(".stage")?.dataset.photo;
    for (const card of document.querySelectorAll("[data-card]")) {
      if (card.dataset.card === id) card.setAttribute("aria-current", "true");
      else card.removeAttribute("aria-current");
    }
  }

  new MutationObserver((changes) => {
    const any = (selector) => changes.some(({ target }) => target.matches?.(selector));
    if (any(".stage")) show();
    if (any(".stage") || any(".batch, .cards")) mark();
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-photo"] });

  return { show };
};
