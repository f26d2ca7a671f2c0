// The banner of an outage: swapped in from the desk's own 503, and from nobody else's (a proxy's page would replace the
// form and what was typed in it); gone with the next answer that is none.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status === 503 && detail.xhr.getResponseHeader("HX-Retarget") === "#outage") {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const banner = document.getElementById("outage");
  if (detail.successful && banner) banner.hidden = true;
});
