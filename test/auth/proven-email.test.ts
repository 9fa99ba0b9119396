/** An address that was proven by a link counts only while what the link depends on is as it was, in the file itself. */
import { describe, expect, it } from 'vitest'
import { type opened, withAnna } from './opened-users.ts'

type Opened = Awaited<ReturnType<typeof opened>>

const email = 'anna@example.net'

describe('an address that a link has proven', () => {
  it('is set once, while nothing has changed', async () => {
    const { users } = await withAnna('    email: anna@example.org\n')
    const mark = users.resetMark('anna') ?? ''
    expect(await users.setEmail('Anna', email, mark)).toEqual({ done: true })
    expect(users.details('anna')?.email).toBe(email)
    expect(await users.setEmail('anna', 'other@example.net', mark)).toBe('stale')
  })

  it.each([
    ['another password', (users: Opened) => users.setPassword('anna', 'xq7-vbwz-other')],
    ['another address', (users: Opened) => users.setDetails('anna', { email: 'new@example.org' })],
    ['being disabled', (users: Opened) => users.setDisabled('anna', true)],
    ['being removed', (users: Opened) => users.remove('anna')],
  ])('is refused after %s', async (_what, change) => {
    const { users } = await withAnna('    email: anna@example.org\n')
    const mark = users.resetMark('anna') ?? ''
    await change(users)
    const before = users.details('anna')?.email
    expect(await users.setEmail('anna', email, mark)).toBe('stale')
    expect(users.details('anna')?.email).toBe(before)
  })

  it('is nobody else’s', async () => {
    const { users } = await withAnna(`    email: anna@example.org\n  ben:\n    email: ${email}\n`)
    expect(await users.setEmail('anna', email, users.resetMark('anna') ?? '')).toBe('email-taken')
  })
})
