/** An app that counts the visits of each session, with nothing but what it was started with. */
import { createServer, type IncomingMessage } from 'node:http'

const { HOLDFAST_URL = '', HOLDFAST_STATE_KEY = '' } = process.env

async function ask(path: string, request: IncomingMessage, body: unknown): Promise<{ entries?: unknown }> {
  const answer = await fetch(`${HOLDFAST_URL}/state/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${HOLDFAST_STATE_KEY}`,
      'holdfast-session': String(request.headers['holdfast-session']),
    },
    body: JSON.stringify(body),
  })
  return (await answer.json()) as { entries?: unknown }
}

const server = createServer(async (request, response) => {
  const { entries } = await ask('read', request, { scope: 'session', keys: ['visits'] })
  const visits = (entries as { visits?: { value: string } } | undefined)?.visits?.value ?? '0'
  const value = String(Number(visits) + 1)
  await ask('write', request, { scope: 'session', changes: [{ key: 'visits', value }] })
  response.end(`${process.pid} ${value}`)
})
server.listen(Number(process.env.PORT), '127.0.0.1')
