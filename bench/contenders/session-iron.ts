/** iron-session in Express: everything is in the cookie, and nothing on the server. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { getIronSession } from 'iron-session'
import { type AppSession, control, secret, serve } from './session-app.ts'

interface Data {
  user?: string
  a?: string
  b?: string
}

const app = express()
app.disable('etag')
const options = { password: secret, cookieName: 'iron', cookieOptions: { secure: false } }
app.get('/lean/who', async (request, response) => {
  const { user } = await getIronSession<Data>(request, response, options)
  response.json({ user })
})
app.get('/lean/value', async (request, response) => {
  const { a } = await getIronSession<Data>(request, response, options)
  response.json({ a })
})
app.post('/lean/set', async (request, response) => {
  const session = await getIronSession<Data>(request, response, options)
  session.a = String(request.query.n)
  await session.save()
  response.json({ user: session.user })
})
app.use(async (request, response, next) => {
  const answer = await control(request.originalUrl)
  if (answer === null) next()
  else response.type('json').send(answer)
})
app.use(async (request, response) => {
  const session = await getIronSession<Data>(request, response, options)
  let isChanged = false
  const own: AppSession = {
    user: () => session.user ?? null,
    get: (key) => session[key as 'a'],
    set(key, value) {
      session[key as 'a'] = value
      isChanged = true
    },
    signIn(user) {
      session.user = user
      isChanged = true
    },
    signOut: () => session.destroy(),
    renew: null,
  }
  const body = await serve(request.originalUrl, own)
  if (isChanged) await session.save()
  response.type('json').send(body)
})
const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
