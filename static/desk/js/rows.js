// Keeps the inbox in step with the pane: the open question's row is marked, and on a phone the pane covers the list.
const path = (address) => new URL(address, location.href).pathname;

function mark() {
  for (const row of document.querySelectorAll("#inbox-rows [data-row]")) {
    if (path(row.href) === location.pathname) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

// A question that was closed here leaves the list at once, even while the live channel is down.
function settle() {
  const review = document.querySelector(".review[data-status]");
  if (!review || ["pending", "claimed"].includes(review.dataset.status)) return;
  document.getElementById(review.id.replace("review-", "row-"))?.remove();
}

document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("htmx:pushedIntoHistory", mark);
document.addEventListener("live:applied", mark);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "pane") return;
  document.querySelector(".work").dataset.open = "pane";
  if (matchMedia("(max-width: 1000px)").matches) scrollTo(0, 0);
});

// A 403 that shows the question, with the reason and with what was typed, takes its place; any other is no fragment.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status !== 403 || detail.xhr.getResponseHeader("X-Shows") !== "review") return;
  detail.shouldSwap = true;
  detail.isError = false;
});

// What fails without an answer of the desk's own (no connection, a stale sign-in, no right) is said, never swallowed.
const say = (failed) => () => (document.getElementById("refused").hidden = !failed);
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, say(true));
document.addEventListener("htmx:beforeRequest", say(false));
