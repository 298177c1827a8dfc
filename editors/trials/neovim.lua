-- The scenario of editors/trial.py in Neovim 0.11 or later, run as `nvim --headless -u NONE -i NONE -l neovim.lua`.
-- The working folder holds model.py and train.py; SOFTMAX_LINT_SERVER is the server's command, words split by spaces.
-- Prints one line a step and leaves with status 1 at the first that fails.

local command = vim.split(vim.env.SOFTMAX_LINT_SERVER or "softmax-lint server", " ")

local function fail(message)
  io.stdout:write("FAILED " .. message .. "\n")
  os.exit(1)
end

local function expect(step, ok, shown)
  if not ok then
    fail(step .. ": " .. vim.inspect(shown))
  end
  io.stdout:write("ok " .. step .. "\n")
end

local function codes(buffer)
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(found, ("%s@%d"):format(each.code, each.lnum + 1))
  end
  table.sort(found)
  return table.concat(found, " ")
end

-- Waits until the findings of a buffer are these, then a while longer: a second copy may come late.
local function settles(step, buffer, wanted)
  vim.wait(15000, function() return codes(buffer) == wanted end, 20)
  vim.wait(700, function() return false end)
  expect(step, codes(buffer) == wanted, codes(buffer))
end

local function ask(buffer, method, params)
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 10000) or {}
  for _, answer in pairs(answers) do
    if answer.error then
      fail(method .. ": " .. vim.inspect(answer.error))
    end
    return answer.result
  end
end

local function actions(buffer, row, column, only)
  local here = { line = row - 1, character = column }
  return ask(buffer, "textDocument/codeAction", {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    range = { start = here, ["end"] = here },
    context = { diagnostics = {}, only = only },
  }) or {}
end

local function apply(found, start)
  vim.cmd("let &g:undolevels = &g:undolevels") -- what follows is undone alone
  for _, action in ipairs(found) do
    if vim.startswith(action.title, start) then
      local client = vim.lsp.get_clients({ name = "softmax_lint" })[1]
      vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
      return action
    end
  end
  fail("no action " .. start .. " in " .. vim.inspect(found))
end

local function hover(buffer, row, column)
  local found = ask(buffer, "textDocument/hover", {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    position = { line = row - 1, character = column },
  })
  return found and found.contents.value or ""
end

vim.o.hidden = true
vim.cmd("filetype on")
vim.lsp.config("softmax_lint", {
  cmd = command,
  filetypes = { "python" },
  root_markers = { "softmax-lint.toml", "pyproject.toml", ".git" },
})
vim.lsp.enable("softmax_lint")

local v = vim.version()
io.stdout:write(("Neovim %d.%d.%d\n"):format(v.major, v.minor, v.patch))
vim.cmd.edit("model.py")
local model = vim.api.nvim_get_current_buf()
expect("the server starts", vim.wait(20000, function()
  return #vim.lsp.get_clients({ bufnr = model, name = "softmax_lint" }) == 1
end), vim.lsp.get_clients())
settles("one finding, once", model, "SML002@11")

local client = vim.lsp.get_clients({ name = "softmax_lint" })[1]
local pulled = vim.diagnostic.get(model, { namespace = vim.lsp.diagnostic.get_namespace(client.id, true) })
local pushed = vim.diagnostic.get(model, { namespace = vim.lsp.diagnostic.get_namespace(client.id, false) })
expect("found by pulling or by pushing, not both", (#pulled == 0) ~= (#pushed == 0), { #pulled, #pushed })
local data = vim.diagnostic.get(model)[1]
local related = data.user_data.lsp.relatedInformation or {}
expect("the other file is named", vim.iter(related):any(function(each)
  return vim.endswith(each.location.uri, "train.py")
end), related)
expect("hover shows the rule's page", hover(model, 11, 20):find("double%-softmax") ~= nil, hover(model, 11, 20))
expect("hover shows what is held", hover(model, 11, 30):find("raw scores, 10 units, from model.py:8", 1, true) ~= nil,
  hover(model, 11, 30))

-- The other file, unsaved: the finding goes and comes back, and nobody touched this buffer.
vim.cmd.edit("train.py")
local train = vim.api.nvim_get_current_buf()
local lines = vim.api.nvim_buf_get_lines(train, 0, -1, false)
settles("nothing in the other file", train, "")
vim.api.nvim_buf_set_lines(train, 3, 4, false, { "net, loss = Net(), nn.NLLLoss()" })
settles("an edit of the other file changes the finding here", model, "SML005@11")
vim.api.nvim_buf_set_lines(train, 3, 4, false, { lines[4] })
settles("and back", model, "SML002@11")
vim.cmd.buffer(model)
vim.api.nvim_buf_set_lines(model, 0, 0, false, { "# né 𝛼" })
settles("rows move with the text", model, "SML002@12")

apply(actions(model, 12, 20, { "quickfix" }), "Ignore SML002")
settles("ignored on this line", model, "")
expect("the comment is there", vim.api.nvim_buf_get_lines(model, 11, 12, false)[1]:find("softmax%-lint: ignore%[SML002%]"),
  vim.api.nvim_buf_get_lines(model, 11, 12, false))
vim.cmd("silent undo")
settles("undone", model, "SML002@12")

apply(actions(model, 12, 20, { "quickfix" }), "SML002: ")
settles("fixed", model, "")
vim.cmd("silent undo")
settles("undone again", model, "SML002@12")

-- A fix that takes two files is one edit of both.
local function replace(buffer, from, to)
  local text = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  for number, line in ipairs(text) do
    text[number] = line:gsub(from, to)
  end
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, text)
end

local function text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
end

replace(model, "F%.softmax%((.*), dim=1%)", "F.sigmoid(%1)")
replace(train, "CrossEntropyLoss", "BCELoss")
settles("a sigmoid before its loss", model, "SML101@12")
apply(actions(model, 12, 20, { "quickfix" }), "SML101: ")
settles("fixed in both files", model, "")
expect("the model gives logits", text(model):find("return self.out(x)", 1, true), text(model))
expect("the loss takes them", text(train):find("nn.BCEWithLogitsLoss()", 1, true), text(train))

replace(model, "return self.out%(x%)", "return F.log_softmax(self.out(x), dim=1)")
replace(train, "BCEWithLogitsLoss", "CrossEntropyLoss")
settles("a redundant log-softmax", model, "SML004@12")
local all = actions(model, 1, 0, { "source.fixAll" })
expect("one action fixes all", #all == 1, all)
apply(all, "softmax-lint: fix all")
settles("all fixed", model, "")
expect("the fix is in the text", not text(model):find("log_softmax"), text(model))

local log = vim.lsp.get_log_path()
for _, each in ipairs(vim.lsp.get_clients()) do
  each:stop()
end
expect("the server leaves", vim.wait(5000, function() return #vim.lsp.get_clients() == 0 end), log)
os.exit(0)
