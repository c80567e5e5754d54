// Keys in a row of tabs (role=tablist), as everywhere: arrows, Home and End move to a tab and choose it.
(() => {
  "use strict";

  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.('[role="tab"]')?.closest('[role="tablist"]');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const tabs = [...row.querySelectorAll('[role="tab"]')];
    const at = tabs.indexOf(event.target.closest('[role="tab"]'));
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length];
    tab.focus();
    tab.click();
  });
})();
