// The scenario of editors/trial.py in JupyterLab with jupyterlab-lsp, in a real browser.
// Arguments: address, folder for screenshots. Prints one line a step, leaves with status 1 at the first that fails.
import path from "node:path";
import { chromium } from "playwright-core";

const [address, pictures] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1300, height: 800 } });

const picture = (name) => page.screenshot({ path: path.join(pictures, `jupyterlab-${name}.png`) });

// The texts that are underlined, in order. Editors split one underlined range at every change of colour.
function underlined() {
  return page.locator(".jp-Cell .cm-lintRange-error, .jp-Cell .cm-lintRange-warning").allInnerTexts();
}

async function settles(step, wanted) {
  const same = async () => (await underlined()).join("") === wanted;
  const end = Date.now() + 90000;
  while (Date.now() < end && !(await same())) {
    await page.waitForTimeout(200);
  }
  await page.waitForTimeout(2000); // a second copy may come late
  if (!(await same())) {
    await picture("failed");
    console.log(`FAILED ${step}: ${JSON.stringify(await underlined())}`);
    await browser.close();
    process.exit(1);
  }
  console.log(`ok ${step}`);
}

await page.goto(`${address}/lab/tree/nb.ipynb`);
await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor({ timeout: 90000 });
await settles("one finding in its cell, once", "nn.Softmax(dim=1)");
await picture("finding");

await page.locator(".jp-CodeCell .cm-line", { hasText: "Softmax" }).locator("span", { hasText: "Softmax" }).first().hover();
await page.waitForTimeout(1500);
await page.keyboard.down("Control");
await page.waitForTimeout(2000);
await picture("hover");
await page.keyboard.up("Control");

// The loss is in another cell: an edit there takes the finding away here.
const loss = page.locator(".jp-CodeCell .cm-line", { hasText: "CrossEntropyLoss" });
await loss.click();
await page.keyboard.press("End");
for (let times = 0; times < "CrossEntropyLoss()".length; times += 1) {
  await page.keyboard.press("Backspace");
}
await page.keyboard.type("MSELoss()", { delay: 30 });
await page.keyboard.press("Escape");
await settles("an edit of another cell takes the finding away", "");
await picture("edited");
await browser.close();
