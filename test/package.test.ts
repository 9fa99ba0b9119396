import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../scripts/build.ts'
import { start } from './cli/command.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest

/** The files that an export or a program leads to, in the source. */
function sources(): string[] {
  const targets = Object.values(manifest.exports).flatMap((one) =>
    typeof one === 'string' ? [one] : [one.types, one.default],
  )
  return [...targets, ...Object.values(manifest.bin)]
    .filter((target) => target.includes('dist/'))
    .map((target) => target.replace(/^(?:\.\/)?dist\//, 'src/').replace(/(?:\.d\.ts|\.js)$/, '.ts'))
}

describe('package.json', () => {
  it('leads nowhere but to files that are there', async () => {
    for (const file of sources()) await expect(access(join(root, file)), file).resolves.toBeUndefined()
  })
})

describe('the package', { timeout: 240_000 }, () => {
  let folder = ''
  const installed = (...path: string[]): string => join(folder, 'node_modules/holdfast', ...path)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'))
    await build(false)
    const npm = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', npm, { cwd: root, maxBuffer: 16 * 1024 * 1024 })
    const [packed] = JSON.parse(stdout) as readonly { filename: string }[]
    await mkdir(installed(), { recursive: true })
    await run('tar', [
      '-xzf',
      join(folder, packed?.filename ?? ''),
      '-C',
      installed(),
      '--strip-components=1',
    ])
    // Its dependencies as they are here: what is proven is what is in the package.
    for (const name of Object.keys(manifest.dependencies)) {
      await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true })
      await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
  }, 240_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('gives the library to who imports it', async () => {
    await writeFile(
      join(folder, 'use.mjs'),
      `import { createSessionManager } from 'holdfast'; console.log(typeof createSessionManager)`,
    )
    expect((await run(process.execPath, ['use.mjs'], { cwd: folder })).stdout).toBe('function\n')
  })

  it('keeps its inner files to itself', async () => {
    await writeFile(join(folder, 'dig.mjs'), `await import('holdfast/dist/core/keyring.js')`)
    await expect(run(process.execPath, ['dig.mjs'], { cwd: folder })).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    )
  })

  it('holds what the app needs to find, and nothing that was made here', async () => {
    await access(installed('python/src/holdfast/_hook/sitecustomize.py'))
    await access(installed('dist/client/client.js'))
    const { stdout } = await run('find', [
      installed(),
      '-name',
      '*.pyc',
      '-o',
      '-name',
      '*.db',
      '-o',
      '-name',
      'users.yaml',
    ])
    expect(stdout).toBe('')
  })

  it('runs an app with the hook on its path', async () => {
    const main = installed('dist/cli/main.js')
    const app = `require('http').createServer((_, r) => r.end(process.env.PYTHONPATH)).listen(process.env.PORT, '127.0.0.1')`
    const args = ['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--', process.execPath, '-e', app]
    const started = start(args, { folder, main })
    const [, url = ''] = await started.printed(/listening url=(\S+)/)
    const [hook = ''] = (await (await fetch(url)).text()).split(':')
    started.child.kill('SIGTERM')
    expect((await started.ended).code).toBe(0)
    await access(join(hook, 'sitecustomize.py'))
    expect(hook).toContain('node_modules/holdfast/python/src')
  })
})
