// A claim ends unless somebody works on: while the holder types, scrolls or points in the pane, the page says so, at
// most once a minute. The answer says until when the claim lasts; without one the page keeps what it showed.
const EVERY_MS = 60_000;
let said = Date.now();

async function renew() {
  const lease = document.querySelector(".review [data-lease]");
  if (!lease || document.hidden || Date.now() - said < EVERY_MS) return;
  said = Date.now();
  const token = document.querySelector(".review [name=csrfmiddlewaretoken]")?.value ?? "";
  try {
    const response = await fetch(lease.dataset.lease, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } });
    if (!response.ok) return;
    const { until, shown } = await response.json();
    const time = lease.querySelector("time");
    time.dateTime = until;
    time.textContent = shown;
  } catch {
    // No connection: the claim ends when the server says so, and what was typed stays.
  }
}

for (const name of ["input", "pointerdown", "keydown", "wheel"]) {
  document.addEventListener(name, (event) => event.target.closest?.("#pane") && renew(), { passive: true });
}
