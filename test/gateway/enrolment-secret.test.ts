import { expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { startHarness } from './harness.ts'
import { password } from './people.ts'
import { clock, secretOn } from './second-factor.ts'
import { Visitor } from './visitor.ts'

it('security: a wrong code does not show the secret again to whoever has a copy of the cookies', async () => {
  const at = clock()
  const to = await startHarness({ now: at.read })
  const owner = new Visitor(to)
  await owner.enter('anna')
  await owner.get('/_holdfast/account/factors')
  const begun = await owner.post('/_holdfast/account/factors', { action: 'totp-start', password })
  const secret = secretOn(begun.body)
  const wrong = await owner.post('/_holdfast/account/factors', { action: 'totp-confirm', code: '000000' })
  for (const part of ['class="secret"', 'The secret as a QR code', secret.slice(0, 4)]) {
    expect(begun.body).toContain(part)
    expect(wrong.body).not.toContain(part)
  }
  expect(wrong.body).toContain('begin again')
  const code = totpCode(secret, totpStep(at.read()))
  const right = await owner.post('/_holdfast/account/factors', { action: 'totp-confirm', code })
  expect(right.status).toBe(200)
  expect(right.body).toContain('recovery codes')
})
