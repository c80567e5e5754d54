// What every page needs of the browser: clocks that run between two words from the server, and buttons that copy.
(() => {
  "use strict";

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.setAttribute("data-copied", "");
    setTimeout(() => button.removeAttribute("data-copied"), 1500);
  });

  // Seconds since (data-since) or until (data-until) a Unix time in ms; data-after hides the first seconds.
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
