/**
 * Five ways of keeping what people were working on, one page each. Press F5, restart, open a second tab.
 *
 *     npm run build
 *     export HOLDFAST_SECRET=$(node -p "crypto.randomBytes(32).toString('base64url')")
 *     node examples/typescript/keeping.ts
 */
import { join } from 'node:path'
import express from 'express'
import { createSessions, ensureUrlSession, hydrateUrlSession, persist, persistUrlSession } from 'holdfast'
import { expressSessions } from 'holdfast/express'
import { sqliteStore } from 'holdfast/sqlite'
import { button, escaped, field, form, list, page } from './keeping-page.ts'

const port = Number(process.env.PORT ?? 3000)
const folder = process.env.KEEPING_FOLDER ?? import.meta.dirname

class Expedition {
  samples: { species: string; takenAt: Date }[] = []
  weather: 'calm' | 'rough' = 'calm'
}
// With a build step: @persist('expedition') class Expedition { … }
persist<Expedition>('expedition')(Expedition)

const sessions = await createSessions<{ basket: string[] }>({
  store: sqliteStore({ path: join(folder, 'keeping.db') }),
  secret: process.env.HOLDFAST_SECRET,
  origin: `http://127.0.0.1:${port}`,
  name: 'keeping',
})
const { middleware, sessionOf } = expressSessions(sessions)
const app = express().use(middleware, express.urlencoded())

// Values under keys. Two tabs that add at once both keep theirs.
app.get('/', async (request, response) => {
  const basket = (await sessionOf(request).get('basket')) ?? []
  const add = form('/basket', field('seaweed', 'Seaweed') + button('Put into the basket'))
  const empty = form('/basket/empty', button('Empty the basket'))
  response.send(page('Values', `${add}${list(basket, 'The basket is empty.')}${empty}`))
})
app.post('/basket', async (request, response) => {
  const seaweed = String(request.body.seaweed)
  if (seaweed !== '') await sessionOf(request).update('basket', (basket = []) => [...basket, seaweed])
  response.redirect(303, '/')
})
app.post('/basket/empty', (request, response) => {
  sessionOf(request).delete('basket')
  response.redirect(303, '/')
})

// An object: what changed in it is saved with the response.
app.get('/object', async (request, response) => {
  const { samples, weather } = await sessionOf(request).persisted(Expedition)
  const take = form('/object', field('species', 'Species') + button('Take a sample'))
  const turn = form('/object/weather', button('The weather turns'))
  const taken = samples.map(({ species, takenAt }) => `${species}, ${takenAt.toISOString().slice(0, 10)}`)
  response.send(page('An object', `${take}${list(taken, 'No samples yet.')}<p>The sea is ${weather}.${turn}`))
})
app.post('/object', async (request, response) => {
  const expedition = await sessionOf(request).persisted(Expedition)
  expedition.samples.push({ species: String(request.body.species), takenAt: new Date() })
  response.redirect(303, '/object')
})
app.post('/object/weather', async (request, response) => {
  const expedition = await sessionOf(request).persisted(Expedition)
  expedition.weather = expedition.weather === 'calm' ? 'rough' : 'calm'
  response.redirect(303, '/object')
})

// The person's own, on every device.
app.get('/person', async (request, response) => {
  const { identity, user } = sessionOf(request)
  if (user === null) {
    const enter = form('/sign-in', field('name', 'Your name') + button('Sign in'))
    response.send(page('The person', `<p>A name will do: this is an example.${enter}`))
    return
  }
  const beach = await user.get('beach')
  const set = form('/person', field('beach', 'Favourite beach') + button('Keep'))
  const said = beach === undefined ? 'no beach yet' : escaped(String(beach))
  const leave = form('/sign-out', button('Sign out'))
  response.send(page('The person', `<p>${escaped(identity?.userId ?? '')} likes ${said}.${set}${leave}`))
})
app.post('/person', async (request, response) => {
  await sessionOf(request).user?.set('beach', String(request.body.beach))
  response.redirect(303, '/person')
})
app.post('/sign-in', async (request, response) => {
  await sessionOf(request).signIn({ userId: String(request.body.name) })
  response.redirect(303, '/person')
})
app.post('/sign-out', async (request, response) => {
  await sessionOf(request).signOut()
  response.redirect(303, '/person')
})

// What one tab writes all others show, without a reload.
app.get('/live', (_, response) => {
  const script = `<script>
    const status = document.querySelector('output')
    const events = new EventSource('/live/events')
    events.onopen = () => { status.value = 'connected' }
    events.onmessage = ({ data }) => { document.querySelector('#note').value = JSON.parse(data) }
    document.querySelector('#note').oninput = ({ target }) =>
      fetch('/live', { method: 'POST', body: new URLSearchParams({ note: target.value }) })
  </script>`
  const note = '<label>A note for all tabs <textarea id="note" rows="5"></textarea></label>'
  response.send(page('Live', `<p>Open this page twice.${note}<p><output></output>${script}`))
})
app.post('/live', async (request, response) => {
  const { session } = sessionOf(request).state ?? {}
  await session?.set('note', String(request.body.note))
  response.status(204).end()
})
app.get('/live/events', async (request, response) => {
  const session = sessionOf(request)
  // Only what is stored can be watched: this browser's session begins here, if it has none.
  if (session.state === null) await session.update('basket', (basket = []) => basket)
  const scope = session.state?.session
  if (scope === undefined) {
    response.status(401).end()
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const tell = (note: unknown): void => void response.write(`data: ${JSON.stringify(note ?? '')}\n\n`)
  const stop = scope.watch((event) => {
    if (event.kind === 'ended') response.end()
    else if (event.kind === 'gap') void scope.get('note').then(tell)
    else if (event.items.has('note')) tell(event.items.get('note')?.value)
  })
  response.on('close', stop)
  tell(await scope.get('note'))
})

// Without any cookie: whoever has the link goes on where it was left.
app.get('/address', async (request, response) => {
  const who = sessionOf(request).state
  const asked = new URL(request.originalUrl, `http://127.0.0.1:${port}`)
  const { url, created } = await ensureUrlSession(sessions.urlSessions, asked, { who, env: process.env })
  response.set('referrer-policy', 'no-referrer')
  if (created) {
    response.redirect(303, url.pathname + url.search)
    return
  }
  const held: { guesses?: number[] } = {}
  await hydrateUrlSession(sessions.urlSessions, url, held, { who })
  const guess = form(
    url.pathname + url.search,
    field('guess', 'How many plants?', 'number') + button('Guess'),
  )
  response.send(page('In the address', `${guess}${list(held.guesses ?? [], 'No guesses yet.')}`))
})
app.post('/address', async (request, response) => {
  const who = sessionOf(request).state
  const url = new URL(request.originalUrl, `http://127.0.0.1:${port}`)
  const held: { guesses?: number[] } = {}
  await hydrateUrlSession(sessions.urlSessions, url, held, { who })
  held.guesses = [...(held.guesses ?? []), Number(request.body.guess)]
  await persistUrlSession(sessions.urlSessions, url, held, { who })
  response.redirect(303, url.pathname + url.search)
})

app.listen(port, '127.0.0.1', () => console.log(`What is kept is at http://127.0.0.1:${port}`))
