// `npm start`: the example app behind the gateway, from nothing but a checkout. Plain JavaScript, for Node 18 and newer.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { newNode, npmPackages, pythonPackages, requirements, root, venvBin } from './setup.mjs'
import { run, say, tail } from './steps.mjs'

const demo = `${root}.holdfast/demo`
const cli = `${root}src/cli/main.ts`

process.exitCode = await start()

async function start() {
  const failed = await npmPackages()
  if (failed !== null) return refuse(failed)
  const node = await newNode()
  if (node === null) return refuse('Node 22.18 or newer is needed, and npm could not install one here.')
  const built = await run('Building the browser script', node, ['scripts/build-client.ts'], { cwd: root })
  if (built.code !== 0) return refuse(tail(built.output))
  const app = await chooseApp(node)
  const password = await demoUser(node)
  if (password === null) return 1
  return serve(node, app, password, await address())
}

/** The Streamlit example, or the TypeScript one where there is no Streamlit to be had. */
async function chooseApp(node) {
  const typescript = { folder: `${root}examples/typescript`, command: [node, 'server.ts'] }
  if (process.argv.includes('--typescript')) return typescript
  const folder = `${root}examples/streamlit`
  const missing = existsSync(`${folder}/app.py`)
    ? await pythonPackages(requirements('examples/streamlit/requirements.txt'))
    : 'there is no example for it'
  if (missing === null) return { folder, command: [`${venvBin}/streamlit`, 'run', 'app.py'] }
  say(`No Streamlit (${missing}), so here is the TypeScript example instead.`)
  return typescript
}

/** Makes the user of the demo, with a password of its own that stays from start to start. */
async function demoUser(node) {
  const users = `${demo}/users.yaml`
  const kept = `${demo}/password`
  if (existsSync(users) && existsSync(kept)) return readFileSync(kept, 'utf8').trim()
  rmSync(users, { force: true })
  mkdirSync(demo, { recursive: true, mode: 0o700 })
  const password = randomPassword()
  const args = [
    cli,
    'users',
    'add',
    'demo',
    '--name',
    'Demo Diver',
    '--email',
    'demo@example.org',
    '--roles',
    'admin',
  ]
  const added = await run(
    'Making a user for the demo',
    node,
    [...args, '--users', users, '--password-stdin'],
    {
      cwd: root,
      input: `${password}\n`,
    },
  )
  if (added.code !== 0) {
    refuse(tail(added.output))
    return null
  }
  writeFileSync(kept, `${password}\n`, { mode: 0o600 })
  return password
}

// Easy to type from another screen; 62 bits.
function randomPassword() {
  const letters = 'abcdefghjkmnpqrstuvwxyz'
  const group = () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
  return [group(), group(), group()].join('-')
}

/** HOLDFAST_LISTEN; or PORT, or 8080, or a free one if that is taken, on this machine alone. */
function address() {
  const given = process.env.HOLDFAST_LISTEN
  if (given !== undefined && given !== '') return given
  const wanted = Number(process.env.PORT ?? 8080)
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve('127.0.0.1:0'))
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(`127.0.0.1:${wanted}`)))
  })
}

function serve(node, { folder, command }, password, listen) {
  const options = [
    '--listen',
    listen,
    '--users',
    `${demo}/users.yaml`,
    '--store',
    `sqlite:${demo}/holdfast.db`,
  ]
  say('• Starting the app and the gateway …')
  const child = spawn(node, [cli, 'run', ...options, '--', ...command], {
    cwd: folder,
    // What else the person has configured for another gateway is not for this one.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST'))),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let before = ''
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk)
    if (before === null) return
    before += chunk
    const url = /listening url=(\S+)/.exec(before)?.[1]
    if (url === undefined) return
    before = null
    say(`\n  Open      ${url}\n  Sign in   demo\n  Password  ${password}\n\n  Ctrl-C stops it.\n`)
  })
  // A terminal sends Ctrl-C to the gateway as well: wait for it, it ends the app.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

function refuse(why) {
  process.stderr.write(`${why}\n`)
  return 1
}
