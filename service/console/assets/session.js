"use strict";

const WORDS_SECONDS = 8;
const TURN_SECONDS = 3.2;
const CALM_SECONDS = 1.2;
const LARGEST = 64 * 1024 * 1024;
const KINDS = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const ARROWS = { left: "←", right: "→", up: "↑", nod: "↓" };
const SAYS = {
  left: "Turn your head to your left, then back",
  right: "Turn your head to your right, then back",
  up: "Look up with your whole head, then back",
  nod: "Nod: chin to your chest, then back",
};

const here = location.pathname.replace(/\/$/, "");
const at = (id) => document.getElementById(id);
let challenge = null, stream = null, recorder = null, film = null, address = null, running = 0, unsent = false;

function show(id) {
  for (const step of document.querySelectorAll(".step")) step.hidden = step.id !== id;
  at(id).focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function outcome(title, text, left, again) {
  at("outcome-title").textContent = title;
  at("outcome-text").textContent = text;
  at("outcome-left").textContent = left;
  at("retry").hidden = !again;
  at("retry").textContent = unsent ? "Back to the recording" : "Record again";
  if (!again) closeCamera();
  show("outcome");
}

function wait(seconds, turn) {
  return new Promise((resolve) => setTimeout(() => resolve(turn === running), seconds * 1000));
}

async function ask(path, options) {
  const answer = await fetch(here + path, { method: "POST", cache: "no-store", ...options });
  return [answer.ok, await answer.json()];
}

async function begin() {
  at("begin").disabled = true;
  try {
    const [ok, body] = await ask("/challenge", {});
    if (!ok) return outcome("This link cannot be used", body.message, "", false);
    challenge = body;
  } catch {
    at("begin").disabled = false;
    return outcome("No connection", "The page could not reach the service. Check your connection and open the link again.", "", false);
  }
  startClock();
  at("words-before").textContent = challenge.words.join("  ·  ");
  at("turns-before").replaceChildren(...challenge.turns.map((turn) => {
    const item = document.createElement("li");
    item.textContent = SAYS[turn];
    return item;
  }));
  show("camera");
  await openCamera();
}

function startClock() {
  const end = performance.now() + challenge.seconds_left * 1000;
  at("clock").hidden = false;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    at("clock").textContent = left
      ? `The words are valid for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} minutes`
      : "The words are not valid any more: ask for a new link";
    if (left) setTimeout(tick, 1000);
  };
  tick();
}

async function openCamera() {
  try {
    if (!navigator.mediaDevices || !window.MediaRecorder) throw new Error("none");
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
      audio: { echoCancellation: false, noiseSuppression: false },
    });
  } catch (error) {
    const denied = error && error.name === "NotAllowedError";
    return outcome(
      denied ? "The camera is not allowed" : "There is no camera",
      denied ? "Allow this page to use camera and microphone in your browser's settings, then open the link again."
             : "No camera and microphone were found, or another program uses them. Open the link on a phone or another computer.",
      "Your link stays valid until its time is over.", false);
  }
  for (const id of ["preview", "live"]) { at(id).srcObject = stream; at(id).play().catch(() => {}); }
  at("record").disabled = false;
  at("record").focus({ preventScroll: true });
}

function closeCamera() {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
}

function cue(text, turn) {
  at("cue").textContent = text;
  at("arrow").textContent = turn ? ARROWS[turn] : "";
  if (turn) at("arrow").dataset.turn = turn; else delete at("arrow").dataset.turn;
}

async function record() {
  const turn = ++running;
  const kind = KINDS.find((each) => MediaRecorder.isTypeSupported(each));
  const pieces = [];
  recorder = new MediaRecorder(stream, { ...(kind ? { mimeType: kind } : {}), videoBitsPerSecond: 2500000, audioBitsPerSecond: 96000 });
  recorder.ondataavailable = (event) => { if (event.data.size) pieces.push(event.data); };
  const ended = new Promise((resolve) => { recorder.onstop = resolve; });
  show("recording");
  const steps = [[`Look at the camera and say: ${challenge.words.join(", ")}`, null, WORDS_SECONDS],
    ...challenge.turns.map((each) => [SAYS[each], each, TURN_SECONDS]), ["Look at the camera. Done", null, CALM_SECONDS]];
  cue("Look at the camera", null);
  at("steps").value = 0;
  at("stop").focus({ preventScroll: true });
  recorder.start();
  if (!await wait(CALM_SECONDS, turn)) return;
  for (const [index, [text, way, seconds]] of steps.entries()) {
    cue(text, way);
    at("steps").value = (index + 1) / steps.length;
    if (!await wait(seconds, turn)) return;
  }
  recorder.stop();
  await ended;
  if (turn !== running) return;
  film = new Blob(pieces, { type: recorder.mimeType });
  if (address) URL.revokeObjectURL(address);
  address = URL.createObjectURL(film);
  at("playback").src = address;
  show("review");
}

function startOver() {
  running += 1;
  if (recorder && recorder.state !== "inactive") recorder.stop();
  show("camera");
}

function send() {
  if (film.size > LARGEST) return outcome("The film is too large", "Record it again with another browser or camera.", "", true);
  at("upload").value = 0;
  at("sending-title").textContent = "Sending";
  at("sending-text").textContent = "Your film is on its way.";
  show("sending");
  const request = new XMLHttpRequest();
  request.open("POST", here + "/film");
  request.responseType = "json";
  request.timeout = 600000;
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.onprogress = (event) => { if (event.lengthComputable) at("upload").value = event.loaded / event.total; };
  request.upload.onload = () => {
    at("upload").removeAttribute("value");
    at("sending-title").textContent = "Checking";
    at("sending-text").textContent = "Your film has arrived and is being looked at. This takes up to a minute.";
  };
  unsent = true;
  request.onload = () => { unsent = !request.response; done(request.response); };
  request.onerror = request.ontimeout = () =>
    outcome("It was not sent", "The connection broke off. Your recording is still here: try to send it again.", "", true);
  request.send(film);
}

function done(body) {
  if (!body) return outcome("It was not sent", "The service gave no answer. Try again.", "", true);
  if (body.passed) return outcome("Thank you: it is done", "It was you, here and now. Your consent can be recorded as you read it. You can close this page.", "", false);
  const left = body.attempts_left;
  outcome("It was not accepted", body.message,
    left > 0 ? `You have ${left} ${left === 1 ? "attempt" : "attempts"} left.` : "There are no attempts left: ask for a new link.", left > 0);
}

for (const cell of document.querySelectorAll("[data-regions]")) {
  try {
    const names = new Intl.DisplayNames(["en"], { type: "region" });
    cell.textContent = cell.textContent.split(", ").map((code) => names.of(code)).join(", ");
  } catch { /* the codes stay */ }
}
at("agree").addEventListener("change", () => { at("begin").disabled = !at("agree").checked; });
at("begin").addEventListener("click", begin);
at("record").addEventListener("click", record);
at("stop").addEventListener("click", startOver);
at("again").addEventListener("click", () => show("camera"));
at("retry").addEventListener("click", () => show(unsent ? "review" : "camera"));
at("send").addEventListener("click", send);
window.addEventListener("pagehide", closeCamera);
