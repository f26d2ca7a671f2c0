// The board fetches itself anew when something changed, but never from under a hand: while questions are ticked, a menu
// was changed or a reason is being written, a button says that there is news.
const board = () => document.getElementById("board");
const changed = (field) => {
  if (field.type === "hidden") return false;
  if (field.type === "checkbox") return field.checked;
  if (field instanceof HTMLSelectElement) return ![...field.options].some((one) => one.selected && (one.defaultSelected || !one.index));
  return field.value !== field.defaultValue;
};
const busy = () => {
  const fields = [...board().querySelectorAll("input, select")];
  return fields.some(changed) || fields.includes(document.activeElement) || board().querySelector("details[open]");
};

let forced = false;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id !== "resync" || forced || !busy()) return;
  event.preventDefault();
  document.getElementById("board-news").hidden = false;
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("#board-news")) return;
  location.reload();
});
