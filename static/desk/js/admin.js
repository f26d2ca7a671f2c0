// Names and places what Django's admin builds by script: its pairs of lists and its search boxes (Select2) come
// without what a screen reader would say of them. Runs before those scripts start, and again whenever they add something.
const MAIN = "#content-start";

function nameBox(box) {
  const [label] = box.closest(".select2-container").previousElementSibling?.labels ?? [];
  const value = box.querySelector("[role=textbox]");
  if (!label || !value) return;
  label.id ||= `${value.id}-label`;
  value.setAttribute("aria-labelledby", label.id);
  box.setAttribute("aria-labelledby", `${label.id} ${value.id}`);
  box.setAttribute("aria-controls", value.id.replace(/container$/, "results"));
}

function mend() {
  for (const tip of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) tip.setAttribute("role", "img");
  for (const box of document.querySelectorAll(".select2-selection[role=combobox]:not([aria-controls])")) nameBox(box);
  for (const field of document.querySelectorAll(".select2-search__field:not([aria-label])")) field.ariaLabel = "Search";
}

for (const select of document.querySelectorAll("select.admin-autocomplete")) select.dataset.dropdownParent = MAIN;
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
