/** The keys of an EncryptedCookieManager's cookies, each of which takes a core a tenth of a second. */
import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSessions } from '../../src/adapters/sessions.ts'
import { AuthError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { processorTime } from '../processor-time.ts'
import { madeAt } from './golden.ts'
import { encrypted } from './samples.ts'

const password = 'the password of the old app'
const transport = () => encrypted.open(password)

function header(salt: Uint8Array, token: string): { readonly cookie: string } {
  const params = encodeURIComponent(`${Buffer.from(salt).toString('base64')}:390000:AAAA`)
  return { cookie: `app%2Fuser=${token}; app%2FEncryptedCookieManager.key_params=${params}` }
}

/** A cookie as the manager writes one. */
function cookieOf(user: string): { readonly cookie: string } {
  const salt = randomBytes(16)
  const key = pbkdf2Sync(password, salt, 390_000, 32, 'sha256')
  const head = Buffer.alloc(9)
  head[0] = 0x80
  head.writeBigUInt64BE(BigInt(Math.floor(madeAt / 1000)), 1)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv)
  const signed = Buffer.concat([head, iv, cipher.update(user), cipher.final()])
  const mac = createHmac('sha256', key.subarray(0, 16)).update(signed).digest()
  const token = Buffer.concat([signed, mac]).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  return header(salt, encodeURIComponent(token))
}

/** What anybody can send without the password. */
const forged = (): { readonly cookie: string } => header(randomBytes(16), `gAAAA${'A'.repeat(95)}`)

describe('keys that others ask for, too', () => {
  it('that cannot be made now are no answer: whoever has a good cookie is told to come again', async () => {
    const cookies = transport()
    const good = cookieOf('anna')
    const attack = [cookies.read(forged(), madeAt), cookies.read(forged(), madeAt)]
    const turned = await cookies.read(good, madeAt).catch((error: unknown) => error)
    expect(turned).toBeInstanceOf(AuthError)
    expect(turned).toMatchObject({ code: 'ERR_AUTH_BUSY' })
    expect(await Promise.all(attack)).toEqual([null, null])
    expect(await cookies.read(good, madeAt)).toMatchObject({ user: 'anna' })
  })

  it('are answered with 503 by every adapter', async () => {
    const sessions = await createSessions({ store: memoryStore(), origin: 'http://localhost:3000' })
    expect(sessions.answerTo(new AuthError('ERR_AUTH_BUSY', 'Later.'))).toMatchObject({ status: 503 })
    await sessions.close()
  })

  it('are made once for a browser that opens all its tabs at once', async () => {
    const cookies = transport()
    const good = cookieOf('anna')
    const all = await Promise.all(Array.from({ length: 8 }, () => cookies.read(good, madeAt)))
    expect(all.map((one) => one?.user)).toEqual(Array(8).fill('anna'))
  })

  it('are kept once they opened something, and then an attack keeps nobody out', async () => {
    const cookies = transport()
    const good = cookieOf('anna')
    const first = await processorTime(() => cookies.read(good, madeAt))
    const attack = [cookies.read(forged(), madeAt), cookies.read(forged(), madeAt)]
    expect(await cookies.read(good, madeAt)).toMatchObject({ user: 'anna' })
    await Promise.all(attack)
    expect(await processorTime(() => cookies.read(good, madeAt))).toBeLessThan(first / 4)
  })

  it('are not kept if they opened nothing: guesses take nobody’s place', async () => {
    const cookies = transport()
    const guess = forged()
    const first = await processorTime(() => cookies.read(guess, madeAt))
    expect(await processorTime(() => cookies.read(guess, madeAt))).toBeGreaterThan(first / 4)
  })
})
