"""The style sheet of the page: one column that prints well, light and dark, no font and no picture from anywhere."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5d6979; --line: #e1e6ec; --ground: #f4f6f8; --card: #fff;
  --ok: #1b7f5c; --bad: #c0392f; --warn: #a86a12; --run: #2668ad; --undo: #7556b3; --idle: #aab4c0; --wash: #eef2f6;
  --gate: #d99a2b; --gate-ground: #fbf1dc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #98a4b3; --line: #2b3440; --ground: #12171d;
  --card: #1a2129; --ok: #45b88d; --bad: #ee6c60; --warn: #dda64a; --run: #5fa0e0; --undo: #a78be0; --idle: #566270;
  --wash: #202832; --gate: #d99a2b; --gate-ground: #3a2f1a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 36px 28px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 4px 0 6px; letter-spacing: -0.015em; }
h2 { font-size: 18px; margin: 44px 0 14px; letter-spacing: -0.005em; }
h3 { font-size: 15px; margin: 0 0 6px; }
p { margin: 0 0 10px; }
a { color: inherit; }
.kicker, .muted, small { color: var(--soft); }
.kicker { font-size: 12px; letter-spacing: 0.09em; text-transform: uppercase; }
.lead { max-width: 70ch; color: var(--soft); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
code, pre, .digest { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--wash); border-radius: 6px; padding: 12px 14px; margin: 0; overflow: auto; max-height: 420px; }
header { display: flex; gap: 32px; align-items: flex-start; justify-content: space-between; }
.verdict { flex: none; margin-top: 18px; padding: 7px 18px; border-radius: 999px; font-weight: 650; color: #fff;
  background: var(--idle); white-space: nowrap; }
.verdict.succeeded { background: #1b7f5c; } .verdict.failed, .verdict.aborted { background: #c0392f; }
.verdict.rolledback, .verdict.rollingback { background: #7556b3; } .verdict.running { background: #2668ad; }
.verdict.awaitingapproval { background: #a86a12; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(126px, 1fr)); gap: 12px; margin: 26px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.tile b { display: block; font-size: 20px; line-height: 1.3; font-weight: 640; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; }
.card + .card { margin-top: 14px; }
.wide { overflow-x: auto; }
.trouble { border-left: 4px solid var(--bad); margin-top: 26px; }
.trouble ul { margin: 6px 0 0; padding-left: 20px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; }
th, td { padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th.number, td.number { padding-right: 18px; }
tr:last-child > td { border-bottom: 0; }
td .muted { display: block; font: 13px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.state { white-space: nowrap; font-weight: 600; }
.state::before { content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 8px;
  background: currentColor; }
.succeeded { color: var(--ok); } .failed, .aborted { color: var(--bad); } .skipped, .pending { color: var(--soft); }
.running { color: var(--run); } .awaitingapproval { color: var(--warn); } .rolledback { color: var(--undo); }
.verdict { color: #fff !important; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 5px 22px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details > summary { cursor: pointer; font-weight: 600; }
details[open] > summary { margin-bottom: 12px; }
details > summary > small { font-weight: 400; margin-left: 8px; }
img { max-width: 100%; height: auto; display: block; background: #fff; border-radius: 6px; }
iframe { width: 100%; height: 560px; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
.card > :last-child { margin-bottom: 0; } .made table { width: auto; min-width: 40%; }
.prose { max-width: 78ch; } .prose table { width: auto; } .prose pre { margin: 0 0 10px; }
.prose h3, .prose h4, .prose h5, .prose h6 { margin: 16px 0 6px; font-size: 15px; }
.timeline { width: 100%; min-width: 780px; display: block; font: 13px system-ui, -apple-system, "Segoe UI", Roboto,
  Arial, sans-serif; }
.timeline text { fill: var(--ink); } .timeline .phase { font-weight: 650; font-size: 13px; }
.timeline .tick, .timeline .note, .timeline .muted, .timeline .gap-label { fill: var(--soft); font-size: 12px; }
.timeline .tick, .timeline .gap-label { text-anchor: middle; }
.timeline .grid, .timeline .rule { stroke: var(--line); stroke-width: 1; }
.timeline .gap { fill: var(--wash); } .timeline .gap-label { font-style: italic; }
.timeline .dot { fill: currentColor; } .timeline .dot.pending, .timeline .dot.skipped { fill: none;
  stroke: currentColor; stroke-width: 1.6; }
.bar.succeeded { fill: var(--ok); } .bar.failed { fill: var(--bad); } .bar.whole { opacity: 0.4; } .bar.running { fill: var(--run); }
.bar.undone { fill: var(--undo); } .bar.cached { fill: none; stroke: var(--run); stroke-width: 2; }
.bar.waiting { stroke: var(--gate); stroke-width: 1; } .wait-ground { fill: var(--gate-ground); }
.wait-line { fill: var(--gate); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; color: var(--soft); font-size: 13px; margin: 12px 0 0; }
.legend i { display: inline-block; width: 20px; height: 9px; border-radius: 2px; margin-right: 7px; }
footer { margin-top: 52px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
@media (max-width: 700px) { header { display: block; } .verdict { display: inline-block; } main { padding: 22px 14px; } }
@media print { body { background: #fff; } .card, .tile { break-inside: avoid; } pre, iframe { max-height: none; } }
"""
