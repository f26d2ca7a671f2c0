// Keeps the inbox in step with the pane: the open question's row is marked, and on a phone the pane covers the list.
const path = (address) => new URL(address, location.href).pathname;

function mark() {
  for (const row of document.querySelectorAll("#inbox-rows [data-row]")) {
    if (path(row.href) === location.pathname) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

document.addEventListener("htmx:pushedIntoHistory", mark);
document.addEventListener("live:applied", mark);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "pane") return;
  document.querySelector(".work").dataset.open = "pane";
  if (matchMedia("(max-width: 1000px)").matches) scrollTo(0, 0);
});
