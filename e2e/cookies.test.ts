import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { enter, sessionCookie, settled, shown, shows, signIn, signInPath, signOut } from './browser.ts'
import { setStage } from './stage.ts'

const stage = setStage()

/** The name and value of the session's cookie in a browser; fails if it has none. */
async function held(of: BrowserContext = stage.context): Promise<{ name: string; value: string }> {
  const cookie = await sessionCookie(of, stage.gateway.url)
  if (cookie === null) throw new Error('The browser holds no session.')
  return cookie
}

/** How the gateway answers who presents this value: `in`, or `out` with no word about any cookie. */
async function answerTo(value: string): Promise<'in' | 'out'> {
  const headers = { cookie: `${cookieName()}=${value}` }
  const answer = await fetch(`${stage.gateway.url}/_stcore/host-config`, { headers, redirect: 'manual' })
  expect([200, 401]).toContain(answer.status)
  if (answer.status === 401) expect(answer.headers.get('set-cookie')).toBeNull()
  return answer.status === 200 ? 'in' : 'out'
}

function cookieName(): string {
  return `holdfast-${stage.gateway.port}`
}

async function plant(value: string): Promise<void> {
  await stage.context.addCookies([{ name: cookieName(), value, url: stage.gateway.url }])
}

/** A browser of Ben's, signed in. */
async function benSignedIn(): Promise<{ context: BrowserContext; page: Page; session: string }> {
  const other = await stage.browser.newContext()
  const tab = await other.newPage()
  await enter(tab, stage.gateway.url, 'ben')
  return { context: other, page: tab, session: await shown(tab, 'session') }
}

/** The credential that anybody is given who says they run a page. */
async function anonymous(): Promise<string> {
  const answer = await fetch(`${stage.gateway.url}/_holdfast/begin`, {
    method: 'POST',
    headers: { origin: stage.gateway.url },
  })
  return /=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? ''
}

function changedAt(text: string, index: number): string {
  const swap = text[index] === 'A' ? 'B' : 'A'
  return text.slice(0, index) + swap + text.slice(index + 1)
}

describe('a cookie we did not write', () => {
  it('B13: a right token with a wrong signature changes nothing, and the owner keeps everything', async () => {
    await enter(stage.page, stage.gateway.url)
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '1')
    const session = await shown(stage.page, 'session')
    const { value } = await held()
    const [version = '', kid = '', token = '', mac = ''] = value.split('.')
    const forgeries = [
      `${version}.${kid}.${token}.${changedAt(mac, 0)}`,
      `${version}.${kid}.${token}.${changedAt(mac, 10)}`,
      `${version}.${kid}.${token}.`,
      `${version}.${kid}.${token}`,
      `${version}.${kid}.${changedAt(token, 5)}.${mac}`,
      `${version}.${changedAt(kid, 0)}.${token}.${mac}`,
      `a1.${kid}.${token}.${mac}`,
      `a1.${kid}.zzzz.${token}.${mac}`,
      `v2.${kid}.${token}.${mac}`,
      `${value}A`,
      `${value}.`,
      `"${value}`,
    ]
    for (const forgery of forgeries) expect([forgery, await answerTo(forgery)]).toEqual([forgery, 'out'])
    await stage.page.reload()
    await settled(stage.page)
    expect(await shown(stage.page, 'session')).toBe(session)
    expect(await shown(stage.page, 'count')).toBe('1')
  })

  it('B15: a name, a path, a UUID, something endless or binary counts as no cookie', async () => {
    const guesses = [
      'anna',
      '1',
      '../x',
      '../../store/holdfast.db',
      '{123e4567-e89b-12d3-a456-426614174000}',
      '123e4567-e89b-12d3-a456-426614174000',
      'v1...',
      'v1.a.b.c',
      '%00%ff',
      '\x80\xff\xfe',
      "' OR 1=1 --",
      'x'.repeat(60_000),
      'v1.'.repeat(10_000),
      JSON.stringify({ sub: 'anna' }),
    ]
    for (const guess of guesses)
      expect([guess.slice(0, 40), await answerTo(guess)]).toEqual([guess.slice(0, 40), 'out'])
    await plant('123e4567-e89b-12d3-a456-426614174000')
    await stage.page.goto(stage.gateway.url)
    expect(stage.page.url()).toMatch(signInPath)
    expect(await sessionCookie(stage.context, stage.gateway.url)).toBeNull()
    await signIn(stage.page)
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('anna')
  })
})

describe('fixation', () => {
  it('B14: a value the attacker chose is not adopted', async () => {
    const [, kid = ''] = (await anonymous()).split('.')
    const chosen = `v1.${kid}.${'A'.repeat(43)}.${'A'.repeat(22)}`
    await plant(chosen)
    await enter(stage.page, stage.gateway.url)
    expect((await held()).value).not.toBe(chosen)
    expect(await answerTo(chosen)).toBe('out')
  })

  it('B14: an anonymous credential the attacker was given is not adopted', async () => {
    const value = await anonymous()
    expect(value).toMatch(/^a1\./)
    await plant(value)
    await enter(stage.page, stage.gateway.url)
    expect((await held()).value).not.toBe(value)
    expect(await answerTo(value)).toBe('out')
  })

  it("B14: the attacker's own valid session, planted while the form is open, never becomes the victim's", async () => {
    const ben = await benSignedIn()
    await stage.page.goto(stage.gateway.url)
    const { value } = await held(ben.context)
    await plant(value)
    await signIn(stage.page, 'anna')
    await settled(stage.page)
    expect(await shown(stage.page, 'user')).toBe('anna')
    expect(await shown(stage.page, 'session')).not.toBe(ben.session)
    expect((await held()).value).not.toBe(value)
    await ben.page.goto(stage.gateway.url)
    if (!signInPath.test(ben.page.url())) {
      await settled(ben.page)
      expect(await shown(ben.page, 'user')).toBe('ben')
    }
    await ben.context.close()
  })

  it('B14: every sign-in has a cookie of its own, and sign-out leaves none', async () => {
    const values = new Set<string>()
    await stage.page.goto(stage.gateway.url)
    for (let times = 0; times < 3; times++) {
      await signIn(stage.page)
      await settled(stage.page)
      values.add((await held()).value)
      await signOut(stage.page)
      expect(await sessionCookie(stage.context, stage.gateway.url)).toBeNull()
    }
    expect(values.size).toBe(3)
    for (const value of values) expect(await answerTo(value)).toBe('out')
  })
})

describe('what we set', () => {
  it('B17: goes by our own word: after sign-in the form leaves nothing, after sign-out the session leaves nothing', async () => {
    await enter(stage.page, stage.gateway.url, 'anna', { remember: true })
    expect(await ours()).toEqual([cookieName()])
    await signOut(stage.page)
    // The sign-in page that follows is a form again.
    expect(await ours()).toEqual([`holdfast-form-${stage.gateway.port}`])
  })

  it('B17: leaves the cookies of others alone', async () => {
    await stage.context.addCookies([{ name: 'theirs', value: 'kept', url: stage.gateway.url }])
    await enter(stage.page, stage.gateway.url)
    await signOut(stage.page)
    const names = (await stage.context.cookies(stage.gateway.url)).map(({ name }) => name)
    expect(names).toContain('theirs')
    expect(names).toContain('_streamlit_xsrf')
  })
})

async function ours(): Promise<string[]> {
  const cookies = await stage.context.cookies(stage.gateway.url)
  return cookies.map(({ name }) => name).filter((name) => name.includes('holdfast'))
}
