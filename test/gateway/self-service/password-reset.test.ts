import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from '../harness.ts'
import type { HarnessOptions } from '../harness-options.ts'
import { linkIn, type MailServer, startMailServer } from '../mail-server.ts'
import { anna, ben, password } from '../people.ts'

const from = { address: '127.0.0.1' }
const fresh = 'kelp grows a foot a day'

async function stage(options: HarnessOptions = {}): Promise<{ to: Harness; mail: MailServer }> {
  const mail = await startMailServer()
  const selfService = { mail: { url: mail.url, from: 'Kelp <kelp@example.org>', password: null } }
  const to = await startHarness({ ...options, selfService: { ...selfService, ...options.selfService } })
  return { to, mail }
}

function reset(to: Harness): NonNullable<Harness['selfService']['passwordReset']> {
  if (to.selfService.passwordReset === null) throw new Error('not configured')
  return to.selfService.passwordReset
}

function tokenIn(mail: Awaited<ReturnType<MailServer['mailTo']>>): string {
  return linkIn(mail).searchParams.get('link') ?? ''
}

describe('a forgotten password', () => {
  it.each(['Anna', 'ANNA@example.org'])(
    'V6.4.1 V6.4.3: a link goes to the address of %s, changes nothing until used, works once and ends every session',
    async (account) => {
      const { to, mail } = await stage()
      const before = await to.signIn('anna')
      expect(await reset(to).ask(account, from)).toEqual({ kind: 'asked' })
      const letter = await mail.mailTo('anna@example.org')
      expect(letter.to).toEqual(['anna@example.org'])
      expect(letter.from).toBe('kelp@example.org')
      const token = tokenIn(letter)
      expect(linkIn(letter).href).toBe(`${to.origin}/_holdfast/reset-password?link=${token}`)
      for (let look = 0; look < 3; look++) expect(reset(to).opened(token)).toBe('anna')
      expect((await to.sessions.listUser(anna)).length).toBe(1)
      await to.signIn('anna')
      expect(await reset(to).reset(token, fresh, from)).toEqual({ kind: 'reset', userId: 'anna' })
      expect(await to.sessions.listUser(anna)).toEqual([])
      await expect(to.signIn('anna')).rejects.toThrow('401')
      expect(await reset(to).reset(token, 'another one altogether', from)).toEqual({ kind: 'link' })
      expect(await to.signIn('anna', fresh)).not.toBe(before)
    },
  )

  it('V6.3.7: tells its owner that it was changed; V6.3.5: and the logs, without a secret', async () => {
    const { to, mail } = await stage()
    await reset(to).ask('anna', from)
    const token = tokenIn(await mail.mailTo('anna@example.org'))
    await reset(to).reset(token, fresh, from)
    expect((await mail.mailTo('anna@example.org', 2)).subject).toBe('Your password for Kelp was changed')
    expect(to.events).toContainEqual({ event: 'password_reset', userId: 'anna' })
    const entry = (await to.audit.read(10)).entries.find(({ action }) => action === 'password')
    expect(entry).toMatchObject({ by: { userId: 'anna' }, outcome: 'done', from: '127.0.0.1' })
    const logs = JSON.stringify([to.log, to.events])
    for (const secret of [token, fresh, 'anna@example.org']) expect(logs).not.toContain(secret)
  })

  it('V6.5.1: of ten uses of a link at once one sets the password', async () => {
    const { to, mail } = await stage()
    await reset(to).ask('anna', from)
    const token = tokenIn(await mail.mailTo('anna@example.org'))
    const tries = Array.from({ length: 10 }, (_, n) => reset(to).reset(token, `${fresh} ${n}`, from))
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'reset')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'link')).toHaveLength(9)
  })

  it('one link used makes the others worthless, and so does a password changed by other means', async () => {
    const { to, mail } = await stage()
    await reset(to).ask('anna', from)
    await reset(to).ask('anna', from)
    const second = tokenIn(await mail.mailTo('anna@example.org', 2))
    const first = tokenIn(mail.mails[0] as (typeof mail.mails)[number])
    expect(first).not.toBe(second)
    await reset(to).reset(second, fresh, from)
    expect(reset(to).opened(first)).toBeNull()
    expect(await reset(to).reset(first, 'another one altogether', from)).toEqual({ kind: 'link' })
  })

  it('V6.4.1: is good for half an hour, and no longer', async () => {
    let now = Date.now()
    const { to, mail } = await stage({ now: () => now })
    await reset(to).ask('anna', from)
    const token = tokenIn(await mail.mailTo('anna@example.org'))
    now += 30 * 60_000 - 1
    expect(reset(to).opened(token)).toBe('anna')
    now += 1
    expect(reset(to).opened(token)).toBeNull()
    expect(await reset(to).reset(token, fresh, from)).toEqual({ kind: 'link' })
  })

  it('a weak password does not use the link up', async () => {
    const { to, mail } = await stage()
    await reset(to).ask('anna', from)
    const token = tokenIn(await mail.mailTo('anna@example.org'))
    expect(await reset(to).reset(token, 'password', from)).toMatchObject({ kind: 'weak' })
    expect(await reset(to).reset(token, fresh, from)).toMatchObject({ kind: 'reset' })
  })

  it('takes no link that it did not make, of another purpose, or changed by one character', async () => {
    const { to, mail } = await stage({ selfService: { registration: openToAll } })
    await to.selfService.registration?.ask('new@example.org', from)
    const other = tokenIn(await mail.mailTo('new@example.org'))
    await reset(to).ask('anna', from)
    const token = tokenIn(await mail.mailTo('anna@example.org'))
    const changed = [0, 20, token.length - 1].map(
      (at) => `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`,
    )
    for (const forged of [
      '',
      'x',
      other,
      `${token}=`,
      `${token}A`,
      ` ${token}`,
      'A'.repeat(5000),
      ...changed,
    ])
      expect(await reset(to).reset(forged, fresh, from), forged).toEqual({ kind: 'link' })
    await to.signIn('anna')
  })

  it('asking is the same for who is unknown, disabled or has no address, and sends them nothing', async () => {
    const { to, mail } = await stage()
    await to.users.add('cleo', { password, email: 'cleo@example.org' })
    await to.users.setDisabled('cleo', true)
    const answers = []
    for (const account of [
      'ghost',
      ben.userId,
      'cleo',
      'cleo@example.org',
      '',
      '\0',
      'x'.repeat(5000),
      'anna',
    ])
      answers.push(await reset(to).ask(account, from))
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"kind":"asked"}']))
    await to.selfService.idle()
    expect(mail.mails.map((one) => one.to)).toEqual([['anna@example.org']])
  })

  it('goes to nobody for an address that several have: it does not say whose', async () => {
    const { to, mail } = await stage()
    await to.users.add('anna2', { password, email: 'anna@example.org' })
    await reset(to).ask('anna@example.org', from)
    await reset(to).ask('anna2', from)
    await to.selfService.idle()
    expect(mail.mails.map(({ text }) => /password of (\S+)/.exec(text)?.[1])).toEqual(['anna2'])
  })

  it('floods nobody: two mails from one network, three from all, and the last link is good while no more come', async () => {
    let now = Date.now()
    const { to, mail } = await stage({ now: () => now })
    for (let n = 0; n < 5; n++) expect(await reset(to).ask('anna', from)).toEqual({ kind: 'asked' })
    for (let n = 0; n < 15; n++)
      expect(await reset(to).ask('anna', { address: `10.1.${n}.1` })).toEqual({ kind: 'asked' })
    await to.selfService.idle()
    expect(mail.mails).toHaveLength(3)
    now += 20 * 60_000 - 2_000
    expect(reset(to).opened(tokenIn(mail.mails[2] as (typeof mail.mails)[number]))).toBe('anna')
    now += 20 * 60_000
    await reset(to).ask('anna', from)
    await to.selfService.idle()
    expect(mail.mails).toHaveLength(4)
  })

  it('refuses a network that asks for many, known or not, and no other network', async () => {
    const { to } = await stage()
    let last: unknown
    for (let n = 0; n < 21; n++) last = await reset(to).ask(`ghost${n}`, from)
    expect(last).toMatchObject({ kind: 'throttled' })
    expect(await reset(to).ask('anna', from)).toMatchObject({ kind: 'throttled' })
    expect(await reset(to).ask('anna', { address: '10.2.0.1' })).toEqual({ kind: 'asked' })
  })

  it('says that it cannot, and sets nothing, while the store cannot tell', async () => {
    const { to, mail } = await stage()
    await reset(to).ask('anna', from)
    const token = tokenIn(await mail.mailTo('anna@example.org'))
    to.store.away = true
    expect(await reset(to).ask('anna', from)).toEqual({ kind: 'unavailable' })
    expect(await reset(to).reset(token, fresh, from)).toEqual({ kind: 'unavailable' })
    to.store.away = false
    await to.signIn('anna')
    expect(await reset(to).reset(token, fresh, from)).toMatchObject({ kind: 'reset' })
  })
})

const openToAll = { open: true, domains: [], emails: [], fields: [], roles: [] }
