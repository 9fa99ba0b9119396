import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { enter, sessionCookie, settled, shown, shows, signIn, signInPath } from './browser.ts'
import { holdfast } from './gateway.ts'
import { setStage } from './stage.ts'

const stage = setStage()

function secretFile(): string {
  return join(stage.gateway.folder, 'store/secret')
}

async function rotate(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const store = `sqlite:${join(stage.gateway.folder, 'store/holdfast.db')}`
  const { code, output } = await holdfast(['secrets', 'rotate', '--store', store], env)
  if (code !== 0) throw new Error(output)
}

async function restart(env: NodeJS.ProcessEnv = {}): Promise<void> {
  await stage.gateway.stop()
  stage.gateway = await stage.gateway.again(env)
}

/** F5: still Anna. */
async function stillIn(): Promise<void> {
  await stage.page.reload()
  await settled(stage.page)
  expect(await shown(stage.page, 'user')).toBe('anna')
}

/** Somebody new can sign in as well. */
async function othersGetIn(): Promise<void> {
  const other = await stage.browser.newContext()
  const tab = await other.newPage()
  await enter(tab, stage.gateway.url, 'ben')
  expect(await shown(tab, 'user')).toBe('ben')
  await other.close()
}

describe('a new secret', () => {
  it('B24: signs nobody out, not while it runs and not at the next start', async () => {
    await enter(stage.page, stage.gateway.url, 'anna', { remember: true })
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '1')
    await settled(stage.page)
    const session = await shown(stage.page, 'session')
    const cookie = await sessionCookie(stage.context, stage.gateway.url)
    const old = await readFile(secretFile(), 'utf8')

    await rotate()
    expect(await readFile(secretFile(), 'utf8')).not.toContain(old.trim())
    await stillIn()
    expect(await shown(stage.page, 'session')).toBe(session)
    expect(await shown(stage.page, 'count')).toBe('1')
    await othersGetIn()

    await restart()
    await stillIn()
    await othersGetIn()
    // The same cookie, kept as long as before.
    expect(await sessionCookie(stage.context, stage.gateway.url)).toEqual(cookie)
  })

  it('leaves the old one good for nothing', async () => {
    const old = await readFile(secretFile(), 'utf8')
    await rotate()
    const fresh = await readFile(secretFile(), 'utf8')
    await stage.gateway.stop()
    await writeFile(secretFile(), old)
    await expect(stage.gateway.again()).rejects.toThrow(/secret/)
    await writeFile(secretFile(), fresh)
    stage.gateway = await stage.gateway.again()
  })

  it('B24: given in the environment goes in three steps, and signs nobody out at any', async () => {
    const [old, fresh] = [await readFile(secretFile(), 'utf8'), randomBytes(32).toString('base64url')]
    await enter(stage.page, stage.gateway.url)
    await restart({ HOLDFAST_SECRET: `${fresh},${old.trim()}` })
    await stillIn()
    await restart({ HOLDFAST_SECRET: fresh })
    await stillIn()
    await rotate({ HOLDFAST_SECRET: fresh })
    await stillIn()
    await restart({ HOLDFAST_SECRET: fresh })
    await stillIn()
  }, 90_000)
})

describe('a cookie of another time', () => {
  it('B24: is taken away without a word, and nobody is stuck', async () => {
    const name = `holdfast-${stage.gateway.port}`
    const left = [
      'eyJzdWIiOiJhbm5hIn0.Zx8yLQ.3kq0Yw8eJ0sH1m4hH0l0i8k8kX0',
      'v0.k1.abcdefgh',
      'v9.aaaaaaaa.bbbbbbbb.cccccccc.dddddddd',
      'deleted',
      '%7B%22id%22%3A1%7D',
      'A'.repeat(3_900),
    ]
    for (const value of left) {
      await stage.context.addCookies([
        { name, value, url: stage.gateway.url },
        { name: 'holdfast', value, url: stage.gateway.url },
        { name: `holdfast-form-${stage.gateway.port}`, value, url: stage.gateway.url },
      ])
      await stage.page.goto(stage.gateway.url)
      expect(stage.page.url()).toMatch(signInPath)
      const kept = await stage.context.cookies(stage.gateway.url)
      expect(kept.find((cookie) => cookie.name === name)).toBeUndefined()
    }
    await signIn(stage.page)
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('anna')
  })
})
