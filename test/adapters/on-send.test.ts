import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import { fastifySessions } from '../../src/adapters/fastify.ts'
import { createSessions } from '../../src/adapters/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret } from '../core/samples.ts'
import { origin } from './browser.ts'

/** What is answered by an app whose own onSend hook, before ours or behind it, sets something. */
async function answered(place: 'before' | 'behind', path: string) {
  const sessions = await createSessions({ store: memoryStore(), secret, origin })
  const { plugin, sessionOf } = fastifySessions(sessions)
  const app = fastify()
  let code: string | null = null
  const hook = (): unknown =>
    app.addHook('onSend', async (request, _reply, payload) => {
      try {
        sessionOf(request).set('seen', 1)
      } catch (error) {
        code = (error as { code: string }).code
      }
      return payload
    })
  if (place === 'before') hook()
  await app.register(plugin)
  if (place === 'behind') hook()
  app.get('/plain', () => 'plain')
  app.get('/set', (request) => {
    sessionOf(request).set('last', 1)
    return 'set'
  })
  const reply = await app.inject(path)
  const cookies = [reply.headers['set-cookie'] ?? []].flat().length
  await app.close()
  await sessions.close()
  return { status: reply.statusCode, code, cookies }
}

describe('Fastify', () => {
  it.each(['/plain', '/set'])(
    'says so where an onSend hook behind its own sets something, which nobody would save: %s',
    async (path) => {
      expect(await answered('behind', path)).toEqual({
        status: 200,
        code: 'ERR_RESPONSE_STARTED',
        cookies: path === '/set' ? 1 : 0,
      })
    },
  )

  it.each(['/plain', '/set'])('saves what an onSend hook before its own sets: %s', async (path) => {
    expect(await answered('before', path)).toEqual({ status: 200, code: null, cookies: 1 })
  })
})
