/** Holdfast in Express, in Redis or in memory. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expressSessions } from '../../src/adapters/express.ts'
import { control, serve } from './session-app.ts'
import { appSession, sessions } from './session-holdfast.ts'

const { middleware, sessionOf } = expressSessions(sessions)
const app = express()
app.disable('etag')
app.get('/lean/who', middleware, (request, response) => {
  response.json({ user: sessionOf(request).identity?.userId })
})
app.get('/lean/value', middleware, async (request, response) => {
  response.json({ a: await sessionOf(request).get('a') })
})
app.post('/lean/set', middleware, (request, response) => {
  const session = sessionOf(request)
  session.set('a', String(request.query.n))
  response.json({ user: session.identity?.userId })
})
app.use(async (request, response, next) => {
  const answer = await control(request.originalUrl)
  if (answer === null) next()
  else response.type('json').send(answer)
})
app.use(middleware)
app.use(async (request, response) => {
  response.type('json').send(await serve(request.originalUrl, appSession(sessionOf(request))))
})
const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
