// The two choices in the user menu: theme (system, light, dark) and single-key shortcuts (on, off).
const root = document.documentElement;

const store = (name, value) => {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // The choice then lasts for this page only.
  }
};

const choose = (name, value) => {
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
  store(name, value);
};

for (const input of document.querySelectorAll("[data-sets-theme]")) {
  input.checked = input.value === (root.dataset.theme ?? "");
  input.addEventListener("change", () => choose("theme", input.value));
}

for (const input of document.querySelectorAll("[data-sets-keys]")) {
  input.checked = root.dataset.keys !== "off";
  input.addEventListener("change", () => choose("keys", input.checked ? "" : "off"));
}
