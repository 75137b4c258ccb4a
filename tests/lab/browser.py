#!/usr/bin/python3
"""A headless Chromium that takes orders, a line of JSON each, and answers each with a line of JSON.

    [order, argument...] -> {"value": …} or {"error": text}

open URL, wait_text TEXT, wait_no_text TEXT (in what the page shows), wait_none SELECTOR,
text SELECTOR, click SELECTOR, fill SELECTOR TEXT (a field, in place of what it has), choose SELECTOR
TEXT (an option), give SELECTOR FILE, progress (of the first bar, 0 to 1), size WIDTH HEIGHT,
overflow (pixels by which the page is wider than the window), screenshot FILE, console (what the
browser complained of).
"""

import json
import sys
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

SECONDS = 20
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-quic", "--window-size=1280,800")


class Browser:
    """The browser and the orders that it takes, a method each."""

    def __init__(self, profile):
        options = Options()
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)

    def _until(self, what, holds):
        WebDriverWait(self.driver, SECONDS, poll_frequency=0.05).until(lambda _: holds(), what)

    def _shown(self):
        return self.driver.execute_script("return document.body.innerText")

    def _find(self, selector):
        self._until(f"no {selector}", lambda: self.driver.find_elements(By.CSS_SELECTOR, selector))
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def open(self, url):
        self.driver.get(url)

    def wait_text(self, text):
        self._until(f"{text!r} does not appear", lambda: text in self._shown())

    def wait_no_text(self, text):
        self._until(f"{text!r} stays", lambda: text not in self._shown())

    def wait_none(self, selector):
        self._until(f"{selector} stays",
                    lambda: not self.driver.find_elements(By.CSS_SELECTOR, selector))

    def text(self, selector):
        return self._find(selector).text

    def click(self, selector):
        self._find(selector).click()

    def fill(self, selector, text):
        self._find(selector).send_keys(Keys.CONTROL, "a", Keys.NULL, text)

    def choose(self, selector, text):
        Select(self._find(selector)).select_by_visible_text(text)

    def give(self, selector, file):
        self._find(selector).send_keys(file)

    def progress(self):
        return self.driver.execute_script(
            "const bar = document.querySelector('progress'); return bar ? bar.value : 0")

    def size(self, width, height):
        self.driver.set_window_size(width, height)

    def overflow(self):
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def screenshot(self, file):
        self.driver.save_screenshot(file)

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


def main():
    """Takes orders until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="pixie-browser-") as profile:
        browser = Browser(profile)
        try:
            print(json.dumps({"value": "ready"}), flush=True)
            for line in sys.stdin:
                order, *arguments = json.loads(line)
                try:
                    answer = {"value": getattr(browser, order)(*arguments)}
                except WebDriverException as error:
                    answer = {"error": error.msg}
                print(json.dumps(answer), flush=True)
        finally:
            browser.driver.quit()


if __name__ == "__main__":
    main()
