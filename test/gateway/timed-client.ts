/**
 * Times answers as somebody elsewhere sees them: in a thread of its own, so that what the gateway does after it has answered
 * does not count.
 */
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

export interface Timed {
  readonly status: number
  /** In milliseconds, from before the request is sent to the last byte of the answer. */
  readonly time: number
}

export interface TimedForm {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const program = `
const { request } = require('node:http')
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ port, path, headers, body }) => {
  const start = performance.now()
  const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, (response) => {
    response.resume()
    response.on('end', () => parentPort.postMessage({ status: response.statusCode, time: performance.now() - start }))
  })
  outgoing.on('error', () => parentPort.postMessage({ status: 0, time: 0 }))
  outgoing.end(body)
})`

/** One form after the other; ends with the test that started it. */
export function timedClient(): (form: TimedForm) => Promise<Timed> {
  const worker = new Worker(program, { eval: true })
  onTestFinished(async () => {
    await worker.terminate()
  })
  return (form) =>
    new Promise((resolve) => {
      worker.once('message', resolve)
      worker.postMessage(form)
    })
}
