// Plain JavaScript: runs on Node 18 before anything is installed.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { run, tail } from './steps.mjs'

const exec = promisify(execFile)

/** The folder everything is in. */
export const root = fileURLToPath(new URL('..', import.meta.url))
export const venv = `${root}.venv`
const windows = process.platform === 'win32'
const bin = windows ? 'Scripts' : 'bin'

/** Where the Python programs of the project's own environment are. */
export const venvBin = `${venv}/${bin}`

/** Installs the npm packages unless they are those of the lock file already. Returns what went wrong, or `null`. */
export async function npmPackages() {
  const wanted = digest(['package.json', 'package-lock.json'].map((name) => read(root + name)).join('\n'))
  const stamp = `${root}node_modules/.holdfast-installed`
  if (read(stamp) === wanted && existsSync(`${root}node_modules/.bin/node`)) return null
  // Not `npm ci`: it fails where a registry lacks a package for another platform.
  const npm = process.env.npm_execpath
  const args = ['install', '--no-audit', '--no-fund']
  const { code, output } = npm?.endsWith('.js')
    ? await run('Installing npm packages', process.execPath, [npm, ...args], { cwd: root })
    : await run('Installing npm packages', windows ? 'npm.cmd' : 'npm', args, { cwd: root })
  if (code !== 0) return `npm install failed:\n${tail(output)}`
  // npm may have brought the lock file up to date.
  writeFileSync(
    stamp,
    digest(['package.json', 'package-lock.json'].map((name) => read(root + name)).join('\n')),
  )
  return null
}

/** A Node that runs TypeScript (22.18 or newer): the one among the packages, or this one; `null` if neither is. */
export async function newNode() {
  for (const path of [`${root}node_modules/.bin/node${windows ? '.exe' : ''}`, process.execPath]) {
    const { stdout } = await exec(path, ['--version']).catch(() => ({ stdout: '' }))
    const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(stdout) ?? []
    if (Number(major) > 22 || (Number(major) === 22 && Number(minor) >= 18)) return path
  }
  return null
}

/** A Python environment in `.venv` with these packages. Returns what went wrong, in one line, or `null`. */
export async function pythonPackages(packages) {
  const stamp = `${venv}/.holdfast-installed`
  // Whoever installed more than is asked for now has it.
  const installed = new Set(read(stamp).split('\n'))
  if (packages.every((one) => installed.has(one)) && existsSync(`${venvBin}/python${windows ? '.exe' : ''}`))
    return null
  const python = await newPython()
  if (python === null) return 'there is no Python 3.10 or newer here'
  if (!existsSync(`${venvBin}/pip${windows ? '.exe' : ''}`)) {
    const made = await run('Making a Python environment in .venv', python, ['-m', 'venv', '--clear', venv], {
      limit: 180,
    })
    if (made.code !== 0) return `python -m venv failed: ${tail(made.output, 1)}`
  }
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-q', ...packages]
  const { code, output } = await run(`Installing ${packages.join(', ')}`, `${venvBin}/python`, pip, {
    limit: 600,
  })
  if (code !== 0) return `pip install failed: ${tail(output, 1)}`
  writeFileSync(stamp, [...new Set([...installed, ...packages])].join('\n'))
  return null
}

/** The packages that a requirements file names. */
export function requirements(path) {
  return read(root + path)
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
}

async function newPython() {
  for (const name of ['python3', 'python']) {
    const { stdout } = await exec(name, ['-c', 'import sys; print(sys.version_info >= (3, 10))']).catch(
      () => ({ stdout: '' }),
    )
    if (stdout.trim() === 'True') return name
  }
  return null
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex')
}
