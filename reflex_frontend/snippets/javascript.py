"""JavaScript for Node.js, with nothing but what it brings. `<MARKS>` are filled in by the package."""

ONE = """
import { readFile } from "node:fs/promises";

const response = await fetch(<QUERY_URL>, {
  method: "POST",
  headers: { "Content-Type": "image/jpeg" },
  body: await readFile("photo.jpg"),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);

for (const { label, score } of answer.results[0].predictions) {
  console.log(`${(100 * score).toFixed(1)} %  ${label}`);
}
"""

SEVERAL = """
import { readFile } from "node:fs/promises";

const form = new FormData();
for (const name of ["first.jpg", "second.jpg"]) {
  form.append("file", new Blob([await readFile(name)]), name);
}

const response = await fetch(<QUERY_URL>, {
  method: "POST",
  body: form,
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);

// A photo that failed has an error in the place of its predictions.
for (const { filename, predictions, error } of answer.results) {
  console.log(filename, error ? error.code : predictions);
}
"""

BASE64 = """
import { readFile } from "node:fs/promises";

const response = await fetch(<QUERY_URL>, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ images: [await readFile("photo.jpg", "base64")] }),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);

console.log(answer.results[0].predictions);
"""

ERRORS = """
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

const body = await readFile("photo.jpg");
let response;

for (let attempt = 0; attempt < 6; attempt++) {
  response = await fetch(<QUERY_URL>, {
    method: "POST",
    body,
  });
  if (![429, 503].includes(response.status) || attempt === 5) break;
  await wait(1000 * Number(response.headers.get("Retry-After") ?? 1));
}

const answer = await response.json();
if (!response.ok) {
  throw new Error(`${answer.code}: ${answer.detail} (${answer.request_id})`);
}
console.log(answer.results);
"""
