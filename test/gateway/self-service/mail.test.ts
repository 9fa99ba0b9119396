import type { SMTPServerOptions } from 'smtp-server'
import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from '../harness.ts'
import { type MailServer, startMailServer } from '../mail-server.ts'

const from = { address: '127.0.0.1' }

async function stage(
  options: SMTPServerOptions,
  host = '127.0.0.1',
  password: string | null = null,
): Promise<{ to: Harness; mail: MailServer }> {
  const mail = await startMailServer(options)
  const user = password === null ? '' : 'post@'
  const url = new URL(`smtp://${user}${host}:${mail.port}`)
  const to = await startHarness({ selfService: { mail: { url, from: 'kelp@example.org', password } } })
  return { to, mail }
}

function failures(to: Harness): readonly unknown[] {
  return to.log.filter(({ event }) => event === 'mail_failed').map(({ fields }) => fields)
}

describe('mail', () => {
  it('keeps nobody waiting: the answer is there while the server says nothing', async () => {
    let reached: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      reached = resolve
    })
    const { to, mail } = await stage({ onMailFrom: () => reached() })
    expect(await to.selfService.passwordReset?.ask('anna', from)).toEqual({ kind: 'asked' })
    await asked
    expect(mail.mails).toEqual([])
  }, 30_000)

  it('is tried again when the server is busy', async () => {
    let tries = 0
    const { to, mail } = await stage({
      onMailFrom(_address, _session, done) {
        tries += 1
        done(tries === 1 ? Object.assign(new Error('busy'), { responseCode: 451 }) : null)
      },
    })
    await to.selfService.passwordReset?.ask('anna', from)
    await mail.mailTo('anna@example.org')
    expect(failures(to)).toMatchObject([{ retried: true }])
  })

  it('is given up at once when the server will not have it; the log says so, and names nobody', async () => {
    let tries = 0
    const { to, mail } = await stage({
      onRcptTo({ address }, _session, done) {
        tries += 1
        done(Object.assign(new Error(`no such user ${address}`), { responseCode: 550 }))
      },
    })
    await to.selfService.passwordReset?.ask('anna', from)
    await to.selfService.idle()
    expect([tries, mail.mails.length]).toEqual([1, 0])
    expect(failures(to)).toMatchObject([{ retried: false, reason: expect.stringContaining('550') }])
    expect(JSON.stringify(to.log)).not.toContain('anna@example.org')
  })

  it('signs in with the password of the environment', async () => {
    const seen: string[] = []
    const { to, mail } = await stage(
      {
        authOptional: false,
        allowInsecureAuth: true,
        onAuth({ username = '', password = '' }, _session, done) {
          seen.push(`${username} ${password}`)
          done(null, { user: username })
        },
      },
      '127.0.0.1',
      'm4il',
    )
    await to.selfService.passwordReset?.ask('anna', from)
    await mail.mailTo('anna@example.org')
    expect(seen).toEqual(['post m4il'])
    expect(JSON.stringify(to.log)).not.toContain('m4il')
  })

  it('V12.3.1: leaves this machine by TLS or not at all, also where the offer of it was taken away', async () => {
    // This address is reached on this machine, and is none of those that are known to be it.
    const { to, mail } = await stage({ hideSTARTTLS: true }, '0.0.0.0')
    await to.selfService.passwordReset?.ask('anna', from)
    await expect.poll(() => failures(to).length, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(mail.mails).toEqual([])
  }, 30_000)
})
