// Starts `softmax-lint server` for the folder's Python and hands it to the editor's language client.
// The server is never looked for by running anything that lies in the workspace, but for its own .venv, and
// that only in a workspace the user trusts.
"use strict";

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { LanguageClient, RevealOutputChannelOn, State } = require("vscode-languageclient/node");

const NAME = "softmax-lint";
const PYTHON = "ms-python.python";
const INSTALL = 'python -m pip install "softmax-lint[lsp]"';
// Cells have a scheme of their own in every kind of notebook: what tells them is the notebook they are in.
const DOCUMENTS = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
  { notebook: "jupyter-notebook", language: "python" },
  { notebook: "interactive", language: "python" },
];

let client; // the language client that runs, or starts
let log; // the output channel
let status; // what the language status shows
let context;
let queue = Promise.resolve(); // starts and stops, one after the other

async function activate(given) {
  context = given;
  log = vscode.window.createOutputChannel(NAME, { log: true });
  status = vscode.languages.createLanguageStatusItem(NAME, { language: "python" });
  status.name = NAME;
  context.subscriptions.push(
    log,
    status,
    vscode.commands.registerCommand(`${NAME}.restart`, restart),
    vscode.commands.registerCommand(`${NAME}.showLog`, () => log.show()),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const keys = ["enable", "interpreter", "command"].map((key) => `${NAME}.${key}`);
      if ([...keys, "python.defaultInterpreterPath"].some((key) => event.affectsConfiguration(key))) {
        return restart();
      }
    }),
  );
  await followPython();
  await restart();
}

async function deactivate() {
  await stop();
}

// One start or stop at a time, in the order in which they were asked for.
function restart() {
  queue = queue.then(stop).then(start).catch((error) => {
    log.error(error);
    tell("error", String(error.message || error));
  });
  return queue;
}

async function stop() {
  const old = client;
  client = undefined;
  if (old) {
    await old.dispose().catch((error) => log.warn(`the server did not leave: ${error}`));
  }
}

async function start() {
  const settings = vscode.workspace.getConfiguration(NAME);
  if (!settings.get("enable")) {
    tell("off", "turned off by softmax-lint.enable");
    return;
  }
  const server = await find(settings);
  if (!server) {
    return;
  }
  log.info(`${server.command} ${server.args.join(" ")} (${server.source})`);
  // The folder of the extension: Python looks for modules where it is started, and must find none of the user's.
  const run = { command: server.command, args: server.args, options: { cwd: context.extensionPath } };
  client = new LanguageClient(NAME, NAME, { run, debug: run }, {
    documentSelector: DOCUMENTS,
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: { settings: settings.get("settings") },
    synchronize: { configurationSection: NAME },
  });
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) {
      tell("running", `${server.version} (${server.source})`);
    } else if (newState === State.Stopped && client) {
      tell("error", "the server stopped");
    }
  });
  await client.start();
}

// The command that starts the server: {command, args, version, source}; nothing after having said why.
async function find(settings) {
  const command = settings.get("command");
  if (command.length) {
    const [program, ...args] = command;
    return { command: program, args, version: "", source: `the setting ${NAME}.command` };
  }
  const tried = [];
  for (const { python, source } of await interpreters(settings)) {
    const version = await versionIn(python);
    if (version) {
      return { command: python, args: ["-m", "softmax_lint", "server"], version, source };
    }
    tried.push(`${python} (${source})`);
    log.warn(`no softmax-lint[lsp] in ${python} (${source})`);
    if (source.startsWith("the setting")) {
      break; // who names an interpreter means that one
    }
  }
  missing(tried);
  return undefined;
}

// The interpreters to try, best first.
async function interpreters(settings) {
  const found = [];
  const add = (python, source) => {
    if (python && !found.some((each) => each.python === python)) {
      found.push({ python, source });
    }
  };
  add(settings.get("interpreter"), `the setting ${NAME}.interpreter`);
  const folders = vscode.workspace.workspaceFolders || [];
  add(await selected(folders[0] && folders[0].uri), "the selected interpreter");
  if (vscode.workspace.isTrusted) {
    const named = vscode.workspace.getConfiguration("python").get("defaultInterpreterPath");
    if (named && named !== "python") {
      add(named.replace("${workspaceFolder}", folders[0] ? folders[0].uri.fsPath : ""), "python.defaultInterpreterPath");
    }
    for (const { uri } of folders) {
      for (const inside of [[".venv", "bin", "python"], [".venv", "Scripts", "python.exe"]]) {
        const python = path.join(uri.fsPath, ...inside);
        if (fs.existsSync(python)) {
          add(python, "the folder's .venv");
        }
      }
    }
  }
  add(process.platform === "win32" ? "python" : "python3", "on the PATH");
  return found;
}

async function selected(uri) {
  try {
    const environments = await pythons();
    const chosen = environments && (await environments.resolveEnvironment(environments.getActiveEnvironmentPath(uri)));
    return chosen && chosen.executable.uri && chosen.executable.uri.fsPath;
  } catch (error) {
    log.warn(`the Python extension does not tell its interpreter: ${error}`);
    return undefined;
  }
}

async function pythons() {
  const python = vscode.extensions.getExtension(PYTHON);
  if (!python) {
    return undefined;
  }
  const api = python.isActive ? python.exports : await python.activate();
  return api && api.environments;
}

async function followPython() {
  try {
    const environments = await pythons();
    if (environments) {
      context.subscriptions.push(environments.onDidChangeActiveEnvironmentPath(restart));
    }
  } catch (error) {
    log.warn(`the Python extension does not start: ${error}`);
  }
}

// The version of the linter that a Python has together with what the server needs, or nothing.
function versionIn(python) {
  const program = "import pygls, lsprotocol, softmax_lint; print(softmax_lint.__version__)";
  return new Promise((resolve) => {
    execFile(python, ["-c", program], { cwd: context.extensionPath, timeout: 20000 }, (error, printed) => {
      if (error) {
        log.info(`${python}: ${String(error.message).trim()}`);
      }
      resolve(error ? undefined : printed.trim());
    });
  });
}

function tell(state, detail) {
  const severity = { running: "Information", off: "Information", error: "Error", missing: "Error" }[state];
  status.severity = vscode.LanguageStatusSeverity[severity];
  status.text = state === "running" ? NAME : `${NAME}: ${state}`;
  status.detail = detail;
  status.command = { command: `${NAME}.showLog`, title: "Show log" };
}

function missing(tried) {
  tell("missing", `not installed in ${tried.join(", ")}`);
  const copy = "Copy install command";
  const choose = "Select interpreter";
  const open = "Open settings";
  const offers = vscode.extensions.getExtension(PYTHON) ? [copy, choose, open] : [copy, open];
  const message = `softmax-lint is not installed in ${tried.join(", nor in ")}. Install it with: ${INSTALL}`;
  vscode.window.showErrorMessage(message, ...offers).then((chosen) => {
    if (chosen === copy) {
      vscode.env.clipboard.writeText(INSTALL);
    } else if (chosen === choose) {
      vscode.commands.executeCommand("python.setInterpreter");
    } else if (chosen === open) {
      vscode.commands.executeCommand("workbench.action.openSettings", NAME);
    }
  });
}

module.exports = { activate, deactivate };
