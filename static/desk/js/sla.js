// <sla-clock due="ISO">07:42</sla-clock> counts on from the server's text. One timer for all, corrected for a wrong
// client clock by <meta name="server-time">; silent for screen readers.
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const clocks = new Set();

const serverTime = Date.parse(document.querySelector("meta[name=server-time]")?.content);
const skew = Number.isNaN(serverTime) ? 0 : serverTime - Date.now();

const two = (number) => String(number).padStart(2, "0");

function remaining(seconds) {
  const left = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  const [days, hours] = [Math.floor(left / DAY), Math.floor(left / HOUR)];
  const [minutes, rest] = [Math.floor(left / MINUTE) % 60, left % 60];
  if (days >= 2) return `${sign}${days} d ${hours % 24} h`;
  return `${sign}${hours ? `${hours}:` : ""}${two(minutes)}:${two(rest)}`;
}

function pace(seconds) {
  if (seconds < 0) return "late";
  if (seconds < 10 * MINUTE) return "close";
  return seconds < 30 * MINUTE ? "soon" : "ok";
}

class SlaClock extends HTMLElement {
  static observedAttributes = ["due"];

  connectedCallback() {
    this.setAttribute("role", "timer");
    this.setAttribute("aria-live", "off");
    clocks.add(this);
    this.tick();
  }

  disconnectedCallback() {
    clocks.delete(this);
  }

  attributeChangedCallback() {
    this.tick();
  }

  tick() {
    const seconds = Math.round((Date.parse(this.getAttribute("due")) - Date.now() - skew) / 1000);
    if (Number.isNaN(seconds)) return;
    const [text, speed] = [remaining(seconds), pace(seconds)];
    if (this.textContent !== text) this.textContent = text;
    if (this.dataset.pace !== speed) this.dataset.pace = speed;
  }
}

customElements.define("sla-clock", SlaClock);
setInterval(() => {
  if (!document.hidden) for (const clock of clocks) clock.tick();
}, 1000);
