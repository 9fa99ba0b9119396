import { get } from 'node:http'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../test/free-port.ts'
import { openBrowser } from './browser.ts'
import { holdfast, type Running, removeFolder, runGateway } from './gateway.ts'

let gateway: Running
let browser: Browser

beforeAll(async () => {
  gateway = await runGateway()
  browser = await openBrowser(['--host-resolver-rules=MAP app.test 127.0.0.1'])
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  if (gateway !== undefined) await removeFolder(gateway.folder)
})

/** What a GET is answered with that names this host. */
function answerFor(
  host: string,
  path: string,
  accept: string,
): Promise<{ status: number; location: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: gateway.port, path, headers: { host, accept } }, (answer) => {
      answer.resume()
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '' })
    }).on('error', reject)
  })
}

describe('without a public address', () => {
  it('leads the other names of this machine to the one that counts, with path and query', async () => {
    for (const name of ['localhost', '[::1]']) {
      const answer = await answerFor(`${name}:${gateway.port}`, '/second?x=1', 'text/html')
      expect(answer).toEqual({ status: 303, location: `${gateway.url}/second?x=1` })
    }
    const page = await browser.newPage()
    await page.goto(`http://localhost:${gateway.port}/second`)
    expect(new URL(page.url()).origin).toBe(gateway.url)
    await page.close()
  })

  it('answers no other name, and says what to do about it', async () => {
    const page = await browser.newPage()
    const answer = await page.goto(`http://app.test:${gateway.port}/`)
    expect(answer?.status()).toBe(421)
    await page.getByText('--public-url').waitFor()
    await page.close()
    for (const host of [
      'evil.example',
      `evil.example:${gateway.port}`,
      '127.0.0.1',
      `127.0.0.1:${gateway.port}.`,
    ])
      expect([host, await answerFor(host, '/', 'text/html')]).toEqual([host, { status: 421, location: '' }])
  })
})

describe('plain http beyond this machine', () => {
  it('is refused at the start, with the way out in the message', async () => {
    const address = ['--public-url', 'http://apps.example.org']
    const { code, output } = await holdfast([
      ...(await place()),
      ...address,
      '--',
      'streamlit',
      'run',
      'probe.py',
    ])
    expect(code).toBe(2)
    expect(output).toContain('--insecure-http')
    expect(output).toContain('https://')
  })

  it('is served when it is asked for', async () => {
    const port = await freePort()
    const url = `http://app.test:${port}`
    const insecure = await runGateway({ port, options: ['--public-url', url, '--insecure-http'] })
    try {
      const page = await browser.newPage()
      const answer = await page.goto(url)
      expect(answer?.status()).toBe(200)
      await page.getByLabel('Password').waitFor()
      await page.close()
    } finally {
      await insecure.stop()
      await removeFolder(insecure.folder)
    }
  })
})

describe('a start that cannot succeed', () => {
  it('says that the port is taken, and ends with 2', async () => {
    const { code, output } = await holdfast([
      ...(await place(gateway.port)),
      '--',
      'streamlit',
      'run',
      'probe.py',
    ])
    expect(code).toBe(2)
    expect(output).toContain('the port is taken')
  })

  it('says that there is no such command, and ends with 2', async () => {
    const { code, output } = await holdfast([...(await place()), '--', 'no-such-command-of-ours'])
    expect(code).toBe(2)
    expect(output).toContain('no-such-command-of-ours')
  })
})

async function place(port?: number): Promise<string[]> {
  const folder = join(gateway.folder, 'elsewhere')
  const users = join(gateway.folder, 'users.yaml')
  const listen = `127.0.0.1:${port ?? (await freePort())}`
  return ['run', '--listen', listen, '--users', users, '--store', `sqlite:${folder}/holdfast.db`]
}
