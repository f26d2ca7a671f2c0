// The live channel. htmx's ws extension opens the socket on #live; everything it does not do is here:
//   since=      every connection asks for what happened after the sequence number in <data id="live-seq">
//   owed=       and for the counts, where rows came and the connection broke before the counts that follow them
//   one owner   the extension's own retries are put off for ever; `retry` is the only place that reconnects
//   stale       a replaced socket is muted, so its late close cannot start another connection
//   watchdog    a socket that says nothing for data-silence ms is taken for dead
//   polling     after data-retries failed connections in a row, the same fragments come by GET from data-poll-url
//   no bells    a message with data-bells="off" comes from a server that cannot hear what happens and looks by itself
//   signed out  close code 4401 stops everything and says so
// The page says where it stands in html[data-ws] and #live-state[data-state]: wait, open, polling, down or out.
// What arrives goes out as the event "live:message"; apply.js puts it into the page.

const NEVER = 2 ** 31 - 1;
const SIGNED_OUT = 4401;
const LONGEST_DELAY = 5000;

const live = document.getElementById("live");
const setting = (name, otherwise) => Number(live.dataset[name]) || otherwise;
const apply = (html) => document.dispatchEvent(new CustomEvent("live:message", { detail: html }));

function ask(url) {
  const mark = document.getElementById("live-seq");
  url.searchParams.set("since", mark?.getAttribute("value") ?? "0");
  if (mark?.dataset.owed) url.searchParams.set("owed", mark.dataset.owed);
  return url;
}

let current = null;
let wrapper = null;
let failures = 0;
let heard = Date.now();
let retryTimer = 0;
let pollTimer = 0;
let out = false;

function show(state) {
  document.documentElement.dataset.ws = state;
  const sign = document.getElementById("live-state");
  if (sign) {
    sign.dataset.state = state;
    sign.querySelector("span").textContent = sign.getAttribute(`data-says-${state}`);
  }
  const notice = document.getElementById("live-notice");
  if (notice) {
    notice.hidden = !["down", "out"].includes(state);
    for (const text of notice.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== state;
  }
}

function stop() {
  out = true;
  clearTimeout(retryTimer);
  clearTimeout(pollTimer);
  show("out");
}

function retry(delay) {
  clearTimeout(retryTimer);
  if (!out) retryTimer = setTimeout(() => wrapper?.reconnect(), delay);
}

function mute(socket) {
  if (!socket) return;
  socket.onopen = socket.onclose = socket.onerror = null;
  if (socket.readyState < WebSocket.CLOSING) socket.close();
}

async function poll() {
  const url = ask(new URL(live.dataset.pollUrl, location.href));
  try {
    const response = await fetch(url, { headers: { "HX-Request": "true" }, cache: "no-store" });
    if (response.headers.has("HX-Redirect") || response.redirected || [401, 403].includes(response.status)) {
      return stop();
    }
    if (!response.ok) throw new Error(response.statusText);
    document.dispatchEvent(new CustomEvent("live:polled", { detail: response.headers }));
    if (response.status !== 204) apply(await response.text());
    if (current?.readyState !== WebSocket.OPEN) show("polling");
  } catch {
    if (current?.readyState !== WebSocket.OPEN) show("down");
  }
  pollTimer = !out && failures ? setTimeout(poll, setting("pollEvery", 20000)) : 0;
}

function failed() {
  failures += 1;
  if (live.dataset.pollUrl && failures >= setting("retries", 3)) {
    if (!pollTimer) {
      pollTimer = -1; // a poll is on its way
      poll();
    }
  } else {
    show(failures > 1 ? "down" : "wait");
  }
}

function healthy(hearsBells) {
  heard = Date.now();
  failures = 0;
  clearTimeout(pollTimer);
  pollTimer = 0;
  show(hearsBells ? "open" : "polling"); // without bells the socket itself looks now and then
}

function start() {
  htmx.config.wsReconnectDelay = () => NEVER;
  htmx.createWebSocket = (address) => {
    const url = ask(new URL(address, location.href));
    mute(current);
    heard = Date.now();
    current = new WebSocket(url);
    return current;
  };

  document.addEventListener("htmx:wsConnecting", () => {
    if (!document.documentElement.dataset.ws) show("wait");
  });

  document.addEventListener("htmx:wsOpen", (event) => {
    wrapper = event.detail.socketWrapper;
    heard = Date.now();
    show("open");
  });

  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    event.preventDefault(); // one way in for both doors, see apply.js
    healthy(!event.detail.message.includes('data-bells="off"'));
    apply(event.detail.message);
  });

  document.addEventListener("htmx:wsClose", (event) => {
    if (event.detail.event.target !== current) return;
    wrapper = event.detail.socketWrapper;
    if (event.detail.event.code === SIGNED_OUT) return stop();
    failed();
    const ceiling = Math.min(LONGEST_DELAY, 500 * 2 ** Math.min(failures, 6));
    retry(ceiling * (0.5 + Math.random() / 2));
  });

  const silence = setting("silence", 45000);
  setInterval(() => {
    if (out || current?.readyState === WebSocket.CLOSED || Date.now() - heard < silence) return;
    heard = Date.now(); // half-open: no close will ever come
    failed();
    retry(0);
  }, Math.min(2000, silence / 4));

  addEventListener("online", () => retry(0));
  addEventListener("offline", () => show("down"));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && current?.readyState === WebSocket.CLOSED) retry(0);
  });
}

if (live) start();
