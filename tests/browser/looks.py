"""What can be measured of a page's looks: that everybody can use it, light and dark, on a desk and on a phone."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent.parent / "vendor" / "axe-core" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Not "cssom": where a sheet imports another, as one of Django's does, axe would write a <style>, which our policy
# refuses. Only a rule that is off by default reads it.
OPTIONS = "{runOnly: {type: 'tag', values: tags}, preload: {assets: ['media']}}"
RUN_AXE = f"async tags => (await axe.run(document, {OPTIONS})).violations"
THEMES = ("light", "dark")
DESK, PHONE = (1440, 900), (390, 844)
TOO_WIDE = """() => {
  const page = document.documentElement;
  if (page.scrollWidth <= innerWidth) return [];
  return [...document.body.querySelectorAll("*")]
    .filter(node => node.getBoundingClientRect().right > innerWidth + 1)
    .map(node => `${node.localName}#${node.id}.${node.className}`).slice(0, 5);
}"""


def show(page: Page, theme: str, size: tuple[int, int]) -> None:
    """Give the window that size, and the system that theme."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of THEMES
    page.set_viewport_size({"width": size[0], "height": size[1]})


def faults(page: Page, name: str) -> list[str]:
    """What axe and a ruler find wrong with the page, in every theme and size."""
    page.evaluate(AXE)
    found = []
    for size in (DESK, PHONE):
        for theme in THEMES:
            show(page, theme, size)
            where = f"{name}, {theme}, {size[0]}"
            found += [f"{where}: {line}" for violation in page.evaluate(RUN_AXE, TAGS) for line in told(violation)]
        found += [f"{name}, {size[0]}: wider than the window: {node}" for node in page.evaluate(TOO_WIDE)]
    show(page, "light", DESK)
    return found


def told(violation: dict[str, Any]) -> list[str]:
    """One violation in words, once for each of the first nodes it concerns."""
    return [f"{violation['id']} {node['target']} {node['failureSummary']}" for node in violation["nodes"][:3]]
