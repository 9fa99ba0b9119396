// `npm test`: everything that can fail, one after the other, and one line at the end. Plain JavaScript, for Node 18.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ofPytest, ofVitest } from './failures.mjs'
import { newNode, npmPackages, pythonPackages, requirements, root, venvBin } from './setup.mjs'
import { run, say, tail } from './steps.mjs'

const forPython = ['pytest', 'pytest-timeout', 'mypy', 'websockets', 'itsdangerous']
const sum = { passed: 0, failed: 0, skipped: 0 }
const missing = []
const failures = []
const reports = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
const started = Date.now()
// Under twenty minutes on a machine that has nothing else to do; what takes this long hangs.
const longest = 45 * 60

try {
  await everything()
} finally {
  rmSync(reports, { recursive: true, force: true })
}
for (const one of failures) say(`✗ ${one}`)
for (const one of missing) say(`Could not run: ${one}`)
// What nobody saw run is not known to work.
if (process.env.CI) sum.failed += missing.length
say(`Took ${Math.round((Date.now() - started) / 1000)} s.`)
const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''
say(`${sum.passed} passed, ${sum.failed} failed${skipped}`)
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0

async function everything() {
  const noPackages = await npmPackages()
  if (noPackages !== null) return fail(noPackages)
  const node = await newNode()
  if (node === null) return fail('Node 22.18 or newer is needed, and npm could not install one here.')
  const [noRedis, noPostgres, chromium] = await findPrograms()
  const noPython = await pythonPackages([
    ...requirements('examples/streamlit/requirements.txt'),
    ...forPython,
  ])
  const env = {
    ...process.env,
    PATH: [`${root}node_modules/.bin`, process.env.PATH].join(delimiter),
    HOLDFAST_TEST_PYTHON_BIN: venvBin,
    // The tests start the command hundreds of times: compiled once it starts in a third of the time.
    NODE_COMPILE_CACHE: join(reports, 'compiled'),
    ...(chromium !== null && { HOLDFAST_TEST_CHROMIUM: chromium }),
  }

  await one('Building', node, ['scripts/build.ts'], env)
  await one('Checking style (biome)', tool('biome'), ['check', '.'], env)
  await one('Checking types (tsc)', tool('tsc'), ['-p', 'tsconfig.json'], env)
  await one('Checking types of the browser script (tsc)', tool('tsc'), ['-p', 'tsconfig.client.json'], env)

  const without = [
    ...(chromium === null ? ['test/client/**'] : []),
    ...(noRedis ? ['test/**/redis*.test.ts'] : []),
    ...(noPostgres ? ['test/**/postgres*.test.ts'] : []),
  ]
  await vitest('Unit tests', ['run', ...without.flatMap((files) => ['--exclude', files])], env)
  if (chromium === null) missing.push('the tests of the browser script (there is no Chromium)')
  if (noRedis) missing.push('the tests on Redis (there is no redis-server: apt-get install redis-server)')
  if (noPostgres) missing.push('the tests on PostgreSQL (it is not here: apt-get install postgresql)')

  if (noPython !== null) missing.push(`the Python tests (${noPython})`)
  else await python(env)

  if (chromium === null) missing.push('the end-to-end tests (there is no Chromium)')
  else if (noPython !== null) missing.push(`the end-to-end tests (${noPython})`)
  else if (existsSync(`${root}e2e`)) {
    await vitest('End-to-end tests', ['run', '--config', 'vitest.e2e.config.ts'], env)
  }
}

async function python(env) {
  const folder = `${root}python`
  const report = join(reports, 'pytest.xml')
  const { code, output } = await run(
    'Python tests',
    `${venvBin}/python`,
    ['-m', 'pytest', '-q', `--junitxml=${report}`],
    {
      cwd: folder,
      env,
      show: true,
      limit: left(),
    },
  )
  failures.push(...ofPytest(output))
  const suite = /<testsuite [^>]*>/.exec(existsSync(report) ? readFileSync(report, 'utf8') : '')?.[0] ?? ''
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const failed = count('failures') + count('errors')
  const skipped = count('skipped')
  add({ passed: count('tests') - failed - skipped, failed, skipped }, code)
  await one('Checking Python types (mypy)', `${venvBin}/python`, ['-m', 'mypy', '--strict'], env, folder)
}

async function vitest(label, args, env) {
  const report = join(reports, `${args.length}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code } = await run(label, tool('vitest'), [...args, ...reporters], {
    cwd: root,
    env,
    show: true,
    limit: left(),
  })
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
  failures.push(...ofVitest(result, root))
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = result
  add({ passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }, code)
}

/** A check that passes or fails as one. */
async function one(label, command, args, env, cwd = root) {
  const { code, output } = await run(label, command, args, { cwd, env, limit: Math.min(left(), 300) })
  if (code !== 0) failures.push(`${label}\n${tail(output, 60)}`)
  add({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }, code)
}

/** A runner that fails without a failed test (it could not load a file, it took too long) is a failure too. */
function add({ passed, failed, skipped }, code) {
  sum.passed += passed
  sum.failed += code !== 0 && failed === 0 ? 1 : failed
  sum.skipped += skipped
}

/** The seconds that are left. */
function left() {
  return Math.max(5, longest - Math.round((Date.now() - started) / 1000))
}

function fail(why) {
  say(why)
  sum.failed += 1
}

function tool(name) {
  return `${root}node_modules/.bin/${name}${process.platform === 'win32' ? '.cmd' : ''}`
}

/** Whether Redis and PostgreSQL are missing, and Chromium's path; what is missing is installed where that is ours to do. */
async function findPrograms() {
  const packages = [
    ...(hasRedis() ? [] : ['redis-server']),
    ...(hasPostgres() ? [] : ['postgresql']),
    ...(which() === null ? ['chromium'] : []),
  ]
  if (packages.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const apt = { limit: 300, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
    await run('Fetching the list of Debian packages', 'apt-get', ['update', '-q'], apt)
    // One by one: what one of them lacks must not keep the others away.
    for (const name of packages) {
      await run(`Installing ${name}`, 'apt-get', ['install', '-yq', '--no-install-recommends', name], apt)
    }
  }
  return [!hasRedis(), !hasPostgres(), which()]
}

function hasRedis() {
  return onPath(['redis-server']) !== null
}

function hasPostgres() {
  const versions = '/usr/lib/postgresql'
  return (
    existsSync(versions) && readdirSync(versions).some((one) => existsSync(join(versions, one, 'bin/initdb')))
  )
}

function which() {
  const given = process.env.HOLDFAST_TEST_CHROMIUM
  if (given !== undefined && existsSync(given)) return given
  return onPath(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])
}

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync) ?? null
}
