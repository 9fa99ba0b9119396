import { type Html, html } from './html.ts'

/** The one style sheet. Every pair of colours reaches WCAG AA, in light and in dark. */
export const style: Html = html`
:root {
  color-scheme: light dark;
  --ground: #eef3f1; --card: #ffffff; --edge: #dde5e2; --ink: #14211e; --soft: #52625d;
  --field: #ffffff; --line: #76867f; --accent: #0b6e5d; --on-accent: #ffffff; --accent-over: #085749;
  --bad: #a1261d; --bad-ground: #fdf1ef; --bad-edge: #f0c9c4; --note: #0c5346; --note-ground: #e9f5f1; --note-edge: #c3e0d7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0c1312; --card: #141d1b; --edge: #24302d; --ink: #e7eeeb; --soft: #a3b3ad;
    --field: #0f1716; --line: #71827b; --accent: #5fcbb4; --on-accent: #05231d; --accent-over: #83dcc8;
    --bad: #ffb4a9; --bad-ground: #2c1714; --bad-edge: #5a2a24; --note: #a6e3d3; --note-ground: #11261f; --note-edge: #23483d;
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; grid-template-rows: 1fr auto 1.4fr;
  padding: 1.5rem 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  overflow-wrap: anywhere;
}
main { grid-row: 2; width: 100%; max-width: 25rem; margin: 0 auto; }
main.wide { max-width: 31rem; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 1rem; padding: 2rem; box-shadow: 0 1px 2px rgb(8 40 33 / 5%), 0 12px 32px -12px rgb(8 40 33 / 12%); }
.mark { display: block; color: var(--accent); margin: 0 0 1.25rem; }
.mark .on { color: var(--on-accent); }
h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.012em; margin: 0 0 1.5rem; text-wrap: balance; }
.text h1 { margin-bottom: 0.75rem; }
p { margin: 0 0 0.75rem; }
.text p { color: var(--soft); text-wrap: pretty; }
p:last-child { margin-bottom: 0; }
a:not(.button) { color: var(--accent); }
code { font: 0.875em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono", monospace; background: var(--ground); color: var(--ink); border-radius: 0.3rem; padding: 0.1em 0.35em; white-space: nowrap; }
form { margin: 0; }
label { display: block; font-weight: 550; margin: 0 0 0.375rem; }
.field { margin: 0 0 1.125rem; }
input[type="text"], input[type="password"], input[type="email"] {
  display: block; width: 100%; min-height: 2.875rem; padding: 0.5rem 0.75rem; font: inherit; color: var(--ink);
  background: var(--field); border: 1px solid var(--line); border-radius: 0.625rem;
}
input[aria-invalid="true"] { border-color: var(--bad); }
.check { display: grid; grid-template-columns: auto 1fr; column-gap: 0.625rem; align-items: start; margin: 0 0 1.5rem; padding: 0.25rem 0; }
.check label { font-weight: 450; margin: 0; }
.check input { width: 1.5rem; height: 1.5rem; margin: 0; accent-color: var(--accent); }
.check .hint { grid-column: 2; }
.hint { color: var(--soft); font-size: 0.875rem; }
.field .hint { display: block; line-height: 1.4; margin-top: 0.375rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.5rem; }
.actions > .button { flex: 1 1 auto; width: auto; }
.button {
  display: flex; align-items: center; justify-content: center; width: 100%; min-height: 2.875rem; padding: 0.5rem 1.125rem;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid transparent; border-radius: 0.625rem;
}
.button:hover { background: var(--accent-over); }
.button.quiet { color: var(--ink); background: transparent; border-color: var(--line); }
.button.quiet:hover { border-color: var(--ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.message { border: 1px solid; border-radius: 0.625rem; padding: 0.75rem 0.875rem; margin: 0 0 1.25rem; font-size: 0.9375rem; }
.text .message { margin: 1.25rem 0; }
.message.bad { color: var(--bad); background: var(--bad-ground); border-color: var(--bad-edge); }
.message.note { color: var(--note); background: var(--note-ground); border-color: var(--note-edge); }
.or { display: flex; align-items: center; gap: 0.75rem; margin: 1.25rem 0; color: var(--soft); font-size: 0.875rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--edge); }
[data-passkey]:has(> button[hidden]) + .or, .or:not(:has(~ .others)):has(+ [data-passkey] > button[hidden]) { display: none; }
h2 { font-size: 1.0625rem; line-height: 1.3; font-weight: 650; margin: 1.75rem 0 0.75rem; }
.devices { display: grid; gap: 0.75rem; margin: 0 0 1.25rem; padding: 0; list-style: none; }
.devices li { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; align-items: center; justify-content: space-between; border: 1px solid var(--edge); border-radius: 0.625rem; padding: 0.75rem 0.875rem; }
.devices li > div { flex: 1 1 12rem; }
.devices .hint { display: block; }
.badge { display: inline-block; white-space: nowrap; font-size: 0.8125rem; color: var(--note); background: var(--note-ground); border: 1px solid var(--note-edge); border-radius: 1rem; padding: 0.0625rem 0.5rem; }
.button.small { width: auto; min-height: 2.25rem; padding: 0.25rem 0.875rem; }
.places { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0 0 1.25rem; }
.places [aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
.facts { display: grid; gap: 0.375rem; margin: 0 0 1.25rem; }
.facts > div { display: flex; flex-wrap: wrap; gap: 0 0.75rem; }
.facts dt { flex: 0 0 9rem; color: var(--soft); }
.facts dd { flex: 1 1 9rem; margin: 0; }
.qr { display: block; width: 100%; max-width: 15rem; margin: 0 auto 1rem; border-radius: 0.625rem; }
.codes { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: 0.375rem; margin: 1rem 0; padding: 0; list-style: none; }
.codes code, .secret { display: block; text-align: center; white-space: normal; font-size: 1rem; padding: 0.375rem; }
details { margin: 1.25rem 0 0; }
summary { cursor: pointer; color: var(--accent); margin: 0 0 0.75rem; }
form + form { margin-top: 1rem; }
.others { display: grid; gap: 0.625rem; margin: 0; padding: 0; list-style: none; }
form.guest { margin-top: 0.625rem; }
.help { display: grid; gap: 0.375rem; margin: 1.25rem 0 0; padding: 0; list-style: none; font-size: 0.9375rem; }
.help a { display: inline-block; padding: 0.25rem 0; }
footer { margin: 1.25rem 0 0; text-align: center; color: var(--soft); font-size: 0.8125rem; }
footer code { white-space: normal; }
@media (max-width: 26rem) {
  body { padding: 1rem 0.75rem; }
  .card { padding: 1.5rem 1.25rem; }
}
@media (forced-colors: active) {
  .card, .message { border-color: CanvasText; }
}
`
