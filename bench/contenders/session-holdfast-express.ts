/** Holdfast in Express, on its memory store. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expressSessions } from '../../src/adapters/express.ts'
import { control, serve } from './session-app.ts'
import { appSession, sessions } from './session-holdfast.ts'

const { middleware, sessionOf } = expressSessions(sessions)
const app = express()
app.disable('etag')
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
