// The scenario of editors/trial.py in VS Code, through code-server and a real browser.
// Arguments: address, folder, folder for screenshots, what to play ("works", "python", "missing").
// CHROMIUM names the browser. Prints one line a step, leaves with status 1 at the first that fails.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const [address, folder, pictures, part] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1400, height: 850 } });
let number = 0;

async function picture(name) {
  number += 1;
  await page.screenshot({ path: path.join(pictures, `${part}-${String(number).padStart(2, "0")}-${name}.png`) });
}

function ok(step) {
  console.log(`ok ${step}`);
}

// Waits until `ask` gives something true; the last answer of `show` is printed when it never does.
async function until(step, ask, show = ask, seconds = 40) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await ask().catch(() => false)) {
      ok(step);
      return;
    }
    await page.waitForTimeout(150);
  }
  await picture("failed");
  console.log(`FAILED ${step}: ${JSON.stringify(await show().catch(String))}`);
  await browser.close();
  process.exit(1);
}

async function command(name) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget input").first().waitFor({ state: "visible" });
  await page.keyboard.insertText(name);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-widget").first().waitFor({ state: "hidden" });
}

async function open(name) {
  await page.keyboard.press("Control+p");
  await page.locator(".quick-input-widget input").first().waitFor({ state: "visible" });
  await page.keyboard.insertText(name);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
  await page.waitForTimeout(400);
  await page.keyboard.press("Enter");
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

async function goTo(row, column) {
  await page.keyboard.press("Control+g");
  await page.locator(".quick-input-widget input").first().waitFor({ state: "visible" });
  await page.keyboard.insertText(`${row}:${column}`);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: `line ${row} at column ${column}` }).first().waitFor();
  await page.waitForTimeout(400);
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-widget").first().waitFor({ state: "hidden" });
  await page.waitForTimeout(200);
}

// The rows of the Problems view that are findings (not files, not the other ends of one).
async function problems() {
  const rows = await page.locator(".markers-panel-container .monaco-list-row, .markers-panel .monaco-list-row").allInnerTexts();
  return rows.map((row) => row.replace(/\s+/g, " ")).filter((row) => /softmax-lint\s*\(?SML/.test(row));
}

async function settle(step, wanted) {
  const same = async () => {
    const found = (await problems()).map((row) => row.match(/SML\d+/)[0]);
    return found.join(" ") === wanted;
  };
  await until(step, same, problems);
  await page.waitForTimeout(1500); // a second copy may come late
  await until(`${step}, and nothing twice`, same, problems, 2);
}

function saved(name) {
  return fs.readFileSync(path.join(folder, name), "utf-8");
}

async function start() {
  await page.goto(`${address}/?folder=${folder}`);
  await page.locator(".monaco-workbench").waitFor({ timeout: 60000 });
  await page.waitForTimeout(4000);
  await page.keyboard.press("Escape");
}

async function works() {
  await open("model.py");
  await command("Problems: Focus on Problems View");
  await settle("one finding", "SML002");
  await picture("problems");
  await page.locator(".editor-group-container .monaco-editor").first().click();

  await goTo(11, 20);
  await command("View: Focus Active Editor Group").catch(() => {});
  await command("Show or Focus Hover");
  const hover = page.locator(".monaco-hover:visible");
  await until("hover shows the rule's page", async () => (await hover.allInnerTexts()).join(" ").includes("double-softmax"), () => hover.allInnerTexts());
  await until("hover offers quick fixes", async () => (await hover.allInnerTexts()).join(" ").includes("Quick Fix"), () => hover.allInnerTexts());
  await picture("hover");
  await page.keyboard.press("Escape");
  await goTo(11, 32);
  await command("Show or Focus Hover");
  await until("hover shows what is held", async () => (await hover.allInnerTexts()).join(" ").includes("raw scores, 10 units, from model.py:8"), () => hover.allInnerTexts());
  await picture("held");
  await page.keyboard.press("Escape");

  // The other file, unsaved: this one hears of it.
  await open("train.py");
  await goTo(4, 23);
  await page.keyboard.press("Control+Shift+ArrowRight");
  await page.keyboard.type("NLLLoss");
  await settle("an edit of the other file changes the finding", "SML005");
  await picture("other-file");
  await page.keyboard.press("Control+z");
  for (let times = 0; times < 10 && (await problems()).every((row) => !row.includes("SML002")); times += 1) {
    await page.keyboard.press("Control+z");
    await page.waitForTimeout(1200);
  }
  await settle("and back", "SML002");

  await open("model.py");
  await goTo(11, 20);
  await page.keyboard.press("Control+.");
  const menu = page.locator(".action-widget:visible");
  await until("quick fixes are offered", async () => {
    const items = (await menu.allInnerTexts()).join("\n");
    return items.includes("SML002: ") && items.includes("Ignore SML002 on this line");
  }, () => menu.allInnerTexts());
  await picture("quick-fixes");
  await menu.locator(".action", { hasText: "Ignore SML002" }).first().click();
  await settle("ignored on this line", "");
  await page.keyboard.press("Control+z");
  await settle("undone", "SML002");
  await goTo(11, 20);
  await page.keyboard.press("Control+.");
  await menu.locator(".action", { hasText: "SML002: " }).first().click();
  await settle("fixed", "");
  await page.keyboard.press("Control+z");
  await settle("undone again", "SML002");

  // A fix that takes two files is one edit of both.
  await open("sigmoid_model.py");
  await settle("a sigmoid before its loss", "SML002 SML101");
  await goTo(7, 20);
  await page.keyboard.press("Control+.");
  await menu.locator(".action", { hasText: "SML101: " }).first().click();
  await settle("fixed in both files", "SML002");
  await command("File: Save All Files");
  await until("both files are changed", async () => saved("sigmoid_model.py").includes("return self.out(x)") && saved("sigmoid_train.py").includes("BCEWithLogitsLoss"),
    async () => [saved("sigmoid_model.py"), saved("sigmoid_train.py")]);
  await picture("both-files");

  await open("redundant.py");
  await settle("a redundant log-softmax", "SML002 SML004");
  await command("Fix All");
  await settle("all fixed", "SML002");
  await picture("fix-all");

  await open("nb.ipynb");
  await settle("a finding in a cell", "SML002 SML002");
  await picture("notebook");
}

async function python() {
  await open("model.py");
  await command("Problems: Focus on Problems View");
  await settle("the server of the selected interpreter", "SML002");
  await command("softmax-lint: Show log");
  await page.waitForTimeout(1000);
  await until("the log says which", async () => (await page.locator(".output-view-content, .panel").allInnerTexts()).join(" ").replace(/[\u00a0\s]+/g, " ").includes("(the selected interpreter)"),
    () => page.locator(".panel").allInnerTexts());
  await picture("log");
}

async function missing() {
  await open("model.py");
  const messages = page.locator(".notifications-toasts .notification-list-item");
  await until("says that the server is missing", async () => (await messages.allInnerTexts()).join(" ").includes("softmax-lint is not installed in"), () => messages.allInnerTexts());
  await picture("missing");
}

await start();
await { works, python, missing }[part]();
await browser.close();
