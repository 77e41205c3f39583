"""Steps on the page for people, as somebody takes them in a browser, and what axe-core says about it."""

from importlib.resources import files
from typing import Any

from playwright.async_api import Locator, Page, expect

AXE = files("axe_playwright_python") / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A loaded machine takes seconds for what takes milliseconds.
expect.set_options(timeout=15_000)
PASSWORD = "paper-lantern-orbit-47"
# Of a scripted model, which takes some seconds to write it.
STORY = " ".join(f"word{number}" for number in range(300))


async def sign_up(page: Page, name: str, email: str) -> None:
    """Create an account, and wait for the welcome of a new conversation."""
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_text("What should become a table?").wait_for()


async def log_in(page: Page, email: str) -> None:
    """Enter the account that `sign_up` has created."""
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("button", name="New conversation").wait_for()


async def choose_in_account_menu(page: Page, name: str) -> None:
    """Open what the menu of the account has under this name."""
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("menuitem", name=name, exact=True).click()


async def send(page: Page, text: str) -> None:
    """Send a message, once the reply before it has ended."""
    await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    message = page.get_by_label("Paste a text, drop a file")
    await message.fill(text)
    await message.press("Enter")


def cell(page: Page, row: int, column: int) -> Locator:
    """Return the cell of a row and a column of the grid, both from 0."""
    return page.locator(f"#cell-{row}-{column}")


async def expect_row(page: Page, row: int, expected: list[str]) -> None:
    """Wait until a row shows these texts."""
    for column, text in enumerate(expected):
        await expect(cell(page, row, column).locator(".cell-text")).to_have_text(text)


async def paste(page: Page, text: str) -> None:
    """Paste into the focused element, as a spreadsheet's clipboard arrives."""
    await page.evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


async def violations(page: Page) -> list[tuple[str, str]]:
    """Return the rules of WCAG 2.2 AA and good practice that the page breaks, each with an element."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    run = "(values) => axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] })"
    result: dict[str, Any] = await page.evaluate(run, TAGS)
    return [(broken["id"], broken["nodes"][0]["html"][:200]) for broken in result["violations"]]
