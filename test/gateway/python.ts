/** Real Python servers and parsers: what Node reads one way, they may read another. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished } from 'vitest'

const root = new URL('../../', import.meta.url)
const places = ['.venv/bin/python', '.venv-test/bin/python']

/**
 * A Python that has uvicorn and h11 (both come with Streamlit): `HOLDFAST_TEST_PYTHON`, or one in the checkout's own
 * environment; `null` if there is none.
 */
export const python: string | null =
  process.env.HOLDFAST_TEST_PYTHON ??
  places.map((place) => fileURLToPath(new URL(place, root))).find((path) => existsSync(path)) ??
  null

/** Whether tests that need Python are left out: never where everything must run. */
export const withoutPython: boolean = python === null && process.env.CI === undefined

/** Starts one of the apps in `python/`; its address. Stopped after the test that started it. */
export async function startPythonApp(name: 'echo_wsgi' | 'echo_asgi'): Promise<URL> {
  const child = spawn(command(), [script(name)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = (): void => {
    child.kill('SIGKILL')
  }
  if (expect.getState().currentTestName === undefined) afterAll(stop)
  else onTestFinished(stop)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return new URL(`http://127.0.0.1:${Number(line.toString('utf8').trim())}`)
}

/** What h11 reads in captured connections. */
export async function parsedByH11(
  captures: readonly Buffer[],
): Promise<readonly { readonly requests?: readonly ParsedRequest[]; readonly error?: string }[]> {
  const child = spawn(command(), [script('parse_requests')], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(captures.map((one) => one.toString('base64'))))
  return JSON.parse(await output(child))
}

export interface ParsedRequest {
  readonly method: string
  readonly url: string
  readonly body: string
}

function command(): string {
  if (python === null) {
    throw new Error(
      'No Python with uvicorn and h11: set HOLDFAST_TEST_PYTHON, or make .venv with streamlit in it.',
    )
  }
  return python
}

function script(name: string): string {
  return fileURLToPath(new URL(`python/${name}.py`, import.meta.url))
}

async function output(child: ChildProcess): Promise<string> {
  const pieces: Buffer[] = []
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`Python ended with ${code}.`)
  return Buffer.concat(pieces).toString('utf8')
}
