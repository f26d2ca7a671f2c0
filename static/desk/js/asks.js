// A button with data-asks="FIELD-ID" first leads into that field while it is empty and shows [data-asked-for="FIELD-ID"]
// beside it; the second press goes through. Mouse, finger and key alike. Ctrl+Enter in the field is a press too.
const hintOf = (field) => document.querySelector(`[data-asked-for="${field.id}"]`);

function ask(button, field) {
  const hint = hintOf(field);
  for (const main of button.form.querySelectorAll("[data-main]")) delete main.dataset.main;
  button.dataset.main = "";
  button.dataset.asked = "";
  if (hint) {
    hint.hidden = false;
    field.setAttribute("aria-describedby", hint.id);
  }
  field.focus({ preventScroll: true });
  field.closest(".field").scrollIntoView({ block: "center" }); // clear of the bar that stands at a phone's foot
}

document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("[data-asks]");
    const field = button && document.getElementById(button.dataset.asks);
    if (!field || field.value.trim() || ("asked" in button.dataset && event.detail < 2)) return;
    event.preventDefault(); // a double click is one press, not two
    event.stopPropagation(); // and htmx hears of none
    ask(button, field);
  },
  { capture: true },
);
