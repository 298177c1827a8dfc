"""The style of the page: light and dark, wide and narrow."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --raised: #f6f7f9; --ink: #1b1f24; --quiet: #667080;
  --line: #d9dde3; --before: #c2560c; --after: #1667c7; --good: #17713a; --bad: #b3261e; --warn: #8a6100;
  --plus: #e3f3e7; --minus: #fbe6e1; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --raised: #1d2127; --ink: #e4e7eb;
  --quiet: #98a2b0; --line: #39404a; --before: #f08c46; --after: #6fb1ff; --good: #63c98a; --bad: #ff8a80;
  --warn: #e0b04a; --plus: #16331f; --minus: #43211b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 76rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 0; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .5rem 0; max-width: 70ch; } .quiet { color: var(--quiet); }
.held { color: var(--good); } .broken { color: var(--bad); } .unknown { color: var(--warn); }
.verdict { font-weight: 650; white-space: nowrap; }
.banner { font-size: 1.15rem; font-weight: 650; border-left: .35rem solid; padding: .4rem .8rem; margin: 1rem 0;
  background: var(--raised); }
a { color: inherit; } code { font: .92em ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); }
section { margin-top: 2.5rem; padding-top: 1.25rem; border-top: 2px solid var(--line); }
.head { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .9rem; margin-top: .75rem; }
.key span::before { content: ""; display: inline-block; width: 1.4rem; height: 0; margin-right: .4rem;
  vertical-align: middle; border-top: 3px solid; }
.key .before::before { border-color: var(--before); border-top-width: 4px; }
.key .after::before { border-color: var(--after); border-top-width: 2px; }
.key .exact::before { border-top: 2px dotted var(--quiet); }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: .5rem 1rem;
  margin-top: .5rem; }
.plots svg { width: 100%; height: auto; display: block; overflow: visible; }
details { margin-top: 1rem; } summary { cursor: pointer; font-weight: 600; }
pre { background: var(--raised); padding: .75rem; overflow-x: auto; font: .85rem/1.45 ui-monospace, monospace;
  margin: .5rem 0; }
pre span { display: block; min-width: max-content; } pre .plus { background: var(--plus); }
pre .minus { background: var(--minus); }
@media (max-width: 44rem) {
  table, tbody { display: block; } thead { display: none; }
  tr { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem 1rem; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 0; overflow-wrap: anywhere; } td:empty { display: none; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--quiet); }
  td:first-child { font-weight: 600; } td:first-child::before { display: none; }
  .figures td:first-child, .checks td:last-child { grid-column: 1 / -1; }
  .summary tr, .checks tr { grid-template-columns: 1fr auto; }
  .summary td { grid-column: 1 / -1; } .summary td:first-child { grid-column: 1; }
  .summary td:last-child { grid-column: 2; grid-row: 1; }
  .summary td:last-child::before, .checks td::before { display: none; }
}
"""
