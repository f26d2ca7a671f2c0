// Puts the server's fragments into the page. Each is one element with an id and hx-swap-oob, so htmx does the swapping.
// A row the page has not seen yet, <li id data-order hx-swap-oob>, first gets an empty place in [data-live-list] in
// ascending data-order. While the pointer rests on the list, such rows wait behind the "N new" button (#live-held).
const SETTLE_MS = 4000;

// A field in use stays as it is. Not by ignoreActiveValue: that would also keep a focused row from being renewed.
Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) =>
  !(old === document.activeElement && old.matches("input, textarea, select"));

const held = new Map();
let moved = 0;
let timer = 0;

const list = () => document.querySelector("[data-live-list]");
const gone = (row) => row.getAttribute("hx-swap-oob") === "delete";

function place(row, into) {
  const empty = document.createElement(row.localName);
  empty.id = row.id;
  empty.dataset.order = row.dataset.order;
  const later = [...into.children].find((other) => (other.dataset.order ?? "") > row.dataset.order);
  into.insertBefore(empty, later ?? null);
  row.classList.add("fresh");
}

function count() {
  const button = document.getElementById("live-held");
  if (!button) return;
  button.hidden = held.size === 0;
  button.querySelector("[data-count]").textContent = held.size;
}

const aimed = (into) => into.matches(":hover") && Date.now() - moved < SETTLE_MS;

function release() {
  clearTimeout(timer);
  const rows = [...held.values()];
  held.clear();
  count();
  if (rows.length) apply(rows.map((row) => row.outerHTML).join(""), { atOnce: true });
}

function hold(row) {
  held.set(row.id, row);
  row.remove();
  count();
  clearTimeout(timer);
  timer = setTimeout(() => (list() && aimed(list()) ? hold(row) : release()), SETTLE_MS);
}

function apply(html, { atOnce = false } = {}) {
  const box = document.createElement("template");
  box.innerHTML = html;
  const into = list();
  for (const part of [...box.content.children]) {
    const known = document.getElementById(part.id);
    if (held.has(part.id)) held.delete(part.id);
    if (known) {
      if (part.dataset.order && !gone(part)) known.dataset.order = part.dataset.order;
      continue;
    }
    if (!into || gone(part) || !part.dataset.order) part.remove();
    else if (!atOnce && aimed(into)) hold(part);
    else place(part, into);
  }
  count();
  const rest = document.createElement("div");
  rest.append(box.content);
  if (rest.childElementCount) htmx.swap(document.body, rest.innerHTML, { swapStyle: "none" });
  document.dispatchEvent(new CustomEvent("live:applied"));
}

document.addEventListener("live:message", (event) => apply(event.detail));
document.addEventListener("pointermove", () => (moved = Date.now()), { passive: true });
document.addEventListener("click", (event) => {
  if (event.target.closest("#live-held")) release();
});
