"""Pictures of every page of a dashboard, light and dark, for docs/dashboard/.

    python -m tests.benchmarks.dashboard_pictures SITE FOLDER

Each is the top of the page, as wide as a desk has it, and smaller the more it weighs.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser_support import program

MOST_BYTES = 150_000
# Width, height and scale: the first of these that is light enough is kept.
SIZES = ((1200, 1100, 0.75), (1200, 900, 0.75), (1200, 900, 0.5))


def picture(browser: Browser, page: Path, scheme: str) -> bytes:
    """One page as PNG. Raises ValueError where it cannot be made light enough."""
    for width, height, scale in SIZES:
        context = browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=scale, offline=True,
            color_scheme="dark" if scheme == "dark" else "light",
        )  # fmt: skip
        shown = context.new_page()
        shown.goto(page.as_uri())
        shown.wait_for_selector("html[data-ready]")
        made = shown.screenshot()
        context.close()
        if len(made) <= MOST_BYTES:
            return made
    raise ValueError(f"{page} makes pictures of more than {MOST_BYTES} bytes.")


def main(site: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program())
        for page in sorted(site.resolve().glob("*.html")):
            for scheme in ("light", "dark"):
                made = picture(browser, page, scheme)
                (folder / f"{page.stem}-{scheme}.png").write_bytes(made)
                print(f"{page.stem}-{scheme}: {len(made):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
