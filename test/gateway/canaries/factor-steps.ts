/** Somebody gets a second factor, signs in with it, and shows it once more. */
import { totpCode, totpStep } from '../../../src/auth/totp.ts'
import type { Harness } from '../harness.ts'
import { addApp, codesOn } from '../second-factor.ts'
import { Visitor } from '../visitor.ts'
import { minute, own, person, type Scene } from './scene.ts'

export async function byFactors(
  { canaries }: Scene,
  to: Harness,
  password: string,
  pass: (milliseconds: number) => number,
  now: () => number,
): Promise<{ password: string; secret: string }> {
  const shownOnce = /^body of POST \S+account\/factors$/
  const visitor = new Visitor(to)
  await visitor.enter(person.userId, password)
  const { secret, codes } = await addApp(visitor, now, password)
  const grouped = secret.match(/.{1,4}/g)?.join(' ') ?? ''
  canaries.hide('the secret of an authenticator app, as it is shown', grouped, shownOnce)
  canaries.hide('the secret of an authenticator app', secret)
  canaries.hide('the bytes of that secret', base32(secret))
  await visitor.get(`${own}/account/factors`)
  const fresh = codesOn((await visitor.post(`${own}/account/factors`, { action: 'recovery' })).body)
  for (const code of [...codes, ...fresh]) {
    canaries.hide('a recovery code', code, shownOnce)
    canaries.hide('a recovery code', code.replaceAll('-', ''))
  }
  await visitor.get(`${own}/sign-out`)
  await visitor.post(`${own}/sign-out`, {})
  let inside = visitor
  const wrong = ['AAAA-AAAA-AAAA-AAAA', codes[0] ?? '']
  const tries = [...wrong, fresh[0] ?? '', () => totpCode(secret, totpStep(pass(30_000)))]
  for (const [network, code] of tries.entries()) {
    inside = new Visitor(to)
    // Each from another network, or it would be one that guesses.
    inside.headers['x-forwarded-for'] = `203.0.113.${network}`
    await inside.enter(person.userId, password, '/vault/x')
    await inside.get(`${own}/factor`)
    await inside.post(`${own}/factor`, { action: 'code', code: typeof code === 'string' ? code : code() })
  }
  await inside.get('/vault/x')
  pass(6 * minute)
  await inside.get(`${own}/step-up?return_to=%2Fvault%2Fx`)
  await inside.post(`${own}/step-up`, { action: 'code', code: totpCode(secret, totpStep(pass(30_000))) })
  await inside.get('/vault/x')
  return { password, secret }
}

function base32(text: string): Buffer {
  const bits = [...text].map((one) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
