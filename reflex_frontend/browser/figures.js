// Numbers as text in the browser, as figures.py writes them: units always, and as many digits as they deserve.
(() => {
  "use strict";

  const NO_BREAK = "\u00a0";

  function percent(score) {
    return score > 0 && score < 0.001 ? `<${NO_BREAK}0.1${NO_BREAK}%` : `${(score * 100).toFixed(1)}${NO_BREAK}%`;
  }

  function milliseconds(ms) {
    if (ms >= 1000) return `${(ms / 1000).toFixed(1)}${NO_BREAK}s`;
    return `${ms.toFixed(ms < 9.95 ? 1 : 0)}${NO_BREAK}ms`;
  }

  function size(bytes) {
    if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)}${NO_BREAK}MB`;
    return `${bytes ? Math.max(1, Math.round(bytes / 1000)) : 0}${NO_BREAK}kB`;
  }

  window.argus = { ...window.argus, figures: { percent, milliseconds, size } };
})();
