// New messages of the bell as windows of the browser: off until somebody turns them on by a click, kept per browser.
// The bell itself comes with the page and over the socket; here its list is only read. A message that has left the
// bell, because somebody took the item or read it, closes its window.
const CHOICE = "desk-popups";
const SEEN = "desk-popups-seen";
const shown = new Map();

const can = "Notification" in window;
const on = () => can && Notification.permission === "granted" && localStorage.getItem(CHOICE) === "on";
const list = () => document.getElementById("bell-list");
const rings = () => [...(list()?.querySelectorAll("[data-notice]") ?? [])];
const number = (ring) => Number(ring.dataset.notice);

function pop(ring) {
  const link = ring.querySelector("a")?.href;
  try {
    // the tag lets several open pages show one window
    const popup = new Notification(ring.querySelector("b").textContent, {
      body: ring.querySelector(".muted")?.textContent ?? "",
      tag: `desk-${ring.dataset.notice}`,
    });
    popup.addEventListener("click", () => {
      window.focus();
      if (link) window.location.assign(link);
      popup.close();
    });
    shown.set(ring.dataset.notice, popup);
  } catch {
    // some phones show such windows only to service workers, which the desk has none of
  }
}

function look() {
  if (!list()) return;
  const open = new Set(rings().map((ring) => ring.dataset.notice));
  for (const [id, popup] of shown) {
    if (open.has(id)) continue;
    popup.close();
    shown.delete(id);
  }
  const newest = Math.max(0, ...rings().map(number));
  const seen = Number(localStorage.getItem(SEEN) ?? newest);
  localStorage.setItem(SEEN, String(Math.max(seen, newest)));
  if (!on() || list().dataset.quiet === "yes") return;
  for (const ring of rings()) if (number(ring) > seen) pop(ring);
}

function choices() {
  const state = document.getElementById("popups-state");
  if (!state) return;
  const [turnOn, turnOff] = [document.getElementById("popups-on"), document.getElementById("popups-off")];
  const word = !can ? "unknown" : Notification.permission === "denied" ? "denied" : on() ? "on" : "off";
  state.textContent = state.getAttribute(`data-says-${word}`);
  turnOn.hidden = word !== "off";
  turnOff.hidden = word !== "on";
}

document.addEventListener("click", async (event) => {
  if (event.target.closest("#popups-on")) {
    if ((await Notification.requestPermission()) === "granted") localStorage.setItem(CHOICE, "on");
    choices();
  }
  if (event.target.closest("#popups-off")) {
    localStorage.removeItem(CHOICE);
    choices();
  }
});
document.addEventListener("live:applied", look);
look();
choices();
