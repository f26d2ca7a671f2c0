// Keeps what a reviewer typed. <form data-draft="ID"> is mirrored into sessionStorage on every change and filled again
// after a reload or a conflict; an element with data-draft-done="ID", sent with the recorded decision, forgets it.
// [data-autosubmit] forms submit themselves on change; [data-closes="FORM-ID"] disables that form's
// buttons, [data-reopens="FORM-ID"] enables them again. With a verdict only the edit that it is about is sent.
const key = (id) => `draft:${id}`;
const storage = {
  read: (id) => {
    try {
      return JSON.parse(sessionStorage.getItem(key(id)));
    } catch {
      return null;
    }
  },
  write: (id, values) => {
    try {
      sessionStorage.setItem(key(id), JSON.stringify(values));
    } catch {
      // Storage full or switched off: the page still works, it just forgets.
    }
  },
  forget: (id) => {
    try {
      sessionStorage.removeItem(key(id));
    } catch {
      // Nothing was kept.
    }
  },
};

const kept = (field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type);
const fields = (form) => [...form.elements].filter(kept);
const tick = (field) => field.type === "radio" || field.type === "checkbox";
const slot = (field) => (tick(field) ? `${field.name}=${field.value}` : field.name);

function save(form) {
  const values = {};
  for (const field of fields(form)) {
    const [now, first] = tick(field) ? [field.checked, field.defaultChecked] : [field.value, field.defaultValue];
    if (field instanceof HTMLSelectElement || now !== first) values[slot(field)] = now;
  }
  storage.write(form.dataset.draft, values);
}

function restore(form) {
  const values = storage.read(form.dataset.draft);
  if (!values) return;
  for (const field of fields(form)) {
    const value = values[slot(field)];
    if (value === undefined) continue;
    if (tick(field)) field.checked = value;
    else field.value = value;
  }
  form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
}

const draftOf = (node) => node.form?.closest?.("form[data-draft]") ?? node.closest?.("form[data-draft]");

function look(root) {
  for (const done of root.querySelectorAll("[data-draft-done]")) storage.forget(done.dataset.draftDone);
  for (const form of root.querySelectorAll("form[data-draft]:not([data-draft-seen])")) {
    form.dataset.draftSeen = "";
    restore(form);
  }
  for (const notice of root.querySelectorAll("[data-closes], [data-reopens]")) heed(notice);
}

const untouched = (form) => !Object.keys(storage.read(form.dataset.draft) ?? {}).length;

// A colleague touched the open question. Where nothing was typed the pane is fetched anew; else the text stays and the
// buttons follow what happened.
function heed(notice) {
  if (notice.dataset.heeded) return;
  notice.dataset.heeded = "yes";
  const form = document.getElementById(notice.dataset.closes ?? notice.dataset.reopens);
  if (!form || untouched(form)) {
    notice.querySelector("a").click();
    return;
  }
  for (const field of form.elements) if (field.type === "submit") field.disabled = "closes" in notice.dataset;
}

// A large proposal in every field and as JSON would be a large request with each approval.
function unedited(form, data) {
  const view = form.querySelector('[name="view"]:checked')?.value;
  const isJson = data.get("edit_as") === "json";
  if (view !== "edit") return (name) => name.startsWith("edit-") || name === "edit_json";
  return isJson ? (name) => name.startsWith("edit-") : (name) => name === "edit_json";
}

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, formData } = event.detail;
  if (!elt.matches("form[data-draft]")) return;
  for (const name of [...formData.keys()].filter(unedited(elt, formData))) formData.delete(name);
});
document.addEventListener("input", (event) => {
  const form = draftOf(event.target);
  if (form) save(form);
});
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-autosubmit")) form.requestSubmit();
});
document.addEventListener("htmx:afterSettle", () => look(document));
document.addEventListener("live:applied", () => look(document));
document.addEventListener("DOMContentLoaded", () => look(document)); // htmx, which hears of a restored draft, starts then
