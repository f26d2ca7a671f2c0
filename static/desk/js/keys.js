// Keyboard: j/k and arrows walk [data-row] links, single keys and "g i" sequences press [data-key], "?" shows the sheet.
// A field, or a button with data-focuses, is only led to: its key alone does nothing.
// WCAG 2.1.4: html[data-keys=off] switches the single keys off; Escape and Ctrl+Enter stay.
const FIELD = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const SEQUENCE_MS = 900;

let prefix = "";
let timer = 0;

const typing = (node) => node.closest?.(FIELD);
const visible = (node) => node.checkVisibility({ visibilityProperty: true });

function press(node) {
  if (node.matches(FIELD) || "focuses" in node.dataset) node.focus();
  else node.click();
}

function steps(key, at, current, count) {
  const last = count - 1;
  const inList = at >= 0;
  const moves = {
    j: current + 1,
    k: current - 1,
    ArrowDown: inList ? current + 1 : null,
    ArrowUp: inList ? current - 1 : null,
    Home: inList ? 0 : null,
    End: inList ? last : null,
  };
  const target = moves[key];
  return target == null ? null : Math.max(0, Math.min(last, target));
}

function walk(event) {
  const rows = [...document.querySelectorAll("[data-row]")].filter(visible);
  const at = rows.indexOf(document.activeElement.closest?.("[data-row]"));
  const current = at < 0 ? rows.findIndex((row) => row.hasAttribute("aria-current")) : at;
  const target = rows.length ? steps(event.key, at, current, rows.length) : null;
  if (target == null) return false;
  rows[target].focus({ preventScroll: true });
  rows[target].scrollIntoView({ block: "nearest" });
  return true;
}

function pressed(event) {
  const sequence = prefix ? `${prefix} ${event.key}` : event.key;
  const targets = document.querySelectorAll(`[data-key="${CSS.escape(sequence)}"]:not(:disabled)`);
  const target = [...targets].find(visible);
  clearTimeout(timer);
  prefix = "";
  if (target) {
    press(target);
    return true;
  }
  if (document.querySelector(`[data-key^="${CSS.escape(event.key)} "]`)) {
    prefix = event.key;
    timer = setTimeout(() => (prefix = ""), SEQUENCE_MS);
  }
  return false;
}

function leaveField(field) {
  field.blur();
  document.querySelector("[data-row][aria-current]")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const field = typing(event.target);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field?.form) {
    const main = [...field.form.querySelectorAll("[data-main]:not(:disabled)")].find(visible);
    event.preventDefault();
    if (main) main.click(); // not requestSubmit: htmx knows the pressed button by its click
    else field.form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (field) {
    if (event.key === "Escape") leaveField(field);
    return;
  }
  if (document.documentElement.dataset.keys === "off") return;
  if (pressed(event) || walk(event)) event.preventDefault();
});
