" The scenario of editors/trial.py in Vim 9 with ALE. Run in a folder with model.py and train.py as
" `vim -N -u ale.vim -es --not-a-term`. ALE_FOLDER is where ALE lies, SOFTMAX_LINT_PYTHON the Python of the server.
" Writes one line a step to the file in TRY_LOG, leaves with status 1 at the first that fails.

set nocompatible hidden noswapfile nomore encoding=utf-8
let s:lines = []

function! s:Say(line) abort
  call add(s:lines, a:line)
  call writefile(s:lines, $TRY_LOG)
endfunction

function! s:Fail(step, shown) abort
  call s:Say('FAILED ' . a:step . ': ' . string(a:shown))
  cquit!
endfunction

execute 'set runtimepath^=' . fnameescape($ALE_FOLDER)
execute 'set runtimepath+=' . fnameescape($ALE_FOLDER . '/after')
filetype plugin on
let g:ale_linters = {'python': ['softmax-lint']}
let g:ale_lint_on_text_changed = 'always'
let g:ale_lint_delay = 50
let g:ale_hover_cursor = 0
let g:ale_set_balloons = 0
let g:ale_virtualtext_cursor = 0
runtime plugin/ale.vim

call ale#linter#Define('python', {
\   'name': 'softmax-lint',
\   'lsp': 'stdio',
\   'executable': $SOFTMAX_LINT_PYTHON,
\   'command': '%e -m softmax_lint server',
\   'project_root': function('ale#python#FindProjectRoot'),
\})

function! s:Codes(buffer) abort
  let l:found = []
  for l:each in get(get(g:ale_buffer_info, a:buffer, {}), 'loclist', [])
    call add(l:found, get(l:each, 'code', matchstr(l:each.text, 'SML\d\+')) . '@' . l:each.lnum)
  endfor
  return join(sort(l:found), ' ')
endfunction

function! s:Settles(step, buffer, wanted) abort
  let l:times = 0
  while s:Codes(a:buffer) !=# a:wanted && l:times < 200
    sleep 100m
    let l:times += 1
  endwhile
  sleep 1200m
  if s:Codes(a:buffer) !=# a:wanted
    call s:Fail(a:step, s:Codes(a:buffer))
  endif
  call s:Say('ok ' . a:step)
endfunction

function! s:Replace(buffer, from, to) abort
  execute 'buffer ' . a:buffer
  execute 'silent %s/' . a:from . '/' . a:to . '/'
  ALELint
endfunction

call s:Say('Vim ' . v:versionlong)
edit model.py
let s:model = bufnr('%')
ALELint
call s:Settles('one finding, once', s:model, 'SML002@11')
edit train.py
let s:train = bufnr('%')
ALELint
call s:Settles('nothing in the other file', s:train, '')
call s:Replace(s:train, 'CrossEntropyLoss', 'NLLLoss')
call s:Settles('an edit of the other file changes the finding here', s:model, 'SML005@11')
call s:Replace(s:train, 'NLLLoss', 'CrossEntropyLoss')
call s:Settles('and back', s:model, 'SML002@11')
execute 'buffer ' . s:model
call append(0, '# né 𝛼')
ALELint
call s:Settles('rows move with the text', s:model, 'SML002@12')

call cursor(12, 20)
let s:asked = []
function! s:Menu(data, items) abort
  let s:asked = a:items
  call ale#codefix#ApplyLSPCodeAction(a:data, a:items[0][1])
endfunction
call ale#codefix#Execute(0, function('s:Menu'))
let s:times = 0
while empty(s:asked) && s:times < 100
  sleep 100m
  let s:times += 1
endwhile
if empty(s:asked)
  call s:Fail('code actions', s:asked)
endif
call s:Say('ok code actions: ' . join(map(copy(s:asked), 'v:val[1].title'), ' | '))
ALELint
call s:Settles('fixed', s:model, '')
if join(getbufline(s:model, 1, '$'), "\n") !~# 'return self.out(x)'
  call s:Fail('the fix is in the text', getbufline(s:model, 1, '$'))
endif
call s:Say('ok the fix is in the text')
qall!
