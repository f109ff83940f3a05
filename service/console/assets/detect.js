"use strict";

const MOST = Number(document.body.dataset.most);
const at = (id) => document.getElementById(id);
let request = null, answer = null, name = "video";

function show(id) {
  for (const step of document.querySelectorAll(".step")) step.hidden = step.id !== id;
  at(id).focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function trouble(text) {
  request = null;
  at("trouble").textContent = text;
  at("file").value = "";
  show("choose");
}

function minutes(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;
}

function working(title, text, share) {
  at("working-title").textContent = title;
  at("working-text").textContent = text;
  if (share === null) at("bar").removeAttribute("value"); else at("bar").value = Math.min(share, 1);
}

function take(file) {
  if (!file) return;
  if (request) return;
  name = file.name;
  if (!file.size) return trouble("This file is empty: choose another one.");
  if (file.size > MOST) return trouble(`This file is larger than ${MOST >> 20} MiB: choose a shorter or smaller one.`);
  send(file);
}

function send(file) {
  let read = 0;
  at("trouble").textContent = "";
  at("so-far").textContent = "";
  working("Sending", name, 0);
  show("working");
  request = new XMLHttpRequest();
  request.open("POST", "/detect/video");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-File-Name", encodeURIComponent(name));
  request.upload.onprogress = (event) => { if (event.lengthComputable) at("bar").value = event.loaded / event.total; };
  request.upload.onload = () => working("Looking at it", "The video has arrived.", null);
  request.onprogress = () => { if (request) read = lines(request.responseText, read); };
  request.onload = (event) => {
    const { status, responseText: text } = event.target;
    if (status === 200) lines(text, read);
    if (request) trouble(status === 200 ? "The service stopped before it had an answer. Try again." : refused(text));
  };
  request.onerror = () => trouble("The connection broke off. Check it, and try again.");
  request.send(file);
}

function refused(text) {
  try { return JSON.parse(text).error.message; } catch { return "The service gave no answer. Try again."; }
}

function lines(text, from) {
  for (let end = text.indexOf("\n", from); end >= 0 && request; end = text.indexOf("\n", from)) {
    hear(JSON.parse(text.slice(from, end)));
    from = end + 1;
  }
  return from;
}

function hear(news) {
  if (news.error) return trouble(news.error.message);
  if (news.answer) return done(news.answer);
  if (news.partial) {
    at("so-far").textContent = `Up to ${minutes(news.partial.seconds)}: ${news.partial.text}. This may still change.`;
  } else if (news.progress.stage === "content") {
    const { done: seconds, total } = news.progress;
    working("Looking at it", total ? `${minutes(seconds)} of ${minutes(total)}` : minutes(seconds), total ? seconds / total : null);
  }
}

function done(told) {
  request = null;
  answer = told;
  const parsed = new DOMParser().parseFromString(told.part, "text/html");
  at("report").replaceChildren(...parsed.body.children);
  at("save-pdf").hidden = !told.pdf;
  show("result");
}

function save(kind, type, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = `report-on-${name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

at("file").addEventListener("change", () => take(at("file").files[0]));
at("stop").addEventListener("click", () => {
  if (request) request.abort();
  trouble("");
});
at("again").addEventListener("click", () => {
  answer = null;
  at("report").replaceChildren();
  trouble("");
});
at("save-html").addEventListener("click", () => save("html", "text/html", [answer.html]));
at("save-json").addEventListener("click", () => save("json", "application/json", [answer.json]));
at("save-pdf").addEventListener("click", () => save("pdf", "application/pdf", [Uint8Array.from(atob(answer.pdf), (letter) => letter.charCodeAt(0))]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && !at("choose").hidden) take(event.dataTransfer.files[0]);
  });
}
