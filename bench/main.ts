/** `npm run bench`: measures everything in one run and writes RESULTS.md. `--quick` takes a minute and writes nothing. */
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
if (!existsSync(`${folder}node_modules`)) {
  console.log('Installing what Holdfast is measured against …')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], {
    cwd: folder,
    stdio: 'inherit',
  })
}

const quick = process.argv.includes('--quick')
const { benchF5 } = await import('./f5.ts')
const { benchGateway } = await import('./gateway.ts')
const { benchLookUp } = await import('./look-up.ts')
const { benchIdle, benchRelay } = await import('./relay.ts')
const { benchLibrary } = await import('./library.ts')
const { compareRaces } = await import('./races.ts')
const { benchSession } = await import('./session.ts')
const { machine } = await import('./report.ts')
const { benchState } = await import('./state.ts')
const { benchStateF5 } = await import('./state-f5.ts')

const sections = [
  ['A warm session check', await benchSession(quick)],
  [
    'What sessions add to a request of your own server',
    await benchLibrary(quick ? 3 : 7, quick ? 800 : 4_000),
  ],
  ['Two requests of one browser at once', await compareRaces()],
  ['Requests through the gateway', await benchGateway(quick ? 2 : 9, quick ? 2_000 : 10_000)],
  ['WebSocket relay', await benchRelay(quick ? 2 : 9, quick ? 3_200 : 32_000)],
  ['Idle sockets', await benchIdle(quick ? 200 : 4_000)],
  ['A million sessions', await benchLookUp(quick ? 10_000 : 1_000_000, quick ? 5 : 31)],
  ['F5 in Streamlit', await benchF5(quick ? 3 : 15)],
  ['State', await benchState(quick ? 20 : 500)],
  ['F5, until the work is there again', await benchStateF5(quick ? 2 : 15, quick ? 1 : 7)],
] as const

const text = [
  '# Results',
  `One run, ${new Date().toISOString().slice(0, 10)}, on ${machine()}.`,
  'Everything runs on one machine over loopback, load included, so absolute figures are noise and ratios are what ' +
    'counts. Each contender is a process of its own, proved to answer right before it is timed, measured in turn with ' +
    'the others round after round; the median of the rounds is given. CPU is the processor time of the contender alone.',
  ...sections.flatMap(([title, body]) => [`## ${title}`, body]),
].join('\n\n')
console.log(`\n${text}\n`)
if (!quick) writeFileSync(`${folder}RESULTS.md`, `${text}\n`)
