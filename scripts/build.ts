import { execFile } from 'node:child_process'
import { chmod, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildClient } from './build-client.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../', import.meta.url))

/** Compiles `src` into `dist` and bundles the browser script; `clean` leaves nothing there of files that are gone. */
export async function build(clean: boolean): Promise<void> {
  if (clean) await rm(`${root}dist`, { recursive: true, force: true })
  await buildClient()
  try {
    await run(`${root}node_modules/.bin/tsc`, ['-p', 'tsconfig.build.json'], { cwd: root })
  } catch (error) {
    throw new Error(`tsc:\n${(error as { stdout?: string }).stdout ?? ''}`, { cause: error })
  }
  await chmod(`${root}dist/cli/main.js`, 0o755)
}

if (import.meta.main) {
  try {
    await build(process.argv.includes('--clean'))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
