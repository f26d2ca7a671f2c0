// The banner that says that time limits do not fire. Every answer to htmx and to the poll of live.js tells in a header
// whether the clock runs; a socket sends the banner itself.
function tell(said) {
  const banner = document.getElementById("clock-state");
  if (banner && said) banner.hidden = said === "beats";
}

document.addEventListener("htmx:afterRequest", ({ detail }) => tell(detail.xhr?.getResponseHeader("Foureyes-Clock")));
document.addEventListener("live:polled", ({ detail }) => tell(detail.get("Foureyes-Clock")));
