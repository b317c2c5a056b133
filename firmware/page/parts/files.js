// Files that leave the charger and files that come to it.

import { ApiError, failure, guard } from "../api.js";
import { make } from "../dom.js";
import * as t from "../texts.js";

// Hands a Blob or text to the browser's downloads.
export function save(name, content, type = "application/octet-stream") {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = make("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// The name that an answer gives its file.
export const nameOf = (answer, otherwise) => /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? otherwise;

// Sends a file and tells how far it is (0…1): fetch cannot. Resolves to the answer's JSON, or text; rejects with ApiError.
export function upload(method, path, file, { headers = {}, step = () => {} } = {}) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open(method, `api/v1/${path}`);
    for (const [name, value] of Object.entries({ ...guard(method), ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = event => event.lengthComputable && step(event.loaded / event.total);
    request.onerror = () => failed(new ApiError(0, "unreachable", "no answer"));
    request.onload = async () => {
      const answer = new Response(request.status === 204 ? null : request.responseText, { status: request.status });
      if (!answer.ok) return failed(await failure(answer, path));
      try {
        done(JSON.parse(request.responseText));
      } catch {
        done(request.responseText);
      }
    };
    request.send(file);
  });
}

// Why the charger refuses a file (an ApiError), and in which line: in words for the file's form, else why; name: what its field is called.
export function fileWords({ message, rule }, name, why) {
  const n = /^line (\d+)/.exec(message)?.[1];
  const key = [`file.${rule}`, `refused.${rule}`].find(one => t.has(one));
  const words = key ? t.text(key) : why;
  return n ? t.text("file.line", { n: name ? `${n}, ${name}` : n, why: words }) : words;
}
