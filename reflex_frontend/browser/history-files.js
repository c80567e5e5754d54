// The history as files, made in the browser: JSON for programs, CSV for spreadsheets.
(() => {
  "use strict";

  const MOST_LABELS = 10;
  const TIMES = ["total_ms", "decode_ms", "queue_ms", "model_ms", "network_ms"];

  const plain = ({ at_ms, name, size_bytes, answer }) => ({
    time: new Date(at_ms).toISOString(),
    name,
    size_bytes,
    width: answer.width,
    height: answer.height,
    model: answer.model,
    version: answer.version,
    request_id: answer.request_id,
    ...Object.fromEntries(TIMES.map((time) => [time, Math.round(answer[time] * 1000) / 1000])),
    labels: answer.labels.map(({ label, score }) => ({ label, score })),
  });

  // A spreadsheet takes a text that begins like this for a formula, and a file's name is anybody's to choose.
  const safe = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? ""));
  const cell = (value) => (/[",\r\n]/.test(safe(value)) ? `"${safe(value).replaceAll('"', '""')}"` : safe(value));

  function csv(entries) {
    const numbers = Array.from({ length: MOST_LABELS }, (_, index) => index + 1);
    const fixed = ["time", "name", "size_bytes", "width", "height", "model", "version", "request_id", ...TIMES];
    const header = [...fixed, ...numbers.flatMap((number) => [`label_${number}`, `score_${number}`])];
    const rows = entries.map(plain).map((entry) => [
      ...fixed.map((column) => entry[column]),
      ...numbers.flatMap((number) => [entry.labels[number - 1]?.label, entry.labels[number - 1]?.score]),
    ]);
    // The mark at the start tells spreadsheets that this is UTF-8.
    return `\ufeff${[header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  }

  const MAKERS = {
    csv: ["text/csv", csv],
    json: ["application/json", (entries) => `${JSON.stringify(entries.map(plain), null, 2)}\n`],
  };

  function save(entries, kind) {
    const [type, make] = MAKERS[kind];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([make(entries)], { type }));
    link.download = `argus-history-${new Date().toISOString().slice(0, 10)}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  window.argus = { ...window.argus, saveHistory: save };
})();
