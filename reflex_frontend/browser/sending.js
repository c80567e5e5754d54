// One photo on its way: sent to the page's own server as often as it takes, until it is answered or has failed for good.
(() => {
  "use strict";

  const MOST_ATTEMPTS = 6;
  const MOST_WAITS = 60;
  const OFFLINE = { outcome: "wait", until: "readiness", pause_ms: 1000, trouble: { code: "offline" }, final: {} };

  // Resolves after ms, at once when wake.now() is called, and rejects when the signal aborts.
  function sleep(ms, signal, wake) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      wake.now = () => { clearTimeout(timer); resolve(); };
      signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    });
  }

  async function read(response) {
    if (response.headers.get("content-type")?.startsWith("application/json")) return response.json();
    if (response.status === 413) return { outcome: "failed", trouble: {}, refusal: "too_large" };
    return OFFLINE;
  }

  async function untilReady(signal, wake) {
    for (let ready = false; !ready;) {
      try {
        ({ ready } = await (await fetch("/photos/ready", { signal })).json());
      } catch (error) {
        if (signal?.aborted) throw error;
        await sleep(1000, signal, wake);
      }
    }
  }

  // One photo until it is answered or has failed for good. A classification changes nothing, so it is safe to repeat.
  async function send(file, { model = "", signal, onChange = () => {}, preview = false, wake = {} } = {}) {
    const query = new URLSearchParams();
    if (model) query.set("model", model);
    if (preview) query.set("preview", "1");
    const headers = { "Content-Type": "application/octet-stream", "X-Photo-Name": encodeURIComponent(file.name) };
    for (let attempt = 1; ; attempt++) {
      onChange({ status: "working" });
      let outcome;
      try {
        outcome = await read(await fetch(`/photos?${query}`, { method: "POST", body: file, headers, signal }));
      } catch (error) {
        if (signal?.aborted) throw error;
        outcome = OFFLINE;
      }
      if (outcome.outcome !== "wait") return outcome;
      const forTime = outcome.until === "time";
      if (attempt >= (forTime ? MOST_ATTEMPTS : MOST_WAITS)) return { outcome: "failed", trouble: outcome.final };
      const pauseMs = outcome.pause_ms * (1 + Math.random() / 4); // spread, so that not all come back at once
      const retryAt = forTime ? Math.round(Date.now() + pauseMs) : 0;
      onChange({ status: "waiting", trouble: outcome.trouble, retry_at_ms: retryAt });
      await sleep(pauseMs, signal, wake);
      if (!forTime) await untilReady(signal, wake);
    }
  }

  window.argus = { ...window.argus, send };
})();
